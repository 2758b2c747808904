"""What a message changes, person by person, from a history in which chance had a say.

Several learners of the effect, cross-fitted and put together by how well they explain what was left unexplained:

    minimise  sum ((y - m(x)) - (D - e(x)) tau(x))^2                       (R-loss; Nie and Wager, Biometrika 2021)

with m(x) the expected outcome whether sent or not, e(x) the chance of being sent to. tau is the average effect
plus a mixture, with weights >= 0, of a ridge regression and of boosted trees, each learnt from the outcome
itself and from earlier signs of it (proxies: a visit before a purchase), which are less rare. Where a mixture
explains
nothing on held-out folds its weight is 0 and everyone gets the average.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from jaxtyping import Float32, Float64, Int64
from scipy.optimize import nnls

__all__ = ["Trial", "Uplift", "fit_uplift", "residuals"]

_FOLDS: Final = 5
_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "regression",
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
    "max_bin": 63,
    "learning_rate": 0.05,
    "bagging_freq": 1,
    "bagging_fraction": 0.7,
    "feature_fraction": 0.7,
}
Model = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Trial:
    """Who could have been sent something, who was, with what chance, and what came of it.

    Attributes:
        x: what was known before.
        sent: whether each was sent to.
        chance: the chance with which; strictly between 0 and 1.
        outcome: what counts.
        proxies: earlier signs of it.
        cluster: rows of one person share a number and a fold.
    """

    x: Float32[np.ndarray, "n features"]
    sent: np.ndarray
    chance: Float64[np.ndarray, " n"]
    outcome: Float64[np.ndarray, " n"]
    proxies: Float64[np.ndarray, "n proxies"]
    cluster: Int64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True)
class Uplift:
    """The effect of a message. `average` is everyone's, with its standard error; `weights` by learner."""

    average: float
    error: float
    weights: dict[str, float]
    models: tuple[Model, ...]

    def __call__(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, " n"]:
        """The expected change in the outcome when sent to rather than not."""
        found = np.full(len(x), self.average)
        for model, weight in zip(self.models, self.weights.values(), strict=True):
            if weight > 0:
                found += weight * model(x)
        return found


def fit_uplift(trial: Trial, *, random_seed: int = 0) -> Uplift:
    """Learn the effect. The same trial and `random_seed` give the same model."""
    fold = _folds(trial.cluster, random_seed)
    unexplained, residual, _ = residuals(trial, random_seed)
    average, error = _average(unexplained, residual)
    held: dict[str, np.ndarray] = {}
    whole: dict[str, Model] = {}
    every = [trial.outcome, *trial.proxies.T]
    for j, outcome in enumerate(every):
        expected, level = _level(trial.x, outcome, fold, random_seed)
        left = unexplained if j == 0 else outcome - expected
        held[f"level {j}"], whole[f"level {j}"] = expected - expected.mean(), level
        for kind, learn in _LEARNERS.items():
            name = f"{kind} {'outcome' if j == 0 else f'proxy {j}'}"
            held[name] = _held(learn, trial.x, left, residual, fold, random_seed)
            whole[name] = learn(trial.x, left, residual, random_seed)
    weights = _weights(held, unexplained - average * residual, residual)
    return Uplift(average, error, dict(zip(held, weights.tolist(), strict=True)), tuple(whole.values()))


