"""What each store would sell of each article: what it sold itself, drawn towards its shoppers and the chain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64
from scipy import sparse

from edgewise.clock import DAY
from edgewise.decisions.assort.facts import Facts

__all__ = ["Forecast", "forecast"]

#: After so many days a sale counts half.
HALF_LIFE: Final = 91.0
#: The chain counts as much as so many of the store's own sales.
PRIOR: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """By store, its candidates (article rows, those it would sell most of first) and what it would sell of each.

    `total` is what the store would sell of all articles in the days ahead, candidates or not. `known` stores have
    sold something.
    """

    candidates: Int32[np.ndarray, "stores candidates"]
    expected: Float64[np.ndarray, "stores candidates"]
    total: Float64[np.ndarray, " stores"]
    known: Bool[np.ndarray, " stores"]


def forecast(facts: Facts, days: int, candidates: int, must: Int64[np.ndarray, " must"]) -> Forecast:
    """Expected sales of `days` after the facts' moment; `must` are candidates whatever they sell."""
    sales, at = facts.sales, facts.at
    weight = sales.amount * np.exp2((sales.time - at) / (HALF_LIFE * DAY))
    shape = (len(facts.stores), len(facts.articles))
    own = sparse.csr_array((weight, (sales.store, sales.article)), shape=shape)
    chain = np.bincount(sales.article, weight, shape[1])
    chain = chain / max(float(chain.sum()), 1e-12)
    seen: Float64[np.ndarray, " stores"] = np.bincount(sales.store, weight, shape[0])
    lasting = HALF_LIFE / math.log(2.0) * (1 - 2.0 ** (-(at - int(sales.time[0])) / (HALF_LIFE * DAY)))
    total = np.asarray(seen * (days / max(lasting, 1.0)))
    count = min(candidates, shape[1])
    best, expected = np.empty((shape[0], count), np.int32), np.empty((shape[0], count))
    for store in range(shape[0]):
        row = own[[store]].toarray()[0] + PRIOR * chain
        row[must] += row.max()
        order = np.argsort(-row, kind="stable")[:count]
        best[store], row[must] = order, row[must] - row.max() / 2
        expected[store] = (own[[store]].toarray()[0] + PRIOR * chain)[order] / (seen[store] + PRIOR)
    return Forecast(best, expected * np.maximum(total, 1e-9)[:, None], total, seen > 0)
