"""At which level a trend is told: a category, or the one item that drives it; everywhere, or the one store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edgewise.decisions.trends.families import Family
from edgewise.decisions.trends.looks import Found
from edgewise.decisions.trends.scan import Scan, surprise
from edgewise.decisions.trends.watched import Grains

__all__ = ["Explainer"]

#: What is left of a trend without another one is a trend of its own from so many deviations on.
_OWN: Final = 2.6
#: A thing lies within another if it shares this much of its events with it.
_WITHIN: Final = 0.8


@dataclass(frozen=True, slots=True)
class _Sums:
    """Events of a set of items in the window and in the baseline of a trend."""

    recent: float
    before: float

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(max(self.recent - other.recent, 0.0), max(self.before - other.before, 0.0))


class Explainer:
    """Tells trends from their shadows.

    The strongest trend comes first. A further one that holds it is told only if what remains without it is a trend
    still; a further one that lies within it only if it goes beyond what the rest of the stronger one does.
    """

    def __init__(
        self, families: Sequence[Family], scans: Sequence[Scan], grains: dict[str, Grains], least: int
    ) -> None:
        self._families = families
        self._scans = scans
        self._grains = grains
        self._least = least

    def __call__(self, week: int, new: list[Found], lasting: list[Found]) -> list[Found]:
        """The new trends, strongest first, with what explains them. `lasting` ones explain, too."""
        told: list[Found] = []
        for found in new:
            others = [other for other in (*told, *lasting) if self._related(found, other)]
            told.append(replace(found, explained_by=self._explains(week, found, others)))
        told = [self._part_of_later(week, i, told) for i in range(len(told))]
        by = {found.key: found.explained_by for found in told}
        # what was a shadow of a part that turned out to be a shadow itself is one of the whole
        return [
            replace(f, explained_by=by.get(f.explained_by) or f.explained_by) if f.explained_by else f
            for f in told
        ]

    def _part_of_later(self, week: int, i: int, told: list[Found]) -> Found:
        """A part may be clearer than its whole and come first: it is told only if it goes beyond the whole."""
        found = told[i]
        wholes = [w for w in told[i + 1 :] if w.explained_by is None and self._related(found, w)]
        if found.explained_by is not None:
            return found
        for whole in wholes:
            if self._lies_within(week, found, whole) and self._shadow(week, found, whole):
                return replace(found, explained_by=whole.key)
        return found

    def _lies_within(self, week: int, found: Found, whole: Found) -> bool:
        own, its = self._families[found.family], self._families[whole.family]
        if its.cell is not None:
            return False
        if own.cell is not None:
            return self._same_value(found, whole) or self._same_place(found, whole)
        mine, theirs = self._members(found), self._members(whole)
        return mine is not None and theirs is not None and bool(np.isin(mine, theirs).mean() >= _WITHIN)

    def _same_place(self, found: Found, other: Found) -> bool:
        """Whether one is of something within a place, and the other of the place."""
        own, its = self._families[found.family], self._families[other.family]
        return own.cell == its.level and own.cells[found.row] == its.values[other.row]

    def _related(self, one: Found, other: Found) -> bool:
        return (
            self._families[one.family].events == self._families[other.family].events and one.rises == other.rises
        )

    def _explains(self, week: int, found: Found, others: list[Found]) -> tuple[int, int] | None:
        for other in others:
            if self._shadow(week, found, other):
                return other.explained_by or other.key
        return None

    def _shadow(self, week: int, found: Found, other: Found) -> bool:
        own, its = self._families[found.family], self._families[other.family]
        if own.cell is None and its.cell is None:
            return self._shadow_of_items(week, found, other)
        if not self._same_value(found, other) and not self._same_place(found, other):
            return False
        sums = self._series(week, found, found), self._series(week, found, other)
        if own.cell is not None and its.cell is not None:
            return own.cell != its.cell and self._same_value(found, other)  # the same, seen from another side
        if own.cell is not None:
            return not self._beyond(found, sums[0], sums[1] - sums[0])
        return not self._own(found, sums[0] - sums[1])

    def _same_value(self, found: Found, other: Found) -> bool:
        own, its = self._families[found.family], self._families[other.family]
        return own.level == its.level and own.values[found.row] == its.values[other.row]

    def _shadow_of_items(self, week: int, found: Found, other: Found) -> bool:
        mine, theirs = self._members(found), self._members(other)
        if mine is None or theirs is None:
            return False
        both = np.intersect1d(mine, theirs, assume_unique=True)
        if not len(both):
            return False
        own = self._items(week, found, mine)
        shared = self._items(week, found, both)
        if shared.before + shared.recent >= _WITHIN * (own.before + own.recent):
            rest = self._items(week, found, np.setdiff1d(theirs, mine, assume_unique=True))
            return not self._beyond(found, own, rest)
        return not self._own(found, own - shared)

    def _members(self, found: Found) -> np.ndarray | None:
        family = self._families[found.family]
        grains = self._grains.get(family.events)
        return None if grains is None else grains.members.get((family.level, family.values[found.row]))

    def _items(self, week: int, found: Found, rows: np.ndarray) -> _Sums:
        weeks = self._grains[self._families[found.family].events].weeks[rows]
        recent, usable = self._span(week, found)
        return _Sums(float(weeks[:, recent].sum()), float(weeks[:, usable].sum()))

    def _series(self, week: int, found: Found, of: Found) -> _Sums:
        weeks = self._scans[of.family].weeks[of.row]
        recent, usable = self._span(week, found)
        return _Sums(float(weeks[recent].sum()), float(weeks[usable].sum()))

    def _span(self, week: int, found: Found) -> tuple[np.ndarray, np.ndarray]:
        """The weeks of a trend's window and of its baseline."""
        scan = self._scans[found.family]
        began = week - found.window + 1
        low = max(0, began - scan.plan.baseline)
        before = low + np.flatnonzero(scan.usable[found.row, low:began])
        return np.arange(began, week + 1), before

    def _own(self, found: Found, rest: _Sums) -> bool:
        """Whether what remains is a trend of the same direction still."""
        return self._stands_out(found, rest, found.expected / max(found.before, 1e-9))

    def _beyond(self, found: Found, own: _Sums, rest: _Sums) -> bool:
        """Whether a part goes beyond what the rest of the whole does. Without a rest it is the whole."""
        if rest.before + rest.recent < self._least:
            return False
        return self._stands_out(found, own, rest.recent / max(rest.before, 1e-9))

    def _stands_out(self, found: Found, sums: _Sums, ratio: float) -> bool:
        if sums.before + sums.recent < self._least or ratio <= 0:
            return False
        expected = np.array([sums.before * ratio])
        z, _ = surprise(
            np.array([sums.recent]), expected, expected * (1 + ratio),
            np.array([found.spread]), np.array([found.freedom]),
        )  # fmt: skip
        return bool((z[0] if found.rises else -z[0]) > _OWN)
