"""What can be taken away from an entity: its links, by relation and by group, and its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int64

from edgewise.graph.copies import Copy
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.stypes import SType
from edgewise.tasks.nouns import TaskSpec

__all__ = ["Unit", "Visible", "units_of", "visible_lists"]

#: Groups looked into for each link of the linked rows.
GROUPS = 6
#: Shared values with the explained item that are looked into.
SIBLING_COLUMNS = 4
_GROUPED = (SType.CATEGORICAL, SType.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Visible:
    """The list of one hop from one row, up to the anchor: `rows` are row ids of `hop.dst`."""

    hop: Hop
    rows: Int64[np.ndarray, " visible"]
    at: Int64[np.ndarray, " visible"]
    degree: int  # of the whole list, later links included


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to take away: links of a hop (`mask` over the visible list), or a column of the entity."""

    kind: str
    path: str
    group: str
    words: str
    hop: Hop | None = None
    mask: Bool[np.ndarray, " visible"] | None = None
    column: str | None = None

    def copy(self, visible: dict[Hop, Visible]) -> Copy:
        """The copy that lacks this unit."""
        if self.hop is None or self.mask is None:
            return Copy(columns=frozenset(filter(None, [self.column])))
        whole = np.zeros(visible[self.hop].degree, dtype=bool)
        whole[: len(self.mask)] = self.mask
        return Copy(links={self.hop: whole})


def visible_lists(graph: GraphStore, table: str, row: int, at: int) -> dict[Hop, Visible]:
    """The non-empty lists that lead from a row to rows that refer to it, up to the anchor."""
    found = {}
    for hop in graph.hops(table):
        if not hop.reverse:
            continue
        relation = graph.relation(hop)
        first, last = int(relation.indptr[row]), int(relation.indptr[row + 1])
        seen = first + int(np.searchsorted(relation.at[first:last], at, side="right"))
        if seen > first:
            rows = relation.dst[first:seen].astype(np.int64)
            found[hop] = Visible(hop, rows, np.asarray(relation.at[first:seen]), last - first)
    return found


def units_of(
    graph: GraphStore, spec: TaskSpec, row: int, visible: dict[Hop, Visible], item: int | None
) -> list[Unit]:
    """All that is worth taking away: every relation, its largest groups, what shares a value with the item,
    and the entity's own values."""
    units: list[Unit] = []
    for seen in visible.values():
        everything = np.ones(len(seen.rows), dtype=bool)
        units.append(Unit("links", str(seen.hop), "all", f"all {seen.hop.dst}", seen.hop, everything))
        units += _groups(graph, spec, seen, item)
    units += _columns(graph, spec, row)
    return units


def _groups(graph: GraphStore, spec: TaskSpec, seen: Visible, item: int | None) -> Iterator[Unit]:
    for link in graph.schema.links_from(seen.hop.dst):
        if link.column == seen.hop.column:
            continue
        linked = graph.forward(link.table, link.column)[seen.rows]
        if item is not None and link.to == spec.item:
            yield from _of_item(graph, seen, link.column, linked, item, link.to)
            continue
        values, counts = np.unique(linked[linked != MISSING], return_counts=True)
        if len(values) < 2:
            continue
        for value in values[np.argsort(-counts, kind="stable")[:GROUPS]]:
            key = graph.vocabulary(link.to).keys(np.array([value]))[0].as_py()
            words = f"{seen.hop.dst} with {link.column} {key}"
            yield Unit("links", str(seen.hop), f"{link.column} = {key}", words, seen.hop, linked == value)


def _of_item(
    graph: GraphStore, seen: Visible, column: str, linked: np.ndarray, item: int, table: str
) -> Iterator[Unit]:
    """The rows of the item itself, and those of items that share a category with it."""
    key = graph.vocabulary(table).keys(np.array([item]))[0].as_py()
    own = linked == item
    if own.any():
        yield Unit("links", str(seen.hop), f"{column} = {key}", f"{seen.hop.dst} of it", seen.hop, own)
    shared = [c for c in graph.schema.table(table).columns if c.stype in _GROUPED][:SIBLING_COLUMNS]
    for entry in shared:
        codes = _codes(graph.column(table, entry.name))
        if codes[item] < 0:
            continue
        alike = (codes[np.maximum(linked, 0)] == codes[item]) & (linked != MISSING) & ~own
        if alike.any() and not (alike | own).all():
            value = graph.column(table, entry.name)[item].as_py()
            words = f"{seen.hop.dst} of other {table} with {entry.name} {value}"
            yield Unit("links", str(seen.hop), f"{entry.name} = {value}", words, seen.hop, alike)


def _codes(column: pa.Array) -> Int64[np.ndarray, " rows"]:
    """Equal values as equal codes, -1 for null."""
    coded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    return pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)


def _columns(graph: GraphStore, spec: TaskSpec, row: int) -> Iterator[Unit]:
    table = graph.schema.table(spec.entity)
    for entry in table.columns:
        skipped = entry.name in (table.key, table.time) or (spec.entity, entry.name) in spec.hidden
        if skipped or not graph.column(spec.entity, entry.name)[row].is_valid:
            continue
        value = graph.column(spec.entity, entry.name)[row].as_py()
        words = f"{entry.name} {value}"
        yield Unit("column", f"{spec.entity}.{entry.name}", str(value), words, column=entry.name)
