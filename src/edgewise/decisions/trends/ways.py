"""Ways from a row of events to a column: over links, and from people to what another table knows of them."""

from __future__ import annotations

from edgewise.decisions.project.refs import resolve
from edgewise.decisions.trends.entry import TrendsEntry, WatchedEntry
from edgewise.errors import ProjectError, SchemaError
from edgewise.schema.model import Column, Link, Schema

__all__ = ["check", "profiles", "way"]


def way(schema: Schema, events: str, entry: WatchedEntry, text: str) -> tuple[tuple[Link, ...], Column]:
    """The links to a column, and the column. A table that has one row a person is reached from the people.

    Raises:
        SchemaError: there is no such column, or no one way to it.
    """
    table, _, name = text.rpartition(".")
    if table in profiles(schema, events, entry) and text not in schema.table(events):
        return (Link(events, str(entry.people), table),), schema.table(table).column(name)
    found = resolve(schema, events, text)
    return found.hops, found.column


def profiles(schema: Schema, events: str, entry: WatchedEntry) -> list[str]:
    """Tables whose key refers to the people of these events: a row a person, such as demographics."""
    people = next((k.to for k in schema.links_from(events) if k.column == entry.people), None)
    if people is None:
        return []
    reached = {link.to for link in schema.links_from(events)}
    return [
        k.table
        for k in schema.links_to(people)
        if schema.table(k.table).key == k.column and k.table not in reached
    ]


def check(schema: Schema, entry: TrendsEntry) -> None:
    """Whether all tables and columns are there.

    Raises:
        ProjectError: one is not; the message says which entry names it.
    """
    for events, watched in entry.events.items():
        place = f"trends.events.{events}"
        try:
            table = schema.table(events)
            for name in (watched.people, watched.items, watched.text):
                if name is not None:
                    table.column(name)
            refs = [*watched.levels, *watched.behaviours, *watched.where, *watched.whom]
            for text in refs if watched.within is None else [*refs, watched.within]:
                way(schema, events, watched, text)
        except SchemaError as error:
            raise ProjectError(f"{place}: {error.message}", hint=error.hint) from error
        if not table.timed:
            timed = [t.name for t in schema if t.timed]
            raise ProjectError(f"{place}: its rows have no time", hint=f"tables with a time: {', '.join(timed)}")
        if watched.levels and watched.items is None:
            raise ProjectError(
                f"{place}: levels group items, and there is no column of items", hint="add items: COLUMN"
            )
