"""Quantiles from how far forecasts were off at past origins: conformal, by level and by how large a node is.

Demand of one store in one category is mostly a few sales or none, so its distribution is read off what happened
where as much was expected and the trees' median stood in the same ratio to the mean (split conformal prediction
within groups, Vovk, 2012); sums are read off their errors, in units of how far their node is usually off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import ndtri, stdtrit

__all__ = ["Spread", "fit_spread", "interval_probabilities"]

#: Fewer past cases than this make no group of their own.
FEWEST: Final = 60


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of (outcome - forecast) / unit by group, where the unit is the forecast unless another is given.

    `sizes` are the edges of forecasts, `shapes` by size the edges of what else is known (a ratio, or weeks ahead).
    `table` has a row for each group and a column for each of `probabilities`.
    """

    probabilities: Float64[np.ndarray, " p"]
    sizes: Float64[np.ndarray, " s"]
    shapes: Float64[np.ndarray, "s_plus_1 k"]
    table: Float64[np.ndarray, "groups p"]

    def at(
        self, forecast: np.ndarray, shape: np.ndarray, unit: np.ndarray | None = None
    ) -> Float64[np.ndarray, "... p"]:
        """Quantiles of what will come, never negative, ascending along the last axis."""
        off = self.table[_group(self.sizes, self.shapes, forecast, shape)]
        unit = forecast if unit is None else unit
        return np.asarray(np.maximum(forecast[..., None] + unit[..., None] * off, 0.0))

    def wider(self, seen: float) -> Spread:
        """The same, for a group of forecasts whose errors were seen so many times independently of one another.

        Quantiles of few errors are too near: they are moved away from nothing by as much as Student's t is wider
        than the normal distribution.
        """
        tail = np.maximum(self.probabilities, 1 - self.probabilities)
        inner = np.abs(tail - 0.5) < 1e-9
        tail = np.where(inner, 0.75, tail)
        wide = np.where(inner, 1.0, stdtrit(max(seen, 1.0), tail) / ndtri(tail))
        return replace(self, table=np.maximum.accumulate(self.table * wide, axis=1))


def fit_spread(
    forecast: Float64[np.ndarray, " n"], shape: Float64[np.ndarray, " n"], outcome: Float64[np.ndarray, " n"],
    probabilities: Float64[np.ndarray, " p"], sizes: int, shapes: int,
    unit: Float64[np.ndarray, " n"] | None = None,
) -> Spread:  # fmt: skip
    """Quantiles of what came out against what was forecast (> 0), in up to sizes x shapes groups of one count."""
    sizes = max(1, min(sizes, len(forecast) // FEWEST))
    size_edges = np.quantile(forecast, np.arange(1, sizes) / sizes) if len(forecast) else np.empty(0)
    size = np.searchsorted(size_edges, forecast, side="right")
    parts = np.arange(1, shapes) / shapes
    shape_edges = np.zeros((sizes, shapes - 1))
    for s in range(sizes):
        own = shape[size == s]
        shape_edges[s] = np.quantile(own, parts) if len(own) >= FEWEST * shapes else np.inf
    group = _group(size_edges, shape_edges, forecast, shape)
    off = (outcome - forecast) / (forecast if unit is None else unit)
    whole = _quantiles(off, probabilities)
    table = np.tile(whole, (sizes * shapes, 1))
    for g in np.unique(group):
        own = off[group == g]
        if len(own) >= FEWEST // 2:
            table[g] = _quantiles(own, probabilities)
    return Spread(probabilities, size_edges, shape_edges, table)


def interval_probabilities(level: float) -> tuple[float, float, float]:
    """Where an interval begins and ends, and where it ends if it begins at zero because nothing is likely."""
    return round((1 - level) / 2, 6), round((1 + level) / 2, 6), level


def _quantiles(off: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Conformal quantiles: each a little farther out, as one new case would be among those seen."""
    if len(off) == 0:
        return np.zeros(len(probabilities))
    n = len(off)
    up = np.clip(np.where(probabilities >= 0.5, probabilities * (n + 1) / n, probabilities), 0, 1)
    return np.asarray(np.quantile(off, up, method="inverted_cdf"))


def _group(
    sizes: np.ndarray, shapes: np.ndarray, forecast: np.ndarray, shape: np.ndarray
) -> Int64[np.ndarray, " n"]:
    size = np.searchsorted(sizes, forecast, side="right")
    rank = (shape[..., None] >= shapes[size]).sum(axis=-1)
    return np.asarray(size * (shapes.shape[1] + 1) + rank)
