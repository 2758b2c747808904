"""The order of a list: no creator twice within a few tracks, and each track near the one before.

Whether a gap can be kept is known beforehand: with m tracks of the busiest creator, and x creators that have as
many, it takes (m - 1) * gap + x places. A greedy order keeps it where one exists: the creator with most left goes
first whenever waiting would be too late.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64
from numba import njit

__all__ = ["Sequence", "possible_gap", "sequence"]

#: Longer lists are not smoothed by swaps, which take time in the cube of the length.
LONG: Final = 120


class Sequence(NamedTuple):
    """Positions of the tracks in their new order, and the gap that is kept: less than asked where none can be."""

    order: Int64[np.ndarray, " n"]
    gap: int


def possible_gap(creator: Int64[np.ndarray, " n"], gap: int) -> int:
    """The largest gap up to `gap` that some order keeps: among so many tracks in a row all creators differ.

    Creators below 0 are unknown, and differ from all others.
    """
    counts = np.unique(creator[creator >= 0], return_counts=True)[1]
    most = int(counts.max(initial=1))
    if most <= 1:
        return gap
    equal = int((counts == most).sum())
    return min(gap, (len(creator) - equal) // (most - 1))


def sequence(
    creator: Int64[np.ndarray, " n"],
    points: Float32[np.ndarray, "n d"],
    worth: Float32[np.ndarray, " n"],
    gap: int,
) -> Sequence:
    """Order tracks: begin with the best, go on to what is near, keep creators apart.

    `points` say what the tracks are like (see `vectors`); `worth` which should come early.
    """
    n = len(creator)
    kept = possible_gap(creator, gap)
    if n == 0:
        return Sequence(np.zeros(0, dtype=np.int64), gap)
    who = creator.astype(np.int64).copy()
    who[who < 0] = int(who.max(initial=0)) + 1 + np.arange(int((who < 0).sum()))
    who = np.unique(who, return_inverse=True)[1].astype(np.int64)
    rank = np.argsort(np.argsort(-worth, kind="stable"), kind="stable") / max(n, 1)
    order = _order(who, points.astype(np.float64), rank, kept, False)
    if order[-1] < 0:  # the smooth way got stuck: the sure way first, smoothness after
        order = _order(who, points.astype(np.float64), rank, kept, True)
    if n <= LONG:
        _smooth(order, who, points.astype(np.float64), rank, kept)
    return Sequence(order, kept)


@njit(cache=True)
def _order(who: np.ndarray, points: np.ndarray, rank: np.ndarray, gap: int, sure: bool) -> np.ndarray:
    n = len(who)
    order, used = np.full(n, -1, np.int64), np.zeros(n, np.bool_)
    left, last = np.bincount(who), np.full(who.max() + 1, -gap, np.int64)
    for at in range(n):
        must, most = -1, 0
        for c in range(len(left)):  # the creator that cannot wait, or for the sure way the one with most left
            free = at - last[c] >= gap
            if left[c] == 0 or not free:
                continue
            needs = (left[c] - 1) * gap + 1
            if (sure or needs >= n - at) and left[c] > most:
                must, most = c, left[c]
        best, least = -1, np.inf
        for i in range(n):
            if used[i] or at - last[who[i]] < gap or (must >= 0 and left[who[i]] < most):
                continue
            cost = 1.5 * rank[i] * (1.0 if at == 0 else 1.0 - at / n)
            if at > 0:
                cost += np.sqrt(((points[i] - points[order[at - 1]]) ** 2).sum())
            if cost < least:
                best, least = i, cost
        if best < 0:
            return order
        order[at], used[best] = best, True
        left[who[best]] -= 1
        last[who[best]] = at
    return order


@njit(cache=True)
def _apart(order: np.ndarray, who: np.ndarray, at: int, gap: int) -> bool:
    """Whether the creator at a place is apart from all others within the gap."""
    for j in range(max(0, at - gap + 1), min(len(order), at + gap)):
        if j != at and who[order[j]] == who[order[at]]:
            return False
    return True


@njit(cache=True)
def _cost(order: np.ndarray, points: np.ndarray, rank: np.ndarray) -> float:
    n, total = len(order), 0.0
    for j in range(n):
        total += 1.5 * rank[order[j]] * (1.0 - j / n)
        if j > 0:
            total += np.sqrt(((points[order[j]] - points[order[j - 1]]) ** 2).sum())
    return total


@njit(cache=True)
def _smooth(order: np.ndarray, who: np.ndarray, points: np.ndarray, rank: np.ndarray, gap: int) -> None:
    """Swap pairs while that makes the way shorter and keeps creators apart; the first track stays."""
    n = len(order)
    cost = _cost(order, points, rank)
    for _ in range(3):
        better = False
        for i in range(1, n):
            for j in range(i + 1, n):
                order[i], order[j] = order[j], order[i]
                if _apart(order, who, i, gap) and _apart(order, who, j, gap):
                    new = _cost(order, points, rank)
                    if new < cost - 1e-9:
                        cost, better = new, True
                        continue
                order[i], order[j] = order[j], order[i]
        if not better:
            break
