"""One forecast of cells from several parts, weighed on weeks that none of them had seen.

Cells are a mixture of smoothing and trees; categories over all stores likewise, and those see promotions and
holidays best. Cells are then scaled so that categories come out nearer to what was forecast for them: by the ratio
to a power between 0 (bottom-up) and 1 (top-down), a structural shrinkage between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from jaxtyping import Float64
from scipy import sparse

from edgewise.decisions.forecast.learn import Forecasts
from edgewise.decisions.forecast.nouns import Panel

__all__ = ["Weights", "choose", "combine"]

_CELL: Final = (0.0, 0.5, 0.75, 1.0)
_CATEGORY: Final = (0.0, 0.5, 0.75, 1.0)
_PULL: Final = (0.0, 0.5, 0.75, 1.0)
_TIE: Final = (1.0, 0.0)
#: Scaling goes no farther than this.
_MOST: Final = 5.0
_FARTHEST: Final = 1.1


@dataclass(frozen=True, slots=True)
class Weights:
    """How much trees count among cells and among categories, how strongly categories pull their cells.

    `tie` is whether categories are tied to what all stores are expected to sell, 0 or 1.
    `up` is what everything is multiplied with, so that the sum was right at the origins that were looked at.
    """

    cell: float = 0.5
    category: float = 0.75
    pull: float = 0.5
    tie: float = 1.0
    up: float = 1.0


def combine(parts: Forecasts, panel: Panel, weights: Weights) -> Float64[np.ndarray, "cells horizon"]:
    """The expected demand of cells, in hundredths."""
    cells = (1 - weights.cell) * parts.level[:, None] + weights.cell * parts.mean
    wanted = (1 - weights.category) * parts.category_level[
        :, None
    ] + weights.category * parts.category * parts.tie**weights.tie
    have = np.zeros_like(wanted)
    for h in range(cells.shape[1]):
        have[:, h] = np.bincount(panel.category, cells[:, h], len(wanted))
    ratio = np.divide(wanted, have, out=np.ones_like(have), where=have > 0)
    return weights.up * cells * (np.clip(ratio, 1 / _MOST, _MOST) ** weights.pull)[panel.category]


def choose(
    past: Mapping[int, Forecasts], demand: Float64[np.ndarray, "cells weeks"], panel: Panel,
    levels: Sequence[sparse.csr_array],
) -> Weights:  # fmt: skip
    """The weights with the smallest errors at those origins: the mean over levels of the logarithm of WAPE."""
    best, least = Weights(), np.inf
    for cell, category, pull, tie in product(_CELL, _CATEGORY, _PULL, _TIE):
        if (pull == 0.0 and category != _CATEGORY[0]) or (pull * category == 0.0 and tie != _TIE[0]):
            continue
        weights = Weights(cell, category, pull, tie)
        errors = np.zeros(len(levels))
        for origin, parts in past.items():
            ahead = min(parts.mean.shape[1], demand.shape[1] - origin)
            off = combine(parts, panel, weights)[:, :ahead] - demand[:, origin : origin + ahead]
            errors += [np.abs(level @ off).sum() for level in levels]
        score = float(np.log(np.maximum(errors, 1e-9)).mean())
        if score < least - 1e-12:
            best, least = weights, score
    return replace(best, up=_up(past, demand, panel, best))


def _up(
    past: Mapping[int, Forecasts], demand: Float64[np.ndarray, "cells weeks"], panel: Panel, weights: Weights
) -> float:
    """What came out against what was forecast, in sum: trees that look for medians miss rare large sales."""
    made = came = 0.0
    for origin, parts in past.items():
        ahead = min(parts.mean.shape[1], demand.shape[1] - origin)
        made += float(combine(parts, panel, weights)[:, :ahead].sum())
        came += float(demand[:, origin : origin + ahead].sum())
    return float(np.clip(came / made, 1 / _FARTHEST, _FARTHEST)) if made > 0 else 1.0
