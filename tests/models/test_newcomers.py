"""Items that few have met: what they are like, how they are scored, what is learnt, and that time is kept."""

from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranking_samples import history_of, labels_at

from edgewise.clock import ALWAYS, DAY
from edgewise.graph.memory import graph_from_arrays
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.content import ContentPlan, plan_content, read_content
from edgewise.models.candidates.evidence import Content, Evidence, Meetings
from edgewise.models.candidates.newcomers import Newcomers, pair_tastes, tastes_of
from edgewise.models.candidates.shelf import Liking, item_traits, newcomers, shelf_of, value_state
from edgewise.models.contract import Budget, Quiet
from edgewise.models.ranker import EdgewiseRanker
from edgewise.models.ranking_newcomers import drawn, learn_liking, with_liking
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_spare import in_turn, spare_items, with_spare
from edgewise.models.ranking_tables import channels_for, make_table, newcomers_for
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.labels import joined
from edgewise.tasks.nouns import Ranked, Seeds, TaskSpec

USERS, ARTISTS, TRACKS, K = 80, 16, 240, 10
ANCHORS = [DAY * d for d in (42, 49, 56, 63)]
LAST = 70 * DAY


def column(name, stype=SType.ID, dtype="int64"):
    return Column(name, dtype, stype)


SCHEMA = Schema(
    {
        "users": Table("users", (column("user_id"),), USERS, "user_id"),
        "artists": Table(
            "artists", (column("artist_id"), column("genre", SType.CATEGORICAL, "string")), ARTISTS, "artist_id"
        ),
        "tracks": Table(
            "tracks",
            (
                column("track_id"),
                column("artist_id"),
                column("title", SType.TEXT, "string"),
                column("released", SType.TIMESTAMP),
            ),
            TRACKS,
            "track_id",
            time="released",
        ),
        "moods": Table("moods", (column("track_id"), column("mood", SType.CATEGORICAL, "string")), 0),
        "plays": Table(
            "plays", (column("user_id"), column("track_id"), column("at", SType.TIMESTAMP)), 0, time="at"
        ),
        "follows": Table(
            "follows", (column("user_id"), column("artist_id"), column("at", SType.TIMESTAMP)), 0, time="at"
        ),
    },
    (
        Link("tracks", "artist_id", "artists"),
        Link("moods", "track_id", "tracks"),
        Link("plays", "user_id", "users"),
        Link("plays", "track_id", "tracks"),
        Link("follows", "user_id", "users"),
        Link("follows", "artist_id", "artists"),
    ),
)


def planted(random_seed=0):
    """Each user plays tracks of two artists, mostly in the week after their release; three come out every day."""
    rng = np.random.default_rng(random_seed)
    artist = rng.integers(0, ARTISTS, TRACKS)
    released = np.sort(rng.uniform(0, 80, TRACKS))
    rows = []
    for user in range(USERS):
        loved = (user % ARTISTS, (user * 7 + 3) % ARTISTS)
        for track in np.flatnonzero(np.isin(artist, loved)):
            if rng.random() < 0.7:
                rows.append((user, track, int((released[track] + rng.exponential(4)) * DAY)))
        rows += [(user, int(t), int((released[t] + 20 * rng.random()) * DAY)) for t in rng.integers(0, TRACKS, 4)]
    rows = np.array(sorted((r for r in rows if r[2] < 90 * DAY), key=lambda r: (r[2], r[0], r[1])), dtype=np.int64)
    return artist, (released * DAY).astype(np.int64), rows


def world(artist, released, rows):
    """The graph and the spec; users follow the first of their artists from the start."""
    users = np.arange(USERS)
    tables = {
        "users": pa.table({"user_id": users}),
        "artists": pa.table({"artist_id": np.arange(ARTISTS), "genre": [f"g{a % 4}" for a in range(ARTISTS)]}),
        "tracks": pa.table(
            {
                "track_id": np.arange(TRACKS),
                "artist_id": artist,
                "title": [f"Song {'blue' if t % 3 else 'Red'}, n{t}" for t in range(TRACKS)],
                "released": released,
            }
        ),
        "moods": pa.table({"track_id": np.repeat(np.arange(TRACKS), 2), "mood": ["calm", "wild"] * TRACKS}),
        "plays": pa.table({"user_id": rows[:, 0], "track_id": rows[:, 1], "at": rows[:, 2]}),
        "follows": pa.table({"user_id": users, "artist_id": users % ARTISTS, "at": np.full(USERS, DAY)}),
    }
    spec = TaskSpec(TaskKind.RANKING, "users", 7 * DAY, item="tracks", k=K, history=history_of(rows, USERS))
    return graph_from_arrays(tables, SCHEMA), spec


