"""What chance changes of a plan: how often, by what, and with the chance that is written down."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, HOUR
from edgewise.decisions.notify.exploring import explored
from edgewise.decisions.notify.features import local_hour
from edgewise.decisions.notify.plan import Plan, make_plan
from edgewise.decisions.notify.planned import Planned

DRAWS = 60


@pytest.fixture(scope="module")
def plan(learnt) -> Plan:
    """A plan that leaves nothing to chance."""
    return make_plan(learnt.features, learnt.fitted, entered(learnt, 0.0))


def entered(learnt, explore, seed=0, **changes):
    entry = learnt.entered(per_week=3, holdout=0.0, **changes)
    return entry.model_copy(update={"explore": explore, "random_seed": seed})


def draw(learnt, plan, explore, seed, **changes) -> tuple[Planned, np.ndarray]:
    """All sends, user by user in order of time, and which of them are held back."""
    out, held = explored(
        learnt.past, plan.menu, plan.planned, entered(learnt, explore, seed, **changes), plan.cost
    )
    both = Planned(*(np.concatenate([getattr(out, f), getattr(held, f)]) for f in Planned.__dataclass_fields__))
    order = np.lexsort((both.at, both.user))
    return both.of(order), (np.arange(len(both)) >= len(out))[order]


def own(planned: Planned) -> Planned:
    return planned.of(np.lexsort((planned.at, planned.user)))


def changed(one: Planned, other: Planned) -> np.ndarray:
    return (one.at != other.at) | (one.message != other.message) | (one.channel != other.channel)


def test_chances_are_right_on_average(learnt, plan):
    before, n = own(plan.planned), len(plan.planned)
    assert n > 100
    held_back, stayed, replaced = [], [], []
    for seed in range(DRAWS):
        mixed, held = draw(learnt, plan, 0.2, seed)
        assert np.allclose(mixed.chance, 0.9)
        new = changed(before, mixed)
        held_back.append((held / (1 - mixed.chance)).sum())
        stayed.append((~new / mixed.choice).sum())
        replaced.append(new.mean())
    for counts in (held_back, stayed):
        assert abs(np.mean(counts) - n) < 4 * np.std(counts) / np.sqrt(DRAWS) + 1e-9
    assert np.std(held_back) > 0
    # at most one send of each user, so a little less often than that share
    assert 0.05 < np.mean(replaced) <= 0.11


def test_every_other_option_is_drawn_with_the_chance_that_is_written_down(learnt, plan):
    before = own(plan.planned)
    found = defaultdict(list)
    for seed in range(DRAWS):
        mixed, _ = draw(learnt, plan, 1.0, seed, most_per_hour=1.0)
        for i in np.flatnonzero(changed(before, mixed)):
            found[i].append((mixed.at[i], mixed.message[i], mixed.channel[i], round(0.5 / mixed.choice[i])))
    few = {i: rows for i, rows in found.items() if rows[0][3] <= 4 and len(rows) >= 25}
    assert few
    assert all(len({row[3] for row in rows}) == 1 for rows in found.values())
    assert all(len(set(rows)) <= rows[0][3] for rows in found.values())
    assert np.mean([len(set(rows)) == rows[0][3] for rows in few.values()]) > 0.9


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000))
def test_what_chance_puts_in_keeps_to_what_is_allowed(learnt, plan, seed):
    past, before = learnt.past, own(plan.planned)
    mixed, held = draw(learnt, plan, 1.0, seed, budget={"sends": 10_000})
    new = changed(before, mixed)
    assert new.any()
    assert held.any()
    assert (past.users.consent[mixed.user, mixed.channel] <= past.at).all()
    assert (past.lost[mixed.user, mixed.channel] > past.at).all()
    assert np.isin(local_hour(past, mixed.user, mixed.at), learnt.entry.quiet.allowed()).all()
    assert len({*zip(mixed.user.tolist(), mixed.message.tolist(), strict=True)}) == len(mixed)
    same = np.diff(mixed.user) == 0
    assert np.diff(mixed.at)[same].min(initial=DAY) >= learnt.entry.spacing_hours * HOUR
    _, of_user = np.unique(mixed.user[new], return_counts=True)
    assert of_user.max() == 1
    assert (mixed.gain > 0).all()


def test_draws_are_the_same_every_time_and_others_with_another_seed(learnt, plan):
    one, held = draw(learnt, plan, 0.5, 3)
    again, same = draw(learnt, plan, 0.5, 3)
    for name in Planned.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    np.testing.assert_array_equal(held, same)
    assert not np.array_equal(held, draw(learnt, plan, 0.5, 4)[1])


def test_none_is_left_to_chance_without_a_share(learnt, plan):
    assert len(plan.held) == 0
    assert (plan.planned.chance == 1).all()
    assert (plan.planned.choice == 1).all()
