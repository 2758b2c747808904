from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY
from edgewise.errors import SchemaError
from edgewise.graph.append import append
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.schema.model import Clock, Column, Link, Schema, Table
from edgewise.stypes import SType

ID, NUMBER, TEXT, TIME = SType.ID, SType.NUMERICAL, SType.CATEGORICAL, SType.TIMESTAMP


def table(name: str, columns: dict[str, tuple[str, SType]], **facts) -> Table:
    return Table(name, tuple(Column(n, d, s) for n, (d, s) in columns.items()), 0, **facts)


UID = {"uid": ("int64", NUMBER)}
SCHEMA = Schema(
    {
        "visits": table(
            "visits",
            {**UID, "who": ("string", ID), "item": ("int64", ID), "at": ("int64", TIME), "how": ("string", TEXT)},
            time="at",
        ),
        "items": table("items", {**UID, "id": ("int64", ID), "like": ("int64", ID)}, key="id"),
        "offers": table(
            "offers",
            {**UID, "item": ("int64", ID), "week": ("int64", NUMBER)},
            clock=Clock("week", 1, (0, 7 * DAY, 14 * DAY), "visits"),
        ),
        "people": table("people", {"who": ("string", ID)}, key="who", implied_by=(("visits", "who"),)),
    },
    (
        Link("visits", "who", "people"),
        Link("visits", "item", "items"),
        Link("items", "like", "items"),
        Link("offers", "item", "items"),
    ),
)


def rows_of(name: str, rows: list[dict]) -> pa.Table:
    types = {"string": pa.string(), "int64": pa.int64()}
    fields = [pa.field(c.name, types[c.dtype]) for c in SCHEMA.table(name).columns]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def uids(graph: GraphStore, name: str) -> list:
    """What a row is, whatever its row id."""
    column = "who" if name == "people" else "uid"
    return graph.column(name, column).to_pylist()


def meaning(graph: GraphStore) -> dict:
    """All that a graph says, without row ids; equal times in a list are in no particular order."""
    said: dict = {}
    for name in SCHEMA.tables:
        who = uids(graph, name)
        said[name, "times"] = dict(zip(who, graph.times(name).tolist(), strict=True))
        said[name, "first"] = dict(zip(who, graph.first_seen(name).tolist(), strict=True))
        for column in SCHEMA.table(name).columns:
            values = graph.column(name, column.name)
            said[name, column.name] = dict(zip(who, values.to_pylist(), strict=True))
        for hop in graph.hops(name):
            relation, there = graph.relation(hop), uids(graph, hop.dst)
            lists = {}
            for row, own in enumerate(who):
                links = slice(relation.indptr[row], relation.indptr[row + 1])
                at = relation.at[links].tolist()
                assert at == sorted(at)
                by_time = defaultdict(set)
                for time, to in zip(at, relation.dst[links].tolist(), strict=True):
                    by_time[time].add(there[to])
                lists[own] = dict(by_time)
            said[hop] = lists
    counts = {n: (e.null_keys, e.repeated_keys, e.untimed) for n, e in graph.manifest.tables.items()}
    said["counts"] = counts, {n: (e.links, e.null, e.dangling) for n, e in graph.manifest.links.items()}
    return said


@st.composite
def parted(draw: st.DrawFn) -> tuple[dict[str, list[dict]], dict[str, list[dict]]]:
    """Rows of all tables, cut in two in any way."""
    key, week = st.one_of(st.none(), st.integers(0, 6)), st.one_of(st.none(), st.integers(0, 5))
    word = st.one_of(st.none(), st.sampled_from("abcde"))
    visit = st.fixed_dictionaries(
        {"who": word, "item": key, "at": st.one_of(st.none(), st.integers(0, 8)), "how": word}
    )
    rows = {
        "visits": draw(st.lists(visit, max_size=8)),
        "items": [{"id": i, "like": draw(key)} for i in draw(st.permutations(range(5)))],
        "offers": draw(st.lists(st.fixed_dictionaries({"item": key, "week": week}), max_size=5)),
    }
    parts: tuple[dict, dict] = ({}, {})
    for name, of in rows.items():
        for part in parts:
            part[name] = []
        for number, row in enumerate(of):
            parts[draw(st.integers(0, 1))][name].append({"uid": number, **row})
    return parts


