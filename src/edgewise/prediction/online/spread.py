"""Walks over item-item graphs from someone's latest items: `item_graph.spread` for a live state."""

from __future__ import annotations

import numba as nb
import numpy as np

from edgewise.models.candidates.item_graph import add_neighbours
from edgewise.state.inner import inner
from edgewise.state.live_recent import Stretches, stretch_of
from edgewise.state.live_top import choose

__all__ = ["led_to", "spread_live", "walk"]


@nb.njit(cache=True)
def spread_live(
    near: np.ndarray, near_weights: np.ndarray, s: Stretches, rows: np.ndarray, anchors: np.ndarray,
    recent: int, fade: float, known: bool, out_items: np.ndarray, out_scores: np.ndarray,
) -> None:  # fmt: skip
    """Items and their weights from each row's `recent` latest events as of its anchor, best first."""
    weight, touched = np.zeros(len(near)), np.empty(len(near), dtype=np.int64)
    for q in range(len(rows)):
        walk(
            near, near_weights, s, rows[q], anchors[q], recent, fade, known, weight, touched, out_items[q],
            out_scores[q],
        )  # fmt: skip


@inner
def walk(
    near: np.ndarray, near_weights: np.ndarray, s: Stretches, row: int, anchor: int, recent: int, fade: float,
    known: bool, weight: np.ndarray, touched: np.ndarray, out_items: np.ndarray, out_scores: np.ndarray,
) -> None:  # fmt: skip
    """The same for one row. `weight` (zeros, and again at the end) and `touched` have a place for each item."""
    if row < 0:
        return
    low, stop, begin, end = stretch_of(s, row, anchor)
    events = stop - low + end - begin
    n, worth = 0, 1.0
    for e in range(min(recent, events)):
        right = _back(s, stop, begin, end, e)
        if 0 <= right < len(near):
            n = add_neighbours(weight, touched, n, near[right], near_weights[right], worth)
        if right >= 0:
            worth *= fade
    if not known:
        for e in range(events):
            right = _back(s, stop, begin, end, e)
            if 0 <= right < len(near):
                weight[right] = 0.0
    _keep(weight, touched[:n], out_items, out_scores)


@inner
def _back(s: Stretches, stop: int, begin: int, end: int, e: int) -> int:
    """What was met e events before the last."""
    if e < end - begin:
        return int(s.right[end - 1 - e])
    return int(s.old[stop - 1 - (e - (end - begin))])


@inner
def _keep(weight: np.ndarray, touched: np.ndarray, items: np.ndarray, scores: np.ndarray) -> None:
    """The largest weights, ties to the smaller id; the accumulator is cleared."""
    worth, best = np.empty(len(touched)), np.zeros(len(items))
    for i in range(len(touched)):
        worth[i] = weight[touched[i]]
        weight[touched[i]] = 0.0
    choose(touched, worth, items, best)
    for i in range(len(items)):
        scores[i] = best[i]


@nb.njit(cache=True)
def led_to(
    near: np.ndarray, near_weights: np.ndarray, past: np.ndarray, items: np.ndarray, order: np.ndarray,
    best: np.ndarray, because: np.ndarray,
) -> None:  # fmt: skip
    """For each item the past item with the strongest link to it, where it beats `best`; both are updated.

    `items` ascend; item `i` stands at `order[i]` in `best` and `because`.
    """
    for p in past:
        if p < 0 or p >= len(near):
            continue
        for r in range(near.shape[1]):
            j = near[p, r]
            if j < 0:
                break
            i = np.searchsorted(items, j)
            if i < len(items) and items[i] == j and near_weights[p, r] > best[order[i]]:
                best[order[i]] = near_weights[p, r]
                because[order[i]] = p
