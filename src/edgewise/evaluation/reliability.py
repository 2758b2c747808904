"""Whether 30% means 30%: calibration error over bins of equal mass, and what chance alone would show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.evaluation.statistics import Moments

__all__ = [
    "Reliability",
    "calibration_error",
    "equal_mass_bins",
    "perfect_calibration_error",
    "reliability_table",
]

_MOST_BINS: Final = 15
_LEAST_IN_BIN: Final = 30
_STREAM: Final = 6151  # apart from the stream that a random model with the same random seed would draw from


@dataclass(frozen=True, slots=True)
class Reliability:
    """One row per bin: seeds in it, mean probability, observed share with its 95% Wilson interval.

    `error` is the calibration error; `chance` and `chance_high` are the mean and the 97.5% quantile of the same
    error if every probability were exactly right, at this sample size.
    """

    count: tuple[int, ...]
    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    error: float
    chance: float
    chance_high: float

    @property
    def within_chance(self) -> bool:
        """Whether perfect calibration would often show as large an error."""
        return self.error <= self.chance_high


def equal_mass_bins(probability: Float64[np.ndarray, " n"], bins: int | None = None) -> Int64[np.ndarray, " n"]:
    """The bin of each probability: quantile bins, where equal probabilities share one bin.

    By default 15 bins, fewer where a bin would hold fewer than 30 probabilities, but at least 5.

    Equal mass has less bias than equal width (Nixon et al., Measuring calibration in deep learning, 2019;
    Roelofs et al., AISTATS 2022).
    """
    if len(probability) == 0:
        return np.zeros(0, dtype=np.int64)
    bins = bins or int(np.clip(len(probability) // _LEAST_IN_BIN, 5, _MOST_BINS))
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    raw = np.searchsorted(edges, probability, side="left")
    return np.unique(raw, return_inverse=True)[1].astype(np.int64)


def calibration_error(
    positive: np.ndarray,
    probability: Float64[np.ndarray, " n"],
    *,
    weight: Float64[np.ndarray, " n"] | None = None,
    bins: int | None = None,
) -> Moments:
    """ECE = sum over bins of |sum w (y - p)| / sum w, over equal-mass bins that resampling keeps.

    Naeini et al., AAAI 2015, with equal-mass bins. Biased upwards: read it beside `perfect_calibration_error`.
    """
    weight = np.ones(len(probability)) if weight is None else weight
    bin_of = equal_mass_bins(probability, bins)
    width = int(bin_of.max()) + 1 if len(bin_of) else 1
    parts = np.zeros((len(probability), width + 1))
    parts[np.arange(len(probability)), bin_of] = weight * (positive - probability)
    parts[:, -1] = weight
    return Moments(parts, _absolute_over_last, np.ones(len(probability), dtype=bool))


def perfect_calibration_error(
    probability: Float64[np.ndarray, " n"], *, draws: int = 200, bins: int | None = None, random_seed: int = 0
) -> Float64[np.ndarray, " draws"]:
    """The calibration error of labels drawn from the probabilities themselves: what no miscalibration shows.

    Bröcker and Smith, Increasing the reliability of reliability diagrams, Weather and Forecasting 22, 2007.
    Each bin's count of positives is a sum of Bernoulli draws, taken as normal beyond 100,000 seeds.
    """
    rng = np.random.default_rng((random_seed, _STREAM))
    n = len(probability)
    if n == 0:
        return np.full(draws, np.nan)
    bin_of = equal_mass_bins(probability, bins)
    width = int(bin_of.max()) + 1
    expected = np.bincount(bin_of, probability, width)
    if n > 100_000:
        spread = np.sqrt(np.bincount(bin_of, probability * (1 - probability), width))
        return np.abs(rng.standard_normal((draws, width)) * spread).sum(axis=1) / n
    simulate = partial(np.bincount, bin_of, minlength=width)
    errors = [np.abs(simulate(weights=rng.random(n) < probability) - expected).sum() / n for _ in range(draws)]
    return np.array(errors)


def reliability_table(
    positive: np.ndarray, probability: Float64[np.ndarray, " n"], *, bins: int | None = None, random_seed: int = 0
) -> Reliability:
    """The reliability diagram as numbers, over equal-mass bins."""
    bin_of = equal_mass_bins(probability, bins)
    width = int(bin_of.max()) + 1 if len(bin_of) else 0
    count = np.bincount(bin_of, minlength=width)
    predicted = np.bincount(bin_of, probability, width) / np.maximum(count, 1)
    observed = np.bincount(bin_of, positive, width) / np.maximum(count, 1)
    low, high = _wilson(observed, count)
    chance = perfect_calibration_error(probability, bins=bins, random_seed=random_seed)
    return Reliability(
        count=tuple(count.tolist()),
        predicted=tuple(predicted.tolist()),
        observed=tuple(observed.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        error=calibration_error(positive, probability, bins=bins).value(),
        chance=float(chance.mean()),
        chance_high=float(np.quantile(chance, 0.975)),
    )


def _absolute_over_last(sums: Float64[np.ndarray, "... p"]) -> Float64[np.ndarray, "..."]:
    total = sums[..., -1]
    return np.divide(
        np.abs(sums[..., :-1]).sum(axis=-1), total, out=np.full(np.shape(total), np.nan), where=total > 0
    )


def _wilson(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95% score interval of a share (Wilson, JASA 22, 1927)."""
    z = 1.959964
    n = np.maximum(count, 1)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
