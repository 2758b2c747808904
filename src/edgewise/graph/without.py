"""A graph in which some rows of a table stand alone: nothing leads to them and they lead nowhere.

For holding out links where there is no time to split by.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING

__all__ = ["without_links"]


def without_links(graph: GraphStore, table: str, rows: Int64[np.ndarray, " removed"]) -> GraphStore:
    """The graph without the foreign keys of the given rows. Row ids stay; the arrays that differ lie in memory."""
    arrays: dict[str, np.ndarray] = {}
    for link in graph.schema.links_from(table):
        folder = graph.manifest.links[link.name].folder
        forward = graph.forward(table, link.column).copy()
        forward[rows] = MISSING
        relation = graph.relation(Hop(link.to, table, link.column, table, reverse=True))
        keep = ~np.isin(relation.dst, rows)
        before = np.concatenate([[0], np.cumsum(keep)])
        arrays[f"{folder}/forward.npy"] = forward
        arrays[f"{folder}/indptr.npy"] = before[relation.indptr].astype(np.int64)
        arrays[f"{folder}/dst.npy"] = relation.dst[keep]
        if graph.schema.table(table).timed:
            arrays[f"{folder}/at.npy"] = relation.at[keep]
    overlaid = GraphStore(graph.path, graph.manifest)
    overlaid.overlay(arrays, {})
    return overlaid
