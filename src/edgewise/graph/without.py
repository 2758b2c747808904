"""A graph without some of its links; what they led to is still there. Row ids stay. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Int64

from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.schema.model import Link

__all__ = ["without_links", "without_rows"]


def without_rows(graph: GraphStore, table: str, rows: Int64[np.ndarray, " removed"]) -> GraphStore:
    """The graph in which the given rows of a table refer to nothing, and no reverse hop leads to them.

    For holding out links where there is no time to split by.
    """
    return _without(graph, graph.schema.links_from(table), rows)


def without_links(graph: GraphStore, links: Iterable[Link]) -> GraphStore:
    """The graph in which the given links are empty: for hiding the rows that hold the answer."""
    return _without(graph, links, None)


def _without(graph: GraphStore, links: Iterable[Link], rows: np.ndarray | None) -> GraphStore:
    """Links without the given rows of the tables that refer (None: all rows)."""
    arrays: dict[str, np.ndarray] = {}
    for link in links:
        folder = graph.manifest.links[link.name].folder
        forward = graph.forward(link.table, link.column).copy()
        forward[slice(None) if rows is None else rows] = MISSING
        relation = graph.relation(Hop(link.to, link.table, link.column, link.table, reverse=True))
        keep = np.zeros(len(relation.dst), dtype=bool) if rows is None else ~np.isin(relation.dst, rows)
        before = np.concatenate([[0], np.cumsum(keep)])
        arrays[f"{folder}/forward.npy"] = forward
        arrays[f"{folder}/indptr.npy"] = before[relation.indptr].astype(np.int64)
        arrays[f"{folder}/dst.npy"] = relation.dst[keep]
        if graph.schema.table(link.table).timed:
            arrays[f"{folder}/at.npy"] = relation.at[keep]
    return graph.overlaid(arrays)
