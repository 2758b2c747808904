"""New rows for a graph that is already built, without building it again.

The result is another folder. Files that do not change are linked into it, so they cost nothing; of a table that
gets rows, and of a link that gets links, the arrays are copied once with the new part sorted in. The cost is
that of the new rows plus one sequential copy of what they touch.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int32, Int64

from edgewise.clock import ALWAYS, NEVER
from edgewise.errors import SchemaError, nearest
from edgewise.graph.build import check_size, staged
from edgewise.graph.csr import merge
from edgewise.graph.keys import cast_keys, distinct_keys, owned
from edgewise.graph.layout import load_array, load_column, save_array, save_column
from edgewise.graph.manifest import LinkEntry, Manifest, TableEntry
from edgewise.graph.rows import Rows, collect, finish, from_arrow
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING, Vocabulary
from edgewise.schema.model import Link, Schema, Table
from edgewise.sources.contract import TimeForm

__all__ = ["append"]


def append(graph: GraphStore, tables: Mapping[str, pa.Table], path: Path | str | None = None) -> GraphStore:
    """A graph with further rows, which take the next row ids of their tables in the order of their times.

    `tables` holds new rows, by table, as Arrow tables with the table's columns; numbers in a time column are read
    as they were when the graph was built. Late rows are sorted into the lists by time. Entities that exist only
    as a foreign key get rows for new values. A link that led nowhere is made when its key arrives. A key that a
    row owns already stays with that row, even if a row that arrives later is earlier in time.

    `path` is the folder to write, by default beside the graph's own, named after it with a counter.

    Raises:
        SchemaError: an unknown or implied table, a column that is missing or of another type.
    """
    schema = graph.schema
    for name in tables:
        _check_table(schema, name)
    generation = graph.manifest.generation + 1
    root = (
        Path(path) if path is not None else graph.path.with_name(f"{graph.path.name.split('+')[0]}+{generation}")
    )
    with staged(root) as folder:
        _Append(graph, folder, tables).write(generation)
    return GraphStore.open(root)


def _check_table(schema: Schema, name: str) -> None:
    if name not in schema.tables:
        near = ", ".join(nearest(name, schema.tables) or sorted(schema.tables))
        raise SchemaError(f"there is no table '{name}' to append to", hint=f"tables: {near}")
    if schema.table(name).implied_by:
        into = ", ".join(f"{table}.{column}" for table, column in schema.table(name).implied_by)
        raise SchemaError(f"table '{name}' has no rows of its own", hint=f"it grows with the values of {into}")


@dataclass(slots=True)
class _Append:
    """One run of `append`: what came, and what has been written so far."""

    graph: GraphStore
    root: Path
    tables: Mapping[str, pa.Table]
    rows: dict[str, Rows] = field(default_factory=dict)
    vocabularies: dict[str, Vocabulary] = field(default_factory=dict)

    def write(self, generation: int) -> None:
        """Write the whole folder."""
        old = self.graph.manifest
        new = Manifest(_fingerprint(old.fingerprint, self.tables), old.schema, generation=generation)
        for table in old.schema:
            entry = old.tables[table.name]
            (self.root / entry.folder).mkdir()
            if table.name in self.tables:
                new.tables[table.name] = self._grow(table, entry)
            elif not table.implied_by:
                new.tables[table.name] = self._keep(entry)
        for table in old.schema:
            if table.implied_by:
                new.tables[table.name] = self._grow_implied(table, old.tables[table.name])
        new.tables = {table.name: new.tables[table.name] for table in old.schema}
        for link in old.schema.links:
            new.links[link.name] = self._link(link, old.links[link.name])
        new.write(self.root)

    def _keep(self, entry: Any) -> Any:
        """A folder whose files do not change: they are linked, or copied where the file system cannot."""
        for file in sorted((self.graph.path / entry.folder).iterdir()):
            target = self.root / entry.folder / file.name
            try:
                os.link(file, target)
            except OSError:
                shutil.copy2(file, target)
        return entry

    def _grow(self, table: Table, entry: TableEntry) -> TableEntry:
        """A table with new rows: times, columns and keys, the old part first."""
        form = TimeForm(entry.time_form)
        rows = collect(
            self.graph.schema, table, from_arrow(self.graph.schema, table, self.tables[table.name], form)
        )
        check_size(table, entry.rows + len(rows))
        self.rows[table.name] = rows
        folder = self.root / entry.folder
        before = self.graph.times(table.name)
        save_array(folder / "times.npy", np.concatenate([before, rows.times]))
        for name, file in entry.columns.items():
            more = finish(rows.values.pop(name), rows.order)
            save_column(folder / file, _joined(table, name, self.graph.column(table.name, name), more))
        grown = replace(
            entry,
            rows=len(before) + len(rows),
            ordered=entry.ordered and bool(len(before) == 0 or len(rows) == 0 or before[-1] <= rows.times[0]),
            untimed=entry.untimed + int((rows.times == NEVER).sum()),
        )
        if table.key is not None:
            chunks = [
                _as_type(table, table.key, c, self.graph.vocabulary(table.name).type) for c in rows.keys[table.key]
            ]
            came = owned(_in_order(chunks, rows.order))
            taken = self.graph.vocabulary(table.name).rows(came.keys) != MISSING
            keys = pc.if_else(pa.array(taken), pa.scalar(None, came.keys.type), came.keys)
            grown.null_keys += came.null
            grown.repeated_keys += came.repeated + int(taken.sum())
            self._save_keys(table.name, folder, keys)
        return grown

    def _grow_implied(self, table: Table, entry: TableEntry) -> TableEntry:
        """An implied entity: a row for each value that is new, ascending."""
        vocabulary = self.graph.vocabulary(table.name)
        came = [self.rows[name].keys[column] for name, column in table.implied_by if name in self.rows]
        values = distinct_keys(came, vocabulary.type)
        fresh = values.filter(pa.array(vocabulary.rows(values) == MISSING))
        if len(fresh) == 0:
            return self._keep(entry)
        folder = self.root / entry.folder
        save_array(folder / "times.npy", np.full(entry.rows + len(fresh), ALWAYS, dtype=np.int64))
        self._save_keys(table.name, folder, fresh)
        return replace(entry, rows=entry.rows + len(fresh))

    def _save_keys(self, table: str, folder: Path, more: pa.Array) -> None:
        old = self.graph.vocabulary(table)
        keys = pa.concat_arrays([old.keys(np.arange(len(old))), more])
        self.vocabularies[table] = Vocabulary(keys)
        self.vocabularies[table].save(folder / "keys.arrow")

    def _link(self, link: Link, entry: LinkEntry) -> LinkEntry:
        """One link both ways: that of new rows, and that of old rows whose key has come."""
        (self.root / entry.folder).mkdir()
        if link.table not in self.rows and link.to not in self.vocabularies:
            return self._keep(entry)
        old, folder = self.graph.path / entry.folder, self.root / entry.folder
        lost = _Lost.read(old)
        forward = self.graph.forward(link.table, link.column)
        found = self._vocabulary(link.to).rows(lost.keys).astype(np.int32)
        arrived = found != MISSING
        late_rows, late_owner = lost.rows[arrived], found[arrived]
        if arrived.any():
            forward = forward.copy()
            forward[late_rows] = late_owner
        more, nulls = np.empty(0, dtype=np.int32), 0
        rest = _Lost(lost.rows[~arrived], lost.keys.filter(pa.array(~arrived)))
        if link.table in self.rows:
            more, nulls, rest = self._new_links(link, len(forward), rest)
        save_array(folder / "forward.npy", np.concatenate([forward, more]))
        rest.write(folder)
        linked = np.flatnonzero(more != MISSING)
        rows = np.concatenate([late_rows, linked + len(forward)]).astype(np.int32)
        links = self._merge(link, entry, np.concatenate([late_owner, more[linked]]).astype(np.int32), rows)
        return LinkEntry(entry.folder, links, entry.null + nulls, len(rest.rows))

    def _new_links(self, link: Link, first: int, rest: _Lost) -> tuple[Int32[np.ndarray, " new"], int, _Lost]:
        """What the new rows refer to, how many refer to nothing, and the values that lead nowhere yet."""
        rows = self.rows[link.table]
        table = self.graph.schema.table(link.table)
        chunks = [_as_type(table, link.column, chunk, rest.keys.type) for chunk in rows.keys[link.column]]
        values = _in_order(chunks, rows.order)
        more = self._vocabulary(link.to).rows(cast_keys(values, self._vocabulary(link.to).type)).astype(np.int32)
        astray = (more == MISSING) & pc.is_valid(values).to_numpy(zero_copy_only=False)
        further = _Lost(
            np.concatenate([rest.rows, np.flatnonzero(astray) + first]).astype(np.int32),
            pa.concat_arrays([rest.keys, values.filter(pa.array(astray))]),
        )
        return more, values.null_count, further

    def _merge(
        self, link: Link, entry: LinkEntry, owner: Int32[np.ndarray, " new"], rows: Int32[np.ndarray, " new"]
    ) -> int:
        """Write the lists of the reverse direction; returns how many links there are now."""
        old, folder = self.graph.path / entry.folder, self.root / entry.folder
        timed = self.graph.schema.table(link.table).timed
        times = load_array(self.root / self.graph.manifest.tables[link.table].folder / "times.npy")
        at = times[rows] if timed else np.empty(0, dtype=np.int64)
        order = np.lexsort((rows, at, owner) if timed else (rows, owner))
        old_at = load_array(old / "at.npy") if timed else np.empty(0, dtype=np.int64)
        indptr, dst, when = merge(
            load_array(old / "indptr.npy"), load_array(old / "dst.npy"), old_at,
            owner[order], rows[order], at[order] if timed else at, len(self._vocabulary(link.to)), timed,
        )  # fmt: skip
        save_array(folder / "indptr.npy", indptr)
        save_array(folder / "dst.npy", dst)
        if timed:
            save_array(folder / "at.npy", when)
        return len(dst)

    def _vocabulary(self, table: str) -> Vocabulary:
        return self.vocabularies[table] if table in self.vocabularies else self.graph.vocabulary(table)


@dataclass(frozen=True, slots=True)
class _Lost:
    """Values of a foreign key that lead nowhere, and the rows that hold them."""

    rows: Int32[np.ndarray, " n"]
    keys: pa.Array

    @classmethod
    def read(cls, folder: Path) -> _Lost:
        return cls(load_array(folder / "lost_rows.npy"), load_column(folder / "lost_keys.arrow"))

    def write(self, folder: Path) -> None:
        save_array(folder / "lost_rows.npy", self.rows)
        save_column(folder / "lost_keys.arrow", self.keys)


def _in_order(chunks: list[pa.Array], order: Int64[np.ndarray, " rows"] | None) -> pa.Array:
    keys = pa.chunked_array(chunks).combine_chunks()
    return keys if order is None else keys.take(pa.array(order))


def _as_type(table: Table, column: str, values: pa.Array, type_: pa.DataType) -> pa.Array:
    cast = cast_keys(values, type_)
    if cast.null_count > values.null_count:
        raise SchemaError(
            f"new rows of '{table.name}' have values of '{column}' that are no {type_}",
            hint=f"the graph was built with '{column}' as {type_}; build it again if that has changed",
        )
    return cast


def _joined(table: Table, column: str, old: pa.Array, new: pa.Array) -> pa.Array:
    """A column with more values, in the type it has."""
    if pa.types.is_dictionary(old.type) and pa.types.is_dictionary(new.type):
        wide = pa.dictionary(pa.int32(), old.type.value_type)
        return finish([old.cast(wide), new.cast(wide)], None)
    if pa.types.is_dictionary(old.type):
        new = new.cast(pa.string()) if not pa.types.is_dictionary(new.type) else new
        return _joined(table, column, old, new.dictionary_encode())
    try:
        return pa.concat_arrays([old, new.cast(old.type)])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaError(
            f"new rows of '{table.name}' have '{column}' as {new.type}, and the graph holds it as {old.type}",
            hint=f"give it as {old.type}, or build the graph again",
        ) from error


def _fingerprint(old: str, tables: Mapping[str, pa.Table]) -> str:
    digest = hashlib.sha256(old.encode())
    for name in sorted(tables):
        digest.update(name.encode())
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, tables[name].schema) as writer:
            writer.write_table(tables[name])
        digest.update(sink.getvalue())
    return digest.hexdigest()[:32]
