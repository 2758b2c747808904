"""Numbers over seeds that can be computed again when the seeds are resampled.

Every metric is a `Statistic`: either a formula over sums of per-seed parts (`Moments`), a number that needs the
order of the scores (`Ordered`), an average of such (`Macro`), or a plain number (`Fixed`). All of them keep one
row per seed, so that a bootstrap can weight the same seeds for every metric and every model at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt16
from numba import njit

__all__ = ["Fixed", "Macro", "Moments", "Ordered", "Statistic", "auroc", "average_precision", "mean", "ratio"]

Formula = Callable[[np.ndarray], np.ndarray]

_COST_LIMIT: Final = 50_000_000  # row visits that one order statistic may cost over all its resamples
_FEWEST_RESAMPLES: Final = 200


class Statistic(ABC):
    """A number over seeds."""

    @property
    @abstractmethod
    def counted(self) -> int:
        """How many seeds have a part in it."""

    @abstractmethod
    def value(self) -> float:
        """The number over all seeds; NaN where it is not defined."""

    @abstractmethod
    def where(self, mask: Bool[np.ndarray, " n"]) -> Statistic:
        """The same number over the seeds where `mask` is true."""


@dataclass(frozen=True, slots=True)
class Moments(Statistic):
    """`formula(sum over seeds of parts)`. `formula` takes sums[..., p] and gives values[...].

    `counts` marks the seeds that have a part in it: one without positives has none in MAP.
    """

    parts: Float64[np.ndarray, "n p"]
    formula: Formula
    counts: Bool[np.ndarray, " n"]

    @property
    def counted(self) -> int:
        """How many seeds have a part in it."""
        return int(self.counts.sum())

    def value(self) -> float:
        """The formula over the plain sums."""
        return float(self.formula(self.parts.sum(axis=0)))

    def where(self, mask: Bool[np.ndarray, " n"]) -> Moments:
        """The same formula with the other seeds' parts set to zero."""
        return Moments(np.where(mask[:, None], self.parts, 0.0), self.formula, self.counts & mask)


@dataclass(frozen=True, slots=True)
class Fixed(Statistic):
    """A number without an interval, such as coverage of the catalogue."""

    number: float
    counted: int

    def value(self) -> float:
        """The number."""
        return self.number

    def where(self, mask: Bool[np.ndarray, " n"]) -> Fixed:
        """Not defined on a part of the seeds: NaN."""
        return Fixed(float("nan"), int(mask.sum()))


