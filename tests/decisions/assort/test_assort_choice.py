"""The objective against a slow twin, and plans against all sets there are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.decisions.assort.choice import BEND, Demand, covered, greedy, marginal, store_demand
from edgewise.decisions.assort.plan import best_plan
from edgewise.decisions.assort.terms import IfAny, Rule
from edgewise.decisions.solve.relax import Infeasible


def instance(random_seed: int, n: int) -> tuple[Demand, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(random_seed)
    own, kept = rng.exponential(1.0, n), rng.uniform(0, 0.95, n)
    to = np.stack([rng.permutation([b for b in range(n) if b != a])[:3] for a in range(n)]).astype(np.int32)
    share = rng.dirichlet(np.ones(4), n)[:, :3]
    return store_demand(own, np.arange(n, dtype=np.int32), to, share, kept), to, share, kept


def slow_covered(
    own: np.ndarray, to: np.ndarray, share: np.ndarray, kept: np.ndarray, inside: np.ndarray
) -> float:
    """The objective, word by word."""
    total = 0.0
    for a in range(len(own)):
        if inside[a]:
            total += own[a]
            continue
        most, outside = share[a].sum(), (1 - kept[a]) / max(kept[a], 1e-9)
        q = sum(s for b, s in zip(to[a], share[a], strict=True) if inside[b])
        ends = [0.0, BEND * most, most]
        total += own[a] * float(np.interp(q, ends, [x / (x + outside) for x in ends]))
    return total


def rules_of(random_seed: int, n: int) -> tuple[list[Rule], list[IfAny]]:
    """Space, a category's bounds, a limit on what is new, must-haves; some of them impossible at times."""
    rng = np.random.default_rng(random_seed)

    def rule(name: str, items: np.ndarray, low: float, high: float) -> Rule:
        zero = np.zeros(len(items), dtype=np.int64)
        return Rule(name, zero, items, np.ones(len(items)), np.array([low]), np.array([high]), "articles", ("",))

    some = [np.flatnonzero(rng.random(n) < 0.5) for _ in range(4)]
    rules = [rule("space", np.arange(n), -np.inf, float(rng.integers(1, n)))]
    rules.append(rule("category_most", some[0], -np.inf, float(rng.integers(0, 4))))
    rules.append(rule("category_least", some[1], float(rng.integers(0, 3)), np.inf))
    rules.append(rule("changes", some[2], -np.inf, float(rng.integers(0, 4))))
    return rules, [IfAny("a supplier", some[3], 2)] if len(some[3]) and rng.random() < 0.5 else []


def allowed(rules: list[Rule], ifs: list[IfAny], inside: np.ndarray) -> bool:
    for rule in rules:
        used = inside[rule.item].sum()
        if not rule.low[0] <= used <= rule.high[0]:
            return False
    return all(inside[term.items].sum() == 0 or inside[term.items].sum() >= term.least for term in ifs)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 9))
def test_what_is_covered_is_what_the_slow_twin_says(random_seed: int, n: int) -> None:
    demand, to, share, kept = instance(random_seed, n)
    inside = np.random.default_rng(random_seed).random(n) < 0.5
    assert covered(demand, inside) == pytest.approx(slow_covered(demand.own, to, share, kept, inside))
    for a, gain in enumerate(marginal(demand, inside)):
        other = inside.copy()
        other[a] = not other[a]
        assert abs(covered(demand, other) - covered(demand, inside)) == pytest.approx(gain, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 8))
def test_a_plan_is_as_near_to_the_best_of_all_sets_as_it_says(random_seed: int, n: int) -> None:
    demand, _, _, _ = instance(random_seed, n)
    rules, ifs = rules_of(random_seed, n)
    sets = [np.array(bits, dtype=bool) for bits in product([False, True], repeat=n)]
    values = [covered(demand, inside) for inside in sets if allowed(rules, ifs, inside)]
    if not values:
        with pytest.raises(Infeasible) as caught:
            best_plan(demand, rules, ifs, store="7", gap=0.01, seconds=20)
        assert caught.value.hint is not None
        assert "store 7" in caught.value.hint
        return
    plan = best_plan(demand, rules, ifs, store="7", gap=0.01, seconds=20)
    assert allowed(rules, ifs, plan.inside)
    assert plan.value == pytest.approx(covered(demand, plan.inside))
    assert plan.value <= max(values) + 1e-9 <= plan.bound + 1e-6
    assert plan.gap <= 0.01 + 1e-6
    again = best_plan(demand, rules, ifs, store="7", gap=0.01, seconds=20)
    assert (again.inside == plan.inside).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 30))
def test_greedy_keeps_to_upper_bounds_and_to_what_is_fixed(random_seed: int, n: int) -> None:
    demand, _, _, _ = instance(random_seed, n)
    rng = np.random.default_rng(random_seed)
    rules, _ = rules_of(random_seed, n)
    fixed = rng.random(n) < 0.2
    matrix = np.stack([rule.matrix(n).toarray()[0] for rule in rules])
    from scipy import sparse

    high = np.array([rule.high[0] for rule in rules])
    inside = greedy(demand, np.zeros(n, bool), fixed, sparse.csr_array(matrix), np.full(len(rules), -np.inf), high)
    assert (matrix @ inside <= high + 1e-9).all()
    assert not (inside & fixed).any()


def test_more_articles_never_keep_less_and_add_less_and_less() -> None:
    demand, _, _, _ = instance(3, 12)
    order = np.random.default_rng(1).permutation(12)
    inside, last = np.zeros(12, dtype=bool), np.inf
    one = order[-1]
    for a in order[:-1]:
        gain = marginal(demand, inside)[one]
        assert 0 <= gain <= last + 1e-12
        last, inside[a] = gain, True
