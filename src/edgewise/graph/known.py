"""A graph as it was known at a moment: rows after it are not there."""

from __future__ import annotations

import numpy as np

from edgewise.clock import NEVER, latest_past
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING

__all__ = ["known_at", "latest_row"]


def latest_row(graph: GraphStore) -> int:
    """The time of the latest row, ALWAYS where none has a time: when a question about the present is asked.
    Rows after the computer's clock do not tell, unless all are.

    Tables that refer to others tell; of calendars and the like, whose rows may lie years ahead, only where there
    are no others. Clocks (numbered weeks and the like) are left out for the same reason.
    """
    timed = [table.name for table in graph.schema if table.time is not None]
    telling = [name for name in timed if graph.schema.links_from(name)] or timed
    return latest_past(np.array([latest_past(graph.times(name)) for name in telling], dtype=np.int64))


def known_at(graph: GraphStore, moment: int) -> GraphStore:
    """The graph without the rows after `moment` (microseconds): they have no time, no links in or out.

    Row ids and keys stay, so that what is asked about later entities has an answer: that of a cold one.
    Nothing is written; the arrays that differ lie in memory.
    """
    arrays: dict[str, np.ndarray] = {}
    for table in graph.schema:
        if not table.timed:
            continue
        times = graph.times(table.name)
        later = times > moment
        arrays[f"{graph.manifest.tables[table.name].folder}/times.npy"] = np.where(later, NEVER, times)
        for link in graph.schema.links_from(table.name):
            folder = graph.manifest.links[link.name].folder
            relation = graph.relation(Hop(link.to, table.name, link.column, table.name, reverse=True))
            keep = relation.at <= moment
            before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
            arrays[f"{folder}/forward.npy"] = np.where(
                later, MISSING, graph.forward(table.name, link.column)
            ).astype(np.int32)
            arrays[f"{folder}/indptr.npy"] = before[relation.indptr]
            arrays[f"{folder}/dst.npy"] = relation.dst[keep]
            arrays[f"{folder}/at.npy"] = relation.at[keep]
    return graph.overlaid(arrays)
