"""Levels by themselves: smoothing around what the time of the month and holidays do.

A series is a pattern over weeks (shares of a week's days in each part of the month, and whether there is a
holiday) plus a level that follows what the pattern leaves. The whole's pattern is fitted by ridge regression; each
node's is drawn towards the whole's, so that noise is not taken for a pattern. What the pattern leaves is smoothed
exponentially (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., sections 8.1 and 10).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64

from edgewise.decisions.forecast.calendar import Calendar

__all__ = ["FIRST", "Smoother", "fit_pattern"]

#: Smoothing is tried from this week on.
FIRST: Final = 12
#: How quickly levels follow: the mean of slow and quick ones, which no short past can choose between.
_ALPHAS: Final = (0.05, 0.2, 0.4)
#: A week counts this much less with each week that it lies back.
_FADE: Final = 0.99
#: So many weeks' worth of belief in no pattern (the whole), or in the whole's (a node).
_WHOLE: Final = 0.3
_NODE: Final = 5.0
#: The same for holidays, which differ from one another.
_FESTIVE: Final = 2.0


def fit_pattern(
    values: Float64[np.ndarray, "n weeks"], known: Float64[np.ndarray, "weeks k"],
    weight: Float64[np.ndarray, " weeks"], belief: Float64[np.ndarray, " k"], prior: Float64[np.ndarray, " k"],
) -> Float64[np.ndarray, "n k"]:  # fmt: skip
    """Weighted ridge regression of every row on the same columns, drawn towards `prior` by `belief` a column."""
    left = (known * weight[:, None]).T @ known + np.diag(belief)
    right = (known * weight[:, None]).T @ (values - known @ prior).T
    return np.asarray(prior + np.linalg.solve(left, right).T)


class Smoother:
    """Forecasts of the nodes of one level at any origin, from weeks before it. `whole` is the sum of all nodes."""

    def __init__(
        self, values: Float64[np.ndarray, "n weeks"], whole: Float64[np.ndarray, " weeks"], calendar: Calendar
    ) -> None:
        self.values, self._whole = values, whole
        usual = np.array([4.0, 5.0, 7.0, 7.0, 7.4]) / 30.4
        parts = [np.ones(len(calendar.festive)), *(calendar.phase - usual).T, calendar.festive.astype(float)]
        self._known = np.column_stack(parts)

    def at(self, origin: int, horizon: int) -> Float64[np.ndarray, "n horizon"]:
        """The weeks after an origin."""
        back = origin - 1 - np.arange(origin)
        known, weight = self._known[:origin], _FADE**back
        whole = self._whole[None, :origin] / max(float(self._whole[:origin].mean()), 1e-9)
        belief = np.array([0.0, *[_WHOLE] * 5, _FESTIVE])
        prior = fit_pattern(whole, known, weight, belief, np.zeros(7))[0]
        prior[0] = 0.0
        usual = np.maximum(self.values[:, :origin].mean(axis=1, keepdims=True), 1e-9)
        own = self.values[:, :origin] / usual
        if len(own) > 1:
            belief = np.array([0.0, *[_NODE] * 5, _FESTIVE])
        pattern = fit_pattern(own, known, weight, belief, prior if len(own) > 1 else np.zeros(7))
        lately = np.mean([alpha * (1 - alpha) ** back for alpha in _ALPHAS], axis=0)
        level = (own - pattern @ known.T) @ lately
        ahead = pattern @ self._known[origin : origin + horizon].T + level[:, None]
        return np.asarray(np.maximum(ahead, 0.0) * usual)
