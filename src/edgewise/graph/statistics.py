"""A graph in numbers, for `inspect`: rows, links, degrees, time spans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgewise.clock import NEVER
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore

__all__ = ["GraphStatistics", "LinkStatistics", "TableStatistics", "statistics"]


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """One table. `first` and `last` are microseconds, None in a static table and where no row has a time."""

    table: str
    rows: int
    first: int | None
    last: int | None
    untimed: int  # rows without a time in a table that has times: never visible
    null_keys: int
    repeated_keys: int


@dataclass(frozen=True, slots=True)
class LinkStatistics:
    """One link. Degrees are those of the rows referred to: how many rows refer to each."""

    link: str
    to: str
    links: int
    null: int
    dangling: int
    unreferred: int  # rows of `to` that nothing refers to
    median_degree: float
    p99_degree: int
    max_degree: int


@dataclass(frozen=True, slots=True)
class GraphStatistics:
    """All tables and links, in schema order."""

    tables: tuple[TableStatistics, ...]
    links: tuple[LinkStatistics, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def total_links(self) -> int:
        """Links of all foreign keys, each counted once."""
        return sum(link.links for link in self.links)


def statistics(graph: GraphStore) -> GraphStatistics:
    """Count what a graph holds: one pass over times and list lengths, none over columns."""
    tables = tuple(_table(graph, name) for name in graph.schema.tables)
    links = tuple(_link(graph, link.table, link.column, link.to) for link in graph.schema.links)
    return GraphStatistics(tables, links)


def _table(graph: GraphStore, name: str) -> TableStatistics:
    entry = graph.manifest.tables[name]
    first = last = None
    if graph.schema.table(name).timed and entry.rows > entry.untimed:
        times = graph.times(name)
        first, last = int(times.min()), int(times.max(where=times != NEVER, initial=np.iinfo(np.int64).min))
    return TableStatistics(name, entry.rows, first, last, entry.untimed, entry.null_keys, entry.repeated_keys)


def _link(graph: GraphStore, table: str, column: str, to: str) -> LinkStatistics:
    entry = graph.manifest.links[f"{table}.{column}"]
    degrees = np.diff(graph.relation(Hop(to, table, column, table, reverse=True)).indptr)
    return LinkStatistics(
        link=f"{table}.{column}",
        to=to,
        links=entry.links,
        null=entry.null,
        dangling=entry.dangling,
        unreferred=int((degrees == 0).sum()),
        median_degree=float(np.median(degrees)) if len(degrees) else 0.0,
        p99_degree=int(np.quantile(degrees, 0.99, method="higher")) if len(degrees) else 0,
        max_degree=int(degrees.max(initial=0)),
    )
