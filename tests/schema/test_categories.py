"""Columns that look like references or lists and are labels and titles."""

from __future__ import annotations

import pyarrow as pa
import pytest

from edgewise.sources.database import open_database
from edgewise.stypes import SType


@pytest.mark.parametrize(
    ("column", "values", "implied"),
    [
        ("household", ["single", "couple", "family"], False),
        ("team", ["red", "green", "blue", "white"], False),
        ("sensor", ["s1", "s2", "s3"], True),
        ("store", [1, 2, 3], True),
        (
            "artist",
            [f"the {a} {b}" for a in ("old", "new", "last") for b in ("band", "duo", "trio", "choir")],
            True,
        ),
    ],
)
def test_a_bare_noun_with_a_few_words_is_a_category(column: str, values: list[object], implied: bool) -> None:
    n = 120
    rows = {"visit_id": list(range(n)), column: [values[i * i % 17 % len(values)] for i in range(n)]}
    rows[column][: len(values)] = values
    with open_database({"visits": pa.table(rows)}) as database:
        assert set(database.schema.tables) == {"visits", f"{column}s"} if implied else {"visits"}
        stype = database.schema.table("visits").column(column).stype
    assert stype is (SType.ID if implied else SType.CATEGORICAL)


def test_titles_of_a_few_words_are_text() -> None:
    parts = ["Oak", "Fir", "Elm"], ["light", "plain", "fresh", "fine"], ["bread", "milk", "soap", "tea"]
    combined = [f"{a} {b} {c}" for a in parts[0] for b in parts[1] for c in parts[2]]
    things = pa.table({"thing_id": range(48), "title": combined, "tags": [t.lower() for t in combined]})
    with open_database({"things": things}) as database:
        columns = {c.name: c.stype for c in database.schema.table("things").columns}
    assert columns == {"thing_id": SType.ID, "title": SType.TEXT, "tags": SType.MULTICATEGORICAL}


def test_what_people_write_again_and_again_is_text_and_a_choice_of_few_is_not() -> None:
    typed = [f"{mood} music for {what}" for mood in ("calm", "loud", "new") for what in map(str, range(20))]
    asked = ["new music", "old music"]
    searches = {"search_id": range(240), "text": typed * 4, "query": asked * 120}
    with open_database({"searches": pa.table(searches)}) as database:
        table = database.schema.table("searches")
    assert table.column("text").stype is SType.TEXT
    assert table.column("query").stype is SType.CATEGORICAL


def test_the_simulated_shop() -> None:
    with open_database("shop") as database:
        tables = database.schema.tables
        assert set(tables) == {"customers", "products", "stores", "orders", "transactions"}
        assert tables["customers"].column("household").stype is SType.CATEGORICAL
        assert tables["products"].column("title").stype is SType.TEXT