@pytest.fixture(scope="module")
def streamed():
    artist, released, rows = planted()
    return artist, released, rows, *world(artist, released, rows)


def learnt(graph, spec, rows):
    train = labels_at(rows, ANCHORS, USERS)
    return with_liking(Setup.fit(graph, spec, train), graph, spec, train, 0)


def test_content_is_read_from_columns_links_lists_and_words(streamed):
    artist, _, _, graph, spec = streamed
    plan = plan_content(graph, spec, LAST)
    assert [s.name for s in plan.sources] == ["artist_id", "moods.mood", "artists.genre", "words of title"]
    assert plan.sayings == (("follows", "user_id", "artist_id", 0),)
    assert ContentPlan.from_json(asdict(plan)) == plan
    content = read_content(graph, spec, plan)
    values = [content.values[a:b] for a, b in zip(content.indptr[:-1], content.indptr[1:], strict=True)]
    assert all(len(v) == 1 + 1 + 3 + 2 for v in values)  # calm and wild; song, a colour, a number
    assert all(v[0] == a for v, a in zip(values, artist, strict=True))
    assert (content.source_of[values[5]] == [0, 1, 1, 2, 3, 3, 3]).all()
    np.testing.assert_allclose(content.worth[:7], [1, 2**-0.5, 2**-0.5, 1, *[3**-0.5] * 3], rtol=1e-6)
    (said,) = content.said
    assert (said.left == np.arange(USERS)).all()
    assert (said.right == np.arange(USERS) % ARTISTS).all()


def test_what_tells_newcomers_apart_is_learnt_from_the_labels(streamed):
    _, released, rows, graph, spec = streamed
    setup, told = learnt(graph, spec, rows)
    assert told["taste"]["artist_id"] > 0
    assert told["taste"]["artist_id"] > told["taste"]["words of title"]
    assert told["age"] < 0  # what came out yesterday is played more than what did three weeks ago
    assert told["share of what came true that was new"] > 0.3
    (channel,) = newcomers_for(setup)
    assert any(c.name == channel.name for c in channels_for(setup, setup.world(graph, spec, none(), whole=True)))
    test = labels_at(rows, [LAST], USERS)
    asof = setup.world(graph, spec, test.seeds, whole=True)
    found = channel.propose(asof, test.seeds.rows, test.seeds.at).items
    fresh = released > LAST - 7 * DAY
    assert (released[found[found != MISSING]] <= LAST).all()  # what is to come is not known yet
    hits = wanted = 0
    for user, items in enumerate(found):
        mine = {i for i in test.target[user].tolist() if fresh[i] and released[i] <= LAST}
        hits, wanted = hits + len(mine & set(items.tolist())), wanted + len(mine)
    assert hits > 0.8 * wanted > 20


def test_a_ranker_lists_newcomers_before_and_after_it_learns_again(streamed):
    _, released, rows, graph, spec = streamed
    train, valid, test = (labels_at(rows, at, USERS) for at in (ANCHORS[:-1], ANCHORS[-1:], [LAST]))
    ranker = EdgewiseRanker()
    ranker.fit(graph, spec, train, valid, budget=Budget(600), progress=Quiet())
    assert "new, of a kind" in {c["channel"] for c in ranker.facts()["channels"]}
    unmet = np.setdiff1d(np.flatnonzero(released <= LAST), rows[rows[:, 2] <= LAST, 1])
    assert len(unmet) > 0
    first = ranker.predict(graph, spec, test.seeds, k=40).items
    ranker.refit(graph, spec, joined(train, valid), budget=Budget(600), progress=Quiet())
    again = ranker.predict(graph, spec, test.seeds, k=40).items
    for found in (first, again):
        assert np.isin(found, unmet).any()


