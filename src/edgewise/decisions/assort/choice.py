"""What a set of articles keeps of a store's demand: the objective, and the greedy choice that looks for the best.

With set S, the demand d of article a that is kept is d if a is in S, and otherwise d f(q), where q is the summed
share of a's substitutes that are in S. f follows the multinomial logit with an outside option, q / (q + v), v such
that the share `kept` stays when all substitutes are there. (Smith and Agrawal, Operations Research 48, 2000, and
Kök and Fisher, Operations Research 55, 2007, substitute once, too, at rates that do not bend.) It is taken as the
chords between q = 0, a quarter of all there is, and all there is: linear in pieces, so that a program can prove
how near a set is to the best. f is concave, and the sum over articles monotone and submodular in S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64
from scipy import sparse

from edgewise.decisions.assort.kernels import Arrays, fill, marginals, opened, swap

__all__ = ["Demand", "covered", "greedy", "marginal", "store_demand"]

#: Where the chords meet, as a share of what all of an article's substitutes make up.
BEND: Final = 0.25


@dataclass(frozen=True, slots=True)
class Demand:
    """One store's demand and substitution over its candidates.

    `to`/`share` list by candidate (`first`) its substitutes among the candidates; `back`, `of`, `weight` the
    reverse. `kept` by candidate as f rises by `slopes[0]` up to the bend and by `slopes[1]` after it.
    """

    own: Float64[np.ndarray, " n"]
    first: Int64[np.ndarray, " n_plus_1"]
    to: Int32[np.ndarray, " links"]
    share: Float64[np.ndarray, " links"]
    back: Int64[np.ndarray, " n_plus_1"]
    of: Int32[np.ndarray, " links"]
    weight: Float64[np.ndarray, " links"]
    bend: Float64[np.ndarray, " n"]
    slopes: Float64[np.ndarray, "2 n"]

    def __len__(self) -> int:
        return len(self.own)

    def reach(self, inside: Bool[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """By candidate, the summed share of its substitutes that are inside."""
        rows = np.repeat(np.arange(len(self)), np.diff(self.first))
        return np.bincount(rows, self.share * inside[self.to], len(self))

    def kept_without(self, inside: Bool[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """By candidate, the share of its demand that its substitutes inside would keep if it were missing."""
        q = self.reach(inside)
        return self.slopes[0] * np.minimum(q, self.bend) + self.slopes[1] * np.maximum(q - self.bend, 0.0)


def store_demand(
    own: Float64[np.ndarray, " n"], candidates: Int32[np.ndarray, " n"], to: Int32[np.ndarray, "articles k"],
    share: Float64[np.ndarray, "articles k"], kept: Float64[np.ndarray, " articles"],
) -> Demand:  # fmt: skip
    """A store's demand over its candidates, substitutes that are none left out."""
    n = len(candidates)
    where = np.full(len(kept), -1, dtype=np.int32)
    where[candidates] = np.arange(n, dtype=np.int32)
    named = to[candidates]
    at = np.where(named >= 0, where[np.maximum(named, 0)], -1)
    there = (at >= 0) & (share[candidates] > 0) & (kept[candidates] > 0)[:, None]
    links = sparse.csr_array((share[candidates][there], (np.nonzero(there)[0], at[there])), shape=(n, n))
    links.sum_duplicates()
    turned = links.T.tocsr()
    turned.sum_duplicates()
    most = np.asarray(links.sum(axis=1)).ravel()
    outside = (1.0 - kept[candidates]) / np.maximum(kept[candidates], 1e-9)
    bend = BEND * most
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = bend / (bend + outside), most / (most + outside)
        slopes = np.stack([low / bend, (high - low) / (most - bend)])
    return Demand(
        own.astype(np.float64),
        links.indptr.astype(np.int64), links.indices.astype(np.int32), links.data,
        turned.indptr.astype(np.int64), turned.indices.astype(np.int32), turned.data,
        bend, np.where(most > 0, slopes, 0.0),
    )  # fmt: skip


def covered(demand: Demand, inside: Bool[np.ndarray, " n"]) -> float:
    """The demand that a set keeps, substitution included, in the unit of demand."""
    return float((demand.own * np.where(inside, 1.0, demand.kept_without(inside))).sum())


def greedy(
    demand: Demand, start: Bool[np.ndarray, " n"], fixed: Bool[np.ndarray, " n"],
    rules: sparse.csr_array, low: Float64[np.ndarray, " rows"], high: Float64[np.ndarray, " rows"],
    *, swaps: int = 200,
) -> Bool[np.ndarray, " n"]:  # fmt: skip
    """A set from `start`: what lower bounds miss, what gains most for its space, then swaps.

    `rules` has a row for each bound and a column for each candidate, and no negative entries; the first row is
    space. `fixed` candidates are neither taken in nor out. The set may break lower bounds where no way to keep
    them is found; upper bounds hold unless `start` breaks them.
    """
    by_item = rules.T.tocsr()
    by_item.sum_duplicates()
    bounds = by_item.indptr.astype(np.int64), by_item.indices.astype(np.int32), by_item.data.astype(np.float64)
    state = opened(_arrays(demand), start, bounds, len(low))
    fill(_arrays(demand), state, bounds, fixed, low.astype(np.float64), high.astype(np.float64))
    swap(_arrays(demand), state, bounds, fixed, low.astype(np.float64), high.astype(np.float64), swaps)
    return state[0]


def marginal(demand: Demand, inside: Bool[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """By candidate, what would be lost without it where it is inside, and gained with it where it is not."""
    return marginals(_arrays(demand), inside, demand.reach(inside))


def _arrays(d: Demand) -> Arrays:
    return d.own, d.first, d.to, d.back, d.of, d.weight, d.bend, d.slopes
