"""Probabilities of a yes against what came true."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64

from edgewise.evaluation.reliability import calibration_error
from edgewise.evaluation.statistics import Statistic, auroc, average_precision, mean

__all__ = ["FLOOR", "binary_statistics", "brier", "log_loss"]

#: Probabilities are cut to [FLOOR, 1 - FLOOR] before a logarithm: one certain mistake costs 16 nats, not all.
FLOOR: Final = 1e-7


def log_loss(positive: np.ndarray, probability: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """-y log p - (1 - y) log(1 - p), in nats, with p cut to [1e-7, 1 - 1e-7] (Good, JRSS B 14, 1952)."""
    p = np.clip(probability, FLOOR, 1 - FLOOR)
    return -np.where(positive.astype(bool), np.log(p), np.log1p(-p))


def brier(positive: np.ndarray, probability: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """(y - p)^2 (Brier, Monthly Weather Review 78, 1950)."""
    return (positive - probability) ** 2


def binary_statistics(
    positive: Float64[np.ndarray, " n"],
    probability: Float64[np.ndarray, " n"],
    weight: Float64[np.ndarray, " n"] | None = None,
) -> dict[str, Statistic]:
    """The binary metrics by key. `positive` is 0 or 1."""
    truth = positive.astype(bool)
    return {
        "auroc": auroc(truth, probability, weight),
        "average_precision": average_precision(truth, probability, weight),
        "log_loss": mean(log_loss(positive, probability), weight=weight),
        "brier": mean(brier(positive, probability), weight=weight),
        "ece": calibration_error(positive, probability, weight=weight),
    }
