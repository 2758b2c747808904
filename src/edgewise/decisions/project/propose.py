"""A project to start from: what a schema and its runs suggest, to be looked over by a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from edgewise.decisions.project.file import (
    CollectionEntry,
    ItemEntry,
    ListsEntry,
    PeopleEntry,
    ProjectFile,
    SurfacesEntry,
)
from edgewise.schema.model import Column, Schema, Table
from edgewise.stypes import SType

__all__ = ["propose"]

_TITLE: Final = ("title", "name", "label", "headline", "description", "type")
_CATEGORY: Final = ("genre", "category", "topic", "section", "department", "group", "style", "class")
_CREATOR: Final = (
    "artist",
    "author",
    "creator",
    "director",
    "podcast",
    "channel",
    "show",
    "brand",
    "maker",
    "designer",
)
_SUPPLIER: Final = ("manufacturer", "supplier", "vendor", "seller", "publisher", "brand")
_PICTURE: Final = ("image", "picture", "cover", "photo", "thumbnail", "poster")
_DURATION: Final = ("duration", "length", "runtime", "seconds")
_REGION: Final = ("region", "country", "state", "market", "city")
#: What people did, by a word in the name of the table that says so; and the title of what is due again.
_DEEDS: Final = (
    ("listen", "listened to", "Listen again"),
    ("play", "played", "Play it again"),
    ("watch", "watched", "Watch again"),
    ("view", "viewed", "Look again"),
    ("read", "read", "Read again"),
    ("follow", "followed", "Once more"),
    ("rat", "rated", "Once more"),
    ("book", "booked", "Book again"),
    ("transaction", "bought", "Buy it again"),
    ("order", "bought", "Buy it again"),
    ("purchase", "bought", "Buy it again"),
    ("sale", "bought", "Buy it again"),
    ("basket", "bought", "Buy it again"),
)
#: Categories are columns of this many values.
_FEW, _MANY = 3, 500


def propose(
    schema: Schema, people: str, targets: Mapping[str, str], *, source: str, name: str, runs: Mapping[str, str]
) -> ProjectFile:
    """A project for people of one table and the kinds of things that runs rank.

    Args:
        schema: the tables.
        people: the table of the people: the runs' entity.
        targets: for each kind of things, the table that says what people did with them.
        source: where the tables are.
        name: what the project is called.
        runs: the folder of each kind's run.
    """
    items = {kind: _item(schema, schema.table(kind), targets[kind], people) for kind in targets}
    main = next(iter(items))
    follow = {k: _deed(t)[0] for k, t in targets.items() if _deed(t)[0] == "followed"}
    for kind, entry in items.items():
        table = _creator_table(schema, schema.table(kind))
        if table in follow:
            items[kind] = entry.model_copy(update={"follow": "follow", "creators": _many(table)})
    lists = items[main].duration is not None
    return ProjectFile(
        name=name,
        source=source,
        people=_people(schema, people),
        runs=dict(runs),
        items=items,
        collections=dict(_collections(schema, people, items)),
        surfaces=SurfacesEntry(playlists=ListsEntry(kind=main) if lists else None),
    )


def _people(schema: Schema, people: str) -> PeopleEntry:
    table = schema.table(people)
    age = next((c.name for c in table.columns if c.name.casefold() == "age" and c.stype is SType.NUMERICAL), None)
    return PeopleEntry(table=people, age=age, region=_named(table, _REGION, SType.CATEGORICAL))


def _item(schema: Schema, table: Table, target: str, people: str) -> ItemEntry:
    did, again = _deed(target)
    duration = _named(table, _DURATION, SType.NUMERICAL)
    numbers = [
        c.name for c in table.columns if c.stype is SType.NUMERICAL and c.name != duration and not c.personal
    ]
    return ItemEntry(
        title=_title(table),
        creator=_creator(schema, table),
        creators=_many(_creator_table(schema, table)) if _creator_table(schema, table) else None,
        category=_category(table),
        supplier=_linked(schema, table, _SUPPLIER),
        picture=_named(table, _PICTURE, SType.TEXT) or _named(table, _PICTURE, SType.CATEGORICAL),
        duration=duration,
        released=table.time,
        attributes=numbers[:6],
        did=did,
        again=again,
    )


def _deed(table: str) -> tuple[str, str]:
    low = table.casefold()
    return next(((did, again) for word, did, again in _DEEDS if word in low), ("chose", "Once more"))


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())


def _named(table: Table, words: tuple[str, ...], stype: SType) -> str | None:
    """The first column of a type by the first of the words that is in its name."""
    for word in words:
        for column in table.columns:
            if column.stype is stype and word in _words(column.name) and not column.personal:
                return column.name
    return None


def _title(table: Table) -> list[str]:
    """What things are called: a name or title, otherwise the columns that tell them apart best."""
    named = _named(table, _TITLE, SType.TEXT) or _named(table, _TITLE, SType.CATEGORICAL)
    texts = [c for c in table.columns if c.stype in (SType.TEXT, SType.CATEGORICAL) and not c.personal]
    telling = sorted(texts, key=lambda c: -(c.distinct or 0))
    if named is None:
        named = telling[0].name if telling else table.key or table.columns[0].name
    first = next((c for c in table.columns if c.name == named), None)
    if first is not None and first.distinct is not None and first.distinct * 4 < table.rows:
        return [named, *(c.name for c in telling[:2] if c.name != named)][:2]
    return [named]


def _category(table: Table) -> str | None:
    def few(column: Column) -> bool:
        return (
            column.stype is SType.CATEGORICAL
            and _FEW <= (column.distinct or _FEW) <= _MANY
            and not column.personal
        )

    found = [c for c in table.columns if few(c)]
    for word in _CATEGORY:
        for column in found:
            if word in _words(column.name):
                return column.name
    return found[0].name if found else None


def _linked(schema: Schema, table: Table, words: tuple[str, ...]) -> str | None:
    """A foreign key to a table of that name, or a category of that name."""
    for link in schema.links_from(table.name):
        if any(word in link.to.casefold() for word in words):
            return link.column
    return _named(table, words, SType.CATEGORICAL)


def _creator_table(schema: Schema, table: Table) -> str | None:
    for word in _CREATOR:
        for link in schema.links_from(table.name):
            if word in link.to.casefold() and len(schema.table(link.to).columns) > 1:
                return link.to
    return None


def _creator(schema: Schema, table: Table) -> str | None:
    other = _creator_table(schema, table)
    if other is None:
        return _named(table, _CREATOR, SType.TEXT)
    return f"{other}.{_title(schema.table(other))[0]}"


def _many(table: str | None) -> str | None:
    return None if table is None else table.replace("_", " ")


def _collections(
    schema: Schema, people: str, items: Mapping[str, ItemEntry]
) -> Iterator[tuple[str, CollectionEntry]]:
    """Tables that another table ties to things, and to no people: playlists, bundles, campaigns."""
    for kind in items:
        for link in schema.links_to(kind):
            ends = {other.to for other in schema.links_from(link.table)} - {kind}
            if people in ends or schema.table(link.table).key is not None:
                continue
            for to in sorted(ends - set(items)):
                table = schema.table(to)
                if table.key is None or table.implied_by or _named(table, _TITLE, SType.TEXT) is None:
                    continue
                yield to, CollectionEntry(title=_title(table), links=link.table, items=kind, created=table.time)
