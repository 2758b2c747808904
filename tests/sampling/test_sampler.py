import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import ALWAYS, NEVER
from edgewise.errors import ArgumentError
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.sampling.neighbourhood import Neighbourhood
from edgewise.sampling.reference import Tree, reference_sample
from edgewise.sampling.sampler import sample
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import Seeds

ID = SType.ID


def schema(reply_times: bool) -> Schema:
    """People (static) write posts (timed) on topics; a post may answer another post; marks are static rows."""
    posts = (Column("id", "int64", ID), Column("who", "int64", ID), Column("topic", "int64", ID))
    posts += (Column("answers", "int64", ID), Column("at", "int64", SType.TIMESTAMP))
    return Schema(
        {
            "people": Table("people", (Column("id", "int64", ID),), 0, key="id"),
            "topics": Table(
                "topics",
                (Column("id", "int64", ID), Column("at", "int64", SType.TIMESTAMP)),
                0,
                key="id",
                time="at" if reply_times else None,
            ),
            "posts": Table("posts", posts, 0, key="id", time="at"),
            "marks": Table("marks", (Column("post", "int64", ID), Column("who", "int64", ID)), 0),
        },
        (
            Link("posts", "who", "people"),
            Link("posts", "topic", "topics"),
            Link("posts", "answers", "posts"),
            Link("marks", "post", "posts"),
            Link("marks", "who", "people"),
        ),
    )


def ints(values: list[int | None]) -> pa.Array:
    return pa.array(values, pa.int64())


@st.composite
def graphs(draw: st.DrawFn) -> GraphStore:
    people, topics = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    posts, marks = draw(st.integers(0, 14)), draw(st.integers(0, 6))

    def keys(n: int, limit: int) -> pa.Array:
        key = st.one_of(st.none(), st.integers(0, limit))
        return ints(draw(st.lists(key, min_size=n, max_size=n)))

    def moments(n: int) -> pa.Array:
        moment = st.one_of(st.none(), st.integers(0, 9))
        return ints(draw(st.lists(moment, min_size=n, max_size=n)))

    tables = {
        "people": pa.table({"id": ints(list(range(people)))}),
        "topics": pa.table({"id": ints(list(range(topics))), "at": moments(topics)}),
        "posts": pa.table(
            {
                "id": ints(list(range(posts))),
                "who": keys(posts, people),
                "topic": keys(posts, topics),
                "answers": keys(posts, posts),
                "at": moments(posts),
            }
        ),
        "marks": pa.table({"post": keys(marks, posts), "who": keys(marks, people)}),
    }
    return graph_from_arrays(tables, schema(draw(st.booleans())))


@st.composite
def cases(draw: st.DrawFn) -> tuple[GraphStore, Seeds, list[int], dict]:
    graph = draw(graphs())
    n = draw(st.integers(0, 5))
    rows = draw(st.lists(st.integers(-1, graph.rows("people") - 1), min_size=n, max_size=n))
    at = draw(st.lists(st.integers(-1, 10), min_size=n, max_size=n))
    seeds = Seeds("people", np.array(rows, dtype=np.int64), np.array(at, dtype=np.int64))
    fanouts = draw(st.lists(st.sampled_from([-1, 0, 1, 2, 3]), min_size=1, max_size=3))
    options = {"recent": draw(st.booleans()), "random_seed": draw(st.integers(0, 3)), "back": draw(st.booleans())}
    return graph, seeds, fanouts, options


def as_tree(found: Neighbourhood) -> Tree:
    """A neighbourhood as the links of the reference."""
    tree: Tree = []
    for step in found.steps:
        children = found.levels[step.level + 1][step.hop.dst]
        for e, parent in enumerate(step.parent.tolist()):
            child = step.first + e
            row, at, seed = (int(a[child]) for a in (children.rows, children.at, children.seed))
            tree.append((step.level, step.hop, parent, child, row, at, seed))
    return tree


@settings(max_examples=40, deadline=None)
@given(cases())
def test_the_sampler_equals_its_slow_twin(case: tuple) -> None:
    graph, seeds, fanouts, options = case
    assert as_tree(sample(graph, seeds, fanouts, **options)) == reference_sample(graph, seeds, fanouts, **options)


@settings(max_examples=20, deadline=None)
@given(cases())
def test_no_row_after_the_anchor_at_any_level(case: tuple) -> None:
    graph, seeds, fanouts, options = case
    found = sample(graph, seeds, fanouts, **options)
    for level in found.levels[1:]:
        for table, frontier in level.items():
            assert (frontier.at <= seeds.at[frontier.seed]).all()
            assert (frontier.at == graph.times(table)[frontier.rows]).all()


