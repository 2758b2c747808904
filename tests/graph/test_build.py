import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import NEVER, to_micros
from edgewise.errors import RunError
from edgewise.graph import cache
from edgewise.graph.columns import moments
from edgewise.graph.manifest import FORMAT
from edgewise.graph.store import GraphStore
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.sources.open import open_source
from edgewise.stypes import SType

SCHEMA = Schema(
    {
        "users": Table(
            "users", (Column("id", "string", SType.ID), Column("age", "int64", SType.NUMERICAL)), 2, key="id"
        ),
        "calls": Table(
            "calls",
            (Column("user", "string", SType.ID), Column("when", "string", SType.TIMESTAMP)),
            3,
            time="when",
        ),
    },
    (Link("calls", "user", "users"),),
)


def database(*ages: int) -> SimpleNamespace:
    tables = {
        "users": pa.table({"id": ["a", "b"], "age": list(ages)}),
        "calls": pa.table({"user": ["b", "a", "c"], "when": ["2024-01-02", "2024-01-01 10:00:00", "soon"]}),
    }
    return SimpleNamespace(source=open_source(tables), schema=SCHEMA)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "graphs"


def test_a_graph_is_built_once_for_the_same_data(own_cache: Path) -> None:
    first = GraphStore.build(database(30, 40))
    stamp = (first.path / "manifest.json").stat().st_mtime_ns
    again = GraphStore.build(database(30, 40))
    other = GraphStore.build(database(30, 41))
    assert again.path == first.path != other.path
    assert (first.path / "manifest.json").stat().st_mtime_ns == stamp
    assert sorted(p.name for p in own_cache.iterdir()) == sorted({first.path.name, other.path.name})
    assert first.column("users", "age").to_pylist() == [30, 40]
    assert first.times("calls")[:2].tolist() == [to_micros("2024-01-01T10:00"), to_micros("2024-01-02")]
    assert first.manifest.tables["calls"].untimed == 1


def test_a_damaged_graph_in_the_cache_is_built_again() -> None:
    first = GraphStore.build(database(30, 40))
    (first.path / "t000" / "times.npy").write_bytes(b"")
    assert GraphStore.build(database(30, 40)).times("users").tolist() == first.times("users").tolist()


def test_the_cache_keeps_the_graphs_used_last(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    monkeypatch.setattr(cache, "KEPT", 2)
    paths = [GraphStore.build(database(30, age)).path for age in (1, 2)]
    GraphStore.build(database(30, 1))  # used again
    third = GraphStore.build(database(30, 3)).path
    assert {p.name for p in own_cache.iterdir()} == {paths[0].name, third.name}
    assert cache.clear_cache() == 2
    assert list(own_cache.iterdir()) == []


def test_a_named_folder_is_replaced_only_if_it_holds_a_graph(tmp_path: Path) -> None:
    graph = GraphStore.build(database(1, 2), tmp_path / "g")
    assert GraphStore.build(database(1, 3), tmp_path / "g").column("users", "age").to_pylist() == [1, 3]
    assert graph.path == tmp_path / "g"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all my work")
    with pytest.raises(RunError, match="exists and is no graph"):
        GraphStore.build(database(1, 2), tmp_path / "mine")
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written to"):
        GraphStore.build(database(1, 2), tmp_path / "file" / "g")


def test_another_format_is_refused(tmp_path: Path) -> None:
    graph = GraphStore.build(database(1, 2), tmp_path / "g")
    manifest = graph.path / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"format": {FORMAT}', '"format": 999'))
    with pytest.raises(RunError, match="has format 999, and this version reads format"):
        GraphStore.open(graph.path)
    manifest.write_text("{")
    with pytest.raises(RunError, match="damaged: its manifest is no JSON"):
        GraphStore.open(graph.path)


def test_a_store_travels_as_its_path(tmp_path: Path) -> None:
    graph = GraphStore.build(database(1, 2), tmp_path / "g")
    graph.times("calls")
    sent = pickle.dumps(graph)
    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent).times("calls"), graph.times("calls"))


def test_moments_beside_the_rows_own_are_read_as_the_source_reads_them() -> None:
    """As text with fine fractions, as epoch seconds, as dates; what is no time is missing."""
    columns = [Column(name, "string", SType.TIMESTAMP) for name in ("opened", "closed", "paid")]
    schema = Schema({"bills": Table("bills", tuple(columns), 3, time="opened")}, ())
    bills = {
        "opened": ["2024-01-01", "2024-01-02", "2024-01-03"],
        "closed": ["2024-02-01 10:00:00.123456789", "later", None],
        "paid": [1_704_067_200, None, 1_704_067_260],
    }
    source = open_source({"bills": pa.table(bills)})
    graph = GraphStore.build(SimpleNamespace(source=source, schema=schema))
    assert moments(graph.column("bills", "closed")).tolist() == [
        to_micros("2024-02-01 10:00:00.123456"),
        NEVER,
        NEVER,
    ]
    paid = [to_micros("2024-01-01"), NEVER, to_micros("2024-01-01 00:01:00")]
    assert moments(graph.column("bills", "paid")).tolist() == paid
