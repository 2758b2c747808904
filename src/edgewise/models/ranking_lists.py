"""From scored candidates to lists of k, and how good lists are."""

from __future__ import annotations

import numba as nb
import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.ids import MISSING
from edgewise.models.candidates.merge import Pool
from edgewise.tasks.nouns import Ragged, Ranked

__all__ = ["average_precision", "filled", "mean_average_precision", "places", "positives", "ranked", "within_pool"]


def ranked(pool: Pool, scores: Float32[np.ndarray, " candidates"], k: int) -> Ranked:
    """The k best candidates of each seed; ties go to the smaller row id."""
    seeds = len(pool.indptr) - 1
    items = np.full((seeds, k), MISSING, dtype=np.int64)
    best = np.full((seeds, k), -np.inf, dtype=np.float32)
    seed = pool.seed_of
    order = np.lexsort((pool.items, -scores, seed))
    place = np.arange(len(order)) - pool.indptr[seed]
    top = place < k
    items[seed[top], place[top]] = pool.items[order][top]
    best[seed[top], place[top]] = scores[order][top]
    return Ranked(items, best)


def places(
    pool: Pool, scores: Float32[np.ndarray, " candidates"], ties: np.ndarray | None = None
) -> Int64[np.ndarray, " candidates"]:
    """The place of each candidate among its seed's, from 1. Equal ones go by `ties`, then by row id."""
    seed = pool.seed_of
    keys = (pool.items, -scores, seed) if ties is None else (pool.items, -ties, -scores, seed)
    order = np.lexsort(keys)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.arange(1, len(order) + 1) - pool.indptr[seed]
    return found


def filled(found: Ranked, spare: Int64[np.ndarray, "n width"]) -> Ranked:
    """Short lists filled up with spare items (best first, MISSING ignored) that are not yet in them.

    A spare item's score lies below the list's last one, one step a place.
    """
    items, scores = found.items.copy(), found.scores.copy()
    _fill(items, scores, np.asarray(spare, np.int64))
    return Ranked(items, scores)


def within_pool(pool: Pool, values: np.ndarray) -> Float32[np.ndarray, " candidates"]:
    """Scores with mean 0 and deviation 1 inside each pool, so that scorers can be mixed."""
    counts = np.maximum(np.diff(pool.indptr), 1).astype(np.float64)
    seed = pool.seed_of
    values = values.astype(np.float64)
    mean = np.bincount(seed, values, minlength=len(counts)) / counts
    centred = values - mean[seed]
    spread = np.sqrt(np.bincount(seed, centred**2, minlength=len(counts)) / counts)
    return (centred / np.maximum(spread, 1e-9)[seed]).astype(np.float32)


def positives(pool: Pool, target: Ragged) -> np.ndarray:
    """Which candidates came true: bool[candidates]."""
    width = max(int(pool.items.max(initial=0)), int(target.values.max(initial=0))) + 1
    wanted = np.repeat(np.arange(len(target)), target.lengths) * width + target.values
    return np.isin(pool.seed_of * width + pool.items, wanted[target.values != MISSING])


def average_precision(found: Ranked, target: Ragged, k: int) -> Float64[np.ndarray, " n"]:
    """AP@k of each list, over min(k, how many came true); 0 where nothing came true or nothing was found."""
    width = max(int(found.items.max(initial=0)), int(target.values.max(initial=0))) + 1
    wanted = np.repeat(np.arange(len(target)), target.lengths) * width + target.values
    at = np.arange(len(found.items))[:, None] * width + found.items[:, :k]
    hit = np.isin(at, wanted[target.values != MISSING]) & (found.items[:, :k] != MISSING)
    precision = np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)
    return (precision * hit).sum(axis=1) / np.maximum(np.minimum(target.lengths, k), 1)


def mean_average_precision(found: Ranked, target: Ragged, k: int) -> float:
    """MAP@k over all seeds with anything that came true, those whose positives no candidate reaches included."""
    some = target.lengths > 0
    return float(average_precision(found, target, k)[some].mean()) if some.any() else 0.0


@nb.njit(cache=True)
def _fill(items: np.ndarray, scores: np.ndarray, spare: np.ndarray) -> None:
    for i in range(len(items)):
        n = 0
        while n < items.shape[1] and items[i, n] >= 0:
            n += 1
        last = scores[i, n - 1] if n > 0 else np.float32(0.0)
        for s in spare[i]:
            if n == items.shape[1]:
                break
            if s < 0 or (items[i, :n] == s).any():
                continue
            last -= np.float32(1.0)
            items[i, n] = s
            scores[i, n] = last
            n += 1
