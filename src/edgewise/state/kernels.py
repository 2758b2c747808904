"""The loops of the as-of sweep, compiled. `sweep.py` says what they compute and in which order."""

from __future__ import annotations

import numpy as np
from numba import njit

from edgewise.clock import ALWAYS
from edgewise.state.decay import faded
from edgewise.state.distinct import previous_twins, scratch_for, slide

__all__ = ["sweep_rows"]


@njit(cache=True, nogil=True)
def sweep_rows(
    indptr: np.ndarray,
    dst: np.ndarray,
    at: np.ndarray,
    rows: np.ndarray,
    anchors: np.ndarray,
    order: np.ndarray,
    windows: np.ndarray,
    half_lives: np.ndarray,
    share_life: float,
    unit: float,
    timed: bool,
    numbers: np.ndarray,
    slots: np.ndarray,
    linked: np.ndarray,
    shares: int,
    out: np.ndarray,
) -> None:
    """Fill `out` seed by seed: `order` sorts the seeds by row, then anchor; a MISSING row has no links."""
    n = len(order)
    scratch = scratch_for(linked)
    begin = 0
    while begin < n:
        row = rows[order[begin]]
        end = begin + 1
        while end < n and rows[order[end]] == row:
            end += 1
        first, last = np.int64(0), np.int64(0)
        if row >= 0 and row + 1 < len(indptr):
            first, last = indptr[row], indptr[row + 1]
        last = first + np.searchsorted(at[first:last], anchors[order[end - 1]], side="right")
        _entity(
            dst[first:last], at[first:last], anchors, order[begin:end], windows, half_lives, share_life,
            unit, timed, numbers, slots, linked, shares, scratch, out,
        )  # fmt: skip
        begin = end


@njit(cache=True, nogil=True)
def _entity(
    dst: np.ndarray,
    at: np.ndarray,
    anchors: np.ndarray,
    seeds: np.ndarray,
    windows: np.ndarray,
    half_lives: np.ndarray,
    share_life: float,
    unit: float,
    timed: bool,
    numbers: np.ndarray,
    slots: np.ndarray,
    linked: np.ndarray,
    shares: int,
    scratch: np.ndarray,
    out: np.ndarray,
) -> None:
    """All the anchors of one entity, over its links up to the last of them."""
    c = numbers.shape[1]
    sums, seen, lowest, highest, latest = _prefixes(dst, numbers)
    previous, following, firsts = previous_twins(dst, linked, scratch)
    sliding = np.zeros((linked.shape[1], len(windows), 3), np.int64)
    counts = np.zeros(len(half_lives))
    decayed = np.zeros((c, len(half_lives)))
    present = np.zeros((c, len(half_lives)))
    share, share_at = np.zeros(shares), np.zeros(shares, np.int64)
    units = _units(at, unit, half_lives) if timed else np.zeros((0, 0))
    done = 0
    for seed in seeds:
        anchor = anchors[seed]
        while done < len(at) and at[done] <= anchor:
            gap = at[done] - at[max(done - 1, 0)] if timed else 0
            _absorb(numbers[dst[done]], gap, half_lives, counts, decayed, present)
            _spread(slots[dst[done]], at[done] if timed else 0, share_life, share, share_at)
            done += 1
        line = out[seed]
        j = _count_features(line, at[:done], anchor, windows, half_lives, counts, unit, timed)
        if timed:
            j = _active_features(line, j, at[:done], anchor, windows, half_lives, unit, units)
        gap = anchor - at[done - 1] if timed and done > 0 else 0
        for k in range(c):
            j = _number_features(
                line, j, at[:done], anchor, windows, half_lives, gap, sums[:, k], seen[:, k],
                lowest[:, k], highest[:, k], latest[:, k], decayed[k], present[k],
            )  # fmt: skip
        total = faded(counts[-1], gap, share_life) if timed else np.float64(done)
        j = _share_features(line, j, share, share_at, anchor, share_life, timed, total)
        for k in range(linked.shape[1]):
            j = _distinct_features(
                line, j, previous[k], following[k], firsts[k], at[:done], anchor, windows, sliding[k]
            )


