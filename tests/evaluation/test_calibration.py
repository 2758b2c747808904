"""Calibration maps: right beside oracles, chosen by evidence, kept through JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.isotonic import IsotonicRegression

from edgewise.errors import InternalError
from edgewise.evaluation.binary import log_loss
from edgewise.evaluation.calibration import Calibrator, fit_binary, fit_multiclass, fit_multilabel
from edgewise.evaluation.classes import multiclass_log_loss
from edgewise.evaluation.conformal import QuantileOffset, fit_quantile_offset
from edgewise.evaluation.isotonic import isotonic

N = 6000


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 25).flatmap(
        lambda n: st.tuples(
            hnp.arrays(np.int64, n, elements=st.integers(0, 8)),
            hnp.arrays(np.int64, n, elements=st.integers(-5, 5)),
            hnp.arrays(np.int64, n, elements=st.integers(1, 4)),
        )
    )
)
def test_isotonic_equals_scikit_learn(found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    x, y, w = (v.astype(np.float64) for v in found)
    knots, levels = isotonic(x, y, w)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(x, y, sample_weight=w)
    at = np.linspace(-1, 9, 41)
    np.testing.assert_allclose(np.interp(at, knots, levels), theirs.predict(at), atol=1e-9)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def test_what_is_calibrated_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(N)
    found = fit_binary((rng.random(N) < p).astype(np.float64), p)
    assert found.kind == "identity"
    assert (found(p) == p).all()
    assert set(found.losses) == {"identity", "beta", "isotonic"}


def test_overconfidence_is_undone() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(size=N) * 1.2 - 1
    truth = (rng.random(N) < sigmoid(z)).astype(np.float64)
    found = fit_binary(truth, sigmoid(2.5 * z + 1))
    assert found.kind == "beta"
    assert np.abs(found(sigmoid(2.5 * z + 1)) - sigmoid(z)).mean() < 0.02


def test_a_kink_needs_isotonic() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(N)
    truth = (rng.random(N) < np.where(p < 0.3, 0.05, np.where(p < 0.35, 0.9, 0.5 + 0.4 * (p > 0.8)))).astype(float)
    truth[(p >= 0.3) & (p < 0.8)] = rng.random(((p >= 0.3) & (p < 0.8)).sum()) < 0.5
    found = fit_binary(truth, p)
    assert found.kind == "isotonic"
    assert log_loss(truth, found(p)).mean() < log_loss(truth, p).mean() - 0.01
    assert (np.diff(found(np.sort(p))) >= 0).all(), "a calibrated order never turns round"
    assert 0 < found(p).min() < found(p).max() < 1


def test_few_labels_buy_no_curve() -> None:
    rng = np.random.default_rng(3)
    found = fit_binary((rng.random(60) < 0.2).astype(np.float64), rng.random(60))
    assert set(found.losses) == {"identity"}


def test_a_slope_below_zero_is_refused() -> None:
    rng = np.random.default_rng(4)
    p = rng.random(N)
    found = fit_binary((rng.random(N) < 1 - p).astype(np.float64), p)
    assert (np.diff(found(np.linspace(0.01, 0.99, 50))) >= 0).all()


def test_entities_never_straddle_folds() -> None:
    """Labels copied within an entity would make isotonic look better than it is."""
    rng = np.random.default_rng(5)
    base, owner = rng.random(700), np.repeat(np.arange(700), 10)
    truth = np.repeat((rng.random(700) < base).astype(np.float64), 10)
    p = np.repeat(base, 10)
    assert fit_binary(truth, p, groups=owner).kind == "identity"
    apart, together = fit_binary(truth, p), fit_binary(truth, p, groups=owner)
    assert apart.losses["isotonic"] < together.losses["isotonic"]


def test_temperature_finds_the_temperature() -> None:
    rng = np.random.default_rng(6)
    z = rng.normal(size=(N, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    target = (rng.random(N)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    hot = np.exp(3 * z) / np.exp(3 * z).sum(axis=1, keepdims=True)
    found = fit_multiclass(target, hot)
    assert found.kind == "temperature"
    assert found.numbers["temperature"][0] == pytest.approx(3.0, rel=0.08)
    np.testing.assert_allclose(found(hot).sum(axis=1), 1.0)
    unknown = target.copy()
    unknown[:100] = -1
    assert fit_multiclass(unknown, hot).kind == "temperature"


def test_classes_can_be_bent_one_by_one() -> None:
    rng = np.random.default_rng(7)
    p = rng.dirichlet(np.ones(3) * 1.5, N)
    bent = p ** np.array([0.4, 1.0, 2.5])
    bent /= bent.sum(axis=1, keepdims=True)
    target = (rng.random(N)[:, None] > bent.cumsum(axis=1)).sum(axis=1)
    found = fit_multiclass(target, p)
    assert found.kind == "temperature+isotonic"
    np.testing.assert_allclose(found(p).sum(axis=1), 1.0)
    assert multiclass_log_loss(target, found(p)).mean() < multiclass_log_loss(target, p).mean() - 0.01


def test_multilabel_has_one_map_a_class() -> None:
    rng = np.random.default_rng(8)
    p = rng.random((N, 2))
    truth = rng.random((N, 2)) < np.stack([p[:, 0], sigmoid(4 * p[:, 1] - 4)], axis=1)
    found = fit_multilabel(truth, p)
    assert found.columns[0].kind == "identity"
    assert found.columns[1].kind != "identity"
    assert found(p).shape == p.shape


@pytest.mark.parametrize("kind", ["binary", "classes", "columns"])
def test_maps_survive_json(kind: str) -> None:
    rng = np.random.default_rng(9)
    p = rng.dirichlet(np.ones(3), N)
    target = rng.integers(0, 3, N)
    if kind == "binary":
        found, asked = fit_binary((target == 0).astype(np.float64), p[:, 0]), p[:, 0]
    elif kind == "classes":
        found, asked = fit_multiclass(target, p), p
    else:
        found, asked = fit_multilabel(target[:, None] == np.arange(3), p), p
    again = Calibrator.from_json(json.loads(json.dumps(found.to_json())))
    assert (again(asked) == found(asked)).all()


def test_an_unknown_kind_is_a_fault() -> None:
    with pytest.raises(InternalError, match="mystery"):
        Calibrator("mystery", {}, {})(np.zeros(1))


def test_offsets_make_quantiles_cover() -> None:
    rng = np.random.default_rng(10)
    y, fresh = rng.normal(size=(2, 20_000))
    narrow = {0.1: np.full(20_000, -0.2), 0.5: np.full(20_000, 0.4), 0.9: np.full(20_000, 0.2)}
    offset = fit_quantile_offset(y, narrow)
    moved = offset(narrow)
    for level in narrow:
        assert (fresh <= moved[level]).mean() == pytest.approx(level, abs=0.012)
    assert (moved[0.1] <= moved[0.5]).all()
    assert (moved[0.5] <= moved[0.9]).all()
    assert QuantileOffset.from_json(json.loads(json.dumps(offset.to_json()))) == offset


def test_offsets_leave_out_unknown_labels() -> None:
    quantiles = {0.5: np.zeros((2, 2))}
    known = fit_quantile_offset(np.array([[1.0, np.nan], [np.nan, np.nan]]), quantiles)
    assert known.offset == {0.5: 1.0}
    assert fit_quantile_offset(np.full((2, 2), np.nan), quantiles).offset == {0.5: 0.0}
