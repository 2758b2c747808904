"""What every ranking model keeps to, on a small shop whose customers come back for their own things."""

import numpy as np
import pyarrow as pa
import pytest
from ranking_samples import history_of, labels_at

from edgewise.clock import DAY
from edgewise.errors import RunError
from edgewise.graph.memory import graph_from_arrays
from edgewise.ids import MISSING
from edgewise.models.contract import Budget, Quiet
from edgewise.models.ranker import EdgewiseRanker
from edgewise.models.ranker_graph import view_for
from edgewise.models.ranker_mix import Mix
from edgewise.models.ranking_lists import mean_average_precision
from edgewise.models.ranking_rules import (
    CohortPopularity,
    GraphFilter,
    ItemNeighbours,
    PersonalFrequency,
    Popularity,
)
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_tables import channels_for, make_table
from edgewise.models.ranking_trees import PairStateTrees
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.labels import joined
from edgewise.tasks.nouns import Labels, Ragged, Seeds, TaskSpec

USERS, ITEMS, DAYS, K = 60, 40, 84, 5
TIMED = [EdgewiseRanker, Popularity, CohortPopularity, PersonalFrequency, ItemNeighbours, PairStateTrees]
SCHEMA = Schema(
    {
        "users": Table(
            "users",
            (Column("user_id", "int64", SType.ID), Column("kind", "string", SType.CATEGORICAL)),
            USERS,
            "user_id",
        ),
        "items": Table(
            "items",
            (Column("item_id", "int64", SType.ID), Column("shelf", "string", SType.CATEGORICAL)),
            ITEMS,
            "item_id",
        ),
        "buys": Table(
            "buys",
            (
                Column("user_id", "int64", SType.ID),
                Column("item_id", "int64", SType.ID),
                Column("at", "int64", SType.TIMESTAMP),
            ),
            0,
            time="at",
        ),
    },
    (Link("buys", "user_id", "users"), Link("buys", "item_id", "items")),
)


def planted(random_seed=0):
    """Each user has three staples and returns to them; the rest is drawn by a skewed popularity."""
    rng = np.random.default_rng(random_seed)
    staples = rng.integers(0, ITEMS, (USERS, 3))
    skew = 1.0 / (1 + np.arange(ITEMS))
    rows = []
    for user in range(USERS):
        day = rng.uniform(0, 3)
        while day < DAYS:
            bought = {int(staples[user, rng.integers(3)]), int(staples[user, rng.integers(3)])}
            bought |= {int(rng.choice(ITEMS, p=skew / skew.sum()))} if rng.random() < 0.5 else set()
            rows += [(user, item, int(day * DAY)) for item in sorted(bought)]
            day += rng.exponential(3.0) + 0.5
    return np.array(sorted(rows, key=lambda r: (r[2], r[0], r[1])), dtype=np.int64)


def world(rows):
    """The graph and the spec of a shop's rows (user, item, time)."""
    tables = {
        "users": pa.table({"user_id": np.arange(USERS), "kind": [f"k{u % 3}" for u in range(USERS)]}),
        "items": pa.table({"item_id": np.arange(ITEMS), "shelf": [f"s{i % 8}" for i in range(ITEMS)]}),
        "buys": pa.table({"user_id": rows[:, 0], "item_id": rows[:, 1], "at": rows[:, 2]}),
    }
    spec = TaskSpec(TaskKind.RANKING, "users", 7 * DAY, item="items", k=K, history=history_of(rows, USERS))
    return graph_from_arrays(tables, SCHEMA), spec


class Case:
    """One planted shop with its labels, and models fitted on it."""

    def __init__(self):
        self.rows = planted()
        self.graph, self.spec = world(self.rows)
        anchors = [DAY * d for d in (42, 49, 56, 63, 70, 77)]
        self.train, self.valid, self.test = (
            labels_at(self.rows, part, USERS) for part in (anchors[:4], anchors[4:5], anchors[5:])
        )
        self._fitted = {}

    def fitted(self, cls):
        if cls not in self._fitted:
            self._fitted[cls] = self.fit(cls())
        return self._fitted[cls]

    def fit(self, model, graph=None, spec=None):
        model.fit(
            graph or self.graph, spec or self.spec, self.train, self.valid, budget=Budget(600), progress=Quiet()
        )
        return model


@pytest.fixture(scope="module")
def case():
    return Case()


@pytest.fixture(params=TIMED, ids=lambda cls: cls.name)
def cls(request):
    return request.param


def same(a, b):
    np.testing.assert_array_equal(a.items, b.items)
    np.testing.assert_array_equal(a.scores, b.scores)


