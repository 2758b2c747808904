"""An entry read off the schema: which tables are events of people, and what is worth watching in them."""

from __future__ import annotations

import math
from typing import Final

from edgewise.decisions.trends.entry import TrendsEntry, WatchedEntry
from edgewise.decisions.trends.ways import profiles
from edgewise.errors import SchemaError
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.schema.names import singular, words
from edgewise.schema.words import PEOPLE, PLACES
from edgewise.stypes import SType

__all__ = ["propose"]

_PEOPLE: Final = {*PEOPLE, "household", "listener", "reader", "viewer", "buyer", "shopper", "family", "resident"}
_PLACES: Final = {*PLACES, "store", "shop", "branch", "region", "country", "outlet", "market", "area", "district"}
_SEARCH: Final = {"search", "query", "searches", "queries", "term", "keyword"}
_NOT_ITEMS: Final = {"basket", "order", "session", "visit", "cart", "invoice", "trip", "receipt", "transaction"}
#: A column groups items or people if it has so many values.
_FEW, _MANY = 2, 3000
_GROUPS: Final = 40
_ROWS: Final = 200


def propose(schema: Schema) -> TrendsEntry:
    """What may be watched for trends in tables like these.

    Events are timed tables that link to people, or to items. Items are what else they link to, places apart.

    Raises:
        SchemaError: no table has events.
    """
    watched = {}
    for table in schema:
        entry = _watched(schema, table)
        if entry is not None:
            watched[table.name] = entry
    if not watched:
        timed = [t.name for t in schema if t.timed]
        raise SchemaError(
            "no table has events to be watched: rows with a time that link to people or items",
            hint=f"tables with a time: {', '.join(timed)}" if timed else "name a time column in the graph file",
        )
    return TrendsEntry(events=watched)


def _watched(schema: Schema, table: Table) -> WatchedEntry | None:
    links = schema.links_from(table.name)
    if table.time is None or table.rows < _ROWS:
        return None
    people = [link for link in links if _kind(link.to, _PEOPLE)]
    text = _text(table)
    items = [k for k in links if k not in people and not _kind(k.to, _PLACES) and not _kind(k.to, _NOT_ITEMS)]
    if not people or not (items or text):
        return None  # what is not about both people and things is a register, not events
    item = max(items, key=lambda k: schema.table(k.to).rows, default=None)
    person = people[0]
    levels = _levels(schema, table, item, items)
    behaviours = [
        c.name for c in table.columns
        if c.stype is SType.CATEGORICAL and _FEW <= (c.distinct or 0) <= _GROUPS and not c.personal
    ]  # fmt: skip
    return WatchedEntry(
        people=person.column,
        items=None if item is None else item.column,
        levels=levels,
        behaviours=behaviours,
        text=text,
        where=_where(schema, links),
        whom=_whom(schema, person),
        within=_within(schema, levels),
    )


def _kind(table: str, nouns: set[str]) -> bool:
    return any(singular(word) in nouns for word in words(table))


def _text(table: Table) -> str | None:
    texts = [c.name for c in table.columns if c.stype is SType.TEXT and not c.personal]
    said = {singular(w) for w in words(table.name)} | {w for t in texts for w in words(t)}
    return texts[0] if texts and said & _SEARCH else None


def _levels(schema: Schema, table: Table, item: Link | None, items: list[Link]) -> list[str]:
    """Columns that group items: their own, what they link to, and what the events link to themselves."""
    if item is None:
        return []
    found = [f"{item.to}.{c.name}" for c in schema.table(item.to).columns if _groups(c)]
    ways = {k.to for k in schema.links_from(item.to)} | {k.to for k in items if k is not item}
    direct = {k.to: k.column for k in items if k is not item}
    for to in sorted(ways):
        if to in direct:
            found.append(direct[to])
        else:
            link = next(k for k in schema.links_from(item.to) if k.to == to)
            found.append(f"{item.to}.{link.column}")
    return found


def _groups(column: Column) -> bool:
    return column.stype is SType.CATEGORICAL and _FEW <= (column.distinct or 0) <= _MANY and not column.personal


def _within(schema: Schema, levels: list[str]) -> str | None:
    """The level that is watched in each place and group: of nearly a hundred values, in proportion."""
    sized = []
    for level in levels:
        table, _, name = level.rpartition(".")
        own = next((c for c in schema.table(table).columns if c.name == name), None) if table else None
        if own is not None and own.stype is SType.CATEGORICAL and (own.distinct or 0) <= 500:
            sized.append((abs(math.log((own.distinct or 1) / 100)), level))
    return min(sized)[1] if sized else None


def _where(schema: Schema, links: tuple[Link, ...]) -> list[str]:
    found = []
    for link in links:
        if _kind(link.to, _PLACES):
            found.append(link.column)
            found += [f"{link.to}.{c.name}" for c in schema.table(link.to).columns if _splits(c)]
    return found


def _whom(schema: Schema, person: Link) -> list[str]:
    """Columns of people, and of tables that share the people's key."""
    tables = [person.to, *profiles(schema, person.table, WatchedEntry(people=person.column))]
    return [f"{name}.{c.name}" for name in tables for c in schema.table(name).columns if _splits(c)]


def _splits(column: Column) -> bool:
    return (
        column.stype in (SType.CATEGORICAL, SType.BOOLEAN)
        and _FEW <= (column.distinct or 0) <= _GROUPS
        and not column.personal
    )
