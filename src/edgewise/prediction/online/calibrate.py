"""From a ranking's scores to probabilities that compare between kinds of things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from edgewise.evaluation.isotonic import isotonic
from edgewise.models.candidates.asof import AsOf
from edgewise.state.pair import PairReading

__all__ = ["Curve", "activity", "fit_curve", "signs"]

#: Steps of Newton's method, and how much the weights are held towards zero.
STEPS, RIDGE = 25, 1e-2
_ACTIVITY = PairReading((28,))


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic model of signs of take-up, made exact by a rising step function (Zadrozny and Elkan, 2002)."""

    weights: Float64[np.ndarray, " signs_plus_1"]
    knots: Float64[np.ndarray, " knots"]
    levels: Float64[np.ndarray, " knots"]

    def __call__(self, found: Float64[np.ndarray, "n signs"]) -> Float32[np.ndarray, " n"]:
        """The probability that each thing is taken up within the horizon."""
        return np.interp(found @ self.weights[1:] + self.weights[0], self.knots, self.levels).astype(np.float32)


def signs(
    scores: Float32[np.ndarray, " n"], rank: Float64[np.ndarray, " n"], active: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, "n signs"]:
    """What a probability is made of: the score, the place in the list (from 1), and how active the person is."""
    return np.stack([np.clip(scores, -20, 20), np.log(rank), np.log1p(np.maximum(active, 0.0))], axis=1)


def activity(
    world: AsOf, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:  # fmt: skip
    """How much each entity does: its decayed number of moments, by the month."""
    return world.entity.read(rows, np.zeros_like(rows), at, _ACTIVITY)[:, 3].astype(np.float64)


def fit_curve(found: Float64[np.ndarray, "n signs"], came: Bool[np.ndarray, " n"]) -> Curve | None:
    """A curve from candidates and whether they came true; None where all or none did."""
    if len(came) == 0 or came.all() or not came.any():
        return None
    inputs = np.column_stack([np.ones(len(found)), found])
    weights = np.zeros(inputs.shape[1])
    weights[0] = np.log(came.mean() / (1 - came.mean()))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (came - chance) - RIDGE * weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + RIDGE * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    knots, levels = isotonic(inputs @ weights, came.astype(np.float64))
    return Curve(weights, knots, levels)
