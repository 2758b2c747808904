"""Entities that no table holds: single columns and pairs, with links in time order."""

import datetime as dt

import pyarrow as pa
import pytest

from edgewise.graph.entity import pair_keys, with_entity
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.query.bind import bind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType


@pytest.fixture
def graph():
    def column(name, dtype, stype):
        return Column(name, dtype, stype)

    schema = Schema(
        {
            "shops": Table("shops", (column("id", "int64", SType.ID),), 2, key="id"),
            "things": Table(
                "things",
                (column("id", "int64", SType.ID), column("kind", "string", SType.CATEGORICAL)),
                3,
                key="id",
            ),
            "sales": Table(
                "sales",
                (
                    column("shop", "int64", SType.ID),
                    column("thing", "int64", SType.ID),
                    column("at", "timestamp[us]", SType.TIMESTAMP),
                ),
                5,
                time="at",
            ),
        },
        (Link("sales", "shop", "shops"), Link("sales", "thing", "things")),
    )
    tables = {
        "shops": pa.table({"id": [1, 2]}),
        "things": pa.table({"id": [7, 8, 9], "kind": ["fruit", None, "soap"]}),
        "sales": pa.table(
            {
                "shop": [1, 2, 1, 1, 2],
                "thing": [7, 9, 8, 7, 7],
                "at": [dt.datetime(2020, 1, day) for day in (5, 4, 3, 2, 1)],
            }
        ),
    }
    return graph_from_arrays(tables, schema)


def lists(graph, hop):
    relation = graph.relation(hop)
    return [relation.dst[a:b].tolist() for a, b in zip(relation.indptr[:-1], relation.indptr[1:], strict=True)]


def test_the_values_of_a_column_become_rows(graph):
    query = bind("PREDICT COUNT(sales.*, 0, 1, days) FOR EACH things.kind", graph.schema)
    wider = with_entity(graph, query.entity.derived)
    name = query.entity_table

    assert wider.vocabulary(name).keys([0, 1]).to_pylist() == ["fruit", "soap"]
    assert wider.forward("things", "kind").tolist() == [0, -1, 1]
    assert lists(wider, Hop(name, "things", "kind", "things", reverse=True)) == [[0], [2]]
    assert wider.column(name, "kind").to_pylist() == ["fruit", "soap"]


def test_pairs_become_rows_that_link_to_what_they_are_made_of(graph):
    query = bind("PREDICT COUNT(sales.*, 0, 1, days) FOR EACH shops.id, things.kind", graph.schema)
    wider = with_entity(graph, query.entity.derived)
    name = query.entity_table
    keys = wider.vocabulary(name)

    assert len(keys) == 3  # (1, fruit), (2, fruit), (2, soap); a thing without a kind is in no pair
    rows = keys.rows(pair_keys(pa.array([1, 2, 2, 1]), pa.array(["fruit", "fruit", "soap", "soap"])))
    assert rows.tolist() == [0, 1, 2, -1]
    hop = Hop(name, "sales", name, "sales", reverse=True)
    relation = wider.relation(hop)
    assert lists(wider, hop) == [[1, 4], [0], [3]]
    assert relation.at.tolist() == wider.times("sales")[relation.dst].tolist()
    parts = [hop for hop in wider.hops(name) if not hop.reverse]
    assert [hop.dst for hop in parts] == ["shops"]
    assert wider.column(name, query.entity_columns[1]).to_pylist() == ["fruit", "fruit", "soap"]
    assert len(wider.column("sales", name)) == 5
