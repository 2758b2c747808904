"""Metrics of probabilities and numbers beside scikit-learn; calibration error beside its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn import metrics as sk

from edgewise.evaluation.binary import binary_statistics
from edgewise.evaluation.classes import multiclass_statistics, multilabel_statistics
from edgewise.evaluation.regression import (
    forecast_statistics,
    quantile_statistics,
    rank_average,
    regression_statistics,
)
from edgewise.evaluation.reliability import (
    calibration_error,
    equal_mass_bins,
    perfect_calibration_error,
    reliability_table,
)
from edgewise.tasks.nouns import Ragged

fractions = st.floats(0.001, 0.999)
numbers = st.integers(-40, 40).map(lambda v: v / 4)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 20).flatmap(lambda n: st.tuples(hnp.arrays(bool, n), hnp.arrays(float, n, elements=fractions)))
)
def test_binary_equals_scikit_learn(found: tuple[np.ndarray, np.ndarray]) -> None:
    truth, p = found
    statistics = binary_statistics(truth.astype(np.float64), p)
    assert statistics["log_loss"].value() == pytest.approx(sk.log_loss(truth, p, labels=[0, 1]))
    assert statistics["brier"].value() == pytest.approx(sk.brier_score_loss(truth, p, pos_label=True))


def test_a_certain_mistake_costs_a_finite_loss() -> None:
    loss = binary_statistics(np.array([1.0, 0.0]), np.array([0.0, 0.0]))["log_loss"].value()
    assert loss == pytest.approx(-math.log(1e-7) / 2, rel=1e-6)


@st.composite
def classified(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n, c = draw(st.integers(3, 20)), 3
    raw = draw(hnp.arrays(np.int64, (n, c), elements=st.integers(1, 9))).astype(np.float64)
    target = draw(hnp.arrays(np.int64, n, elements=st.integers(0, c - 1)))
    target[:3] = [0, 1, 2]
    return target, raw / raw.sum(axis=1, keepdims=True)


@settings(max_examples=40, deadline=None)
@given(classified())
def test_multiclass_equals_scikit_learn(found: tuple[np.ndarray, np.ndarray]) -> None:
    target, p = found
    statistics = multiclass_statistics(target, p)
    chosen = p.argmax(axis=1)
    assert statistics["accuracy"].value() == pytest.approx(sk.accuracy_score(target, chosen))
    assert statistics["macro_f1"].value() == pytest.approx(sk.f1_score(target, chosen, average="macro"))
    assert statistics["log_loss"].value() == pytest.approx(sk.log_loss(target, p, labels=[0, 1, 2]))
    each = [sk.roc_auc_score(target == c, p[:, c]) for c in range(3)]
    assert statistics["macro_auroc"].value() == pytest.approx(np.mean(each))


def test_an_unknown_class_is_a_miss_and_a_class_of_its_own() -> None:
    target, p = np.array([0, 1, -1]), np.eye(2)[[0, 1, 1]]
    statistics = multiclass_statistics(target, p)
    assert statistics["accuracy"].value() == pytest.approx(2 / 3)
    assert statistics["macro_f1"].value() == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert statistics["log_loss"].value() > 5


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(bool, (12, 4)), hnp.arrays(float, (12, 4), elements=fractions))
def test_multilabel_equals_scikit_learn(truth: np.ndarray, p: np.ndarray) -> None:
    truth[0], truth[1] = True, False
    lengths = truth.sum(axis=1)
    target = Ragged(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), np.nonzero(truth)[1].astype(np.int64)
    )
    statistics = multilabel_statistics(target, p)
    guess = p > 0.5
    assert statistics["micro_f1"].value() == pytest.approx(sk.f1_score(truth, guess, average="micro"))
    assert statistics["macro_f1"].value() == pytest.approx(sk.f1_score(truth, guess, average="macro"))
    assert statistics["macro_map"].value() == pytest.approx(sk.average_precision_score(truth, p, average="macro"))
    assert statistics["macro_auroc"].value() == pytest.approx(sk.roc_auc_score(truth, p, average="macro"))


def test_unknown_labels_are_misses_in_multilabel() -> None:
    target = Ragged(np.array([0, 2, 2, 3]), np.array([0, -1, -1]))
    p = np.array([[0.9, 0.1], [0.1, 0.1], [0.1, 0.1]])
    statistics = multilabel_statistics(target, p)
    assert statistics["micro_f1"].value() == pytest.approx(2 / (2 + 2))
    assert statistics["macro_f1"].value() == pytest.approx((1 + 0) / 2)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 20).flatmap(lambda n: hnp.arrays(float, (2, n), elements=numbers)))
def test_regression_equals_scikit_learn(found: np.ndarray) -> None:
    y, f = found
    y[0], f[:2] = y[1] + 1, [3.0, -2.0]
    statistics = {k: s.value() for k, s in regression_statistics(y, f).items()}
    assert statistics["mae"] == pytest.approx(sk.mean_absolute_error(y, f))
    assert statistics["rmse"] == pytest.approx(sk.root_mean_squared_error(y, f))
    assert statistics["r2"] == pytest.approx(sk.r2_score(y, f))
    assert statistics["spearman"] == pytest.approx(stats.spearmanr(y, f).statistic)
    assert statistics["wape"] == pytest.approx(np.abs(y - f).sum() / np.abs(y).sum(), nan_ok=True)
    assert statistics["bias"] == pytest.approx((f - y).sum() / np.abs(y).sum(), nan_ok=True)
    np.testing.assert_allclose(rank_average(y), stats.rankdata(y))


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(float, (4, 3, 5), elements=numbers))
def test_pinball_equals_scikit_learn(found: np.ndarray) -> None:
    y, low, middle, high = found
    statistics = quantile_statistics(y, {0.1: low, 0.5: middle, 0.9: high})
    expected = [
        sk.mean_pinball_loss(y.ravel(), f.ravel(), alpha=q) for q, f in ((0.1, low), (0.5, middle), (0.9, high))
    ]
    assert statistics["pinball"].value() == pytest.approx(np.mean(expected))
    assert statistics["interval_coverage"].value() == pytest.approx(((low <= y) & (y <= high)).mean())
    assert statistics["interval_nominal"].value() == pytest.approx(0.8)
    assert statistics["interval_width"].value() == pytest.approx((high - low).mean())
    assert quantile_statistics(y, {}) == {}


def test_scaled_errors_follow_their_definitions() -> None:
    past = np.array([[np.nan, 1.0, 3.0, 2.0, 6.0], [2.0, 2.0, 2.0, 2.0, 2.0]])
    y, f = np.array([[1.0, np.nan], [1.0, 1.0]]), np.array([[4.0, 9.0], [1.0, 1.0]])
    found = forecast_statistics(y, f, past, season=2)
    scale = (abs(2 - 1) + abs(6 - 3)) / 2
    assert found["mase"].value() == pytest.approx(3 / scale)
    assert found["rmsse"].value() == pytest.approx(math.sqrt(9 / ((1 + 9) / 2)))
    assert found["mase"].counted == 1, "a series that never moved has no scale"
    assert "mase" not in forecast_statistics(y, f, past[:, :2], season=2)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(hnp.arrays(bool, n), hnp.arrays(float, n, elements=fractions))),
    st.integers(1, 6),
)
def test_calibration_error_equals_its_definition(found: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    truth, p = found
    bin_of = equal_mass_bins(p, bins)
    expected = sum(abs(truth[bin_of == b].sum() - p[bin_of == b].sum()) for b in set(bin_of)) / len(p)
    assert calibration_error(truth, p, bins=bins).value() == pytest.approx(expected)
    assert all(len(set(bin_of[p == value])) == 1 for value in p), "equal probabilities share a bin"
    assert (np.diff(bin_of[np.argsort(p)]) >= 0).all()


def test_bins_have_equal_mass() -> None:
    sizes = np.bincount(equal_mass_bins(np.random.default_rng(0).random(3000), 15))
    assert len(sizes) == 15
    assert sizes.min() >= 199


def test_chance_explains_what_perfect_calibration_shows() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(4000)
    right = reliability_table((rng.random(4000) < p).astype(np.float64), p)
    assert right.within_chance
    wrong = reliability_table((rng.random(4000) < p**2).astype(np.float64), p)
    assert not wrong.within_chance
    assert wrong.error > 5 * wrong.chance
    assert sum(wrong.count) == 4000
    inside = [low <= o <= high for low, o, high in zip(right.low, right.observed, right.high, strict=True)]
    assert all(inside)


def test_the_shortcut_for_many_seeds_shows_the_same_chance() -> None:
    p = np.random.default_rng(0).random(100_001)
    slow, fast = perfect_calibration_error(p[:-1], draws=40), perfect_calibration_error(p, draws=400)
    assert fast.mean() == pytest.approx(slow.mean(), rel=0.1)
