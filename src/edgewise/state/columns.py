"""Columns as the sweep reads them, gathered once for a graph and kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Int16, Int64

from edgewise.graph.columns import codes_of, numbers
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING, distinct
from edgewise.state.plan import Category, Path, RelationPlan
from edgewise.state.sweep import Events

__all__ = ["EventColumns"]

#: Rows of a column that are turned into slots in one go.
PIECE: Final = 1_000_000


class EventColumns:
    """A cache for one graph at a time; another graph, or one that has grown, empties it."""

    def __init__(self) -> None:
        self._graph: GraphStore | None = None
        self._size: tuple[int, ...] = ()
        self._kept: dict[Hashable, Any] = {}

    def events(self, graph: GraphStore, plan: RelationPlan) -> Events:
        """The numbers, category slots and further links of a relation's far rows."""
        return self._once(graph, plan, lambda: _events(self, graph, plan))

    def sorted_times(self, graph: GraphStore, table: str | None) -> Int64[np.ndarray, " times"]:
        """A table's times, ascending, each once; empty for no table."""
        if table is None:
            return np.empty(0, np.int64)
        key = ("times", table)
        return self._once(graph, key, lambda: distinct(graph.times(table)))

    def column(self, graph: GraphStore, path: Path, hop: Hop, values: tuple[str, ...] | None) -> np.ndarray:
        """A column by far row: numbers where `values` is None, else positions in `values`."""
        stored = graph.column(path.table, path.column)
        found = numbers(stored) if values is None else codes_of(stored, list(values))
        if path.via is None:
            return found
        refers = graph.forward(hop.dst, path.via)
        blank = np.nan if values is None else MISSING
        return (
            np.where(refers >= 0, found[np.maximum(refers, 0)], blank)
            if len(found)
            else np.full(len(refers), blank)
        )

    def _once(self, graph: GraphStore, key: Hashable, make: Callable[[], Any]) -> Any:
        size = tuple(graph.rows(t.name) for t in graph.schema)
        if graph is not self._graph or size != self._size:
            self._graph, self._size, self._kept = graph, size, {}
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


def _events(cache: EventColumns, graph: GraphStore, plan: RelationPlan) -> Events:
    rows = graph.rows(plan.hop.dst)
    values: Float32[np.ndarray, "rows numbers"] = np.empty((rows, len(plan.numbers)), np.float32)
    for j, path in enumerate(plan.numbers):
        values[:, j] = cache.column(graph, path, plan.hop, None)
    slots: Int16[np.ndarray, "rows categories"] = np.empty((rows, len(plan.categories)), np.int16)
    offset = 0
    for j, category in enumerate(plan.categories):
        _fill_slots(slots[:, j], cache, graph, plan.hop, category, offset)
        offset += len(category.values)
    linked = np.empty((rows, len(plan.linked)), np.int32)
    for j, column in enumerate(plan.linked):
        linked[:, j] = graph.forward(plan.hop.dst, column)
    return Events(values, slots, linked, offset)


def _fill_slots(
    out: Int16[np.ndarray, " rows"],
    cache: EventColumns,
    graph: GraphStore,
    hop: Hop,
    category: Category,
    offset: int,
) -> None:
    """Write slots piece by piece: codes pass through 64 bits, which is much for tens of millions of rows."""
    path = category.path
    if path.via is not None:
        codes = cache.column(graph, path, hop, category.values)
        out[:] = np.where(codes >= 0, codes + offset, MISSING)
        return
    stored = graph.column(path.table, path.column)
    for first in range(0, len(out), PIECE):
        codes = codes_of(stored.slice(first, PIECE), list(category.values))
        out[first : first + PIECE] = np.where(codes >= 0, codes + offset, MISSING)
