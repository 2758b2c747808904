"""A project that only decides, opened: its tables, so that events are checked and the graph is shown; no model."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from edgewise.decisions.deciding import Asked, asked, latest_of
from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.registry import kind_of
from edgewise.decisions.settings import entry_for
from edgewise.errors import ArgumentError, UserError
from edgewise.schema.model import Schema
from edgewise.serving.live import Deciding
from edgewise.sources.database import open_database

__all__ = ["open_deciding"]


def open_deciding(project: Path, say: Callable[[str], None] = lambda _: None) -> Deciding:
    """The tables that a project file decides on. Where they cannot be opened, what was decided is still shown.

    Raises:
        ProjectError: the project file is wrong.
    """
    found = asked(project)
    say(f"opening {found.source}")
    try:
        with open_database(found.source, found.graph) as database:
            schema, latest = database.schema, _latest(lambda: latest_of(database))
    except UserError as error:
        say(f"the tables cannot be opened: {error.message}")
        schema, latest = Schema({}, ()), 0
    users = _users(found, schema)
    return Deciding(schema, users, latest, _fit(found, schema, users))


def _latest(read: Callable[[], int]) -> int:
    try:
        return read()
    except ArgumentError:  # no row has a time
        return 0


def _users(found: Asked, schema: Schema) -> str:
    """The table of those whom the live decisions are about, as the project declares or the tables propose them."""
    for name in ("notify", "match"):
        try:
            entry = entry_for(kind_of(name), schema, found.declared(name), {})
        except UserError:
            continue
        if isinstance(entry, NotifyEntry):
            return entry.users.table
        assert isinstance(entry, MatchEntry)
        links = schema.links_from(entry.asks.table)
        return next((link.to for link in links if link.column == entry.asks.asker), "")
    return ""


def _fit(found: Asked, schema: Schema, users: str) -> str:
    """The command that makes a model of the tables: of what is most done with things, where that can be seen."""
    graph = [] if found.graph is None else ["--graph", str(found.graph)]
    return shlex.join(["edgewise", "fit", found.source, _query(schema, users), *graph, "--out", "runs/first"])


def _query(schema: Schema, users: str) -> str:
    """What people do with things: the largest table of events that ties two tables which refer to no other."""
    for table in sorted((one for one in schema if one.timed), key=lambda one: -one.rows):
        links = schema.links_from(table.name)
        leaves = [link for link in links if link.to == users or not schema.links_from(link.to)]
        ends = sorted(leaves, key=lambda link: (link.to != users, -schema.tables[link.to].rows))
        others = [link for link in ends if link.to != ends[0].to]
        if others:
            who, key = ends[0].to, schema.tables[ends[0].to].key
            wanted = f"LIST_DISTINCT({table.name}.{others[0].column}, 0, 28, days)"
            return f"PREDICT {wanted} RANK TOP 12 FOR EACH {who}.{key}"
    return "PREDICT … RANK TOP 12 FOR EACH …"
