"""Entities that have no table of their own: identifiers that rows refer to (`household_id`), without
`households`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from edgewise.errors import SchemaError, proposal
from edgewise.schema.given import Given
from edgewise.schema.keys import KeyChoice, Names
from edgewise.schema.links import Found
from edgewise.schema.model import Column, Link, Table
from edgewise.schema.names import ColumnName, column_name, plural
from edgewise.schema.profile import ColumnProfile, Evidence, Kind, TableProfile
from edgewise.schema.words import ENTITY_NOUNS, PERSON_ROLES, PLACE_ROLES
from edgewise.stypes import SType

__all__ = ["Implied", "find_implied"]

#: An identifier of one table alone is an entity from this many distinct values on, if they repeat.
_MANY: Final = 500
#: … and from this many on where its noun is one of those that stand for a row (`user_id`).
_NAMED: Final = 50
_REPEATS: Final = 1.25
#: A bare noun (`user`) is an entity from this many distinct values on.
_SOME: Final = 3
#: A bare noun that holds words without digits is a category up to this many (`household`: single, couple, family).
_LABELS: Final = 10
#: The share of the smaller column's values that two roles of one entity must share.
_SAME: Final = 0.5

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Implied:
    """Tables of implied entities, and the links to them."""

    tables: tuple[Table, ...]
    links: tuple[Link, ...]


def find_implied(
    profiles: Mapping[str, TableProfile], names: Names, keys: Mapping[str, KeyChoice], found: Found,
    evidence: Evidence, given: Given, skip: frozenset[Place],
) -> Implied:  # fmt: skip
    """Group unlinked identifiers by what they name, and make an entity of each group that deserves one."""
    places = [p for p in _open_places(profiles, names, keys, found, given) if p not in skip]
    taken = {p for claimed in given.implied.values() for p in claimed}
    groups = _groups([p for p in places if p not in taken], profiles, evidence)
    chosen: dict[str, tuple[Place, ...]] = dict(given.implied)
    used = {name.casefold() for name in (*profiles, *chosen)}
    for noun in sorted(groups):
        group = groups[noun]
        if not _deserves(noun, group, profiles):
            continue
        name = _name(noun, group, used, given.renamed)
        if name not in given.not_implied:
            used.add(name.casefold())
            chosen[name] = tuple(sorted(group))
    _add_said(chosen, profiles, given)
    tables = tuple(
        _table(name, chosen[name], profiles, evidence, name in given.implied) for name in sorted(chosen)
    )
    links = tuple(
        Link(t, c, table.name, 1.0, f"{table.name} has no table of its own; its rows are the values found")
        for table in tables for t, c in table.implied_by
    )  # fmt: skip
    return Implied(tables, links)


def _add_said(chosen: dict[str, tuple[Place, ...]], profiles: Mapping[str, TableProfile], given: Given) -> None:
    """Add the columns that the graph file links to an implied entity by its name."""
    for place, (to, _) in sorted(given.links.items()):
        if to is None or to in profiles:
            continue
        if to not in chosen:
            known = [*profiles, *chosen]
            raise SchemaError(
                f"{place[0]}.{place[1]} cannot link to '{to}': there is no such table",
                hint=proposal(to, known, f"tables: {', '.join(sorted(known))}"),
            )
        chosen[to] = tuple(sorted({*chosen[to], place}))


def _open_places(
    profiles: Mapping[str, TableProfile], names: Names, keys: Mapping[str, KeyChoice], found: Found, given: Given
) -> list[Place]:
    """Identifier columns that name no row of their own table and link to nothing."""
    linked = {(link.table, link.column) for link in found.links} | set(given.links)
    targets = {link.to for link in found.links}
    known = {"".join(w) for w in names.values()}
    places = []
    for table in sorted(profiles):
        key = keys[table]
        for column in sorted(profiles[table].columns, key=lambda c: c.name):
            own = column.name == key.column and (key.own or table in targets)
            name = column_name(column.name)
            lost = "".join(name.stem) in known and (table, column.name) in {
                (m.table, m.column) for m in found.misses
            }
            if not own and not lost and (table, column.name) not in linked and _names_something(column, name):
                places.append((table, column.name))
    return places


def _names_something(column: ColumnProfile, name: ColumnName) -> bool:
    if not column.keylike or column.present == 0:
        return False
    if name.strength == "id":
        return not name.bare or name.suffix in ("upc", "ean", "gtin", "isbn", "asin", "sku")
    alone = len(name.stem) == 1 and not name.many and not name.strength
    repeats = _SOME <= column.distinct < column.present
    return alone and name.stem[0] in ENTITY_NOUNS and repeats and not _labels(column)


def _labels(column: ColumnProfile) -> bool:
    """Whether a column holds a few words, as categories do, rather than numbers or codes of rows."""
    words = not any(character.isdigit() for value in column.sample for character in str(value))
    return column.kind is Kind.TEXT and column.distinct <= _LABELS and words


def _groups(
    places: Iterable[Place], profiles: Mapping[str, TableProfile], evidence: Evidence
) -> dict[tuple[str, ...], set[Place]]:
    """Places by noun. Roles of one noun come together where their values do: `friend` with `user`, `home_team`
    with `away_team`."""
    groups: dict[tuple[str, ...], set[Place]] = {}
    for place in places:
        name = column_name(place[1])
        kind = (":text",) if profiles[place[0]].column(place[1]).kind is Kind.TEXT else ()
        noun = name.stem or (name.suffix,)
        groups.setdefault((*noun, *kind), set()).add(place)
    merged: dict[tuple[str, ...], set[Place]] = {}
    for noun in sorted(groups, key=lambda n: (bool(set(n) & PERSON_ROLES), len(n), n)):
        home = _home(noun, groups[noun], merged, profiles, evidence)
        merged.setdefault(home, set()).update(groups[noun])
    return merged


def _home(
    noun: tuple[str, ...], group: set[Place], merged: Mapping[tuple[str, ...], set[Place]],
    profiles: Mapping[str, TableProfile], evidence: Evidence,
) -> tuple[str, ...]:  # fmt: skip
    """The noun that a role belongs to: its own, unless another's columns hold the same values."""
    plain = _plain(noun)
    for other in sorted(merged, key=lambda o: (-len(o), o)):
        base = _plain(other)
        role = len(plain) > len(base) and plain[-len(base) :] == base
        person = bool(set(plain) & PERSON_ROLES) and (base[-1:] == ("user",) or bool(set(base) & PERSON_ROLES))
        side = (
            _beside(group, merged[other]) and len(plain) == len(base) and plain[1:] == base[1:] and len(plain) > 1
        )
        pair = _beside(group, merged[other]) and set(plain) <= PLACE_ROLES and set(base) <= PLACE_ROLES
        member = person and _beside(group, merged[other])
        if (role or side or pair or member) and _overlap(group, merged[other], evidence):
            return other
    return noun


