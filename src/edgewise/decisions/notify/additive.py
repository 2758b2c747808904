"""Sums of curves: one for each feature, a straight line between a few knots, or a level for each label.

    f(x) = f_0 + sum_j f_j(x_j)

What cannot be told from little is drawn to nothing, by as much as the rows themselves ask for: the strength of a
ridge by its evidence (MacKay, Neural Computation 4, 1992). A generalised additive model (Hastie and Tibshirani,
1990) is cheap to fit and, read off at the knots, cheaper still to ask.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

__all__ = ["Basis", "Curves", "curves_of", "fit_line"]

_KNOTS: Final = 5
_ROUNDS: Final = 12


@dataclass(frozen=True, slots=True)
class Curves:
    """A fitted sum. `at[j]` are the knots or labels of feature j, `level[j]` what it adds there."""

    constant: float
    at: tuple[Float64[np.ndarray, " knots"], ...]
    level: tuple[Float64[np.ndarray, " knots"], ...]
    coded: frozenset[int]

    def __call__(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, " n"]:
        """The sum for each row; what is unknown adds what the middle knot does, an unknown label nothing."""
        found = np.full(len(x), self.constant)
        for j, (at, level) in enumerate(zip(self.at, self.level, strict=True)):
            if len(at) == 0 or not level.any():
                continue
            value = x[:, j].astype(np.float64)
            if j in self.coded:
                place = np.minimum(np.searchsorted(at, value), len(at) - 1)
                found += np.where(at[place] == value, level[place], 0.0)
            else:
                found += np.interp(np.where(np.isfinite(value), value, at[len(at) // 2]), at, level)
        return found


class Basis:
    """Features as columns to weigh: standardised lines that bend at the knots, and labels. Fitted on rows."""

    def __init__(self, x: Float32[np.ndarray, "n features"], coded: Collection[int]) -> None:
        self.coded = frozenset(coded)
        self.at = tuple(self._knots(x[:, j], j in self.coded) for j in range(x.shape[1]))
        #: The feature of each column but the first.
        self.feature: Int64[np.ndarray, " columns"] = np.repeat(np.arange(len(self.at)), self._widths())
        columns = self._columns(x)
        self.mean, self.spread = columns.mean(axis=0), columns.std(axis=0)
        self.scale = np.where(self.spread > 1e-6, 1.0 / np.maximum(self.spread, 1e-6), 0.0)

    @staticmethod
    def _knots(values: np.ndarray, coded: bool) -> Float64[np.ndarray, " knots"]:
        known = np.unique(values[np.isfinite(values)]).astype(np.float64)
        if coded:
            return known
        if len(known) < 2:
            return np.zeros(0)
        spread = np.quantile(values[np.isfinite(values)].astype(np.float64), np.linspace(0.02, 0.98, _KNOTS))
        found = np.unique(spread) if len(known) > 2 else known
        return found if len(found) > 1 else known[[0, -1]]

    def _widths(self) -> list[int]:
        return [len(at) if j in self.coded else max(len(at) - 1, 0) for j, at in enumerate(self.at)]

    def _columns(self, x: np.ndarray) -> Float64[np.ndarray, "n columns"]:
        parts = [np.zeros((len(x), 0))]
        for j, at in enumerate(self.at):
            value = x[:, j].astype(np.float64)
            if j in self.coded:
                parts.append((value[:, None] == at[None, :]).astype(np.float64))
            elif len(at):
                value = np.clip(np.where(np.isfinite(value), value, at[len(at) // 2]), at[0], at[-1])
                parts.append(np.maximum(value[:, None] - at[None, :-1], 0.0))
        return np.concatenate(parts, axis=1)

    def __call__(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, "n columns"]:
        """The columns of rows, the first of them a constant one."""
        columns = (self._columns(x) - self.mean) * self.scale
        return np.concatenate([np.ones((len(x), 1)), columns], axis=1)


def curves_of(basis: Basis, weight: Float64[np.ndarray, " columns"]) -> Curves:
    """The sum that weights of a basis' columns come to, read off at its knots."""
    own = weight[1:] * basis.scale
    constant, levels = float(weight[0] - own @ basis.mean), []
    for j, at in enumerate(basis.at):
        mine = own[basis.feature == j]
        bends = mine if j in basis.coded else np.maximum(at[:, None] - at[None, :-1], 0.0) @ mine
        levels.append(bends)
    return Curves(constant, basis.at, tuple(levels), basis.coded)


def fit_line(x: Float32[np.ndarray, "n features"], y: Float64[np.ndarray, " n"], coded: Collection[int]) -> Curves:
    """Fit a sum of curves to values by least squares, drawn to the mean as the evidence asks."""
    basis = Basis(x, coded)
    z, left = basis(x)[:, 1:], y - y.mean()
    values, vectors = np.linalg.eigh(z.T @ z)
    values, along = np.maximum(values, 0.0), vectors.T @ (z.T @ left)
    noise, prior, weight = max(float(left @ left) / max(len(y), 1), 1e-12), 1.0, np.zeros(z.shape[1])
    for _ in range(4 * _ROUNDS):
        ridge = noise / prior
        shrunk = along / (values + ridge)
        told = float((values / (values + ridge)).sum())
        prior = max(float(shrunk @ shrunk) / max(told, 1e-9), 1e-12 * noise)
        weight = vectors @ shrunk
        error = left - z @ weight
        noise = max(float(error @ error) / max(len(y) - told, 1.0), 1e-12)
    return curves_of(basis, np.concatenate([[y.mean()], weight]))
