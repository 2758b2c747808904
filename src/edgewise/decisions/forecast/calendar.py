"""What is known of a week before it comes: its place in the month, and how far holidays are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import numpy as np
from jaxtyping import Bool, Float64

from edgewise.clock import DAY, HOUR, from_micros

__all__ = ["FAR", "Calendar", "easter", "holidays_of"]

WEEK: Final = 7 * DAY
#: Holidays farther than this many days do not matter.
FAR: Final = 21.0
_PHASES: Final = ((1, 5), (6, 10), (11, 17), (18, 24), (25, 31))
#: Weeks whose shares of the parts of the month differ by this (squared) count as rather different.
_ALIKE: Final = 0.08


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (the Meeus/Jones/Butcher algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def _weekday(year: int, month: int, weekday: int, which: int) -> dt.date:
    """The `which`-th weekday (Monday 0) of a month; -1 for the last."""
    if which > 0:
        first = dt.date(year, month, 1)
        return first + dt.timedelta((weekday - first.weekday()) % 7 + 7 * (which - 1))
    last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(1)
    return last - dt.timedelta((last.weekday() - weekday) % 7)


def holidays_of(
    which: Literal["us", "christian", "none"] | Sequence[dt.date], years: Iterable[int]
) -> list[dt.date]:
    """The holidays of these years, ascending."""
    if not isinstance(which, str):
        return sorted(which)
    found: list[dt.date] = []
    for year in years if which != "none" else ():
        found += [dt.date(year, 1, 1), easter(year), dt.date(year, 12, 25)]
        if which == "us":
            found += [
                _weekday(year, 5, 0, -1), dt.date(year, 7, 4), _weekday(year, 9, 0, 1), _weekday(year, 11, 3, 4),
            ]  # fmt: skip
    return sorted(found)


class Calendar:
    """Weeks 0 to `weeks` - 1, the first beginning at `first` (microseconds).

    Attributes:
        phase: the share of a week's days in each part of the month.
        near: day of the month it begins with, days to the next holiday, days since the last.
        festive: weeks with a holiday in them or in the day after them.
    """

    def __init__(
        self, first: int, weeks: int, which: Literal["us", "christian", "none"] | Sequence[dt.date]
    ) -> None:
        day = from_micros(first + 12 * HOUR).date()
        days = [[day + dt.timedelta(7 * w + i) for i in range(7)] for w in range(weeks)]
        known = holidays_of(which, range(day.year - 1, days[-1][-1].year + 2))
        of_month = np.array([[d.day for d in week] for week in days])
        self.starts = [week[0] for week in days]
        self.phase: Float64[np.ndarray, "weeks 5"] = np.stack(
            [((of_month >= a) & (of_month <= b)).mean(axis=1) for a, b in _PHASES], axis=1
        )
        ahead = [min([float((h - w[0]).days) for h in known if h >= w[0]] + [FAR]) for w in days]
        behind = [min([float((w[0] - h).days) for h in known if h < w[0]] + [FAR]) for w in days]
        near = np.minimum(np.array([ahead, behind]).T, FAR)
        self.near: Float64[np.ndarray, "weeks 3"] = np.column_stack([of_month[:, 0].astype(float), near])
        self.festive: Bool[np.ndarray, " weeks"] = near[:, 0] <= 7

    def alike(self, week: int) -> Float64[np.ndarray, " weeks"]:
        """How alike each week's place in the month is to that of one week, up to 1."""
        apart = ((self.phase - self.phase[week]) ** 2).sum(axis=1)
        return np.asarray(np.exp(-apart / _ALIKE))
