"""Off-policy estimates against worlds whose truth is known, and against a published log of two policies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from edgewise.errors import ArgumentError
from edgewise.evaluation.off_policy import Log, Target, off_policy

ITEMS, POSITIONS = 12, 3
BANDIT = Path(__file__).parents[3] / "shared" / "data" / "open-bandit"


def softmax(score: np.ndarray) -> np.ndarray:
    """Chances from scores, by row."""
    e = np.exp(score - score.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class World:
    """Rewards by position and item; a logging policy; a target that prefers what is good."""

    def __init__(self, random_seed: int) -> None:
        rng = np.random.default_rng(random_seed)
        self.reward = 0.6 * rng.beta(1.2, 4.0, size=(1, ITEMS)) * np.array([1.0, 0.8, 0.6])[:, None]
        self.logging = softmax(rng.normal(size=(POSITIONS, ITEMS)))
        self.target = softmax(8 * self.reward + rng.normal(scale=0.3, size=(POSITIONS, ITEMS)))

    @property
    def truth(self) -> float:
        """What the target earns a place."""
        return float((self.target * self.reward).sum(axis=1).mean())

    def log(self, n: int, random_seed: int) -> Log:
        """What the logging policy showed, with every position as often."""
        rng = np.random.default_rng(random_seed)
        position = np.tile(np.arange(POSITIONS), n // POSITIONS)
        draw = rng.random(len(position))[:, None]
        item = (self.logging.cumsum(axis=1)[position] < draw).sum(axis=1).clip(max=ITEMS - 1)
        reward = (rng.random(len(position)) < self.reward[position, item]).astype(np.float64)
        cluster = np.repeat(np.arange(n // POSITIONS), POSITIONS)
        return Log(item, position, self.logging[position, item], reward, cluster)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    world, inside = World(1), {"ips": 0, "snips": 0, "dr": 0}
    runs = 60
    for run in range(runs):
        log = world.log(3_000, run)
        found = off_policy(log, Target.by_position(log, world.target), resamples=300, random_seed=run)
        assert found.dr is not None
        for name in inside:
            estimate = getattr(found, name)
            inside[name] += estimate.low <= world.truth <= estimate.high
    assert all(count >= 0.85 * runs for count in inside.values()), inside


def test_estimates_are_near_the_truth_with_much_data() -> None:
    world = World(2)
    log = world.log(90_000, 5)
    found = off_policy(log, Target.by_position(log, world.target), resamples=200)
    assert found.dr is not None
    for estimate in (found.ips, found.snips, found.dr):
        assert estimate.value == pytest.approx(world.truth, rel=0.05)
    assert found.dr.error <= 1.05 * found.ips.error
    assert found.logged.value < world.truth


def test_the_own_policy_is_estimated_as_what_it_earned() -> None:
    world = World(3)
    log = world.log(6_000, 1)
    found = off_policy(log, Target.by_position(log, world.logging), resamples=100)
    assert found.ips.value == pytest.approx(found.logged.value)
    assert found.effective == pytest.approx(len(log))


def test_a_policy_that_leaves_nothing_to_chance() -> None:
    world = World(4)
    log = world.log(60_000, 2)
    best = world.reward.argmax(axis=1)
    found = off_policy(log, Target.choosing(log, best[log.position]), resamples=200)
    truth = world.reward.max(axis=1).mean()
    assert found.dr is not None
    assert found.snips.low <= truth <= found.snips.high
    assert found.dr.value == pytest.approx(truth, rel=0.15)


def test_estimates_equal_the_formulas_written_out() -> None:
    world = World(5)
    log = world.log(600, 3)
    target = Target.by_position(log, world.target)
    found = off_policy(log, target, clip=4.0, resamples=50)
    weight = [world.target[p, a] / e for p, a, e in zip(log.position, log.item, log.propensity, strict=True)]
    clipped = [min(w, 4.0) for w in weight]
    pairs = list(zip(weight, clipped, log.reward, strict=True))
    assert found.ips.value == pytest.approx(sum(w * r for w, _, r in pairs) / len(log))
    assert found.snips.value == pytest.approx(sum(c * r for _, c, r in pairs) / sum(clipped))
    assert found.effective == pytest.approx(sum(clipped) ** 2 / sum(c * c for c in clipped))


def test_a_log_that_says_too_little_is_refused() -> None:
    world = World(6)
    log = world.log(3_000, 4)
    with pytest.raises(ArgumentError, match="too little about this policy: 0 of 3000 places") as refusal:
        off_policy(log, Target.choosing(log, np.full(len(log), -1)))
    assert "explore more" in str(refusal.value)
    short = world.log(60, 4)
    with pytest.raises(ArgumentError, match="effective sample"):
        off_policy(short, Target.by_position(short, world.target))


@pytest.mark.parametrize("wrong", [0.0, -0.1, 1.5, float("nan")])
def test_chances_that_are_none_are_refused(wrong: float) -> None:
    log = World(7).log(300, 1)
    log.propensity[3] = wrong
    with pytest.raises(ArgumentError, match="propensities are no chances"):
        off_policy(log, Target(np.ones(len(log))))


@pytest.mark.data
@pytest.mark.parametrize("campaign", ["all", "men", "women"])
def test_the_value_of_the_uniform_policy_from_the_log_of_the_other(campaign: str) -> None:
    if not BANDIT.exists():
        pytest.skip(f"the Open Bandit samples are not at {BANDIT}")
    columns = ["item_id", "position", "click", "propensity_score"]
    logs = {}
    for policy in ("random", "bts"):
        table = pq.read_table(BANDIT / f"{policy}_{campaign}.parquet", columns=columns)
        item, position, click, chance = (table.column(c).to_numpy() for c in columns)
        n = len(item)
        logs[policy] = Log(
            item.astype(np.int64), position.astype(np.int64) - 1, chance, click.astype(np.float64), np.arange(n)
        )
    items = int(max(log.item.max() for log in logs.values())) + 1
    uniform = np.full((3, items), 1.0 / items)
    found = off_policy(logs["bts"], Target.by_position(logs["bts"], uniform))
    truth = off_policy(logs["random"], Target.by_position(logs["random"], uniform)).logged
    assert found.dr is not None
    for estimate in (found.snips, found.dr):
        # Both are samples: the difference is judged by the errors of both.
        assert abs(estimate.value - truth.value) <= 2.6 * np.hypot(estimate.error, truth.error)
