"""The mark of what can be known of users: it rests on their history, and not on what is planted of them."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.decisions.messaging_knowable import plan_knowable

from edgewise.worlds.messaging import SIZES, Messaging, messaging
from edgewise.worlds.messaging.referee import DAYS, ORACLE, POLICIES, figures


@pytest.fixture(scope="module")
def world() -> Messaging:
    return messaging(SIZES["small"])


def gained(world: Messaging, sends: object) -> float:
    return float(
        np.mean([figures(world, world.step(sends, days=DAYS, luck_seed=k))["gained"] for k in range(1, 31)])
    )


def test_it_lies_between_the_baselines_and_the_oracle(world: Messaging) -> None:
    mark, oracle = gained(world, plan_knowable(world, particles=500)), gained(world, ORACLE(world))
    assert max(gained(world, policy(world)) for policy in POLICIES.values()) < mark < oracle


def test_nothing_planted_of_a_user_is_seen(world: Messaging) -> None:
    people = world.planted.people
    hidden = ("visits", "rate", "spends", "peak", "opens", "clicks", "buys", "saves", "tires", "leaves", "annoyed")
    upside_down = people._replace(
        kind=people.kind[::-1],
        relevance=people.relevance[::-1],
        **{name: getattr(people, name)[::-1] for name in hidden},
    )
    other = Messaging(
        **{name: getattr(world, name) for name in world.__slots__}
        | {"planted": world.planted._replace(people=upside_down)}
    )
    assert plan_knowable(other, particles=200).equals(plan_knowable(world, particles=200))
