"""What a message is worth, and what it risks: learnt from what was sent and, by chance, was not.

Where answers are tracked up to the goal, a message is first followed along them:

    credited(u, m, c, hour) = P(opened) * P(clicked | opened) * P(bought | clicked) * E[value | bought]

Part of that would have come anyway: a purchase is gained only if none would have been made without. So:

    tau = a + b * credited * P(no goal in the window without a message) + c * credited

and a, b and c are what the trial says: the slopes of what the goal did beyond expectation on who was sent to
rather
than not (R-loss; Nie and Wager, 2021), with the prior a = 0, b = 1, c = 0. Where answers are not tracked, `uplift`
learns the effect from the goal alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.notify.features import Features
from edgewise.decisions.notify.learn import Crossed, crossed
from edgewise.decisions.notify.trial import Trial
from edgewise.decisions.notify.uplift import Uplift, fit_uplift, residuals
from edgewise.evaluation.calibration import Calibrator, fit_binary

__all__ = ["Effect", "Funnel", "Hazard", "fit_effect", "fit_hazard"]

#: For so long a send may still be answered.
_SETTLES: Final = 3 * DAY
#: How far the slopes may be from their prior: standard deviations of b and c, and of a in units of the mean
# effect.
_DOUBT: Final = (0.25, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Funnel:
    """The stages of answers in order, the goal the last of them, its value, and whether it would come anyway."""

    stages: tuple[Crossed, ...]
    value: Crossed
    anyway: Crossed
    people: list[int]

    def credited(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, " n"]:
        """The value that a send is expected to be credited with."""
        found = np.maximum(self.value(x), 0.0)
        for stage in self.stages:
            found = found * stage(x)
        return found

    def signals(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, "n 2"]:
        """What is credited and would not have come anyway, and what is credited."""
        credited = self.credited(x)
        return np.stack([credited * (1.0 - self.anyway(x[:, self.people])), credited], axis=1)

    def held(
        self, x: Float32[np.ndarray, "n features"], fold: Int64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, "n 2"]:
        """The same for rows of the past, by models that never saw their users."""
        credited = np.maximum(self.value.held(x, fold), 0.0)
        for stage in self.stages:
            credited = credited * stage.held(x, fold)
        return np.stack([credited * (1.0 - self.anyway.held(x[:, self.people], fold)), credited], axis=1)


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a message. With a funnel, `slopes` are a, b and c, and `spread` their covariance."""

    funnel: Funnel | None
    slopes: Float64[np.ndarray, " 3"]
    spread: Float64[np.ndarray, "3 3"]
    uplift: Uplift | None
    average: float
    error: float

    def __call__(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, " n"]:
        """What a message is expected to change in the goal's value."""
        if self.funnel is not None:
            return self._columns(x) @ self.slopes
        assert self.uplift is not None
        return self.uplift(x)

    def _columns(self, x: np.ndarray) -> Float64[np.ndarray, "n 3"]:
        assert self.funnel is not None
        return np.concatenate([np.ones((len(x), 1)), self.funnel.signals(x)], axis=1)

    def deviation(self, x: Float32[np.ndarray, "n features"]) -> float:
        """The standard error of the sum of the effects of some messages, as far as the trial leaves it open."""
        if self.funnel is None:
            return self.error * len(x)
        total = self._columns(x).sum(axis=0)
        return float(np.sqrt(max(total @ self.spread @ total, 0.0)))


@dataclass(frozen=True, slots=True)
class Hazard:
    """The chance that a send loses the channel: trees, and a map of what they say to what was seen."""

    trees: Crossed
    map: Calibrator

    def __call__(self, x: Float32[np.ndarray, "n features"]) -> Float64[np.ndarray, " n"]:
        """Probabilities."""
        return np.asarray(self.map(self.trees(x)), dtype=np.float64)


