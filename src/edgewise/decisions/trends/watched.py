"""Everything that an entry watches, counted: families of series, and how those of items lie within each other."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int64

from edgewise.decisions.trends.entry import TrendsEntry
from edgewise.decisions.trends.families import WEEK, Family, weeks_of
from edgewise.decisions.trends.reading import Events, family_of_counts
from edgewise.sources.database import Database

__all__ = ["WORD", "Grains", "Watched", "read"]

#: What a level is called whose values are words of a text.
WORD: Final = "{} (word)"
_WORDS: Final = re.compile(r"[^\W_]{2,}")
#: Things that were met fewer times than this are no part of how levels lie within each other.
_RARE: Final = 5
#: A level groups items if at least this share of them has one value of it.
_ONE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Grains:
    """The items of one table of events (or its search texts), and which of them each value of a level holds."""

    weeks: Float64[np.ndarray, "items weeks"]
    members: dict[tuple[str, str], Int64[np.ndarray, " n"]]


@dataclass(frozen=True, slots=True)
class Watched:
    """All families, their weeks, and the grains of each table of events."""

    families: tuple[Family, ...]
    events: dict[str, Events]
    grains: dict[str, Grains]
    weeks: int


def read(db: Database, entry: TrendsEntry, at: int) -> Watched:
    """Count everything up to `at`. Families whose events have not begun are empty."""
    events = {name: Events(db, name, watched, at, entry.history_weeks) for name, watched in entry.events.items()}
    totals = {name: one.days() for name, one in events.items()}
    first = max((int(t.column("ago").to_numpy().max()) + 1 for t in totals.values() if t.num_rows), default=0)
    weeks = first // WEEK  # a week that the history does not fill is no week
    if not weeks:
        return Watched((), events, {}, 0)
    families: list[Family] = []
    grains: dict[str, Grains] = {}
    for name, one in events.items():
        days = weeks * WEEK
        families.append(family_of_counts(totals[name], name, "", None, days, alone=True))
        families += _plain(one, entry, days)
        families += _cells(one, entry, days)
        found, words = _grains(one, days)
        families += words
        if found is not None:
            grains[name] = found
    return Watched(tuple(f for f in families if len(f)), events, grains, weeks)


def _plain(one: Events, entry: TrendsEntry, days: int) -> Iterator[Family]:
    watched = one.entry
    items = [] if watched.items is None else [watched.items]
    texts = [] if watched.text is None else [watched.text]
    others = [*watched.behaviours, *watched.where, *watched.whom]
    for level in dict.fromkeys([*items, *watched.levels, *texts, *others]):
        yield family_of_counts(one.days(level, least=entry.least), one.name, level, None, days)


def _cells(one: Events, entry: TrendsEntry, days: int) -> Iterator[Family]:
    watched = one.entry
    if watched.within is None:
        return
    for cell in dict.fromkeys([*watched.where, *watched.whom]):
        counts = one.days(watched.within, cell, least=entry.least)
        yield family_of_counts(counts, one.name, watched.within, cell, days)


def _grains(one: Events, days: int) -> tuple[Grains | None, list[Family]]:
    watched = one.entry
    base = watched.items or watched.text
    if base is None:
        return None, []
    whole = family_of_counts(one.days(base, least=_RARE), one.name, base, None, days)
    if not len(whole):
        return None, []
    row = {value: i for i, value in enumerate(whole.values)}
    members = {(base, value): np.array([i]) for value, i in row.items()}
    if watched.items is None:
        words = _words_of(whole)
        level = WORD.format(base)
        members.update({(level, word): np.array(rows) for word, rows in words.items()})
        family = _word_family(whole, words, level)
        return Grains(weeks_of(whole.days), members), [family] if family is not None else []
    for i, level in enumerate(watched.levels):
        members.update(_members(one.labels(base, [watched.levels[i]]), row, level))
    return Grains(weeks_of(whole.days), members), []


def _members(labels: pa.Table, row: dict[str, int], level: str) -> dict[tuple[str, str], np.ndarray]:
    """The items of each value of a level; none where items have several values of it."""
    pairs = [
        (row[item], label)
        for item, label in zip(labels.column("k0").to_pylist(), labels.column("k1").to_pylist(), strict=True)
        if item in row and label is not None
    ]
    times = Counter(item for item, _ in pairs)
    if sum(n == 1 for n in times.values()) < _ONE * max(len(times), 1):
        return {}
    found: dict[str, list[int]] = defaultdict(list)
    for item, label in pairs:
        found[label].append(item)
    return {(level, label): np.array(sorted(items)) for label, items in found.items()}


def _words_of(texts: Family) -> dict[str, list[int]]:
    """The texts in which each word occurs; words of one text alone are no more than that text."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts.values):
        for word in dict.fromkeys(_WORDS.findall(text.casefold())):
            found[word].append(i)
    return {word: rows for word, rows in sorted(found.items()) if len(rows) > 1}


def _word_family(texts: Family, words: dict[str, list[int]], level: str) -> Family | None:
    if not words:
        return None
    days = np.stack([texts.days[rows].sum(axis=0) for rows in words.values()])
    return Family(texts.events, level, None, tuple(words), ("",) * len(words), days)
