"""The parts of a forecast against slow, obvious twins: holidays, stock-outs, quantiles, regions, newsvendor."""

from __future__ import annotations

import datetime as dt
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgewise.clock import to_micros
from edgewise.decisions.forecast.calendar import Calendar, easter, holidays_of
from edgewise.decisions.forecast.newsvendor import order, profit_of, whole_packs
from edgewise.decisions.forecast.quantiles import fit_spread, interval_probabilities
from edgewise.decisions.forecast.regions import shared
from edgewise.decisions.forecast.series import Series, smooth
from edgewise.decisions.forecast.stock import MOST, uncensored


@pytest.mark.parametrize(("year", "day"), [(2016, "03-27"), (2017, "04-16"), (2018, "04-01"), (2024, "03-31")])
def test_easter(year: int, day: str) -> None:
    assert easter(year) == dt.date.fromisoformat(f"{year}-{day}")


def test_holidays_of_2017() -> None:
    found = {d.isoformat()[5:] for d in holidays_of("us", [2017])}
    assert found == {"01-01", "04-16", "05-29", "07-04", "09-04", "11-23", "12-25"}
    assert holidays_of("none", [2017]) == []
    assert holidays_of([dt.date(2017, 2, 1)], [2017]) == [dt.date(2017, 2, 1)]


def test_weeks_know_their_place_in_the_month() -> None:
    calendar = Calendar(to_micros("2017-11-20"), 8, "us")
    assert calendar.festive.tolist() == [True, False, False, False, True, True, True, False]
    assert np.allclose(calendar.phase.sum(axis=1), 1)
    assert calendar.near[0].tolist() == [20.0, 3.0, 21.0]
    assert calendar.alike(0)[0] == 1.0


@given(arrays(np.float64, (3, 9), elements=st.integers(0, 50)), st.integers(0, 2**27 - 1))
@settings(max_examples=30, deadline=None)
def test_uncensored_is_what_its_twin_says(sales: np.ndarray, mask: int) -> None:
    out = np.array([(mask >> i & 1) * (1.0 if i % 2 else 0.4) for i in range(27)]).reshape(3, 9)
    made = uncensored(sales, out)
    for row in range(3):
        early = [sales[row, t] / (1 - out[row, t]) for t in range(9) if out[row, t] <= MOST][:4]
        level = sum(early) / len(early) if early else 0.0
        for t in range(9):
            if out[row, t] > MOST:
                assert made[row, t] == pytest.approx(max(sales[row, t], level))
            else:
                seen = sales[row, t] / (1 - out[row, t])
                assert made[row, t] == pytest.approx(seen)
                level += 0.2 * (seen - level)


def test_a_stock_out_is_no_zero() -> None:
    """Demand of 20 a week with every third week out of stock is forecast as 20, not as 13."""
    draw = np.random.default_rng(0)
    demand = draw.poisson(20.0, (200, 40)).astype(float)
    gone = np.zeros_like(demand)
    gone[:, 2::3] = 1.0
    sold = demand * (1 - gone)
    calendar = Calendar(to_micros("2017-01-02"), 48, "none")
    naive, knowing = (Series(v, calendar).scale(40).mean() for v in (sold, uncensored(sold, gone)))
    assert abs(knowing - 20) < 1
    assert naive < 15


@given(arrays(np.float64, (2, 8), elements=st.floats(0, 100)))
@settings(max_examples=20, deadline=None)
def test_smoothing_is_the_recurrence(values: np.ndarray) -> None:
    made = smooth(values, 0.3)
    for row in range(2):
        level = values[row, :4].mean()
        for t in range(4, 8):
            level = 0.3 * values[row, t] + 0.7 * level
            assert made[row, t] == pytest.approx(level)


def test_series_see_nothing_after_the_origin() -> None:
    draw = np.random.default_rng(0)
    values = draw.poisson(3.0, (20, 60)).astype(float)
    other = values.copy()
    other[:, 30:] = draw.poisson(9.0, (20, 30))
    calendar = Calendar(to_micros("2016-01-04"), 68, "us")
    one, two = Series(values, calendar), Series(other, calendar)
    for told in ("levels", "recent", "festive", "scale"):
        assert (getattr(one, told)(30) == getattr(two, told)(30)).all()
    assert (one.monthly(30, 8) == two.monthly(30, 8)).all()
    assert np.array_equal(one.year_ago(30, 8), two.year_ago(30, 8), equal_nan=True)


