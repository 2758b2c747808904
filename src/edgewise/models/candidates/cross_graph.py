"""From things of one kind to items of another, over those who met both."""

from __future__ import annotations

from typing import Final

import numba as nb
import numpy as np

from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.item_graph import (
    ItemGraph,
    add_neighbours,
    add_pairs,
    co_graph,
    keep_best,
    latest_lists,
    transposed,
)

__all__ = ["cross_graph"]

#: Neighbours of a thing among its own kind.
BESIDE: Final = 100


def cross_graph(
    met: Meetings,
    history: Meetings,
    entities: int,
    things: int,
    items: int,
    *,
    neighbours: int = 200,
    cap: int = 400,
    alpha: float = 0.0,
    leave: float = 0.5,
    enter: float = 0.5,
    near: float = 0.0,
) -> ItemGraph:
    """Items of a `history` from things of another kind that the same entities `met`; one row a thing.

    `w(t, i) = sum_u (things(u) · items(u))^-alpha · deg(t)^-leave · deg(i)^-enter`. With `near`, what things met
    together with t lead to is added so much: few met both kinds, many met several things of one.
    """
    theirs, lists = latest_lists(met, entities, cap), latest_lists(history, entities, cap)
    users, fans = transposed(theirs, things), transposed(lists, items)
    sizes = np.maximum(np.diff(theirs.indptr), 1) * np.maximum(np.diff(lists.indptr), 1)
    out_items = np.full((things, neighbours), -1, dtype=np.int32)
    out_weights = np.zeros((things, neighbours), dtype=np.float32)
    add_pairs(
        lists.indptr, lists.items, users.indptr, users.items, sizes.astype(np.float64) ** -alpha,
        np.maximum(np.diff(users.indptr), 1).astype(np.float64) ** -leave,
        np.maximum(np.diff(fans.indptr), 1).astype(np.float64) ** -enter, 1.0, False, out_items, out_weights,
    )  # fmt: skip
    if near <= 0.0:
        return ItemGraph(out_items, out_weights)
    beside = co_graph(met, entities, things, neighbours=BESIDE, cap=cap, alpha=0.0, beta=0.7, beta_to=0.3)
    items_near, weights_near = np.full_like(out_items, -1), np.zeros_like(out_weights)
    _through(beside.items, beside.weights, out_items, out_weights, near, items, items_near, weights_near)
    return ItemGraph(items_near, weights_near)


@nb.njit(cache=True, parallel=True)
def _through(
    beside: np.ndarray, beside_weights: np.ndarray, near: np.ndarray, near_weights: np.ndarray, share: float,
    items: int, out_items: np.ndarray, out_weights: np.ndarray,
) -> None:  # fmt: skip
    blocks = 8
    for block in nb.prange(blocks):
        weight = np.zeros(items)
        touched = np.empty(items, dtype=np.int64)
        for thing in range(block, len(near), blocks):
            n = add_neighbours(weight, touched, 0, near[thing], near_weights[thing], 1.0)
            for r in range(beside.shape[1]):
                other = beside[thing, r]
                if other < 0:
                    break
                worth = share * beside_weights[thing, r]
                n = add_neighbours(weight, touched, n, near[other], near_weights[other], worth)
            keep_best(weight, touched[:n], out_items[thing], out_weights[thing])
