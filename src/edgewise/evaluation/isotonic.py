"""Isotonic regression by pooling adjacent violators."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from numba import njit

__all__ = ["isotonic"]


def isotonic(
    x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], weight: Float64[np.ndarray, " n"] | None = None
) -> tuple[Float64[np.ndarray, " knots"], Float64[np.ndarray, " knots"]]:
    """The rising step function closest to y in (weighted) squared error, as knots to interpolate between.

    Equal x are averaged first. Each block of the solution keeps its first and last x, so that `np.interp` over
    the knots is flat inside blocks and linear between them (Ayer et al., 1955; Zadrozny and Elkan, KDD 2002).
    """
    weight = np.ones(len(x)) if weight is None else weight
    at, inverse = np.unique(x, return_inverse=True)
    mass = np.bincount(inverse, weight, len(at))
    level = np.bincount(inverse, weight * y, len(at)) / np.where(mass > 0, mass, 1.0)
    fitted = _pool(level, np.maximum(mass, 1e-300))
    edge = np.ones(len(at), dtype=bool)
    if len(at) > 2:
        edge[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return at[edge], fitted[edge]


@njit(cache=True)
def _pool(level: np.ndarray, mass: np.ndarray) -> np.ndarray:
    n = len(level)
    mean, weight, size = np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    top = -1
    for i in range(n):
        top += 1
        mean[top], weight[top], size[top] = level[i], mass[i], 1
        while top > 0 and mean[top - 1] >= mean[top]:
            total = weight[top - 1] + weight[top]
            mean[top - 1] = (mean[top - 1] * weight[top - 1] + mean[top] * weight[top]) / total
            weight[top - 1] = total
            size[top - 1] += size[top]
            top -= 1
    fitted = np.empty(n)
    at = 0
    for block in range(top + 1):
        fitted[at : at + size[block]] = mean[block]
        at += size[block]
    return fitted
