"""Recent weeks held against an as-of baseline, for all things of a family at once.

Under no trend, how the events of a thing fall on recent and baseline weeks is a binomial with the share that the
level of everything gives to the recent weeks. Real counts vary more; the surplus is measured by how badly the same
comparison fared at each past look, thing by thing, shrunk towards things of the same size (Smyth, "Linear models
and empirical Bayes methods for assessing differential expression", 2004). The tail is that of a t distribution,
since the surplus is itself estimated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import betainc, ndtri, polygamma
from scipy.stats import t as student

__all__ = ["Plan", "Scan", "Seen", "surprise"]

#: Squared deviations count up to so many times their typical size, so that one past trend does not hide the next.
_MOST: Final = 12.0
#: The mean of a normal's absolute value.
_MEAN_ABS: Final = 0.798
#: A thing is part of the common level as long as it deviates from it by no more than this.
_CORE: Final = 3.0
_MANY: Final = 10
#: Deviations below this are not worth a tail: their p-value counts as one.
_WORTH: Final = 1.5
_LEAST_WEEKS: Final = 4
_LEAST_DUE: Final = 1.0
_LEAST_LOOKS: Final = 6
_LEAST_FREEDOM: Final = 8.0
_YEAR: Final = 52
#: A past season says as much against "no season" as this many events.
_PRIOR: Final = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a family is scanned. `lags` has, for some weeks, how many weeks ago the same time of year was."""

    windows: tuple[int, ...]
    baseline: int
    least: int
    lags: dict[int, int] = field(default_factory=dict)
    season: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a family: for each thing the window that stands out most, and what was there.

    `p` is two-sided and pays for the choice among windows; 1 where nothing was tested. `z` is signed. `expected`
    is what the window would hold without a trend, `before` the events of the baseline, `spread` the variance of a
    count over that of a Poisson count, and `freedom` the degrees of freedom of the spread.
    """

    week: int
    tested: Bool[np.ndarray, " series"]
    p: Float64[np.ndarray, " series"]
    z: Float64[np.ndarray, " series"]
    window: Int64[np.ndarray, " series"]
    recent: Float64[np.ndarray, " series"]
    expected: Float64[np.ndarray, " series"]
    before: Float64[np.ndarray, " series"]
    spread: Float64[np.ndarray, " series"]
    freedom: Float64[np.ndarray, " series"]


@dataclass(frozen=True, slots=True)
class _Window:
    """The figures of one window at one look."""

    usable: Bool[np.ndarray, " series"]
    recent: Float64[np.ndarray, " series"]
    expected: Float64[np.ndarray, " series"]
    before: Float64[np.ndarray, " series"]
    extra: Float64[np.ndarray, " series"]  # the relative variance that a season learnt from one year adds

    @property
    def variance(self) -> Float64[np.ndarray, " series"]:
        """Of recent minus expected, were counts Poisson."""
        ratio = self.expected / np.maximum(self.before, 1e-9)
        return self.expected * (1 + ratio) + self.extra * self.expected**2 + 1e-9


class Scan:
    """A family, looked at week after week; `alone` where there is no level of everything.

    `whole` has the counts as they are, where `weeks` are cut. `usable` says which weeks of which thing may stand
    in a baseline; who looks may take weeks out of it.
    """

    def __init__(
        self,
        weeks: Float64[np.ndarray, "series weeks"],
        plan: Plan,
        *,
        alone: bool = False,
        whole: Float64[np.ndarray, "series weeks"] | None = None,
    ) -> None:
        self.weeks = weeks
        self.whole = weeks if whole is None else whole
        self.plan = plan
        self._level = np.ones(weeks.shape[1]) if alone else np.maximum(weeks.sum(axis=0), 1e-9)
        self._alone = alone
        first = np.where(weeks.sum(axis=1) > 0, (weeks > 0).argmax(axis=1), weeks.shape[1])
        # a baseline begins after the first week in which there was anything: what is new does not rise
        self.usable = np.arange(weeks.shape[1]) > first[:, None]
        self._off: dict[int, list[tuple[int, np.ndarray]]] = {w: [] for w in plan.windows}

    def look(self, week: int) -> Seen:
        """The look at the end of a week. Looks are taken in order of time: each learns from those before."""
        n = len(self.weeks)
        best = Seen(
            week, np.zeros(n, dtype=bool), np.ones(n), np.zeros(n), np.full(n, self.plan.windows[0]),
            np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n), np.ones(n),
        )  # fmt: skip
        windows = 0
        for window in self.plan.windows:
            if week + 1 < window + _LEAST_WEEKS:
                continue
            at = self._window(week, window)
            spread, freedom = self._spread(week, window, at)
            self._learn(week, window, at)
            if freedom is None:
                continue
            windows += 1
            _keep_best(best, at, window, spread, freedom)
        best.p[:] = np.minimum(best.p * max(windows, 1), 1.0)
        return best

    def compare(self, row: int, began: int, week: int) -> tuple[float, float]:
        """A thing's count in the last two weeks up to `week`, and what the baseline before `began` makes it."""
        last = slice(max(week - 1, began), week + 1)
        return float(self.weeks[row, last].sum()), float(self.due(row, began)[last].sum())

    def due(self, row: int, began: int, *, whole: bool = False) -> Float64[np.ndarray, " weeks"]:
        """What a thing would have each week, going by its baseline before `began` and the level of everything.

        `whole` goes by the counts as they are.
        """
        counts = self.whole if whole else self.weeks
        low = max(0, began - self.plan.baseline)
        usable = self.usable[row, low:began]
        exposure = float(usable @ self._level[low:began])
        return self._level * (float(counts[row, low:began] @ usable) / max(exposure, 1e-9))

    def _window(self, week: int, window: int) -> _Window:
        at = self._held(week, window)
        lag = self.plan.lags.get(week, _YEAR if self.plan.season else 0)
        if not lag or week - lag - window - 1 < _LEAST_WEEKS:
            return at
        then = self._held(week - lag + 1, window + 2)  # a week more at either end: seasons do not keep to weeks
        known = then.usable & (then.before > 0)
        said = np.where(known, then.recent, 0.0) / 2.0  # halved: counts of one year vary more than Poisson ones
        due = np.where(known, then.expected, 0.0) / 2.0
        factor = (said + _PRIOR) / (due + _PRIOR)
        return _Window(at.usable, at.recent, at.expected * factor, at.before, known / (due + _PRIOR))

    def _held(self, week: int, window: int) -> _Window:
        """The last weeks against the baseline before them, under the level of everything."""
        recent = self.weeks[:, week - window + 1 : week + 1].sum(axis=1)
        low, high = max(0, week - window + 1 - self.plan.baseline), week - window + 1
        usable = self.usable[:, low:high]
        before = np.where(usable, self.weeks[:, low:high], 0.0).sum(axis=1)
        exposure = usable @ self._level[low:high]
        share = self._level[week - window + 1 : week + 1].sum() / np.maximum(exposure, 1e-9)
        fine = (usable.sum(axis=1) >= _LEAST_WEEKS) & (before > 0)
        fine &= before + recent >= self.plan.least
        expected = before * share
        if not self._alone:
            expected *= _common(recent, expected, before, fine)
        return _Window(fine & (expected >= _LEAST_DUE), recent, expected, before, np.zeros(len(recent)))

    def _learn(self, week: int, window: int, at: _Window) -> None:
        squared = (at.recent - at.expected) ** 2 / at.variance
        self._off[window].append((week, np.where(at.usable, squared, np.nan)))

    def _spread(
        self, week: int, window: int, at: _Window
    ) -> tuple[Float64[np.ndarray, " series"], Float64[np.ndarray, " series"] | None]:
        """How much more than Poisson, and the degrees of freedom of that; None with too few looks before."""
        past = [off for then, off in self._off[window] if then <= week - window]
        if len(past) < _LEAST_LOOKS:
            return np.ones(len(self.weeks)), None
        off = np.stack(past)
        seen = np.isfinite(off).sum(axis=0)
        typical = (np.nansum(np.sqrt(off), axis=0) / np.maximum(seen, 1) / _MEAN_ABS) ** 2
        own = np.nansum(np.minimum(off, _MOST * np.maximum(typical, 1.0)), axis=0) / np.maximum(seen, 1)
        usual = _by_size(at.expected, own, seen)
        freedom = seen / ((2 * window**2 + 1) / (3 * window))  # windows overlap from look to look
        prior = _prior_freedom(own / usual, freedom)
        spread = (prior * usual + freedom * own) / (prior + freedom)
        return np.maximum(spread, 1.0), np.minimum(prior + freedom, 200.0)


