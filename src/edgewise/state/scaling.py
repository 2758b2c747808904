"""A state as a network likes it: each feature around zero, without NaN, long tails tamed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

__all__ = ["Scaling"]


@dataclass(frozen=True, slots=True)
class Scaling:
    """asinh((x - median) / spread) by feature, NaN as 0; spread is the middle half's width, or the deviation."""

    centre: Float32[np.ndarray, " features"]
    spread: Float32[np.ndarray, " features"]

    @classmethod
    def fit(cls, values: Float32[np.ndarray, "n features"]) -> Scaling:
        """From training rows alone; a feature that never varies becomes 0."""
        known = np.isfinite(values)
        filled = np.where(known, values, 0.0).astype(np.float64)
        count = np.maximum(known.sum(axis=0), 1)
        mean = filled.sum(axis=0) / count
        deviation = np.sqrt(np.where(known, (filled - mean) ** 2, 0.0).sum(axis=0) / count)
        some = values[:: max(1, len(values) // 5_000)]
        some = np.where(np.isfinite(some), some, mean) if len(some) else np.zeros((1, values.shape[1]))
        low, middle, high = np.quantile(some, (0.25, 0.5, 0.75), axis=0)
        spread = np.where(high - low > 1e-6 * deviation, high - low, deviation)
        return cls(middle.astype(np.float32), np.where(spread > 0, spread, np.inf).astype(np.float32))

    def __call__(self, values: Float32[np.ndarray, "n features"]) -> Float32[np.ndarray, "n features"]:
        """Scaled values, float32[n, features]."""
        scaled = np.arcsinh((values - self.centre) / self.spread)
        return np.nan_to_num(scaled, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
