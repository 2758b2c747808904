"""Copies of a row lack what was taken from them, and nothing else changes."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from edgewise.graph.copies import Copy, with_copies
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.ids import MISSING
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

BUYS = Hop("people", "buys", "person", "buys", reverse=True)
HOME = Hop("people", "people", "home", "places", reverse=False)


@pytest.fixture
def graph():
    def column(name, dtype, stype):
        return Column(name, dtype, stype)

    schema = Schema(
        {
            "places": Table("places", (column("id", "int64", SType.ID),), 2, key="id"),
            "people": Table(
                "people",
                (
                    column("id", "int64", SType.ID),
                    column("home", "int64", SType.ID),
                    column("job", "string", SType.CATEGORICAL),
                ),
                2,
                key="id",
            ),
            "buys": Table(
                "buys",
                (column("person", "int64", SType.ID), column("at", "timestamp[us]", SType.TIMESTAMP)),
                4,
                time="at",
            ),
        },
        (Link("people", "home", "places"), Link("buys", "person", "people")),
    )
    days = [dt.datetime(2020, 1, day) for day in (1, 2, 3, 4)]
    tables = {
        "places": pa.table({"id": [7, 8]}),
        "people": pa.table({"id": [1, 2], "home": [7, 8], "job": ["cook", "smith"]}),
        "buys": pa.table({"person": [1, 1, 2, 1], "at": days}),
    }
    return graph_from_arrays(tables, schema)


def test_a_copy_lacks_what_was_taken_and_keeps_the_rest(graph):
    taken = Copy(links={BUYS: np.array([True, False, True])}, columns=frozenset({"job", "home"}))
    twin, rows = with_copies(graph, "people", 0, [Copy(), taken])

    assert rows.tolist() == [2, 3]
    assert twin.rows("people") == 4
    relation = twin.relation(BUYS)
    lists = [relation.dst[relation.indptr[r] : relation.indptr[r + 1]].tolist() for r in range(4)]
    assert lists == [[0, 1, 3], [2], [0, 1, 3], [1]]
    times = graph.times("buys")
    assert relation.at[relation.indptr[3] : relation.indptr[4]].tolist() == [times[1]]
    assert twin.column("people", "job").to_pylist() == ["cook", "smith", "cook", None]
    assert twin.column("people", "id").to_pylist() == [1, 2, None, None]
    assert twin.forward("people", "home").tolist() == [0, 1, 0, MISSING]
    assert twin.relation(HOME).indptr.tolist() == [0, 1, 2, 3, 3]


def test_the_graph_itself_is_left_as_it_was(graph):
    before = graph.relation(BUYS)
    with_copies(graph, "people", 0, [Copy(columns=frozenset({"job"}))])

    assert graph.rows("people") == 2
    assert graph.relation(BUYS) is before
    assert graph.column("people", "job").to_pylist() == ["cook", "smith"]


def test_copies_have_no_keys_and_no_one_refers_to_them(graph):
    twin, rows = with_copies(graph, "people", 1, [Copy()])

    assert twin.vocabulary("people").rows([1, 2]).tolist() == [0, 1]
    assert not np.isin(twin.forward("buys", "person"), rows).any()
