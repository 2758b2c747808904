"""Links: columns that hold keys of a table, found by name and settled by type and values.

Values alone never make a link: small integers lie inside the range of nearly every key. A name must point at the
table first; then the column's distinct values must occur among its keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from edgewise.errors import SchemaError
from edgewise.schema.given import DECLARED_LINK, Given
from edgewise.schema.keys import KeyChoice, Names, alternates
from edgewise.schema.model import Link
from edgewise.schema.names import ColumnName, abbreviates, column_name, words
from edgewise.schema.profile import ColumnProfile, Containment, Evidence, Kind, TableProfile
from edgewise.schema.words import AMOUNTS, PEOPLE, PERSON_ROLES, PLACE_ROLES, PLACES, SELF_ROLES

__all__ = ["Found", "NearMiss", "find_links", "roles_of"]


class Fit(IntEnum):
    """How a column's name points at a table, best first."""

    NAMED = 0
    SAME_KEY = 1
    ROLE = 2
    HEAD = 3
    SHORT = 4
    SELF = 5
    PERSON = 6
    PLACE = 7
    ALTERNATE = 8


#: The share of distinct values that must be found among the keys.
_ENOUGH: Final = {
    Fit.NAMED: 0.2, Fit.SAME_KEY: 0.99, Fit.ROLE: 0.9, Fit.HEAD: 0.9, Fit.SHORT: 0.9, Fit.SELF: 0.9,
    Fit.PERSON: 0.95, Fit.PLACE: 0.95, Fit.ALTERNATE: 0.99,
}  # fmt: skip
_ENOUGH_OF_OWN: Final = 0.5
_ENOUGH_OF_KIN: Final = 0.9
_WORTH_SAYING: Final = 0.5
_WHY: Final = {
    Fit.NAMED: "named after the table", Fit.SAME_KEY: "named like the key", Fit.ROLE: "ends in the table's name",
    Fit.HEAD: "named after the last word of the table's name", Fit.SHORT: "short for the table's name",
    Fit.SELF: "names another row of the same table", Fit.PERSON: "names a person",
    Fit.PLACE: "names a place", Fit.ALTERNATE: "named like the unique column",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A link that a name suggests and that was not made."""

    table: str
    column: str
    to: str
    reason: str
    share: float


@dataclass(frozen=True, slots=True)
class Found:
    """Links with the rows that each leaves dangling, links nearly made, and keys that links have changed."""

    links: tuple[Link, ...]
    dangling: Mapping[tuple[str, str], Containment]
    misses: tuple[NearMiss, ...]
    keys: Mapping[str, KeyChoice]


@dataclass(frozen=True, slots=True)
class _Candidate:
    fit: Fit
    kin: int
    to: str
    key: ColumnProfile
    alternate: bool


class _Finder:
    """One search over all tables; holds what the rules look at."""

    def __init__(
        self, profiles: Mapping[str, TableProfile], names: Names, keys: Mapping[str, KeyChoice],
          evidence: Evidence,
        given: Given,
    ) -> None:  # fmt: skip
        self.profiles, self.names, self.keys, self.evidence, self.given = profiles, names, keys, evidence, given
        self.links: dict[tuple[str, str], Link] = {}
        self.dangling: dict[tuple[str, str], Containment] = {}
        self.misses: list[NearMiss] = []
        self.alternate: dict[str, dict[str, list[Link]]] = {}

    def given_links(self) -> None:
        """Links that were said: made whatever the match, which is measured all the same."""
        for (table, column), (to, reason) in self.given.links.items():
            if to is None or to not in self.profiles or table not in self.profiles:
                continue
            key = self._key_for(table, column, to, reason == DECLARED_LINK)
            if key is None:
                continue
            found = self.evidence.contained(table, column, to, key)
            self.dangling[table, column] = found
            self.links[table, column] = Link(table, column, to, round(found.match, 6), reason)

    def _key_for(self, table: str, column: str, to: str, declared: bool) -> str | None:
        """The key that a said link refers to; None, with a near miss, for a declared one that cannot be followed.

        Raises:
            SchemaError: the table has no key, or the column's values cannot be compared with it.
        """
        key = self.keys[to].column
        hint = "say its key in the graph file"
        problem = "the table has no key"
        if key is not None:
            one, other = self.profiles[table].column(column), self.profiles[to].column(key)
            if _storage(one) == _storage(other):
                return key
            problem = f"it holds {one.dtype} and the key {key} holds {other.dtype}"
            hint = "define the table by sql with a CAST"
        if not declared:
            raise SchemaError(f"{table}.{column} cannot link to '{to}': {problem}", hint=hint)
        self.misses.append(NearMiss(table, column, to, f"declared as a foreign key, but {problem}", 0.0))
        return None

    def search(self, table: str, column: ColumnProfile) -> None:
        """Find the best table for one column, if any."""
        first: NearMiss | None = None
        for candidate in self._candidates(table, column):
            outcome = self._try(table, column, candidate)
            if isinstance(outcome, Link):
                self._keep(outcome, candidate)
                return
            first = first or outcome
        if first is not None:
            self.misses.append(first)

    def _keep(self, link: Link, candidate: _Candidate) -> None:
        if candidate.alternate:
            self.alternate.setdefault(link.to, {}).setdefault(candidate.key.name, []).append(link)
        else:
            self.links[link.table, link.column] = link

    def _candidates(self, table: str, column: ColumnProfile) -> list[_Candidate]:
        name = column_name(column.name)
        found = []
        for to, profile in self.profiles.items():
            key = self.keys[to].column
            columns = [(c, True) for c in alternates(profile, key) if (to, c.name) != (table, column.name)]
            if key is not None and (to, key) != (table, column.name):
                columns.insert(0, (profile.column(key), False))
            for target, alternate in columns:
                fit = self._fit(table, column, name, to, target, alternate)
                if fit is not None:
                    found.append(_Candidate(fit, -self._kin(table, to), to, target, alternate))
        return sorted(
            found, key=lambda c: (c.alternate, c.fit, self._people(c), c.kin, len(c.to), c.to, c.key.name)
        )

    def _people(self, candidate: _Candidate) -> int:
        """The place of a table of people in the order of likelihood, 0 for other fits."""
        head = self.names[candidate.to][-1]
        return PEOPLE.index(head) if candidate.fit is Fit.PERSON and head in PEOPLE else 0

    def _kin(self, table: str, to: str) -> int:
        """How many words two tables' names share beside the noun (`bts_men` and `items_men`)."""
        return len(set(words(table)) & set(words(to)) - {self.names[to][-1]})

    def _fit(
        self, table: str, column: ColumnProfile, name: ColumnName, to: str, target: ColumnProfile, alternate: bool
    ) -> Fit | None:
        own_key = self.keys[table].column == column.name
        fit = name_fit(name, self.names[to], column_name(target.name), table == to)
        if _counts_only(column, name, column_name(target.name)):
            fit = None
        if own_key and (self.keys[table].own or fit in (Fit.SAME_KEY, Fit.ALTERNATE) or alternate):
            return None  # a table's own key refers to nothing; a borrowed one may (one row a household)
        if alternate:
            return self._alternate_fit(column, name, to, target, fit)
        if fit is Fit.SAME_KEY and not self.keys[to].own and self._borrowed_elsewhere(to, name):
            return None
        return fit

    def _borrowed_elsewhere(self, to: str, name: ColumnName) -> bool:
        """Whether the key's entity has a table that is named after it, which then is the target."""
        return any(
            self.names[t] == name.stem and self.keys[t].column is not None for t in self.profiles if t != to
        )

    def _alternate_fit(
        self, column: ColumnProfile, name: ColumnName, to: str, target: ColumnProfile, fit: Fit | None
    ) -> Fit | None:
        if column.kind is not Kind.TEXT or target.kind is not Kind.TEXT or target.distinct < 2:
            return None
        generic = bool({"name", "title", "description", "type", "status"} & set(words(name.name)))
        if column.name == target.name and not generic:
            return Fit.ALTERNATE
        wanted = fit in (Fit.NAMED, Fit.ROLE, Fit.PLACE, Fit.HEAD)
        return fit if wanted and not generic else None

    def _try(self, table: str, column: ColumnProfile, candidate: _Candidate) -> Link | NearMiss | None:
        to, key, fit = candidate.to, candidate.key, candidate.fit
        speaks = column_name(column.name).strength != "code"
        if _storage(column) != _storage(key):
            if fit > Fit.SAME_KEY or candidate.alternate or not speaks:
                return None
            reason = f"{_WHY[fit]}, but it holds {column.dtype} and the key {key.name} holds {key.dtype}"
            return NearMiss(table, column.name, to, reason, 0.0)
        found = self.evidence.contained(table, column.name, to, key.name)
        if found.distinct == 0:
            empty = fit <= Fit.ROLE and not candidate.alternate
            return Link(table, column.name, to, 1.0, f"{_WHY[fit]}; it holds no values yet") if empty else None
        if max(found.match, found.rows_found / found.rows) < self._enough(candidate):
            if found.match < _WORTH_SAYING and not speaks:
                return None
            return NearMiss(table, column.name, to, f"{_WHY[fit]}, too few values are found", found.match)
        if not candidate.alternate:
            self.dangling[table, column.name] = found
        lost = found.distinct - found.distinct_found
        shown = f"all but {lost} of" if lost else "all"
        reason = f"{_WHY[fit]}; {shown} {found.distinct} distinct values are in {to}.{key.name}"
        return Link(table, column.name, to, round(found.match, 6), reason)

    def _enough(self, candidate: _Candidate) -> float:
        if candidate.alternate:
            return _ENOUGH[Fit.PLACE]
        if candidate.fit is not Fit.SAME_KEY:
            return _ENOUGH[candidate.fit]
        if self.keys[candidate.to].own:
            return _ENOUGH_OF_OWN
        kin = column_name(candidate.key.name).stem[:1] == self.names[candidate.to][:1]
        return _ENOUGH_OF_KIN if kin else _ENOUGH[Fit.SAME_KEY]

    def settle_alternates(self) -> dict[str, KeyChoice]:
        """Where rows refer to a unique column that is not the key, and none to the key, make that column the
        key.
        """
        keys = dict(self.keys)
        for to in sorted(self.alternate):
            referred = any(link.to == to for link in self.links.values())
            ranked = sorted(self.alternate[to].items(), key=lambda item: (-len(item[1]), item[0]))
            for place, (column, links) in enumerate(ranked):
                if place == 0 and not referred and to not in self.given.keys:
                    keys[to] = KeyChoice(column, f"unique, never null, and {links[0].name} refers to it")
                    self.links |= {(link.table, link.column): link for link in links}
                    self._measure(links, column)
                    continue
                self.misses += [
                    NearMiss(
                        k.table, k.column, to, f"its values are in {to}.{column}, which is not the key", k.match
                    )
                    for k in links
                ]
        return keys

    def _measure(self, links: list[Link], column: str) -> None:
        for link in links:
            self.dangling[link.table, link.column] = self.evidence.contained(
                link.table, link.column, link.to, column
            )


def find_links(
    profiles: Mapping[str, TableProfile], names: Names, keys: Mapping[str, KeyChoice], evidence: Evidence,
    given: Given, skip: frozenset[tuple[str, str]],
) -> Found:  # fmt: skip
    """The links between tables that exist. `skip` holds columns that are times or dropped."""
    finder = _Finder(profiles, names, keys, evidence, given)
    finder.given_links()
    for table, column in _columns(profiles):
        place = (table, column.name)
        if place not in skip and place not in given.links and column.keylike:
            finder.search(table, column)
    settled = finder.settle_alternates()
    links = tuple(finder.links[place] for place in sorted(finder.links))
    return Found(links, finder.dangling, tuple(sorted(finder.misses, key=lambda m: (m.table, m.column))), settled)


def _columns(profiles: Mapping[str, TableProfile]) -> Iterator[tuple[str, ColumnProfile]]:
    for table in sorted(profiles):
        for column in sorted(profiles[table].columns, key=lambda c: c.name):
            yield table, column


def _storage(column: ColumnProfile) -> Kind:
    return Kind.INTEGER if column.kind is Kind.FLOAT else column.kind


def _counts_only(column: ColumnProfile, name: ColumnName, key: ColumnName) -> bool:
    """Whether a whole number named like a number (`episode_number`) faces a key that is named otherwise."""
    numbered = name.strength == "code" and name.suffix != "via"
    return numbered and column.kind is not Kind.TEXT and name.suffix != key.suffix


def roles_of(name: ColumnName) -> frozenset[str]:
    """The words of a column's name that may say who or what the other row is."""
    return frozenset(name.stem) - {"by", "to", "of", "in"} or frozenset(name.stem)


def name_fit(name: ColumnName, table: tuple[str, ...], key: ColumnName, same: bool) -> Fit | None:
    """How a column's name points at a table with these words and this key, or None."""
    if name.bare:
        same_code = (
            name.suffix == key.suffix
            and key.bare
            and name.suffix not in ("id", "key", "code", "no", "uuid", "name")
        )
        return Fit.SAME_KEY if same_code and not same else None
    if not name.strength and (name.many or name.stem[-1] in AMOUNTS):
        return None
    fit = _by_noun(name, table, key)
    if fit is not None and not (same and fit is Fit.NAMED):
        return fit
    return _by_role(name, table, same)


def _by_noun(name: ColumnName, table: tuple[str, ...], key: ColumnName) -> Fit | None:
    stem, own = name.stem, key.stem
    if "".join(stem) == "".join(table):
        return Fit.NAMED
    if not name.strength and not _known_role(stem, table):
        return None
    if own and (stem == own or (name.strength and name.core == key.core)):
        return Fit.SAME_KEY
    if len(stem) > len(table) and stem[-len(table) :] == table:
        return Fit.ROLE
    if own and own != table and len(stem) > len(own) and stem[-len(own) :] == own:
        return Fit.ROLE
    return _by_part(name, table, own)


def _by_part(name: ColumnName, table: tuple[str, ...], own: tuple[str, ...]) -> Fit | None:
    """Fits by a part of the table's name: its last word (`auth_user`), or an abbreviation (`cust`)."""
    stem, core = name.stem, name.core
    if len(table) > len(stem) and table[-len(stem) :] == stem and own in ((), stem, table):
        return Fit.HEAD
    if len(core) == len(table) and all(a == b or abbreviates(a, b) for a, b in zip(core, table, strict=True)):
        return Fit.SHORT
    return None


def _known_role(stem: tuple[str, ...], table: tuple[str, ...]) -> bool:
    """Whether a name without an identifier's affix is a known role before the table's noun (`home_team`)."""
    roles = PERSON_ROLES | SELF_ROLES | PLACE_ROLES | {"home", "away", "first", "second", "main", "primary"}
    return len(stem) > len(table) and stem[-len(table) :] == table and set(stem[: -len(table)]) <= roles


def _by_role(name: ColumnName, table: tuple[str, ...], same: bool) -> Fit | None:
    roles = roles_of(name)
    by = bool({"by", "to"} & set(words(name.name)))
    if not (name.strength == "id" or by or len(name.stem) == 1):
        return None
    if same and roles & SELF_ROLES:
        return Fit.SELF
    if table[-1] in PEOPLE and roles & PERSON_ROLES and _role_is_all(name, PERSON_ROLES | {"support", "sales"}):
        return Fit.PERSON
    if table[-1] in PLACES and roles & PLACE_ROLES and _role_is_all(name, PLACE_ROLES | set(PLACES)):
        return Fit.PLACE
    return None


def _role_is_all(name: ColumnName, known: frozenset[str] | set[str]) -> bool:
    return set(name.stem) - {"by", "to", "of"} <= known
