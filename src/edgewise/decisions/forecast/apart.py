"""Levels above cells forecast by themselves, how far that was off, and what brings all levels together.

The total, departments and categories each have a forecast of their own: smoothing, mixed with what trees of
categories, which see promotions, sum up to. Stores have none: what their cells sum to is nearer. How much trees
count is chosen on weeks that they had not seen, and how far all were off there says how much each level counts
when they are reconciled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from scipy import sparse

from edgewise.decisions.forecast.features import Kit
from edgewise.decisions.forecast.learn import Forecasts
from edgewise.decisions.forecast.levels import summing
from edgewise.decisions.forecast.nouns import Level
from edgewise.decisions.forecast.reconcile import Errors
from edgewise.decisions.forecast.smoothing import FIRST, Smoother
from edgewise.decisions.forecast.young import YOUNG

__all__ = ["APART", "TREES", "Apart", "Pair", "pairs"]

#: A forecast of nodes for weeks ahead, and what came.
Pair = tuple[Float64[np.ndarray, "n ahead"], Float64[np.ndarray, "n ahead"]]

#: The levels with a forecast of their own.
APART: Final = ("total", "department", "category")
#: How much trees may count beside smoothing.
TREES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Whether trees are tied to what smoothing says of all stores: for the total, that would be smoothing again.
_TIE: Final = (1.0, 0.0)
#: A node's own errors count as much as what its size says after so many of them.
_ENOUGH: Final = 16.0


@dataclass(frozen=True, slots=True)
class _Part:
    """A level with its smoother; `begun`: the first week of each node; `of_category`: the node of each."""

    level: Level
    smoother: Smoother
    demand: Float64[np.ndarray, "nodes weeks"]
    begun: Int64[np.ndarray, " nodes"]
    of_category: Int64[np.ndarray, " categories"]
    trees: float = 0.0
    tie: float = 1.0


class Apart:
    """Forecasts of the levels above cells, each by itself; `sums` is which cells each of their nodes sums.

    `past` are the parts of origins whose weeks the trees had not seen.
    """

    def __init__(self, kit: Kit, levels: Sequence[Level], past: Mapping[int, Forecasts]) -> None:
        self._kit, self._past = kit, past
        known = {level.name: level for level in levels}
        self._parts = [self._part(known[name]) for name in APART]
        self.sums: sparse.csr_array = sparse.vstack([summing(part.level) for part in self._parts], format="csr")

    def _part(self, level: Level) -> _Part:
        demand = level.total(self._kit.cells.values)
        begun = np.where(demand.any(axis=1), (demand > 0).argmax(axis=1), demand.shape[1])
        of_category = np.zeros(len(self._kit.panel.categories), dtype=np.int64)
        of_category[self._kit.panel.category] = level.node
        part = _Part(level, Smoother(demand, demand.sum(axis=0), self._kit.calendar), demand, begun, of_category)
        tries = [replace(part, trees=trees, tie=tie) for trees, tie in product(TREES, _TIE[level.nodes == 1 :])]
        off = [sum(float(np.abs(m - t).sum()) for m, t in self._tried(one)) for one in tries]
        return tries[int(np.argmin(off))]

    def _said(self, part: _Part, origin: int, trees: Forecasts | None) -> Float64[np.ndarray, "nodes horizon"]:
        made = part.smoother.at(origin, self._kit.horizon)
        if trees is None or part.trees == 0:
            return made
        said = np.zeros_like(made)
        np.add.at(said, part.of_category, trees.category * trees.tie**part.tie)
        return np.asarray((1 - part.trees) * made + part.trees * said)

    def _tried(self, part: _Part) -> list[Pair]:
        """What was said and what came at past origins: all of them where no trees are needed."""
        origins = self._past if part.trees else range(min(FIRST, self._kit.weeks - 1), self._kit.weeks)
        made = {origin: self._said(part, origin, self._past.get(origin)) for origin in origins}
        return pairs(made, part.demand)

    def at(self, origin: int, trees: Forecasts | None) -> Float64[np.ndarray, "nodes horizon"]:
        """What is expected of each node of each level by itself."""
        return np.concatenate([self._said(part, origin, trees) for part in self._parts])

    def errors(self, origin: int, cells: Mapping[int, Float64[np.ndarray, "cells horizon"]]) -> Errors:
        """How far forecasts were off; nodes that are young at an origin have none of their own.

        `cells` are forecasts made of cells at past origins.
        """
        tried = pairs(cells, self._kit.cells.values)
        own = _ratio([(made - came) ** 2 for made, came in tried], [made for made, _ in tried])
        shared, apart, whole = [], [], 0.0
        for part in self._parts:
            sums = summing(part.level)
            both = [(sums @ m, sums @ c) for m, c in tried]
            size = np.concatenate([m for m, _ in both], axis=1).mean(axis=1)
            factor = (_variance(both, part.level.nodes) - own * size) / np.maximum(size, 1e-9) ** 2 - whole
            shared.append(np.where(size > 0, np.maximum(factor, 0.0), 0.0))
            whole = float(shared[0][0])
            old = origin - part.begun >= min(YOUNG, origin)
            apart.append(np.where(old, _variance(self._tried(part), part.level.nodes), np.inf))
        return Errors(own, np.concatenate(shared), np.concatenate(apart))


def pairs(made: Mapping[int, Float64[np.ndarray, "n horizon"]], values: np.ndarray) -> list[Pair]:
    """Forecasts and what came, by origin, as far as weeks were seen."""
    ahead = {origin: min(said.shape[1], values.shape[1] - origin) for origin, said in made.items()}
    return [(said[:, : ahead[o]], values[:, o : o + ahead[o]]) for o, said in made.items() if ahead[o] > 0]


def _ratio(above: list[np.ndarray], below: list[np.ndarray]) -> float:
    return max(float(sum(a.sum() for a in above)), 0.0) / max(float(sum(b.sum() for b in below)), 1e-9)


def _variance(tried: list[Pair], nodes: int) -> Float64[np.ndarray, " nodes"]:
    """The mean squared error of each node, drawn towards what nodes of its size have."""
    squares, size, count = np.zeros(nodes), np.zeros(nodes), 0
    for made, came in tried:
        squares += ((made - came) ** 2).sum(axis=1)
        size += made.sum(axis=1)
        count += made.shape[1]
    like = (size / max(count, 1)) ** 1.5
    usual = like * squares.sum() / max(count * float(like.sum()), 1e-9)
    return np.asarray((squares + _ENOUGH * usual) / (count + _ENOUGH))
