"""As-of state of pairs: what has happened between a left and a right row, read at any moment.

Left and right may be a user and an item, a user and a brand, a store and an item, or nothing and an item (left
row 0): the same arrays and the same reading serve them all. Building is one sort and one scan; a reading costs
two binary searches, O(log), and cannot see an event after its moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numba as nb
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from edgewise.clock import ALWAYS, DAY, NEVER
from edgewise.ids import MISSING

__all__ = [
    "PairReading",
    "PairTimeline",
    "Timeline",
    "days_between",
    "find_right",
    "first_after",
    "pair_timeline",
    "reading_names",
    "rhythm_of",
]

_MISS = -1


class Timeline(Protocol):
    """What can be read of pairs as of any moment, whether they were built in a batch or grow with events."""

    @property
    def half_lives(self) -> Float64[np.ndarray, " half_lives"]:
        """The half-lives of the decayed counts, in days."""

    def read(
        self,
        left: Int64[np.ndarray, " n"],
        right: Int64[np.ndarray, " n"],
        anchor: Int64[np.ndarray, " n"],
        windows: PairReading,
    ) -> Float32[np.ndarray, "n features"]:
        """The state of pairs as of their anchors; columns as `reading_names` lists them."""

    def best(
        self, left: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], half_life: int, width: int
    ) -> tuple[Int64[np.ndarray, "n width"], Float32[np.ndarray, "n width"]]:
        """For each left row the rights with the highest decayed counts as of its anchor, best first.

        Ties go to the smaller row id; MISSING and 0 fill up.
        """


@dataclass(frozen=True, slots=True)
class PairTimeline:
    """The distinct moments at which each pair met, in time order, with running decayed sums.

    The pairs of left row `l` are `right[left_ptr[l]:left_ptr[l + 1]]`, ascending; pair `p` met at
    `at[event_ptr[p]:event_ptr[p + 1]]`. `decayed[e, h]` is the sum over the pair's events up to `e` of
    `2^-(age / half_lives[h])`, as of `at[e]`; `gap_squares[e]` the sum of its squared gaps, in days².
    """

    left_ptr: Int64[np.ndarray, " left_plus_1"]
    right: Int32[np.ndarray, " pairs"]
    event_ptr: Int64[np.ndarray, " pairs_plus_1"]
    at: Int64[np.ndarray, " events"]
    decayed: Float32[np.ndarray, "events half_lives"]
    gap_squares: Float32[np.ndarray, " events"]  # empty where events are not merged: many have no rhythm
    half_lives: Float64[np.ndarray, " half_lives"]  # days

    def read(
        self,
        left: Int64[np.ndarray, " n"],
        right: Int64[np.ndarray, " n"],
        anchor: Int64[np.ndarray, " n"],
        windows: PairReading,
    ) -> Float32[np.ndarray, "n features"]:
        """The state of pairs as of their anchors; columns as `reading_names` lists them.

        A pair that never met, or a row id that is negative, has zero counts and NaN times.
        """
        if windows.rhythm and len(self.gap_squares) < len(self.at):
            raise ValueError("events of many have no rhythm: build the timeline with merge=True")
        out = np.zeros((len(left), windows.width(len(self.half_lives))), dtype=np.float32)
        _read(
            self.left_ptr, self.right, self.event_ptr, self.at, self.decayed, self.gap_squares, self.half_lives,
            np.asarray(left, np.int64), np.asarray(right, np.int64), np.asarray(anchor, np.int64),
            np.asarray(windows.days, np.float64) * DAY, windows.rhythm, out,
        )  # fmt: skip
        return out

    def best(
        self, left: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], half_life: int, width: int
    ) -> tuple[Int64[np.ndarray, "n width"], Float32[np.ndarray, "n width"]]:
        """For each left row the rights with the highest decayed counts as of its anchor, best first.

        Ties go to the smaller row id; MISSING and 0 fill up. Rows that ask the same are answered once.
        """
        pairs = np.stack([np.asarray(left, np.int64), np.asarray(at, np.int64)], axis=1)
        distinct, where = np.unique(pairs, axis=0, return_inverse=True)
        items = np.full((len(distinct), width), MISSING, dtype=np.int64)
        scores = np.zeros((len(distinct), width), dtype=np.float32)
        _best(
            self.left_ptr, self.right, self.event_ptr, self.at, self.decayed[:, half_life],
            self.half_lives[half_life] * DAY, distinct[:, 0], distinct[:, 1], items, scores,
        )  # fmt: skip
        where = where.reshape(-1)
        return items[where], scores[where]


@dataclass(frozen=True, slots=True)
class PairReading:
    """What to read: counts in windows of so many `days`, and, with `rhythm`, recency and intervals."""

    days: tuple[float, ...] = ()
    rhythm: bool = True

    def width(self, half_lives: int) -> int:
        """How many columns a reading has."""
        return 1 + len(self.days) + half_lives + (5 if self.rhythm else 0)


def reading_names(prefix: str, half_lives: Sequence[float], reading: PairReading) -> list[str]:
    """The names of a reading's columns, in order.

    `count` is of all time, `in 7d` counts in a window, `decay 30d` decayed counts; `recency`, `interval`
    (mean gap) and `age` (since the first) in days, `irregularity` the gaps' coefficient of variation, and
    `due` recency over interval.
    """
    return list(_names(prefix, tuple(half_lives), reading))


@lru_cache(256)
def _names(prefix: str, half_lives: tuple[float, ...], reading: PairReading) -> tuple[str, ...]:
    names = ["count", *(f"in {d:g}d" for d in reading.days), *(f"decay {h:g}d" for h in half_lives)]
    names += ["recency", "age", "interval", "irregularity", "due"] if reading.rhythm else []
    return tuple(f"{prefix} {name}" for name in names)


def pair_timeline(
    left: np.ndarray,
    right: np.ndarray,
    at: Int64[np.ndarray, " events"],
    *,
    left_rows: int,
    half_lives: Sequence[float] = (),
    merge: bool = True,
) -> PairTimeline:
    """Sort events into pairs and run the decayed sums. `half_lives` are in days.

    Events with a negative row id or the time NEVER are left out. With `merge`, events of a pair at the same
    moment (the same article twice in a basket) count once; where the left row stands for many, they are many.
    """
    keep = (left >= 0) & (right >= 0) & (at != NEVER)
    if not keep.all():
        left, right, at = left[keep], right[keep], at[keep]
    left, right = left.astype(np.int32, copy=False), right.astype(np.int32, copy=False)
    rights = int(right.max(initial=0)) + 1
    order = None if bool((at[1:] >= at[:-1]).all()) else np.argsort(at, kind="stable")
    order = _by(left, left_rows, _by(right, rights, order))
    left, right, at = left[order], right[order], at[order]
    if merge and len(at):
        fresh = _changes(left, right)
        fresh[1:] |= at[1:] != at[:-1]
        left, right, at = left[fresh], right[fresh], at[fresh]
    starts = np.flatnonzero(_changes(left, right))
    event_ptr = np.append(starts, len(at)).astype(np.int64)
    left_ptr = np.searchsorted(left[starts], np.arange(left_rows + 1)).astype(np.int64)
    halves = np.asarray(half_lives, dtype=np.float64)
    decayed, gap_squares = _run(event_ptr, at, halves * DAY, merge)
    return PairTimeline(left_ptr, right[starts], event_ptr, at, decayed, gap_squares, halves)


def _by(key: Int32[np.ndarray, " events"], keys: int, order: np.ndarray | None) -> Int64[np.ndarray, " events"]:
    """An order made one by `key`, what is equal staying as it was: a counting sort."""
    return _count_sort(key, keys, np.arange(len(key), dtype=np.int64) if order is None else order)


def _changes(left: np.ndarray, right: np.ndarray) -> Bool[np.ndarray, " events"]:
    """Where another pair begins."""
    found = np.ones(len(left), dtype=bool)
    found[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return found


@nb.njit(cache=True)
def _count_sort(key: np.ndarray, keys: int, order: np.ndarray) -> np.ndarray:
    free = np.zeros(keys + 1, dtype=np.int64)
    for k in key:
        free[k + 1] += 1
    for k in range(keys):
        free[k + 1] += free[k]
    out = np.empty(len(order), dtype=np.int64)
    for e in order:
        out[free[key[e]]] = e
        free[key[e]] += 1
    return out


@nb.njit(cache=True)
def days_between(later: int, earlier: int) -> float:
    """Days between two moments; rows that were always there are of no age."""
    return 0.0 if earlier == ALWAYS else (later - earlier) / DAY


@nb.njit(cache=True)
def _run(
    event_ptr: np.ndarray, at: np.ndarray, half_lives: np.ndarray, rhythm: bool
) -> tuple[np.ndarray, np.ndarray]:
    decayed = np.ones((len(at), len(half_lives)), dtype=np.float32)
    gap_squares = np.zeros(len(at) if rhythm else 0, dtype=np.float32)
    for pair in range(len(event_ptr) - 1):
        for e in range(event_ptr[pair] + 1, event_ptr[pair + 1]):
            gap = days_between(at[e], at[e - 1])
            if rhythm:
                gap_squares[e] = gap_squares[e - 1] + gap * gap
            for h in range(len(half_lives)):
                decayed[e, h] = decayed[e - 1, h] * 2.0 ** (-gap * DAY / half_lives[h]) + 1.0
    return decayed, gap_squares


@nb.njit(cache=True)
def find_right(right: np.ndarray, low: int, high: int, wanted: int) -> int:
    """The position of `wanted` in an ascending slice, or -1."""
    end = high
    while low < high:
        middle = (low + high) // 2
        if right[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < end and right[low] == wanted else _MISS


@nb.njit(cache=True)
def first_after(at: np.ndarray, low: int, high: int, moment: float) -> int:
    """The first position in an ascending slice whose time is after `moment`.

    It steps back from the end, farther each time: what is asked for is mostly recent.
    """
    step = 1
    while high - step >= low and at[high - step] > moment:
        high -= step
        step *= 2
    low = max(low, high - step)
    while low < high:
        middle = (low + high) // 2
        if at[middle] <= moment:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(cache=True, parallel=True)
def _read(
    left_ptr: np.ndarray, rights: np.ndarray, event_ptr: np.ndarray, at: np.ndarray, decayed: np.ndarray,
    gap_squares: np.ndarray, half_lives: np.ndarray, left: np.ndarray, right: np.ndarray, anchor: np.ndarray,
    windows: np.ndarray, rhythm: bool, out: np.ndarray,
) -> None:  # fmt: skip
    W, H = len(windows), len(half_lives)
    for q in nb.prange(len(left)):
        if rhythm:
            out[q, 1 + W + H :] = np.nan
        if left[q] < 0 or right[q] < 0 or left[q] >= len(left_ptr) - 1:
            continue
        pair = find_right(rights, left_ptr[left[q]], left_ptr[left[q] + 1], right[q])
        if pair < 0:
            continue
        first = event_ptr[pair]
        stop = first_after(at, first, event_ptr[pair + 1], anchor[q])
        if stop == first:
            continue
        out[q, 0] = stop - first
        for w in range(W):
            out[q, 1 + w] = stop - first_after(at, first, stop, np.int64(anchor[q] - windows[w]))
        age = days_between(anchor[q], at[stop - 1])
        for h in range(H):
            out[q, 1 + W + h] = decayed[stop - 1, h] * 2.0 ** (-age / half_lives[h])
        if rhythm:
            rhythm_of(at[first], at[stop - 1], stop - first, gap_squares[stop - 1], anchor[q], out[q, 1 + W + H :])


@nb.njit(cache=True)
def rhythm_of(first: int, last: int, count: int, gap_squares: float, anchor: int, out: np.ndarray) -> None:
    """Recency, age, mean gap, the gaps' coefficient of variation, and recency over mean gap."""
    age = days_between(anchor, last)
    out[0] = age
    out[1] = days_between(anchor, first)
    if count < 2:
        return
    mean = days_between(last, first) / (count - 1)
    out[2] = mean
    if mean > 0.0:
        out[3] = np.sqrt(max(gap_squares / (count - 1) - mean * mean, 0.0)) / mean
        out[4] = age / mean


@nb.njit(cache=True, parallel=True)
def _best(
    left_ptr: np.ndarray, rights: np.ndarray, event_ptr: np.ndarray, at: np.ndarray, decayed: np.ndarray,
    half_life: float, left: np.ndarray, anchor: np.ndarray, items: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    width = items.shape[1]
    for q in nb.prange(len(left)):
        if left[q] < 0 or left[q] >= len(left_ptr) - 1:
            continue
        begin, end = left_ptr[left[q]], left_ptr[left[q] + 1]
        worth = np.zeros(end - begin, dtype=np.float32)
        for pair in range(begin, end):
            first = event_ptr[pair]
            stop = first_after(at, first, event_ptr[pair + 1], anchor[q])
            if stop > first:
                age = 0.0 if at[stop - 1] == ALWAYS else float(anchor[q] - at[stop - 1])
                worth[pair - begin] = decayed[stop - 1] * 2.0 ** (-age / half_life)
        order = np.argsort(-worth, kind="mergesort")
        for r in range(min(width, end - begin)):
            if worth[order[r]] <= 0.0:
                break
            items[q, r] = rights[begin + order[r]]
            scores[q, r] = worth[order[r]]
