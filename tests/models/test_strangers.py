"""Strangers to the items: what they did elsewhere serves them, else what is popular."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranking_samples import history_of, labels_at

from edgewise.clock import ALWAYS, DAY
from edgewise.graph.memory import graph_from_arrays
from edgewise.ids import MISSING
from edgewise.models.candidates.cross_graph import cross_graph
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.neighbours import Together
from edgewise.models.contract import Budget, Quiet
from edgewise.models.ranker import EdgewiseRanker
from edgewise.models.ranking_elsewhere import Elsewhere, MetElsewhere, choose_elsewhere, facts_elsewhere
from edgewise.models.ranking_lists import mean_average_precision
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_spare import spare_items, strangers, with_spare
from edgewise.models.ranking_walks import Walks
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import Ragged, Ranked, Seeds, TaskSpec

USERS, GAMES, FILMS, GROUPS, K = 120, 60, 80, 4, 5
ANCHORS = [DAY * d for d in (28, 35, 42, 49, 56)]
LAST = 63 * DAY


def _ids(*names):
    return tuple(Column(name, "int64", SType.ID) for name in names)


AT = Column("at", "int64", SType.TIMESTAMP)
SCHEMA = Schema(
    {
        "users": Table("users", _ids("user_id"), USERS, "user_id"),
        "games": Table("games", _ids("game_id"), GAMES, "game_id"),
        "films": Table("films", _ids("film_id"), FILMS, "film_id"),
        "plays": Table("plays", (*_ids("user_id", "game_id"), AT), 0, time="at"),
        "views": Table("views", (*_ids("user_id", "film_id"), AT), 0, time="at"),
    },
    (
        Link("plays", "user_id", "users"),
        Link("plays", "game_id", "games"),
        Link("views", "user_id", "users"),
        Link("views", "film_id", "films"),
    ),
)


def rows_of(things, each, random_seed, begins):
    """(user, thing, time) of users who keep to the things of their group; `begins` is each one's first day."""
    rng = np.random.default_rng(random_seed)
    made = []
    for user in range(USERS):
        own = np.flatnonzero(np.arange(things) % GROUPS == user % GROUPS)
        for thing in rng.choice(own, each):
            made.append((user, int(thing), int(rng.uniform(begins[user], 70) * DAY)))
    return np.array(sorted(made, key=lambda r: (r[2], r[0], r[1])), dtype=np.int64)


def world(plays, views):
    """Graph and spec."""
    tables = {
        "users": pa.table({"user_id": np.arange(USERS)}),
        "games": pa.table({"game_id": np.arange(GAMES)}),
        "films": pa.table({"film_id": np.arange(FILMS)}),
        "plays": pa.table({"user_id": plays[:, 0], "game_id": plays[:, 1], "at": plays[:, 2]}),
        "views": pa.table({"user_id": views[:, 0], "film_id": views[:, 1], "at": views[:, 2]}),
    }
    spec = TaskSpec(TaskKind.RANKING, "users", 7 * DAY, item="games", k=K, history=history_of(plays, USERS))
    return graph_from_arrays(tables, SCHEMA), spec


