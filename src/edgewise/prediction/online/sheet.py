"""One person's candidates and their features in one kernel: `ranking_tables.make_table` for a live world.

The batch asks each channel and each timeline in turn, with many people at once. For one person, at a page's pace,
taking arguments apart and making small arrays would take far longer than the reading itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from edgewise.ids import MISSING
from edgewise.prediction.online.sheet_features import NOTHING, describe, near_places
from edgewise.prediction.online.spread import walk
from edgewise.state.inner import inner
from edgewise.state.live_kernels import read_pair
from edgewise.state.live_recent import Stretches
from edgewise.state.live_stack import Held
from edgewise.state.live_top import best_of
from edgewise.state.order import order_of

__all__ = ["BEST", "COHORT", "GIVEN", "PLACE", "SIBLINGS", "WALK", "Graph", "Recipe", "sheet"]

#: What a step does: the best of the person's own row or of row 0, of a cohort's, of a place's; a walk; siblings;
#: or it takes what a channel without a kernel has proposed.
BEST, COHORT, PLACE, WALK, SIBLINGS, GIVEN = 0, 1, 2, 3, 4, 5


class Graph(NamedTuple):
    """Neighbours of each item and their weights, and room to add them up."""

    items: np.ndarray
    weights: np.ndarray
    sums: np.ndarray
    touched: np.ndarray


class Recipe(NamedTuple):
    """What a kernel reads, in lists of which it takes what it needs, and how: made by `single.Single`.

    `steps[c]` is what channel `c` does, how many items it proposes and scores, up to four numbers of its own, and
    whether its score is a feature. The kernel notes in `wanted` (after a count) whose best it had to look for
    among all pairs.
    """

    timelines: Any
    graphs: Any
    codes: Any
    steps: np.ndarray
    fades: np.ndarray
    core: np.ndarray
    tastes: np.ndarray
    places: np.ndarray
    signals: np.ndarray
    marks: np.ndarray
    wanted: np.ndarray


@nb.njit(cache=True, nogil=True)
def sheet(
    recipes: Any, recent: Stretches, row: int, at: int, again: bool, given: np.ndarray, given_scores: np.ndarray,
    columns: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Candidates (items ascending) with every channel's score and rank, their features, and the person's state.

    `given` are the proposals of channels without a kernel, one a row, in their order. Without `again`, what the
    person has met before is no candidate.
    """
    r = recipes[0]
    where = near_places(r.timelines, r.places, row, at)
    total = 0
    for c in range(len(r.steps)):
        total += r.steps[c, 2]
    items, scores = np.full(total, MISSING, dtype=np.int64), np.zeros(total, dtype=np.float32)
    begin, taken = 0, 0
    for c in range(len(r.steps)):
        end = begin + r.steps[c, 2]
        if r.steps[c, 0] == GIVEN:
            for i in range(end - begin):
                items[begin + i], scores[begin + i] = given[taken, i], given_scores[taken, i]
            taken += 1
        else:
            _propose(r, recent, c, row, at, where, items[begin:end], scores[begin:end])
        begin = end
    if not again:
        _forget_met(r.timelines[r.core[0]], row, at, items)
    pool, pool_scores, ranks = _merged(r.steps, items, scores)
    features = np.zeros((len(pool), columns), dtype=np.float32)
    mine = describe(r, row, at, where, pool, pool_scores, ranks, features)
    return pool, pool_scores, ranks, features, mine


@inner
def _propose(
    r: Recipe, recent: Stretches, c: int, row: int, at: int, where: np.ndarray, items: np.ndarray,
    scores: np.ndarray,
) -> None:  # fmt: skip
    what, a, b, d = r.steps[c, 0], r.steps[c, 3], r.steps[c, 4], r.steps[c, 5]
    if what == WALK:
        g = r.graphs[a]
        walk(g.items, g.weights, recent, row, at, b, r.fades[c], d > 0, g.sums, g.touched, items, scores)
    elif what == SIBLINGS:
        _siblings(r.timelines, r.wanted, a, b, row, at, d, r.steps[c, 6], items, scores)
    elif what == BEST and d > 0:
        t = r.timelines[a]
        best_of(t.base, t.overlay, t.top, b, t.micros[b], row, at, items, scores)
    else:
        left = 0
        if what == COHORT:
            codes = r.codes[d]
            left = codes[row] if row >= 0 and len(codes) > 0 else MISSING
        elif what == PLACE:
            left = where[d]
        _best(r.timelines, r.wanted, a, b, left, at, items, scores)


