"""A probability learnt from rows: a logistic model with crosses of two sides, and trees for what it leaves.

The log odds are x·w + a·W·b (a: what one side is like, b: the other; a low way to say who likes what), to which
boosted trees add what is not linear. The latest fifth of the rows chooses how many trees, and calibrates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, Int64

__all__ = ["Chance", "Rows", "fit_chance"]

_LATE: Final = 0.2  # the share of the rows, the latest, that chooses and calibrates
_FEWEST: Final = 40  # rows and outcomes of each kind below which a rate is all that is learnt
_LEAVES: Final = 7
_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True)
class Rows:
    """Pairs of two sides: features of the pair, of one side, and of the other."""

    x: Float64[np.ndarray, "n features"]
    a: Float64[np.ndarray, "n one"]
    b: Float64[np.ndarray, "n other"]

    def take(self, rows: Int64[np.ndarray, " k"]) -> Rows:
        """Some of the rows."""
        return Rows(self.x[rows], self.a[rows], self.b[rows])


@dataclass(frozen=True, slots=True)
class Chance:
    """A fitted probability. `checked` says how many outcomes the held-out rows had, and how many were expected."""

    middle: Float64[np.ndarray, " features"]
    spread: Float64[np.ndarray, " features"]
    weights: Float64[np.ndarray, " features_plus_1"]
    crosses: Float64[np.ndarray, "one other"]
    trees: Any  # lightgbm's booster, or None
    rounds: int
    shift: float
    slope: float
    checked: tuple[float, float]

    def __call__(self, rows: Rows) -> Float64[np.ndarray, " n"]:
        """The probability of each row."""
        return 1.0 / (1.0 + np.exp(-(self.shift + self.slope * self.odds(rows))))

    def odds(self, rows: Rows) -> Float64[np.ndarray, " n"]:
        """Log odds before calibration."""
        x = (rows.x - self.middle) / self.spread
        value = self.weights[0] + x @ self.weights[1:] + np.einsum("ij,ij->i", rows.a @ self.crosses, rows.b)
        if self.trees is not None and self.rounds:
            more = self.trees.predict(rows.x, num_iteration=self.rounds, raw_score=True, num_threads=1)
            value = value + more
        return np.clip(value, -15.0, 15.0)


def fit_chance(rows: Rows, y: Float64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], random_seed: int) -> Chance:
    """Learn the probability of `y` (0 or 1). Rows are in order of time; with too few, one rate holds for all."""
    n = len(y)
    early = np.flatnonzero(at <= np.quantile(at, 1.0 - _LATE)) if n else np.zeros(0, np.int64)
    late = np.setdiff1d(np.arange(n), early)
    least = min(float(kind[part].sum()) for part in (early, late) for kind in (y, 1.0 - y))
    if n < _FEWEST or least < _FEWEST / 4:
        return _rate(rows, y)
    first = _fitted(rows.take(early), y[early], (rows.take(late), y[late]), None, random_seed)
    shift, slope = _platt(first.odds(rows.take(late)), y[late])
    held = 1.0 / (1.0 + np.exp(-first.odds(rows.take(late))))
    whole = _fitted(rows, y, None, first.rounds, random_seed)
    return Chance(
        whole.middle, whole.spread, whole.weights, whole.crosses, whole.trees, whole.rounds, shift, slope,
        (float(y[late].sum()), float(held.sum())),
    )  # fmt: skip


def _rate(rows: Rows, y: Float64[np.ndarray, " n"]) -> Chance:
    share = (y.sum() + 1.0) / (len(y) + 2.0)
    d, nothing = rows.x.shape[1], np.zeros((rows.a.shape[1], rows.b.shape[1]))
    odds, told = float(np.log(share / (1 - share))), (float(y.sum()), float(share * len(y)))
    return Chance(np.zeros(d), np.ones(d), np.zeros(d + 1), nothing, None, 0, odds, 0.0, told)


def _fitted(
    rows: Rows, y: Float64[np.ndarray, " n"], choosing: tuple[Rows, Float64[np.ndarray, " m"]] | None,
    rounds: int | None, random_seed: int,
) -> Chance:  # fmt: skip
    middle, spread = rows.x.mean(axis=0), rows.x.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    weights, crosses = _logistic((rows.x - middle) / spread, rows.a, rows.b, y)
    made = Chance(middle, spread, weights, crosses, None, 0, 0.0, 1.0, (0.0, 0.0))
    trees, used = _grown(made, rows, y, choosing, rounds, random_seed)
    return Chance(middle, spread, weights, crosses, trees, used, 0.0, 1.0, (0.0, 0.0))


def _logistic(
    x: Float64[np.ndarray, "n features"], a: Float64[np.ndarray, "n one"], b: Float64[np.ndarray, "n other"],
    y: Float64[np.ndarray, " n"],
) -> tuple[Float64[np.ndarray, " features_plus_1"], Float64[np.ndarray, "one other"]]:  # fmt: skip
    """Weights and crosses with most likelihood under normal priors (standard deviations 1 and 0.3)."""
    from scipy.optimize import minimize

    d, shape = x.shape[1] + 1, (a.shape[1], b.shape[1])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        crosses = w[d:].reshape(shape)
        z = w[0] + x @ w[1:d] + np.einsum("ij,ij->i", a @ crosses, b)
        p = 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))
        value = np.logaddexp(0.0, z).sum() - y @ z + 0.5 * (w[1:d] @ w[1:d]) + 0.5 * (w[d:] @ w[d:]) / 0.09
        r = p - y
        slope = np.concatenate([[r.sum()], x.T @ r + w[1:d], (a.T @ (r[:, None] * b)).ravel() + w[d:] / 0.09])
        return float(value), slope

    start = np.zeros(d + shape[0] * shape[1])
    share = (y.sum() + 1.0) / (len(y) + 2.0)
    start[0] = np.log(share / (1.0 - share))
    w = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100, "ftol": 1e-7}).x
    return w[:d], w[d:].reshape(shape)


def _grown(
    made: Chance, rows: Rows, y: Float64[np.ndarray, " n"],
    choosing: tuple[Rows, Float64[np.ndarray, " m"]] | None, rounds: int | None, random_seed: int,
) -> tuple[Any, int]:  # fmt: skip
    """Trees over the log odds of the logistic model, and how many of them help on the choosing rows."""
    import lightgbm as lgb

    if rounds == 0:
        return None, 0
    parameters = {
        "objective": "binary", "num_leaves": _LEAVES, "learning_rate": 0.05, "min_data_in_leaf": 40,
        "lambda_l2": 5.0, "feature_fraction": 0.5, "verbose": -1, "num_threads": 1, "seed": random_seed,
        "deterministic": True, "force_row_wise": True, "max_bin": 63,
    }  # fmt: skip
    data = lgb.Dataset(rows.x, y, init_score=made.odds(rows), free_raw_data=True, params={"verbose": -1})
    if choosing is None:
        return lgb.train(parameters, data, rounds or _ROUNDS), rounds or _ROUNDS
    watch = lgb.Dataset(choosing[0].x, choosing[1], init_score=made.odds(choosing[0]), reference=data)
    booster = lgb.train(
        parameters, data, _ROUNDS, valid_sets=[watch], callbacks=[lgb.early_stopping(20, verbose=False)]
    )
    used = max(int(booster.best_iteration), 0)
    without, with_trees = made.odds(choosing[0]), _with(made, booster, used).odds(choosing[0])
    return (booster, used) if _loss(with_trees, choosing[1]) < _loss(without, choosing[1]) else (None, 0)


def _with(made: Chance, trees: Any, rounds: int) -> Chance:
    return Chance(made.middle, made.spread, made.weights, made.crosses, trees, rounds, 0.0, 1.0, (0.0, 0.0))


def _loss(z: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> float:
    return float(np.mean(np.logaddexp(0.0, z) - y * z))


def _platt(z: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> tuple[float, float]:
    """Shift and slope of the log odds that fit held-out outcomes best, held near 0 and 1 (Platt, 1999)."""
    shift, slope = 0.0, 1.0
    for _ in range(25):
        p = 1.0 / (1.0 + np.exp(-(shift + slope * z)))
        r, w = p - y, np.maximum(p * (1.0 - p), 1e-9)
        gradient = np.array([r.sum() + shift, r @ z + 10.0 * (slope - 1.0)])
        hessian = np.array([[w.sum() + 1.0, w @ z], [w @ z, w @ (z * z) + 10.0]])
        step = np.linalg.solve(hessian, gradient)
        shift, slope = shift - step[0], slope - step[1]
    return float(shift), float(max(slope, 0.1))