def test_quantiles_hold_as_many_as_they_say() -> None:
    draw = np.random.default_rng(1)
    forecast, wanted = draw.gamma(2.0, 20.0, 20_000), np.array([0.1, 0.5, 0.9])
    shape = draw.random(20_000)
    outcome = draw.poisson(forecast).astype(float)
    spread = fit_spread(forecast[:10_000], shape[:10_000], outcome[:10_000], wanted, 10, 2)
    made = spread.at(forecast[10_000:], shape[10_000:])
    held = (outcome[10_000:, None] <= made).mean(axis=0)
    assert np.abs(held - wanted).max() < 0.03
    assert (np.diff(made, axis=1) >= 0).all()


def test_quantiles_of_nothing_seen_are_the_forecast() -> None:
    none = np.empty(0)
    spread = fit_spread(none, none, none, np.array([0.1, 0.9]), 4, 2)
    assert spread.at(np.array([5.0]), np.array([0.0])).tolist() == [[5.0, 5.0]]


def test_an_interval_begins_and_ends_where_its_level_says() -> None:
    assert interval_probabilities(0.8) == (0.1, 0.9, 0.8)


def test_stores_that_share_shoppers_are_one_region() -> None:
    draw = np.random.default_rng(2)
    visits = np.zeros((12, 90), dtype=np.float32)
    for store in range(12):
        home = store // 4
        visits[store, home * 30 : home * 30 + 30] = draw.random(30) < 0.6
    group = shared(visits, draw.random(12) + 1.0, 3)
    assert all(len(set(group[i : i + 4])) == 1 for i in (0, 4, 8))
    assert len(set(group)) == 3


def _brute(demand: np.ndarray, margin: np.ndarray, waste: np.ndarray, budget: float) -> float:
    best = -np.inf
    for tried in product(range(7), repeat=len(margin)):
        stock = np.array(tried, dtype=float)
        if ((1 - margin) * stock).sum() <= budget + 1e-9:
            best = max(best, float(profit_of(stock, demand, margin, waste).sum()))
    return best


@given(arrays(np.int64, (3, 5), elements=st.integers(0, 6)), st.integers(1, 12), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_orders_are_no_worse_than_all_that_were_tried(demand: np.ndarray, budget: int, random_seed: int) -> None:
    draw = np.random.default_rng(random_seed)
    values = np.sort(demand.astype(float), axis=1)
    margin, waste = draw.uniform(0.1, 0.6, 3), draw.uniform(0.05, 0.5, 3)
    made = order(values, np.zeros(3), margin, waste, float(budget))
    assert ((1 - margin) * made.quantity).sum() <= budget + 1e-9
    brings = profit_of(made.quantity, values, margin, waste).sum()
    assert brings >= _brute(values, margin, waste, float(budget)) - 1e-9


def test_without_a_budget_orders_end_at_the_critical_ratio() -> None:
    values = np.arange(1.0, 101.0)[None]
    margin, waste = np.array([0.3]), np.array([0.1])
    made = order(values, np.zeros(1), margin, waste)
    assert made.quantity[0] == pytest.approx(100 * 0.3 / 0.4, abs=1)
    assert made.price == 0.0


def test_what_is_on_hand_is_not_ordered_again() -> None:
    values = np.arange(1.0, 101.0)[None].repeat(2, axis=0)
    made = order(values, np.array([50.0, 500.0]), np.full(2, 0.3), np.full(2, 0.1))
    assert made.quantity.tolist() == [pytest.approx(25.0, abs=1), 0.0]


def test_the_price_of_a_budget_is_what_one_more_brings() -> None:
    values = np.sort(np.random.default_rng(3).gamma(2.0, 5.0, (4, 39)), axis=1)
    margin, waste = np.array([0.2, 0.3, 0.4, 0.5]), np.full(4, 0.1)
    made, more = (order(values, np.zeros(4), margin, waste, b) for b in (12.0, 12.01))
    gained = sum(profit_of(more.quantity, values, margin, waste)) - sum(
        profit_of(made.quantity, values, margin, waste)
    )
    assert gained / 0.01 == pytest.approx(made.price, rel=0.01)


@given(arrays(np.int64, (1, 6), elements=st.integers(0, 20)), st.integers(2, 7))
@settings(max_examples=30, deadline=None)
def test_whole_packs_are_the_best_number_of_packs(demand: np.ndarray, pack: int) -> None:
    values = np.sort(demand.astype(float), axis=1)
    margin, waste, none = np.array([0.4]), np.array([0.2]), np.zeros(1)
    free = order(values, none, margin, waste)
    made = whole_packs(free.quantity, np.array([float(pack)]), none, values, margin, waste)
    best = max(profit_of(np.array([n * pack * 1.0]), values, margin, waste)[0] for n in range(12))
    assert made[0] % pack == 0
    assert profit_of(made, values, margin, waste)[0] == pytest.approx(best)