@settings(max_examples=20, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_any_part_of_a_batch_is_the_batch_of_that_part(case: tuple, random) -> None:
    graph, seeds, fanouts, options = case
    found = sample(graph, seeds, fanouts, **options)
    some = np.array([random.randrange(len(seeds)) for _ in range(4)] if len(seeds) else [], dtype=np.int64)
    alone = sample(graph, seeds.take(some), fanouts, **options)
    assert as_tree(found.take(some)) == as_tree(alone)
    for step in found.take(some).steps:
        assert (np.repeat(np.arange(len(step.indptr) - 1), np.diff(step.indptr)) == step.parent).all()


def star(posts: int, times: list[int] | None = None) -> GraphStore:
    """One person with many posts on one topic."""
    zeros = ints([0] * posts)
    tables = {
        "people": pa.table({"id": ints([0])}),
        "topics": pa.table({"id": ints([0]), "at": ints([0])}),
        "posts": pa.table(
            {
                "id": ints(list(range(posts))),
                "who": zeros,
                "topic": zeros,
                "answers": ints([None] * posts),
                "at": ints(times or list(range(posts))),
            }
        ),
        "marks": pa.table({"post": ints([]), "who": ints([])}),
    }
    return graph_from_arrays(tables, schema(False))


POSTS = Hop("people", "posts", "who", "posts", True)


def test_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.sampling.sampler._CHUNK", 3)
    graph = star(40)
    seeds = Seeds("people", np.zeros(25, dtype=np.int64), np.arange(25))
    for recent in (True, False):
        trees = [
            as_tree(sample(graph, seeds, [5, 3], recent=recent, random_seed=3, threads=threads))
            for threads in (1, 2, 5)
        ]
        assert trees[0] == trees[1] == trees[2]


def test_recent_takes_the_latest_visible_oldest_first() -> None:
    seeds = Seeds("people", np.array([0]), np.array([30]))
    found = sample(star(40), seeds, [{POSTS: 4}])
    assert found.levels[1]["posts"].rows.tolist() == [27, 28, 29, 30]


def test_uniform_is_uniform_without_replacement() -> None:
    graph, n, k, draws = star(12), 10, 4, 3000
    seeds = Seeds("people", np.zeros(1, dtype=np.int64), np.array([n - 1]))
    times = np.zeros(n)
    pairs = np.zeros((n, n))
    for random_seed in range(draws):
        rows = sample(graph, seeds, [{POSTS: k}], recent=False, random_seed=random_seed).levels[1]["posts"].rows
        assert len(set(rows.tolist())) == k
        times[rows] += 1
        pairs[np.ix_(rows, rows)] += 1
    expected = draws * k / n
    assert (((times - expected) ** 2 / expected).sum()) < 27.9  # chi-square, 9 degrees, p = .001
    together = pairs[np.triu_indices(n, 1)] / draws
    assert abs(together - k * (k - 1) / (n * (n - 1))).max() < 0.035


def test_rows_with_the_same_keys_draw_independently_by_anchor() -> None:
    graph = star(60)
    seeds = Seeds("people", np.zeros(8, dtype=np.int64), np.arange(50, 58))
    found = sample(graph, seeds, [{POSTS: 5}], recent=False).levels[1]["posts"]
    assert len({tuple(found.rows[found.seed == i].tolist()) for i in range(8)}) == 8


def test_future_rows_change_nothing() -> None:
    times = list(range(20))
    late = [*times[:10], *times[:9:-1]]  # the rows after the anchor in another order
    seeds = Seeds("people", np.array([0]), np.array([9]))
    for recent in (True, False):
        one, other = (as_tree(sample(star(20, t), seeds, [3, 3], recent=recent)) for t in (times, late))
        assert one == other


def test_hops_limit_the_walk_and_fanouts_may_differ() -> None:
    graph = star(9)
    topic = Hop("posts", "posts", "topic", "topics", False)
    seeds = Seeds("people", np.array([0]), np.array([100]))
    found = sample(graph, seeds, [5, 5], hops={POSTS, topic})
    assert [(step.hop, len(step)) for step in found.steps] == [(POSTS, 5), (topic, 5)]
    assert found.links == 10
    assert [len(s) for s in sample(graph, seeds, [{POSTS: 2}, {topic: -1}]).steps] == [2, 2]


def test_a_missing_seed_has_no_neighbours() -> None:
    found = sample(star(3), Seeds("people", np.array([-1, 0]), np.array([5, 5])), [2])
    assert found.levels[0]["people"].at.tolist() == [NEVER, ALWAYS]
    assert found.levels[1]["posts"].seed.tolist() == [1, 1]


def test_seeds_out_of_range_are_refused() -> None:
    with pytest.raises(ArgumentError, match="rows 0 to 0"):
        sample(star(3), Seeds("people", np.array([1]), np.array([5])), [2])
    with pytest.raises(ArgumentError, match="no anchor"):
        sample(star(3), Seeds("people", np.array([0]), np.array([NEVER])), [2])


def test_hops_that_are_not_there_are_refused() -> None:
    seeds = Seeds("people", np.array([0]), np.array([5]))
    for options in (
        {"fanouts": [{POSTS._replace(column="whom"): 2}]},
        {"fanouts": [2], "hops": [POSTS._replace(reverse=False)]},
    ):
        with pytest.raises(ArgumentError, match="the graph has no hop 'people"):
            sample(star(3), seeds, **options)
