"""Two sides of an experiment compared at any time, as often as one likes.

A mixture sequential probability ratio test on the difference of the two means (Robbins 1970; Johari, Koomen,
Pekelis, Walsh, Operations Research 70, 2022, eq. 7): with difference d, its variance V and a normal mixture of
variance tau^2,

    ratio = sqrt(V / (V + tau^2)) * exp(tau^2 d^2 / (2 V (V + tau^2)))

The p-value is 1 / (the largest ratio so far), at most 1: whenever one stops, the chance that a difference is
claimed where there is none is at most alpha. The interval that belongs to it holds the true difference at all
times together with probability 1 - alpha. Units are whole users, in the order in which they came.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float64

from edgewise.errors import ArgumentError

__all__ = ["Experiment", "Side", "compare_sides"]

#: The difference, in standard deviations, that the mixture expects: small ones are found later, large ones sooner.
_EXPECTED: Final = 0.1
#: Users of a side before its mean is taken as normal.
_FEWEST: Final = 50
_LOOKS: Final = 200


@dataclass(frozen=True, slots=True)
class Side:
    """One side: how many users, and what they brought on average."""

    users: int
    mean: float
    error: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """Both sides, the difference (treatment less control) with its interval at all times, and the p-value."""

    control: Side
    treatment: Side
    difference: float
    low: float
    high: float
    p_value: float
    alpha: float

    @property
    def decided(self) -> bool:
        """Whether a difference may be claimed."""
        return self.p_value <= self.alpha

    def verdict(self) -> str:
        """The result in a sentence."""
        if not self.decided:
            return "No difference may be claimed yet; looking again later costs nothing."
        return f"The {'treatment' if self.difference > 0 else 'control'} is better."

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "verdict": self.verdict()}


def compare_sides(
    outcome: Float64[np.ndarray, " users"], treated: Bool[np.ndarray, " users"], *, alpha: float = 0.05
) -> Experiment:
    """Compare two sides.

    Args:
        outcome: what each user brought, in the order in which they came.
        treated: whether each was on the side of the treatment.
        alpha: the chance of a false claim that is accepted.

    Raises:
        ArgumentError: a side has fewer than 50 users, or alpha is no chance.
    """
    if not 0 < alpha < 1:
        raise ArgumentError(f"alpha = {alpha} is no chance", hint="between 0 and 1; 0.05 is usual")
    counts = [int((~treated).sum()), int(treated.sum())]
    if min(counts) < _FEWEST:
        raise ArgumentError(
            f"the sides have {counts[0]} and {counts[1]} users; {_FEWEST} each are needed",
            hint="wait for more users, or give the smaller side a larger share",
        )
    spread = float(outcome.std())
    looks = _paths(outcome, treated)
    tau2 = (_EXPECTED * max(spread, 1e-12)) ** 2
    log_ratio = _log_ratio(looks.difference, looks.variance, tau2)
    p_value = min(1.0, math.exp(-max(0.0, float(log_ratio.max(initial=0.0)))))
    difference, variance = float(looks.difference[-1]), float(looks.variance[-1])
    half = _half_width(variance, tau2, alpha)
    sides = [
        Side(n, float(v.mean()), float(v.std(ddof=1)) / math.sqrt(n))
        for n, v in zip(counts, (outcome[~treated], outcome[treated]), strict=True)
    ]
    return Experiment(sides[0], sides[1], difference, difference - half, difference + half, p_value, alpha)


@dataclass(frozen=True, slots=True)
class _Looks:
    difference: Float64[np.ndarray, " looks"]
    variance: Float64[np.ndarray, " looks"]


def _paths(outcome: np.ndarray, treated: np.ndarray) -> _Looks:
    """The difference and its variance after more and more users, up to all of them."""
    n = np.stack([np.cumsum(~treated), np.cumsum(treated)])
    total = np.stack([np.cumsum(np.where(treated, 0.0, outcome)), np.cumsum(np.where(treated, outcome, 0.0))])
    square = np.stack(
        [np.cumsum(np.where(treated, 0.0, outcome**2)), np.cumsum(np.where(treated, outcome**2, 0.0))]
    )
    first = int(np.argmax(n.min(axis=0) >= _FEWEST))
    at = np.unique(np.linspace(first, len(outcome) - 1, _LOOKS).astype(np.int64))
    n, total, square = n[:, at], total[:, at], square[:, at]
    mean = total / n
    spread = np.maximum(square / n - mean**2, 0.0) * n / (n - 1)
    return _Looks(mean[1] - mean[0], (spread / n).sum(axis=0))


def _log_ratio(difference: np.ndarray, variance: np.ndarray, tau2: float) -> Float64[np.ndarray, " looks"]:
    variance = np.maximum(variance, 1e-100)
    return 0.5 * np.log(variance / (variance + tau2)) + tau2 * difference**2 / (2 * variance * (variance + tau2))


def _half_width(variance: float, tau2: float, alpha: float) -> float:
    """Where the ratio reaches 1 / alpha: half the interval."""
    both = variance + tau2
    if variance <= 0:
        return 0.0
    return math.sqrt(2 * variance * both / tau2 * (math.log(1 / alpha) + 0.5 * math.log(both / variance)))
