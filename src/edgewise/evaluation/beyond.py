"""Beyond accuracy: what a set of lists does to the catalogue and to the reader."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.evaluation.statistics import Fixed, Statistic, mean
from edgewise.ids import MISSING

__all__ = ["beyond_statistics", "coverage", "diversity", "gini", "novelty", "popularity"]


def coverage(items: Int64[np.ndarray, "n k"], catalogue: int) -> float:
    """Distinct recommended items / items in the catalogue (Ge et al., RecSys 2010)."""
    return len(np.unique(items[items != MISSING])) / catalogue if catalogue else float("nan")


def gini(items: Int64[np.ndarray, "n k"], catalogue: int) -> float:
    """Gini coefficient of how often each item of the catalogue is recommended, never recommended ones included.

    G = sum_i (2 i - m - 1) x_(i) / (m sum x), with counts x_(1) <= ... <= x_(m) (Fleder and Hosanagar,
    Management Science 55, 2009). NaN when nothing is recommended.
    """
    _, counts = np.unique(items[items != MISSING], return_counts=True)
    total = counts.sum()
    if total == 0 or catalogue == 0:
        return float("nan")
    ordered = np.sort(counts)
    places = np.arange(catalogue - len(ordered) + 1, catalogue + 1)
    return float(((2 * places - catalogue - 1) * ordered).sum() / (catalogue * total))


def novelty(items: Int64[np.ndarray, "n k"], events: Int64[np.ndarray, " catalogue"]) -> Float64[np.ndarray, " n"]:
    """Mean self-information of a list: -log2((events of item + 1) / (events + items)), in bits.

    `events` counts what was visible (Zhou et al., PNAS 107, 2010). NaN for an empty list.
    """
    share = (events + 1) / (events.sum() + len(events))
    return _mean_of_list(items, -np.log2(share))


def popularity(
    items: Int64[np.ndarray, "n k"], events: Int64[np.ndarray, " catalogue"]
) -> Float64[np.ndarray, " n"]:
    """Mean popularity percentile of a list: 1 the most popular item, 0 the least; ties share their middle.

    NaN for an empty list.
    """
    ordered = np.sort(events)
    below = np.searchsorted(ordered, events, side="left")
    upto = np.searchsorted(ordered, events, side="right")
    percentile = (below + upto - 1) / 2 / max(len(events) - 1, 1)
    return _mean_of_list(items, percentile)


def diversity(
    items: Int64[np.ndarray, "n k"],
    *,
    vectors: Float64[np.ndarray, "catalogue d"] | None = None,
    categories: Int64[np.ndarray, " catalogue"] | None = None,
) -> Float64[np.ndarray, " n"]:
    """Intra-list diversity: the mean over pairs of 1 - cosine of their vectors, or of "different category".

    Ziegler et al., WWW 2005. NaN for lists with fewer than two items.
    """
    held = items != MISSING
    pairs = held.sum(axis=1).astype(np.float64)
    pairs = pairs * (pairs - 1)
    alike = _alike_by_category(items, held, categories) if vectors is None else _alike(items, held, vectors)
    return 1.0 - np.divide(alike, pairs, out=np.full(len(items), np.nan), where=pairs > 0)


def beyond_statistics(
    items: Int64[np.ndarray, "n k"],
    catalogue: int,
    *,
    events: Int64[np.ndarray, " catalogue"] | None = None,
    vectors: Float64[np.ndarray, "catalogue d"] | None = None,
    categories: Int64[np.ndarray, " catalogue"] | None = None,
) -> dict[str, Statistic]:
    """The beyond-accuracy metrics by key, as far as what they need is given."""
    found: dict[str, Statistic] = {
        "coverage": Fixed(coverage(items, catalogue), len(items)),
        "gini": Fixed(gini(items, catalogue), len(items)),
    }
    if events is not None:
        found["novelty"] = _mean_where_defined(novelty(items, events))
        found["popularity"] = _mean_where_defined(popularity(items, events))
    if vectors is not None or categories is not None:
        found["diversity"] = _mean_where_defined(diversity(items, vectors=vectors, categories=categories))
    return found


def _mean_where_defined(values: np.ndarray) -> Statistic:
    defined = np.isfinite(values)
    return mean(np.where(defined, values, 0.0), counts=defined)


def _mean_of_list(items: np.ndarray, of_item: np.ndarray) -> Float64[np.ndarray, " n"]:
    held = items != MISSING
    total = np.where(held, of_item[np.where(held, items, 0)], 0.0).sum(axis=1)
    lengths = held.sum(axis=1)
    return np.divide(total, lengths, out=np.full(len(items), np.nan), where=lengths > 0)


def _alike(items: np.ndarray, held: np.ndarray, vectors: np.ndarray) -> Float64[np.ndarray, " n"]:
    """The sum of cosines over ordered pairs: |sum of unit vectors|^2 minus the pairs of an item with itself."""
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norm, out=np.zeros_like(vectors, dtype=np.float64), where=norm > 0)
    own = (unit * unit).sum(axis=1)
    total, selves = np.zeros((len(items), vectors.shape[1])), np.zeros(len(items))
    for j in range(items.shape[1]):  # over places, not rows
        at = np.where(held[:, j], items[:, j], 0)
        total += np.where(held[:, j, None], unit[at], 0.0)
        selves += np.where(held[:, j], own[at], 0.0)
    return (total * total).sum(axis=1) - selves


def _alike_by_category(
    items: np.ndarray, held: np.ndarray, categories: np.ndarray | None
) -> Float64[np.ndarray, " n"]:
    if categories is None:
        raise ValueError("diversity needs vectors or categories")
    of_place = np.where(held, categories[np.where(held, items, 0)], -1)
    alike = np.zeros(len(items))
    for j in range(items.shape[1]):  # over places, not rows
        same = (of_place == of_place[:, j : j + 1]) & held & held[:, j : j + 1] & (of_place >= 0)
        alike += same.sum(axis=1) - same[:, j]
    return alike
