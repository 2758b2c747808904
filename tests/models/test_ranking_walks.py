"""Walks over item-item graphs: settings chosen by the data."""

import json

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import ALWAYS, DAY
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.evidence import Evidence, Meetings
from edgewise.models.candidates.lowpass import low_pass_graph
from edgewise.models.candidates.merge import Pool
from edgewise.models.candidates.neighbours import Next, Together
from edgewise.models.contract import Budget, Quiet
from edgewise.models.forest import summed
from edgewise.models.ranker_mix import Mix, _steadiest, choose_mix, mixed
from edgewise.models.ranker_trees import (
    ALONE,
    Grown,
    TreeSettings,
    binned,
    choose_trees,
    fit_trees,
    grow,
    score_trees,
)
from edgewise.models.ranking_data import hold_out
from edgewise.models.ranking_lists import mean_average_precision, ranked
from edgewise.models.ranking_tables import RankingTable
from edgewise.models.ranking_walks import Walks, choose_walks
from edgewise.prediction.online.trees import PackedTrees
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Labels, Ragged, Seeds, TaskSpec


def meetings(rows, timed=True):
    rows = np.array(rows, dtype=np.int64)
    at = rows[:, 2] * DAY if timed else np.full(len(rows), ALWAYS)
    order = np.lexsort((rows[:, 2], rows[:, 0]))
    return Meetings(rows[order, 0], rows[order, 1], at[order])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 9)), min_size=4, max_size=40),
    st.sampled_from([0.2, 0.5]),
)
def test_low_pass_graph_equals_the_filter_written_out(rows, alpha):
    met = np.zeros((6, 8))
    for user, item, _ in rows:
        met[user, item] = 1
    length, degree = np.maximum(met.sum(1, keepdims=True), 1), np.maximum(met.sum(0), 1)
    plain = (met / length ** (2 * alpha)).T @ met / degree[:, None] ** 0.6 / degree**0.4
    _, strength, tastes = np.linalg.svd(met / length**0.5 / degree**0.5, full_matrices=False)
    kept = tastes[strength > 1e-3]
    ideal = kept.T @ kept / degree[:, None] ** 0.5 * degree**0.5
    expected = plain + 0.3 * np.linalg.eigvals(plain).real.max() * ideal
    np.fill_diagonal(expected, 0)
    found = low_pass_graph(
        meetings(rows), 6, 8, neighbours=8, cap=8, alpha=alpha, beta=0.6, beta_to=0.4, ideal=0.3, rank=8
    )
    for i in range(8):
        walked = np.zeros(8)
        near = found.items[i] >= 0
        walked[found.items[i][near]] = found.weights[i][near]
        # the largest eigenvalue is found by so many steps: where two are close, it is a little too small
        np.testing.assert_allclose(walked, np.maximum(expected[i], 0), rtol=1e-2, atol=2e-3)


def test_walks_see_nothing_after_the_anchor():
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.integers(0, 30, 400), rng.integers(0, 20, 400), rng.integers(0, 40, 400)])
    other = rows.copy()
    late = rows[:, 2] > 20
    other[late, 1] = rng.permutation(other[late, 1])
    who, at = np.arange(30), np.full(30, 20 * DAY)
    for walk in (Together(beta_to=0.2, depth=5), Together(ideal=0.3), Next(back=0.5, reach=0.5, beta_to=0.1)):
        a, b = (walk.propose(AsOf(Evidence(30, 20, meetings(r))), who, at) for r in (rows, other))
        np.testing.assert_array_equal(a.items, b.items)
        np.testing.assert_array_equal(a.scores, b.scores)


@pytest.fixture(scope="module")
def chains():
    """People who walk through a circle of things, each step one further: what is next depends on the last."""
    rng = np.random.default_rng(3)
    rows = [
        (u, (start + step) % 30, step) for u, start in enumerate(rng.integers(0, 30, 200)) for step in range(6)
    ]
    target = Ragged(np.arange(201), np.array([(rows[6 * u][1] + 6) % 30 for u in range(200)]))
    return meetings(rows, timed=False), target


def test_an_order_that_says_something_is_found(chains):
    history, target = chains
    asof = AsOf(Evidence(200, 30, history))
    who, at = np.arange(200), np.zeros(200, dtype=np.int64)
    walks, tried = choose_walks(asof, who, at, target, 1, Budget(60))
    assert walks.ordered
    assert walks.after is not None
    found = walks.after.propose(asof, who, at).items[:, 0]
    assert (found == target.values).mean() > 0.9
    assert max(tried.values()) > 0.9
    assert choose_walks(asof, who, at, target, 1, Budget(60)) == (walks, tried)


def test_without_time_to_search_the_first_settings_stand(chains):
    history, target = chains
    asof = AsOf(Evidence(200, 30, history))
    walks, tried = choose_walks(asof, np.arange(200), np.zeros(200, np.int64), target, 1, Budget(0))
    assert len(tried) == 2
    assert isinstance(walks, Walks)


def test_training_hides_the_last_links_where_order_matters():
    labels = Labels(
        Seeds("users", np.array([0, 1]), np.zeros(2, np.int64)),
        Ragged(np.array([0, 5, 6]), np.array([3, 1, 4, 0, 5, 2])),
    )
    spec = TaskSpec(TaskKind.STATIC_RANKING, "users", 0, item="items")
    parts = hold_out(spec, labels, 0.4, 0, last=True)
    assert parts.labels.target.values.tolist() == [0, 5]
    assert parts.known.right.tolist() == [3, 1, 4, 2]


