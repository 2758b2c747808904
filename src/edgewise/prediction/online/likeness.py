"""Which things are like another: much the same, bought with it, or bought instead of it.

Much the same: met by the same people, and of the same kind. With it: met in the same visit. Instead of it: of the
same kind and met by the same people, but seldom in the same visit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.clock import ALWAYS, MINUTE
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.item_graph import ItemGraph, co_graph
from edgewise.prediction.nouns import Likeness

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
    people, visits = _weights(graphs["people"], item), _weights(graphs["visits"], item)
    items = np.array(sorted({*people, *visits}), dtype=np.int64)
    if how != "complement":
        items = np.union1d(items, _siblings(world, item, at))
    items = items[items != item]
    kind = _same_kind(world, item, items)
    met = _share(people, items)
    with_it = _share(visits, items)
    if how == "similar":
        score = met + KIND * kind
    elif how == "complement":
        score = with_it * (1.0 - KIND * kind)
    else:
        score = kind * (0.5 + met) * (1.0 - 0.8 * with_it)
    order = np.lexsort((items, -score))[:k]
    order = order[score[order] > 0]
    return items[order], score[order]


def _weights(graph: ItemGraph, item: int) -> dict[int, float]:
    if item >= len(graph.items):
        return {}
    there = graph.items[item] >= 0
    return dict(zip(graph.items[item][there].tolist(), graph.weights[item][there].tolist(), strict=True))


def _share(weights: dict[int, float], items: np.ndarray) -> Float64[np.ndarray, " n"]:
    """Weights over the largest of them."""
    top = max(weights.values(), default=1.0)
    return np.array([weights.get(i, 0.0) / top for i in items.tolist()])


def _siblings(world: AsOf, item: int, at: int) -> np.ndarray:
    """What is popular among things that share a value of the item."""
    found = []
    for name, codes in world.evidence.attributes.items():
        code = codes[item : item + 1]
        if len(code) and code[0] >= 0 and ("within", name) in world.made:
            found.append(world.within(name).best(code, np.full(1, at), 0, NEIGHBOURS)[0][0])
    every = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    return np.unique(every[every >= 0])


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
