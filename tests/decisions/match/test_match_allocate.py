"""Places are shared out as well as trying everything would; constraints hold; conflicts are named."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.decisions.match.allocate import Terms, allocate, cascade, gains, looks_on, order
from edgewise.decisions.match.pairs import Calendar, Pairs
from edgewise.decisions.solve.relax import Infeasible

PLAIN = Terms(length=2, load=100.0, exposure=0.0, most_looks=None, regret=0.0, newcomer_quota=0.5)
LOOKS = 0.8 ** np.arange(10.0)


def market(seed: int, lists: int, offers: int, *, days: int = 4, whole: bool = True) -> tuple[Pairs, Calendar]:
    """Every offer may be on every list."""
    rng = np.random.default_rng(seed)
    n = lists * offers
    pairs = Pairs(
        ask=np.repeat(np.arange(lists), offers),
        offer=np.tile(np.arange(offers), lists),
        request=rng.uniform(0.02, 0.5, n),
        accept=rng.uniform(0.1, 1.0, n),
        keep=rng.uniform(0.7, 1.0, n),
        optimism=np.full(n, 1.5),
        newcomer=np.tile(rng.random(offers) < 0.4, lists),
    )
    return pairs, Calendar(0, rng.integers(1, 3, (offers, days)))


def wishes(seed: int, lists: int, days: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed + 1)
    begins = rng.integers(0, days - 1, lists)
    return begins, np.minimum(rng.integers(1, 3, lists), days - begins)


@given(seed=st.integers(0, 10_000), lists=st.integers(1, 3), offers=st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_the_flow_is_as_good_as_trying_everything(seed: int, lists: int, offers: int) -> None:
    """`most looks` ties the lists to one another: an offer may be first on one list only."""
    pairs, calendar = market(seed, lists, offers)
    value = gains(pairs, looks_on(pairs, LOOKS), 2).reshape(lists, offers)
    best = -np.inf
    for tried in product(list(permutations(range(offers), 2)), repeat=lists):
        firsts = [one[0] for one in tried]
        if len(set(firsts)) < len(firsts):
            continue
        best = max(
            best, sum(LOOKS[p] * max(value[i, j], 0) for i, one in enumerate(tried) for p, j in enumerate(one))
        )
    found = allocate_with_one_first(pairs, calendar, lists, seed)
    assert found <= allocate(pairs, *wishes(seed, lists), calendar, LOOKS, PLAIN).gain + 1e-6
    if lists <= offers:
        assert found == pytest.approx(best, abs=1e-6)


def allocate_with_one_first(pairs: Pairs, calendar: Calendar, lists: int, seed: int) -> float:
    """The same program with the first places alone tied: still a flow, so its best answer is whole."""
    from edgewise.decisions.solve.program import constraints, program
    from edgewise.decisions.solve.solve import solve

    value = gains(pairs, looks_on(pairs, LOOKS), 2)
    n = len(value)
    column = np.arange(2 * n)
    pair, tier = column // 2, column % 2
    first = np.flatnonzero(tier == 0)
    groups = [
        constraints("places", pairs.ask[pair] * 2 + tier, column, high=np.ones(2 * lists), hard=True),
        constraints("once", pair, column, high=1.0, hard=True),
        constraints("first", pairs.offer[pair[first]], first, high=1.0),
    ]
    solved = solve(program(LOOKS[tier] * value[pair], groups, whole=False))
    assert np.allclose(solved.values, np.round(solved.values), atol=1e-6)
    return solved.gain


@given(seed=st.integers(0, 10_000), lists=st.integers(1, 3), offers=st.integers(2, 5))
@settings(max_examples=15, deadline=None)
def test_without_ties_each_list_is_the_best_it_can_be(seed: int, lists: int, offers: int) -> None:
    pairs, calendar = market(seed, lists, offers)
    value = gains(pairs, looks_on(pairs, LOOKS), 2).reshape(lists, offers)
    top = np.sort(np.maximum(value, 0.0), axis=1)[:, ::-1][:, :2]
    best = float((top * LOOKS[:2]).sum())
    found = allocate(pairs, *wishes(seed, lists), calendar, LOOKS, PLAIN)
    assert found.gain == pytest.approx(best, abs=1e-6)


@given(seed=st.integers(0, 10_000), load=st.floats(0.05, 0.6), exposure=st.floats(0.0, 0.5))
@settings(max_examples=15, deadline=None)
def test_constraints_hold(seed: int, load: float, exposure: float) -> None:
    pairs, calendar = market(seed, 6, 5)
    begins, days = wishes(seed, 6)
    terms = replace(PLAIN, load=load, exposure=exposure, regret=0.05)
    try:
        found = allocate(pairs, begins, days, calendar, LOOKS, terms)
    except Infeasible:
        terms = replace(terms, exposure=0.0)  # nothing but the floor can conflict with capacity
        found = allocate(pairs, begins, days, calendar, LOOKS, terms)
    booked = found.share * pairs.request * pairs.worth
    for offer in range(5):
        for day in range(4):
            here = (pairs.offer == offer) & (begins[pairs.ask] <= day) & (day < (begins + days)[pairs.ask])
            assert booked[here].sum() <= load * calendar.free[offer, day] + 1e-6
    assert found.gain >= 0.95 * found.best - 1e-6
    assert (found.share <= 1.0 + 1e-9).all()


@given(seed=st.integers(0, 10_000), regret=st.floats(0.005, 0.3))
@settings(max_examples=15, deadline=None)
def test_newcomers_cost_no_more_than_is_allowed(seed: int, regret: float) -> None:
    pairs, calendar = market(seed, 8, 6)
    wish = wishes(seed, 8)
    without = allocate(pairs, *wish, calendar, LOOKS, PLAIN)
    found = allocate(pairs, *wish, calendar, LOOKS, replace(PLAIN, regret=regret, newcomer_quota=5.0))
    assert found.best == pytest.approx(without.gain)
    assert found.gain >= (1 - regret) * without.gain - 1e-6
    hope = pairs.request * pairs.worth * pairs.newcomer
    assert (found.share @ hope) >= (without.share @ hope) - 0.06 * without.gain


def test_a_conflict_is_named() -> None:
    pairs, calendar = market(3, 6, 4)
    terms = replace(PLAIN, exposure=1.0, most_looks=0.1)
    with pytest.raises(Infeasible, match="'exposure' and 'most looks' conflict"):
        allocate(pairs, *wishes(3, 6), calendar, LOOKS, terms)


def test_what_constraints_cost_is_told() -> None:
    pairs, calendar = market(4, 10, 4)
    terms = replace(PLAIN, load=0.1, exposure=0.2)
    found = allocate(pairs, *wishes(4, 10), calendar, LOOKS, terms, explain=True)
    assert set(found.gave_up) == {"capacity", "exposure"}
    cost, binding = found.gave_up["capacity"]
    assert cost > 0
    assert binding > 0


def test_a_cascade_counts_looks_until_a_request() -> None:
    pairs, _ = market(5, 1, 3)
    place = order(pairs, -pairs.offer.astype(float), 3)
    assert place.tolist() == [0, 1, 2]
    look, booked = cascade(pairs, place, 0.8, 3)
    p, r = pairs.request, pairs.worth
    second = 0.8 * (1 - p[0])
    third = second * 0.8 * (1 - p[1])
    assert look == pytest.approx([1.0, second, third])
    assert booked[0] == pytest.approx(p[0] * r[0] + second * p[1] * r[1] + third * p[2] * r[2])
