"""Levels forecast by themselves and brought to agree, against slow, obvious twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from edgewise.clock import to_micros
from edgewise.decisions.forecast.calendar import Calendar
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.nouns import Level
from edgewise.decisions.forecast.outlook import Tried, bands_of_sums
from edgewise.decisions.forecast.quantiles import fit_spread
from edgewise.decisions.forecast.reconcile import Errors, reconcile
from edgewise.decisions.forecast.smoothing import Smoother, fit_pattern
from edgewise.decisions.forecast.usual import usual_errors

CALENDAR = Calendar(to_micros("2017-01-02"), 60, "us")


def nodes_of(cells: int) -> np.ndarray:
    """A total, two stores and two categories over `cells` cells."""
    ids = np.arange(cells)
    return np.stack([np.ones(cells), ids % 2 == 0, ids % 2 == 1, ids < cells // 2, ids >= cells // 2]) * 1.0


@given(st.integers(0, 10**6), st.integers(4, 9))
@settings(max_examples=30, deadline=None)
def test_reconciled_is_minimum_trace_with_the_whole_covariance(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    sums, cells = nodes_of(n), draw.gamma(2.0, 5.0, (n, 1))
    nodes = sums @ cells * draw.uniform(0.9, 1.1, (5, 1))
    errors = Errors(draw.uniform(0.5, 2), draw.uniform(0, 0.1, 5), draw.uniform(1, 20, 5))
    own = np.diag(errors.own * cells[:, 0])
    for share, node in zip(errors.shared, sums, strict=True):
        own += share * np.outer(node * cells[:, 0], node * cells[:, 0])
    spread = np.block([[np.diag(errors.apart), np.zeros((5, n))], [np.zeros((n, 5)), own]])
    summing = np.concatenate([sums, np.eye(n)])
    inverse = np.linalg.inv(spread)
    wanted = np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse @ np.concatenate([nodes, cells]))
    made = reconcile(cells, nodes, sparse.csr_array(sums), errors)
    inside = (wanted > 0.25 * cells) & (wanted < 4.5 * cells)
    assert np.allclose(made[inside], wanted[inside], rtol=1e-6)
    assert (made >= 0).all()


def test_a_node_without_a_forecast_pulls_nothing_and_a_certain_one_everything() -> None:
    sums, cells = sparse.csr_array(np.ones((1, 3))), np.array([[1.0], [2.0], [7.0]])
    for apart, total in ((np.inf, 10.0), (1e-12, 12.0)):
        made = reconcile(cells, np.array([[12.0]]), sums, Errors(1.0, np.zeros(1), np.array([apart])))
        assert made.sum() == pytest.approx(total)
    assert made[2] == pytest.approx(7 * 1.2)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_a_pattern_is_least_squares_with_rows_for_what_is_believed(seed: int) -> None:
    draw = np.random.default_rng(seed)
    values, known = draw.normal(size=(3, 20)), draw.normal(size=(20, 4))
    weight, belief, prior = draw.uniform(0.1, 1, 20), draw.uniform(0, 3, 4), draw.normal(size=4)
    made = fit_pattern(values, known, weight, belief, prior)
    rows = np.concatenate([known * np.sqrt(weight)[:, None], np.diag(np.sqrt(belief))])
    for row, one in zip(values, made, strict=True):
        seen = np.concatenate([row * np.sqrt(weight), np.sqrt(belief) * prior])
        assert np.allclose(np.linalg.lstsq(rows, seen)[0], one)


def test_a_level_without_a_pattern_is_smoothed_by_the_recurrence() -> None:
    values = np.random.default_rng(0).gamma(5.0, 10.0, (4, 40))
    calendar = Calendar(to_micros("2017-01-02"), 60, "none")
    calendar.phase[:] = np.array([4.0, 5.0, 7.0, 7.0, 7.4]) / 30.4
    made = Smoother(values, values.sum(axis=0), calendar).at(40, 3)
    weight = 0.99 ** np.arange(39, -1, -1)
    for row, one in zip(values, made, strict=True):
        mean = (row * weight).sum() / weight.sum()
        levels = []
        for alpha in (0.05, 0.2, 0.4):
            level = 0.0
            for value in row:
                level += alpha * (value - mean - level)
            levels.append(level)
        assert np.allclose(one, mean + np.mean(levels))


def test_the_time_of_the_month_is_found_and_weeks_after_the_origin_are_not_seen() -> None:
    monthly = 1 + 0.3 * CALENDAR.phase[:, 0]
    values = np.array([[100.0], [300.0]]) * monthly
    made = Smoother(values, values.sum(axis=0), CALENDAR).at(44, 8)
    assert np.abs(made / values[:, 44:52] - 1).max() < 0.04
    changed = values.copy()
    changed[:, 44:] = np.random.default_rng(0).uniform(0, 1000, (2, 16))
    assert np.array_equal(Smoother(changed, changed.sum(axis=0), CALENDAR).at(44, 8), made)


def test_quantiles_of_few_errors_are_wider() -> None:
    draw = np.random.default_rng(0)
    forecast = np.full(200, 10.0)
    spread = fit_spread(forecast, np.ones(200), draw.normal(10, 1, 200), np.array([0.1, 0.5, 0.9]), 1, 1)
    few, many = spread.wider(3.0).table[0], spread.wider(1e6).table[0]
    assert np.allclose(many, spread.table[0], rtol=1e-3)
    assert few[1] == spread.table[0, 1]
    assert few[2] == pytest.approx(spread.table[0, 2] * 1.638 / 1.2816, rel=1e-3)
    assert (np.diff(spread.wider(1.0).table) >= 0).all()


def test_what_is_usual_for_a_node_is_how_far_smoothing_was_off() -> None:
    demand = np.random.default_rng(0).gamma(5.0, 10.0, (3, 30))
    demand[1, 5:] = 0.0
    demand[2, ::2] = 0.0
    usual = usual_errors(demand, CALENDAR, 8)
    smoother = Smoother(demand, demand.sum(axis=0), CALENDAR)
    squares, like, count = np.zeros(3), 0.0, 0
    for origin in range(12, 30):
        made = smoother.at(origin, 8)
        for ahead in range(min(8, 30 - origin)):
            squares += (made[:, ahead] - demand[:, origin + ahead]) ** 2
            like += (made[:, ahead] ** 1.5).sum()
            count += 1
    assert np.allclose(usual.own, squares / count)
    assert np.allclose(usual.seen, [count, 0, count / 2])
    assert usual.law == pytest.approx(squares.sum() / like)
    forecast = np.array([[50.0, 0.0], [50.0, 0.0], [50.0, 0.0]])
    like_all = usual.law * 50**1.5
    said = usual.at(forecast)
    for node in range(3):
        trust = usual.seen[node] / (usual.seen[node] + 32)
        variance = (squares[node] / count) ** trust * like_all ** (1 - trust)
        assert said[node, 0] == pytest.approx(np.sqrt(variance))
    assert (said[:, 1] == 0).all()


def test_a_steady_node_has_a_narrower_interval_than_a_restless_one_of_its_size() -> None:
    draw = np.random.default_rng(0)
    demand = 1000 + draw.normal(size=(120, 52)) * np.where(np.arange(120) < 60, 20.0, 200.0)[:, None]
    level = Level("store", np.arange(120), 120, store=np.arange(120))
    usual = usual_errors(demand[:, :44], CALENDAR, 4)
    tried = []
    for origin in (36, 38, 40):
        made = Smoother(demand, demand.sum(axis=0), CALENDAR).at(origin, 4)
        tried.append(Tried(origin, made, made, demand[:, origin : origin + 4]))
    entry = ForecastEntry(sales="sales", store="store_id", value="value", category="category")
    made = Smoother(demand[:, :44], demand[:, :44].sum(axis=0), CALENDAR).at(44, 8)
    _, low, high = bands_of_sums(level, tried, usual, made, entry)
    inside = (demand[:, 44:] >= low) & (demand[:, 44:] <= high)
    assert (high - low)[60:].mean() > 4 * (high - low)[:60].mean()
    for half in (inside[:60], inside[60:]):
        assert 0.65 < half.mean() < 0.95
