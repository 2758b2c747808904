"""What inference need not guess because somebody said so: the graph file, or the database's own constraints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edgewise.schema.model import Clock
from edgewise.schema.profile import Declared, TableProfile
from edgewise.stypes import SType

__all__ = ["DECLARED_LINK", "Given", "GivenClock", "merge_declared"]


#: The reason of a link that the database declares.
DECLARED_LINK: Final = "declared as a foreign key"


@dataclass(frozen=True, slots=True)
class GivenClock:
    """A clock as the graph file says it: learnt beside `like` (table, column), or regular from `origin` (the
    moment at which tick `first` begins, microseconds) in steps of `every` microseconds. `end` reads a row at
    its period's end. `ready` is a clock that is known whole."""

    column: str
    like: tuple[str, str] | None = None
    origin: int | None = None
    first: int | None = None
    every: int | None = None
    end: bool = False
    ready: Clock | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Decisions made outside inference, each with its reason. None as a value means "none, and do not guess"."""

    keys: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)
    times: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)
    clocks: Mapping[str, GivenClock | None] = field(default_factory=dict)
    stypes: Mapping[tuple[str, str], tuple[SType, str]] = field(default_factory=dict)
    separators: Mapping[tuple[str, str], str] = field(default_factory=dict)
    links: Mapping[tuple[str, str], tuple[str | None, str]] = field(default_factory=dict)
    dropped: frozenset[tuple[str, str]] = frozenset()
    implied: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    not_implied: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)


def merge_declared(given: Given, declared: Declared, profiles: Mapping[str, TableProfile]) -> Given:
    """`given` completed by the database's own constraints; what the graph file says wins."""
    keys: dict[str, tuple[str | None, str]] = {
        table: (columns[0], "declared as the primary key")
        for table, columns in declared.keys.items()
        if table in profiles and len(columns) == 1
    } | {
        table: (None, f"declared primary key over several columns: {', '.join(columns)}")
        for table, columns in declared.keys.items()
        if table in profiles and len(columns) > 1
    }
    keys |= given.keys
    links: dict[tuple[str, str], tuple[str | None, str]] = {
        (link.table, link.column): (link.to, DECLARED_LINK)
        for link in declared.links
        if link.table in profiles
        and link.to in profiles
        and keys.get(link.to, (link.to_column,))[0] == link.to_column
    }
    for link in declared.links:
        if link.to in profiles:
            keys.setdefault(link.to, (link.to_column, "referenced by a declared foreign key"))
    return Given(
        keys, given.times, given.clocks, given.stypes, given.separators, {**links, **given.links},
        given.dropped, given.implied, given.not_implied, given.renamed,
    )  # fmt: skip
