"""What a user can do with a thing: the tables of events that link users to things of its kind."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.schema.model import Schema, Table
from edgewise.schema.names import singular

__all__ = ["Search", "Verb", "search_of", "verbs_of"]


@dataclass(frozen=True, slots=True)
class Verb:
    """An event of one table: `user` and `thing` are the columns that say who and what."""

    table: str
    user: str
    thing: str
    label: str


@dataclass(frozen=True, slots=True)
class Search:
    """The table of searches: `user` and `text` are the columns that say who and what for."""

    table: str
    user: str
    text: str


def verbs_of(schema: Schema, users: str, kind: str) -> list[Verb]:
    """The events that a user and a thing of a kind can have together, the most frequent first."""
    found = []
    for table in sorted(schema, key=lambda table: -table.rows):
        who, what = _link(schema, table, users), _link(schema, table, kind)
        if table.timed and who is not None and what is not None:
            found.append(Verb(table.name, who, what, _said(table.name)))
    return found


def search_of(schema: Schema, users: str) -> Search | None:
    """The table of searches, where there is one."""
    for table in schema:
        who = _link(schema, table, users)
        links = {link.column for link in schema.links_from(table.name)}
        words = [c.name for c in table.columns if c.dtype in ("string", "large_string") and c.name not in links]
        if "search" in table.name.casefold() and table.timed and who is not None and words:
            return Search(table.name, who, words[0])
    return None


def _link(schema: Schema, table: Table, to: str) -> str | None:
    return next((link.column for link in schema.links_from(table.name) if link.to == to), None)


def _said(table: str) -> str:
    """A table of events as a button says it: `podcast_listens` is a podcast listen."""
    *first, last = table.replace("-", "_").split("_")
    return " ".join([*first, singular(last)]).strip().capitalize()
