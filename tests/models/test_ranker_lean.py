"""A ranking leans on a simple rule where many windows say so, and not where one odd window does."""

import json
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.models.candidates.merge import Pool
from edgewise.models.candidates.read import Plan
from edgewise.models.ranker_lean import JUDGED, WEIGHTS, _drawn, choose_over_windows, precision_by_window
from edgewise.models.ranker_mix import Mix, leaning, mixed
from edgewise.models.ranking_data import part
from edgewise.models.ranking_lists import mean_average_precision, places, ranked
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_tables import RankingTable
from edgewise.tasks.nouns import Ragged

AGAIN = Setup(Plan(), static=False, again=True)
NAMES = ["own count", "item in 28d", "noise"]


def shelves(windows, seeds, width, like, rng):
    """Windows in each of which other items are on offer; people buy what they had, and what is on offer.

    `like` is how strongly an item's count in the last 28 days says that it is on offer, in each window.
    """
    n = windows * seeds
    own, item = rng.poisson(1.0, (n, width)), rng.normal(size=(windows, width)).repeat(seeds, axis=0)
    worth = own + np.repeat(like, seeds)[:, None] * item + rng.gumbel(size=(n, width))
    came = (worth >= np.sort(worth, axis=1)[:, -3:-2]).reshape(-1)
    values = np.stack([own, item, rng.normal(size=(n, width))], axis=2).reshape(-1, 3).astype(np.float32)
    pool = Pool(np.arange(n + 1) * width, np.tile(np.arange(width), n), values[:, :0], values[:, :0])
    at = np.repeat(np.arange(windows), seeds)
    return RankingTable(np.arange(n), at, pool, NAMES, values, came, np.full(n, 3))


def chosen(like, judged_like):
    rng = np.random.default_rng(0)
    table = shelves(len(like), 60, 20, np.array(like), rng)
    judged = shelves(1, 200, 20, np.array([judged_like]), rng)
    learnt = judged.features[:, 0] + 2.0 * judged.features[:, 1]  # what the windows before would teach
    return choose(table, judged, learnt.astype(np.float32))


def choose(table, judged, trees):
    """The mixture without what was tried of it, and what the rules are worth."""
    nothing = np.zeros_like(trees)
    inside = part(Ragged(judged.pool.indptr, judged.pool.items), judged.came)
    mix, facts = choose_over_windows(table, judged, trees, nothing, inside, 5, AGAIN, [0, 1, 2], 0)
    return replace(mix, tried=()), facts


def test_what_is_on_offer_changes_so_the_rule_counts():
    mix, facts = chosen([2.0, -2.0, -2.0, 2.0, 2.0], -2.0)
    assert mix.rule == "own count"
    assert mix.rule_weight == max(WEIGHTS)
    assert max(facts.values()) > 1.1


def test_where_trees_hold_in_all_windows_nothing_is_leant_on():
    mix, facts = chosen([2.0] * 5, 2.0)
    assert mix == Mix("scorers")
    assert max(facts.values()) < 1.0


def test_one_odd_window_does_not_decide():
    plain, _ = chosen([2.0] * 7, 1.0)
    assert plain.rule_weight == 0


def test_no_table_no_rule():
    rng = np.random.default_rng(0)
    table = shelves(2, 20, 10, np.array([0.0, 0.0]), rng)
    scores = table.features[:, 0]
    assert choose(None, table, scores) == (Mix("scorers"), {})
    other = replace(table, names=["a", "b", "c"])
    assert choose(other, other, scores) == (Mix("scorers"), {})


def pools(draw):
    lengths = draw(st.lists(st.integers(0, 6), min_size=1, max_size=5))
    total = sum(lengths)
    numbers = st.lists(st.integers(-3, 3), min_size=total, max_size=total)
    items = np.concatenate([np.arange(n) * 2 for n in lengths]).astype(np.int64)
    nothing = np.zeros((total, 0), dtype=np.float32)
    pool = Pool(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), items, nothing, nothing)
    return pool, *(np.array(draw(numbers), dtype=np.float32) for _ in range(3))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([0.25, 1.0]))
def test_leaning_written_out(data, weight):
    pool, scores, column, ties = pools(data.draw)
    came = ties > 1
    n = len(pool.indptr) - 1
    names = ["own count", "item in 28d"]
    table = RankingTable(
        np.arange(n), np.arange(n), pool, names, np.stack([column, ties], axis=1), came, np.ones(n, np.int64)
    )
    found = leaning(table, scores, "own count", weight)
    for begin, end in zip(pool.indptr[:-1], pool.indptr[1:], strict=True):
        here = list(range(begin, end))
        by_scores = sorted(here, key=lambda i: (-scores[i], i))
        by_rule = sorted(here, key=lambda i: (-column[i], -ties[i], i))
        joint = {
            i: round(-np.log(by_scores.index(i) + 1) - weight * np.log(by_rule.index(i) + 1), 9) for i in here
        }
        expected = sorted(here, key=lambda i: (-joint[i], i))
        assert sorted(here, key=lambda i: -found[i]) == expected
        assert len({float(found[i]) for i in here}) == len(here), "no two are level"
    assert np.array_equal(places(pool, found), places(pool, np.round(found, 5)))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_precision_by_window_is_mean_average_precision(data):
    pool, scores, _, drawn = pools(data.draw)
    came, n = drawn > 0, len(pool.indptr) - 1
    inside = part(Ragged(pool.indptr, pool.items), came)
    at = np.sort(np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), dtype=np.int64))
    table = RankingTable(np.arange(n), at, pool, [], drawn[:, None], came, inside.lengths)
    windows = np.unique(at[inside.lengths > 0])
    expected = [
        mean_average_precision(ranked(pool, scores, 3), _only(inside, at == window), 3) for window in windows
    ]
    np.testing.assert_allclose(precision_by_window(table, scores, 3, 1), expected)


def _only(target, seeds):
    return part(target, np.repeat(seeds, target.lengths))


def test_windows_are_thinned_evenly():
    window = np.repeat([0, 1, 2], [10, JUDGED, 3 * JUDGED + 1])
    kept = np.bincount(window[_drawn(window)])
    assert kept[0] == 10
    assert kept[1] == JUDGED
    assert JUDGED / 2 < kept[2] <= JUDGED


def test_a_mixture_with_a_rule_is_kept_and_scored():
    rng = np.random.default_rng(2)
    table = shelves(1, 10, 8, np.zeros(1), rng)
    mix = Mix("scorers", rule="own count", rule_weight=1.0)
    assert Mix.from_json(json.loads(json.dumps(mix.to_json()))) == mix
    trees = rng.normal(size=len(table.came)).astype(np.float32)
    plain = mixed(Mix("scorers"), table, trees, trees)
    assert np.array_equal(mixed(mix, table, trees, trees), leaning(table, plain, "own count", 1.0))
