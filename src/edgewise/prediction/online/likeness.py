"""Which things are like another: much the same, bought with it, or bought instead of it.

Much the same: met by the same people, and of the same kind. With it: met in the same visit. Instead of it: of the
same kind and met by the same people, but seldom in the same visit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba as nb
import numpy as np
from jaxtyping import Float64, Int64

from edgewise.clock import ALWAYS, MINUTE
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.item_graph import ItemGraph, co_graph
from edgewise.prediction.nouns import Likeness
from edgewise.state.fixed import fixed
from edgewise.state.inner import inner
from edgewise.state.order import order_of
from edgewise.state.pair import find_right

__all__ = ["LIKE", "alike", "likeness_graphs"]

#: Events of one person belong to one visit while no more time than this lies between them.
PAUSE = 30 * MINUTE
#: Events that are read for visits, the latest; neighbours of each thing; things of a visit at most.
EVENTS, NEIGHBOURS, VISIT = 1_000_000, 50, 60
#: The channel that a likeness is reported as.
LIKE = ("similar", "complement", "substitute")
#: How much sharing attributes counts beside being met by the same people.
KIND = 0.5


def likeness_graphs(world: AsOf, channels: Sequence[Channel], moment: int) -> dict[str, ItemGraph]:
    """Item-item graphs as of a moment: "people" by the entities who met both, "visits" by the visits that did.

    Channels are asked for nothing, so that they build the graphs they walk on.
    """
    nobody, at = np.full(1, MISSING, dtype=np.int64), np.full(1, moment, dtype=np.int64)
    for channel in channels:
        channel.propose(world, nobody, at)
    history = world.history.latest(EVENTS)
    told = world.evidence
    people = co_graph(history, told.entities, told.items, neighbours=NEIGHBOURS, alpha=0.25)
    visits = _visits(history)
    count = int(visits.left.max(initial=-1)) + 1
    together = co_graph(visits, count, told.items, neighbours=NEIGHBOURS, cap=VISIT, alpha=0.0)
    return {"people": people, "visits": together}


def _visits(history: Meetings) -> Meetings:
    """The history with visits for entities. Without times everything is one visit."""
    left, at = history.left, history.at
    new = np.ones(len(left), dtype=bool)
    if len(left):
        apart = (at[1:] != at[:-1]) & ((at[:-1] == ALWAYS) | (at[1:] - at[:-1] > PAUSE))
        new[1:] = (left[1:] != left[:-1]) | apart
    return Meetings(np.cumsum(new) - 1, history.right, at)


def alike(
    world: AsOf, graphs: dict[str, ItemGraph], item: int, at: int, how: Likeness, k: int
) -> tuple[Int64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """The k things most like one, with how much, best first. A thing too new for the graphs goes by attributes."""
    if item < 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    siblings = _siblings(world, item, at) if how != "complement" else np.zeros(0, dtype=np.int64)
    items, met, with_it = gathered(*_near(graphs["people"], item), *_near(graphs["visits"], item), siblings, item)
    kind = _same_kind(world, item, items)
    if how == "similar":
        score = met + KIND * kind
    elif how == "complement":
        score = with_it * (1.0 - KIND * kind)
    else:
        score = kind * (0.5 + met) * (1.0 - 0.8 * with_it)
    order = np.argsort(-score, kind="stable")[:k]  # items ascend: ties go to the smaller row id
    order = order[score[order] > 0]
    return items[order], score[order]


def _near(graph: ItemGraph, item: int) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of a thing and their weights; none for one that the graph does not know."""
    if item >= len(graph.items):
        return fixed(np.zeros(0, dtype=np.int32)), fixed(np.zeros(0, dtype=np.float32))
    return fixed(graph.items[item]), fixed(graph.weights[item])


@nb.njit(cache=True)
def gathered(
    first: np.ndarray, first_weights: np.ndarray, second: np.ndarray, second_weights: np.ndarray,
    siblings: np.ndarray, item: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """What may be like a thing: its neighbours in two graphs and its siblings, ascending, each once, without the
    thing itself; and the two graphs' weights of each, beside the largest weight that the thing has there.
    """
    every = np.empty(len(first) + len(second) + len(siblings))
    for i in range(len(every)):
        if i < len(first):
            every[i] = first[i]
        elif i < len(first) + len(second):
            every[i] = second[i - len(first)]
        else:
            every[i] = siblings[i - len(first) - len(second)]
    items, n = np.empty(len(every), dtype=np.int64), 0
    for place in order_of(every):
        found = np.int64(every[place])
        if found >= 0 and found != item and (n == 0 or found != items[n - 1]):
            items[n] = found
            n += 1
    items = items[:n].copy()
    weights = np.zeros((2, n))
    _beside_the_largest(items, first, first_weights, weights[0])
    _beside_the_largest(items, second, second_weights, weights[1])
    return items, weights[0], weights[1]


@inner
def _beside_the_largest(items: np.ndarray, near: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    top = -np.inf
    for j in range(len(near)):
        if near[j] >= 0:
            top = max(top, np.float64(weights[j]))
    for j in range(len(near)):
        if near[j] >= 0:
            place = find_right(items, 0, len(items), near[j])
            if place >= 0:
                out[place] = np.float64(weights[j]) / top


def _siblings(world: AsOf, item: int, at: int) -> np.ndarray:
    """What is popular among things that share a value of the item; MISSING and repeats among them."""
    found = []
    for name, codes in world.evidence.attributes.items():
        code = codes[item : item + 1]
        if len(code) and code[0] >= 0 and ("within", name) in world.made:
            found.append(world.within(name).best(code, np.full(1, at), 0, NEIGHBOURS)[0][0])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _same_kind(world: AsOf, item: int, items: np.ndarray) -> Float64[np.ndarray, " n"]:
    """The share of the item's attributes that others share with it; rarer values count for more."""
    total, shared = 0.0, np.zeros(len(items))
    for codes in world.evidence.attributes.values():
        if item >= len(codes) or codes[item] < 0:
            continue
        weight = 1.0
        total += weight
        shared += weight * (codes[np.minimum(items, len(codes) - 1)] == codes[item])
    return shared / total if total else shared