def residuals(
    trial: Trial, random_seed: int = 0
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """What the outcome did beyond expectation, what sending did beyond its chance, and what was expected."""
    fold = _folds(trial.cluster, random_seed)
    expected = _expected(trial.x, trial.outcome, fold, random_seed)
    return trial.outcome - expected, trial.sent - trial.chance, expected


def _folds(cluster: Int64[np.ndarray, " n"], random_seed: int) -> Int64[np.ndarray, " n"]:
    """A fold for each row; rows of one person share it."""
    _, inverse = np.unique(cluster, return_inverse=True)
    of_person = np.random.default_rng(random_seed).permutation(int(inverse.max()) + 1) % _FOLDS
    return of_person[inverse]


def _grown(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray | None, rounds: int, leaves: int, random_seed: int
) -> Model:
    parameters = {
        **_PARAMETERS,
        "num_leaves": leaves,
        "min_data_in_leaf": int(np.clip(len(y) // 100, 20, 500)),
        "seed": random_seed,
    }
    booster = lgb.train(parameters, lgb.Dataset(x, y, weight=weight, params={"verbose": -1}), rounds)
    return lambda rows: np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)


def _expected(x: np.ndarray, outcome: np.ndarray, fold: np.ndarray, random_seed: int) -> Float64[np.ndarray, " n"]:
    """The outcome that each row's features lead to expect, learnt from the other folds."""
    found = np.empty(len(outcome))
    for f in range(_FOLDS):
        held = fold == f
        if held.any():
            found[held] = _grown(x[~held], outcome[~held], None, 60, 8, random_seed)(x[held])
    return found


def _level(
    x: np.ndarray, outcome: np.ndarray, fold: np.ndarray, random_seed: int
) -> tuple[Float64[np.ndarray, " n"], Model]:
    """What is expected of each row, and a learner that takes the effect to grow with it: who buys more is moved
    more, or less. Expectations are learnt from all rows, and so much more surely than effects.
    """
    expected = _expected(x, outcome, fold, random_seed)
    grown, mean = _grown(x, outcome, None, 60, 8, random_seed), float(expected.mean())
    return expected, lambda rows: grown(rows) - mean


def _average(unexplained: np.ndarray, residual: np.ndarray) -> tuple[float, float]:
    """The average effect and its standard error: one slope."""
    power = float(residual @ residual)
    slope = float(residual @ unexplained) / power
    spread = float((residual**2) @ ((unexplained - slope * residual) ** 2))
    return slope, spread**0.5 / power


def _ridge(x: np.ndarray, left: np.ndarray, residual: np.ndarray, random_seed: int) -> Model:
    """A linear effect of standardised features; how strongly it is drawn to none by generalised cross-validation
    (Golub, Heath and Wahba, 1979)."""
    del random_seed
    mean, spread = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    scale = np.where(spread > 1e-9, 1.0 / np.maximum(spread, 1e-9), 0.0)

    def standard(rows: np.ndarray) -> np.ndarray:
        return np.nan_to_num((rows - mean) * scale, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float64)

    z = standard(x) * residual[:, None]
    target = left - _average(left, residual)[0] * residual
    values, vectors = np.linalg.eigh(z.T @ z)
    values, along = np.maximum(values, 0.0), vectors.T @ (z.T @ target)
    total, n = float(target @ target), len(target)
    best, chosen = np.inf, np.zeros(x.shape[1])
    for strength in values.max(initial=1.0) * np.logspace(-4, 2, 13):
        shrunk = along / (values + strength)
        error = total - 2 * float(shrunk @ along) + float((shrunk**2) @ values)
        score = error / (1.0 - float((values / (values + strength)).sum()) / n) ** 2
        if score < best:
            best, chosen = score, vectors @ shrunk
    return lambda rows: standard(rows) @ chosen


def _trees(x: np.ndarray, left: np.ndarray, residual: np.ndarray, random_seed: int) -> Model:
    """Boosted trees of the effect: the R-loss as a weighted regression."""
    average = _average(left, residual)[0]
    safe = np.where(np.abs(residual) > 1e-6, residual, 1e-6)
    weight = residual**2
    return _grown(x, left / safe - average, weight / weight.mean(), 60, 4, random_seed)


_LEARNERS: Final[dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray, int], Model]]] = {
    "ridge": _ridge,
    "trees": _trees,
}


def _held(
    learn: Callable[[np.ndarray, np.ndarray, np.ndarray, int], Model],
    x: np.ndarray,
    left: np.ndarray,
    residual: np.ndarray,
    fold: np.ndarray,
    random_seed: int,
) -> Float64[np.ndarray, " n"]:
    """What a learner says of each row, learnt from the other folds."""
    found = np.empty(len(left))
    for f in range(_FOLDS):
        held = fold == f
        if held.any():
            found[held] = learn(x[~held], left[~held], residual[~held], random_seed)(x[held])
    return found


def _weights(
    held: dict[str, np.ndarray], unexplained: np.ndarray, residual: np.ndarray
) -> Float64[np.ndarray, " learners"]:
    """Non-negative weights of the learners that explain the held-out folds best."""
    columns = np.stack([h * residual for h in held.values()], axis=1)
    size = np.sqrt((columns**2).sum(axis=0))
    scale = np.where(size > 1e-12, 1.0 / np.maximum(size, 1e-12), 0.0)
    gram = (columns * scale).T @ (columns * scale) + 1e-9 * np.eye(columns.shape[1])
    root = np.linalg.cholesky(gram)
    target = np.linalg.solve(root, (columns * scale).T @ unexplained)
    return nnls(root.T, target)[0] * scale
