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

#: What is left of a trend without another one is a trend of its own from so many deviations on: a dozen parts are
#: compared, and the one that is furthest off by chance is no trend.
_OWN: Final = 3.0
#: A thing lies within another if it shares this much of its events with it.
_WITHIN: Final = 0.8
#: One side of a trend is narrower than another if its ratio is this much further from one, as a logarithm.
_NARROWER: Final = 0.25


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
        self._cells = {
            (family.events, family.level, family.cell, value, cell): (f, row)
            for f, family in enumerate(families)
            if family.cell is not None
            for row, (value, cell) in enumerate(zip(family.values, family.cells, strict=True))
        }

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
        """A part may be clearer than its whole and come first, or a whole clearer than what drives it."""
        found = told[i]
        if found.explained_by is not None:
            return found
        for later in told[i + 1 :]:
            if later.explained_by is None and self._related(found, later) and self._shadow(week, found, later):
                return replace(found, explained_by=later.key)
        return found

    def settle(self, week: int, told: list[Found]) -> list[Found]:
        """The same trends as of a later week: what turned out to be part of one found after it is its shadow."""
        settled = list(told)
        for i, found in enumerate(told):
            for other in settled:
                later = other.week > found.week and other.explained_by is None
                if later and self._related(found, other) and self._shadow(week, found, other):
                    settled[i] = replace(found, explained_by=other.key)
                    break
        return settled

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
        """Whether there is nothing to one trend beyond another."""
        own, its = self._families[found.family], self._families[other.family]
        if its.alone:
            return False  # all others are held against the level of everything already
        if own.alone:
            return self._nothing_without(week, found, other.key)
        if own.cell is not None or its.cell is not None:
            return self._shadow_of_cells(week, found, other)
        crossing = self._crossing(found, other)
        if crossing is not None:
            return self._nothing_without(week, found, crossing)
        return self._shadow_of_items(week, found, other)

    def _nothing_without(self, week: int, found: Found, part: tuple[int, int]) -> bool:
        rest = self._series(week, found, found.key) - self._series(week, found, part)
        return not self._own(found, rest)

    def _shadow_of_cells(self, week: int, found: Found, other: Found) -> bool:
        own, its = self._families[found.family], self._families[other.family]
        if own.cell is not None and its.cell is not None:
            # the same, seen from another side, unless this side is the narrower one and holds all of it
            narrower = _size(found) > _size(other) + _NARROWER
            holds_all = narrower and self._nothing_without(week, other, found.key)
            return own.cell != its.cell and self._same_value(found, other) and not holds_all
        if not self._same_value(found, other) and not self._same_place(found, other):
            return False
        if own.cell is None:
            return self._nothing_without(week, found, other.key)
        part = self._series(week, found, found.key)
        return not self._beyond(found, part, self._beside(week, found, same_value=self._same_value(found, other)))

    def _crossing(self, found: Found, other: Found) -> tuple[int, int] | None:
        """The cell that a thing and a place have in common."""
        one, two = self._families[found.family], self._families[other.family]
        mine, its = one.values[found.row], two.values[other.row]
        key = (one.events, one.level, two.level, mine, its)
        return self._cells.get(key) or self._cells.get((one.events, two.level, one.level, its, mine))

    def _same_place(self, found: Found, other: Found) -> bool:
        """Whether one is of something within a place, and the other of the place."""
        for inner, outer in ((found, other), (other, found)):
            own, its = self._families[inner.family], self._families[outer.family]
            if own.cell is not None and own.cell == its.level and own.cells[inner.row] == its.values[outer.row]:
                return True
        return False

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

    def _series(self, week: int, found: Found, key: tuple[int, int]) -> _Sums:
        weeks = self._scans[key[0]].whole[key[1]]  # where one is cut sooner than another, shares would be off
        recent, usable = self._span(week, found)
        return _Sums(float(weeks[recent].sum()), float(weeks[usable].sum()))

    def _beside(self, week: int, found: Found, *, same_value: bool) -> _Sums:
        """The other cells of a cell's value, or of its place.

        Summed, not taken from the whole: who was in two cells on a day counts in both, and in the whole once.
        """
        family, scan = self._families[found.family], self._scans[found.family]
        shared = np.asarray(family.values if same_value else family.cells)
        rows = np.flatnonzero(shared == shared[found.row])
        rows = rows[rows != found.row]
        recent, usable = self._span(week, found)
        weeks = scan.whole[rows].sum(axis=0)
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
        # the rest is counted, too: what it did is known no better than that
        doubt = 1 / max(rest.recent, 1.0) + 1 / max(rest.before, 1.0)
        return self._stands_out(found, own, rest.recent / max(rest.before, 1e-9), doubt)

    def _stands_out(self, found: Found, sums: _Sums, ratio: float, doubt: float = 0.0) -> bool:
        """Whether a ratio of recent to baseline events explains the sums; `doubt` is its relative variance."""
        if sums.before + sums.recent < self._least or ratio <= 0:
            return False
        expected = np.array([sums.before * ratio])
        z, _ = surprise(
            np.array([sums.recent]), expected, expected * (1 + ratio) + doubt * expected**2,
            np.array([found.spread]), np.array([found.freedom]),
        )  # fmt: skip
        return bool((z[0] if found.rises else -z[0]) > _OWN)


def _size(found: Found) -> float:
    """How far a trend's ratio is from one."""
    return abs(float(np.log(max(found.recent, 0.5) / max(found.expected, 0.5))))
