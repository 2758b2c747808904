"""Graphs with less in them: as known at a moment, and without some rows' links."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import NEVER, to_micros
from edgewise.graph.known import known_at
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.graph.without import without_links
from edgewise.ids import MISSING
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

BUYS = Hop("people", "buys", "person", "buys", reverse=True)
SOLD = Hop("things", "buys", "thing", "buys", reverse=True)


@pytest.fixture
def graph():
    def ident(name):
        return Column(name, "int64", SType.ID)

    schema = Schema(
        {
            "people": Table("people", (ident("id"),), 2, key="id"),
            "things": Table("things", (ident("id"),), 2, key="id"),
            "buys": Table(
                "buys",
                (ident("person"), ident("thing"), Column("at", "timestamp[us]", SType.TIMESTAMP)),
                4,
                time="at",
            ),
        },
        (Link("buys", "person", "people"), Link("buys", "thing", "things")),
    )
    days = [dt.datetime(2020, 1, day) for day in (1, 2, 3, 4)]
    tables = {
        "people": pa.table({"id": [1, 2]}),
        "things": pa.table({"id": [7, 8]}),
        "buys": pa.table({"person": [1, 2, 1, 1], "thing": [7, 7, 8, 7], "at": days}),
    }
    return graph_from_arrays(tables, schema)


def lists(graph, hop):
    relation = graph.relation(hop)
    return [relation.dst[a:b].tolist() for a, b in zip(relation.indptr[:-1], relation.indptr[1:], strict=True)]


def test_a_graph_knows_nothing_of_later_rows(graph):
    moment = to_micros("2020-01-02")
    known = known_at(graph, moment)

    assert lists(known, BUYS) == [[0], [1]]
    assert lists(known, SOLD) == [[0, 1], []]
    assert known.forward("buys", "thing").tolist() == [0, 0, MISSING, MISSING]
    assert (known.times("buys")[2:] == NEVER).all()
    assert all((known.relation(hop).at <= moment).all() for hop in (BUYS, SOLD))
    assert lists(graph, BUYS) == [[0, 2, 3], [1]]


def test_rows_can_stand_alone(graph):
    less = without_links(graph, "buys", np.array([0, 3]))

    assert lists(less, BUYS) == [[2], [1]]
    assert lists(less, SOLD) == [[1], [2]]
    assert less.relation(BUYS).at.tolist() == graph.times("buys")[[2, 1]].tolist()
    assert less.forward("buys", "person").tolist() == [MISSING, 1, 0, MISSING]
    assert lists(graph, SOLD) == [[0, 1, 3], [2]]
