import pyarrow as pa

from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.statistics import LinkStatistics, TableStatistics, statistics
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

SCHEMA = Schema(
    {
        "users": Table("users", (Column("id", "int64", SType.ID),), 4, key="id"),
        "calls": Table(
            "calls",
            (Column("user", "int64", SType.ID), Column("at", "int64", SType.TIMESTAMP)),
            6,
            time="at",
        ),
        "empty": Table("empty", (Column("at", "int64", SType.TIMESTAMP),), 0, time="at"),
    },
    (Link("calls", "user", "users"),),
)


def test_statistics_count_rows_links_degrees_and_spans() -> None:
    tables = {
        "users": pa.table({"id": [1, 2, 2, 3]}),
        "calls": pa.table({"user": [1, 1, 1, 2, None, 9], "at": [5, 3, None, 8, 9, 1]}),
        "empty": pa.table({"at": pa.array([], pa.int64())}),
    }
    found = statistics(graph_from_arrays(tables, SCHEMA))
    assert found.tables == (
        TableStatistics("users", 4, None, None, 0, 0, 1),
        TableStatistics("calls", 6, 1, 9, 1, 0, 0),
        TableStatistics("empty", 0, None, None, 0, 0, 0),
    )
    assert found.links == (LinkStatistics("calls.user", "users", 4, 1, 1, 2, 0.5, 3, 3),)
    assert (found.rows, found.total_links) == (10, 4)