@inner
def _best(
    timelines: Any, wanted: np.ndarray, place: int, h: int, left: int, at: int, items: np.ndarray,
    scores: np.ndarray,
) -> None:  # fmt: skip
    """The best of a row that stands for many; noted where they are not kept in order."""
    t = timelines[place]
    best_of(t.base, t.overlay, t.top, h, t.micros[h], left, at, items, scores)
    if left >= 0 and (left >= len(t.top.of_left) or t.top.of_left[left] == 0):
        n = wanted[0, 0] + 1
        if n < len(wanted):
            wanted[0, 0], wanted[n, 0], wanted[n, 1] = n, place, left


@inner
def _siblings(
    timelines: Any, wanted: np.ndarray, of: int, place: int, row: int, at: int, values: int, each: int,
    items: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    """Taste for a value times an item's share of what is met within the value, best first."""
    taste = timelines[of]
    liked, much = np.full(values, MISSING, dtype=np.int64), np.zeros(values, dtype=np.float32)
    best_of(taste.base, taste.overlay, taste.top, np.int64(1), taste.micros[1], row, at, liked, much)
    found = np.full(values * each, MISSING, dtype=np.int64)
    worth = np.zeros(values * each, dtype=np.float32)
    for v in range(values):
        mine, share = found[v * each : (v + 1) * each], worth[v * each : (v + 1) * each]
        _best(timelines, wanted, place, np.int64(0), liked[v], at, mine, share)
        total = np.float32(0.0)
        for i in range(each):
            total += share[i]
        for i in range(each):
            share[i] = much[v] * (share[i] / max(total, np.float32(1e-9)))
    low = np.empty(len(found))
    for i in range(len(found)):
        low[i] = np.inf if found[i] == MISSING else -worth[i]
    order = order_of(low)
    for i in range(len(items)):
        items[i], scores[i] = found[order[i]], worth[order[i]]


@inner
def _forget_met(own: Held, row: int, at: int, items: np.ndarray) -> None:
    """MISSING for what the person has met by the anchor."""
    count = np.zeros(1 + len(own.halves), dtype=np.float32)
    for i in range(len(items)):
        count[0] = 0.0
        read_pair(own.base, own.overlay, own.halves, row, items[i], at, NOTHING, np.bool_(False), count)
        if count[0] > 0.0:
            items[i] = MISSING


@inner
def _merged(
    steps: np.ndarray, items: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """`merge.merge` for one seed: each item once that some channel has among those it proposes."""
    channel, rank = np.empty(len(items), dtype=np.int64), np.empty(len(items), dtype=np.int64)
    place = 0
    for c in range(len(steps)):
        for i in range(steps[c, 2]):
            channel[place], rank[place] = c, i + 1
            place += 1
    order = order_of(items.astype(np.float64))
    pool = np.empty(len(items), dtype=np.int64)
    found = np.zeros((len(items), len(steps)), dtype=np.float32)
    ranks = np.full((len(items), len(steps)), np.nan, dtype=np.float32)
    n, begin = 0, 0
    while begin < len(order):
        item, end, proposed = items[order[begin]], begin, False
        while end < len(order) and items[order[end]] == item:
            proposed |= rank[order[end]] <= steps[channel[order[end]], 1]
            end += 1
        if item >= 0 and proposed:
            pool[n] = item
            for p in range(begin, end):
                found[n, channel[order[p]]] = scores[order[p]]
                ranks[n, channel[order[p]]] = rank[order[p]]
            n += 1
        begin = end
    return pool[:n].copy(), found[:n].copy(), ranks[:n].copy()
