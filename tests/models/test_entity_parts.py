"""Parts of the model for entities: steady levels, states built once, trees grown once and within the time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.models import trees
from edgewise.models.blend import Blend, steadied
from edgewise.models.contract import Budget
from edgewise.models.states import state_of
from edgewise.models.targets import Family
from edgewise.models.tree_heads import Rows, TreeHead
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


def rows_of(n: int, useful: int, random_seed: int) -> Rows:
    """A number that depends on the first features of two hundred."""
    rng = np.random.default_rng(random_seed)
    x = rng.normal(size=(n, 200)).astype(np.float32)
    y = x[:, :useful].sum(axis=1, keepdims=True) / np.sqrt(useful) + 0.5 * rng.normal(size=(n, 1))
    return Rows(x, y.astype(np.float64), np.ones(n), np.full(n, np.nan))


def test_with_little_to_learn_from_few_features_have_the_say(tmp_path: Path) -> None:
    head = TreeHead(Family.NUMBERS, 1)
    head.choose(rows_of(300, 2, 0), rows_of(300, 2, 1), 0)
    later = rows_of(2_000, 2, 2)
    assert head.lean_share > 0
    assert {0, 1} <= set(head.lean)
    full = replace(head, lean_share=0.0)
    assert np.abs(head.score(later) - later.y).mean() < np.abs(full.score(later) - later.y).mean()
    head.save(tmp_path)
    np.testing.assert_array_equal(TreeHead.load(tmp_path).score(later), head.score(later))
    before = head.score(later)
    head.again(rows_of(300, 2, 3), 0)
    assert (head.score(later) != before).any(), "lean trees are grown again, too"


def test_where_many_features_matter_lean_trees_have_no_say() -> None:
    head = TreeHead(Family.NUMBERS, 1)
    head.choose(rows_of(6_000, 150, 0), rows_of(2_000, 150, 1), 0)
    assert head.lean_share < 1


def test_what_was_never_negative_is_not_predicted_to_be() -> None:
    rng = np.random.default_rng(0)
    rows = rows_of(400, 2, 0)
    paid = np.maximum(rows.y, 0.0)
    head = TreeHead(Family.NUMBERS, 1)
    head.choose(replace(rows, y=paid), replace(rows, y=paid), 0)
    assert head.scale.back(rng.normal(0, 50, 99)).min() == 0.0
    either = TreeHead(Family.NUMBERS, 1)
    either.choose(rows, rows, 0)
    assert either.score(rows).min() < 0
