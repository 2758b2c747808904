"""Quantiles that cover what they promise: shift each by what held-out rows say it is off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["QuantileOffset", "fit_quantile_offset"]


@dataclass(frozen=True, slots=True)
class QuantileOffset:
    """What to add to the prediction at each level, in the target's unit."""

    offset: dict[float, float]

    def __call__(self, quantiles: dict[float, np.ndarray]) -> dict[float, np.ndarray]:
        """Shifted quantiles, sorted along the levels so that none cross (Chernozhukov et al., 2010)."""
        levels = sorted(quantiles)
        if not levels:
            return {}
        shifted = np.sort(np.stack([quantiles[q] + self.offset.get(q, 0.0) for q in levels]), axis=0)
        return dict(zip(levels, shifted, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"level": list(self.offset), "offset": list(self.offset.values())}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> QuantileOffset:
        """The inverse of `to_json`."""
        return cls(dict(zip(found["level"], found["offset"], strict=True)))


def fit_quantile_offset(actual: np.ndarray, quantiles: dict[float, np.ndarray]) -> QuantileOffset:
    """Conformal offsets, one a level: the level's own quantile of y - f, with the finite-sample correction.

    Above one half the order statistic ceil((n + 1) q), below it floor((n + 1) q), each inside the sample: the
    two-sided version of conformalised quantile regression (Romano, Patterson and Candès, NeurIPS 2019, theorem 2).
    Rows may be [n] or [n, timeframes]; NaN labels are left out.
    """
    known = np.isfinite(actual)
    offset = {}
    for level in sorted(quantiles):
        gap = np.sort((actual - quantiles[level])[known])
        n = len(gap)
        if n == 0:
            offset[level] = 0.0
            continue
        place = np.ceil((n + 1) * level) if level >= 0.5 else np.floor((n + 1) * level)
        offset[level] = float(gap[int(np.clip(place, 1, n)) - 1])
    return QuantileOffset(offset)