def none():
    return Seeds("users", np.zeros(1, dtype=np.int64), np.full(1, LAST))


@pytest.mark.parametrize("how", ["permuted", "deleted"])
def test_rows_after_the_anchor_change_nothing(streamed, how):
    """What is learnt, proposed and read of newcomers, bit for bit."""
    artist, released, rows, graph, spec = streamed
    late = rows[:, 2] > LAST
    other, rng = rows.copy(), np.random.default_rng(3)
    if how == "permuted":
        other[late, :2] = rng.permutation(other[late, :2])
    else:
        other = other[~late]
    to_come = released > LAST  # tracks that come out later are by others
    others = np.where(to_come, rng.integers(0, ARTISTS, TRACKS), artist)
    seeds = Seeds("users", np.arange(USERS), np.full(USERS, LAST))
    found = []
    for where, about in ((graph, spec), world(others, released, other)):
        setup, told = learnt(where, about, rows)
        asof = setup.world(where, about, seeds, whole=True)
        table = make_table(setup, asof, channels_for(setup, asof), seeds.rows, seeds.at)
        found.append((setup.liking, told, table))
    (liking, told, table), (other_liking, other_told, other_table) = found
    assert liking == other_liking
    assert told == other_told
    np.testing.assert_array_equal(table.pool.items, other_table.pool.items)
    np.testing.assert_array_equal(table.features, other_table.features)


def test_a_setup_with_a_liking_is_read_as_it_was_written(streamed):
    _, _, rows, graph, spec = streamed
    setup, _ = learnt(graph, spec, rows)
    assert setup.liking is not None
    assert Setup.from_json(setup.to_json()) == setup


events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7), st.integers(0, 9)), max_size=30)


def small(rows, said, values):
    """A world of 4 entities and 8 items with values of two sources; 6 items were met, 2 never."""
    rows = np.array(sorted(rows, key=lambda r: (r[0], r[2])), dtype=np.int64).reshape(-1, 3)
    said = np.array(sorted(said, key=lambda r: (r[0], r[2])), dtype=np.int64).reshape(-1, 3)
    indptr = np.cumsum([0, *map(len, values)])
    flat = np.array([v for item in values for v in item], dtype=np.int32)
    source_of = np.array([0, 0, 0, 1, 1, 1], dtype=np.int32)
    worth = [sum((source_of[v] == source_of[w]) for w in item) ** -0.5 for item in values for v in item]
    listed = np.array([ALWAYS] * 6 + [3 * DAY, 8 * DAY])
    talk = Meetings(said[:, 0], said[:, 1] % 3, said[:, 2] * DAY)
    content = Content(
        indptr, flat, np.array(worth, dtype=np.float32), source_of, ("a", "b"), listed, (talk,), (0,), ("follows",)
    )  # fmt: skip
    history = Meetings(rows[:, 0], rows[:, 1] % 6, rows[:, 2] * DAY)
    return Evidence(4, 8, history, signals={"ads": talk}, content=content)


def plainly(evidence, liking, entity, item, moment):
    """The score of an item for an entity, as the formula says."""
    content, met = evidence.content, evidence.history
    state = value_state(evidence, moment)
    mine = [
        (int(i), t) for u, i, t in zip(met.left, met.right, met.at, strict=True) if u == entity and t <= moment
    ]
    (talk,) = content.said
    total = float(
        item_traits(evidence, state, moment, np.array([item]))[0] @ np.asarray(liking.traits, np.float32)
    )
    for p in range(content.indptr[item], content.indptr[item + 1]):
        value = content.values[p]
        n = sum(
            2.0 ** (-(moment - t) / (120 * DAY))
            for i, t in mine
            if value in content.values[content.indptr[i] : content.indptr[i + 1]]
        )
        said = sum(1 for u, v, t in zip(talk.left, talk.right, talk.at, strict=True)
                   if u == entity and v == value and t <= moment)  # fmt: skip
        for weight, count in ((liking.taste[content.source_of[value]], n), (liking.taste[2], said)):
            total += weight * np.log1p(count / state.expected[value]) * content.worth[p]
    return total


