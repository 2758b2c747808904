"""What if: a graph in which copies of one row stand beside it, each without some of its links or values.

A model that answers for the row and for its copies in one batch says what each thing taken away was worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int64

from edgewise.graph.manifest import Manifest
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING, Vocabulary

__all__ = ["Copy", "with_copies"]


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy lacks: links of reverse hops (a mask over the row's list, true is removed), and values.

    `columns` names columns that are null in the copy; a foreign key among them refers to nothing.
    """

    links: Mapping[Hop, Bool[np.ndarray, " degree"]] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()


def with_copies(
    graph: GraphStore, table: str, row: int, copies: Sequence[Copy]
) -> tuple[GraphStore, Int64[np.ndarray, " copies"]]:
    """The graph with `len(copies)` further rows of `table`, and their row ids.

    Only what leaves the copies is there: no other row's lists name them, and they have no keys. Nothing is
    written; the arrays that differ lie in memory.
    """
    n, m = graph.rows(table), len(copies)
    entry = graph.manifest.tables[table]
    tables = {**graph.manifest.tables, table: replace(entry, rows=n + m)}
    base = graph.manifest
    manifest = Manifest(base.fingerprint, base.schema, tables, base.links, base.generation)
    arrays: dict[str, np.ndarray] = {f"{entry.folder}/times.npy": _repeat(graph.times(table), row, m)}
    for hop in graph.hops(table):
        folder = base.links[f"{hop.table}.{hop.column}"].folder
        if hop.reverse:
            arrays |= _lists(graph, hop, folder, row, copies)
        else:
            arrays[f"{folder}/forward.npy"] = _references(graph, hop, row, copies)
    columns = {
        f"{entry.folder}/{file}": _values(graph.column(table, name), row, [name in c.columns for c in copies])
        for name, file in entry.columns.items()
    }
    keys = {}
    if graph.schema.table(table).key is not None:
        every = graph.vocabulary(table).keys(np.concatenate([np.arange(n), np.full(m, MISSING)]))
        keys = {table: Vocabulary(every)}
    overlaid = graph.overlaid(arrays, columns, keys=keys, manifest=manifest)
    overlaid.origin = graph
    return overlaid, np.arange(n, n + m, dtype=np.int64)


def _repeat(values: np.ndarray, row: int, m: int) -> np.ndarray:
    return np.concatenate([values, np.repeat(values[row], m)])


def _lists(graph: GraphStore, hop: Hop, folder: str, row: int, copies: Sequence[Copy]) -> dict[str, np.ndarray]:
    relation = graph.relation(hop)
    first, last = relation.indptr[row], relation.indptr[row + 1]
    whole = np.zeros(last - first, dtype=bool)
    kept = [np.flatnonzero(~copy.links.get(hop, whole)) + first for copy in copies]
    ends = relation.indptr[-1] + np.cumsum([len(k) for k in kept])
    chosen = np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)
    arrays = {
        f"{folder}/indptr.npy": np.concatenate([relation.indptr, ends]).astype(np.int64),
        f"{folder}/dst.npy": np.concatenate([relation.dst, relation.dst[chosen]]),
    }
    if graph.schema.table(hop.table).timed:
        arrays[f"{folder}/at.npy"] = np.concatenate([relation.at, relation.at[chosen]])
    return arrays


def _references(graph: GraphStore, hop: Hop, row: int, copies: Sequence[Copy]) -> np.ndarray:
    forward = graph.forward(hop.table, hop.column)
    own = [MISSING if hop.column in copy.columns else forward[row] for copy in copies]
    return np.concatenate([forward, np.asarray(own, dtype=forward.dtype)])


def _values(column: pa.Array, row: int, blank: list[bool]) -> pa.Array:
    index = np.concatenate([np.arange(len(column)), np.full(len(blank), row)])
    mask = np.concatenate([np.zeros(len(column), dtype=bool), np.asarray(blank, dtype=bool)])
    return column.take(pa.array(index, mask=mask))
