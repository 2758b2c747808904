"""Numbers as a model learns them: as they are, or as logarithms where amounts span orders of magnitude.

In logarithms, absolute errors are weighted by the amount that is to be expected (the mean of the last windows), so
that what is minimised stays the absolute error of the amounts themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

__all__ = ["PLAIN", "Scale", "log_scale"]


@dataclass(frozen=True, slots=True)
class Scale:
    """A map of numbers and its inverse, both monotone: medians and quantiles stay what they are.

    Plain: (y - centre) / unit. In logarithms: log1p(y / unit). Nothing comes back below `least`: sums of what is
    never negative are not predicted to be.
    """

    log: bool
    centre: float
    unit: float
    least: float | None = None

    def to(self, y: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
        """Amounts as the model learns them."""
        return np.log1p(np.maximum(y, 0.0) / self.unit) if self.log else (y - self.centre) / self.unit

    def back(self, x: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
        """The inverse."""
        found = np.expm1(np.clip(x, 0.0, 60.0)) * self.unit if self.log else x * self.unit + self.centre
        return found if self.least is None else np.maximum(found, self.least)

    def weight(self, expected: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """What an error at an expected amount costs, one on average."""
        if not self.log:
            return np.ones(len(expected))
        weight = np.maximum(np.nan_to_num(expected), 0.0) + self.unit
        return weight / max(weight.mean(), 1e-12)


PLAIN = Scale(False, 0.0, 1.0)


def log_scale(y: Float64[np.ndarray, "n outputs"]) -> Scale | None:
    """Logarithms in units of a tenth of the typical amount; None where amounts are negative or alike."""
    if len(y) == 0 or y.min() < 0:
        return None
    positive = y[y > 0]
    if len(positive) < 50 or np.quantile(positive, 0.95) < 10 * np.quantile(positive, 0.25):
        return None
    return Scale(True, 0.0, float(np.median(positive)) / 10)
