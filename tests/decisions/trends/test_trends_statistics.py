"""The statistics of trends: online false discoveries, the scan and its slow twin, calibration on noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from edgewise.decisions.trends.families import cut_peaks, weeks_of
from edgewise.decisions.trends.listed import bounds
from edgewise.decisions.trends.looks import replay
from edgewise.decisions.trends.online import Ledger, step_up, weighted
from edgewise.decisions.trends.scan import Plan, Scan, surprise


def noise(seed: int, series: int = 200, weeks: int = 36, mean: float = 20.0) -> np.ndarray:
    """Counts a day that vary more than Poisson ones, with weekdays and without any trend."""
    rng = np.random.default_rng(seed)
    rate = mean / 7 * rng.lognormal(0, 0.8, (series, 1)) * np.tile([0.8, 0.8, 0.9, 0.9, 1.2, 1.5, 0.9], weeks)
    rate = rate * np.repeat(rng.gamma(30.0, 1 / 30.0, (series, weeks)), 7, axis=1)
    return rng.poisson(rate)


def looked(days: np.ndarray, windows: tuple[int, ...] = (1, 2)) -> list:
    scans = [Scan(cut_peaks(days), Plan(windows, 12, 20, season=False))]
    return list(replay(scans, days.shape[1] // 7, Ledger(0.05), lambda _, new, __: new, keep=8).found)


def slow_step_up(p: list[float], level: float) -> list[bool]:
    """Benjamini and Hochberg, as they put it."""
    n, largest = len(p), 0
    for k in range(1, n + 1):
        if sorted(p)[k - 1] <= level * k / n:
            largest = k
    return [largest > 0 and one <= sorted(p)[largest - 1] for one in p]


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0.001, 0.5))
@settings(max_examples=60, deadline=None)
def test_the_step_up_is_that_of_benjamini_and_hochberg(p: list[float], level: float) -> None:
    assert step_up(np.array(p), level).tolist() == slow_step_up(p, level)


def test_looks_at_noise_find_something_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(0)
    any_found = 0
    for _ in range(300):
        ledger = Ledger(0.05)
        any_found += any(ledger.test(rng.random(50)).any() for _ in range(30))
        assert ledger.spent <= 0.05 + 1e-12
    assert any_found / 300 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_discoveries_earn_level_for_later_looks() -> None:
    poor, rich = Ledger(0.05), Ledger(0.05)
    nothing, much = np.full(100, 0.5), np.r_[np.full(50, 1e-9), np.full(50, 0.5)]
    for _ in range(5):
        poor.test(nothing)
        rich.test(much)
    doubtful = np.r_[0.002, np.full(99, 0.5)]
    assert not poor.test(doubtful).any()
    assert rich.test(np.r_[np.full(10, 1e-9), 0.002, np.full(89, 0.5)]).sum() == 11


def test_any_dependence_asks_for_more() -> None:
    p = np.r_[1e-3, np.full(9, 0.5)]
    assert Ledger(0.4).test(p).any()
    assert not Ledger(0.02, any_dependence=True).test(p).any()


def test_weights_have_mean_one_and_leave_small_families_their_share() -> None:
    p = np.full(110, 0.01)
    family = np.r_[np.zeros(10, dtype=int), np.ones(100, dtype=int)]
    weights = p / weighted(p, family)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[0] > weights[-1]


@given(st.integers(0, 60), st.integers(1, 200), st.floats(0.05, 1.0))
@settings(max_examples=60, deadline=None)
def test_without_surplus_variance_the_tail_is_the_binomial_one(recent: int, before: int, ratio: float) -> None:
    expected = np.array([before * ratio])
    _, p = surprise(np.array([float(recent)]), expected, expected * (1 + ratio), np.ones(1), np.full(1, 1e9))
    share, whole = ratio / (1 + ratio), recent + before
    tail = binom.sf(recent - 1, whole, share) if recent >= expected[0] else binom.cdf(recent, whole, share)
    assert p[0] == pytest.approx(2 * min(tail, 0.5), rel=1e-3, abs=1e-12)


class SlowScan:
    """One window of one look, thing by thing, as the scan describes it."""

    def __init__(self, weeks: np.ndarray, baseline: int, least: int) -> None:
        self.weeks, self.baseline, self.least = weeks, baseline, least

    def held(self, week: int, window: int, thing: int) -> tuple[float, float] | None:
        counts = self.weeks[thing]
        first = next((i for i, n in enumerate(counts) if n), len(counts))
        begin = max(0, week - window + 1 - self.baseline)
        before = [i for i in range(begin, week - window + 1) if i > first]
        recent = range(week - window + 1, week + 1)
        had, has = sum(counts[i] for i in before), sum(counts[i] for i in recent)
        if len(before) < 4 or not had or had + has < self.least:
            return None
        whole = self.weeks.sum(axis=0)
        due = had * sum(whole[i] for i in recent) / sum(whole[i] for i in before)
        return (has, due) if due >= 1 else None


@given(st.integers(0, 10_000), st.integers(1, 2), st.integers(6, 17))
@settings(max_examples=25, deadline=None)
def test_the_scan_is_the_slow_one(seed: int, window: int, week: int) -> None:
    rng = np.random.default_rng(seed)
    weeks = rng.poisson(rng.uniform(0.2, 9, (2, 1)), (2, 18)).astype(float)  # of two, the level is the whole
    weeks[:, 0] += 1  # so that the whole is never empty
    held = Scan(weeks, Plan((window,), 8, 12))._held(week, window)
    for thing in range(2):
        slow = SlowScan(weeks, 8, 12).held(week, window, thing)
        assert held.usable[thing] == (slow is not None)
        if slow is not None:
            assert (held.recent[thing], held.expected[thing]) == pytest.approx(slow)


def test_noise_that_is_wilder_than_poisson_lists_nothing() -> None:
    assert sum(len(looked(noise(seed))) for seed in range(6)) <= 1


def test_a_doubled_thing_is_found_within_two_weeks_and_so_is_a_halved_one() -> None:
    days = noise(3, mean=60.0)
    days[7, 25 * 7 :] *= 3
    days[9, 28 * 7 :] //= 4
    found = {f.row: (f.week, f.rises) for f in looked(days)}
    assert found[7] in ((25, True), (26, True))
    assert found[9] in ((28, False), (29, False))


def test_a_peak_of_one_day_is_no_trend() -> None:
    days = noise(4, mean=60.0)
    days[5, 26 * 7 + 2] += 60
    assert 5 not in {f.row for f in looked(days)}
    assert weeks_of(days)[5, 26] > cut_peaks(days)[5, 26]


def test_two_days_far_above_are_cut_and_more_are_a_busy_week() -> None:
    days = noise(4, mean=60.0)
    days[5, 26 * 7 + 2 : 26 * 7 + 4] += 60
    days[6, 26 * 7 + 1 : 26 * 7 + 6] += 60
    whole, cut = weeks_of(days), cut_peaks(days)
    assert whole[5, 26] - cut[5, 26] == pytest.approx(whole[6, 26] - cut[6, 26], rel=0.5)
    assert {f.row for f in looked(days) if f.week == 26} == {6}


def test_cutting_looks_at_earlier_weeks_alone() -> None:
    days = noise(5)
    later = days.copy()
    later[:, 20 * 7 :] = 0
    assert (cut_peaks(days)[:, :20] == cut_peaks(later)[:, :20]).all()


def test_what_rises_does_not_make_the_others_fall() -> None:
    days = noise(6, series=40, mean=80.0)
    days[:6, 25 * 7 :] *= 5
    fallen = [f for f in looked(days) if not f.rises and f.week < 33]
    assert not fallen


def test_looks_do_not_depend_on_what_comes_later() -> None:
    days = noise(7, mean=60.0)
    days[3, 20 * 7 :] *= 4
    whole = [(f.row, f.week, f.p) for f in looked(days) if f.week < 30]
    assert whole
    assert whole == [(f.row, f.week, f.p) for f in looked(days[:, : 30 * 7])]


@given(st.integers(0, 200), st.integers(1, 400), st.floats(1, 4))
@settings(max_examples=40, deadline=None)
def test_intervals_hold_the_ratio(recent: int, before: int, spread: float) -> None:
    low, high = bounds(float(recent), float(before), spread, 0.9)
    assert 0 <= low <= recent / before <= high
