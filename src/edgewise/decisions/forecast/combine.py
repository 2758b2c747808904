"""One forecast of cells from trees and smoothing, weighed on weeks that the trees had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64
from scipy import sparse

from edgewise.decisions.forecast.apart import TREES, pairs
from edgewise.decisions.forecast.learn import Forecasts

__all__ = ["choose", "mixed"]


def mixed(parts: Forecasts, trees: float) -> Float64[np.ndarray, "cells horizon"]:
    """Cells as smoothing and trees see them, in hundredths; `trees` is how much those count."""
    return (1 - trees) * parts.level[:, None] + trees * parts.mean


def choose(
    past: Mapping[int, Forecasts], demand: Float64[np.ndarray, "cells weeks"], levels: Sequence[sparse.csr_array]
) -> float:
    """How much trees count: the smallest errors at those origins, the mean over levels of log WAPE."""

    def score(trees: float) -> float:
        made = pairs({origin: mixed(parts, trees) for origin, parts in past.items()}, demand)
        errors = [sum(float(np.abs(level @ (m - c)).sum()) for m, c in made) for level in levels]
        return float(np.log(np.maximum(errors, 1e-9)).mean())

    return min(TREES, key=score)
