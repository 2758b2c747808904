"""Weekly series and what they tell at an origin: levels, spreads, what the time of the month and holidays do.

An origin `o` is a number of weeks: weeks 0 to o - 1 are seen, nothing later is.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32, Float64

from edgewise.decisions.forecast.calendar import Calendar

__all__ = ["Series", "smooth", "spread"]

_SLOW: Final = 0.08
_FAST: Final = 0.25
#: A week counts this much less with each week that it lies back.
_FADE: Final = 0.97
_HALF_YEAR: Final = 26
_QUARTER: Final = 13
_YEAR: Final = 52


def smooth(values: Float64[np.ndarray, "n weeks"], alpha: float) -> Float64[np.ndarray, "n weeks"]:
    """Simple exponential smoothing after each week, from the mean of the first four (of those there are)."""
    out = np.empty_like(values)
    level = np.zeros(len(values))
    for t in range(values.shape[1]):
        level = values[:, : t + 1].mean(axis=1) if t < 4 else alpha * values[:, t] + (1 - alpha) * level
        out[:, t] = level
    return out


class Series:
    """Series by node, with what is needed at any origin computed once."""

    def __init__(self, values: Float64[np.ndarray, "n weeks"], calendar: Calendar) -> None:
        zero = np.zeros((len(values), 1))
        self.values, self._calendar = values, calendar
        self._sum = np.concatenate([zero, values.cumsum(axis=1)], axis=1)
        self._squares = np.concatenate([zero, (values**2).cumsum(axis=1)], axis=1)
        self._sold = np.concatenate([zero, (values > 0).cumsum(axis=1)], axis=1)
        self._slow, self._fast = smooth(values, _SLOW), smooth(values, _FAST)
        week = np.where(values > 0, np.arange(values.shape[1]), -_YEAR)
        self._last = np.maximum.accumulate(week, axis=1)

    def mean(self, origin: int, weeks: int) -> Float64[np.ndarray, " n"]:
        """The mean of the last so many weeks."""
        weeks = min(weeks, origin)
        return np.asarray((self._sum[:, origin] - self._sum[:, origin - weeks]) / weeks)

    def weeks_sold(self, origin: int) -> Float64[np.ndarray, " n"]:
        """In how many weeks of the last half year there was something."""
        return np.asarray(self._sold[:, origin] - self._sold[:, max(0, origin - _HALF_YEAR)])

    def scale(self, origin: int) -> Float64[np.ndarray, " n"]:
        """The level that a node's figures are measured in."""
        return np.asarray(0.6 * self._slow[:, origin - 1] + 0.4 * self.mean(origin, _HALF_YEAR) + 1e-9)

    def fast(self, origin: int) -> Float64[np.ndarray, " n"]:
        """A level that follows quickly."""
        return np.asarray(self._fast[:, origin - 1])

    def levels(self, origin: int) -> Float64[np.ndarray, "n 6"]:
        """Levels over several spans, in units of `scale`."""
        spans = [self.mean(origin, w) for w in (4, 8, _QUARTER, _HALF_YEAR, _YEAR)]
        return np.stack([*spans, self.fast(origin)], axis=1) / self.scale(origin)[:, None]

    def recent(self, origin: int) -> Float64[np.ndarray, "n 10"]:
        """The last weeks themselves, how often there was something, how it spreads, how long ago it was."""
        scale, span = self.scale(origin)[:, None], min(_QUARTER, origin)
        last = self.values[:, origin - 4 : origin][:, ::-1] / scale
        often = (self._sold[:, origin] - self._sold[:, origin - span]) / span
        mean = self.mean(origin, span)
        spread = (self._squares[:, origin] - self._squares[:, origin - span]) / span - mean**2
        quarter = np.median(self.values[:, max(0, origin - _QUARTER) : origin], axis=1)
        half = np.median(self.values[:, max(0, origin - _HALF_YEAR) : origin], axis=1)
        return np.column_stack(
            [
                last, often, self._sold[:, origin] / origin, origin - 1 - self._last[:, origin - 1],
                np.column_stack([np.sqrt(np.maximum(spread, 0)), quarter, half]) / scale,
            ]
        )  # fmt: skip

    def monthly(self, origin: int, horizon: int) -> Float64[np.ndarray, "n horizon"]:
        """For each week ahead, what weeks at the same place in the month were, against all weeks."""
        fade = _FADE ** (origin - 1 - np.arange(origin))
        usual = self.values[:, :origin] @ fade / fade.sum() + 1e-9
        out = np.empty((len(self.values), horizon))
        for h in range(horizon):
            like = self._calendar.alike(origin + h)[:origin] * fade
            out[:, h] = self.values[:, :origin] @ like / (like.sum() + 1e-9) / usual
        return out

    def festive(self, origin: int) -> Float64[np.ndarray, "n 3"]:
        """What holidays did: the largest, mean and latest ratio of a festive week to the weeks around it."""
        festive = self._calendar.festive
        ratios = []
        for t in range(1, origin):
            around = [u for u in range(max(0, t - 6), min(origin, t + 7)) if not festive[u]]
            if festive[t] and around:
                ratios.append(self.values[:, t] / (self.values[:, around].mean(axis=1) + 1e-9))
        if not ratios:
            return np.ones((len(self.values), 3))
        seen = np.stack(ratios, axis=1)
        return np.clip(np.stack([seen.max(axis=1), seen.mean(axis=1), seen[:, -1]], axis=1), 0.0, 10.0)

    def year_ago(self, origin: int, horizon: int) -> Float64[np.ndarray, "n horizon"]:
        """For each week ahead, what the week a year before was to the half year around it; NaN where unseen."""
        out = np.full((len(self.values), horizon), np.nan)
        for h in range(horizon):
            then = origin + h - _YEAR
            if then >= 0:
                around = self.values[:, max(0, then - 12) : min(origin, then + 13)].mean(axis=1)
                out[:, h] = np.clip(self.values[:, then] / (around + 1e-9), 0.0, 10.0)
        return out


def spread(node: Float64[np.ndarray, "n features"], horizon: int) -> Float32[np.ndarray, "n horizon features"]:
    """Features of nodes, the same for each week ahead."""
    return np.repeat(node.astype(np.float32)[:, None], horizon, axis=1)
