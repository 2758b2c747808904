"""One recurrence, three places: `s(t) = s(t0) * 2^(-(t - t0) / half_life) + x`.

`scan` replays it over a time-sorted list (training), `read` looks the state up at an anchor (batch), and `update`
adds one event that arrives live (online). All three call `faded`, so they agree by construction.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

__all__ = ["faded", "read", "scan", "update"]


@njit(cache=True, nogil=True, inline="always")
def faded(state: float, gap: int, half_life: float) -> float:
    """What is left of `state` after `gap` microseconds."""
    if gap <= 0:
        return state
    return state * 2.0 ** (-gap / half_life)


@njit(cache=True, nogil=True)
def update(state: float, since: int, at: int, x: float, half_life: float) -> float:
    """The state after an event of weight `x` at `at`, where `state` was true at `since`."""
    return faded(state, at - since, half_life) + x


@njit(cache=True, nogil=True)
def scan(
    at: Int64[np.ndarray, " events"], x: Float64[np.ndarray, " events"], half_life: float
) -> Float64[np.ndarray, " events"]:
    """The state just after each event of one time-sorted list."""
    states = np.empty(len(at), np.float64)
    state = 0.0
    for i in range(len(at)):
        state = update(state, at[max(i - 1, 0)], at[i], x[i], half_life)
        states[i] = state
    return states


@njit(cache=True, nogil=True)
def read(
    states: Float64[np.ndarray, " events"], at: Int64[np.ndarray, " events"], anchor: int, half_life: float
) -> float:
    """The state at `anchor` from a scan: events at the anchor itself count, later ones do not."""
    seen = np.searchsorted(at, anchor, side="right")
    if seen == 0:
        return 0.0
    return faded(states[seen - 1], anchor - at[seen - 1], half_life)