def surprise(
    recent: Float64[np.ndarray, " n"], expected: Float64[np.ndarray, " n"], variance: Float64[np.ndarray, " n"],
    spread: Float64[np.ndarray, " n"], freedom: Float64[np.ndarray, " n"],
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:  # fmt: skip
    """Signed z of the counts as a quasi-binomial, and the two-sided p-value of a t distribution at that z.

    `variance` is that of recent minus expected under Poisson counts: `expected · (1 + expected / before)` without
    more. Counts are divided by the spread; between whole numbers the binomial tail goes on as the beta function.
    """
    ratio = np.maximum(variance / np.maximum(expected, 1e-9) - 1, 1e-9)  # expected / before, seasons included
    share = ratio / (1 + ratio)
    hits, rest = recent / spread, expected / ratio / spread
    step = 0.5 / spread
    above = betainc(np.maximum(hits + 0.5 - step, 1e-9), rest + 0.5 + step, share)
    below = 1 - betainc(hits + 0.5 + step, np.maximum(rest + 0.5 - step, 1e-9), share)
    tail = np.clip(np.where(recent >= expected, above, below), 1e-300, 0.5)
    z = -ndtri(tail)
    return np.where(recent >= expected, z, -z), 2 * student.sf(z, freedom)


def _keep_best(best: Seen, at: _Window, window: int, spread: np.ndarray, freedom: np.ndarray) -> None:
    """Take over the things that stand out more in this window than in those before."""
    best.tested[:] |= at.usable
    rough = np.abs(at.recent - at.expected) / np.sqrt(at.variance * spread)
    worth = np.flatnonzero(at.usable & (rough > _WORTH))
    z, p = surprise(at.recent[worth], at.expected[worth], at.variance[worth], spread[worth], freedom[worth])
    better = p < best.p[worth]
    rows, z, p = worth[better], z[better], p[better]
    best.p[rows], best.z[rows], best.window[rows] = p, z, window
    best.recent[rows], best.expected[rows], best.before[rows] = at.recent[rows], at.expected[rows], at.before[rows]
    best.spread[rows], best.freedom[rows] = spread[rows], freedom[rows]


def _common(recent: np.ndarray, expected: np.ndarray, before: np.ndarray, fine: np.ndarray) -> float:
    """How the level of everything without what stands out differs from the level of everything.

    What rises by itself takes a share of the whole, and the others must not be said to fall for it.
    """
    rows = np.flatnonzero(fine & (expected > 0))
    if len(rows) < 3:
        return 1.0
    recent, expected, before = recent[rows], expected[rows], before[rows]
    order = np.argsort(recent / expected, kind="stable")
    heavy = np.cumsum(expected[order])
    middle = order[np.searchsorted(heavy, heavy[-1] / 2)]
    factor = float(recent[middle] / expected[middle])
    for _ in range(3 if len(rows) >= _MANY else 0):  # of a few, one that stands out is told by the middle alone
        due = factor * expected
        squared = (recent - due) ** 2 / (due * (1 + due / before) + 1e-9)
        typical = max(float(np.median(squared)) / 0.455, 1.0)  # the median of a squared normal
        core = squared < _CORE**2 * typical
        if core.sum() < 2 or not recent[core].sum():
            break
        factor = float(recent[core].sum() / expected[core].sum())
    return factor


def _by_size(expected: np.ndarray, own: np.ndarray, seen: np.ndarray) -> Float64[np.ndarray, " n"]:
    """The usual spread of things of a size: 1 + a + b · size, fitted in groups of things of like size."""
    rows = np.flatnonzero((seen > 0) & (expected > 0))
    if not len(rows):
        return np.ones(len(expected))
    parts = np.array_split(rows[np.argsort(expected[rows], kind="stable")], min(10, max(1, len(rows) // 20)))
    size = np.array([expected[part].mean() for part in parts])
    mean = np.array([np.average(own[part], weights=seen[part]) for part in parts])
    return np.maximum(np.interp(np.log(np.maximum(expected, 1e-9)), np.log(size), mean), 1.0)


def _prior_freedom(ratio: np.ndarray, freedom: np.ndarray) -> float:
    """How alike the spreads of things are, as degrees of freedom: large where all have the usual one.

    From how much their logarithms vary beyond what the freedom of each explains (Smyth 2004, section 6.2), by
    quartiles, so that a few things of another sort do not speak for all.
    """
    rows = (freedom >= 2) & (ratio > 0)
    if rows.sum() < 20:
        return _LEAST_FREEDOM
    low, high = np.quantile(np.log(ratio[rows]), [0.25, 0.75])
    over = ((high - low) / 1.349) ** 2 - float(np.mean(polygamma(1, freedom[rows] / 2)))
    # trigamma(x) is about 1 / (x - 1/2) beyond small x
    return float(np.clip(2 / over + 1, _LEAST_FREEDOM, 60.0)) if over > 0 else 60.0
