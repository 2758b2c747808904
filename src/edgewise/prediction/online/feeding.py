"""Events to changes: a row that arrives touches every world whose timelines read its table."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from edgewise.errors import ArgumentError, proposal
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event
from edgewise.prediction.online.build import GAP
from edgewise.prediction.online.conditions import holds
from edgewise.prediction.online.data import Feeds, KindData, SnapshotData, Steps, TableData
from edgewise.prediction.online.kind import LiveKind
from edgewise.prediction.online.tables import LiveKeys, LiveLink
from edgewise.query.bind import bind
from edgewise.query.bound import Field

__all__ = ["Tables", "feed", "joined"]

Rows = dict[tuple[str, ...], list[tuple[int, int, int]]]


class Tables:
    """Keys, links and columns of the tables that rankings share, with the rows that came since."""

    def __init__(self, data: SnapshotData) -> None:
        self.schema = data.schema
        self.keys = {name: LiveKeys(name, t.keys) for name, t in data.tables.items()}
        self._old = {name: len(t.keys) for name, t in data.tables.items()}
        self._untold = {name: set(t.untold.tolist()) for name, t in data.tables.items()}
        self.links = {
            (name, column): LiveLink(forward)
            for name, table in data.tables.items()
            for column, forward in table.forward.items()
        }
        self.columns = {(name, c): column for name, t in data.tables.items() for c, column in t.columns.items()}
        self._new: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)  # values of new rows, by table and row
        self._whole: dict[tuple[str, str], pa.Array] = {}
        self._named: dict[str, list[tuple[str, LiveKeys]]] = {}

    def named_in(self, table: str) -> list[tuple[str, LiveKeys]]:
        """The columns of a table that hold keys, and whose."""
        if table not in self._named:
            entry = self.schema.table(table)
            links = [(link.column, link.to) for link in self.schema.links_from(table)]
            own = [] if entry.key is None else [(entry.key, table)]
            self._named[table] = [(column, self.keys[to]) for column, to in (*own, *links) if to in self.keys]
        return self._named[table]

    def row(self, table: str, column: str, values: Mapping[str, Any]) -> int:
        """The row that a value of a foreign key names, a new one where the key is new."""
        return self.keys[table].add(values.get(column))

    def walk(self, steps: Steps, values: Mapping[str, Any]) -> int:
        """The row at the end of foreign keys, from a row that arrives; MISSING where they lead nowhere."""
        row = self.row(steps[0].to, steps[0].column, values)
        for link in steps[1:]:
            row = self.links[link.table, link.column][row]
        return row

    def value(self, field: Field, values: Mapping[str, Any]) -> Any:
        """A column's value, of the row that arrives or of one that it refers to."""
        if not field.hops:
            return values.get(field.column.name)
        row = self.walk(field.hops, values)
        return None if row == MISSING else self.cell(field.table, field.column.name, row)

    def cell(self, table: str, column: str, row: int) -> Any:
        """One value."""
        if row in self._new[table]:
            return self._new[table][row].get(column)
        old = self.columns[table, column]
        return old[row].as_py() if row < len(old) else None

    def told(self, table: str, row: int) -> bool:
        """Whether a row's own event has come, or it was there from the start."""
        return row in self._new[table] or (row < self._old[table] and row not in self._untold[table])

    def any_untold(self, table: str) -> bool:
        """Whether any row has told nothing."""
        known = self._old[table] - len(self._untold[table]) + len(self._new[table])
        return known < len(self.keys[table])

    def tell(self, table: str, row: int, values: Mapping[str, Any]) -> None:
        """Keep a new row's values and links."""
        self._new[table][row] = dict(values)
        for (name, column), link in self.links.items():
            if name == table:
                to = next(lk.to for lk in self.schema.links_from(table) if lk.column == column)
                link.set(row, self.row(to, column, values))
        for name, column in [key for key in self._whole if key[0] == table]:
            del self._whole[name, column]

    def drop(self, table: str, row: int) -> None:
        """Forget a row's key and what it told."""
        self.keys[table].drop(row)
        if row in self._new[table]:
            self._new[table][row] = {}

    def column(self, table: str, name: str) -> pa.Array:
        """A column with the rows that came since; null where a row has told nothing.

        Raises:
            KeyError: no such column.
        """
        old = self.columns[table, name]
        keys = self.keys[table]
        whole = self._whole.get((table, name))
        if whole is not None and len(whole) == len(keys):
            return whole
        if name == self.schema.table(table).key:
            whole = keys.keys()
        elif len(keys) == len(old) and not self._new[table]:
            whole = old
        else:
            first = min([len(old), *self._new[table]])
            more = [self.cell(table, name, row) for row in range(first, len(keys))]
            whole = joined(old[:first], more)
        self._whole[table, name] = whole
        return whole

    def fold(self) -> dict[str, TableData]:
        """The tables with all rows."""
        found = {}
        for name, keys in self.keys.items():
            rows = len(keys)
            untold = [
                row for row in (*self._untold[name], *range(self._old[name], rows)) if not self.told(name, row)
            ]
            found[name] = TableData(
                keys.keys(),
                {c: self.column(name, c) for t, c in self.columns if t == name},
                {c: link.fold(rows) for (t, c), link in self.links.items() if t == name},
                np.array(sorted(untold), dtype=np.int64),
            )
        return found


