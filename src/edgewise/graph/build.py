"""From tables to a graph folder: rows in time order, columns, keys, and links in both directions."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from jaxtyping import Int32

from edgewise.clock import ALWAYS, NEVER
from edgewise.errors import RunError, SchemaError
from edgewise.graph.csr import group, group_timed
from edgewise.graph.keys import KeyIndex, OwnedKeys, distinct_keys, owned
from edgewise.graph.layout import save_array, save_column
from edgewise.graph.manifest import LinkEntry, Manifest, TableEntry, fingerprint_of
from edgewise.graph.rows import Rows, collect, finish, select
from edgewise.ids import MISSING, Vocabulary
from edgewise.schema.model import Link, Schema, Table
from edgewise.sources.contract import Source, TimeForm

__all__ = ["Tables", "check_size", "staged", "write_from_source", "write_graph"]

#: Yields the batches of one table: its key columns, stored columns, and time in microseconds.
Reader = Callable[[Table], Iterator[pa.RecordBatch]]


class Tables(Protocol):
    """A database: a source of tables and the schema read off it."""

    @property
    def source(self) -> Source:
        """Where the rows are."""

    @property
    def schema(self) -> Schema:
        """Tables, keys, links, times."""


def write_from_source(db: Tables, path: Path, fingerprint: str | None = None) -> None:
    """Build the graph of a database into the folder `path`, which appears whole or not at all."""
    schema, source = db.schema, db.source

    def read(table: Table) -> Iterator[pa.RecordBatch]:
        return source.stream(select(source, schema, table))

    stamp = fingerprint if fingerprint is not None else fingerprint_of(schema, source.fingerprint())
    forms = {t.name: source.time_form(t.name, t.time) for t in schema if t.time is not None}
    with staged(path) as root:
        write_graph(schema, read, root, stamp, forms)


class staged:
    """A temporary folder beside `path` that takes its place when all went well, and vanishes otherwise.

    Raises:
        RunError: the place cannot be written to, or is full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._root = Path(tempfile.mkdtemp(prefix=f".{self._path.name}-", dir=self._path.parent))
        except OSError as error:
            raise _unwritable(self._path, error) from error
        return self._root

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._take_place()
            return
        shutil.rmtree(self._root, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritable(self._path, error) from error

    def _take_place(self) -> None:
        for _ in range(3):  # another process may be putting the same graph there
            try:
                self._root.rename(self._path)
                return
            except OSError:
                old = Path(tempfile.mkdtemp(prefix=f".{self._path.name}-old-", dir=self._path.parent))
                with contextlib.suppress(FileNotFoundError):
                    self._path.rename(old / "graph")
                shutil.rmtree(old, ignore_errors=True)
        self._root.rename(self._path)


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(
        f"the graph cannot be written to '{path}': {error.strerror or error}",
        hint="free some space, or name another folder (EDGEWISE_CACHE says where graphs are kept)",
    )


def write_graph(
    schema: Schema, read: Reader, root: Path, fingerprint: str, forms: Mapping[str, TimeForm] | None = None
) -> None:
    """Write all files of a graph into an existing, empty folder.

    `forms` says by table how `read` took its times from numbers, for rows that are appended later.

    Raises:
        SchemaError: a table has more than 2**31 - 1 rows, or a column is missing.
    """
    manifest = Manifest(fingerprint, schema)
    gathered: dict[str, Rows] = {}
    indexes: dict[str, KeyIndex] = {}
    for number, table in enumerate(schema):
        if table.implied_by:
            continue
        folder = root / f"t{number:03d}"
        folder.mkdir()
        rows = collect(schema, table, read(table))
        check_size(table, len(rows))
        manifest.tables[table.name] = _write_rows(folder, rows)
        manifest.tables[table.name].time_form = (forms or {}).get(table.name, TimeForm.MICROS)
        if table.key is not None:
            keys = owned(_in_order(rows, table.key))
            indexes[table.name] = _write_keys(folder, manifest.tables[table.name], keys)
        gathered[table.name] = rows
        pa.default_memory_pool().release_unused()
    for number, table in enumerate(schema):
        if table.implied_by:
            indexes[table.name] = _write_implied(root / f"t{number:03d}", manifest, table, gathered)
    _write_links(root, manifest, gathered, indexes)
    manifest.write(root)


def check_size(table: Table, rows: int) -> None:
    """Row ids are int32.

    Raises:
        SchemaError: there are more rows than that.
    """
    if rows > (most := int(np.iinfo(np.int32).max)):
        raise SchemaError(f"table '{table.name}' has {rows} rows; a graph holds {most} of a table at most")


def _in_order(rows: Rows, column: str) -> pa.Array:
    keys = pa.chunked_array(rows.keys[column]).combine_chunks()
    return keys if rows.order is None else keys.take(pa.array(rows.order))


def _write_rows(folder: Path, rows: Rows) -> TableEntry:
    """Times and stored columns; the chunks of a column are given back as soon as it is written."""
    save_array(folder / "times.npy", rows.times)
    columns = {}
    for number, name in enumerate(list(rows.values)):
        columns[name] = f"c{number:03d}.arrow"
        save_column(folder / columns[name], finish(rows.values.pop(name), rows.order))
    untimed = int((rows.times == NEVER).sum())
    return TableEntry(folder.name, len(rows), ordered=True, columns=columns, untimed=untimed)


def _write_keys(folder: Path, entry: TableEntry, keys: OwnedKeys) -> KeyIndex:
    vocabulary = Vocabulary(keys.keys)
    vocabulary.save(folder / "keys.arrow")
    entry.null_keys, entry.repeated_keys = keys.null, keys.repeated
    return KeyIndex(vocabulary, keys.keys)


def _write_implied(folder: Path, manifest: Manifest, table: Table, gathered: dict[str, Rows]) -> KeyIndex:
    """An entity that exists only as a foreign key: its rows are the distinct values, ascending."""
    folder.mkdir()
    keys = distinct_keys([gathered[name].keys[column] for name, column in table.implied_by])
    save_array(folder / "times.npy", np.full(len(keys), ALWAYS, dtype=np.int64))
    entry = manifest.tables[table.name] = TableEntry(folder.name, len(keys), ordered=True, columns={})
    return _write_keys(folder, entry, OwnedKeys(keys, 0, 0))


def _write_links(
    root: Path, manifest: Manifest, gathered: Mapping[str, Rows], indexes: Mapping[str, KeyIndex]
) -> None:
    """All links, two at a time: the kernels release the GIL, and more would hold too much memory at once."""

    def write(numbered: tuple[int, Link]) -> LinkEntry:
        number, link = numbered
        folder = root / f"l{number:03d}"
        folder.mkdir()
        return _write_link(folder, manifest, link, gathered[link.table], indexes[link.to])

    links = manifest.schema.links
    with ThreadPoolExecutor(2, thread_name_prefix="edgewise-links") as pool:
        for link, entry in zip(links, pool.map(write, enumerate(links)), strict=True):
            manifest.links[link.name] = entry


def _write_link(folder: Path, manifest: Manifest, link: Link, rows: Rows, index: KeyIndex) -> LinkEntry:
    """One link both ways: `forward` (a row id or MISSING per row) and the reverse lists.

    Values that lead nowhere are kept beside their rows, so that rows appended later can still be their target.
    """
    parent, null = _parents(rows, link.column, index)
    save_array(folder / "forward.npy", parent)
    lost = np.flatnonzero(parent == MISSING)
    values = _at(rows, link.column, lost)
    if sum(other.table == link.table and other.column == link.column for other in manifest.schema.links) == 1:
        del rows.keys[link.column]  # the largest thing in memory, and no other link needs it
    valid = values.is_valid().to_numpy(zero_copy_only=False)
    save_array(folder / "lost_rows.npy", lost[valid].astype(np.int32))
    save_column(folder / "lost_keys.arrow", values.drop_null())
    owners = manifest.tables[link.to].rows
    if manifest.schema.table(link.table).timed:
        indptr, dst, at = group_timed(parent, rows.times, owners)
        save_array(folder / "at.npy", at)
    else:
        indptr, dst = group(parent, owners)
    save_array(folder / "indptr.npy", indptr)
    save_array(folder / "dst.npy", dst)
    return LinkEntry(folder.name, links=len(dst), null=null, dangling=int(valid.sum()))


def _parents(rows: Rows, column: str, index: KeyIndex) -> tuple[Int32[np.ndarray, " rows"], int]:
    """The row that each row refers to, MISSING for none, and how many keys are null."""
    parent = np.empty(len(rows), dtype=np.int32)
    filled = 0
    for chunk in rows.keys[column]:
        parent[filled : filled + len(chunk)] = index.rows(chunk)
        filled += len(chunk)
    null = sum(chunk.null_count for chunk in rows.keys[column])
    return (parent if rows.order is None else parent[rows.order]), null


def _at(rows: Rows, column: str, positions: np.ndarray) -> pa.Array:
    """A key column's values at some positions of the time order."""
    at = positions if rows.order is None else rows.order[positions]
    values = pa.chunked_array(rows.keys[column]).take(pa.array(at))
    whole = values.combine_chunks()
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole
