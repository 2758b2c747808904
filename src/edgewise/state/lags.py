"""What the target was made of in windows of the past: lagged labels, replayed from the history."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from edgewise.ids import MISSING
from edgewise.state.fixed import fixed
from edgewise.tasks.nouns import History, Labels, Ragged

__all__ = ["LAGS", "Windows", "history_of_labels", "lagged", "past_windows"]

#: How many windows of the horizon's length are looked back.
LAGS: Final = 8


@dataclass(frozen=True, slots=True)
class Windows:
    """Aggregates over windows, each float64[n, windows]; NaN where empty, but sum, count and distinct 0."""

    sum: Float64[np.ndarray, "n windows"]
    count: Float64[np.ndarray, "n windows"]
    min: Float64[np.ndarray, "n windows"]
    max: Float64[np.ndarray, "n windows"]
    first: Float64[np.ndarray, "n windows"]
    last: Float64[np.ndarray, "n windows"]
    distinct: Float64[np.ndarray, "n windows"]

    @property
    def mean(self) -> Float64[np.ndarray, "n windows"]:
        """Sum over count; NaN where empty."""
        return np.divide(self.sum, self.count, out=np.full_like(self.sum, np.nan), where=self.count > 0)

    def named(self) -> dict[str, Float64[np.ndarray, "n windows"]]:
        """Every aggregate by name, means and whether anything happened included."""
        return {
            **{f.name: getattr(self, f.name) for f in fields(self)},
            "mean": self.mean,
            "exists": (self.count > 0).astype(np.float64),
        }


def past_windows(
    history: History,
    rows: Int64[np.ndarray, " n"],
    begins: Int64[np.ndarray, "n w"],
    ends: Int64[np.ndarray, "n w"],
) -> Windows:
    """Aggregate the history of each row over its windows (begin, end]. The caller keeps `ends <= anchor`.

    Linear in the events inside the windows, logarithmic in the rest. A MISSING row has no events.
    """
    shape = begins.shape
    found = Windows(
        sum=np.zeros(shape), count=np.zeros(shape), min=np.full(shape, np.nan), max=np.full(shape, np.nan),
        first=np.full(shape, np.nan), last=np.full(shape, np.nan), distinct=np.zeros(shape),
    )  # fmt: skip
    _windows(
        fixed(history.indptr), fixed(history.at), fixed(np.asarray(history.value, dtype=np.float64)),
        fixed(rows), fixed(begins), fixed(ends),
        found.sum, found.count, found.min, found.max, found.first, found.last, found.distinct,
    )  # fmt: skip
    return found


def lagged(
    history: History, rows: Int64[np.ndarray, " n"], anchors: Int64[np.ndarray, " n"], step: int, count: int = LAGS
) -> Windows:
    """The windows (anchor - j * step, anchor - (j - 1) * step] for j = 1..count, the latest first."""
    back = np.arange(count, dtype=np.int64) * step
    ends = anchors[:, None] - back[None, :]
    return past_windows(history, rows, ends - step, ends)


def history_of_labels(labels: Labels, entities: int, delay: int) -> History:
    """Labels as events that become known `delay` microseconds after their anchor (start + horizon).

    A list label gives one event for each of its entries; a forecast its first timeframe.
    """
    rows, at = labels.seeds.rows, labels.seeds.at + delay
    if isinstance(labels.target, Ragged):
        rows = np.repeat(rows, labels.target.lengths)
        at = np.repeat(at, labels.target.lengths)
        value = labels.target.values
    else:
        value = labels.target[:, 0] if labels.target.ndim == 2 else labels.target
    known = (rows != MISSING) & np.isfinite(value.astype(np.float64))
    rows, at, value = rows[known], at[known], value[known]
    order = np.lexsort((at, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=entities))]).astype(np.int64)
    return History(indptr, at[order], value[order])


@njit(cache=True, nogil=True)
def _windows(
    indptr: np.ndarray,
    at: np.ndarray,
    value: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    total: np.ndarray,
    count: np.ndarray,
    lowest: np.ndarray,
    highest: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    distinct: np.ndarray,
) -> None:
    for i in range(len(rows)):
        if rows[i] < 0 or rows[i] + 1 >= len(indptr):
            continue
        a, b = indptr[rows[i]], indptr[rows[i] + 1]
        for w in range(begins.shape[1]):
            lo = a + np.searchsorted(at[a:b], begins[i, w], side="right")
            hi = a + np.searchsorted(at[a:b], ends[i, w], side="right")
            if hi <= lo:
                continue
            inside = value[lo:hi]
            count[i, w] = hi - lo
            lowest[i, w], highest[i, w] = inside.min(), inside.max()
            first[i, w], last[i, w] = inside[0], inside[-1]
            distinct[i, w] = _distinct(inside)
            subtotal = 0.0
            for x in inside:
                subtotal += x
            total[i, w] = subtotal


@njit(cache=True, nogil=True)
def _distinct(values: np.ndarray) -> int:
    ordered = np.sort(values)
    found = 1
    for i in range(1, len(ordered)):
        found += ordered[i] != ordered[i - 1]
    return found
