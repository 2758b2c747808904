"""Primary keys: a column whose name names the rows and whose values are unique."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from edgewise.schema.names import ColumnName, abbreviates, column_name
from edgewise.schema.profile import ColumnProfile, Evidence, Kind, TableProfile
from edgewise.schema.words import ENTITY_NOUNS, LINE_NUMBERS, PERSON_ROLES, SELF_ROLES

__all__ = ["KeyChoice", "Names", "adopt_key", "alternates", "choose_key", "composite_key", "owners"]

#: The words of each table's name.
Names = Mapping[str, tuple[str, ...]]

#: A column clearly named as the key needs this share of distinct values; repeats are problems in the data.
_DIRTY: Final = 0.9
_DIRTY_IN_SMALL_TABLES: Final = 0.75
_DIRTY_AND_BARE: Final = 0.5
_SMALL: Final = 50
#: Composite keys are looked for in tables of at most this many rows.
_COMPOSITE_ROWS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """A table's key (None where it has none) and why. `own` says whether the key's name is the table's own,
    which a key borrowed from another entity (`demographics.household_id`) is not."""

    column: str | None
    reason: str
    own: bool = True


def owners(profiles: Mapping[str, TableProfile], names: Names) -> frozenset[tuple[str, ...]]:
    """The nouns that have a table of their own: one named after them, with a key named after it."""
    return frozenset(
        names[t]
        for t, profile in profiles.items()
        if any((rank := _rank(c, names[t])) is not None and rank <= _HEAD and _is_key(c, rank) for c in profile)
    )


def choose_key(profile: TableProfile, names: Names, timed: bool, owned: frozenset[tuple[str, ...]]) -> KeyChoice:
    """The key of a table. `timed` says whether rows have a time: event rows are not keyed by what they refer to.
    `owned` are the nouns that have a table of their own."""
    own = names[profile.name]
    ranked = sorted(
        (rank, c.name.casefold(), c.name, c) for c in profile.columns if (rank := _rank(c, own)) is not None
    )
    for rank, _, _, column in ranked:
        name = column_name(column.name)
        if rank == _BORROWED and (timed or _by_accident(profile)) and not _describes(name, own, owned):
            continue
        if rank == _HEAD and not name.strength and _joins(profile):
            continue
        if _is_key(column, rank):
            return KeyChoice(column.name, _reason(column, rank), own=rank != _BORROWED)
    if profile.rows == 0 and ranked and ranked[0][0] <= _NAMED:
        return KeyChoice(ranked[0][2], "named as the key; the table is empty")
    repeated = [c for rank, _, _, c in ranked if rank <= _NAMED and c.present]
    if repeated:
        first = repeated[0]
        return KeyChoice(
            None, f"{first.name} is named like a key, but has {first.distinct} values in {first.rows} rows"
        )
    return KeyChoice(None, "no column is both unique and named like a key")


_BARE: Final = 0
_NAMED: Final = 1
_HEAD: Final = 2
_PART: Final = 3
_BORROWED: Final = 4
_CODE: Final = 5


def _rank(column: ColumnProfile, own: tuple[str, ...]) -> int | None:
    """How well a column's name fits a key of the table; lower is better, None is not at all."""
    if column.kind not in (Kind.INTEGER, Kind.TEXT) and not (column.kind is Kind.FLOAT and column.whole):
        return None
    name = column_name(column.name)
    if name.strength == "id":
        return _rank_of_id(name, own)
    noun = "".join(name.stem) == "".join(own) or (
        len(name.stem) == len(own) == 1 and abbreviates(name.stem[0], own[0])
    )
    if noun and not name.many and name.suffix != "name":
        return _HEAD
    plain_code = name.strength == "code" and name.suffix not in ("no", "nr", "number", "via", "name")
    return _CODE if plain_code and column.kind is Kind.TEXT else None


def _by_accident(profile: TableProfile) -> bool:
    """Whether a borrowed identifier may be unique by accident: few rows, which hold other identifiers too."""
    return profile.rows < _SMALL and sum(1 for c in profile if column_name(c.name).strength == "id") >= 2


def _joins(profile: TableProfile) -> bool:
    """Whether rows only bring other things together: two or more identifiers that repeat."""
    return sum(1 for c in profile if column_name(c.name).strength == "id" and not c.unique) >= 2


def _rank_of_id(name: ColumnName, own: tuple[str, ...]) -> int | None:
    if name.bare:
        return _BARE if name.suffix in ("id", "uuid", "guid", "key", "pk", "oid") else _HEAD
    stem = name.stem
    if "".join(stem) == "".join(own):
        return _NAMED
    if stem[-len(own) :] == own or own[-len(stem) :] == stem:
        return _HEAD
    if set(stem) & (PERSON_ROLES | SELF_ROLES):
        return None
    same_start = len(stem[0]) >= 4 and (own[0].startswith(stem[0]) or stem[0].startswith(own[0]))
    core = name.core
    short = len(core) == len(own) == 1 and abbreviates(core[0], own[0])
    return _PART if (same_start and len(own) == 1) or short else _BORROWED


