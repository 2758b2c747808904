"""Boosted trees (LightGBM) behind one small face: arrays in, scores out, text files on disk."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from jaxtyping import Float32, Float64

from edgewise.models.files import read_booster, write_booster
from edgewise.training.loop import TimeLeft

__all__ = ["TreeSettings", "Trees", "grow"]


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """How trees are grown. One set serves every task."""

    rounds: int = 400  # at most
    patience: int = 40  # rounds without a better score on the choosing rows before stopping
    learning_rate: float = 0.05
    leaves: int = 15
    bins: int = 63
    feature_share: float = 0.3  # columns that a tree looks at
    row_share: float = 0.8  # rows that a tree looks at
    threads: int = 1  # fixed: sums depend on it, and two on a busy machine are slower than one


FEWEST_ROWS: Final = 50
#: Rounds that are grown even when the time is up: with fewer, trees say next to nothing.
FEWEST_ROUNDS: Final = 80
#: Trees grown lately that are kept: the baseline's and those of the mixture are grown from the same rows.
KEPT: Final = 12

#: What is minimised, and what is watched on the choosing rows.
WATCHED: Final = {
    "binary": "binary_logloss",
    "multiclass": "multi_logloss",
    "regression_l1": "l1",
    "quantile": "quantile",
}


@dataclass(frozen=True, slots=True)
class Trees:
    """Grown trees and how many rounds of them are used."""

    booster: lgb.Booster
    rounds: int

    def __call__(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, " n"]:
        """Probabilities or values; [n, classes] for many classes."""
        if len(x) == 0:
            classes = self.booster.num_model_per_iteration()
            return np.zeros((0, classes) if classes > 1 else 0)
        return np.asarray(self.booster.predict(x, num_iteration=self.rounds, num_threads=1))

    def gains(self) -> Float64[np.ndarray, " features"]:
        """How much each feature lowered the loss, summing to one."""
        gain = np.asarray(self.booster.feature_importance("gain", iteration=self.rounds), dtype=np.float64)
        return gain / max(gain.sum(), 1e-12)

    def save(self, folder: Path, name: str) -> None:
        """Write `name`.txt in LightGBM's text format."""
        write_booster(folder, name, self.booster, self.rounds)

    @classmethod
    def load(cls, folder: Path, name: str) -> Trees:
        """Read what `save` wrote.

        Raises:
            RunError: the file is missing or damaged.
        """
        booster = read_booster(folder, name)
        return cls(booster, booster.current_iteration())


_lately: OrderedDict[str, Trees] = OrderedDict()


def grow(
    objective: str,
    x: Float32[np.ndarray, "n features"],
    y: Float64[np.ndarray, " n"],
    weight: Float64[np.ndarray, " n"] | None,
    choosing: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None,
    settings: TreeSettings,
    *,
    rounds: int | None = None,
    random_seed: int = 0,
    budget: TimeLeft | None = None,
    **more: Any,
) -> Trees:
    """Grow `rounds`; with `choosing` rows (x, y, weight) at most, until they get no better or time is up.

    The same rows and settings a second time give the trees that were grown the first time.
    """
    parameters = {
        "objective": objective,
        "metric": WATCHED[objective],
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "max_bin": settings.bins,
        "min_data_in_leaf": int(np.clip(len(y) // 200, 2, FEWEST_ROWS)),
        "feature_fraction": settings.feature_share,
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": settings.threads,
        "seed": random_seed,
        "verbose": -1,
        **more,
    }
    name = _digest((x, y, weight, *(choosing or ())), [parameters, rounds, settings.rounds, settings.patience])
    if name in _lately:
        _lately.move_to_end(name)
        return _lately[name]
    grown = _grown(parameters, x, y, weight, choosing, settings, rounds, budget)
    if budget is None or budget.left > 0 or rounds is not None:  # not what was cut short
        _lately[name] = grown
    while len(_lately) > KEPT:
        _lately.popitem(last=False)
    return grown


def _grown(
    parameters: dict[str, Any],
    x: Float32[np.ndarray, "n features"],
    y: Float64[np.ndarray, " n"],
    weight: Float64[np.ndarray, " n"] | None,
    choosing: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None,
    settings: TreeSettings,
    rounds: int | None,
    budget: TimeLeft | None,
) -> Trees:
    data = lgb.Dataset(x, y, weight=weight, free_raw_data=True, params={"verbose": -1})
    if choosing is None or len(choosing[1]) == 0:
        booster = lgb.train(parameters, data, rounds or settings.rounds // 4)
        return Trees(booster, booster.current_iteration())
    watch = lgb.Dataset(choosing[0], choosing[1], weight=choosing[2], reference=data)
    calls: list[Any] = [lgb.early_stopping(settings.patience, verbose=False)]
    if budget is not None:
        calls.append(_until(budget))
    booster = lgb.train(parameters, data, rounds or settings.rounds, valid_sets=[watch], callbacks=calls)
    return Trees(booster, max(booster.best_iteration, 1))


def _until(budget: TimeLeft) -> Callable[[Any], None]:
    """A callback that stops growing when the time is up."""

    def call(env: Any) -> None:
        if budget.left <= 0 and env.iteration >= FEWEST_ROUNDS:
            raise lgb.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

    return call


def _digest(arrays: tuple[np.ndarray | None, ...], settings: list[Any]) -> str:
    """A name for what trees are grown from."""
    key = hashlib.blake2b(repr(settings).encode(), digest_size=16)
    for array in arrays:
        if array is not None:
            key.update(str(array.shape).encode())
            key.update(np.ascontiguousarray(array).data)
    return key.hexdigest()
