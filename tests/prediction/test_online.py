"""Live answers equal a batch over a graph that has all the events, and see nothing after their moment."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import lightgbm as lgb
import numpy as np
import pytest

from edgewise.clock import DAY, HOUR
from edgewise.errors import ArgumentError, RunError
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.item_graph import ItemGraph
from edgewise.models.candidates.newcomers import Newcomers
from edgewise.models.ranker_mix import Mix, mixed
from edgewise.models.ranking_lists import ranked
from edgewise.models.ranking_spare import with_spare
from edgewise.models.ranking_tables import channels_for, make_table
from edgewise.prediction.nouns import Event
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.tasks.nouns import Seeds

ANCHOR = 88 * DAY


@pytest.fixture
def answers(live_shop):
    return OnlineAnswers.from_run(live_shop.run)


@pytest.fixture(scope="module")
def grown(live_shop):
    """Live answers that have seen all events."""
    found = OnlineAnswers.from_run(live_shop.run)
    for event in live_shop.later:
        found.observe(event)
    return found


class WithGraphsOf(AsOf):
    """A batch world that walks on the item-item graphs of a snapshot, and knows its newcomers."""

    def __init__(self, evidence, grid, live):
        super().__init__(replace(evidence, content=live.evidence.content), grid)
        self.graphs, self.newcomers = live.graphs, live.kept

    def shelf(self, liking, moment, build):
        return self.newcomers

    def item_graph(self, key, moment, build):
        new = self.evidence.items - len(self.graphs[key].items)  # the snapshot's graph knows none of these
        return ItemGraph(
            np.pad(self.graphs[key].items, ((0, new), (0, 0)), constant_values=-1),
            np.pad(self.graphs[key].weights, ((0, new), (0, 0))),
        )


def batch(shop, live, rows, at, k):
    """Lists by the fit's own functions and LightGBM, on the graph of all rows."""
    graph, spec = shop.whole()
    parts = shop.run.model.parts()
    seeds = Seeds("users", np.asarray(rows), np.full(len(rows), at))
    whole = parts.setup.world(graph, spec, seeds, whole=True)
    asof = WithGraphsOf(whole.evidence, parts.setup.grid, live._live["items"].world)
    table = make_table(parts.setup, asof, channels_for(parts.setup, asof), seeds.rows, seeds.at)
    booster = lgb.Booster(model_str=parts.trees.model_to_string())
    scored = booster.predict(table.features[:, list(parts.columns)], num_iteration=parts.rounds, num_threads=1)
    scores = mixed(parts.mix, table, scored.astype(np.float32), np.zeros(len(scored), dtype=np.float32))
    found = ranked(table.pool, scores, k)
    popular = parts.mix.popular_for_strangers
    return table, with_spare(parts.setup, asof, seeds.rows, seeds.at, found, popular_for_strangers=popular)


def test_the_shop_has_all_kinds_of_evidence(live_shop):
    plan = live_shop.run.model.parts().setup.plan
    assert all((plan.attributes, plan.cohorts, plan.places, plan.signals, plan.content.sources))


def test_newcomers_are_proposed_live(live_shop, grown):
    world = grown._live["items"].world
    assert len(world.kept.items) > 0
    (channel,) = (c for c in grown._live["items"].channels if isinstance(c, Newcomers))
    rows = np.array([0, 3, MISSING, world.evidence.entities - 1])
    found = channel.propose(world, rows, np.full(4, ANCHOR)).items
    assert np.isin(found, world.kept.items).all()
    assert (channel.propose(world.session(found[0, :2], ANCHOR), rows[:1], np.full(1, ANCHOR)).items >= 0).all()


