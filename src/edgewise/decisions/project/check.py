"""Are the names of a project file those of the schema? Every table, column and condition is looked up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from edgewise.decisions.project.file import CollectionEntry, ItemEntry, ProjectFile, ShelfEntry, ShelfKind
from edgewise.decisions.project.marks import Marked, Place
from edgewise.decisions.project.refs import Ref, resolve
from edgewise.decisions.project.rules import (
    AgeEntry,
    BoostEntry,
    ExcludeEntry,
    FilterEntry,
    PinEntry,
    QuotaEntry,
    RuleEntry,
    StockEntry,
)
from edgewise.errors import QueryError, SchemaError, proposal
from edgewise.query.bound import Family
from edgewise.query.condition import bind_condition
from edgewise.query.names import family_of
from edgewise.schema.model import Schema

__all__ = ["BY", "check"]

#: What shelves of `more` can go by, beside columns.
BY = ("category", "creator", "supplier")


def check(project: ProjectFile, schema: Schema, marked: Marked) -> None:
    """Check every name of a project.

    Raises:
        ProjectError: a name that does not exist, or a column that cannot serve; it points at line and key.
    """
    _Check(project, schema, marked).everything()


class _Check:
    def __init__(self, project: ProjectFile, schema: Schema, marked: Marked) -> None:
        self.project, self.schema, self.marked = project, schema, marked

    def everything(self) -> None:
        project = self.project
        self.table(project.people.table, ("people", "table"))
        for field in ("age", "region"):
            family = (Family.NUMBER,) if field == "age" else None
            self.column(project.people.table, getattr(project.people, field), ("people", field), family)
        for kind, entry in project.items.items():
            self.item(kind, entry, ("items", kind))
        for name, collection in project.collections.items():
            self.collection(name, collection, ("collections", name))
        for kind in project.runs:
            self.known(kind, self.kinds, ("runs", kind), "kind of things")
        self.surfaces()
        names: set[str] = set()
        for i, rule in enumerate(project.rules):
            if rule.name in names:
                raise self.marked.error(("rules", i, "name"), f"two rules are called '{rule.name}'", "rename one")
            names.add(rule.name)
            self.rule(rule, ("rules", i))

    @property
    def kinds(self) -> list[str]:
        return [*self.project.items, *self.project.collections]

    def item(self, kind: str, entry: ItemEntry, place: Place) -> None:
        self.table(kind, place)
        for i, column in enumerate(entry.title):
            many = len(entry.title) > 1
            self.column(kind, column, (*place, "title", i) if many else (*place, "title"))
        for field in ("creator", "category", "supplier", "picture"):
            self.column(kind, getattr(entry, field), (*place, field))
        self.column(kind, entry.duration, (*place, "duration"), (Family.NUMBER,))
        self.column(kind, entry.released, (*place, "released"), (Family.TIME,))
        for i, column in enumerate(entry.attributes):
            self.column(kind, column, (*place, "attributes", i), (Family.NUMBER, Family.BOOLEAN))
        for i, column in enumerate(entry.search):
            self.column(kind, column, (*place, "search", i))

    def collection(self, name: str, entry: CollectionEntry, place: Place) -> None:
        self.table(name, place)
        for column in entry.title:
            self.column(name, column, (*place, "title"))
        self.column(name, entry.created, (*place, "created"), (Family.TIME,))
        self.column(name, entry.ends, (*place, "ends"), (Family.TIME,))
        self.table(entry.links, (*place, "links"))
        self.known(entry.items, self.project.items, (*place, "items"), "kind of things")
        self.ties(entry.links, (name, entry.items), (*place, "links"))
        if entry.people is not None:
            self.table(entry.people, (*place, "people"))
            self.ties(entry.people, (name, self.project.people.table), (*place, "people"))

    def ties(self, table: str, ends: tuple[str, str], place: Place) -> None:
        near = [link.to for link in self.schema.links_from(table)]
        for to in ends:
            if to not in near:
                hint = f"'{table}' links to: {', '.join(near) or 'nothing'}"
                raise self.marked.error(place, f"'{table}' has no link to '{to}'", hint)

    def surfaces(self) -> None:
        surfaces = self.project.surfaces
        for i, shelf in enumerate(surfaces.home.show):
            self.shelf(shelf, ("surfaces", "home", "show", i))
        if surfaces.playlists is not None:
            place: Place = ("surfaces", "playlists", "kind")
            self.known(surfaces.playlists.kind, self.project.items, place, "kind of things")

    def shelf(self, shelf: ShelfEntry, place: Place) -> None:
        many = self.project.collections if shelf.shelf == "collections" else self.project.items
        what = "collection" if shelf.shelf == "collections" else "kind of things"
        self.known(shelf.kind, many, (*place, "kind"), what)
        self.source(shelf, place)
        entry = self.project.items.get(shelf.kind)
        if shelf.shelf == "more" and entry is not None and shelf.by not in BY:
            self.column(shelf.kind, shelf.by, (*place, "by"))
        elif shelf.shelf == "more" and entry is not None and getattr(entry, shelf.by) is None:
            raise self.marked.error(
                (*place, "by"), f"'{shelf.kind}' has no {shelf.by}", f"give items.{shelf.kind}.{shelf.by}"
            )
        if shelf.shelf == "new_from" and entry is not None and entry.creator is None:
            raise self.marked.error(
                (*place, "shelf"), f"'{shelf.kind}' has no creator", f"give items.{shelf.kind}.creator"
            )

    def source(self, shelf: ShelfEntry, place: Place) -> None:
        if shelf.shelf == "inside":
            if shelf.source is None:
                raise self.marked.error((*place, "source"), "is missing", "it names the table of collections")
            self.known(shelf.source, self.project.collections, (*place, "source"), "collection")
            if self.project.collections[shelf.source].items != shelf.kind:
                items = self.project.collections[shelf.source].items
                raise self.marked.error((*place, "kind"), f"'{shelf.source}' are collections of '{items}'", items)
        elif shelf.source is not None:
            self.known(shelf.source, self.project.items, (*place, "source"), "kind of things")

    def rule(self, rule: RuleEntry, place: Place) -> None:
        self.known(rule.kind, self.project.items, (*place, "kind"), "kind of things")
        if isinstance(rule, FilterEntry | PinEntry | BoostEntry):
            self.condition(rule.where, rule.kind, (*place, "where"))
        if isinstance(rule, PinEntry):
            self.known(rule.shelf, get_args(ShelfKind), (*place, "shelf"), "kind of shelf")
        elif isinstance(rule, ExcludeEntry):
            for i, shelf in enumerate(rule.shelves):
                self.known(shelf, get_args(ShelfKind), (*place, "shelves", i), "kind of shelf")
        elif isinstance(rule, QuotaEntry):
            if getattr(self.project.items[rule.kind], rule.per) is None:
                hint = f"give items.{rule.kind}.{rule.per}"
                raise self.marked.error((*place, "per"), f"'{rule.kind}' has no {rule.per}", hint)
        elif isinstance(rule, StockEntry):
            self.column(rule.kind, rule.column, (*place, "column"), (Family.NUMBER, Family.BOOLEAN))
        elif not isinstance(rule, FilterEntry | BoostEntry):
            family = (Family.NUMBER,) if isinstance(rule, AgeEntry) else None
            self.column(rule.kind, rule.column, (*place, "column"), family)
            field = rule.rule
            if getattr(self.project.people, field) is None:
                hint = f"give people.{field}, the column with people's {field}"
                raise self.marked.error((*place, "rule"), f"the {field} of people is not known", hint)

    def condition(self, text: str, table: str, place: Place) -> None:
        try:
            bind_condition(text, self.schema, table)
        except QueryError as error:
            pointed = str(error).removesuffix(f"\nhint: {error.hint}")
            raise self.marked.error(place, pointed, error.hint) from error

    def table(self, name: str, place: Place) -> None:
        self.known(name, self.schema.tables, place, "table")

    def known(self, name: str, known: Iterable[str], place: Place, what: str) -> None:
        names = list(known)
        if name not in names:
            shown = ", ".join(sorted(names)[:12]) or "none"
            raise self.marked.error(place, f"'{name}' is no {what}", proposal(name, names, f"there are: {shown}"))

    def column(
        self, table: str, text: str | None, place: Place, families: tuple[Family, ...] | None = None
    ) -> None:
        if text is None:
            return
        try:
            ref: Ref = resolve(self.schema, table, text)
        except SchemaError as error:
            raise self.marked.error(place, error.message, error.hint) from error
        if families is not None and family_of(ref.column) not in families:
            wanted = " or ".join(f.value for f in families)
            raise self.marked.error(place, f"'{text}' is a {family_of(ref.column).value}, not a {wanted}")
