"""What every world that can go on keeps to as a referee."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from edgewise.decisions.simulate.nouns import Simulated
from edgewise.decisions.simulate.referees import OURS, Referee, referee_of, worlds
from edgewise.decisions.simulate.run import simulate

#: A world small enough to be tried.
SMALL = {
    "lodging": "lodging:small?guests=600&hosts=40&weeks=6",
    "messaging": "messaging:small?users=200&weeks=6",
    "streaming": "streaming?listeners=60&weeks=4&artists=30&playlists=10&podcasts=13",
}
WEEKS, FUTURES = 2, 4


@cache
def referee(world: str) -> Referee:
    """The referee of a small world."""
    return referee_of(SMALL[world])


@cache
def simulated(world: str) -> Simulated:
    """Its baselines and its oracle; what fits models is tried elsewhere."""
    names = [name for name, policy in referee(world).policies.items() if policy.kind in ("baseline", "oracle")]
    return simulate(SMALL[world], names, weeks=WEEKS, futures=FUTURES)


def test_every_world_that_can_go_on_is_tried() -> None:
    assert worlds() == sorted(SMALL)
    assert set(OURS) <= set(worlds())


@pytest.mark.parametrize("world", SMALL)
def test_it_has_baselines_an_oracle_and_a_goal(world: str) -> None:
    kinds = [policy.kind for policy in referee(world).policies.values()]
    assert kinds.count("oracle") == 1
    assert kinds.count("baseline") >= 2
    assert ("edgewise" in kinds) == (world in OURS)
    for figures in simulated(world).figures.values():
        assert referee(world).goal in figures
        assert all(np.isfinite(values).all() and len(values) == FUTURES for values in figures.values())


@pytest.mark.parametrize("world", SMALL)
def test_nobody_does_better_than_who_knows(world: str) -> None:
    goals = {name: figures[simulated(world).goal].mean() for name, figures in simulated(world).figures.items()}
    assert max(goals, key=lambda name: goals[name]) == "oracle"


@pytest.mark.parametrize("world", SMALL)
def test_the_same_policy_meets_the_same_luck(world: str) -> None:
    best = simulated(world).against
    again = simulate(SMALL[world], [best], weeks=WEEKS, futures=2)
    for figure, values in again.figures[best].items():
        assert values.tolist() == simulated(world).figures[best][figure][:2].tolist()


@pytest.mark.parametrize("world", SMALL)
def test_baselines_are_told_the_tables_and_change_nothing(world: str) -> None:
    start = referee(world).world
    before = {name: table.num_rows for name, table in start.tables.items()}
    now = start.now
    step = start.step(referee(world).policies[simulated(world).against].act, days=7, luck_seed=3)
    assert step.world.now > now == start.now
    assert {name: table.num_rows for name, table in start.tables.items()} == before
    assert all((table.schema.metadata or {}).get(b"simulated") == b"true" for table in step.world.tables.values())