class Case:
    """A shop of games where every sixth user comes late, having seen films before."""

    def __init__(self):
        late = np.where(np.arange(USERS) % 6 == 0, 63.1, 0.0)
        self.plays, self.views = rows_of(GAMES, 14, 0, late), rows_of(FILMS, 25, 1, np.zeros(USERS))
        self.graph, self.spec = world(self.plays, self.views)
        self.train, self.valid = (
            labels_at(self.plays, ANCHORS[:4], USERS),
            labels_at(self.plays, ANCHORS[4:], USERS),
        )
        self.model = EdgewiseRanker()
        self.model.fit(self.graph, self.spec, self.train, self.valid, budget=Budget(600), progress=Quiet())
        self.asked = Seeds("users", np.arange(0, USERS, 6), np.full(USERS // 6, LAST))

    def asof(self, spec=None, graph=None):
        setup = Setup.fit(self.graph, self.spec, self.train)
        seeds = Seeds("users", np.arange(USERS), np.full(USERS, LAST))
        return setup, setup.world(graph or self.graph, spec or self.spec, seeds, whole=True)


@pytest.fixture(scope="module")
def case():
    return Case()


def test_strangers_are_those_who_have_met_nothing(case):
    _, asof = case.asof()
    rows = np.append(np.arange(USERS), MISSING)
    expected = np.append(np.arange(USERS) % 6 == 0, True)
    np.testing.assert_array_equal(strangers(asof, rows, np.full(len(rows), LAST)), expected)


def test_what_strangers_saw_elsewhere_serves_them_better_than_what_is_popular(case):
    truth = labels_at(case.plays, [LAST], USERS).take(case.asked.rows)
    found = case.model.predict(case.graph, case.spec, case.asked)
    setup, asof = case.asof()
    popular = spare_items(setup, asof, case.asked.rows, case.asked.at, K)[:, :K]
    ours = mean_average_precision(found, truth.target, K)
    theirs = mean_average_precision(type(found)(popular, np.zeros(popular.shape, np.float32)), truth.target, K)
    assert ours > 1.5 * theirs
    assert (found.items != MISSING).all()
    assert (found.items % GROUPS == case.asked.rows[:, None] % GROUPS).mean() > 0.8


def test_what_serves_those_who_did_nothing_elsewhere_is_another_matter(case):
    before = case.model.predict(case.graph, case.spec, case.asked)
    mix = case.model._mix
    try:
        case.model._mix = replace(mix, popular_for_strangers=not mix.popular_for_strangers)
        after = case.model.predict(case.graph, case.spec, case.asked)
    finally:
        case.model._mix = mix
    np.testing.assert_array_equal(after.items, before.items)


def test_who_did_nothing_anywhere_gets_what_is_popular(case):
    unknown = Seeds("users", np.array([MISSING]), np.array([LAST]))
    setup, asof = case.asof()
    found = case.model.predict(case.graph, case.spec, unknown)
    np.testing.assert_array_equal(found.items, spare_items(setup, asof, unknown.rows, unknown.at, K)[:, :K])


def test_lists_longer_than_pools_go_on_with_what_the_walk_reaches(case):
    setup, asof = case.asof()
    walk = Together(width=3, neighbours=20, alpha=0.0, beta=0.5)
    setup = replace(setup, walks=Walks(walk, None, ordered=False))
    who, at, long = np.array([1, 2, 0]), np.full(3, LAST), 12
    found = Ranked(np.full((3, long), MISSING), np.full((3, long), -np.inf, dtype=np.float32))
    found.items[0, 0] = 2
    items = with_spare(setup, asof, who, at, found, popular_for_strangers=True).items
    assert items[0, 0] == 2
    assert (items[0, 1:6] % GROUPS == 1).all()  # all of the group that this user has not met
    assert (items[1, :4] % GROUPS == 2).all()
    assert (items != MISSING).all()
    assert items[2].tolist() == spare_items(setup, asof, who, at, long)[2, :long].tolist()


def test_a_saved_ranker_serves_strangers_alike(case, tmp_path):
    case.model.save(tmp_path)
    again = EdgewiseRanker.load(tmp_path).predict(case.graph, case.spec, case.asked)
    np.testing.assert_array_equal(again.items, case.model.predict(case.graph, case.spec, case.asked).items)


def test_what_comes_after_the_anchor_changes_nothing(case):
    plays, views = case.plays.copy(), case.views.copy()
    for rows, things in ((plays, GAMES), (views, FILMS)):
        after = rows[:, 2] > LAST
        rows[after, 1] = (rows[after, 1] + 1) % things
    graph, spec = world(plays, views)
    elsewhere = Elsewhere(facts_elsewhere(case.graph, case.spec, LAST), near=1.0)
    found = []
    for one, of in ((case.graph, case.spec), (graph, spec)):
        _, asof = case.asof(of, one)
        met = MetElsewhere(one, of, elsewhere.facts, static=False)
        found.append(elsewhere.propose(met, asof, case.asked.rows, case.asked.at, K))
    np.testing.assert_array_equal(found[0].items, found[1].items)
    np.testing.assert_array_equal(found[0].scores, found[1].scores)
    assert (found[0].items != MISSING).all()


def test_who_had_met_anything_elsewhere_is_told_by_a_look_at_each(case):
    met = MetElsewhere(case.graph, case.spec, facts_elsewhere(case.graph, case.spec, LAST), static=False)
    for at in (0, DAY, 5 * DAY, LAST):
        expected = [(case.views[case.views[:, 0] == user, 2] <= at).any() for user in range(USERS)]
        np.testing.assert_array_equal(met.by(np.arange(USERS), np.full(USERS, at)), expected)


def test_nothing_is_chosen_where_it_does_not_better_what_is_popular(case):
    rng = np.random.default_rng(0)
    plays, views = case.plays.copy(), case.views.copy()
    views[:, 1] = rng.integers(0, FILMS, len(views))  # films say nothing
    plays[:, 1] = np.where(rng.random(len(plays)) < 0.5, 0, plays[:, 1])  # and everybody plays one game
    graph, spec = world(plays, views)
    setup, asof = case.asof(spec, graph)
    seeds = case.valid.seeds
    target = Ragged(np.arange(len(seeds) + 1), np.zeros(len(seeds), dtype=np.int64))
    chosen, tried = choose_elsewhere(
        graph, spec, asof, seeds.rows, seeds.at, target, setup=setup, cut=ANCHORS[3], budget=Budget(math.inf)
    )
    assert chosen is None
    assert tried["popular"] == 1.0


def test_facts_elsewhere_link_to_another_kind_of_thing(case):
    assert facts_elsewhere(case.graph, case.spec, LAST) == (("views", "user_id", "film_id"),)
    assert facts_elsewhere(case.graph, case.spec, 0) == ()  # nothing is visible yet


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_cross_graph_is_the_product_of_the_two_histories(data):
    users, things, items = 6, 5, 4
    pairs = [
        data.draw(st.sets(st.tuples(st.integers(0, users - 1), st.integers(0, n - 1)), max_size=18))
        for n in (things, items)
    ]
    alpha, leave, enter, near = (data.draw(st.sampled_from((0.0, 0.3, 1.0))) for _ in range(4))
    met, history = (
        Meetings(*np.array(sorted(p), dtype=np.int64).reshape(-1, 2).T, np.full(len(p), ALWAYS)) for p in pairs
    )
    graph = cross_graph(met, history, users, things, items, neighbours=items, alpha=alpha, leave=leave,
                        enter=enter, near=near)  # fmt: skip
    found = np.zeros((things, items))
    for thing in range(things):
        for item, weight in zip(graph.items[thing], graph.weights[thing], strict=True):
            if item >= 0:
                found[thing, item] = weight
    a, b = np.zeros((users, things)), np.zeros((users, items))
    for matrix, entries in ((a, pairs[0]), (b, pairs[1])):
        for user, thing in entries:
            matrix[user, thing] = 1
    size = np.maximum(a.sum(1), 1) * np.maximum(b.sum(1), 1)
    degree, fans = np.maximum(a.sum(0), 1), np.maximum(b.sum(0), 1)
    expected = (a.T * size**-alpha) @ b * degree[:, None] ** -leave * fans**-enter
    beside = (a.T @ a) * degree[:, None] ** -0.7 * degree**-0.3
    np.fill_diagonal(beside, 0)
    np.testing.assert_allclose(found, expected + near * beside @ expected, rtol=1e-5)
