"""Schema inference: from statistics to tables, keys, links, times and meanings, each with its reason.

The order of the steps is the order of certainty: times, keys, links, implied entities, clocks, meanings, problems.
Every step is a pure function of profiles, of what was given, and of answers to questions about the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgewise.errors import SchemaError
from edgewise.schema.clocks import clock_for, clock_from_given
from edgewise.schema.given import Given, merge_declared
from edgewise.schema.implied import Implied, find_implied
from edgewise.schema.keys import KeyChoice, Names, adopt_key, choose_key, composite_key, owners
from edgewise.schema.known import Known
from edgewise.schema.links import Found, find_links
from edgewise.schema.model import Clock, Column, Link, Problem, Schema, Table
from edgewise.schema.names import common_words, table_words
from edgewise.schema.personal import identifies, reason_of
from edgewise.schema.problems import find_problems
from edgewise.schema.profile import ColumnProfile, Declared, Evidence, TableProfile
from edgewise.schema.semantics import Meaning, Role, meaning_of
from edgewise.schema.times import TimeChoice, choose_time
from edgewise.stypes import SType

__all__ = ["infer"]

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the steps before the last have decided."""

    profiles: Mapping[str, TableProfile]
    times: Mapping[str, TimeChoice]
    keys: Mapping[str, KeyChoice]
    clocks: Mapping[str, Clock]
    links: tuple[Link, ...]
    given: Given
    found: Found

    def distinct(self, table: str, column: ColumnProfile) -> int:
        """The distinct values of a column, counted exactly where it was compared with a key."""
        there = self.found.dangling.get((table, column.name))
        return there.distinct if there is not None else column.distinct


def infer(
    profiles: Mapping[str, TableProfile],
    evidence: Evidence,
    given: Given | None = None,
    declared: Declared | None = None,
) -> Schema:
    """Infer the schema of some tables.

    Args:
        profiles: statistics of each table, by name.
        evidence: answers questions about the data.
        given: decisions of the graph file; they are taken as they are.
        declared: constraints that the database itself declares; they win over guesses.

    Raises:
        SchemaError: there are no tables, or what was given cannot be.
    """
    if not profiles:
        raise SchemaError(
            "there are no tables to read", hint="check the source, and which tables the graph file leaves out"
        )
    profiles = {name: profiles[name] for name in sorted(profiles)}
    declared = declared or Declared()
    given = merge_declared(given or Given(), declared, profiles)
    shared = common_words(profiles)
    names = {name: table_words(name, shared) for name in profiles}
    times = {name: choose_time(profiles[name], names[name], evidence, given) for name in profiles}
    keys = _keys(profiles, names, times, evidence, given)
    claimed = {place for places in given.implied.values() for place in places}
    skip = given.dropped | {(t, c) for t, choice in times.items() for c in choice.readings}
    found = find_links(profiles, names, keys, evidence, given, skip | claimed)
    keys = dict(found.keys)
    implied = find_implied(profiles, names, keys, found, evidence, given, skip)
    links = tuple(sorted((*found.links, *implied.links), key=lambda link: (link.table, link.column)))
    clocks = _clocks(profiles, times, keys, links, evidence, given)
    keys |= _composites(profiles, keys, links, evidence)
    parts = _Parts(profiles, times, keys, clocks, links, given, found)
    tables, dropped = _tables(parts, implied)
    wide = {name: columns for name, columns in declared.keys.items() if name in tables and len(columns) > 1}
    known = Known(profiles, tables, links, times, found, evidence, wide)
    left_out = tuple(sorted(given.dropped))
    return Schema(tables, links, (*dropped, *find_problems(known)), left_out)


def _keys(
    profiles: Mapping[str, TableProfile], names: Names, times: Mapping[str, TimeChoice], evidence: Evidence,
    given: Given,
) -> dict[str, KeyChoice]:  # fmt: skip
    owned = owners(profiles, names)
    linked = {place for places in given.implied.values() for place in places} | set(given.links)
    keys = {}
    for name, profile in profiles.items():
        skip = {c for t, c in given.dropped if t == name} | set(times[name].readings)
        kept = replace(profile, columns=tuple(c for c in profile.columns if c.name not in skip))
        if name in given.keys:
            column, reason = given.keys[name]
            keys[name] = KeyChoice(column, reason, own=(name, column) not in linked)
        else:
            keys[name] = choose_key(kept, names, times[name].column is not None, owned)
            if keys[name].column is None:
                keys[name] = adopt_key(kept, profiles, evidence, owned) or keys[name]
    return keys


