"""What things are worth to a person, beside a twin of array operations."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.decisions.asked import CROWD, Asked, worth_of, worths


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 40))
def test_values_are_those_of_the_slow_twin(seed, n) -> None:
    rng = np.random.default_rng(seed)
    known = np.where(rng.random(50) < 0.5, 0, rng.random(50)).astype(np.float32)
    category, creator = (rng.integers(-1, 5, 50).astype(np.int32) for _ in range(2))
    near = [np.append(rng.random(5).astype(np.float32) / 2, np.float32(0)) for _ in range(2)]
    items, unknown = rng.integers(0, 50, n), np.float32(rng.random())
    for times in (np.float32(1.0), CROWD):
        found = worth_of(items, known, unknown, category, creator, near[0], near[1], times)
        affinity = near[0][category[items]] + near[1][creator[items]]
        wanted = np.where(known[items] == 0, unknown * (0.3 + 0.7 * affinity), known[items]) * times
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, wanted.astype(np.float32))


def test_a_list_of_ones_own_keeps_its_values(world) -> None:
    asked = Asked(world.answers, world.surfaces, world.person(7), world.now)
    mine = asked.for_user("tracks")
    np.testing.assert_array_equal(asked.worth("tracks", mine.items), worths(mine))
    others = np.setdiff1d(np.arange(240), mine.items)
    assert asked.worth("tracks", others).max(initial=0) <= max(worths(mine).min(), 0.05)