@dataclass(frozen=True, slots=True)
class Ordered(Statistic):
    """AUROC or average precision: rows sorted by score once, then every resample is one pass with weights.

    `row` are the seeds by falling score; `tie_ends` marks the last of each group of equal scores.
    """

    kind: str  # "auroc" or "average_precision"
    row: Int64[np.ndarray, " m"]
    score: Float64[np.ndarray, " m"]
    positive: Bool[np.ndarray, " m"]
    weight: Float64[np.ndarray, " m"]

    @property
    def counted(self) -> int:
        """How many seeds have a part in it."""
        return len(self.row)

    @property
    def tie_ends(self) -> Bool[np.ndarray, " m"]:
        """Whether a row is the last one of its score."""
        ends = np.ones(len(self.score), dtype=bool)
        if len(ends):
            ends[:-1] = self.score[1:] != self.score[:-1]
        return ends

    def value(self) -> float:
        """The number with each row weighted by its own weight."""
        ones = np.ones((1, int(self.row.max()) + 1 if len(self.row) else 1), dtype=np.uint16)
        return float(self.resampled(ones, np.arange(ones.shape[1]))[0])

    def where(self, mask: Bool[np.ndarray, " n"]) -> Ordered:
        """The same number over the seeds where `mask` is true."""
        keep = mask[self.row]
        return Ordered(self.kind, self.row[keep], self.score[keep], self.positive[keep], self.weight[keep])

    def resampled(
        self, counts: UInt16[np.ndarray, "b clusters"], cluster: Int64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " b"]:
        """The number under each row of `counts`, how often each cluster was drawn."""
        kernel = _auroc_draws if self.kind == "auroc" else _average_precision_draws
        return kernel(counts, cluster[self.row], self.positive, self.weight, self.tie_ends)

    def affordable(self, resamples: int) -> int:
        """How many resamples are worth their time for so many rows."""
        return min(resamples, max(_FEWEST_RESAMPLES, _COST_LIMIT // max(len(self.row), 1)))


@dataclass(frozen=True, slots=True)
class Macro(Statistic):
    """The plain average of order statistics, one a class, over the classes where they are defined."""

    members: tuple[Ordered, ...]
    counted: int

    def value(self) -> float:
        """The average over the defined members; NaN without any."""
        values = np.array([m.value() for m in self.members])
        return float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else float("nan")

    def where(self, mask: Bool[np.ndarray, " n"]) -> Macro:
        """The same average over the seeds where `mask` is true."""
        return Macro(tuple(m.where(mask) for m in self.members), int(mask.sum()))

    def affordable(self, resamples: int) -> int:
        """How many resamples are worth their time for so many rows and classes."""
        rows = sum(len(m.row) for m in self.members)
        return min(resamples, max(_FEWEST_RESAMPLES, _COST_LIMIT // max(rows, 1)))

    def resampled(
        self, counts: UInt16[np.ndarray, "b clusters"], cluster: Int64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " b"]:
        """The average under each row of `counts`."""
        total, defined = np.zeros(len(counts)), np.zeros(len(counts))
        for member in self.members:
            draws = member.resampled(counts, cluster)
            fine = np.isfinite(draws)
            total[fine] += draws[fine]
            defined += fine
        return np.divide(total, defined, out=np.full(len(counts), np.nan), where=defined > 0)


def ratio(sums: Float64[np.ndarray, "... 2"]) -> Float64[np.ndarray, "..."]:
    """The first sum over the second; NaN where the second is zero."""
    top, bottom = sums[..., 0], sums[..., 1]
    return np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom != 0)


def mean(
    values: Float64[np.ndarray, " n"],
    *,
    weight: Float64[np.ndarray, " n"] | None = None,
    counts: Bool[np.ndarray, " n"] | None = None,
) -> Moments:
    """The weighted average of per-seed values over the seeds where `counts` is true (all by default)."""
    counts = np.ones(len(values), dtype=bool) if counts is None else counts
    weight = np.ones(len(values)) if weight is None else weight
    kept = np.where(counts, weight, 0.0)
    parts = np.stack([np.where(counts, values, 0.0) * kept, kept], axis=1)
    return Moments(parts, ratio, counts)


def auroc(
    positive: Bool[np.ndarray, " n"],
    score: Float64[np.ndarray, " n"],
    weight: Float64[np.ndarray, " n"] | None = None,
) -> Ordered:
    """Area under the ROC curve: P(score of a positive > score of a negative) + half of P(equal).

    The Mann-Whitney statistic over the product of the counts (Hanley and McNeil, Radiology 143, 1982).
    """
    return _ordered("auroc", positive, score, weight)


def average_precision(
    positive: Bool[np.ndarray, " n"],
    score: Float64[np.ndarray, " n"],
    weight: Float64[np.ndarray, " n"] | None = None,
) -> Ordered:
    """Average precision: sum over thresholds of (recall - previous recall) x precision, without interpolation.

    Equal scores share one threshold (Buckley and Voorhees, SIGIR 2000; scikit-learn's definition).
    """
    return _ordered("average_precision", positive, score, weight)


def _ordered(kind: str, positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None) -> Ordered:
    order = np.argsort(-np.asarray(score, dtype=np.float64), kind="stable")
    weight = np.ones(len(order)) if weight is None else np.asarray(weight, dtype=np.float64)
    score = np.asarray(score, dtype=np.float64)
    return Ordered(kind, order, score[order], np.asarray(positive, dtype=bool)[order], weight[order])


@njit(cache=True)
def _auroc_draws(
    counts: np.ndarray, cluster: np.ndarray, positive: np.ndarray, weight: np.ndarray, tie_ends: np.ndarray
) -> np.ndarray:
    draws = np.empty(counts.shape[0])
    for b in range(counts.shape[0]):
        above, negatives, area, group_pos, group_neg = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(len(cluster)):
            w = weight[i] * counts[b, cluster[i]]
            if positive[i]:
                group_pos += w
            else:
                group_neg += w
            if tie_ends[i]:
                area += group_neg * (above + 0.5 * group_pos)
                above += group_pos
                negatives += group_neg
                group_pos, group_neg = 0.0, 0.0
        draws[b] = area / (above * negatives) if above > 0 and negatives > 0 else np.nan
    return draws


@njit(cache=True)
def _average_precision_draws(
    counts: np.ndarray, cluster: np.ndarray, positive: np.ndarray, weight: np.ndarray, tie_ends: np.ndarray
) -> np.ndarray:
    draws = np.empty(counts.shape[0])
    for b in range(counts.shape[0]):
        hits, seen, area, group_pos = 0.0, 0.0, 0.0, 0.0
        for i in range(len(cluster)):
            w = weight[i] * counts[b, cluster[i]]
            seen += w
            if positive[i]:
                group_pos += w
            if tie_ends[i]:
                hits += group_pos
                if seen > 0:
                    area += group_pos * hits / seen
                group_pos = 0.0
        draws[b] = area / hits if hits > 0 else np.nan
    return draws