def test_lists_are_full_distinct_and_sorted(case, cls):
    found = case.fitted(cls).predict(case.graph, case.spec, case.test.seeds)
    assert found.items.shape == (USERS, K)
    assert (found.items != MISSING).all()
    assert all(len(set(row)) == K for row in found.items)
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_unknown_entity_gets_popular_items(case, cls):
    unknown = Seeds("users", np.array([MISSING]), np.array([77 * DAY]))
    found = case.fitted(cls).predict(case.graph, case.spec, unknown)
    assert (found.items != MISSING).all()


def test_empty_batch(case, cls):
    none = Seeds("users", np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert case.fitted(cls).predict(case.graph, case.spec, none).items.shape == (0, K)


def test_batch_of_several_anchors_equals_one_by_one(case, cls):
    model = case.fitted(cls)
    seeds = Seeds("users", np.array([3, 9, 3]), np.array([60, 77, 77]) * DAY)
    batch = model.predict(case.graph, case.spec, seeds)
    for i in range(3):
        one = model.predict(case.graph, case.spec, seeds.take(np.array([i])))
        np.testing.assert_array_equal(one.items[0], batch.items[i])
        np.testing.assert_allclose(one.scores[0], batch.scores[i], atol=1e-4)


def test_more_than_there_is_ends_in_missing(case, cls):
    found = case.fitted(cls).predict(case.graph, case.spec, case.test.seeds.take(np.arange(4)), k=ITEMS + 10)
    assert found.items.shape == (4, ITEMS + 10)
    short = found.items == MISSING
    assert short[:, -10:].all()
    assert np.isneginf(found.scores[short]).all()


def test_save_and_load_give_the_same_bits(case, cls, tmp_path):
    model = case.fitted(cls)
    model.save(tmp_path)
    assert not [p for p in tmp_path.iterdir() if p.suffix in (".pkl", ".pt", ".bin")]
    same(
        cls.load(tmp_path).predict(case.graph, case.spec, case.test.seeds),
        model.predict(case.graph, case.spec, case.test.seeds),
    )


def test_damaged_files_are_a_run_error(case, cls, tmp_path):
    case.fitted(cls).save(tmp_path)
    for path in tmp_path.glob("*.json"):
        path.write_text("{}")
    with pytest.raises(RunError):
        cls.load(tmp_path)


def test_same_seed_same_model(case, cls, tmp_path):
    """The same answers, and the same files: weights, trees, links, what was tried."""
    again = case.fit(cls())
    files = []
    for name, model in (("model", case.fitted(cls)), ("twin", again)):
        (tmp_path / name).mkdir()
        model.save(tmp_path / name)
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert files[0] == files[1]
    same(
        again.predict(case.graph, case.spec, case.test.seeds),
        case.fitted(cls).predict(case.graph, case.spec, case.test.seeds),
    )


def test_rows_after_the_anchor_change_nothing(case, cls):
    """Fitted and asked in a world whose future was shuffled, the answers are the same bits."""
    rows = case.rows.copy()
    future = rows[:, 2] > 77 * DAY
    rows[future, 1] = np.random.default_rng(5).permutation(rows[future, 1])
    graph, spec = world(rows)
    other = case.fit(cls(), graph, spec)
    same(
        other.predict(graph, spec, case.test.seeds),
        case.fitted(cls).predict(case.graph, case.spec, case.test.seeds),
    )


def test_the_ranker_beats_popularity_in_the_planted_world(case):
    def figure(cls):
        found = case.fitted(cls).predict(case.graph, case.spec, case.test.seeds)
        return mean_average_precision(found, case.test.target, K)

    assert figure(EdgewiseRanker) > 1.5 * figure(Popularity)
    assert figure(EdgewiseRanker) > 0.9 * figure(PersonalFrequency)


def test_refit_uses_what_fit_chose(case):
    model = case.fit(EdgewiseRanker())
    both = labels_at(case.rows, [DAY * d for d in (42, 49, 56, 63, 70)], USERS)
    model.refit(case.graph, case.spec, both, budget=Budget(600), progress=Quiet())
    found = model.predict(case.graph, case.spec, case.test.seeds)
    assert mean_average_precision(found, case.test.target, K) > 0.2
    channels = model.facts()["channels"]
    assert channels[0]["channel"] == "all channels"
    assert channels[0]["recall"] >= max(c["recall"] for c in channels[1:])


def test_a_network_that_has_no_time_to_be_trained_again_stays_as_it_was(case):
    model = case.fit(EdgewiseRanker())
    model._mix = Mix("scorers", network=1.0)
    seeds = case.test.seeds
    before = model.predict(case.graph, case.spec, seeds)
    both = joined(case.train, case.valid)
    model.refit(case.graph, case.spec, both, budget=Budget(0.0), progress=Quiet())
    same(model.predict(case.graph, case.spec, seeds), before)
    model.refit(case.graph, case.spec, both, budget=Budget(600), progress=Quiet())
    assert (model.predict(case.graph, case.spec, seeds).scores != before.scores).any()


@pytest.mark.parametrize("cls", [EdgewiseRanker, GraphFilter, ItemNeighbours, Popularity], ids=lambda c: c.name)
def test_static_links_are_held_out_and_not_listed_again(case, cls):
    pairs = np.unique(case.rows[:, :2], axis=0)
    hidden = np.random.default_rng(1).random(len(pairs)) < 0.2

    def links(part):
        users = np.unique(part[:, 0])
        indptr = np.append(np.searchsorted(part[:, 0], users), len(part)).astype(np.int64)
        return Labels(Seeds("users", users, np.zeros(len(users), dtype=np.int64)), Ragged(indptr, part[:, 1]))

    spec = TaskSpec(TaskKind.STATIC_RANKING, "users", 0, item="items", k=K)
    model = cls()
    train, valid = links(pairs[~hidden]), links(pairs[hidden])
    model.fit(case.graph, spec, train, valid, budget=Budget(600), progress=Quiet())
    found = model.predict(case.graph, spec, train.seeds)
    known = set(map(tuple, pairs[~hidden].tolist()))
    assert not [1 for u, row in zip(train.seeds.rows, found.items, strict=True) for i in row if (u, i) in known]
    model.know(spec, links(pairs))
    found, known = model.predict(case.graph, spec, train.seeds), set(map(tuple, pairs.tolist()))
    assert not [1 for u, row in zip(train.seeds.rows, found.items, strict=True) for i in row if (u, i) in known]


CUT = 63 * DAY  # the last training anchor


def changed(rows, after, how):
    """Rows after a moment permuted, made others', taken away, or joined by as many more."""
    rng, late = np.random.default_rng(5), rows[:, 2] > after
    rows = rows.copy()
    if how == "permuted":
        rows[late, :2] = rng.permutation(rows[late, :2])
    elif how == "changed":
        rows[late] = np.stack(
            [rng.integers(0, 3, late.sum()), rng.integers(0, 5, late.sum()), rows[late, 2]], axis=1
        )
    elif how == "deleted":
        rows = rows[~late]
    else:
        at = rng.integers(after + 1, 90 * DAY, 400)
        more = np.stack([rng.integers(0, USERS, 400), rng.integers(0, ITEMS, 400), at])
        rows = np.concatenate([rows, more.T])
    return rows[np.argsort(rows[:, 2], kind="stable")]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["permuted", "changed", "deleted", "more"])
