"""A sequential test: how often it errs under constant looking, and how soon it sees a difference."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.errors import ArgumentError
from edgewise.evaluation.experiment import compare_sides


def users(n: int, lift: float, random_seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What n users brought: rare counts, as clicks are; those treated a little more."""
    rng = np.random.default_rng(random_seed)
    treated = rng.random(n) < 0.5
    return rng.poisson(np.where(treated, 0.4 + lift, 0.4)).astype(np.float64), treated


def naive_p(outcome: np.ndarray, treated: np.ndarray) -> float:
    """The p-value of a test that is meant to be looked at once."""
    a, b = outcome[treated], outcome[~treated]
    z = (a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b))
    return float(2 * (1 - _normal(abs(z))))


def _normal(z: float) -> float:
    from math import erf, sqrt

    return 0.5 * (1 + erf(z / sqrt(2)))


def test_looking_all_the_time_makes_no_false_claims() -> None:
    runs, alpha = 200, 0.05
    false_sequential = false_naive = 0
    for run in range(runs):
        outcome, treated = users(3_000, 0.0, run)
        false_sequential += compare_sides(outcome, treated, alpha=alpha).decided  # every look of the path counts
        looks = range(200, 3_001, 100)
        false_naive += min(naive_p(outcome[:n], treated[:n]) for n in looks) < alpha
    assert false_sequential / runs <= alpha
    assert false_naive / runs > 2 * alpha  # what the test is for


def test_a_difference_is_found_and_its_interval_holds_it() -> None:
    found = inside = 0
    for run in range(40):
        outcome, treated = users(8_000, 0.08, 100 + run)
        result = compare_sides(outcome, treated)
        found += result.decided and result.difference > 0
        inside += result.low <= 0.08 <= result.high
    assert found >= 36
    assert inside >= 38


def test_p_values_only_fall() -> None:
    outcome, treated = users(4_000, 0.1, 7)
    whole = compare_sides(outcome, treated)
    assert whole.p_value <= 1
    assert whole.decided
    assert "treatment is better" in whole.verdict()
    assert compare_sides(outcome, ~treated).verdict() == "The control is better."


def test_too_few_users_are_refused() -> None:
    outcome, treated = users(80, 0.0, 1)
    with pytest.raises(ArgumentError, match="50 each are needed"):
        compare_sides(outcome, treated)
    with pytest.raises(ArgumentError, match="no chance"):
        compare_sides(*users(400, 0.0, 1), alpha=0.0)


def test_nothing_brought_by_anybody_is_no_difference() -> None:
    result = compare_sides(np.zeros(400), np.arange(400) % 2 == 0)
    assert not result.decided
    assert result.difference == 0