def _plain(noun: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(w for w in noun if not w.startswith(":"))


def _beside(group: set[Place], other: set[Place]) -> bool:
    """Whether two groups meet in a table."""
    return bool({t for t, _ in group} & {t for t, _ in other})


def _overlap(group: set[Place], other: set[Place], evidence: Evidence) -> bool:
    one, two = min(group), min(other, key=lambda p: (p[0] not in {t for t, _ in group}, p))
    there = evidence.contained(*one, *two)
    back = evidence.contained(*two, *one)
    return max(there.match, back.match) >= _SAME


def _deserves(noun: tuple[str, ...], group: set[Place], profiles: Mapping[str, TableProfile]) -> bool:
    columns = [profiles[t].column(c) for t, c in group]
    if len({t for t, _ in group}) >= 2 or len(group) >= 2:
        return True
    column = columns[0]
    if not column_name(column.name).strength:
        return True
    many = _NAMED if noun[0] in ENTITY_NOUNS and len(_plain(noun)) == 1 else _MANY
    return column.distinct >= many and column.present >= _REPEATS * column.distinct


def _name(noun: tuple[str, ...], group: set[Place], used: set[str], renamed: Mapping[str, str]) -> str:
    """The plural of the noun; with the identifier's affix where a table of that name exists."""
    stem = _noun_of(_plain(noun), group)
    suffix = column_name(min(group)[1]).suffix or "entity"
    options = ["_".join((*stem[:-1], plural(stem[-1]))), "_".join((*stem, plural(suffix)))]
    options += [f"{options[0]}_{n}" for n in range(2, len(used) + 3)]
    name = next(o for o in options if o.casefold() not in used)
    return renamed.get(name, name)


def _noun_of(noun: tuple[str, ...], group: set[Place]) -> tuple[str, ...]:
    """What to call a group: people's roles make users, places' roles make places, sides of one noun that noun."""
    if set(noun) <= PERSON_ROLES | {"by", "to"}:
        return ("user",)
    if set(noun) <= PLACE_ROLES:
        return ("place",)
    stems = {column_name(c).stem for _, c in group}
    tails = {stem[1:] for stem in stems if len(stem) == len(noun)}
    if len(stems) > 1 and len(noun) > 1 and tails == {noun[1:]}:
        return noun[1:]
    return noun


def _table(
    name: str, places: tuple[Place, ...], profiles: Mapping[str, TableProfile], evidence: Evidence, said: bool
) -> Table:
    columns = [profiles[t].column(c) for t, c in places]
    rows = evidence.union_distinct(places)
    common = Counter(c.name for c in columns)
    key = min(common, key=lambda n: (-common[n], len(n), n))
    dtype = next((c.dtype for c in columns if c.kind is not Kind.FLOAT), columns[0].dtype)
    shown = ", ".join(f"{t}.{c}" for t, c in places)
    why = "set in the graph file" if said else f"{shown} name it and no table does"
    column = Column(key, dtype, SType.ID, "the key", 0, rows)
    return Table(
        name, (column,), rows, key=key, implied_by=places,
        key_reason=f"implied: {why}", time_reason="an implied entity has no columns but its key",
    )  # fmt: skip