def fit_hazard(
    x: Float32[np.ndarray, "n features"], lost: Bool[np.ndarray, " n"], fold: Int64[np.ndarray, " n"],
    user: Int64[np.ndarray, " n"], features: Features, random_seed: int,
) -> Hazard:  # fmt: skip
    """Learn who leaves at a send. The map is fitted on what trees say of users that they never saw."""
    y = lost.astype(np.float64)
    trees = crossed(x, y, fold, binary=True, rising=features.tiredness, random_seed=random_seed)
    return Hazard(trees, fit_binary(y, np.clip(trees.held(x, fold), 1e-9, 1 - 1e-9), groups=user))


def fit_effect(trial: Trial, features: Features, random_seed: int) -> Effect:
    """Learn the effect from a trial of the past."""
    past = features.past
    tracked = past.tracked and len(past.sends.responses) > 0
    if not tracked:
        uplift = fit_uplift(trial.plain(), random_seed=random_seed)
        none = np.zeros(3), np.zeros((3, 3))
        return Effect(None, *none, uplift, uplift.average, uplift.error)
    funnel = _funnel(trial, features, random_seed)
    return _on_trial(trial, funnel, random_seed)


def _funnel(trial: Trial, features: Features, random_seed: int) -> Funnel:
    sends, past = features.past.sends, features.past
    asked = trial.sent & (trial.at < past.at - _SETTLES)
    stages = []
    for stage in range(len(sends.responses)):
        answered = trial.responses[stage] < NEVER
        stages.append(
            crossed(
                trial.x[asked], answered[asked].astype(np.float64), trial.fold[asked], binary=True,
                falling=features.tiredness, random_seed=random_seed,
            )
        )  # fmt: skip
        asked = asked & answered
    credited = trial.credited > 0
    stages.append(
        crossed(
            trial.x[asked], credited[asked].astype(np.float64), trial.fold[asked], binary=True,
            random_seed=random_seed,
        )
    )  # fmt: skip
    asked = asked & credited
    value = crossed(
        trial.x[asked], trial.credited[asked], trial.fold[asked], binary=False, rounds=60, random_seed=random_seed
    )
    left = ~trial.sent & trial.whole
    people = features.people
    anyway = crossed(
        trial.x[left][:, people], (trial.goals[left] > 0).astype(np.float64), trial.fold[left], binary=True,
        random_seed=random_seed,
    )  # fmt: skip
    return Funnel(tuple(stages), value, anyway, people)


def _on_trial(trial: Trial, funnel: Funnel, random_seed: int) -> Effect:
    """The slopes on the trial: a Bayesian regression of what the goal did beyond expectation, each row weighted by
    how little its user's goal varies."""
    rows = np.flatnonzero(trial.whole)
    part = trial.of(rows)
    unexplained, residual, level = residuals(part.plain(), random_seed)
    signals = funnel.held(part.x, part.fold)
    columns = np.concatenate([np.ones((len(rows), 1)), signals], axis=1) * residual[:, None]
    weight = 1.0 / _variance(unexplained, level)
    scale = float(signals[:, 0].mean())
    doubt = np.array([_DOUBT[0] * max(scale, 1e-12), _DOUBT[1], _DOUBT[2]])
    prior = np.array([0.0, 1.0, 0.0])
    precision = (columns * weight[:, None]).T @ columns + np.diag(1.0 / doubt**2)
    told = columns.T @ (weight * unexplained) + prior / doubt**2
    spread = np.linalg.inv(precision)
    slopes = spread @ told
    power = float((weight * residual) @ residual)
    average = float((weight * residual) @ unexplained) / power
    return Effect(funnel, slopes, spread, None, average, power**-0.5)


def _variance(
    unexplained: Float64[np.ndarray, " n"], level: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """How far the goal strays, by what was expected of it: a line through tenths of the rows."""
    order = np.argsort(level, kind="stable")
    parts = np.array_split(order, 10)
    at = np.array([level[part].mean() for part in parts])
    spread = np.array([(unexplained[part] ** 2).mean() for part in parts])
    return np.maximum(np.interp(level, at, spread), 1e-3 * max(float(spread.max()), 1e-12))
