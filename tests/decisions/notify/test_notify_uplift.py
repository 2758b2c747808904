"""Effects learnt from trials with a planted effect, and how well they rank."""

from __future__ import annotations

import numpy as np

from edgewise.decisions.notify.pacing import pace
from edgewise.decisions.notify.qini import qini, qini_curve
from edgewise.decisions.notify.timeline import Timeline, fading
from edgewise.decisions.notify.uplift import Trial, fit_uplift


def planted(n=8000, seed=0, slope=0.6):
    """A trial in which the first feature says how much a message does, and the second what happens anyway."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    chance = np.clip(0.5 + 0.2 * x[:, 2], 0.2, 0.8).astype(np.float64)
    sent = (rng.random(n) < chance).astype(np.float64)
    effect = 0.3 + slope * x[:, 0]
    outcome = 2.0 * x[:, 1] + effect * sent + rng.normal(size=n)
    return Trial(x, sent, chance, outcome, np.zeros((n, 0)), np.arange(n)), effect


def test_a_planted_effect_is_found_whoever_was_sent_to():
    trial, effect = planted()
    found = fit_uplift(trial)
    assert abs(found.average - 0.3) < 4 * found.error
    assert np.corrcoef(found(trial.x), effect)[0, 1] > 0.9


def test_where_everyone_is_moved_alike_everyone_gets_nearly_the_average():
    trial, _ = planted(slope=0.0)
    assert fit_uplift(trial)(trial.x).std() < 0.1


def test_the_same_trial_gives_the_same_model():
    trial, _ = planted(2000)
    np.testing.assert_array_equal(fit_uplift(trial)(trial.x), fit_uplift(trial)(trial.x))


def test_qini_prefers_the_truth_to_chance_and_pairs_the_difference():
    trial, effect = planted()
    noise = np.random.default_rng(1).random(len(effect))
    found = qini([noise, effect], trial.outcome, trial.sent, trial.chance, resamples=200)
    assert found.coefficients[1].low > found.coefficients[0].value
    assert found.above_first[0].clear
    assert found.above_first[0].value > 0
    share, gain = qini_curve(effect, effect)
    assert share[0] == 0
    assert share[-1] == 1
    assert np.isclose(gain[-1], effect.mean())
    assert gain[10] > gain[-1] / 2


def test_timelines_count_like_a_loop():
    rng = np.random.default_rng(0)
    group, at = rng.integers(0, 5, 300), rng.integers(0, 10**9, 300) * 10
    asked, when = rng.integers(0, 6, 100), rng.integers(0, 10**9, 100) * 10
    line, second = Timeline(group, at), 10**6
    faded = fading(group, at, asked, when, 1e9)
    for i in range(100):
        mine = (group == asked[i]) & (at // second < when[i] // second)
        assert line.before(asked, when)[i] == mine.sum()
        assert line.sums(at.astype(float), asked, None, when)[i] == at[mine].sum()
        last = line.last(asked, when)[i]
        assert (last == -1) == (not mine.any())
        assert last < 0 or at[last] // second == at[mine].max() // second
        exact = (group == asked[i]) & (at < when[i])
        assert np.isclose(faded[i], (0.5 ** ((when[i] - at[exact]) / 1e9)).sum())


def test_full_hours_give_way_to_the_next_best_and_then_to_none():
    hour, gain = np.full(10, 9), np.arange(10, dtype=np.float32)
    worth = np.zeros((10, 24), np.float32)
    worth[:, 9], worth[:, 10], worth[:, 11] = 1.0, 0.9, 0.5
    found = pace(hour, gain, worth, 0.4)
    _, count = np.unique(found.hour[found.kept], return_counts=True)
    assert count.max() <= 4
    assert found.kept.all()
    assert (found.hour[-4:] == 9).all(), "those who would lose most stay"
    tight = pace(hour, gain, worth, 0.2)
    assert tight.kept.sum() == 6
    assert tight.kept[-1]
