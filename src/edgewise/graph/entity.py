"""Entities that no table holds, added to a graph: the distinct values of a column, or of a pair of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.clock import ALWAYS
from edgewise.graph.csr import group
from edgewise.graph.manifest import LinkEntry, Manifest, TableEntry
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING, Vocabulary
from edgewise.query.bound import DerivedEntity, Field
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

__all__ = ["pair_keys", "with_entity"]

#: Between the two parts of a pair's key: ASCII's unit separator.
SEPARATOR: Final = "\x1f"


def pair_keys(first: pa.Array, second: pa.Array) -> pa.Array:
    """One text for each pair of keys; null where either is."""
    texts = [pc.cast(part, pa.string()) for part in (first, second)]
    return pc.binary_join_element_wise(*texts, SEPARATOR)


@dataclass(frozen=True, slots=True)
class _Values:
    """The entity of each row of the base table, and what names the entities."""

    of_row: Int64[np.ndarray, " base_rows"]  # MISSING where a value is null
    columns: tuple[pa.Array, ...]  # by entity row


def with_entity(graph: GraphStore, entity: DerivedEntity) -> GraphStore:
    """The graph with a static table of the entity, linked from its base table.

    A pair also links to the tables whose keys it is made of. Its key is one text (see `pair_keys`). Nothing is
    written; what is new lies in memory.
    """
    values = _values(graph, entity)
    pair = len(values.columns) > 1
    keys = pair_keys(values.columns[0], values.columns[1]) if pair else values.columns[0]
    column = entity.name if pair else entity.columns[0].name
    links = [Link(entity.base, column, entity.name, reason="named as the entity of a query")]
    forwards = [values.of_row]
    for name, source, part in zip(entity.columns, entity.sources, values.columns, strict=True):
        target = _refers_to(graph, source) if pair else None
        if target is not None:
            links.append(Link(entity.name, name.name, target, reason="part of a pair"))
            forwards.append(graph.vocabulary(target).rows(part))
    schema = _schema(graph.schema, entity, column, len(keys), links, pair)
    return _overlaid(graph, schema, entity.name, keys, values, links, forwards)


def _values(graph: GraphStore, entity: DerivedEntity) -> _Values:
    coded = [_coded(graph, entity.base, source) for source in entity.sources]
    codes = np.zeros(len(coded[0][0]), dtype=np.int64)
    null = np.zeros(len(codes), dtype=bool)
    for part, dictionary in coded:
        null |= part < 0
        codes = codes * (len(dictionary) + 1) + np.maximum(part, 0)
    present, of_row = np.unique(codes[~null], return_inverse=True)
    rows = np.full(len(codes), MISSING, dtype=np.int64)
    rows[~null] = of_row
    columns = []
    for _, dictionary in reversed(coded):
        columns.append(dictionary.take(pa.array(present % (len(dictionary) + 1))))
        present = present // (len(dictionary) + 1)
    return _Values(rows, tuple(reversed(columns)))


def _coded(graph: GraphStore, base: str, source: Field) -> tuple[Int64[np.ndarray, " base_rows"], pa.Array]:
    """A column reached from the base rows as codes (-1 for null) into its distinct values, ascending."""
    rows = np.arange(graph.rows(base), dtype=np.int64)
    for link in source.hops:
        step = graph.forward(link.table, link.column)
        rows = np.where(rows == MISSING, MISSING, step[np.maximum(rows, 0)])
    column = graph.column(source.table, source.column.name)
    flat = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    distinct = pc.unique(flat).drop_null()
    distinct = distinct.take(pc.sort_indices(distinct))
    found = pc.fill_null(pc.index_in(flat, value_set=distinct), MISSING).to_numpy(zero_copy_only=False)
    codes = np.append(found, MISSING)[rows]  # row MISSING, that is -1, reads the appended one
    return codes.astype(np.int64), distinct


def _refers_to(graph: GraphStore, source: Field) -> str | None:
    """The table whose keys a column holds."""
    if source.link is not None:
        return source.link.to
    return source.table if graph.schema.table(source.table).key == source.column.name else None


def _schema(
    schema: Schema, entity: DerivedEntity, column: str, rows: int, links: Sequence[Link], pair: bool
) -> Schema:
    named = Column(column, "string", SType.ID, reason="names the entities of a query")
    columns = (named, *entity.columns) if pair else entity.columns
    tables = {**schema.tables, entity.name: Table(entity.name, columns, rows, key=column)}
    if pair:
        base = schema.table(entity.base)
        tables[base.name] = _with_column(base, named)
    return Schema(tables, (*schema.links, *links), schema.problems)


def _with_column(table: Table, column: Column) -> Table:
    return replace(table, columns=(*table.columns, column))


def _overlaid(
    graph: GraphStore,
    schema: Schema,
    name: str,
    keys: pa.Array,
    values: _Values,
    links: Sequence[Link],
    forwards: Sequence[np.ndarray],
) -> GraphStore:
    base = graph.manifest
    folder = f"entity-{name}"
    linked = {link.column for link in links if link.table == name}
    stored = {
        column.name: f"{number:03d}"
        for number, column in enumerate(schema.table(name).columns[1:])
        if column.name not in linked
    }
    tables = {**base.tables, name: TableEntry(folder, len(keys), ordered=True, columns=stored)}
    arrays: dict[str, np.ndarray] = {f"{folder}/times.npy": np.full(len(keys), ALWAYS, dtype=np.int64)}
    parts = dict(zip([c.name for c in schema.table(name).columns[1:]], values.columns, strict=False))
    columns = {f"{folder}/{file}": parts[column] for column, file in stored.items()}
    entries = dict(base.links)
    for link, forward in zip(links, forwards, strict=True):
        place = f"link-{link.name}"
        owners = len(keys) if link.to == name else graph.rows(link.to)
        indptr, dst = group(forward.astype(np.int32), owners)
        entries[link.name] = LinkEntry(place, len(dst), int((forward == MISSING).sum()), 0)
        arrays |= {
            f"{place}/forward.npy": forward.astype(np.int32),
            f"{place}/indptr.npy": indptr,
            f"{place}/dst.npy": dst,
            f"{place}/lost_rows.npy": np.empty(0, dtype=np.int32),
        }
        if schema.table(link.table).timed:
            arrays[f"{place}/at.npy"] = graph.times(link.table)[dst]
    manifest = Manifest(base.fingerprint, schema, tables, entries, base.generation)
    return graph.overlaid(arrays, columns, keys={name: Vocabulary(keys)}, manifest=manifest)