@pytest.mark.parametrize("at", [ANCHOR, 80 * DAY, 76 * DAY + HOUR])
def test_live_equals_batch(live_shop, grown, at):
    rows = np.arange(len(live_shop.rows["users"]["user_id"]))
    table, expected = batch(live_shop, grown, rows, at, 10)
    kind = grown._live["items"]
    live = kind.table(kind.world, rows, np.full(len(rows), at))
    np.testing.assert_array_equal(live.pool.items, table.pool.items)
    np.testing.assert_allclose(live.features, table.features, rtol=1e-5)
    for row in rows:
        found = grown.for_user("items", int(row), at, 10)
        np.testing.assert_array_equal(found.items, expected.items[row][expected.items[row] >= 0])
        np.testing.assert_allclose(found.scores, expected.scores[row][: len(found)], rtol=1e-5)


def test_any_order_of_arrival_gives_the_same_state(live_shop, grown):
    told = [e for e in live_shop.later if e.table in ("users", "items")]
    rest = [e for e in live_shop.later if e.table not in ("users", "items")]
    late = OnlineAnswers.from_run(live_shop.run)
    late.replay(told + [rest[i] for i in np.random.default_rng(0).permutation(len(rest))])
    for row in range(0, 50, 7):
        expected, found = (a.for_user("items", row, ANCHOR, 10) for a in (grown, late))
        np.testing.assert_array_equal(found.items, expected.items)
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)


def test_columns_that_come_late_count_for_what_came_before(live_shop, grown):
    """Things and people are met first and told after; rows are given out in another order, so keys compare."""
    told = [e for e in live_shop.later if e.table in ("users", "items")]
    rest = [e for e in live_shop.later if e.table not in ("users", "items")]
    late = OnlineAnswers.from_run(live_shop.run)
    for event in [*rest, *told]:
        late.observe(event)
    for key in live_shop.rows["users"]["user_id"][::6].tolist():
        expected = grown.for_user("items", grown.row("users", key), ANCHOR, 10)
        found = late.for_user("items", late.row("users", key), ANCHOR, 10)
        assert sorted(late.keys("items", found.items)) == sorted(grown.keys("items", expected.items))
        np.testing.assert_allclose(np.sort(found.scores), np.sort(expected.scores), rtol=1e-4)
    row = late.row("items", live_shop.rows["items"]["item_id"][-1])
    assert late.column("items", "shelf")[row].as_py() == live_shop.rows["items"]["shelf"][-1]


def test_nothing_after_the_moment_is_seen(live_shop, grown):
    at = 80 * DAY
    early = OnlineAnswers.from_run(live_shop.run)
    early.replay([e for e in live_shop.later if e.at <= at])
    for row in range(0, 50, 5):
        expected, found = (a.for_user("items", row, at, 10) for a in (early, grown))
        np.testing.assert_array_equal(found.items, expected.items)
        np.testing.assert_array_equal(found.scores, expected.scores)
        np.testing.assert_array_equal(grown.past("items", row, at, 9).at, early.past("items", row, at, 9).at)


def test_a_run_can_start_from_a_past_moment(live_shop):
    at = 60 * DAY
    whole = OnlineAnswers.from_run(live_shop.run, until=at)
    other = OnlineAnswers.from_run(live_shop.run, until=at)
    rows = live_shop.rows["buys"]
    for n in np.flatnonzero((rows["at"] > at) & (rows["at"] <= 70 * DAY)).tolist():
        other.observe(
            Event(str(n), "buys", {c: v[n].item() for c, v in rows.items() if c != "at"}, int(rows["at"][n]))
        )
    early, late = (a.for_user("items", 3, 70 * DAY, 10) for a in (whole, other))
    assert early.items.tolist() != late.items.tolist() or early.scores.tolist() != late.scores.tolist()
    np.testing.assert_array_equal(
        other.for_user("items", 3, at, 10).scores, whole.for_user("items", 3, at, 10).scores
    )


