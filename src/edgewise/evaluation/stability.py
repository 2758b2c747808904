"""How far values have moved from what they were: the population stability index.

The tenths of what the values were part them into bins; the index sums, over the bins, the difference of the shares
times that of their logarithms (the symmetric Kullback-Leibler divergence of the two). It is 0 where nothing moved;
beyond 0.2 values are commonly said to have moved (Siddiqi, Credit Risk Scorecards, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

__all__ = ["MOVED", "Profile", "profile_of", "stability"]

#: Beyond this, values are said to have moved.
MOVED: Final = 0.2
_BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Profile:
    """How the values of columns were spread: the edges of their tenths, and the share of each bin, of which the
    last one holds what had no value (NaN).
    """

    edges: Float32[np.ndarray, "columns bins_minus_1"]
    shares: Float64[np.ndarray, "columns bins_plus_1"]


def profile_of(values: Float32[np.ndarray, "rows columns"]) -> Profile:
    """The profile of each column."""
    edges = np.zeros((values.shape[1], _BINS - 1), dtype=np.float32)
    for column, own in enumerate(values.T):
        there = own[~np.isnan(own)]
        if len(there):
            edges[column] = np.quantile(there, np.linspace(0, 1, _BINS + 1)[1:-1], method="lower")
    shares = [_share(_counts(edge, own)) for edge, own in zip(edges, values.T, strict=True)]
    return Profile(edges, np.array(shares).reshape(-1, _BINS + 1))


def stability(was: Profile, values: Float32[np.ndarray, "rows columns"]) -> Float64[np.ndarray, " columns"]:
    """The index of each column: how far `values` are from what they were."""
    pairs = zip(was.edges, was.shares, values.T, strict=True)
    return np.array([_index(before, _share(_counts(edges, own))) for edges, before, own in pairs])


def _counts(edges: np.ndarray, values: np.ndarray) -> Int64[np.ndarray, " bins_plus_1"]:
    bins = np.searchsorted(edges, values)
    return np.bincount(np.where(np.isnan(values), _BINS, bins), minlength=_BINS + 1)


def _share(counts: np.ndarray) -> Float64[np.ndarray, " bins_plus_1"]:
    """Shares, each bin half a row fuller than it is, so that an empty one says little."""
    return (counts + 0.5) / (counts.sum() + 0.5 * len(counts))


def _index(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.sum((after - before) * np.log(after / before)))
