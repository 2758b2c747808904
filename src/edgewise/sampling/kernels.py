"""The compiled inside of the sampler: count what is visible, then fill.

Each kernel works on the parents `lo` to `hi` of a frontier and releases the GIL, so that threads can share a
frontier. What a parent gets depends on the parent alone, never on its neighbours in the batch or on threads.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32, Int64
from numba import njit, uint64

__all__ = ["count_forward", "count_reverse", "fill_forward", "fill_reverse"]

_GOLDEN = 0x9E3779B97F4A7C15


@njit(cache=True, inline="always")
def mix(x: int) -> int:
    """The finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014): 64 well mixed bits."""
    x = uint64(x)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


@njit(cache=True, inline="always")
def below(key: int, draw: int, limit: int) -> np.int64:
    """A number in [0, limit), limit <= 2**31: draw number `draw` of the stream `key`, by multiply and shift."""
    high = mix(uint64(key) + uint64(draw) * uint64(_GOLDEN)) >> uint64(32)
    return np.int64((high * uint64(limit)) >> uint64(32))


@njit(cache=True, inline="always")
def stream(base: int, root: int, anchor: int, row: int) -> int:
    """The random stream of one parent: of its seed's row and anchor, its own row, and the step's base."""
    return mix(mix(mix(uint64(base) + uint64(root)) + uint64(anchor)) + uint64(row))


@njit(cache=True, nogil=True)
def count_reverse(
    indptr: Int64[np.ndarray, " src_rows_plus_1"],
    at: Int64[np.ndarray, " links"],
    timed: bool,
    fanout: int,
    rows: Int32[np.ndarray, " parents"],
    seed: Int32[np.ndarray, " parents"],
    anchor: Int64[np.ndarray, " seeds"],
    skip: tuple[int, int],
    lo: int,
    hi: int,
    end: Int64[np.ndarray, " parents"],
    offset: Int64[np.ndarray, " parents_plus_1"],
) -> None:
    """For each parent, where its visible links end, and how many are taken (`fanout` < 0: all).

    `offset[i + 1]` is what the parents from `lo` up to `i` take together.
    """
    total = 0
    for i in range(lo, hi):
        row = rows[i]
        if row < 0 or skip[0] <= i < skip[1]:
            end[i] = 0
            offset[i + 1] = total
            continue
        begin, stop = indptr[row], indptr[row + 1]
        limit = anchor[seed[i]]
        if timed and stop > begin and at[stop - 1] > limit:
            low = begin
            stop -= 1
            while low < stop:
                middle = (low + stop) >> 1
                if at[middle] <= limit:
                    low = middle + 1
                else:
                    stop = middle
        end[i] = stop
        visible = stop - begin
        total += visible if fanout < 0 or visible < fanout else fanout
        offset[i + 1] = total


@njit(cache=True, nogil=True)
def fill_reverse(
    indptr: Int64[np.ndarray, " src_rows_plus_1"],
    dst: Int32[np.ndarray, " links"],
    at: Int64[np.ndarray, " links"],
    timed: bool,
    rows: Int32[np.ndarray, " parents"],
    roots: Int32[np.ndarray, " seeds"],
    anchor: Int64[np.ndarray, " seeds"],
    recent: bool,
    base: int,
    seed: Int32[np.ndarray, " parents"],
    lo: int,
    hi: int,
    end: Int64[np.ndarray, " parents"],
    offset: Int64[np.ndarray, " parents_plus_1"],
    first: int,
    out_rows: Int32[np.ndarray, " frontier"],
    out_seed: Int32[np.ndarray, " frontier"],
    out_at: Int64[np.ndarray, " frontier"],
) -> None:
    """Write each parent's children, oldest first: the latest visible ones, or a uniform choice."""
    for i in range(lo, hi):
        o, taken = first + offset[i], offset[i + 1] - offset[i]
        if taken == 0:
            continue
        own = seed[i]
        out_seed[o : o + taken] = own
        begin = indptr[rows[i]]
        visible = end[i] - begin
        if recent or taken == visible:
            begin = end[i] - taken
            out_rows[o : o + taken] = dst[begin : end[i]]
            if timed:
                out_at[o : o + taken] = at[begin : end[i]]
        else:
            chosen = out_rows[o : o + taken]
            choose(stream(base, roots[own], anchor[own], rows[i]), visible, taken, chosen)
            for j in range(taken):
                link = begin + chosen[j]
                chosen[j] = dst[link]
                if timed:
                    out_at[o + j] = at[link]


@njit(cache=True, nogil=True)
def choose(key: int, n: int, k: int, out: Int32[np.ndarray, " k"]) -> None:
    """`k` of the numbers below `n`, ascending, all choices equally likely.

    Floyd's algorithm (Bentley and Floyd, Programming Pearls, CACM 1987), kept sorted as it grows.
    """
    for filled in range(k):
        top = n - k + filled
        pick = below(key, filled, top + 1)
        low, high = 0, filled
        while low < high:
            middle = (low + high) >> 1
            if out[middle] < pick:
                low = middle + 1
            else:
                high = middle
        if low < filled and out[low] == pick:
            out[filled] = top  # larger than all before
        else:
            for j in range(filled, low, -1):
                out[j] = out[j - 1]
            out[low] = pick


@njit(cache=True, nogil=True)
def count_forward(
    forward: Int32[np.ndarray, " src_rows"],
    times: Int64[np.ndarray, " dst_rows"],
    timed: bool,
    rows: Int32[np.ndarray, " parents"],
    seed: Int32[np.ndarray, " parents"],
    anchor: Int64[np.ndarray, " seeds"],
    skip: tuple[int, int],
    lo: int,
    hi: int,
    found: Int64[np.ndarray, " parents"],
    offset: Int64[np.ndarray, " parents_plus_1"],
) -> None:
    """For each parent the row it refers to, -1 where there is none or it is not visible yet.

    `offset[i + 1]` is how many of the parents from `lo` up to `i` have one.
    """
    total = 0
    for i in range(lo, hi):
        row = rows[i]
        to = np.int32(-1)
        if row >= 0 and not skip[0] <= i < skip[1]:
            to = forward[row]
            if timed and to >= 0 and times[to] > anchor[seed[i]]:
                to = np.int32(-1)
        found[i] = to
        total += 1 if to >= 0 else 0
        offset[i + 1] = total


@njit(cache=True, nogil=True)
def fill_forward(
    times: Int64[np.ndarray, " dst_rows"],
    timed: bool,
    seed: Int32[np.ndarray, " parents"],
    lo: int,
    hi: int,
    found: Int64[np.ndarray, " parents"],
    offset: Int64[np.ndarray, " parents_plus_1"],
    first: int,
    out_rows: Int32[np.ndarray, " frontier"],
    out_seed: Int32[np.ndarray, " frontier"],
    out_at: Int64[np.ndarray, " frontier"],
) -> None:
    """Write the one child of each parent that has one."""
    o = first + offset[lo]
    for i in range(lo, hi):
        to = found[i]
        if to >= 0:
            out_rows[o] = to
            out_seed[o] = seed[i]
            if timed:
                out_at[o] = times[to]
            o += 1