def test_a_snapshot_answers_the_same(live_shop, grown, tmp_path):
    again = OnlineAnswers.open(grown.save(tmp_path / "kept"))
    for row in range(0, 50, 7):
        expected, found = (a.for_user("items", row, ANCHOR, 10) for a in (grown, again))
        for name in ("items", "scores", "value", "channel", "because"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert again.column("items", "shelf").to_pylist() == grown.column("items", "shelf").to_pylist()
    assert again.row("users", 10**6) == MISSING
    assert again.save(tmp_path / "kept") == tmp_path / "kept"  # over itself


def test_a_snapshot_in_the_middle_loses_nothing(live_shop, grown, tmp_path):
    half = len(live_shop.later) // 2
    first = OnlineAnswers.from_run(live_shop.run)
    first.replay(live_shop.later[:half])
    (tmp_path / "state").mkdir()
    first.save_state(tmp_path / "state")
    second = OnlineAnswers.from_run(live_shop.run)
    second.load_state(tmp_path / "state")
    second.replay(live_shop.later[half:])
    for row in range(0, 50, 7):
        expected, found = (a.for_user("items", row, ANCHOR, 10) for a in (grown, second))
        np.testing.assert_array_equal(found.items, expected.items)
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)


def test_a_damaged_snapshot_is_refused(answers, tmp_path):
    path = answers.save(tmp_path / "kept")
    files = json.loads((path / "snapshot.json").read_text())["files"]
    name = max(files, key=lambda f: files[f][0])
    for number, harm in enumerate(("flip", "cut", "gone")):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(path, copy)
        content = bytearray((copy / name).read_bytes())
        if harm == "flip":
            content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content[:-1] if harm == "cut" else content)
        if harm == "gone":
            (copy / name).unlink()
        with pytest.raises(RunError, match="is damaged"):
            OnlineAnswers.open(copy)
    (path / "snapshot.json").write_text("{")
    with pytest.raises(RunError, match="not JSON"):
        OnlineAnswers.open(path)
    (path / "snapshot.json").write_text('{"format": 99}')
    with pytest.raises(RunError, match="format 99"):
        OnlineAnswers.open(path)
    with pytest.raises(RunError, match="no snapshot"):
        OnlineAnswers.open(tmp_path / "nowhere")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="left as it is"):
        answers.save(tmp_path / "mine")