@njit(cache=True, nogil=True)
def _prefixes(
    dst: np.ndarray, numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Per link: running sum, count, lowest, highest and latest value before it, NaN values left out."""
    n, c = len(dst), numbers.shape[1]
    sums, seen = np.zeros((n + 1, c)), np.zeros((n + 1, c), np.int32)
    lowest, highest, latest = np.full((n + 1, c), np.nan), np.full((n + 1, c), np.nan), np.full((n + 1, c), np.nan)
    for i in range(n):
        for k in range(c):
            x = np.float64(numbers[dst[i], k])
            if np.isnan(x):
                sums[i + 1, k], seen[i + 1, k] = sums[i, k], seen[i, k]
                lowest[i + 1, k], highest[i + 1, k], latest[i + 1, k] = lowest[i, k], highest[i, k], latest[i, k]
            else:
                sums[i + 1, k], seen[i + 1, k] = sums[i, k] + x, seen[i, k] + 1
                lowest[i + 1, k] = x if seen[i, k] == 0 else min(lowest[i, k], x)
                highest[i + 1, k] = x if seen[i, k] == 0 else max(highest[i, k], x)
                latest[i + 1, k] = x
    return sums, seen, lowest, highest, latest


@njit(cache=True, nogil=True)
def _absorb(
    values: np.ndarray,
    gap: int,
    half_lives: np.ndarray,
    counts: np.ndarray,
    decayed: np.ndarray,
    present: np.ndarray,
) -> None:
    """Add one event to the decayed counts and sums."""
    for h in range(len(half_lives)):
        keep = faded(1.0, gap, half_lives[h])
        counts[h] = counts[h] * keep + 1.0
        for k in range(len(values)):
            known = not np.isnan(values[k])
            decayed[k, h] = decayed[k, h] * keep + (values[k] if known else 0.0)
            present[k, h] = present[k, h] * keep + (1.0 if known else 0.0)


@njit(cache=True, nogil=True)
def _spread(slots: np.ndarray, at: int, half_life: float, share: np.ndarray, share_at: np.ndarray) -> None:
    """Add one event to the decayed count of each of its categories."""
    for q in range(len(slots)):
        s = slots[q]
        if s >= 0:
            share[s] = faded(share[s], at - share_at[s], half_life) + 1.0
            share_at[s] = at


@njit(cache=True, nogil=True)
def _count_features(
    line: np.ndarray,
    at: np.ndarray,
    anchor: int,
    windows: np.ndarray,
    half_lives: np.ndarray,
    counts: np.ndarray,
    unit: float,
    timed: bool,
) -> int:
    n = len(at)
    line[0] = n
    j = 1
    for w in windows:
        line[j] = n - _from(at, anchor, w)
        j += 1
    gap = anchor - at[n - 1] if timed and n > 0 else 0
    for h in range(len(half_lives)):
        line[j] = faded(counts[h], gap, half_lives[h])
        j += 1
    if not timed:
        return j
    if n > 0:
        line[j] = gap / unit
        line[j + 1] = (anchor - at[0]) / unit
    middle = windows[len(windows) // 2]
    inside = _from(at, anchor, middle)
    line[j + 2] = (n - inside) - (inside - _from(at, anchor, 2 * middle))
    return j + 3


@njit(cache=True, nogil=True)
def _units(at: np.ndarray, unit: float, half_lives: np.ndarray) -> np.ndarray:
    """Per link and before it: active units, last gap, longest gap, sum of squared gaps, decayed active units.

    Column 0 counts units with an event; 1 to 3 are gaps between active units, in units.
    """
    n = len(at)
    found = np.zeros((n + 1, 4 + len(half_lives)))
    for i in range(n):
        found[i + 1] = found[i]
        gap = at[i] - at[i - 1] if i > 0 else 0
        fresh = i == 0 or at[i] // np.int64(unit) != at[i - 1] // np.int64(unit)
        for h in range(len(half_lives)):
            found[i + 1, 4 + h] = faded(found[i, 4 + h], gap, half_lives[h]) + (1.0 if fresh else 0.0)
        if fresh:
            found[i + 1, 0] += 1.0
        if fresh and i > 0:
            step = np.float64(at[i] // np.int64(unit) - at[i - 1] // np.int64(unit))
            found[i + 1, 1] = step
            found[i + 1, 2] = max(found[i, 2], step)
            found[i + 1, 3] += step * step
    return found


@njit(cache=True, nogil=True)
def _active_features(
    line: np.ndarray,
    j: int,
    at: np.ndarray,
    anchor: int,
    windows: np.ndarray,
    half_lives: np.ndarray,
    unit: float,
    units: np.ndarray,
) -> int:
    n = len(at)
    line[j] = units[n, 0]
    for w in range(len(windows)):
        lo = _from(at, anchor, windows[w])
        split = 0 < lo < n and at[lo] // np.int64(unit) == at[lo - 1] // np.int64(unit)
        line[j + 1 + w] = units[n, 0] - units[lo, 0] + (1.0 if split else 0.0)
    j += 1 + len(windows)
    gap = anchor - at[n - 1] if n > 0 else 0
    for h in range(len(half_lives)):
        line[j + h] = faded(units[n, 4 + h], gap, half_lives[h])
    j += len(half_lives)
    if units[n, 0] > 1:
        gaps = units[n, 0] - 1
        mean = np.float64(at[n - 1] // np.int64(unit) - at[0] // np.int64(unit)) / gaps
        line[j], line[j + 1], line[j + 2] = mean, units[n, 1], units[n, 2]
        line[j + 3] = gap / unit / mean
        line[j + 4] = np.sqrt(max(units[n, 3] / gaps - mean * mean, 0.0)) / mean
    return j + 5


@njit(cache=True, nogil=True)
def _number_features(
    line: np.ndarray,
    j: int,
    at: np.ndarray,
    anchor: int,
    windows: np.ndarray,
    half_lives: np.ndarray,
    gap: int,
    sums: np.ndarray,
    seen: np.ndarray,
    lowest: np.ndarray,
    highest: np.ndarray,
    latest: np.ndarray,
    decayed: np.ndarray,
    present: np.ndarray,
) -> int:
    n = len(at)
    line[j], line[j + 1], line[j + 2] = latest[n], lowest[n], highest[n]
    line[j + 3] = _mean(sums, seen, 0, n)
    line[j + 4] = _mean(sums, seen, max(n - 5, 0), n)
    line[j + 5] = _mean(sums, seen, max(n - 20, 0), n)
    j += 6
    for w in windows:
        line[j] = sums[n] - sums[_from(at, anchor, w)]
        j += 1
    for i in range(2, len(windows), 2):
        line[j] = _mean(sums, seen, _from(at, anchor, windows[i]), n)
        j += 1
    lives = len(half_lives)
    for h in range(lives):
        line[j + h] = faded(decayed[h], gap, half_lives[h])
        if present[h] > 1e-9:
            line[j + lives + h] = decayed[h] / present[h]
    return j + 2 * lives


@njit(cache=True, nogil=True)
def _share_features(
    line: np.ndarray,
    j: int,
    share: np.ndarray,
    share_at: np.ndarray,
    anchor: int,
    half_life: float,
    timed: bool,
    total: float,
) -> int:
    for s in range(len(share)):
        left = faded(share[s], anchor - share_at[s], half_life) if timed else share[s]
        line[j + s] = left / total if total > 1e-9 else 0.0
    return j + len(share)


@njit(cache=True, nogil=True)
def _distinct_features(
    line: np.ndarray,
    j: int,
    previous: np.ndarray,
    following: np.ndarray,
    firsts: np.ndarray,
    at: np.ndarray,
    anchor: int,
    windows: np.ndarray,
    sliding: np.ndarray,
) -> int:
    n = len(at)
    line[j] = firsts[n]
    j += 1
    for i in range(2, min(len(windows), 5), 2):
        line[j] = slide(previous, following, sliding[i], _from(at, anchor, windows[i]), n)
        j += 1
    return j


@njit(cache=True, nogil=True)
def _mean(sums: np.ndarray, seen: np.ndarray, begin: int, end: int) -> float:
    count = seen[end] - seen[begin]
    return (sums[end] - sums[begin]) / count if count > 0 else np.nan


@njit(cache=True, nogil=True)
def _from(at: np.ndarray, anchor: int, window: int) -> int:
    """The first position inside the window (anchor - window, anchor]."""
    if anchor < ALWAYS + window:
        return 0
    return int(np.searchsorted(at, anchor - window, side="right"))