def test_the_ranker_learns_the_same_whatever_comes_later(case, how):
    """Fitted, refitted and asked at the last anchor: every list and score, bit for bit."""
    graph, spec = world(changed(case.rows, 77 * DAY, how))
    both = joined(case.train, case.valid)
    answers = []
    for where, about in ((case.graph, case.spec), (graph, spec)):
        model = case.fit(EdgewiseRanker(), where, about)
        model.refit(where, about, both, budget=Budget(600), progress=Quiet())
        model._mix = Mix("scorers", network=0.5)  # the network has a say, whatever was chosen
        answers.append((model.predict(where, about, case.test.seeds), model.facts()["channels"]))
    (found, channels), (other, others) = answers
    same(found, other)
    assert channels == others  # their recall, and how many candidates there were


@pytest.mark.parametrize("how", ["permuted", "changed", "deleted", "more"])
def test_what_a_ranker_fits_it_fits_at_the_training_cut(case, how):
    """Which evidence there is, encoders, vocabularies, statistics, candidates, features of the training seeds."""
    found = []
    for graph, spec in ((case.graph, case.spec), world(changed(case.rows, CUT, how))):
        setup = Setup.fit(graph, spec, case.train)
        view = view_for(setup, graph, spec, CUT)
        asof = setup.world(graph, spec, case.train.seeds, whole=True)
        channels = channels_for(setup, asof)
        table = make_table(setup, asof, channels, case.train.seeds.rows, case.train.seeds.at)
        found.append((setup, view.to_json(), table))
    (setup, view, table), (other_setup, other_view, other) = found
    assert setup == other_setup
    assert view == other_view
    for part in ("indptr", "items", "scores", "ranks"):
        np.testing.assert_array_equal(getattr(table.pool, part), getattr(other.pool, part))
    np.testing.assert_array_equal(table.features, other.features)
