"""How many different rows a window's events refer to: counted as the window slides, compiled.

An event at position i knows where its row came last before (`previous`) and comes next (`following`). A window
[begin, end) holds as many rows as events whose previous twin lies before `begin`: that number changes by one as
either end moves, so that all the anchors of an entity together cost one pass over its events a window.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["previous_twins", "scratch_for", "slide"]

#: Marks an event without a twin, and one that refers to nothing and counts as nothing.
FIRST, NOTHING = -1, -2


@njit(cache=True, nogil=True)
def scratch_for(linked: np.ndarray) -> np.ndarray:
    """int32[links, largest row + 1], all FIRST: where each far row was seen last."""
    most = np.int64(-1)
    for i in range(linked.shape[0]):
        for k in range(linked.shape[1]):
            most = max(most, np.int64(linked[i, k]))
    return np.full((linked.shape[1], most + 1), FIRST, np.int32)


@njit(cache=True, nogil=True)
def previous_twins(
    dst: np.ndarray, linked: np.ndarray, scratch: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per link and position: the previous and the following event of the same row, and how many rows were new.

    `scratch` comes back as it was. `following` is the number of events where there is none.
    """
    n, links = len(dst), linked.shape[1]
    previous = np.full((links, n), NOTHING, np.int32)
    following = np.full((links, n), n, np.int32)
    firsts = np.zeros((links, n + 1), np.int32)
    for k in range(links):
        for i in range(n):
            far = linked[dst[i], k]
            if far >= 0:
                previous[k, i] = scratch[k, far]
                if scratch[k, far] >= 0:
                    following[k, scratch[k, far]] = i
                scratch[k, far] = i
            firsts[k, i + 1] = firsts[k, i] + (previous[k, i] == FIRST)
        for i in range(n):
            if linked[dst[i], k] >= 0:
                scratch[k, linked[dst[i], k]] = FIRST
    return previous, following, firsts


@njit(cache=True, nogil=True)
def slide(previous: np.ndarray, following: np.ndarray, window: np.ndarray, begin: int, end: int) -> int:
    """Move `window` (int64[3]: begin, end, rows) on to [begin, end), neither of them before where it was."""
    for i in range(window[1], end):
        window[2] += previous[i] != NOTHING and previous[i] < window[0]
    for i in range(window[0], begin):
        if previous[i] != NOTHING and following[i] >= end:
            window[2] -= 1
    window[0], window[1] = begin, end
    return window[2]
