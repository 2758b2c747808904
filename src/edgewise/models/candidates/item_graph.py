"""Item-item graphs of a visible history: what is met together, and what comes next.

Each item keeps its strongest neighbours, so that scoring an entity costs its recent items times a few hundred.
Histories are capped at each entity's latest items: without a cap the pairs of long histories explode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from jaxtyping import Float32, Int32, Int64

from edgewise.clock import ALWAYS
from edgewise.models.candidates.evidence import Meetings
from edgewise.state.pair import first_after

__all__ = [
    "ItemGraph",
    "Lists",
    "add_neighbours",
    "add_pairs",
    "co_graph",
    "keep_best",
    "latest_lists",
    "next_graph",
    "spread",
    "transposed",
]


@dataclass(frozen=True, slots=True)
class ItemGraph:
    """Neighbours of each item, strongest first; MISSING and weight 0 fill up."""

    items: Int32[np.ndarray, "items neighbours"]
    weights: Float32[np.ndarray, "items neighbours"]


@dataclass(frozen=True, slots=True)
class Lists:
    """The distinct items of each entity, latest first, at most `cap` of them."""

    indptr: Int64[np.ndarray, " entities_plus_1"]
    items: Int64[np.ndarray, " total"]


def co_graph(
    history: Meetings,
    entities: int,
    items: int,
    *,
    neighbours: int = 50,
    cap: int = 100,
    alpha: float = 0.5,
    beta: float = 0.5,
    beta_to: float | None = None,
    power: float = 1.0,
) -> ItemGraph:
    """Items met by the same entities: `w(i, j) = (sum_u len(u)^-2alpha · deg(i)^-beta · deg(j)^-beta_to)^power`.

    With R normalised as `len(u)^-alpha · deg(i)^-beta` on both sides this is `(RᵀR)^power`, element by element:
    alpha 0, beta .5 is cosine (ItemKNN); alpha .5, beta .5 the graph filter of Turbo-CF (Park, Shin and Shin,
    2024), whose `power` sharpens it; a smaller `beta_to` (`beta` if not given) leans towards what many met, as
    RP3beta does (Paudel et al., 2017).
    """
    lists = latest_lists(history, entities, cap)
    users = transposed(lists, items)
    out_items = np.full((items, neighbours), -1, dtype=np.int32)
    out_weights = np.zeros((items, neighbours), dtype=np.float32)
    length = np.maximum(np.diff(lists.indptr), 1).astype(np.float64) ** (-2.0 * alpha)
    degree = np.maximum(np.diff(users.indptr), 1).astype(np.float64)
    leave, enter = degree**-beta, degree ** -(beta if beta_to is None else beta_to)
    add_pairs(
        lists.indptr, lists.items, users.indptr, users.items, length, leave, enter, power, True,
        out_items, out_weights,
    )  # fmt: skip
    return ItemGraph(out_items, out_weights)


def next_graph(
    history: Meetings,
    entities: int,
    items: int,
    *,
    neighbours: int = 50,
    window: int = 5,
    beta: float = 0.3,
    beta_to: float | None = None,
    reach: float = 1.0,
    back: float = 0.0,
) -> ItemGraph:
    """Items met soon after another: `w(i -> j)` sums `steps^-reach` over the `window` following moments.

    Steps count distinct moments, or single events where the history has no times but an order. With `back`,
    what was met soon before counts too, so much less. Degrees weigh as in `co_graph`.
    """
    keep = (history.left >= 0) & (history.right >= 0)
    left, right, at = history.left[keep], history.right[keep], history.at[keep]
    moment = np.ones(len(at), dtype=np.int64)
    moment[1:] = (at[1:] != at[:-1]) | (left[1:] != left[:-1]) | (at[1:] == ALWAYS)
    step = np.cumsum(moment)
    starts = np.searchsorted(left, np.arange(entities + 1))
    source = np.argsort(right, kind="stable")
    source_ptr = np.searchsorted(right[source], np.arange(items + 1))
    degree = np.maximum(np.bincount(right, minlength=items), 1).astype(np.float64)
    leave, enter = degree**-beta, degree ** -(beta if beta_to is None else beta_to)
    worth = np.concatenate([[0.0], np.arange(1, window + 1) ** -reach])
    out_items = np.full((items, neighbours), -1, dtype=np.int32)
    out_weights = np.zeros((items, neighbours), dtype=np.float32)
    _next(left, right, step, starts, source, source_ptr, leave, enter, worth, back, out_items, out_weights)
    return ItemGraph(out_items, out_weights)


def spread(
    graph: ItemGraph,
    history: Meetings,
    rows: np.ndarray,
    at: np.ndarray,
    starts: np.ndarray,
    *,
    width: int,
    recent: int,
    fade: float,
    known: bool,
    targets: int | None = None,
) -> tuple[Int64[np.ndarray, "n width"], Float32[np.ndarray, "n width"]]:
    """Score items by the graph's weights from each entity's `recent` latest items as of its anchor.

    The n-th latest event weighs `fade^(n-1)`. `known` keeps items that the entity has met before; a graph that
    leads to `targets` things of another kind needs it. `starts[e]` is where entity e's events begin.
    """
    items = np.full((len(rows), width), -1, dtype=np.int64)
    scores = np.zeros((len(rows), width), dtype=np.float32)
    _spread(
        graph.items, graph.weights, history.right, history.at, starts,
        np.asarray(rows, np.int64), np.asarray(at, np.int64), recent, fade, known,
        len(graph.items) if targets is None else targets, items, scores,
    )  # fmt: skip
    return items, scores


def latest_lists(history: Meetings, entities: int, cap: int) -> Lists:
    """Each entity's latest distinct items."""
    keep = (history.left >= 0) & (history.right >= 0)
    left, right = history.left[keep], history.right[keep]
    backwards = np.arange(len(left))[::-1]
    width = int(right.max(initial=0)) + 1
    _, first = np.unique(left[backwards] * width + right[backwards], return_index=True)
    event = np.sort(backwards[first])[::-1]
    order = event[np.argsort(left[event], kind="stable")]
    starts = np.searchsorted(left[order], np.arange(entities + 1))
    place = np.arange(len(order)) - starts[left[order]]
    order = order[place < cap]
    indptr = np.searchsorted(left[order], np.arange(entities + 1)).astype(np.int64)
    return Lists(indptr, right[order].astype(np.int64))


