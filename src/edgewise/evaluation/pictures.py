"""What the report draws, as numbers: distributions, predicted beside actual, and forecasts beside their past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from edgewise.evaluation.regression import widest_pair
from edgewise.tasks.nouns import Estimated

__all__ = ["Fan", "Histogram", "Level", "fans", "histogram", "levels"]

_BINS = 24


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between `edges` for each named series. `axis` says what is counted along."""

    title: str
    axis: str
    edges: tuple[float, ...]
    series: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Level:
    """Seeds with similar predictions: their mean prediction, mean label, and the labels' 10% and 90% quantiles."""

    count: int
    predicted: float
    actual: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Fan:
    """One seed's forecast beside its past. `low` and `high` are the widest interval's ends, empty without one."""

    title: str
    past: tuple[float, ...]
    actual: tuple[float, ...]
    predicted: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def histogram(
    title: str, axis: str, series: dict[str, Float64[np.ndarray, " n"]], *, edges: np.ndarray | None = None
) -> Histogram:
    """Counts in equal bins over the middle 98% of all values; what lies outside is counted in the end bins."""
    pooled = np.concatenate(list(series.values()))
    pooled = pooled[np.isfinite(pooled)]
    if edges is None:
        low, high = np.quantile(pooled, [0.01, 0.99]) if len(pooled) else (0.0, 1.0)
        edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts = {
        name: tuple(np.histogram(np.clip(v[np.isfinite(v)], edges[0], edges[-1]), edges)[0].tolist())
        for name, v in series.items()
    }
    return Histogram(title, axis, tuple(edges.tolist()), counts)


def levels(actual: np.ndarray, predicted: np.ndarray, count: int = 10) -> tuple[Level, ...]:
    """Predictions in `count` groups of equal size, from the lowest to the highest."""
    y, f = np.ravel(actual), np.ravel(predicted)
    known = np.isfinite(y)
    y, f = y[known], f[known]
    groups = np.array_split(np.argsort(f, kind="stable"), min(count, max(len(f), 1)))
    found = []
    for group in groups:
        if len(group):
            low, high = np.quantile(y[group], [0.1, 0.9])
            found.append(
                Level(len(group), float(f[group].mean()), float(y[group].mean()), float(low), float(high))
            )
    return tuple(found)


def fans(
    titles: list[str],
    actual: Float64[np.ndarray, "n t"],
    predicted: Estimated,
    past: Float64[np.ndarray, "n periods"] | None,
    *,
    index: np.ndarray,
    periods: int = 26,
) -> tuple[Fan, ...]:
    """The forecasts of the seeds at `index`, each under its title."""
    pair = widest_pair(sorted(predicted.quantiles))
    found = []
    for title, i in zip(titles, index, strict=True):
        before = past[i, -periods:] if past is not None else np.zeros(0)
        found.append(
            Fan(
                title=title,
                past=tuple(before[np.isfinite(before)].tolist()),
                actual=tuple(np.atleast_1d(actual[i]).tolist()),
                predicted=tuple(np.atleast_1d(predicted.value[i]).tolist()),
                low=tuple(np.atleast_1d(predicted.quantiles[pair[0]][i]).tolist()) if pair else (),
                high=tuple(np.atleast_1d(predicted.quantiles[pair[1]][i]).tolist()) if pair else (),
            )
        )
    return tuple(found)
