"""A task's own past: what the target was in the windows before each anchor, read from the history.

The history does not say how its values are combined. The aggregation is therefore found by recomputing the
labels themselves: the one that reproduces them is the one; when none does, there is no past to compare with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64
from numba import njit

from edgewise.clock import DAY, NEVER
from edgewise.tasks.nouns import History, Labels, Seeds, TaskSpec

__all__ = ["Past", "past_of", "season_of", "windows"]

_HOWS: Final = ("sum", "count", "mean", "min", "max", "last", "first")
_PERIODS: Final = 60
_AGREEMENT: Final = 0.9


@dataclass(frozen=True, slots=True)
class Past:
    """`values[i]` are the target's values in the windows of `frame` microseconds up to seed i's anchor.

    In time order; NaN before the entity's first event, and where an empty window has no value. `how` is the
    aggregation that reproduced the labels.
    """

    values: Float64[np.ndarray, "n periods"]
    frame: int
    how: str


def past_of(spec: TaskSpec, labels: Labels, periods: int = _PERIODS) -> Past | None:
    """The past of a numeric task, or None when the history does not reproduce the labels."""
    history = spec.history
    if history is None or spec.horizon <= 0 or not isinstance(labels.target, np.ndarray) or not len(labels):
        return None
    if history.value.dtype.kind != "f":
        return None
    target = labels.target.reshape(len(labels), -1)
    sample = np.unique(np.linspace(0, len(labels) - 1, 500).astype(np.int64))
    for frame in dict.fromkeys((spec.horizon, spec.horizon // max(target.shape[1], 1))):
        for how in _HOWS:
            again = windows(history, labels.seeds.take(sample), spec.start, frame, target.shape[1], how)
            known = np.isfinite(target[sample])
            same = np.isclose(again, target[sample], rtol=1e-6, atol=1e-6)[known]
            if len(same) and same.mean() >= _AGREEMENT:
                values = windows(history, labels.seeds, -periods * frame, frame, periods, how)
                return Past(_blank_before_first(history, labels.seeds, values, frame), frame, how)
    return None


def windows(
    history: History, seeds: Seeds, start: int, frame: int, count: int, how: str
) -> Float64[np.ndarray, "n count"]:
    """The values in `count` consecutive windows (anchor + start + j frame, … + frame] of each seed.

    `how`: sum and count give 0 for an empty window, the others NaN.
    """
    return _windows(
        seeds.rows, seeds.at, history.indptr, history.at, history.value, start, frame, count, _HOWS.index(how)
    )


def season_of(frame: int, periods: int) -> int:
    """How many frames a season lasts: a week of days, a year of weeks or months, where the past is that long."""
    season = 1
    if frame == DAY:
        season = 7
    elif frame == 7 * DAY:
        season = 52
    elif 28 * DAY <= frame <= 31 * DAY:
        season = 12
    return season if 2 * season <= periods else 1


def _blank_before_first(
    history: History, seeds: Seeds, values: Float64[np.ndarray, "n periods"], frame: int
) -> Float64[np.ndarray, "n periods"]:
    first = np.full(len(seeds), NEVER)
    known = (seeds.rows >= 0) & (seeds.rows < len(history.indptr) - 1)
    known[known] = np.diff(history.indptr)[seeds.rows[known]] > 0
    first[known] = history.at[history.indptr[seeds.rows[known]]]
    periods = values.shape[1]
    ends = seeds.at[:, None] - frame * np.arange(periods - 1, -1, -1)
    return np.where(ends >= first[:, None], values, np.nan)


@njit(cache=True)
def _windows(
    rows: np.ndarray,
    anchors: np.ndarray,
    indptr: np.ndarray,
    at: np.ndarray,
    value: np.ndarray,
    start: int,
    frame: int,
    count: int,
    how: int,
) -> np.ndarray:
    out = np.empty((len(rows), count))
    for i in range(len(rows)):
        known = 0 <= rows[i] < len(indptr) - 1
        first, last = (indptr[rows[i]], indptr[rows[i] + 1]) if known else (0, 0)
        own = at[first:last]
        for j in range(count):
            begin = anchors[i] + start + j * frame
            lo = first + np.searchsorted(own, begin, side="right")
            hi = first + np.searchsorted(own, begin + frame, side="right")
            out[i, j] = _combine(value[lo:hi], how)
    return out


@njit(cache=True)
def _combine(inside: np.ndarray, how: int) -> float:
    if how == 1:
        return float(len(inside))
    if how == 0:
        return inside.sum()
    if len(inside) == 0:
        return np.nan
    if how == 2:
        return inside.mean()
    if how == 3:
        return inside.min()
    if how == 4:
        return inside.max()
    return inside[-1] if how == 5 else inside[0]
