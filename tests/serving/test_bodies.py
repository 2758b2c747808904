"""Bodies that are made many times a second: plain dataclasses that say what the description promises."""

from __future__ import annotations

import pyarrow as pa
from pydantic import TypeAdapter

from edgewise.serving.answers import Degraded, HomePage, Reference, Shelf, Thing
from edgewise.serving.compose import dump, exposures_of
from edgewise.serving.exposures import COLUMNS, ExposureLog


def page(user: str, degraded: Degraded | None = None) -> HomePage:
    things = [
        Thing(
            kind="tracks", key=n, title=f"Ünï “{n}”", position=n, score=0.25 / n, value=None if n == 2 else 1e-7,
            channel="similar", reason="Because.", propensity=0.95,
            because=Reference(kind="tracks", key=f"k{n}", title="Once") if n > 1 else None,
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    return HomePage(
        exposure=f"x-{user}", user=user, known=True, model="m", variant="control", at="2024-01-01T00:00:01Z",
        degraded=degraded, shelves=[Shelf(name="a", title="A", kind="tracks", things=things[:1]),
                                    Shelf(name="b", title="B", things=things[1:])],
    )  # fmt: skip


def test_what_is_written_is_what_pydantic_would_write() -> None:
    reader = TypeAdapter(HomePage)
    for body in (page("u"), page("v", Degraded(rung="cached", reason="deadline"))):
        text = dump(body)
        assert reader.validate_json(text) == body
        assert reader.validate_json(reader.dump_json(body)) == body
        assert list(reader.dump_python(body)) == list(reader.validate_json(text).__dict__)


def test_the_log_has_a_row_a_thing(tmp_path) -> None:
    log = ExposureLog(tmp_path, seconds=60)
    for n in range(60):  # more than are gathered at once
        log.add(exposures_of(page(f"u{n}", Degraded(rung="segment", reason="error") if n == 1 else None), "home"))
    log.close()
    table = pa.concat_tables(log.tables())
    assert table.num_rows == 180
    assert table.schema.names == COLUMNS.names
    rows = table.to_pylist()
    assert [row["user"] for row in rows[:6]] == ["u0"] * 3 + ["u1"] * 3
    assert [(row["shelf"], row["shelf_position"], row["position"]) for row in rows[:3]] == [
        ("a", 1, 1), ("b", 2, 1), ("b", 2, 2)
    ]  # fmt: skip
    assert [row["item"] for row in rows[:3]] == ["1", "2", "3"]
    assert [row["because"] for row in rows[:3]] == [None, "k2", "k3"]
    assert [row["degraded"] for row in rows[2:4]] == [None, "segment"]
    assert {row["at"].isoformat() for row in rows} == {"2024-01-01T00:00:01+00:00"}