@settings(max_examples=40, deadline=None)
@given(
    events,
    events,
    st.lists(st.lists(st.integers(0, 5), max_size=4, unique=True).map(sorted), min_size=8, max_size=8),
    st.integers(0, 9),
)
def test_the_channel_scores_as_its_formula_says(rows, said, values, day):
    evidence, moment = small(rows, said, values), day * DAY
    liking = Liking((0.5, 0.25, 1.5), (0.3, -0.2, 0.1, 0.4, 0.05), lately=2 * DAY, width=8)
    asof = AsOf(evidence)
    entities = np.arange(-1, 4)
    found = Newcomers(liking, 8).propose(asof, entities, np.full(5, moment))
    fresh = newcomers(evidence, moment, liking.lately)
    early = set(evidence.history.right[evidence.history.at <= moment - 2 * DAY].tolist())
    assert fresh.tolist() == [i for i in range(8) if i not in early and evidence.content.listed[i] <= moment]
    shelf = shelf_of(asof, moment, liking)
    for entity, items, scores in zip(entities, found.items, found.scores, strict=True):
        listed = items[items != MISSING]
        assert sorted(listed.tolist()) == fresh.tolist()
        expected = [plainly(evidence, liking, entity, i, moment) for i in listed]
        np.testing.assert_allclose(scores[: len(listed)], expected, atol=1e-4)
        assert (np.diff(scores[: len(listed)]) <= 0).all()
        if len(listed):  # what is learnt from is what is proposed by
            told = pair_tastes(
                tastes_of(asof, np.array([entity])), evidence.content, shelf.expected, np.array([moment]),
                listed[None, :], np.zeros(0, dtype=bool),
            )  # fmt: skip
            prior = shelf.prior[np.searchsorted(shelf.items, listed)]
            np.testing.assert_allclose(told[0] @ np.array(liking.taste) + prior, expected, atol=1e-4)


def test_nothing_is_learnt_without_content_or_labels(streamed):
    _, _, rows, graph, spec = streamed
    train = labels_at(rows, ANCHORS, USERS)
    setup = Setup.fit(graph, spec, train)
    asof = setup.world(graph, spec, train.seeds, whole=True)
    bare = AsOf(replace(asof.evidence, content=None))
    assert learn_liking(
        bare, train.seeds.rows, train.seeds.at, train.target, lately=DAY, grid=1, random_seed=0
    ) == (
        None,
        {},
    )
    assert newcomers_for(setup) == []


def test_a_model_can_do_without_newcomers(streamed):
    _, _, rows, graph, spec = streamed
    train = labels_at(rows, ANCHORS, USERS)
    setup = Setup.fit(graph, spec, train, frozenset({"newcomers"}))
    setup, told = with_liking(setup, graph, spec, train, 0)
    assert (setup.liking, told, newcomers_for(setup)) == (None, {}, [])


def test_rows_are_drawn_each_by_itself():
    assert (drawn(1000, 0.1, 7) == drawn(5000, 0.1, 7)[:1000]).all()
    assert 400 < drawn(5000, 0.1, 7).sum() < 600
    assert (drawn(5000, 0.1, 7) != drawn(5000, 0.1, 8)).any()


def test_lists_are_taken_by_turns():
    first, second = np.array([[1, 2, 3]]), np.array([[7, 8]])
    assert in_turn(first, second).tolist() == [[1, 7, 2, 8, 3]]
    assert in_turn(first, second[:, :0]).tolist() == [[1, 2, 3]]


def test_newcomers_fill_lists_of_those_who_have_met_something_only(streamed):
    _, _, rows, graph, spec = streamed
    setup, _ = learnt(graph, spec, rows)
    who, at = np.array([0, MISSING]), np.full(2, LAST)
    asof = setup.world(graph, spec, Seeds("users", who, at), whole=True)
    nothing = Ranked(np.full((2, K), MISSING), np.full((2, K), -np.inf, dtype=np.float32))
    known, stranger = with_spare(setup, asof, who, at, nothing, popular_for_strangers=True).items
    popular = spare_items(setup, asof, who, at, K)
    new = newcomers_for(setup, K)[0].propose(asof, who, at).items
    assert (new >= 0).any(axis=1).all()
    assert stranger.tolist() == popular[1, :K].tolist()
    assert len(set(known) & set(new[0].tolist()) - set(popular[0, :K].tolist())) > K // 3
