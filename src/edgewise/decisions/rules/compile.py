"""Rules of a project file made ready: for each kind of things, masks and numbers by row id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float32, Int32, Int64

from edgewise.clock import DAY
from edgewise.decisions.catalogue.catalogue import Catalogue
from edgewise.decisions.catalogue.columns import Columns, Reader, as_text
from edgewise.decisions.project.rules import (
    AgeEntry,
    BoostEntry,
    ExcludeEntry,
    FilterEntry,
    PinEntry,
    QuotaEntry,
    RegionEntry,
    RuleEntry,
    StockEntry,
)
from edgewise.decisions.rules.conditions import true_where

__all__ = ["Age", "Boost", "Exclude", "KindRules", "Mask", "Pin", "Quota", "Region", "Rules", "compile_rules"]

#: The shelves whose point is what was taken before: no rule on taken things empties them unless it names them.
AGAIN = frozenset({"again", "back", "mixes", "on_repeat"})


@dataclass(frozen=True, slots=True)
class Mask:
    """Only rows where `keep` is true are shown."""

    name: str
    keep: Bool[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True)
class Age:
    """`least` is the age, in years, from which on a row is shown; NaN for any."""

    name: str
    least: Float32[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True)
class Region:
    """Rows shown everywhere, and for each region those that are shown there."""

    name: str
    everywhere: Bool[np.ndarray, " rows"]
    within: Mapping[str, Bool[np.ndarray, " rows"]]


@dataclass(frozen=True, slots=True)
class Exclude:
    """What was taken (or shown) within `micros` is left out on these shelves (None: all but those of AGAIN)."""

    name: str
    taken: bool
    micros: int
    shelves: frozenset[str] | None

    def about(self, shelf: str) -> bool:
        """Whether the rule is about this kind of shelf."""
        return shelf in self.shelves if self.shelves is not None else not (self.taken and shelf in AGAIN)


@dataclass(frozen=True, slots=True)
class Boost:
    """Rows where `where` is true count `by` times as much."""

    name: str
    where: Bool[np.ndarray, " rows"]
    by: float


@dataclass(frozen=True, slots=True)
class Pin:
    """Rows that come first on one kind of shelf."""

    name: str
    shelf: str
    rows: Int64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `most` rows of one code, on a page or on each shelf. Rows without a code are not counted."""

    name: str
    codes: Int32[np.ndarray, " rows"]
    most: int
    page: bool


@dataclass(frozen=True, slots=True)
class KindRules:
    """The rules about one kind of things, in the order of the file."""

    masks: tuple[Mask, ...] = ()
    ages: tuple[Age, ...] = ()
    regions: tuple[Region, ...] = ()
    excludes: tuple[Exclude, ...] = ()
    boosts: tuple[Boost, ...] = ()
    pins: tuple[Pin, ...] = ()
    quotas: tuple[Quota, ...] = ()
    released: Int64[np.ndarray, " rows"] | None = None  # microseconds; nothing is shown before it is out


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a project, ready to be applied."""

    kinds: Mapping[str, KindRules] = field(default_factory=dict)

    def of(self, kind: str) -> KindRules:
        """The rules about a kind of things."""
        return self.kinds.get(kind, KindRules())


def compile_rules(catalogue: Catalogue, columns: Columns) -> Rules:
    """The rules of the catalogue's project over its items' columns.

    Raises:
        QueryError: a condition that does not fit the schema.
        SchemaError: a column that is not there.
    """
    reader = Reader(catalogue.schema, columns)
    by_kind: dict[str, list[RuleEntry]] = {}
    for entry in catalogue.project.rules:
        by_kind.setdefault(entry.kind, []).append(entry)
    kinds = catalogue.kinds
    return Rules({kind: _compiled(by_kind.get(kind, []), kind, catalogue, reader) for kind in kinds})


def _compiled(entries: Iterable[RuleEntry], kind: str, catalogue: Catalogue, reader: Reader) -> KindRules:
    rows = len(catalogue.kinds[kind])
    made = [_one(entry, kind, catalogue, reader, rows) for entry in entries]
    return KindRules(
        masks=tuple(m for m in made if isinstance(m, Mask)),
        ages=tuple(m for m in made if isinstance(m, Age)),
        regions=tuple(m for m in made if isinstance(m, Region)),
        excludes=tuple(m for m in made if isinstance(m, Exclude)),
        boosts=tuple(m for m in made if isinstance(m, Boost)),
        pins=tuple(m for m in made if isinstance(m, Pin)),
        quotas=tuple(m for m in made if isinstance(m, Quota)),
        released=catalogue.kinds[kind].released,
    )


def _one(
    entry: RuleEntry, kind: str, catalogue: Catalogue, reader: Reader, rows: int
) -> Mask | Age | Region | Exclude | Boost | Pin | Quota:
    match entry:
        case FilterEntry():
            return Mask(entry.name, true_where(entry.where, reader, kind)[:rows])
        case StockEntry():
            return Mask(entry.name, reader.numbers(kind, entry.column)[:rows] > 0)
        case AgeEntry():
            return Age(entry.name, reader.numbers(kind, entry.column)[:rows])
        case RegionEntry():
            return _region(entry, reader.values(kind, entry.column), rows)
        case ExcludeEntry():
            shelves = frozenset(entry.shelves) if entry.shelves else None
            return Exclude(entry.name, entry.what == "taken", int(entry.days * DAY), shelves)
        case BoostEntry():
            return Boost(entry.name, true_where(entry.where, reader, kind)[:rows], entry.by)
        case PinEntry():
            where = np.flatnonzero(true_where(entry.where, reader, kind)[:rows])
            return Pin(entry.name, entry.shelf, where[: entry.most].astype(np.int64))
        case QuotaEntry():
            codes = catalogue.kinds[kind].codes(entry.per).codes
            return Quota(entry.name, codes, entry.most, entry.of == "page")


def _region(entry: RegionEntry, values: pa.Array, rows: int) -> Region:
    if not pa.types.is_list(values.type) and not pa.types.is_large_list(values.type):
        parts = pc.split_pattern(as_text(values), ",")
        values = parts
    everywhere = pc.is_null(values).to_numpy(zero_copy_only=False)[:rows]
    owner = pc.list_parent_indices(values).to_numpy()
    labels = pc.utf8_trim_whitespace(as_text(pc.list_flatten(values)))
    encoded = pc.dictionary_encode(labels)
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    within = {}
    for code, label in enumerate(encoded.dictionary.to_pylist()):
        there = np.zeros(rows, dtype=bool)
        mine = owner[codes == code]
        there[mine[mine < rows]] = True
        within[label] = there
    return Region(entry.name, everywhere, within)