def transposed(lists: Lists, items: int) -> Lists:
    """The entities of each item."""
    user = np.repeat(np.arange(len(lists.indptr) - 1), np.diff(lists.indptr))
    order = np.argsort(lists.items, kind="stable")
    indptr = np.searchsorted(lists.items[order], np.arange(items + 1)).astype(np.int64)
    return Lists(indptr, user[order].astype(np.int64))


@nb.njit(cache=True)
def keep_best(weight: np.ndarray, touched: np.ndarray, items: np.ndarray, weights: np.ndarray) -> None:
    """Move the largest weights into a row, ties to the smaller id, and clear the accumulator."""
    values = np.empty(len(touched))
    for t in range(len(touched)):
        values[t] = -weight[touched[t]]
        weight[touched[t]] = 0.0
    kept = touched
    if len(touched) > len(items):
        best = values <= np.partition(values, len(items) - 1)[len(items) - 1]
        kept, values = touched[best], values[best]
    by_id = np.argsort(kept)
    order = by_id[np.argsort(values[by_id], kind="mergesort")]
    for r in range(min(len(order), len(items))):
        items[r] = kept[order[r]]
        weights[r] = -values[order[r]]


@nb.njit(cache=True, parallel=True)
def add_pairs(
    list_ptr: np.ndarray, lists: np.ndarray, user_ptr: np.ndarray, users: np.ndarray, length: np.ndarray,
    leave: np.ndarray, enter: np.ndarray, power: float, same: bool,
    out_items: np.ndarray, out_weights: np.ndarray,
) -> None:  # fmt: skip
    """For each source row the items of its users' lists; where both are of the `same` kind, not itself."""
    items = len(enter)
    blocks = 8
    for block in nb.prange(blocks):
        weight = np.zeros(items)
        touched = np.empty(items, dtype=np.int64)
        for i in range(block, len(out_items), blocks):
            n = 0
            for p in range(user_ptr[i], user_ptr[i + 1]):
                user = users[p]
                for q in range(list_ptr[user], list_ptr[user + 1]):
                    j = lists[q]
                    if same and j == i:
                        continue
                    if weight[j] == 0.0:
                        touched[n] = j
                        n += 1
                    weight[j] += length[user]
            for t in range(n):
                j = touched[t]
                weight[j] = (weight[j] * leave[i] * enter[j]) ** power
            keep_best(weight, touched[:n], out_items[i], out_weights[i])