def _composites(
    profiles: Mapping[str, TableProfile],
    keys: Mapping[str, KeyChoice],
    links: tuple[Link, ...],
    evidence: Evidence,
) -> dict[str, KeyChoice]:
    """Say where several columns together are unique; the key stays none, because links name one column."""
    found = {}
    for name, profile in profiles.items():
        if keys[name].column is not None or keys[name].reason.startswith("declared"):
            continue
        columns = composite_key(profile, evidence, frozenset(k.column for k in links if k.table == name))
        if columns is not None:
            reason = f"only {', '.join(columns)} together are unique; rows stay without a key"
            found[name] = KeyChoice(None, reason)
    return found


def _clocks(
    profiles: Mapping[str, TableProfile], times: Mapping[str, TimeChoice], keys: Mapping[str, KeyChoice],
    links: tuple[Link, ...], evidence: Evidence, given: Given,
) -> dict[str, Clock]:  # fmt: skip
    """Clocks of tables without a time column, learnt from those that have one."""
    time_of = {name: choice.column for name, choice in times.items() if choice.column is not None}
    clocks = {}
    for name, profile in profiles.items():
        if name in given.clocks:
            said = given.clocks[name]
            if said is not None:
                clocks[name] = clock_from_given(said, profile, evidence, time_of)
        elif name not in time_of and name not in given.times:
            skip = {k.column for k in links if k.table == name and k.to not in time_of}
            skip |= {c for t, c in given.dropped if t == name} | {keys[name].column or ""}
            clock = clock_for(profile, time_of, profiles, evidence, frozenset(skip))
            if clock is not None:
                clocks[name] = clock
    return clocks


def _tables(parts: _Parts, implied: Implied) -> tuple[dict[str, Table], tuple[Problem, ...]]:
    problems: list[Problem] = []
    tables = {name: _table(parts, name, problems) for name in parts.profiles}
    tables |= {table.name: table for table in implied.tables}
    return {name: tables[name] for name in sorted(tables)}, tuple(problems)


def _table(parts: _Parts, name: str, problems: list[Problem]) -> Table:
    profile, clock, time = parts.profiles[name], parts.clocks.get(name), parts.times[name]
    columns = []
    for column in profile.columns:
        if (name, column.name) in parts.given.dropped:
            continue
        role = _role(parts, name, column.name)
        learners = [t for t, clock in parts.clocks.items() if clock.like == f"{name}.{column.name}"]
        meaning = meaning_of(column, role, column.name in time.readings)
        said = parts.given.stypes.get((name, column.name))
        if said is not None:
            meaning = Meaning(*said, meaning.separator if meaning is not None else None)
        if meaning is None:
            problems.append(_unsupported(name, column))
            continue
        # What names rows cannot be kept out, and what the graph file wants used is used.
        asked = said is not None and said[0] is not SType.ID
        personal = identifies(name, column) if role is Role.NONE and not asked else ""
        stype, reason = (SType.ID, reason_of(personal)) if personal else (meaning.stype, meaning.reason)
        if learners and role is Role.NONE and said is None:
            reason = f"counts periods beside {time.column}; the clock of {', '.join(learners)} is learnt from it"
        separator = parts.given.separators.get((name, column.name), meaning.separator)
        separator = separator if stype is SType.MULTICATEGORICAL else None
        distinct = parts.distinct(name, column)
        columns.append(
            Column(column.name, column.dtype, stype, reason, column.nulls, distinct, separator, personal)
        )
    time_reason = clock.reason if clock is not None else time.reason
    return Table(
        name, tuple(columns), profile.rows, parts.keys[name].column, time.column, clock, profile.sql,
        key_reason=parts.keys[name].reason, time_reason=time_reason,
    )  # fmt: skip


def _unsupported(table: str, column: ColumnProfile) -> Problem:
    message = f"values of type {column.dtype} cannot be encoded"
    return Problem("unsupported type", table, column.name, column.rows, message, "the column is left out")


def _role(parts: _Parts, table: str, column: str) -> Role:
    clock = parts.clocks.get(table)
    if parts.times[table].column == column:
        return Role.TIME
    if parts.keys[table].column == column:
        return Role.KEY
    if any(link.table == table and link.column == column for link in parts.links):
        return Role.LINK
    return Role.CLOCK if clock is not None and clock.column == column else Role.NONE
