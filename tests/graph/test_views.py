"""Graphs with less in them: as known at a moment, and without some rows' links."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import NEVER, to_micros
from edgewise.graph.copies import Copy, with_copies
from edgewise.graph.entity import with_entity
from edgewise.graph.known import known_at, latest_row
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.graph.without import without_links, without_rows
from edgewise.ids import MISSING
from edgewise.query.bind import bind
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
    less = without_rows(graph, "buys", np.array([0, 3]))

    assert lists(less, BUYS) == [[2], [1]]
    assert lists(less, SOLD) == [[1], [2]]
    assert less.relation(BUYS).at.tolist() == graph.times("buys")[[2, 1]].tolist()
    assert less.forward("buys", "person").tolist() == [MISSING, 1, 0, MISSING]
    assert lists(graph, SOLD) == [[0, 1, 3], [2]]


def test_a_link_can_be_empty(graph):
    less = without_links(graph, [graph.schema.links[0]])

    assert lists(less, BUYS) == [[], []]
    assert lists(less, SOLD) == lists(graph, SOLD)
    assert less.forward("buys", "person").tolist() == [MISSING] * 4


def test_views_of_views_keep_what_was_taken_away(graph):
    query = bind("PREDICT COUNT(buys.*, 0, 1, days) FOR EACH buys.person, buys.thing", graph.schema)
    known = known_at(graph, to_micros("2020-01-02"))
    wider = with_entity(known, query.entity.derived)
    assert lists(wider, BUYS) == [[0], [1]]
    copied, rows = with_copies(wider, query.entity_table, 0, [Copy()])
    assert lists(copied, BUYS) == [[0], [1]]
    assert len(lists(copied, Hop(query.entity_table, "buys", query.entity_table, "buys", reverse=True))) == 3
    assert rows.tolist() == [2]
    less = without_rows(wider, "buys", np.array([0]))
    assert less.vocabulary(query.entity_table) is wider.vocabulary(query.entity_table)
    assert lists(less, BUYS) == [[], [1]]


def test_a_calendar_does_not_say_what_time_it_is(graph):
    assert latest_row(graph) == to_micros("2020-01-04")
    day = Column("day", "timestamp[us]", SType.TIMESTAMP)
    schema = Schema(
        {**graph.schema.tables, "holidays": Table("holidays", (day,), 1, time="day")}, graph.schema.links
    )
    people, things = pa.table({"id": [1, 2]}), pa.table({"id": [7, 8]})
    buys = pa.table({"person": [1], "thing": [7], "at": [dt.datetime(2020, 1, 5)]})
    tables = {"people": people, "things": things, "buys": buys}
    holidays = pa.table({"day": [dt.datetime(2031, 1, 1)]})
    assert latest_row(graph_from_arrays({**tables, "holidays": holidays}, schema)) == to_micros("2020-01-05")
    alone = Schema({"holidays": schema.tables["holidays"]}, ())
    assert latest_row(graph_from_arrays({"holidays": holidays}, alone)) == to_micros("2031-01-01")
