"""What every batch decision keeps to, whatever it decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from edgewise.clock import DAY, to_micros
from edgewise.decisions.decided.folder import read_decided, write_decided
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.deciding import latest_of
from edgewise.decisions.project.file import DecisionsEntry
from edgewise.decisions.registry import NAMES, kind_of
from edgewise.errors import UserError
from edgewise.schema.model import Table
from edgewise.sources.database import Database, open_database
from edgewise.sources.open import open_source
from edgewise.worlds.catalogue import load_world


@dataclass(frozen=True)
class Case:
    """What a decision is tried on: a world in memory, and how long before its end."""

    world: str
    days_before: int = 28
    settings: Mapping[str, Any] = field(default_factory=dict)


CASES = {
    "assort": Case("shop"),
    "forecast": Case("shop"),
    "match": Case("lodging:small?guests=600&hosts=40&weeks=10", days_before=14),
    "notify": Case("messaging:small?users=300", days_before=14),
    "trends": Case("trending:small", days_before=7),
}


@cache
def tables_of(world: str) -> dict[str, pa.Table]:
    """The tables of a world."""
    return dict(load_world(world))  # type: ignore[arg-type]  # worlds that are files are not tried here


@cache
def opened(world: str) -> Database:
    """A world's tables with their schema."""
    return open_database(tables_of(world))


def at_of(name: str) -> int:
    """The moment that a decision is tried at."""
    case = CASES[name]
    return latest_of(opened(case.world)) // DAY * DAY - case.days_before * DAY


def decided_on(name: str, database: Database) -> Decided:
    """A decision, with the entry that its world's schema proposes."""
    kind, case = kind_of(name), CASES[name]
    entry = kind.propose(opened(case.world).schema)
    entry = kind.entry.model_validate({**entry.model_dump(), **case.settings})
    return kind.decide(database, entry, at_of(name))


@cache
def decided(name: str) -> Decided:
    """A decision on its world."""
    return decided_on(name, opened(CASES[name].world))


def same(one: Decided, other: Decided) -> bool:
    """Whether two decisions are the same to the bit. NaN is itself."""
    return one.expects == other.expects and one.gave_up == other.gave_up and one.notes == other.notes and all(
        one.tables[name].equals(other.tables[name]) or one.tables[name].to_pydict().__repr__()
        == other.tables[name].to_pydict().__repr__()
        for name in one.tables.keys() | other.tables.keys()
    )  # fmt: skip


def test_project_files_have_a_section_for_each() -> None:
    assert {*NAMES, "folder"} == set(DecisionsEntry.model_fields)
    assert list(NAMES) == sorted(NAMES)
    assert set(NAMES) <= set(CASES)


@pytest.mark.parametrize("name", NAMES)
def test_its_section_says_what_each_field_means(name: str) -> None:
    kind = kind_of(name)
    assert not {"at", "decision", "where", "out"} & set(kind.entry.model_fields)
    assert all(f.description for f in kind.entry.model_fields.values())
    assert kind.entry.model_config.get("extra") == "forbid"
    assert kind.entry.model_config.get("frozen")
    proposed = kind.propose(opened(CASES[name].world).schema)
    assert kind.entry.model_validate(proposed.model_dump(mode="json")) == proposed


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_expects_and_how_sure_it_is(name: str) -> None:
    found = decided(name)
    assert (found.decision, found.at) == (name, at_of(name))
    assert next(iter(found.tables.values())).num_rows > 0
    assert found.expects
    for one in found.expects:
        assert np.isfinite(one.value)
        if one.low is None or one.high is None:
            assert any(one.name in note for note in found.notes), f"nothing says why '{one.name}' has no interval"
        else:
            assert one.low <= one.value <= one.high
    for lost in found.gave_up:
        assert np.isfinite(lost.value)
        assert lost.binding >= 0
    assert all(note.strip().endswith(".") for note in found.notes)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_written_and_read_back(name: str, tmp_path: Path) -> None:
    assert same(read_decided(write_decided(decided(name), tmp_path / name)), decided(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_tables_give_the_same_decision(name: str) -> None:
    assert same(decided_on(name, opened(CASES[name].world)), decided(name))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_after_the_moment_is_seen(name: str) -> None:
    world = CASES[name].world
    changed = {
        table: with_another_future(rows, opened(world).schema.table(table), at_of(name))
        for table, rows in tables_of(world).items()
    }
    assert any(not changed[table].equals(rows) for table, rows in tables_of(world).items())
    assert same(decided_on(name, Database(open_source(changed), opened(world).schema)), decided(name))


def with_another_future(rows: pa.Table, table: Table, at: int) -> pa.Table:
    """The same rows up to a moment; later ones hold one another's values, and later times are others still."""
    rng = np.random.default_rng(5)
    later = np.zeros(rows.num_rows, dtype=bool)
    if table.time is not None:
        later = micros(rows.column(table.time)) > at
    order = np.arange(rows.num_rows)
    for column in rows.column_names:
        if column != table.key:
            order[later] = rng.permutation(np.flatnonzero(later))
            values = rows.column(column).take(pa.array(order))
            if pa.types.is_timestamp(values.type):
                values = postponed(values, at, rng)
            rows = rows.set_column(rows.column_names.index(column), column, values)
    return rows


def micros(values: pa.ChunkedArray) -> np.ndarray:
    """Times as microseconds; the earliest there is where there is none."""
    times = pc.cast(pc.cast(values, pa.timestamp("us")), pa.int64())
    return pc.fill_null(times, np.iinfo(np.int64).min).to_numpy()


def postponed(values: pa.ChunkedArray, at: int, rng: np.random.Generator) -> pa.ChunkedArray:
    """Times after a moment, each some days later."""
    times = micros(values)
    days = rng.integers(0, 30, len(times)) * DAY
    moved = pa.array(np.where(times > at, times + days, times), mask=values.is_null().to_numpy())
    return pa.chunked_array([moved.cast(values.type)])


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_as_users_write_them(name: str) -> None:
    """A column that is called like a key holds keys, and one at least holds keys, be it called after the table."""
    world = CASES[name].world
    schema, tables = opened(world).schema, tables_of(world)
    found = 0
    for table in schema:
        if table.key is None or table.name not in tables:
            continue
        keys = tables[table.name].column(table.key).combine_chunks()
        for answers in decided(name).tables.values():
            if table.key in answers.column_names:
                assert holds(answers.column(table.key), keys)
                found += 1
            for called in {table.name.removesuffix("s"), "item"} & set(answers.column_names):
                found += holds(answers.column(called), keys)
    assert found


def holds(values: pa.ChunkedArray, keys: pa.Array) -> bool:
    """Whether values are keys, of their type, or missing."""
    if values.type != keys.type:
        return False
    return pc.all(pc.or_(pc.is_in(values, value_set=keys), values.is_null())).as_py() is not False


@pytest.mark.parametrize("name", NAMES)
def test_tables_that_lack_what_it_needs_are_told(name: str) -> None:
    kind = kind_of(name)
    with open_database({"moons": pa.table({"moon_id": [1, 2, 3], "weight": [0.5, 1.5, 2.5]})}) as database:
        with pytest.raises(UserError) as caught:
            kind.decide(database, kind.propose(database.schema), to_micros("2024-01-01"))
        assert caught.value.message
