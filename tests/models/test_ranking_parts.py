"""Item graphs, pools and lists against obvious twins; what a seed without a reachable positive counts."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Proposed
from edgewise.models.candidates.evidence import Evidence, Meetings
from edgewise.models.candidates.item_graph import co_graph, next_graph
from edgewise.models.candidates.merge import Pool, merge
from edgewise.models.candidates.popular import Own, Popular
from edgewise.models.candidates.read import Plan
from edgewise.models.ranker_net_fit import listwise_loss
from edgewise.models.ranking_data import latest_anchors
from edgewise.models.ranking_lists import filled, mean_average_precision, ranked
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_tables import RankingTable, joined, make_table, parted
from edgewise.tasks.nouns import Labels, Ragged, Ranked, Seeds

USERS, ITEMS = 5, 7
histories = st.lists(
    st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1), st.integers(0, 9)), min_size=1, max_size=40
)


def meetings(rows):
    rows = np.array(sorted(rows, key=lambda r: (r[0], r[2])), dtype=np.int64)
    return Meetings(rows[:, 0], rows[:, 1], rows[:, 2] * DAY)


def dense(graph):
    out = np.zeros((ITEMS, ITEMS))
    for i in range(ITEMS):
        for j, w in zip(graph.items[i], graph.weights[i], strict=True):
            if j >= 0:
                out[i, j] = w
    return out


def plain_filter(met, alpha, beta, beta_to):
    length, degree = np.maximum(met.sum(1, keepdims=True), 1), np.maximum(met.sum(0), 1)
    found = (met / length ** (2 * alpha)).T @ met / degree[:, None] ** beta / degree**beta_to
    np.fill_diagonal(found, 0)
    return found


@settings(max_examples=40, deadline=None)
@given(histories, st.sampled_from([0.0, 0.5]), st.sampled_from([0.7, 1.0]), st.sampled_from([0.2, 0.5]))
def test_co_graph_equals_matrix_product(rows, alpha, power, beta_to):
    met = np.zeros((USERS, ITEMS))
    for user, item, _ in rows:
        met[user, item] = 1
    expected = plain_filter(met, alpha, 0.5, beta_to) ** power
    found = co_graph(
        meetings(rows), USERS, ITEMS, neighbours=ITEMS, alpha=alpha, beta=0.5, beta_to=beta_to, power=power
    )
    np.testing.assert_allclose(dense(found), expected, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(histories, st.sampled_from([0.5, 1.0]), st.sampled_from([0.0, 0.5]))
def test_next_graph_equals_counting(rows, reach, back):
    history = meetings(rows)
    expected = np.zeros((ITEMS, ITEMS))
    degree = np.maximum(np.bincount(history.right, minlength=ITEMS), 1).astype(float)
    for user in range(USERS):
        mine = history.left == user
        moments = np.unique(history.at[mine])
        for a, i in zip(history.at[mine], history.right[mine], strict=True):
            for b, j in zip(history.at[mine], history.right[mine], strict=True):
                step = np.searchsorted(moments, b) - np.searchsorted(moments, a)
                if 0 < step <= 2 and i != j:
                    expected[i, j] += degree[i] ** -0.3 * degree[j] ** -0.1 / step**reach
                    expected[j, i] += back * degree[j] ** -0.3 * degree[i] ** -0.1 / step**reach
    found = next_graph(
        history, USERS, ITEMS, neighbours=ITEMS, window=2, beta=0.3, beta_to=0.1, reach=reach, back=back
    )
    np.testing.assert_allclose(dense(found), expected, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(-1, 6), min_size=3, max_size=3), min_size=2, max_size=2))
def test_merge_keeps_every_item_once_with_its_ranks(lists):
    lists = [list(dict.fromkeys(x)) + [MISSING] * 3 for x in lists]
    proposals = [Proposed(np.array([x[:3]]), np.ones((1, 3), dtype=np.float32)) for x in lists]
    pool = merge(proposals, 1)
    assert pool.items.tolist() == sorted({i for x in lists for i in x[:3]} - {MISSING})
    for c, item in enumerate(pool.items):
        for j, x in enumerate(lists):
            expected = x[:3].index(item) + 1 if item in x[:3] else np.nan
            np.testing.assert_equal(pool.ranks[c, j], np.float32(expected))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.permutations(range(6)), min_size=2, max_size=2), st.integers(1, 6), st.integers(1, 6))
def test_items_beyond_the_width_give_scores_but_are_no_candidates(lists, first, second):
    widths = [first, second]
    worth = np.arange(6, 0, -1, dtype=np.float32)[None]
    pool = merge([Proposed(np.array([x]), worth) for x in lists], 1, widths)
    assert pool.items.tolist() == sorted({i for x, w in zip(lists, widths, strict=True) for i in x[:w]})
    for c, item in enumerate(pool.items):
        assert pool.ranks[c].tolist() == [x.index(item) + 1 for x in lists]


def test_ties_go_to_the_smaller_row_and_short_lists_are_filled():
    pool = Pool(
        np.array([0, 3, 3]), np.array([2, 4, 6]), np.zeros((3, 1), np.float32), np.zeros((3, 1), np.float32)
    )
    found = ranked(pool, np.array([1.0, 2.0, 1.0], dtype=np.float32), 2)
    assert found.items.tolist() == [[4, 2], [MISSING, MISSING]]
    full = filled(found, np.array([[4, 1], [4, 1]]))
    assert full.items.tolist() == [[4, 2], [4, 1]]


def test_channels_read_only_what_was_visible():
    history = meetings([(0, 1, 1), (0, 2, 3), (1, 2, 3), (1, 3, 8)])
    asof = AsOf(Evidence(USERS, ITEMS, history))
    rows, at = np.array([0, 1, -1]), np.array([2, 9, 2]) * DAY
    assert Own(width=2).propose(asof, rows, at).items.tolist() == [[1, -1], [3, 2], [-1, -1]]
    assert Popular(width=1).propose(asof, rows, at).items[:, 0].tolist() == [1, 2, 1]


def test_seeds_without_a_reachable_positive_count_in_training_and_in_every_figure():
    history = meetings([(0, 1, 1), (1, 2, 1)])
    asof = AsOf(Evidence(USERS, ITEMS, history))
    labels = Labels(
        Seeds("users", np.array([0, 1, 2]), np.full(3, 5 * DAY)),
        Ragged(np.array([0, 1, 2, 2]), np.array([1, 6])),  # user 1's item is out of reach, user 2 has none
    )
    kept = latest_anchors(labels, 4, 100, 0)
    assert kept.seeds.rows.tolist() == [0, 1]
    setup = Setup(Plan(), static=False, again=True)
    table = make_table(setup, asof, [Own(), Popular()], kept.seeds.rows, kept.seeds.at, kept.target, 0.5)
    assert table.wanted.tolist() == [1, 1]
    reached = np.bincount(table.pool.seed_of, table.came, minlength=2)
    assert reached.tolist() == [1, 0]
    perfect = Ranked(np.array([[1], [2]]), np.ones((2, 1), dtype=np.float32))
    assert mean_average_precision(perfect, kept.target, 1) == 0.5

    logits, none = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, requires_grad=True)
    came = torch.tensor([[1.0, 0, 0], [0, 0, 0]])
    listwise_loss(logits, none, came, torch.ones(2)).backward()
    assert none.grad is not None
    assert none.grad[1] < 0 < none.grad[0]
    assert (logits.grad[1] > 0).all()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=4), min_size=1, max_size=4), st.integers(0, 99))
def test_joined_tables_come_apart_as_they_were(sizes, random_seed):
    rng = np.random.default_rng(random_seed)
    tables = []
    for of in sizes:
        indptr, n = np.cumsum([0, *of]), sum(of)
        pool = Pool(indptr, rng.integers(0, 9, n), rng.random((n, 2)), rng.random((n, 2)))
        came, wanted = rng.random(n) < 0.5, rng.integers(0, 3, len(of))
        tables.append(
            RankingTable(np.arange(len(of)), np.arange(len(of)), pool, ["a"], rng.random((n, 1)), came, wanted)
        )
    whole = joined(tables)
    for before, after in zip(tables, parted(whole, [len(t) for t in tables]), strict=True):
        for name in ("rows", "at", "features", "came", "wanted"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        for name in ("indptr", "items", "scores", "ranks"):
            np.testing.assert_array_equal(getattr(after.pool, name), getattr(before.pool, name))
        assert len(after.features) == 0 or np.shares_memory(after.features, whole.features)
