"""Numbers against what came true; forecasting takes the same over every timeframe.

Values are float64[n] or float64[n, timeframes]; a frame whose label is NaN has no part in anything.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from edgewise.evaluation.statistics import Moments, Statistic, mean, ratio

__all__ = ["forecast_statistics", "quantile_statistics", "rank_average", "regression_statistics", "spearman"]

_TINY: Final = 1e-12


def regression_statistics(
    actual: np.ndarray, predicted: np.ndarray, weight: Float64[np.ndarray, " n"] | None = None
) -> dict[str, Statistic]:
    """The point metrics by key.

    MAE = mean |e|; RMSE = sqrt(mean e^2); R2 = 1 - sum e^2 / sum (y - mean y)^2; WAPE = sum |e| / sum |y|,
    which unlike MAPE survives zeros (Kolassa and Schütz, Foresight 2007); bias = sum e / sum |y|; with
    e = prediction - y. Spearman: see `spearman`.
    """
    y, f, w, known = _frames(actual, predicted, weight)
    e = np.where(known, f - y, 0.0)
    counts = np.any(known, axis=1)

    def sums(*columns: np.ndarray) -> np.ndarray:
        return np.stack([(c * w).sum(axis=1) for c in columns], axis=1)

    one = known.astype(np.float64)
    return {
        "mae": Moments(sums(np.abs(e), one), ratio, counts),
        "rmse": Moments(sums(e * e, one), _root_of_ratio, counts),
        "r2": Moments(sums(e * e, y * y, y, one), _r2, counts),
        "wape": Moments(sums(np.abs(e), np.abs(y)), ratio, counts),
        "bias": Moments(sums(e, np.abs(y)), ratio, counts),
        "spearman": spearman(actual, predicted, weight),
    }


def spearman(
    actual: np.ndarray, predicted: np.ndarray, weight: Float64[np.ndarray, " n"] | None = None
) -> Moments:
    """Spearman's correlation: Pearson's over average ranks (Spearman, Am. J. Psychology 15, 1904).

    Resampling keeps the ranks of the whole sample, as estimates of the values' quantiles.
    """
    y, f, w, known = _frames(actual, predicted, weight)
    ry, rf = np.zeros(y.shape), np.zeros(f.shape)
    total = max(int(known.sum()), 1)
    ry[known], rf[known] = rank_average(y[known]) / total, rank_average(f[known]) / total
    columns = (known, ry, rf, ry * ry, rf * rf, ry * rf)
    parts = np.stack([(c * w * known).sum(axis=1) for c in columns], axis=1)
    return Moments(parts, _correlation, np.any(known, axis=1))


def forecast_statistics(
    actual: Float64[np.ndarray, "n t"],
    predicted: Float64[np.ndarray, "n t"],
    past: Float64[np.ndarray, "n periods"] | None,
    *,
    season: int = 1,
    weight: Float64[np.ndarray, " n"] | None = None,
) -> dict[str, Statistic]:
    """The point metrics and, where each seed's past is given, MASE and RMSSE by key.

    The scale of a seed is the error of its seasonal naive in the past: mean |y_t - y_(t-season)| for MASE
    (Hyndman and Koehler, Int. J. Forecasting 22, 2006), the mean square for RMSSE (Makridakis et al., M5, 2022).
    `past` is in time order, NaN before the entity began. Seeds whose scale is zero or unknown have no part.
    """
    found = regression_statistics(actual, predicted, weight)
    if past is None or past.shape[1] <= season:
        return found
    step = past[:, season:] - past[:, :-season]
    known = np.isfinite(step)
    filled = np.where(known, step, 0.0)
    periods = np.maximum(known.sum(axis=1), 1)
    y, f, _, frame = _frames(actual, predicted, None)
    e = np.where(frame, f - y, 0.0)
    frames = np.maximum(frame.sum(axis=1), 1)
    for key, own, scale in (
        ("mase", np.abs(e).sum(axis=1) / frames, np.abs(filled).sum(axis=1) / periods),
        ("rmsse", (e * e).sum(axis=1) / frames, (filled * filled).sum(axis=1) / periods),
    ):
        counts = (scale > _TINY) & np.any(frame, axis=1)
        scaled = np.divide(own, scale, out=np.zeros(len(own)), where=counts)
        found[key] = mean(np.sqrt(scaled) if key == "rmsse" else scaled, weight=weight, counts=counts)
    return found


def quantile_statistics(
    actual: np.ndarray, quantiles: dict[float, np.ndarray], weight: Float64[np.ndarray, " n"] | None = None
) -> dict[str, Statistic]:
    """The quantile metrics by key; empty without quantiles.

    pinball = mean over levels q of max(q (y - f), (q - 1)(y - f)) (Koenker and Bassett, Econometrica 46, 1978).
    Coverage, promised coverage and width are those of the widest symmetric pair of levels.
    """
    if not quantiles:
        return {}
    levels = sorted(quantiles)
    losses = np.zeros((len(actual), 2))
    for level in levels:
        y, f, w, known = _frames(actual, quantiles[level], weight)
        short = np.where(known, y - f, 0.0)
        losses[:, 0] += (np.maximum(level * short, (level - 1) * short) * w).sum(axis=1)
        losses[:, 1] += (known * w).sum(axis=1)
    found: dict[str, Statistic] = {"pinball": Moments(losses, ratio, losses[:, 1] > 0)}
    pair = widest_pair(levels)
    if pair is not None:
        y, low, w, known = _frames(actual, quantiles[pair[0]], weight)
        high = _frames(actual, quantiles[pair[1]], weight)[1]
        total = (known * w).sum(axis=1)
        for key, column in (
            ("interval_coverage", ((low <= y) & (y <= high)).astype(np.float64)),
            ("interval_nominal", np.full(y.shape, pair[1] - pair[0])),
            ("interval_width", high - low),
        ):
            parts = np.stack([(np.where(known, column, 0.0) * w).sum(axis=1), total], axis=1)
            found[key] = Moments(parts, ratio, total > 0)
    return found


def widest_pair(levels: list[float]) -> tuple[float, float] | None:
    """The outermost pair of levels q and 1 - q; None where no two levels are symmetric."""
    for low in sorted(levels):
        for high in levels:
            if low < 0.5 and abs(low + high - 1.0) < 1e-9:
                return low, high
    return None


def rank_average(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((2 * last - counts + 1) / 2.0)[inverse]


def _frames(
    actual: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Bool[np.ndarray, "n t"]]:
    """Labels, predictions, weights [n, 1] and which frames are known; unknown labels are 0."""
    y = np.asarray(actual, dtype=np.float64).reshape(len(actual), -1)
    f = np.asarray(predicted, dtype=np.float64).reshape(len(actual), -1)
    w = np.ones((len(y), 1)) if weight is None else np.asarray(weight, dtype=np.float64)[:, None]
    known = np.isfinite(y)
    return np.where(known, y, 0.0), f, w, known


def _root_of_ratio(sums: Float64[np.ndarray, "... 2"]) -> Float64[np.ndarray, "..."]:
    return np.sqrt(ratio(sums))


def _r2(sums: Float64[np.ndarray, "... 4"]) -> Float64[np.ndarray, "..."]:
    squared_error, squares, total, n = (sums[..., i] for i in range(4))
    spread = squares - np.divide(total * total, n, out=np.zeros(np.shape(n)), where=n > 0)
    fine = spread > _TINY * np.maximum(squares, _TINY)
    return 1.0 - np.divide(squared_error, spread, out=np.full(np.shape(n), np.nan), where=fine)


def _correlation(sums: Float64[np.ndarray, "... 6"]) -> Float64[np.ndarray, "..."]:
    n, x, y, xx, yy, xy = (sums[..., i] for i in range(6))
    n = np.where(n > 0, n, np.nan)
    product = (xx - x * x / n) * (yy - y * y / n)
    fine = product > _TINY * n * n
    root = np.sqrt(np.where(fine, product, np.nan))
    return (xy - x * y / n) / root
