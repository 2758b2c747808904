"""One person's sends, and everyone's within a budget, against enumeration of all that could be sent."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.decisions.notify.allocate import allocate, care_curve, channel_worth
from edgewise.decisions.notify.sequence import LEVEL, Offers, sequences


def offers(
    seed: int, people: int, *, slots: int = 4, tiring: bool = True, cap: int = 2, spacing: int = 1200
) -> Offers:
    """Offers drawn at random: two channels, messages that get worse, tiredness where `tiring`."""
    rng = np.random.default_rng(seed)
    f, channels, ranks, levels = np.float32, 2, 3, 16
    level = np.arange(levels) * LEVEL * tiring
    minute = np.arange(slots) * 1440 + rng.integers(0, 1440, (people, channels, slots))
    return Offers(
        effect=-np.sort(-rng.gamma(1, 0.2, (people, channels, ranks)), axis=2).astype(f),
        hazard=rng.gamma(1, 0.01, (people, channels, ranks)).astype(f),
        when=(rng.random((people, channels, slots)) * (rng.random((people, channels, slots)) < 0.7)).astype(f),
        minute=minute.astype(np.int32),
        loss=rng.gamma(1, 2, (people, channels)).astype(f),
        tired=np.tile(np.exp(-0.3 * level), (channels, 1)).astype(f),
        wear=np.tile(np.exp(0.3 * level), (channels, 1)).astype(f),
        fatigue=(rng.gamma(1, 0.5, (people, channels)) * tiring).astype(f),
        half=5000.0,
        elsewhere=0.4,
        past=rng.integers(0, 2, (people, slots)).astype(np.int8),
        past_by=np.zeros((people, channels, slots), np.int8),
        fixed=np.where(rng.random(people) < 0.2, 2000, -1).astype(np.int32),
        caps=np.array([1, 2], np.int32),
        cap=cap,
        spacing=spacing,
    )


def slow(given: Offers, u: int, cost: np.ndarray, price: float, care: float) -> float:
    """The best net of one person by trying every way to fill the slots."""
    channels, slots = given.when.shape[1:]
    best = 0.0
    for way in product(range(-1, channels), repeat=slots):
        best = max(best, net_of(given, u, [(s, c) for s, c in enumerate(way) if c >= 0], cost, price, care))
    return best


def net_of(
    given: Offers, u: int, way: list[tuple[int, int]], cost: np.ndarray, price: float, care: float
) -> float:
    """What a way is worth; minus infinity where it is not allowed."""
    extra = int(given.fixed[u] >= 0)
    if len(way) > given.most:
        return -np.inf
    total, times, used = 0.0, [], [0] * given.when.shape[1]
    worn, now = given.fatigue[u].astype(float), 0
    for k, (s, c) in enumerate(way):
        at = int(given.minute[u, c, s])
        near = [*times, *([int(given.fixed[u])] if extra else [])]
        if given.when[u, c, s] <= 0 or any(abs(at - t) < given.spacing for t in near):
            return -np.inf
        if given.past[u, s] + extra + k >= given.cap or given.past_by[u, c, s] + used[c] >= given.caps[c]:
            return -np.inf
        worn = worn * 0.5 ** ((at - now) / given.half)
        other = given.elsewhere * (worn.sum() - worn[c])
        level = min(int((worn[c] + other) / LEVEL + 0.5), given.tired.shape[1] - 1)
        total += given.effect[u, c, k] * given.when[u, c, s] * given.tired[c, level] - price * cost[c]
        total -= care * given.hazard[u, c, k] * given.wear[c, level] * given.loss[u, c]
        worn[c], now = worn[c] + 1.0, at
        used[c] += 1
        times.append(at)
    return total


def net(found, price: float, care: float) -> np.ndarray:
    """What was found is worth, person by person."""
    return found.gain - care * found.worth - price * found.spent


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05]), st.sampled_from([0.0, 1.0, 3.0]))
def test_without_tiredness_or_hours_by_channel_a_persons_sends_are_the_best_there_are(seed, price, care):
    given_, cost = offers(seed, 6, tiring=False), np.ones(2)
    given_ = replace(
        given_,
        caps=np.array([9, 9], np.int32),
        minute=np.repeat(given_.minute[:, :1], 2, axis=1),
        hazard=np.repeat(given_.hazard[:, :, :1], 3, axis=2),
    )
    found = net(sequences(given_, cost, price, care), price, care)
    best = [slow(given_, u, cost, price, care) for u in range(6)]
    np.testing.assert_allclose(found, best, atol=1e-5)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05]))
def test_with_tiredness_they_are_allowed_and_no_better_than_the_best(seed, price):
    given_, cost = offers(seed, 8), np.ones(2)
    found = sequences(given_, cost, price)
    best = np.array([slow(given_, u, cost, price, 1.0) for u in range(8)])
    own = net(found, price, 1.0)
    for u in range(8):
        way = [(int(s), int(c)) for s, c in zip(found.slot[u], found.channel[u], strict=True) if s >= 0]
        assert np.isclose(net_of(given_, u, way, cost, price, 1.0), own[u], atol=1e-5)
    assert (own <= best + 1e-5).all()


def test_with_tiredness_they_are_nearly_the_best_over_many():
    own = best = 0.0
    for seed in range(12):
        given_ = offers(seed, 8)
        own += net(sequences(given_, np.ones(2), 0.05), 0.05, 1.0).sum()
        best += sum(slow(given_, u, np.ones(2), 0.05, 1.0) for u in range(8))
    assert own >= 0.97 * best


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 12))
def test_the_budget_is_kept_and_no_more_could_be_had(seed, budget):
    given_, cost = offers(seed, 30, tiring=False), np.ones(2)
    found = allocate(given_, cost, float(budget))
    assert found.sent.spent.sum() <= budget + 1e-9
    assert found.net <= found.bound + 1e-6
    # dearest first: what is missing to the bound is less than one send is worth
    assert found.bound - found.net <= float((given_.effect[:, :, 0] * given_.when.max(axis=2)).max()) + 1e-6


def test_costs_of_channels_count_against_a_budget_of_money():
    given_, cost = offers(3, 200), np.array([0.1, 1.0])
    free, bound = allocate(given_, cost, None), allocate(given_, cost, 20.0)
    assert free.price == 0.0
    assert free.sent.spent.sum() > 20.0
    assert bound.sent.spent.sum() <= 20.0 + 1e-9
    assert bound.price > 0
    assert (bound.sent.channel == 1).sum() < (free.sent.channel == 1).sum()


def test_along_the_curve_value_and_lost_channels_fall_together():
    given_ = offers(5, 400)
    points = care_curve(given_, np.ones(2), 120.0, [0.0, 0.5, 1.0, 2.0, 4.0, 8.0])
    assert len(points) > 3
    for before, after in pairwise(points):
        assert after.care > before.care
        assert after.lost < before.lost
        assert after.gain < before.gain
    assert all(p.spent <= 120.0 + 1e-9 for p in points)


def test_a_channel_is_worth_what_is_lost_without_it():
    given_, cost = offers(7, 50), np.ones(2)
    worth = channel_worth(given_, cost, 0.02, 10.0)
    whole = net(sequences(given_, cost, 0.02), 0.02, 1.0)
    without = net(sequences(given_.without(0), cost, 0.02), 0.02, 1.0)
    np.testing.assert_allclose(worth[:, 0], 10.0 * np.maximum(whole - without, 0.0), atol=1e-6)
    assert (worth >= 0).all()