@nb.njit(cache=True, parallel=True)
def _next(
    left: np.ndarray, right: np.ndarray, step: np.ndarray, starts: np.ndarray, source: np.ndarray,
    source_ptr: np.ndarray, leave: np.ndarray, enter: np.ndarray, worth: np.ndarray, back: float,
    out_items: np.ndarray, out_weights: np.ndarray,
) -> None:  # fmt: skip
    items = len(out_items)
    window = len(worth) - 1
    blocks = 8
    for block in nb.prange(blocks):
        weight = np.zeros(items)
        touched = np.empty(items, dtype=np.int64)
        for i in range(block, items, blocks):
            n = 0
            for p in range(source_ptr[i], source_ptr[i + 1]):
                e = source[p]
                f = e + 1
                while f < starts[left[e] + 1] and step[f] - step[e] <= window:
                    n = _meet(weight, touched, n, i, right[f], worth[step[f] - step[e]] * leave[i], enter)
                    f += 1
                f = e - 1
                while back > 0.0 and f >= starts[left[e]] and step[e] - step[f] <= window:
                    n = _meet(weight, touched, n, i, right[f], back * worth[step[e] - step[f]] * leave[i], enter)
                    f -= 1
            keep_best(weight, touched[:n], out_items[i], out_weights[i])


@nb.njit(cache=True)
def _meet(weight: np.ndarray, touched: np.ndarray, n: int, i: int, j: int, worth: float, enter: np.ndarray) -> int:
    """Add what leads from one item to another; how many items the accumulator now holds."""
    if j == i or worth == 0.0:
        return n
    if weight[j] == 0.0:
        touched[n] = j
        n += 1
    weight[j] += worth * enter[j]
    return n


@nb.njit(cache=True, parallel=True)
def _spread(
    near: np.ndarray, near_weights: np.ndarray, right: np.ndarray, at: np.ndarray, starts: np.ndarray,
    rows: np.ndarray, anchors: np.ndarray, recent: int, fade: float, known: bool, items: int,
    out_items: np.ndarray, out_scores: np.ndarray,
) -> None:  # fmt: skip
    blocks = 8
    for block in nb.prange(blocks):
        weight = np.zeros(items)
        touched = np.empty(items, dtype=np.int64)
        for q in range(block, len(rows), blocks):
            if rows[q] < 0 or rows[q] >= len(starts) - 1:
                continue
            begin = starts[rows[q]]
            stop = first_after(at, begin, starts[rows[q] + 1], anchors[q])
            n = 0
            worth = 1.0
            for e in range(stop - 1, max(begin, stop - recent) - 1, -1):
                if right[e] >= 0:
                    n = add_neighbours(weight, touched, n, near[right[e]], near_weights[right[e]], worth)
                    worth *= fade
            if not known:
                n = _forget(weight, touched, n, right[begin:stop])
            keep_best(weight, touched[:n], out_items[q], out_scores[q])


@nb.njit(cache=True)
def add_neighbours(
    weight: np.ndarray, touched: np.ndarray, n: int, near: np.ndarray, near_weights: np.ndarray, worth: float
) -> int:  # fmt: skip
    """Add one item's neighbours to an accumulator; how many items it now holds."""
    for r in range(len(near)):
        j = near[r]
        if j < 0:
            break
        if weight[j] == 0.0:
            touched[n] = j
            n += 1
        weight[j] += worth * near_weights[r]
    return n


@nb.njit(cache=True)
def _forget(weight: np.ndarray, touched: np.ndarray, n: int, met: np.ndarray) -> int:
    """Drop what has been met before from an accumulator; how many remain."""
    for i in met:
        if i >= 0:
            weight[i] = 0.0
    kept = 0
    for t in range(n):
        if weight[touched[t]] > 0.0:
            touched[kept] = touched[t]
            kept += 1
    return kept
