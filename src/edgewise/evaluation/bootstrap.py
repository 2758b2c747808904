"""Intervals: resample entities, not rows, because the rows of one entity resemble one another.

One table of counts (how often each entity was drawn in each resample) serves every metric and every model, so
the difference of two models is paired by construction (Efron and Tibshirani, An Introduction to the Bootstrap,
1993; clusters: Field and Welsh, JRSS B 69, 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, UInt16
from numba import njit

from edgewise.errors import InternalError
from edgewise.evaluation.statistics import Macro, Moments, Ordered, Statistic

__all__ = ["Bootstrap", "Interval", "interval"]

_MOST_CLUSTERS: Final = 20_000
_COLUMNS_AT_ONCE: Final = 256
_RESAMPLES_AT_ONCE: Final = 128


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95% interval and standard error; NaN where they are not defined."""

    value: float
    low: float
    high: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return bool(self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Resampling counts: `counts[b, c]` is how often cluster `c` was drawn in resample `b`.

    `cluster[i]` is the cluster of seed `i`: its entity, or, beyond 20,000 entities, a random group of entities
    (groups of independent entities are independent too, so the intervals stay valid and the cost bounded).
    """

    cluster: Int64[np.ndarray, " n"]
    counts: UInt16[np.ndarray, "resamples clusters"]

    @classmethod
    def over(cls, entities: Int64[np.ndarray, " n"], *, resamples: int = 1000, random_seed: int = 0) -> Bootstrap:
        """Counts for the entities of some seeds: as many draws with replacement as there are clusters."""
        rng = np.random.default_rng(random_seed)
        _, cluster = np.unique(entities, return_inverse=True)
        clusters = int(cluster.max()) + 1 if len(cluster) else 1
        if clusters > _MOST_CLUSTERS:
            cluster = rng.permutation(clusters)[cluster] % _MOST_CLUSTERS
            clusters = _MOST_CLUSTERS
        counts = np.zeros((resamples, clusters), dtype=np.uint16)
        for first in range(0, resamples, _RESAMPLES_AT_ONCE):
            block = counts[first : first + _RESAMPLES_AT_ONCE]
            _count(rng.integers(0, clusters, size=block.shape, dtype=np.int32), block)
        return cls(cluster.astype(np.int64), counts)

    @property
    def resamples(self) -> int:
        """How many resamples."""
        return self.counts.shape[0]

    @property
    def clusters(self) -> int:
        """How many clusters are resampled."""
        return self.counts.shape[1]

    def draws(self, statistics: Sequence[Statistic]) -> Float64[np.ndarray, "statistics resamples"]:
        """Each statistic under each resample. Row `b` of every statistic weights the same entities.

        A statistic whose cost is out of proportion gets fewer resamples, the rest are NaN; so are all of a
        statistic that has no interval.

        Raises:
            InternalError: a statistic of other seeds than those resampled.
        """
        found = np.full((len(statistics), self.resamples), np.nan)
        sums: list[tuple[int, Moments]] = []
        for i, statistic in enumerate(statistics):
            if isinstance(statistic, Moments):
                if len(statistic.parts) != len(self.cluster):
                    raise InternalError(f"a statistic of {len(statistic.parts)} seeds, not {len(self.cluster)}")
                sums.append((i, statistic))
            elif isinstance(statistic, (Ordered, Macro)):
                b = statistic.affordable(self.resamples)
                found[i, :b] = statistic.resampled(self.counts[:b], self.cluster)
        for chunk in _chunks(sums):
            self._fill(found, chunk)
        return found

    def intervals(self, statistics: Sequence[Statistic]) -> list[Interval]:
        """The interval of each statistic."""
        draws = self.draws(statistics)
        return [interval(s.value(), d) for s, d in zip(statistics, draws, strict=True)]

    def _fill(self, found: np.ndarray, chunk: list[tuple[int, Moments]]) -> None:
        """Sums per cluster times counts: one matrix product for all the statistics of a chunk."""
        parts = np.concatenate([m.parts for _, m in chunk], axis=1)
        per_cluster = np.zeros((self.clusters, parts.shape[1]))
        _add_by_cluster(np.ascontiguousarray(parts), self.cluster, per_cluster)
        for first in range(0, self.resamples, _RESAMPLES_AT_ONCE):
            block = slice(first, min(first + _RESAMPLES_AT_ONCE, self.resamples))
            sums = self.counts[block].astype(np.float64) @ per_cluster
            column = 0
            for i, moments in chunk:
                width = moments.parts.shape[1]
                found[i, block] = moments.formula(sums[:, column : column + width])
                column += width


def interval(value: float, draws: Float64[np.ndarray, " resamples"], *, recentre: bool = False) -> Interval:
    """The percentile interval (2.5% to 97.5%) and the standard error of some draws.

    `recentre` shifts the draws so that their mean is the value and cuts them at zero: for statistics that
    resampling inflates, such as a calibration error.
    """
    fine = draws[np.isfinite(draws)]
    if len(fine) < 2 or not np.isfinite(value):
        return Interval(value, float("nan"), float("nan"), float("nan"))
    if recentre:
        fine = np.maximum(fine - (fine.mean() - value), 0.0)
    low, high = np.quantile(fine, [0.025, 0.975])
    return Interval(value, float(low), float(high), float(fine.std(ddof=1)))


def _chunks(sums: list[tuple[int, Moments]]) -> list[list[tuple[int, Moments]]]:
    chunks: list[list[tuple[int, Moments]]] = []
    width = _COLUMNS_AT_ONCE
    for i, moments in sums:
        if width + moments.parts.shape[1] > _COLUMNS_AT_ONCE:
            chunks.append([])
            width = 0
        chunks[-1].append((i, moments))
        width += moments.parts.shape[1]
    return chunks


@njit(cache=True)
def _count(drawn: np.ndarray, counts: np.ndarray) -> None:
    for b in range(drawn.shape[0]):
        for j in range(drawn.shape[1]):
            counts[b, drawn[b, j]] += 1


@njit(cache=True)
def _add_by_cluster(parts: np.ndarray, cluster: np.ndarray, out: np.ndarray) -> None:
    for i in range(parts.shape[0]):
        for p in range(parts.shape[1]):
            out[cluster[i], p] += parts[i, p]
