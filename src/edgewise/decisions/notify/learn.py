"""Boosted trees by fold of users: each row of the past is judged by trees that never saw its user.

What is to come is judged by all of them, on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from jaxtyping import Float32, Float64, Int64

__all__ = ["FOLDS", "Crossed", "crossed", "folds_of"]

FOLDS: Final = 3
_PARAMETERS: Final[dict[str, Any]] = {
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
    "max_bin": 63,
    "learning_rate": 0.06,
    "num_leaves": 15,
    "bagging_freq": 1,
    "bagging_fraction": 0.8,
    "feature_fraction": 0.6,
    "lambda_l2": 5.0,
}
_FEWEST: Final = 60


@dataclass(frozen=True, slots=True)
class Crossed:
    """Models by fold; `mean` is what they say where there was too little to learn from."""

    boosters: tuple[lgb.Booster | None, ...]
    mean: float

    def __call__(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, " n"]:
        """What all models say on average."""
        return np.mean([self._say(booster, x) for booster in self.boosters], axis=0)

    def held(
        self, x: Float32[np.ndarray, "n features"], fold: Int64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " n"]:
        """What the model of each row's fold says, which never saw that row's user."""
        found = np.full(len(x), self.mean)
        for f, booster in enumerate(self.boosters):
            rows = fold == f
            if rows.any():
                found[rows] = self._say(booster, x[rows])
        return found

    def _say(self, booster: lgb.Booster | None, x: np.ndarray) -> Float64[np.ndarray, " n"]:
        if booster is None or len(x) == 0:
            return np.full(len(x), self.mean)
        return np.asarray(booster.predict(x, num_threads=1), dtype=np.float64)


def folds_of(user: Int64[np.ndarray, " n"], random_seed: int) -> Int64[np.ndarray, " n"]:
    """A fold for each row; the rows of one user share it."""
    shuffled = np.random.default_rng(random_seed).permutation(int(user.max(initial=0)) + 1) % FOLDS
    return shuffled[user]


def crossed(
    x: Float32[np.ndarray, "n features"], y: Float64[np.ndarray, " n"], fold: Int64[np.ndarray, " n"], *,
    binary: bool, rounds: int = 120, rising: Sequence[int] = (), falling: Sequence[int] = (), random_seed: int = 0,
) -> Crossed:  # fmt: skip
    """Grow trees for each fold on the rows of the others.

    Args:
        x: features.
        y: what is to be told: 0 or 1 where `binary`.
        fold: each row's fold.
        binary: whether probabilities are meant.
        rounds: how many trees.
        rising, falling: columns with which the answer may only rise, or only fall.
        random_seed: what rows and columns of trees are drawn from.
    """
    mean = float(y.mean()) if len(y) else 0.0
    rare = int(min(y.sum(), len(y) - y.sum())) if binary else len(y)
    if rare < _FEWEST:
        return Crossed((None,) * FOLDS, mean)
    slopes = [1 if i in rising else -1 if i in falling else 0 for i in range(x.shape[1])]
    parameters = {
        **_PARAMETERS,
        "objective": "binary" if binary else "regression",
        "min_data_in_leaf": int(np.clip(len(y) // 200, 20, 200)),
        "monotone_constraints": slopes,
        "seed": random_seed,
        # few positives carry few splits
        "learning_rate": 0.06 if rare > 20 * _FEWEST else 0.03,
    }
    grown = []
    for f in range(FOLDS):
        other = fold != f
        data = lgb.Dataset(x[other], y[other], params={"verbose": -1})
        grown.append(lgb.train(parameters, data, rounds))
    return Crossed(tuple(grown), mean)
