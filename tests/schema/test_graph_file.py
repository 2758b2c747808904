"""The graph file: what it overrules, how it is written, and how its mistakes are told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from edgewise.errors import SchemaError
from edgewise.schema.graphfile import ClockEntry, GraphFile, TableEntry
from edgewise.schema.model import Schema
from edgewise.sources.database import open_database
from edgewise.stypes import SType

START = dt.datetime(2024, 1, 1)


def times(n: int) -> list[Any]:
    return [START + dt.timedelta(hours=9 * i) for i in range(n)]


TABLES = {
    "users": pa.table({"user_id": list(range(40)), "segment": ["a|b", "b", "a", "c|a"] * 10, "boss": [0] * 40}),
    "visits": pa.table({
        "user_id": [i % 40 for i in range(120)], "shop_id": [i % 9 for i in range(120)], "visited_at": times(120),
        "left_at": times(120), "week": [1 + (9 * i) // 168 for i in range(120)],
          "code": [i % 5 for i in range(120)],
    }),
    "offers": pa.table({"shop_id": [i % 9 for i in range(60)], "week": [1 + i % 8 for i in range(60)],
      "on no": [True] * 60}),
    "wishes": pa.table({"shop_id": [i % 9 for i in range(50)], "user": [i % 40 for i in range(50)]}),
}  # fmt: skip


def opened(overrides: Any = None) -> Schema:
    with open_database(TABLES, overrides) as database:
        return database.schema


def bare(schema: Schema) -> Any:
    """A schema without its reasons."""
    tables = {
        t.name: replace(
            t, key_reason="", time_reason="", columns=tuple(replace(c, reason="") for c in t.columns),
            clock=replace(t.clock, reason="") if t.clock else None,
        )
        for t in schema
    }  # fmt: skip
    return tables, tuple(replace(k, reason="") for k in schema.links), schema.left_out


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    first = {
        "tables": {"users": {"drop": ["boss"]}, "visits": {"types": {"code": "categorical"}}},
        "exclude": ["wishes"],
    }
    with open_database(TABLES, first) as database:
        database.write_graph(tmp_path / "graph.yaml")
    assert bare(database.schema) == bare(opened(tmp_path / "graph.yaml"))
    assert database.schema.left_out == (("wishes", None), ("users", "boss"))


def test_the_written_file_gives_reasons(tmp_path: Path) -> None:
    with open_database(TABLES) as database:
        database.write_graph(tmp_path / "graph.yaml")
    text = (tmp_path / "graph.yaml").read_text()
    assert "key: user_id  # unique, never null" in text
    assert "like: visits.week" in text
    assert '"on no"' in text or "on no:" in text


def test_every_decision_can_be_overruled() -> None:
    schema = opened({
        "tables": {
            "users": {"key": None, "types": {"segment": "text"}, "drop": ["boss"]},
            "visits": {"time": "left_at", "links": {"user_id": None}, "types": {"code": "categorical"}},
            "offers": {"clock": {"column": "week", "origin": "2024-01-01", "every": "1 week", "read": "end"}},
            "heavy": {"sql": "SELECT user_id, min(visited_at) AS since FROM visits GROUP BY user_id",
              "key": "user_id"},
        },
        "exclude": ["wishes"],
        "implied": {"places": ["visits.shop_id", "offers.shop_id"]},
    })  # fmt: skip
    assert set(schema.tables) == {"users", "visits", "offers", "heavy", "places"}
    assert schema.tables["users"].key is None
    assert "boss" not in schema.tables["users"]
    assert schema.tables["users"].column("segment").stype is SType.TEXT
    assert schema.tables["visits"].time == "left_at"
    assert schema.tables["visits"].column("code").stype is SType.CATEGORICAL
    clock = schema.tables["offers"].clock
    assert clock is not None
    assert clock.starts[0] == 1_704_672_000_000_000  # the first week of 2024 ends on the 8th
    assert clock.read_at == "end"
    assert schema.tables["heavy"].time == "since"
    assert {f"{k.name} -> {k.to}" for k in schema.links} == {
        "offers.shop_id -> places",
        "users.user_id -> heavy",
        "visits.shop_id -> places",
    }


def test_links_can_be_added_and_entities_renamed_or_denied() -> None:
    schema = opened({"tables": {"users": {"links": {"boss": "users"}}}, "rename": {"shops": "places"}})
    assert "users.boss -> users" in {f"{k.name} -> {k.to}" for k in schema.links}
    assert schema.tables["places"].implied_by
    assert "shops" not in opened({"implied": {"shops": None}}).tables
    only = opened({"only": ["visits", "users"]})
    assert set(only.tables) == {"users", "visits"}


def test_a_column_can_join_an_implied_entity() -> None:
    schema = opened({"tables": {"visits": {"links": {"code": "shops"}}}})
    assert "visits.code -> shops" in {f"{k.name} -> {k.to}" for k in schema.links}
    assert schema.tables["visits"].column("code").stype is SType.ID


MISTAKES = {
    "unknown field": ({"tables": {"visits": {"tme": "x"}}},
      "overrides: tables.visits.tme: there is no such field\nhint: did you mean time?"),
    "unknown top field": ({"table": {}}, "overrides: table: there is no such field\nhint: did you mean tables?"),
    "unknown table": ({"tables": {"vists": {"time": "visited_at"}}},
      "overrides: tables: 'vists' is no table\nhint: did you mean visits?"),
    "unknown column": ({"tables": {"visits": {"time": "visted_at"}}},
      "overrides: tables.visits.time: 'visted_at' is no column of 'visits'\nhint: did you mean visited_at?"),
    "unknown type": (
        {"tables": {"visits": {"types": {"code": "number"}}}},
        "overrides: tables.visits.types.code: 'number' is no type\n"
        "hint: types: numerical, categorical, multicategorical, text, timestamp, boolean, ID, embedding",
    ),
    "unknown target": ({"tables": {"visits": {"links": {"code": "userz"}}}},
      "visits.code cannot link to 'userz': there is no such table\nhint: did you mean users?"),
    "unknown place": ({"implied": {"shops": ["visits.shopid"]}},
      "overrides: implied.shops: 'shopid' is no column of 'visits'\nhint: did you mean shop_id?"),
    "no place": ({"implied": {"shops": ["shop_id"]}}, "overrides: implied.shops: 'shop_id' is no table.column"),
    "time and clock": (
        {"tables": {"visits": {"time": "left_at", "clock": {"column": "week", "like": "visits.week"}}}},
        "overrides: tables.visits: time and clock exclude each other\nhint: delete one",
    ),
    "clock without length": (
        {"tables": {"offers": {"clock": {"column": "week", "origin": "2024-01-01"}}}},
        "overrides: tables.offers.clock: origin needs every, the length of a period\nhint: every: 7 days",
    ),
    "clock without origin": ({"tables": {"offers": {"clock": {"column": "week"}}}},
      "overrides: tables.offers.clock: give either like, or origin and every\nhint: like: visits.week"),
    "clock of odd length": (
        {"tables": {"offers": {"clock": {"column": "week", "origin": "2024-01-01", "every": "often"}}}},
        "overrides: tables.offers.clock.every: 'often' is no length of time\n"
        "hint: write it as 7 days, 1 week or 1 hour",
    ),
    "clock learnt from nowhere": (
        {"tables": {"offers": {"clock": {"column": "week", "like": "wishes.user"}}}},
        "the clock of 'offers' cannot be learnt from 'wishes', which has no time column",
    ),
    "dropped key": ({"tables": {"users": {"key": "user_id", "drop": ["user_id"]}}},
      "overrides: tables.users.drop: 'user_id' is the table's key"),
    "a list": ([],
      "overrides: a mapping is expected, not list\nhint: fields: tables, only, exclude, implied, rename"),
    "time that is none": (
        {"tables": {"users": {"time": "segment"}}},
        "'segment' cannot be the time of 'users': none of its values is a time\n"
        "hint: write times as ISO 8601, or define the table by sql",
    ),
    "link of another type": (
        {"tables": {"users": {"links": {"segment": "users"}}}},
        "users.segment cannot link to 'users': it holds string and the key user_id holds int64\n"
        "hint: define the table by sql with a CAST",
    ),
    "link to a table without key": (
        {"tables": {"visits": {"key": None}, "wishes": {"links": {"user": "visits"}}}},
        "wishes.user cannot link to 'visits': the table has no key\nhint: say its key in the graph file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_with_their_place(name: str) -> None:
    overrides, message = MISTAKES[name]
    with pytest.raises(SchemaError) as caught:
        opened(overrides)
    assert str(caught.value).replace("transactions.week", "visits.week") == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: [", "line 1, column 10"),
        ("tables:\n  users:\n    key: a\n    key: b\n", "line 4, column 5: 'key' is written twice"),
        ("tables:\n  users:\n    keys: a\n", "tables.users.keys: there is no such field\nhint: did you mean key?"),
    ],
)
def test_mistakes_in_a_file_name_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(text)
    with pytest.raises(SchemaError) as caught:
        opened(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        opened(tmp_path / "none.yaml")


def test_every_field_is_described() -> None:
    for model in (GraphFile, TableEntry, ClockEntry):
        assert all(field.description for field in model.model_fields.values())
