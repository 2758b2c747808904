"""The tables behind the pages, with the rows that events bring: columns and keys that grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from edgewise.clock import from_micros
from edgewise.decisions.catalogue.columns import Columns
from edgewise.decisions.project.file import ProjectFile
from edgewise.decisions.project.refs import resolve
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event
from edgewise.prediction.online.feeding import joined
from edgewise.prediction.online.tables import LiveKeys
from edgewise.schema.model import Schema

__all__ = ["Arrivals", "GrowingKeys", "Whole", "tables_of"]


class GrowingKeys(Protocol):
    """Keys that grow with events, for the tables that a model knows."""

    def row(self, table: str, key: Any) -> int:
        """The row id of a key, MISSING where it is unknown."""

    def keys(self, table: str, rows: np.ndarray) -> Sequence[Any]:
        """The key of each row id."""

    def size(self, table: str) -> int | None:
        """How many rows a table has by now; None where the model does not know it."""


@dataclass(frozen=True, slots=True)
class _More:
    """What came to a table: rows in all, keys of those behind the first ones, values by row."""

    rows: int
    keys: Sequence[Any]
    values: Mapping[int, Mapping[str, Any]]


class Whole:
    """Columns with the rows that had come at a moment; later ones change nothing. May be read by any thread."""

    def __init__(self, base: Columns, schema: Schema, more: Mapping[str, _More]) -> None:
        self._base, self._schema, self._more = base, schema, more

    def column(self, table: str, name: str) -> pa.Array:
        """A column of a table, by row id; null where a row has told nothing."""
        old = self._base.column(table, name)
        more = self._more.get(table)
        if more is None or more.rows <= len(old):
            return old
        if isinstance(old, pa.ChunkedArray):
            old = old.combine_chunks()
        if name == self._schema.table(table).key:
            return joined(old, list(more.keys))
        return joined(old, [more.values.get(row, {}).get(name) for row in range(len(old), more.rows)])


class Arrivals:
    """Rows that came to some tables since their columns were read, and the keys of all tables. See `live.Keys`.

    Keys of tables that the model knows are the model's, so that a thing has one row everywhere.
    """

    def __init__(self, base: Columns, schema: Schema, model: GrowingKeys, tables: frozenset[str]) -> None:
        self.tables = tables
        self._base, self._schema, self._model = base, schema, model
        self._key = {name: schema.table(name).key for name in tables}
        self._first = {
            name: len(base.column(name, key or schema.table(name).columns[0].name))
            for name, key in self._key.items()
        }
        self._own = {
            name: LiveKeys(name, _plain(base.column(name, key)))
            for name, key in self._key.items()
            if key is not None and model.size(name) is None
        }
        self._told: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.changed: set[str] = set()

    def hear(self, event: Event) -> None:
        """Keep a row, if it is of one of the tables; what came first under a key counts."""
        if event.table not in self.tables:
            return
        values, time = dict(event.values), self._schema.table(event.table).time
        if time is not None:
            values.setdefault(time, from_micros(event.at))
        own, key = self._own.get(event.table), self._key[event.table]
        if own is not None and key is not None:
            own.add(values.get(key))
        self._told[event.table].append(values)
        self.changed.add(event.table)

    def whole(self) -> Whole:
        """The columns as they are now."""
        self.changed.clear()
        return Whole(self._base, self._schema, {name: self._more(name) for name in self.tables})

    def row(self, table: str, key: Any) -> int:
        """The row id of a key, MISSING where it is unknown."""
        return self._own[table].row(key) if table in self._own else self._model.row(table, key)

    def keys(self, table: str, rows: np.ndarray) -> Sequence[Any]:
        """The key of each row id."""
        own = self._own.get(table)
        return self._model.keys(table, rows) if own is None else own.of(np.asarray(rows))

    def _more(self, table: str) -> _More:
        first, told = self._first[table], self._told[table]
        key = self._key[table]
        if key is None:
            return _More(first + len(told), (), {first + i: values for i, values in enumerate(told)})
        own = self._own.get(table)
        rows = len(own) if own is not None else self._model.size(table) or first
        values: dict[int, dict[str, Any]] = {}
        for one in told:
            row = self.row(table, one.get(key))
            if row != MISSING:
                values.setdefault(row, one)
        return _More(rows, self.keys(table, np.arange(first, rows)), values)


def tables_of(project: ProjectFile, schema: Schema) -> frozenset[str]:
    """The tables whose rows a project shows, or reads what it shows from."""
    return frozenset(_tables(project, schema))


def _tables(project: ProjectFile, schema: Schema) -> Iterator[str]:
    for name, entry in project.items.items():
        yield name
        named = [entry.creator, entry.category, entry.supplier, entry.picture, entry.duration, entry.released]
        for text in (*entry.title, *entry.attributes, *entry.search, *named):
            if text is not None:
                yield from (link.to for link in resolve(schema, name, text).hops)
    for name, collection in project.collections.items():
        yield from (name, collection.links)
        if collection.people is not None:
            yield collection.people


def _plain(keys: pa.Array) -> pa.Array:
    whole = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole
