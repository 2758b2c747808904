"""Rankings against what came true, over the full catalogue; per seed, so that everything can be resampled.

`relevant` counts every label item, the unfindable MISSING ones included: a list can only lose by them. Seeds
without a relevant item have no recall and no average precision; they are left out of those metrics and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from edgewise.errors import InternalError
from edgewise.evaluation.statistics import Statistic, mean
from edgewise.ids import MISSING
from edgewise.tasks.nouns import History, Ragged, Ranked, Seeds

__all__ = [
    "Hits",
    "average_precision",
    "discounted_gain",
    "find_hits",
    "part_of",
    "r_precision",
    "ranking_statistics",
    "recall",
    "reciprocal_rank",
    "seen_before",
]


@dataclass(frozen=True, slots=True)
class Hits:
    """Which places of each list hold a relevant item, and how many items were relevant."""

    at: Bool[np.ndarray, "n k"]
    relevant: Int64[np.ndarray, " n"]

    @property
    def k(self) -> int:
        """The length of the lists."""
        return self.at.shape[1]

    @property
    def asked(self) -> Bool[np.ndarray, " n"]:
        """Whether a seed has a relevant item at all."""
        return self.relevant > 0


def find_hits(ranked: Ranked, target: Ragged, k: int) -> Hits:
    """The hits among the first `k` places. An item that a list names twice is a hit the first time only.

    Shorter lists are filled with places that never hit.

    Raises:
        InternalError: there are more or fewer lists than label lists.
    """
    if len(ranked.items) != len(target):
        raise InternalError(f"{len(ranked.items)} ranked lists for {len(target)} label lists")
    items = np.full((len(ranked.items), k), MISSING, dtype=np.int64)
    width = min(k, ranked.items.shape[1])
    items[:, :width] = ranked.items[:, :width]
    return Hits(_mark(items, target.indptr, _sorted_lists(target)), np.asarray(target.lengths))


def average_precision(hits: Hits) -> Float64[np.ndarray, " n"]:
    """AP@k = sum over hits at place j of (hits up to j) / j, divided by min(k, relevant).

    0 where nothing was relevant. RelBench and Kaggle's MAP@k use this denominator (Robinson et al., RelBench,
    NeurIPS 2024, appendix on metrics).
    """
    precision = np.cumsum(hits.at, axis=1) / np.arange(1, hits.k + 1)
    return _over((precision * hits.at).sum(axis=1), np.minimum(hits.relevant, hits.k))


def recall(hits: Hits) -> Float64[np.ndarray, " n"]:
    """Recall@k = hits / relevant (0 where nothing was relevant)."""
    return _over(hits.at.sum(axis=1), hits.relevant)


def discounted_gain(hits: Hits) -> Float64[np.ndarray, " n"]:
    """NDCG@k = sum over hits of 1 / log2(place + 1), over the same sum for min(k, relevant) leading hits.

    Binary gains (Järvelin and Kekäläinen, ACM TOIS 20, 2002).
    """
    discount = 1.0 / np.log2(np.arange(2, hits.k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    return _over(hits.at @ discount, ideal[np.minimum(hits.relevant, hits.k)])


def reciprocal_rank(hits: Hits) -> Float64[np.ndarray, " n"]:
    """RR@k = 1 / place of the first hit, 0 without one (Voorhees, TREC-8, 1999)."""
    return np.where(hits.at.any(axis=1), 1.0 / (hits.at.argmax(axis=1) + 1), 0.0)


def r_precision(hits: Hits) -> Float64[np.ndarray, " n"]:
    """Hits among the first min(k, relevant) places, over min(k, relevant) (Manning et al., 2008, ch. 8.4).

    R-precision proper where the list is at least as long as the relevant set.
    """
    depth = np.minimum(hits.relevant, hits.k)
    inside = np.arange(hits.k) < depth[:, None]
    return _over((hits.at & inside).sum(axis=1), depth)


def ranking_statistics(hits: Hits, weight: Float64[np.ndarray, " n"] | None = None) -> dict[str, Statistic]:
    """The ranking metrics by key, as means over the seeds with a relevant item."""
    found = hits.at.sum(axis=1)
    per_seed = {
        "map": average_precision(hits),
        "recall": recall(hits),
        "precision": found / hits.k,
        "ndcg": discounted_gain(hits),
        "hit_rate": (found > 0).astype(np.float64),
        "mrr": reciprocal_rank(hits),
        "r_precision": r_precision(hits),
    }
    return {key: mean(values, weight=weight, counts=hits.asked) for key, values in per_seed.items()}


def part_of(target: Ragged, keep: Bool[np.ndarray, " total"]) -> Ragged:
    """The label lists with only the kept items: repeats, tail items, cold items."""
    ends = np.concatenate([[0], np.cumsum(keep)])
    return Ragged(ends[target.indptr].astype(np.int64), target.values[keep])


def seen_before(seeds: Seeds, history: History, lists: Ragged) -> Bool[np.ndarray, " total"]:
    """Whether each listed item occurs in its seed's visible history (events at or before the anchor).

    Repeat and explore apart: Li et al., "A next basket recommendation reality check", arXiv 2109.14233.
    """
    return _seen(seeds.rows, seeds.at, history.indptr, history.at, history.value, lists.indptr, lists.values)


def _over(top: np.ndarray, bottom: np.ndarray) -> Float64[np.ndarray, " n"]:
    return np.divide(top, bottom, out=np.zeros(len(bottom)), where=bottom > 0)


def _sorted_lists(target: Ragged) -> Int64[np.ndarray, " total"]:
    """Each list in rising order: one sort of list and value joined into one number."""
    if len(target.values) == 0:
        return target.values
    low = int(target.values.min())
    span = int(target.values.max()) - low + 1
    base = np.repeat(np.arange(len(target)) * span, target.lengths) - low
    return np.sort(base + target.values) - base


@njit(cache=True)
def _mark(items: np.ndarray, indptr: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    n, k = items.shape
    hits = np.zeros((n, k), dtype=np.bool_)
    for i in range(n):
        own = relevant[indptr[i] : indptr[i + 1]]
        for j in range(k):
            item = items[i, j]
            if item < 0:
                continue
            at = np.searchsorted(own, item)
            if at < len(own) and own[at] == item:
                hits[i, j] = True
                for earlier in range(j):
                    if items[i, earlier] == item:
                        hits[i, j] = False
    return hits


@njit(cache=True)
def _seen(
    rows: np.ndarray,
    anchors: np.ndarray,
    indptr: np.ndarray,
    at: np.ndarray,
    value: np.ndarray,
    list_ptr: np.ndarray,
    items: np.ndarray,
) -> np.ndarray:
    seen = np.zeros(len(items), dtype=np.bool_)
    for i in range(len(rows)):
        if rows[i] < 0 or rows[i] + 1 >= len(indptr):
            continue
        first = indptr[rows[i]]
        last = first + np.searchsorted(at[first : indptr[rows[i] + 1]], anchors[i], side="right")
        for j in range(list_ptr[i], list_ptr[i + 1]):
            if items[j] < 0:
                continue
            for e in range(last - 1, first - 1, -1):
                if value[e] == items[j]:
                    seen[j] = True
                    break
    return seen