def test_trees_are_grown_on_the_losses_that_rank_best_on_validation():
    table, target = scored(np.random.default_rng(0).normal(size=(6000, 3)), lambda v: v[:, 0], 20)
    asked = (table, table, target, 5, [0, 1, 2], 0)
    trees, grown, tried = choose_trees(*asked, both=True, budget=Budget(600), progress=Quiet())
    assert len(tried) == 9
    found = ranked(table.pool, score_trees(trees, table, [0, 1, 2], grown.rounds), 5)
    value = mean_average_precision(found, target, 5)
    assert value == pytest.approx(max(tried.values()), rel=ALONE - 1)
    assert set(grown.losses) <= {"LambdaRank", "log loss"}
    assert Grown.from_json(json.loads(json.dumps(grown.to_json()))) == grown
    again = grow(table, 5, grown, [0, 1, 2], 0)
    assert np.array_equal(score_trees(again, table, [0, 1, 2], grown.rounds),
                          score_trees(trees, table, [0, 1, 2], grown.rounds))  # fmt: skip
    _, alone, tried = choose_trees(
        table, table, target, 5, [0, 1, 2], 0, both=False, budget=Budget(600), progress=Quiet()
    )
    assert alone.losses == ["LambdaRank"]
    assert len(tried) == 3
    _, late, _ = choose_trees(*asked, both=True, budget=Budget(0), progress=Quiet())
    assert late.losses == ["LambdaRank"]


def test_one_set_of_histograms_serves_both_losses():
    table, _ = scored(np.random.default_rng(1).normal(size=(6000, 3)), lambda v: v[:, 0], 20)
    shared = binned(table, [0, 1, 2])
    for pointwise in (False, True):
        how = TreeSettings(rounds=12, pointwise=pointwise)
        together, alone = (fit_trees(data, 5, how, 0) for data in (shared, binned(table, [0, 1, 2])))
        assert np.array_equal(*(score_trees(trees, table, [0, 1, 2], 12) for trees in (together, alone)))


def test_models_are_summed_tree_by_tree():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 3)).astype(np.float32)
    x[::7, 1] = np.nan
    y = (x[:, 0] + rng.normal(size=800) > 0).astype(np.float32)
    quiet = {"verbosity": -1, "num_threads": 1}
    first = lgb.train({"objective": "binary", **quiet}, lgb.Dataset(x, y), 12)
    second = lgb.train({"objective": "lambdarank", **quiet}, lgb.Dataset(x, y, group=[40] * 20), 9)
    both = summed([(first, 10, 0.25), (second, 7, 3.0)])
    expected = 0.25 * first.predict(x, raw_score=True, num_iteration=10)
    expected = expected + 3.0 * second.predict(x, raw_score=True, num_iteration=7)
    assert both.num_trees() == 17
    assert np.allclose(both.predict(x, raw_score=True), expected, atol=1e-12)
    packed = PackedTrees.parse(both.model_to_string(), 17).predict(x)
    assert np.array_equal(packed, both.predict(x, raw_score=True, num_threads=1).astype(np.float32))


def test_a_blend_weighs_what_helps_and_is_kept():
    table, target = scored(np.random.default_rng(0).normal(size=(9000, 2)), lambda v: v.sum(axis=1), 30)
    nothing = np.zeros(len(table.features), dtype=np.float32)
    mix = choose_mix(table, nothing, nothing, target, 5, blend=True)
    assert mix.kind == "blend"
    assert {name for name, _ in mix.blend} >= {"score a", "score b"}
    assert not mix.asks_network
    assert Mix.from_json(json.loads(json.dumps(mix.to_json()))) == mix
    figures = dict(mix.tried)
    found = ranked(table.pool, mixed(mix, table, nothing, nothing), 5)
    assert mean_average_precision(found, target, 5) == max(figures.values()) > 1.2 * figures["score a"]


def test_the_network_joins_the_trees_only_where_it_clearly_helps():
    options = [*(Mix("scorers", network=weight) for weight in (0.0, 0.5, 1.0)), Mix("column", column="score a")]
    assert _steadiest(options, [0.1794, 0.1797, 0.1714, 0.1]) == 0, "a gain within the noise"
    assert _steadiest(options, [0.17, 0.1797, 0.1798, 0.1]) == 1, (
        "of those that help, the one that leans least on it"
    )
    assert _steadiest(options, [0.1794, 0.1797, 0.1714, 0.18]) == 3, "a rule that is best stays best"


def scored(values, worth, width):
    """A table of pools of so many candidates, of which those with much worth came true, and its target."""
    values = values.astype(np.float32)
    seeds = len(values) // width
    came = worth(values) > np.quantile(worth(values), 0.9)
    pool = Pool(np.arange(seeds + 1) * width, np.tile(np.arange(width), seeds), values[:, :0], values[:, :0])
    lists = [np.flatnonzero(came[i * width : (i + 1) * width]) for i in range(seeds)]
    target = Ragged(np.concatenate([[0], np.cumsum([len(x) for x in lists])]), np.concatenate(lists))
    names = [f"score {letter}" for letter in "abc"[: values.shape[1]]]
    return RankingTable(np.arange(seeds), np.arange(seeds), pool, names, values, came, target.lengths), target