def joined(old: pa.Array, more: list[Any]) -> pa.Array:
    """A column with further values; one that is none of its type is null."""
    plain = old.dictionary_decode() if pa.types.is_dictionary(old.type) else old
    return pa.concat_arrays([plain, pa.array([_as(value, plain.type) for value in more], plain.type)])


def _as(value: Any, kind: pa.DataType) -> Any:
    try:
        return None if value is None else pa.scalar(value).cast(kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return str(value) if pa.types.is_string(kind) else None


def check_event(tables: Tables, event: Event) -> None:
    """Refuse rows that no table could hold, before they change anything.

    Raises:
        ArgumentError: an unknown table or column, or a key of another type.
    """
    known = tables.schema.tables
    if event.table not in known:
        hint = proposal(event.table, known, f"tables: {', '.join(sorted(known))}")
        raise ArgumentError(f"event '{event.id}': there is no table '{event.table}'", hint=hint)
    table = known[event.table]
    for name in event.values:
        if name not in table:
            names = [c.name for c in table.columns]
            hint = proposal(name, names, f"columns: {', '.join(names)}")
            raise ArgumentError(f"event '{event.id}': table '{event.table}' has no column '{name}'", hint=hint)
    for column, keys in tables.named_in(event.table):
        keys.cast(event.values.get(column))


class Feeder:
    """How one ranking's world takes events."""

    def __init__(self, kind: LiveKind, tables: Tables) -> None:
        self.kind, self.world, self.tables = kind, kind.world, tables
        self.feeds: Feeds = kind.data.feeds
        query = None if self.feeds.query is None else bind(self.feeds.query, tables.schema)
        self._where = None if query is None or query.aggregate is None else query.aggregate.where
        self._codes = {name: _codes(values) for name, values in self.feeds.values.items()}
        self._cohort_codes = {name: _codes(values) for name, values in self.feeds.cohort_values.items()}
        self._items = len(kind.data.world.order)
        self._sorted: list[Any] | None = None
        self._keys: LiveKeys = tables.keys[self.feeds.item]
        self._untold = self._met_before_told()

    def collect(self, event: Event, rows: Rows) -> None:
        """What one event says of the world, by what it changes."""
        feeds, values = self.feeds, event.values
        if feeds.met is not None and feeds.met[0] == event.table and holds(self._where, self._lookup(values)):
            who = self.tables.walk(feeds.met[1], values)
            what = self.tables.row(feeds.item, feeds.met[2], values)
            if who != MISSING:
                rows["met",].append((who, what, event.at))
        for table, entity, item, column, place in feeds.places:
            if table == event.table:
                where = self.tables.row(place, column, values)
                rows["visits", place].append((self.tables.row(feeds.entity, entity, values), where, event.at))
                rows["stocked", place].append((where, self.tables.row(feeds.item, item, values), event.at))
        for table, item, column, place in feeds.signals:
            if table == event.table:
                where = self.tables.row(place, column, values) if place else 0
                rows["signal", table].append((where, self.tables.row(feeds.item, item, values), event.at))

    def settle(self) -> None:
        """Make room for the rows that have come, and place new items among the others."""
        tables, feeds = self.tables, self.feeds
        items = len(self._keys)
        self.world.grow(len(tables.keys[feeds.entity]), items)
        for item in range(self._items, items):
            self.world.place_item(item, self._order(self._keys.key(item)), {})
        self._items = items

    def apply(self, rows: Rows) -> None:
        """Let collected events happen."""
        for key, every in rows.items():
            left, right, at = np.array(every, dtype=np.int64).reshape(-1, 3).T.copy()
            if key[0] == "met":
                self._note_untold(left, right, at)
                self.world.met(left, right, at)
            elif key[0] == "visits":
                self.world.visited(key[1], left, right, at)
            elif key[0] == "stocked":
                self.world.stocked_at(key[1], left, right, at)
            else:
                self.world.signalled(key[1], left, right, at)

    def told(self, event: Event, row: int) -> None:
        """A new item or entity has told its columns."""
        feeds, values = self.feeds, event.values
        if event.table == feeds.item and feeds.attributes:
            codes = {c: _code(self._codes[c], values.get(c)) for _, c in feeds.attributes}
            self.world.place_item(row, self._order(self._keys.key(row)), codes)
            if row in self._untold:
                left, at = np.array(self._untold.pop(row), dtype=np.int64).T
                self.world.retell_item(row, left.copy(), at.copy())
        if event.table == feeds.entity:
            own = [column for table, column, link in feeds.cohorts if table == event.table and not link]
            self.world.place_entity(row, {c: _code(self._cohort_codes[c], values.get(c)) for c in own})

    def linked(self, event: Event) -> None:
        """A row that says an entity's cohort: the first one counts."""
        for table, column, link in self.feeds.cohorts:
            if table == event.table and link:
                row = self.tables.row(self.feeds.entity, link, event.values)
                self.settle()
                code = _code(self._cohort_codes[column], event.values.get(column))
                if row != MISSING and self.world.evidence.cohorts[column][row] == MISSING:
                    self.world.place_entity(row, {column: code})

    def fold(self) -> KindData:
        """The ranking as it is now."""
        values = {name: _with(self.feeds.values[name], codes) for name, codes in self._codes.items()}
        cohorts = {
            name: _with(self.feeds.cohort_values[name], codes) for name, codes in self._cohort_codes.items()
        }
        world = self.world.fold(len(self.tables.keys[self.feeds.entity]), len(self._keys))
        return replace(
            self.kind.data, world=world, feeds=replace(self.feeds, values=values, cohort_values=cohorts)
        )

    def forget(self, row: int) -> None:
        """Drop an entity."""
        self.world.forget(row)
        for item, met in list(self._untold.items()):
            self._untold[item] = [entry for entry in met if entry[0] != row]

    def _met_before_told(self) -> dict[int, list[tuple[int, int]]]:
        """Meetings with items that had told nothing when the state was kept."""
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        untold = [row for row in range(self._items) if not self.tables.told(self.feeds.item, row)]
        if untold and self.feeds.attributes:
            world = self.kind.data.world
            for e in np.flatnonzero(np.isin(world.right, untold)).tolist():
                found[int(world.right[e])].append((int(world.left[e]), int(world.at[e])))
        return found

    def _lookup(self, values: Mapping[str, Any]) -> Any:
        return lambda field: self.tables.value(field, values)

    def _note_untold(self, left: np.ndarray, right: np.ndarray, at: np.ndarray) -> None:
        """Remember meetings with items that have told nothing: their attributes may come later."""
        if not self.feeds.attributes or not self.tables.any_untold(self.feeds.item):
            return
        for who, what, when in zip(left.tolist(), right.tolist(), at.tolist(), strict=True):
            if what != MISSING and not self.tables.told(self.feeds.item, what):
                self._untold[what].append((who, when))

    def _order(self, key: Any) -> int:
        """Where a new key stands among the others: between its neighbours."""
        if isinstance(key, int):
            return key
        if self._sorted is None:
            old = self._keys.keys()[: self.kind.data.world.items].drop_null()
            self._sorted = sorted(old.to_pylist())
        place = bisect_left(self._sorted, key)
        return place * GAP + GAP // 2


def _with(values: pa.Array, codes: dict[Any, int]) -> pa.Array:
    """The value of each code, new ones included."""
    more = [_as(value, values.type) for value in list(codes)[len(values) :]]
    return pa.concat_arrays([values, pa.array(more, values.type)]) if more else values


def _codes(values: pa.Array) -> dict[Any, int]:
    return {value: code for code, value in enumerate(values.to_pylist())}


def _code(codes: dict[Any, int], value: Any) -> int:
    """A value's code, a new one where the value is new; MISSING for null."""
    if value is None:
        return MISSING
    if value not in codes and not isinstance(value, str) and str(value) in codes:
        value = str(value)
    return codes.setdefault(value, len(codes))


def feed(events: Iterable[Event], tables: Tables, feeders: Iterable[Feeder]) -> None:
    """Let events happen to all worlds, in any order, together: the state is that of one after the other.

    Raises:
        ArgumentError: an event that no table could hold; those before it have happened.
    """
    feeders = list(feeders)
    collected: list[Rows] = [defaultdict(list) for _ in feeders]
    try:
        for event in events:
            check_event(tables, event)
            _one(event, tables, feeders, collected)
    finally:
        for feeder, rows in zip(feeders, collected, strict=True):
            feeder.settle()
            feeder.apply(rows)


def _one(event: Event, tables: Tables, feeders: list[Feeder], collected: list[Rows]) -> None:
    key = tables.schema.table(event.table).key
    if event.table in tables.keys and key is not None:
        row = tables.keys[event.table].add(event.values.get(key))
        if row != MISSING and not tables.told(event.table, row):
            tables.tell(event.table, row, event.values)
            for feeder in feeders:
                feeder.settle()
                feeder.told(event, row)
    for feeder, rows in zip(feeders, collected, strict=True):
        feeder.collect(event, rows)
        feeder.linked(event)
