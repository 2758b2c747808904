"""Forecasts of levels that were made apart, brought to agree: minimum trace with a structured covariance.

Of all forecasts that add up, the one is taken that lies nearest to those made, in units of how far each kind was
off at past origins (Wickramasuriya, Athanasopoulos & Hyndman, JASA 114, 2019). With thousands of cells no
covariance can be read off a few origins; errors of cells are taken as their own (variance in proportion to what
is expected) plus errors that all cells of a node share, in proportion to their size. Everything then follows from
what pairs of nodes have in common, and cells are corrected by factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64
from scipy import sparse

__all__ = ["Errors", "reconcile"]

#: Factors of cells go no farther than this.
_LEAST, _MOST = 0.2, 5.0
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Errors:
    """How far forecasts were off.

    Attributes:
        own: variance of a cell over what is expected of it.
        shared: by node above cells, variance of the factor that its cells have in common.
        apart: by node, variance of the forecast made of it by itself; infinite where there is none.
    """

    own: float
    shared: Float64[np.ndarray, " nodes"]
    apart: Float64[np.ndarray, " nodes"]


def reconcile(
    cells: Float64[np.ndarray, "cells horizon"], nodes: Float64[np.ndarray, "nodes horizon"],
    sums: sparse.csr_array, errors: Errors,
) -> Float64[np.ndarray, "cells horizon"]:  # fmt: skip
    """Cells whose sums lie between their own and the nodes' forecasts; never negative.

    Args:
        cells: forecasts of cells.
        nodes: forecasts made of sums of cells by themselves.
        sums: which cells each node sums.
        errors: how far both were off.
    """
    size = cells.mean(axis=1)
    has = np.flatnonzero(np.isfinite(errors.apart) & (sums @ size > _TINY))
    if len(has) == 0:
        return cells
    some = sums[has]
    common = (some @ sparse.diags_array(size) @ some.T).toarray()
    drawn = errors.own * common + (common * errors.shared[has]) @ common
    spread = drawn + np.diag(np.maximum(errors.apart[has], _TINY))
    said = np.linalg.solve(spread, nodes[has] - some @ cells)
    factor = 1.0 + some.T @ (errors.own * said + errors.shared[has, None] * (common @ said))
    return np.asarray(cells * np.clip(factor, _LEAST, _MOST))
