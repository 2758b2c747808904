"""Parts of the model for entities: steady levels, states built once, trees grown once and within the time."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.models import trees
from edgewise.models.blend import Blend, steadied
from edgewise.models.contract import Budget
from edgewise.models.states import state_of
from edgewise.models.trees import FEWEST_ROUNDS, TreeSettings, grow
from edgewise.query.kinds import TaskKind
from edgewise.state.builder import StateBuilder


def test_a_steady_level_is_taken_where_it_costs_nothing_and_left_where_it_does() -> None:
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, 10.0, (400, 1))
    at = np.repeat(np.arange(4), 100)
    noise, weight = rng.normal(0, 5, (400, 1)), np.ones(400)
    near = steadied(Blend(0.0, {}), y, weight, y + noise, y + rng.normal(0, 5, (400, 1)), at)
    far = steadied(Blend(0.0, {}), y, weight, y + noise, y + 200.0, at)
    assert near.steady == 0.5
    assert far.steady == 0.0


def test_a_score_stays_where_its_level_is_unknown() -> None:
    blend = Blend(0.0, {}, steady=0.5, level=1)
    levels = np.array([[0.0, np.nan], [0.0, 4.0]])
    np.testing.assert_array_equal(blend.calmed(np.array([[1.0], [2.0]]), levels), [[1.0], [3.0]])


def test_states_built_on_from_earlier_ones_are_those_built_anew(planted: Any) -> None:
    spec, labels = planted.task(TaskKind.BINARY)
    builder = StateBuilder.fit(planted.graph, spec, int(labels.seeds.at.max()))
    half = labels.seeds.take(np.arange(0, len(labels), 2))
    state_of(builder, planted.graph, spec, half)
    found = state_of(builder, planted.graph, spec, labels.seeds)
    np.testing.assert_array_equal(found.values, builder.build(planted.graph, spec, labels.seeds).values)


def test_trees_stop_when_the_time_is_up_and_are_not_kept_then() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 4)).astype(np.float32)
    y = x[:, 0] + 0.1 * rng.normal(size=600)
    held, settings = (x[:200], y[:200], None), TreeSettings(rounds=300, patience=300)
    before = len(trees._lately)
    cut = grow("regression_l1", x[200:], y[200:], None, held, settings, budget=Budget(0.0))
    assert cut.booster.current_iteration() <= FEWEST_ROUNDS + 1
    assert len(trees._lately) == before
    whole = grow("regression_l1", x[200:], y[200:], None, held, settings)
    assert whole.rounds > cut.rounds
    assert grow("regression_l1", x[200:], y[200:], None, held, settings, budget=Budget(0.0)) is whole
