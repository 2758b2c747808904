"""Where a trend comes from: what each place, group of people and item adds to it, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from edgewise.decisions.trends.listed import Listed
from edgewise.decisions.trends.scan import Plan
from edgewise.decisions.trends.watched import Watched

__all__ = ["Driver", "drivers"]

#: So many values are told of each column, those that add most.
_TOLD: Final = 5
_Z: Final = 1.645
#: A value stands out if it differs from the rest so many deviations; several are looked at.
_OUT: Final = 3.0


@dataclass(frozen=True, slots=True)
class Driver:
    """What one value of a column adds to a trend.

    `share` is its part of the surplus of the whole trend, with the bounds of a 90% interval; negative where it
    goes against the trend. `stands_out` says whether it goes further than the rest of the trend does.
    """

    column: str
    value: str
    recent: int
    expected: float
    ratio: float
    share: float
    low: float
    high: float
    stands_out: bool


def drivers(watched: Watched, trends: Sequence[Listed], plan: Plan) -> list[list[Driver]]:
    """The drivers of each trend, column by column, those that add most first."""
    found: list[list[Driver]] = [[] for _ in trends]
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, trend in enumerate(trends):
        if trend.family.level in _levels(watched, trend):
            groups[trend.family.events, trend.family.level, trend.family.cell or ""].append(i)
    for (events, level, cell), members in groups.items():
        for column in _columns(watched, events, level, cell):
            refs = [level, cell, column] if cell else [level, column]
            table = watched.events[events].weekly(refs, list(dict.fromkeys(trends[i].value for i in members)))
            for i in members:
                found[i] += _told(column, trends[i], _of(table, trends[i], watched.weeks, plan))
    return found


def _levels(watched: Watched, trend: Listed) -> list[str]:
    entry = watched.events[trend.family.events].entry
    text = [] if entry.text is None else [entry.text]
    items = [] if entry.items is None else [entry.items]
    return [*items, *entry.levels, *entry.behaviours, *text, *entry.where, *entry.whom]


def _columns(watched: Watched, events: str, level: str, cell: str) -> list[str]:
    entry = watched.events[events].entry
    items = [] if entry.items is None or level == entry.items else [entry.items]
    return [c for c in dict.fromkeys([*entry.where, *entry.whom, *items]) if c not in (level, cell)]


def _of(table: pa.Table, trend: Listed, weeks: int, plan: Plan) -> dict[str, tuple[int, int]]:
    """Counts of each value of the driving column: since the trend began, and in the baseline before it."""
    mine = pc.equal(table.column("k0"), trend.value)
    if trend.family.cell:
        mine = pc.and_(mine, pc.equal(table.column("k1"), trend.cell))
    rows = table.filter(mine)
    week = weeks - 1 - rows.column("week").to_numpy().astype(np.int64)
    values = rows.column("k2" if trend.family.cell else "k1").to_pylist()
    many = rows.column("many").to_numpy().astype(np.int64)
    recent = np.where(week >= trend.began, many, 0)
    before = np.where((week < trend.began) & (week >= trend.began - plan.baseline), many, 0)
    names, which = np.unique(np.array(["" if v is None else v for v in values], dtype=object), return_inverse=True)
    sums = [np.bincount(which, weights=w, minlength=len(names)).astype(int) for w in (recent, before)]
    known = set(values) - {None}
    return {n: (int(r), int(b)) for n, r, b in zip(names, *sums, strict=True) if n in known}


def _told(column: str, trend: Listed, counts: dict[str, tuple[int, int]]) -> Iterator[Driver]:
    recent = np.array([c[0] for c in counts.values()], dtype=np.float64)
    before = np.array([c[1] for c in counts.values()], dtype=np.float64)
    if not before.sum() or len(counts) < 2:
        return
    # what the whole trend was expected to have, spread as the baseline was
    rate = trend.size.expected / trend.size.recent * recent.sum() / before.sum() if trend.size.recent else 0.0
    expected = before * rate
    surplus, whole = recent - expected, float((recent - expected).sum())
    if not whole:
        return
    error = _Z * np.sqrt(trend.found.spread * (recent + rate * expected))
    rest = (recent.sum() - recent) / np.maximum(before.sum() - before, 1e-9)
    off = (recent - before * rest) / np.sqrt(trend.found.spread * (before * rest * (1 + rest)) + 1e-9)
    names = list(counts)
    for i in np.argsort(-surplus / whole, kind="stable")[:_TOLD]:
        sides = sorted(((surplus[i] - error[i]) / whole, (surplus[i] + error[i]) / whole))
        yield Driver(
            column, names[i], int(recent[i]), float(expected[i]), float(recent[i] / max(expected[i], 1e-9)),
            float(surplus[i] / whole), float(sides[0]), float(sides[1]),
            bool((off[i] if trend.found.rises else -off[i]) > _OUT),
        )  # fmt: skip
