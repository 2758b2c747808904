"""Families of things that are watched: each has a count a day, and from them robust counts a week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

__all__ = ["WEEK", "Family", "cut_peaks", "weeks_of"]

WEEK: Final = 7
#: Over how many weeks before a day its usual size is taken, and how far above it a peak is cut.
_USUAL: Final = 8
_FAR: Final = 4.0
#: How many days of a week may be peaks: where more are far above, the week is a busy one.
_PEAKS: Final = 2


@dataclass(frozen=True, slots=True)
class Family:
    """Things of one sort: the values of a column, alone or each within the values of another.

    Attributes:
        events: the table of events.
        level: the column whose values they are; "" for the table as a whole; `COLUMN (word)` for words of texts.
        cell: the column of the place or group of people within which they are watched; None for everywhere.
        values: the value of each, as text for reading and sorting.
        cells: the place or group of each; empty texts where there is none.
        days: how many people a day, oldest day first; the last day ends at the moment of the look.
        alone: whether it stands for the level of everything, and is not held against others.
    """

    events: str
    level: str
    cell: str | None
    values: tuple[str, ...]
    cells: tuple[str, ...]
    days: Int64[np.ndarray, "series days"]
    alone: bool = False

    def __len__(self) -> int:
        return len(self.values)


def weeks_of(days: np.ndarray) -> Float64[np.ndarray, "series weeks"]:
    """Sums of seven days each; every week has every weekday once, so that weekdays fall out."""
    series, length = days.shape
    return days.reshape(series, length // WEEK, WEEK).sum(axis=2, dtype=np.float64)


def cut_peaks(days: Int64[np.ndarray, "series days"]) -> Float64[np.ndarray, "series weeks"]:
    """Counts a week in which no single day counts for more than what the weeks before it make credible.

    A day is credible up to four deviations above what the same weekday had in the eight weeks before, as the days
    of those weeks deviate from their weekday. The two days of a week that go furthest beyond that are cut, others
    are not: the days before a holiday are no peak. What a week is cut to depends on no later one.
    """
    series, length = days.shape
    whole = days.reshape(series, length // WEEK, WEEK).astype(np.float64)
    weeks = whole.shape[1]
    cut = np.empty((series, weeks))
    cut[:, : min(weeks, 2)] = whole[:, :2].sum(axis=2)
    for week in range(2, weeks):
        now = whole[:, week]
        over = np.sort(np.maximum(now - _credible(whole[:, max(0, week - _USUAL) : week]), 0.0), axis=1)
        cut[:, week] = now.sum(axis=1) - over[:, -_PEAKS:].sum(axis=1)
    return cut


def _credible(past: Float64[np.ndarray, "series weeks 7"]) -> Float64[np.ndarray, "series 7"]:
    n = past.shape[1]
    level = past.mean(axis=(1, 2))
    profile = past.sum(axis=(0, 1)) / max(past.sum() / WEEK, 1e-9)  # how much of a week falls on which weekday
    usual = (past.sum(axis=1) + 2 * level[:, None] * profile) / (n + 2)
    off = (past - usual[:, None, :]) ** 2 / (usual[:, None, :] + 0.5)
    spread = np.maximum(np.minimum(off, 9.0).mean(axis=(1, 2)), 1.0)
    return usual + _FAR * np.sqrt(spread[:, None] * usual) + 2.0