def test_serving_a_snapshot_loads_neither_torch_nor_lightgbm(answers, tmp_path):
    answers.save(tmp_path / "kept")
    code = (
        "import sys\nfrom edgewise.prediction.online.answers import OnlineAnswers\n"
        f"a = OnlineAnswers.open({str(tmp_path / 'kept')!r})\n"
        f"a.for_user('items', 0, {ANCHOR}, 5)\n"
        "assert not {'torch', 'lightgbm', 'sklearn'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_click_changes_the_next_answer(answers, live_shop):
    user = int(live_shop.rows["users"]["user_id"][0])
    item = next(i for i in live_shop.rows["items"]["item_id"][:30] if answers.row("items", i) not in
                answers.past("items", 0, ANCHOR, 100).items)  # fmt: skip
    before = answers.for_user("items", 0, CUT_PLUS, 10)
    answers.observe(Event("1", "buys", {"user_id": user, "item_id": item, "store_id": 0, "quantity": 1}, CUT_PLUS))
    after = answers.for_user("items", 0, CUT_PLUS, 10)
    assert answers.past("items", 0, CUT_PLUS, 1).items.tolist() == [answers.row("items", item)]
    assert answers.row("items", item) in after.items
    assert before.scores.tolist() != after.scores.tolist()
    assert "own items" in after.channels


CUT_PLUS = 76 * DAY


def test_a_forgotten_person_is_someone_unknown(answers, live_shop, tmp_path):
    key = int(live_shop.rows["users"]["user_id"][4])
    assert len(answers.past("items", 4, CUT_PLUS, 50).items)
    answers.forget(4)
    assert answers.row("users", key) == MISSING
    assert list(answers.keys("users", np.array([4, 5]))) == [None, int(live_shop.rows["users"]["user_id"][5])]
    again = OnlineAnswers.open(answers.save(tmp_path / "kept"))
    for found in (answers, again):
        assert len(found.past("items", 4, CUT_PLUS, 50).items) == 0
        np.testing.assert_array_equal(
            found.for_user("items", 4, CUT_PLUS, 5).items, found.for_user("items", MISSING, CUT_PLUS, 5).items
        )
        assert found.row("users", key) == MISSING
    answers.observe(Event("1", "buys", {"user_id": key, "item_id": "i001", "quantity": 1}, CUT_PLUS))
    assert answers.row("users", key) >= 42
    assert len(answers.past("items", answers.row("users", key), CUT_PLUS, 5).items) == 1


def test_probabilities_are_calibrated_on_a_past_anchor(answers, live_shop):
    """One horizon before the cut, what was given a probability came true about as often."""
    facts = answers.facts()["items"]["probabilities"]
    assert facts["anchor"] < CUT_PLUS
    found = [answers.for_user("items", row, 68 * DAY, 30) for row in range(42)]
    value = np.concatenate([f.value for f in found])
    rows = live_shop.rows["buys"]
    came = []
    for row, f in enumerate(found):
        key = live_shop.rows["users"]["user_id"][row]
        mine = (rows["user_id"] == key) & (rows["quantity"] > 0)
        mine &= (rows["at"] > 68 * DAY) & (rows["at"] <= 75 * DAY)
        came.append(np.isin(np.array(answers.keys("items", f.items)), rows["item_id"][mine]))
    came = np.concatenate(came)
    assert ((value >= 0) & (value <= 1)).all()
    assert abs(value.mean() - came.mean()) < 0.03
    high = value > np.quantile(value, 0.8)
    assert came[high].mean() > 2 * came[~high].mean()
    popular = answers.popular("items", CUT_PLUS, 5)
    assert ((popular.value > 0) & (popular.value <= 1)).all()


def test_the_query_s_condition_holds_live(answers, live_shop):
    user, item = int(live_shop.rows["users"]["user_id"][1]), str(live_shop.rows["items"]["item_id"][5])
    before = answers.past("items", 1, CUT_PLUS, 50).items.tolist()
    values = {"user_id": user, "item_id": item, "store_id": 0}
    answers.observe(Event("1", "buys", values | {"quantity": 0}, CUT_PLUS))
    answers.observe(Event("2", "buys", values, CUT_PLUS))
    assert answers.past("items", 1, CUT_PLUS, 50).items.tolist() == before


def test_what_is_popular_stands_for_as_long_as_is_asked_for(answers, live_shop):
    """Within that time an event does not change it, for no crowd; after it, it is what it would be anyway."""
    plain, steady = OnlineAnswers.from_run(live_shop.run), answers
    steady.steady = 10
    for row in (MISSING, 0, 1):
        before = steady.popular("items", CUT_PLUS, 5, row)
        np.testing.assert_array_equal(before.items, plain.popular("items", CUT_PLUS, 5, row).items)
    for each in (plain, steady):
        each.replay(live_shop.later)
    at = max(event.at for event in live_shop.later) + 1
    told = {row: steady.popular("items", at, 5, row) for row in (MISSING, 0, 1)}
    for row, found in told.items():
        np.testing.assert_array_equal(found.items, plain.popular("items", at, 5, row).items)
        assert steady.popular("items", at + 9, 5, row) is steady.popular("items", at, 5, row)
        later, anew = steady.popular("items", at + 10, 5, row), plain.popular("items", at + 10, 5, row)
        assert later is not found
        np.testing.assert_array_equal(later.scores, anew.scores)
        np.testing.assert_array_equal(later.value, anew.value)


def test_someone_unknown_gets_what_is_popular(answers):
    cold = answers.for_user("items", MISSING, CUT_PLUS, 10)
    assert len(cold) == 10
    assert (cold.because == MISSING).all()
    assert len(answers.popular("items", CUT_PLUS, 5)) == 5
    assert len(answers.popular("items", CUT_PLUS, 5, row=0)) == 5


def test_a_basket_is_answered_without_what_is_in_it(answers):
    basket = np.array([2, 5, 7])
    found = answers.for_items("items", basket, CUT_PLUS, 8)
    assert len(found) == 8
    assert not np.isin(found.items, basket).any()
    assert np.isin(found.because, [*basket, MISSING]).all()
    assert (found.because != MISSING).any()
    again = answers.for_items("items", basket, CUT_PLUS, 8)
    np.testing.assert_array_equal(found.items, again.items)
    assert len(answers.for_items("items", np.array([10**6]), CUT_PLUS, 3)) == 3


def test_likeness_of_each_kind(answers):
    for how in ("similar", "complement", "substitute"):
        found = answers.like("items", 3, CUT_PLUS, 5, how)
        assert 0 < len(found) <= 5
        assert 3 not in found.items
        assert (np.diff(found.scores) <= 0).all()
    assert len(answers.like("items", MISSING, CUT_PLUS, 5)) == 0
    assert len(answers.like("items", 10**6, CUT_PLUS, 5)) == 0
    shelf = answers.column("items", "shelf").to_pylist()
    best = int(answers.like("items", 3, CUT_PLUS, 1, "substitute").items[0])
    assert shelf[best] == shelf[3] or answers.column("items", "brand")[best] == answers.column("items", "brand")[3]


def test_mistakes_point(answers, live_shop):
    with pytest.raises(ArgumentError, match="no table 'bys'") as error:
        answers.observe(Event("e1", "bys", {}, CUT_PLUS))
    assert "did you mean buys" in str(error.value)
    with pytest.raises(ArgumentError, match="no column 'itemid'") as error:
        answers.observe(Event("e1", "buys", {"itemid": 1}, CUT_PLUS))
    assert "item_id" in str(error.value)
    with pytest.raises(ArgumentError, match="'x' is no key of 'users'"):
        answers.observe(Event("e1", "buys", {"user_id": "x", "item_id": "i001", "quantity": 1}, CUT_PLUS))
    user = int(live_shop.rows["users"]["user_id"][2])
    before = answers.past("items", 2, CUT_PLUS, 50).items.tolist()
    bad = {"user_id": user, "item_id": "brand new", "quantity": 1, "store_id": 2.5}
    with pytest.raises(ArgumentError, match="is no key of 'stores'"):
        answers.observe(Event("e1", "buys", bad, CUT_PLUS))
    assert answers.past("items", 2, CUT_PLUS, 50).items.tolist() == before
    assert answers.row("items", "brand new") == MISSING
    with pytest.raises(ArgumentError, match="nothing ranks 'people'"):
        answers.for_user("people", 0, CUT_PLUS, 5)
    with pytest.raises(KeyError):
        answers.column("items", "nothing")


@pytest.mark.parametrize(
    ("mix", "left"),
    [
        (Mix("scorers", network=0.5), Mix("scorers")),
        (Mix("blend", blend=(("network", 1.0),)), Mix("scorers")),
        (Mix("blend", blend=(("trees", 1.0), ("network", 0.4))), Mix("blend", blend=(("trees", 1.0),))),
    ],
)
def test_the_network_is_left_out_and_said_to_be(live_shop, mix, left):
    run = SimpleNamespace(**vars(live_shop.run))
    run.model = type(run.model)(replace(run.model.parts(), mix=mix))
    found = OnlineAnswers.from_run(run)
    assert found._live["items"].mix == left
    assert "network" in found.facts()["items"]["left out"]
    assert len(found.for_user("items", 0, CUT_PLUS, 5)) == 5


def test_runs_that_cannot_go_together(live_shop):
    with pytest.raises(ArgumentError, match="two runs rank 'items'"):
        OnlineAnswers.from_run(live_shop.run, live_shop.run)
    with pytest.raises(ArgumentError, match="nothing to answer from"):
        OnlineAnswers.from_run()
