"""The graph as memory-mapped arrays: the contract that everything above the graph reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int32, Int64

from edgewise.clock import ALWAYS, NEVER
from edgewise.errors import SchemaError
from edgewise.graph.build import Tables, write_from_source
from edgewise.graph.cache import cached_path
from edgewise.graph.layout import load_array, load_column
from edgewise.graph.manifest import Manifest, fingerprint_of
from edgewise.graph.relation import Hop, Relation
from edgewise.graph.rows import clock_ticks
from edgewise.ids import MISSING, Vocabulary
from edgewise.schema.model import Link, Schema

__all__ = ["GraphStore"]


class GraphStore:
    """Rows, times, columns and links of a database, by row id.

    Row ids of a table follow time at build (rows without time last; static tables in the source's order);
    appended rows take the next ids. Only a relation's lists are guaranteed to be in time order.

    A store is read-only and its folder never changes: appending writes another folder. Arrays are opened when
    first asked for and kept.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        #: Of a what-if graph with copies of a row: the one without, where statistics of many rows are read.
        self.origin: GraphStore | None = None
        self._arrays: dict[str, np.ndarray] = {}
        self._columns: dict[str, pa.Array] = {}
        self._vocabularies: dict[str, Vocabulary] = {}
        self._relations: dict[Hop, Relation] = {}
        self._hops: dict[str, tuple[Hop, ...]] = {}
        self._links = {link.name: link for link in manifest.schema.links}
        #: Of a store that is overlaid: the one that it is laid over.
        self._under: GraphStore | None = None

    @classmethod
    def open(cls, path: Path | str) -> GraphStore:
        """Open a graph folder.

        Raises:
            RunError: no graph there, one of another format, or a damaged one.
        """
        root = Path(path)
        return cls(root, Manifest.read(root))

    @classmethod
    def build(cls, db: Tables, path: Path | str | None = None) -> GraphStore:
        """Build the graph of a database, or reuse one already built from the same data and schema.

        `path` is the folder to write; by default a folder named by the content's hash in the cache
        (see `edgewise.graph.cache`). A folder that holds a graph of other data is replaced.

        Raises:
            SchemaError: a table is too large or lacks a column.
            SourceError: the source cannot be read.
        """
        fingerprint = fingerprint_of(db.schema, db.source.fingerprint())
        root, reusable = cached_path(fingerprint, Path(path) if path is not None else None)
        if not reusable:
            write_from_source(db, root, fingerprint)
        return cls.open(root)

    @property
    def schema(self) -> Schema:
        """The schema that the graph was built with."""
        return self.manifest.schema

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        self.schema.table(table)
        return self.manifest.tables[table].rows

    def times(self, table: str) -> Int64[np.ndarray, " rows"]:
        """Each row's time in microseconds; ALWAYS in a static table, NEVER where the time is missing."""
        self.schema.table(table)
        return self._array(self.manifest.tables[table].folder, "times.npy")

    def first_seen(self, table: str) -> Int64[np.ndarray, " rows"]:
        """From when on each row exists: its own time, or in a static table that of its first linked row.

        ALWAYS where no table with times links to the table, NEVER for a row that no timed row links to.
        """
        timed = [link for link in self.schema.links_to(table) if self.schema.table(link.table).timed]
        if self.schema.table(table).timed or not timed:
            return self.times(table)
        first = np.full(self.rows(table), NEVER, dtype=np.int64)
        for link in timed:
            relation = self.relation(Hop(table, link.table, link.column, link.table, reverse=True))
            some = np.flatnonzero(np.diff(relation.indptr))
            first[some] = np.minimum(first[some], relation.at[relation.indptr[some]])
        return first

    def vocabulary(self, table: str) -> Vocabulary:
        """Keys to row ids of a table with a key.

        Raises:
            SchemaError: the table has no key.
        """
        if self.schema.table(table).key is None:
            raise SchemaError(f"table '{table}' has no key", hint="name its key column in the graph file")
        if table not in self._vocabularies:
            path = self.path / self.manifest.tables[table].folder / "keys.arrow"
            self._vocabularies[table] = Vocabulary.load(path)
        return self._vocabularies[table]

    def column(self, table: str, column: str) -> pa.Array:
        """A column's values in row order (strings dictionary-encoded), memory-mapped.

        Keys, foreign keys, the time column and a clock's column are not stored twice: they are put together
        from the vocabulary (null in a row whose key an earlier row owns), the link and the times.
        """
        entry = self.schema.table(table)
        entry.column(column)
        stored = self.manifest.tables[table].columns
        if column in stored:
            return self._column(self.manifest.tables[table].folder, stored[column])
        if column == entry.time:
            times = self.times(table)
            return pa.array(times, mask=times == NEVER).cast(pa.timestamp("us"))
        if entry.clock is not None and column == entry.clock.column:
            return clock_ticks(entry.clock, self.times(table))
        if (link := self._links.get(f"{table}.{column}")) is not None:
            return self._foreign_keys(link)
        return self.vocabulary(table).keys(np.arange(self.rows(table)))

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A store goes to another process as its path, so that no array is copied; one in memory goes whole."""
        return super().__reduce__() if self._under is not None else (GraphStore.open, (self.path,))

    def overlaid(
        self,
        arrays: Mapping[str, np.ndarray],
        columns: Mapping[str, pa.Array] | None = None,
        *,
        keys: Mapping[str, Vocabulary] | None = None,
        manifest: Manifest | None = None,
    ) -> GraphStore:
        """A store in which arrays, columns and tables' keys in memory stand for files; the rest is as in this one.

        Arrays and columns are named by their paths within the folder. Nothing is written.
        """
        over = GraphStore(self.path, self.manifest if manifest is None else manifest)
        over._arrays = self._arrays | {path: _frozen(array) for path, array in arrays.items()}
        over._columns = self._columns | dict(columns or {})
        over._vocabularies = self._vocabularies | dict(keys or {})
        over._under = self
        return over

    def hops(self, table: str) -> tuple[Hop, ...]:
        """The hops that leave a table, in schema order: forward links first, then reverse ones."""
        if table in self._hops:
            return self._hops[table]
        self.schema.table(table)
        forward = [Hop(table, table, e.column, e.to, False) for e in self.schema.links_from(table)]
        reverse = [Hop(table, e.table, e.column, e.table, True) for e in self.schema.links_to(table)]
        self._hops[table] = (*forward, *reverse)
        return self._hops[table]

    def forward(self, table: str, column: str) -> Int32[np.ndarray, " rows"]:
        """The row that each row's foreign key refers to; MISSING for none."""
        return self._array(self._folder(table, column), "forward.npy")

    def relation(self, hop: Hop) -> Relation:
        """The links of one hop. Reverse hops are memory-mapped, forward ones put together from `forward`."""
        if hop not in self._relations:
            self._relations[hop] = self._reverse(hop) if hop.reverse else self._forward(hop)
        return self._relations[hop]

    def _reverse(self, hop: Hop) -> Relation:
        folder = self._folder(hop.table, hop.column)
        dst = self._array(folder, "dst.npy")
        if self.schema.table(hop.table).timed:
            at = self._array(folder, "at.npy")
        else:
            at = _frozen(np.full(len(dst), ALWAYS, dtype=np.int64))
        return Relation(hop, self._array(folder, "indptr.npy"), dst, at)

    def _forward(self, hop: Hop) -> Relation:
        dst = self.forward(hop.table, hop.column)
        linked = dst != MISSING
        indptr = np.zeros(len(dst) + 1, dtype=np.int64)
        np.cumsum(linked, out=indptr[1:])
        if indptr[-1] != len(dst):
            dst = dst[linked]
        return Relation(hop, _frozen(indptr), _frozen(dst), _frozen(self.times(hop.dst)[dst]))

    def _folder(self, table: str, column: str) -> str:
        self.schema.table(table).column(column)
        if f"{table}.{column}" not in self._links:
            links = ", ".join(sorted(self._links)) or "none"
            raise SchemaError(f"'{table}.{column}' is no foreign key", hint=f"links: {links}")
        return self.manifest.links[f"{table}.{column}"].folder

    def _foreign_keys(self, link: Link) -> pa.Array:
        keys = self.vocabulary(link.to).keys(self.forward(link.table, link.column))
        folder = self.manifest.links[link.name].folder
        lost = self._array(folder, "lost_rows.npy")
        if len(lost) == 0:
            return keys
        values = self._column(folder, "lost_keys.arrow")
        if values.type != keys.type:
            return keys
        mask = np.zeros(len(keys), dtype=bool)
        mask[lost] = True
        return pc.replace_with_mask(keys, pa.array(mask), values)

    def _array(self, folder: str, name: str) -> np.ndarray:
        if (key := f"{folder}/{name}") not in self._arrays:
            self._arrays[key] = load_array(self.path / key)
        return self._arrays[key]

    def _column(self, folder: str, name: str) -> pa.Array:
        if (key := f"{folder}/{name}") not in self._columns:
            self._columns[key] = load_column(self.path / key)
        return self._columns[key]


def _frozen(array: np.ndarray) -> np.ndarray:
    """Read-only like a mapped file, so that kernels are compiled for one kind of array."""
    view = array.view()
    view.flags.writeable = False
    return view