@settings(max_examples=20, deadline=None)
@given(parted(), st.booleans())
def test_appending_the_rest_equals_building_all(parts: tuple, by_table: bool) -> None:
    first, rest = parts
    whole = graph_from_arrays({n: rows_of(n, first[n] + rest[n]) for n in first}, SCHEMA)
    graph = graph_from_arrays({n: rows_of(n, first[n]) for n in first}, SCHEMA)
    keep = [graph]
    for batch in [{n: rest[n]} for n in rest] if by_table else [rest]:
        keep.append(append(keep[-1], {n: rows_of(n, rows) for n, rows in batch.items()}))
    assert meaning(keep[-1]) == meaning(whole)


def small(tmp_path: Path) -> GraphStore:
    tables = {
        "visits": rows_of("visits", [{"uid": 0, "who": "a", "item": 1, "at": 10, "how": "x"}]),
        "items": rows_of("items", [{"uid": 0, "id": 1, "like": None}]),
        "offers": rows_of("offers", []),
    }
    return graph_from_arrays(tables, SCHEMA, tmp_path / "g")


def test_an_appended_graph_opens_again_and_the_old_one_stays(tmp_path: Path) -> None:
    old = small(tmp_path)
    new = append(old, {"visits": rows_of("visits", [{"uid": 1, "who": "b", "item": 2, "at": 5, "how": "y"}])})
    assert new.path == tmp_path / "g+1"
    assert GraphStore.open(new.path).times("visits").tolist() == [10, 5]
    assert old.rows("visits") == GraphStore.open(old.path).rows("visits") == 1
    assert not new.manifest.tables["visits"].ordered
    assert new.manifest.links["visits.item"].dangling == 1
    third = append(new, {"items": rows_of("items", [{"uid": 1, "id": 2, "like": 1}])}, tmp_path / "third")
    assert third.forward("visits", "item").tolist() == [0, 1]
    assert third.manifest.links["visits.item"].dangling == 0
    assert third.relation(Hop("items", "visits", "item", "visits", True)).dst.tolist() == [0, 1]
    assert len({old.manifest.fingerprint, new.manifest.fingerprint, third.manifest.fingerprint}) == 3


def test_untouched_files_are_not_written_again(tmp_path: Path) -> None:
    old = small(tmp_path)
    new = append(old, {"offers": rows_of("offers", [{"uid": 0, "item": 1, "week": 2}])})
    folder = old.manifest.tables["visits"].folder
    assert (old.path / folder / "times.npy").samefile(new.path / folder / "times.npy")
    assert new.times("offers").tolist() == [7 * DAY]


def test_an_owned_key_stays_with_its_row(tmp_path: Path) -> None:
    again = rows_of("items", [{"uid": 7, "id": 1, "like": None}, {"uid": 8, "id": None, "like": None}])
    new = append(small(tmp_path), {"items": again})
    assert new.vocabulary("items").rows([1]).tolist() == [0]
    assert (new.manifest.tables["items"].repeated_keys, new.manifest.tables["items"].null_keys) == (1, 1)


def test_rows_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    graph = small(tmp_path)
    with pytest.raises(SchemaError, match="no table 'visit' to append to"):
        append(graph, {"visit": rows_of("visits", [])})
    with pytest.raises(SchemaError, match="'people' has no rows of its own"):
        append(graph, {"people": pa.table({"who": ["z"]})})
    with pytest.raises(SchemaError, match="came without its column"):
        append(graph, {"items": pa.table({"id": [4]})})
    with pytest.raises(SchemaError, match="'id' that are no int64"):
        append(graph, {"items": pa.table({"uid": [1], "id": ["x4"], "like": pa.array([None], pa.int64())})})
    with pytest.raises(SchemaError, match="'uid' as"):
        append(graph, {"items": pa.table({"uid": ["one"], "id": [4], "like": pa.array([None], pa.int64())})})
    assert [p.name for p in tmp_path.iterdir()] == ["g"]


def test_seconds_stay_seconds(tmp_path: Path) -> None:
    graph = small(tmp_path)
    graph.manifest.tables["visits"].time_form = "epoch seconds"
    more = [{"uid": 1, "who": "a", "item": 1, "at": 3, "how": None}]
    assert append(graph, {"visits": rows_of("visits", more)}).times("visits").tolist() == [10, 3_000_000]
    assert np.array_equal(graph.times("visits"), [10])