def adopt_key(
    profile: TableProfile,
    profiles: Mapping[str, TableProfile],
    evidence: Evidence,
    owned: frozenset[tuple[str, ...]],
) -> KeyChoice | None:
    """The key of a table that is named after nothing but is where an identifier comes from: unique here, repeated
    elsewhere under the same name, with all its values here (`admissions.hadm_id`)."""
    for column in sorted(profile.columns, key=lambda c: c.name):
        name = column_name(column.name)
        if name.strength != "id" or name.bare or name.stem in owned or not (column.unique and column.nulls == 0):
            continue
        if set(name.stem) & (PERSON_ROLES | SELF_ROLES) or name.stem[-1] in ENTITY_NOUNS or profile.rows < _SMALL:
            continue
        others = [(t, c) for t, p in profiles.items() if t != profile.name for c in p if c.name == column.name]
        if not others or any(c.kind is not column.kind or (c.unique and c.nulls == 0) for _, c in others):
            continue
        if all(evidence.contained(t, c.name, profile.name, column.name).match == 1 for t, c in others):
            shown = ", ".join(f"{t}.{c.name}" for t, c in others)
            return KeyChoice(column.name, f"unique, never null, and holds every value of {shown}")
    return None


def _describes(name: ColumnName, own: tuple[str, ...], owned: frozenset[tuple[str, ...]]) -> bool:
    """Whether a table stands in for the noun of its key: `campaign_descriptions` where no table is keyed
    `campaigns`.
    """
    return own[: len(name.stem)] == name.stem and name.stem not in owned


def _is_key(column: ColumnProfile, rank: int) -> bool:
    if column.unique and column.nulls == 0:
        return True
    if rank > _NAMED or not column.exact or column.present == 0 or column.kind is Kind.FLOAT:
        return False
    enough = _DIRTY if column.rows >= _SMALL else _DIRTY_IN_SMALL_TABLES
    if rank == _BARE and column.rows < _SMALL:
        enough = _DIRTY_AND_BARE
    return column.distinct >= enough * column.rows


def _reason(column: ColumnProfile, rank: int) -> str:
    why = {
        _BARE: "named as an identifier", _NAMED: "named after the table", _HEAD: "named after the table",
        _PART: "named after the table", _BORROWED: "an identifier with one row a value",
          _CODE: "a code of its own",
    }[rank]  # fmt: skip
    if column.unique and column.nulls == 0:
        return f"unique, never null, {why}"
    again = column.present - column.distinct
    return f"{why}; {again} repeated and {column.nulls} null values are counted as problems"


def alternates(profile: TableProfile, key: str | None) -> tuple[ColumnProfile, ...]:
    """Other unique columns that rows of other tables may refer to, by name."""
    kinds = (Kind.TEXT, Kind.INTEGER)
    found = [c for c in profile.columns if c.name != key and c.unique and c.nulls == 0 and c.kind in kinds]
    return tuple(
        sorted((c for c in found if c.kind is Kind.TEXT or column_name(c.name).strength), key=lambda c: c.name)
    )


def composite_key(profile: TableProfile, evidence: Evidence, refers: frozenset[str]) -> tuple[str, ...] | None:
    """Two or three columns that are unique together: identifiers, or an identifier and a line number.

    `refers` names the columns that link to other tables. At most eight combinations are tried.
    """
    if not 1 < profile.rows <= _COMPOSITE_ROWS:
        return None
    fit = [c for c in profile.columns if c.nulls == 0 and c.keylike and not c.unique]
    ids = sorted(
        (c for c in fit if c.name in refers or column_name(c.name).strength == "id"), key=lambda c: c.name
    )
    lines = [c for c in fit if c not in ids and set(_all_words(c)) & LINE_NUMBERS]
    pairs = [*((a, b) for a in ids for b in lines), *combinations(ids, 2), *combinations(ids, 3)]
    for columns in [p for p in pairs if _room(p) >= profile.rows][:8]:
        chosen = tuple(c.name for c in columns)
        if evidence.distinct_rows(profile.name, chosen) == profile.rows:
            return chosen
    return None


def _all_words(column: ColumnProfile) -> tuple[str, ...]:
    name = column_name(column.name)
    return (*name.stem, name.suffix)


def _room(columns: tuple[ColumnProfile, ...]) -> int:
    size = 1
    for column in columns:
        size *= max(1, column.distinct)
    return size
