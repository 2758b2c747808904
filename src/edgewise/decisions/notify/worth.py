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

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.notify.additive import Curves, fit_line
from edgewise.decisions.notify.features import Features, Moments
from edgewise.decisions.notify.learn import Crossed, crossed
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.stages import Design, Places, Stage, blocks_of, fit_stage, of_people
from edgewise.decisions.notify.trial import Trial
from edgewise.decisions.notify.uplift import Uplift, fit_uplift, residuals
from edgewise.evaluation.calibration import Calibrator, fit_binary

__all__ = ["Effect", "Funnel", "Hazard", "fit_effect", "fit_hazard"]

#: For so long a send may still be answered.
_SETTLES: Final = 3 * DAY
#: How far the slopes may be from their prior: standard deviations of b and c, and of a in units of the mean
#: effect. What a trial says of purchases is loud, so answers that are tracked to the goal are believed first: the
#: order in which users come must not hang on c, which would send less to whoever buys most.
_DOUBT: Final = (0.1, 0.25, 0.1)


@dataclass(frozen=True, slots=True)
class Funnel:
    """The stages of answers in order, the goal the last of them; its value, and whether and for how much it would
    come anyway. `own` is the number of the feature with a user's usual value, None where goals have none."""

    design: Design
    places: Places
    stages: tuple[Stage, ...]
    value: Curves | None
    anyway: Crossed
    own: int | None

    def on(self, past: Past) -> Funnel:
        """The same, to be asked about another past's rows."""
        return replace(self, places=Places.between(self.design.past, past))

    def opened(self, x: Float32[np.ndarray, "n features"], rows: Moments) -> Float64[np.ndarray, " n"]:
        """The chance of the first answer."""
        return self.stages[0](x, rows, self.design.who(rows, self.places), self.design, None)[0]

    def signals(self, x: Float32[np.ndarray, "n features"], rows: Moments) -> Float64[np.ndarray, "n 2"]:
        """What is credited less what would have come anyway, and what is credited."""
        who = self.design.who(rows, self.places)
        chance, before = np.ones(len(x)), None
        for stage in self.stages:
            here, before = stage(x, rows, who, self.design, before)
            chance = chance * here
        return self.net(x, chance, of_people(self.anyway, x, rows, self.design.people))

    def net(
        self, x: Float32[np.ndarray, "n features"], chance: np.ndarray, anyway: np.ndarray
    ) -> Float64[np.ndarray, "n 2"]:
        """The signals, from the chance of the goal with the message and without."""
        value = np.ones(len(x)) if self.value is None else np.maximum(self.value(x[:, self.design.outer]), 0.0)
        usual = value if self.own is None else x[:, self.own].astype(np.float64)
        return np.stack([chance * (value - anyway * usual), chance * value], axis=1)


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a message. With a funnel, `slopes` are a, b and c, and `spread` their covariance."""

    funnel: Funnel | None
    slopes: Float64[np.ndarray, " 3"]
    spread: Float64[np.ndarray, "3 3"]
    uplift: Uplift | None
    average: float
    error: float

    def on(self, past: Past) -> Effect:
        """The same, to be asked about another past's rows."""
        return self if self.funnel is None else replace(self, funnel=self.funnel.on(past))

    def __call__(self, x: Float32[np.ndarray, "n features"], rows: Moments) -> Float64[np.ndarray, " n"]:
        """What a message is expected to change in the goal's value; `x` are the features of the rows."""
        if self.funnel is not None:
            return self._columns(x, rows) @ self.slopes
        assert self.uplift is not None
        return self.uplift(x)

    def _columns(self, x: np.ndarray, rows: Moments) -> Float64[np.ndarray, "n 3"]:
        assert self.funnel is not None
        return np.concatenate([np.ones((len(x), 1)), self.funnel.signals(x, rows)], axis=1)

    def deviation(self, x: Float32[np.ndarray, "n features"], rows: Moments) -> float:
        """The standard error of the sum of the effects of some messages, as far as the trial leaves it open."""
        if self.funnel is None:
            return self.error * len(x)
        total = self._columns(x, rows).sum(axis=0)
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
    funnel, signals = _funnel(trial, features, random_seed)
    return _on_trial(trial, funnel, signals, random_seed)


def _funnel(trial: Trial, features: Features, random_seed: int) -> tuple[Funnel, Float64[np.ndarray, "n 2"]]:
    """The funnel, and its signals for the trial's rows as told by other rows than their own."""
    past, design = features.past, Design(features)
    places, rows = Places.between(past, past), trial.rows
    who, block = design.who(rows, places), blocks_of(rows.user, rows.at)
    asked, chance, before = trial.sent & (trial.at < past.at - _SETTLES), np.ones(len(rows)), None
    stages = []
    for answered in [*(trial.responses < NEVER), trial.credited > 0]:
        stage, here, before = fit_stage(
            trial.x, answered.astype(np.float64), asked, trial.fold, block, who, design, before, random_seed
        )
        stages.append(stage)
        asked, chance = asked & answered, chance * here
    value = None
    if past.goals.value is not None and asked.any():
        value = fit_line(trial.x[asked][:, design.outer], trial.credited[asked], design.coded)
    left = ~trial.sent & trial.whole
    people = features.people
    anyway = crossed(
        trial.x[left][:, people], (trial.goals[left] > 0).astype(np.float64), trial.fold[left], binary=True,
        random_seed=random_seed,
    )  # fmt: skip
    own = features.names.index("user value") if "user value" in features.names else None
    funnel = Funnel(design, places, tuple(stages), value, anyway, own)
    return funnel, funnel.net(trial.x, chance, anyway.held(trial.x[:, people], trial.fold))


def _on_trial(trial: Trial, funnel: Funnel, signals: Float64[np.ndarray, "n 2"], random_seed: int) -> Effect:
    """The slopes on the trial: a Bayesian regression of what the goal did beyond expectation, each row weighted by
    how little its user's goal varies."""
    rows = np.flatnonzero(trial.whole)
    part, signals = trial.of(rows), signals[rows]
    unexplained, residual, level = residuals(part.plain(), random_seed)
    columns = np.concatenate([np.ones((len(rows), 1)), signals], axis=1) * residual[:, None]
    weight = 1.0 / _variance(unexplained, level)
    scale = abs(float(signals[:, 0].mean()))
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
