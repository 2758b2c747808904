"""Profiles and evidence from SQL, beside slow twins in plain Python, in the dialects of DuckDB and SQLite."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.clock import to_micros
from edgewise.sources.contract import Source
from edgewise.sources.database import understand
from edgewise.sources.evidence import SqlEvidence
from edgewise.sources.open import open_source
from edgewise.sources.profile import profile_tables

START = dt.datetime(2024, 1, 1)
NOW = to_micros("2024-01-10")
ENGINES = ["duckdb", "sqlite"]
Rows = list[tuple[int | None, int | None, int]]


def moment(hours: int) -> dt.datetime:
    return START + dt.timedelta(hours=hours)


@contextmanager
def source_of(engine: str, tables: dict[str, dict[str, list[Any]]]) -> Iterator[Source]:
    if engine == "duckdb":
        with open_source({name: pa.table(columns) for name, columns in tables.items()}) as source:
            yield source
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.db"
        connection = sqlite3.connect(path)
        for name, columns in tables.items():
            declared = ", ".join(f'"{c}" {_declared(values)}' for c, values in columns.items())
            connection.execute(f'CREATE TABLE "{name}" ({declared})')
            rows = zip(*([_plain(v) for v in values] for values in columns.values()), strict=True)
            connection.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(columns))})', rows)
        connection.commit()
        connection.close()
        with open_source(path) as source:
            yield source


def _declared(values: list[Any]) -> str:
    kinds = {int: "INTEGER", float: "REAL", str: "TEXT", dt.datetime: "TIMESTAMP"}
    return next((kinds[type(v)] for v in values if v is not None), "INTEGER")


def _plain(value: Any) -> Any:
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value


rows = st.lists(
    st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(-3, 9), st.integers(0, 400)),
    min_size=1,
    max_size=25,
)


def tables_of(found: Rows) -> dict[str, dict[str, list[Any]]]:
    return {
        "events": {"key": [k for k, _, _ in found] + [1], "value": [v for _, v, _ in found] + [2],
                   "at": [moment(h) for _, _, h in found] + [moment(0)]},
        "things": {"id": list(range(0, 9, 2)), "total": [0, 2, 4, 6, 8]},
    }  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@given(found=rows)
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_evidence_equals_its_slow_twin(engine: str, found: Rows) -> None:
    tables = tables_of(found)
    events = list(zip(*tables["events"].values(), strict=True))
    known = set(tables["things"]["id"])
    with source_of(engine, tables) as source:
        evidence = SqlEvidence(source, NOW)
        there = evidence.contained("events", "key", "things", "id")
        used = [k for k, _, _ in events if k is not None]
        assert (there.distinct, there.distinct_found) == (len(set(used)), len(set(used) & known))
        assert (there.rows, there.rows_found) == (len(used), sum(1 for k in used if k in known))
        assert evidence.distinct_rows("events", ("key", "value")) == len({(k, v) for k, v, _ in events})
        assert evidence.union_distinct((("events", "key"), ("things", "id"))) == len(set(used) | known)
        _check_times(evidence, events)
        _check_aggregates(evidence, events, tables["things"])


def _check_times(evidence: SqlEvidence, events: list[Any]) -> None:
    micros = [to_micros(at) for _, _, at in events]
    reading = evidence.times("events", "at")
    assert (reading.present, reading.read) == (len(events), len(events))
    assert (reading.low, reading.high) == (min(micros), max(micros))
    assert reading.future == sum(1 for m in micros if m > NOW)
    ticks = evidence.ticks("events", "key", "at")
    by = {
        k: [to_micros(at) for key, _, at in events if key == k] for k in {k for k, _, _ in events if k is not None}
    }
    assert ticks.ticks == tuple(sorted(by))
    assert ticks.first == tuple(min(by[k]) for k in sorted(by))
    assert ticks.last == tuple(max(by[k]) for k in sorted(by))
    assert ticks.rows == tuple(len(by[k]) for k in sorted(by))


def _check_aggregates(evidence: SqlEvidence, events: list[Any], things: dict[str, list[int]]) -> None:
    linked = {i: [v for k, v, _ in events if k == i] for i in things["id"]}
    totals = {i: t for i, t in zip(things["id"], things["total"], strict=True) if linked[i]}
    matches = evidence.aggregates(("things", "id"), ("total",), ("events", "key"), ("value",))
    assert {m.aggregate for m in matches} == {"count", "sum", "max"}
    for match in matches:
        same = 0
        for i, total in totals.items():
            values = [v for v in linked[i] if v is not None]
            made = {
                "count": len(linked[i]),
                "sum": sum(values) if values else None,
                "max": max(values, default=None),
            }
            same += made[match.aggregate] == total
        assert match.share == pytest.approx(same / len(totals) if totals else 0.0)


@pytest.mark.parametrize("engine", ENGINES)
@given(found=rows)
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_profiles_equal_their_slow_twin(engine: str, found: Rows) -> None:
    tables = tables_of(found)
    with source_of(engine, tables) as source:
        profiles = profile_tables(source, ["events", "things"])
    for name, columns in tables.items():
        assert profiles[name].rows == len(next(iter(columns.values())))
        for column in profiles[name]:
            values = [v for v in columns[column.name] if v is not None]
            assert column.nulls == profiles[name].rows - len(values)
            if column.name != "at":
                assert column.distinct == len(set(values))
                assert (column.low, column.high) == (min(values), max(values))
                assert set(column.sample) == set(values)


def test_offsets_of_texts_are_counted() -> None:
    texts = [
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00+01:00",
        "2024-01-01 00:00:00-05:30",
        "2024-01-01",
        None,
        "2024-01-01T00:00:00Z ",
    ]
    for engine in ENGINES:
        with source_of(engine, {"t": {"said": texts}}) as source:
            offsets = SqlEvidence(source, NOW).times("t", "said").offsets
        assert dict(offsets) == {"": 1, "Z": 2, "+01:00": 1, "-05:30": 1}


def test_both_engines_give_the_same_schema() -> None:
    tables = {
        "users": {"user_id": list(range(30)), "born": [moment(i) for i in range(30)],
          "score": [i / 7 for i in range(30)]},
        "visits": {"user_id": [i % 30 for i in range(90)], "shop_id": [i % 6 for i in range(90)],
          "week": [i // 9 for i in range(90)],
                   "visited_at": [moment(168 * (i // 9) + i % 9) for i in range(90)]},
        "offers": {"shop_id": [i % 6 for i in range(40)], "week": [i % 12 for i in range(40)]},
    }  # fmt: skip
    outlines = []
    for engine in ENGINES:
        with source_of(engine, tables) as source:
            schema = understand(source, now=NOW).schema
        clocks = {t.name: (t.clock.column, t.clock.starts) for t in schema if t.clock is not None}
        stypes = {f"{t.name}.{c.name}": c.stype for t in schema for c in t.columns}
        outlines.append((schema.links, {t.name: (t.key, t.time, t.rows) for t in schema}, clocks, stypes))
    assert outlines[0] == outlines[1]
    assert outlines[0][2].keys() == {"offers"}
