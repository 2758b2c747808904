"""The loops of the greedy choice. Arrays travel in tuples: a demand, a state, and the bounds by candidate."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit

__all__ = ["Arrays", "Bounds", "State", "fill", "marginals", "opened", "swap"]

#: A demand: own, first, to, back, of, weight, bend, slopes (see `choice.Demand`).
Arrays: TypeAlias = tuple[
    np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray
]
#: What is inside, what is reached by candidate, which gains are stale, the gains, how much each bound is used.
State: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
#: By candidate, the bounds that it counts in and how much: indptr, bound, entry. Bound 0 is space.
Bounds: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]

#: So many articles that found no better one in their place end the swaps.
_TRIED = 30


@njit(cache=True)
def _f(q: float, bend: float, low: float, high: float) -> float:
    return low * q if q <= bend else low * bend + high * (q - bend)


@njit(cache=True)
def _gain(demand: Arrays, inside: np.ndarray, reach: np.ndarray, j: int, sign: float) -> float:
    """What taking `j` in (sign 1) gains, or taking it out (sign -1) loses."""
    own, _, _, back, of, weight, bend, slopes = demand
    gain = own[j] * (1.0 - _f(reach[j], bend[j], slopes[0, j], slopes[1, j]))
    for k in range(back[j], back[j + 1]):
        a = of[k]
        if not inside[a]:
            low, high = slopes[0, a], slopes[1, a]
            after = _f(max(reach[a] + sign * weight[k], 0.0), bend[a], low, high)
            gain += own[a] * sign * (after - _f(reach[a], bend[a], low, high))
    return gain


@njit(cache=True)
def marginals(demand: Arrays, inside: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """What each candidate inside would be missed for, and what each outside would add."""
    gains = np.empty(len(inside))
    for j in range(len(inside)):
        gains[j] = _gain(demand, inside, reach, j, -1.0 if inside[j] else 1.0)
    return gains


@njit(cache=True)
def opened(demand: Arrays, start: np.ndarray, bounds: Bounds, rows: int) -> State:
    """The state of a set."""
    n = len(start)
    state = (np.zeros(n, np.bool_), np.zeros(n), np.ones(n, np.bool_), np.zeros(n), np.zeros(rows))
    for j in range(n):
        if start[j]:
            _move(demand, state, bounds, j, 1.0)
    return state


@njit(cache=True)
def _move(demand: Arrays, state: State, bounds: Bounds, j: int, sign: float) -> None:
    """Take `j` in or out, and mark the candidates whose gain that changes."""
    _, first, to, back, of, weight, _, _ = demand
    inside, reach, stale, _, used = state
    inside[j], stale[j] = sign > 0, True
    for k in range(bounds[0][j], bounds[0][j + 1]):
        used[bounds[1][k]] += sign * bounds[2][k]
    for k in range(first[j], first[j + 1]):
        stale[to[k]] = True
    for k in range(back[j], back[j + 1]):
        a = of[k]
        reach[a] += sign * weight[k]
        stale[a] = True
        for i in range(first[a], first[a + 1]):
            stale[to[i]] = True


@njit(cache=True)
def _fits(bounds: Bounds, used: np.ndarray, high: np.ndarray, j: int) -> bool:
    for k in range(bounds[0][j], bounds[0][j + 1]):
        row = bounds[1][k]
        if used[row] + bounds[2][k] > high[row] + 1e-9:
            return False
    return True


@njit(cache=True)
def _helps(bounds: Bounds, used: np.ndarray, low: np.ndarray, j: int) -> bool:
    """Whether a lower bound is not met that `j` counts in."""
    for k in range(bounds[0][j], bounds[0][j + 1]):
        row = bounds[1][k]
        if used[row] < low[row] - 1e-9:
            return True
    return False


@njit(cache=True)
def _spared(bounds: Bounds, used: np.ndarray, low: np.ndarray, j: int) -> bool:
    """Whether `j` can go without breaking a lower bound."""
    for k in range(bounds[0][j], bounds[0][j + 1]):
        row = bounds[1][k]
        if low[row] > 0 and used[row] - bounds[2][k] < low[row] - 1e-9:
            return False
    return True


@njit(cache=True)
def _space(bounds: Bounds, j: int) -> float:
    for k in range(bounds[0][j], bounds[0][j + 1]):
        if bounds[1][k] == 0:
            return max(bounds[2][k], 1e-9)
    return 1.0


@njit(cache=True)
def fill(
    demand: Arrays, state: State, bounds: Bounds, fixed: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    """Take in what gains most for its space: first of what lower bounds ask for, then of all, while it fits."""
    inside, reach, stale, gains, used = state
    for all_met in range(2):
        while True:
            best, value = -1, 0.0
            for j in range(len(inside)):
                if inside[j] or fixed[j] or (all_met == 0 and not _helps(bounds, used, low, j)):
                    continue
                if stale[j]:
                    gains[j], stale[j] = _gain(demand, inside, reach, j, 1.0), False
                worth = gains[j] / _space(bounds, j)
                if (best < 0 or worth > value) and _fits(bounds, used, high, j):
                    best, value = j, worth
            if best < 0 or (all_met == 1 and value <= 0.0):
                break
            _move(demand, state, bounds, best, 1.0)


@njit(cache=True)
def _least_missed(
    demand: Arrays, state: State, bounds: Bounds, fixed: np.ndarray, low: np.ndarray
) -> tuple[int, float]:
    inside, reach, _, _, used = state
    worst, loss = -1, np.inf
    for j in range(len(inside)):
        if inside[j] and not fixed[j]:
            lost = _gain(demand, inside, reach, j, -1.0)
            if lost < loss and _spared(bounds, used, low, j):
                worst, loss = j, lost
    return worst, loss


@njit(cache=True)
def _most_wanted(
    demand: Arrays, state: State, bounds: Bounds, fixed: np.ndarray, high: np.ndarray, above: float
) -> int:
    inside, reach, _, _, used = state
    best = -1
    for j in range(len(inside)):
        if not inside[j] and not fixed[j] and _fits(bounds, used, high, j):
            gain = _gain(demand, inside, reach, j, 1.0)
            if gain > above:
                best, above = j, gain
    return best


@njit(cache=True)
def swap(
    demand: Arrays, state: State, bounds: Bounds, fixed: np.ndarray, low: np.ndarray, high: np.ndarray, most: int
) -> None:
    """Replace what is missed least by what adds more in its place, until nothing does."""
    done = fixed.copy()
    tried = 0
    for _ in range(most):
        worst, loss = _least_missed(demand, state, bounds, done, low)
        if worst < 0 or tried >= _TRIED:
            break
        _move(demand, state, bounds, worst, -1.0)
        best = _most_wanted(demand, state, bounds, fixed, high, loss * (1.0 + 1e-9))
        if best < 0:
            done[worst] = True
            tried += 1
        _move(demand, state, bounds, worst if best < 0 else best, 1.0)
