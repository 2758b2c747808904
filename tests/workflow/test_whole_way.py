"""From tables to predictions and back from a folder, for every kind of task, on the planted shop."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import edgewise as ew
from edgewise.clock import to_micros
from edgewise.graph.relation import Hop
from edgewise.ids import MISSING
from edgewise.tasks.nouns import History, Seeds

WINDOW = "transactions.*, 0, 14, days"
QUERIES = {
    "ranking": "PREDICT LIST_DISTINCT(transactions.product_id, 0, 14, days) RANK TOP 5"
    " FOR EACH customers.customer_id",
    "binary": f"PREDICT COUNT({WINDOW}) = 0 FOR EACH customers.customer_id",
    "multiclass": "PREDICT MODE(transactions.product_id, 0, 14, days) FOR EACH stores.store_id",
    "multilabel": "PREDICT LIST_DISTINCT(customers.age, 0, 60, days) CLASSIFY FOR EACH customers.city",
    "regression": "PREDICT SUM(transactions.amount, 0, 14, days) FOR EACH stores.store_id",
    "forecasting": "PREDICT SUM(transactions.amount, 0, 7, days) FORECAST 3 TIMEFRAMES FOR EACH stores.store_id",
    "pair": "PREDICT SUM(transactions.amount, 0, 14, days) FOR EACH stores.store_id, products.category",
    "derived": "PREDICT COUNT(transactions.*, 0, 14, days) FOR EACH products.category",
    "assuming": "PREDICT SUM(transactions.amount, 0, 14, days) FOR EACH customers.customer_id"
    " ASSUMING COUNT(orders.*, 0, 14, days) > 0",
    "imputation": "PREDICT customers.age FOR EACH customers.customer_id",
}


@pytest.fixture(scope="module")
def graph():
    return ew.Graph.build(ew.open("shop"))


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
def test_a_query_goes_the_whole_way(graph, name, tmp_path):
    run = graph.task(QUERIES[name]).fit(budget="8s", out=tmp_path / "run")
    answers = run.predict()

    assert len(answers) > 0
    assert {"entity", "anchor_time"} <= set(answers.column_names)
    assert answers.column("anchor_time").type == pa.timestamp("us")
    again = ew.load(tmp_path / "run")
    assert again.predict().equals(answers)
    assert again.report().to_json() == run.report().to_json()
    assert (tmp_path / "run" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    entity = answers.column("entity")[0].as_py()
    assert run.explain(entity).sentence


@pytest.fixture(scope="module")
def ranked(graph):
    return graph.task(QUERIES["ranking"]).fit(budget="8s")


def test_a_pair_is_named_in_three_ways(graph):
    question = graph.task(QUERIES["pair"]).question
    rows = {question.row(pair) for pair in ({"store_id": 1, "category": "dairy"}, (1, "dairy"), "1, dairy")}
    assert len(rows) == 1
    with pytest.raises(ew.UserError, match="'1' names no pair"):
        question.row("1")
    with pytest.raises(ew.UserError, match="no row '1, ham'"):
        question.row("1, ham")


def test_a_table_of_seeds_names_pairs_in_three_ways(graph):
    question = graph.task(QUERIES["pair"]).question
    pairs = {"store_id": pa.array([1, 2, 1], pa.int32()), "category": ["dairy", "dairy", "ham"]}
    tables = [
        pa.table(pairs),
        pa.table({"entity": pa.table(pairs).to_struct_array().combine_chunks()}),
        pa.table({"entity": ["1, dairy", "2,dairy", "1, ham"]}),
    ]
    wanted = [question.row("1, dairy"), question.row("2, dairy"), MISSING]
    for table in tables:
        entity, rows = question.named(table)
        assert rows.tolist() == wanted
        assert entity.type.names == ["store_id", "category"]
    assert question.keys(rows[:2]).to_pylist() == [{"store_id": s, "category": "dairy"} for s in (1, 2)]
    with pytest.raises(ew.UserError, match="name the pair in two: store_id and category"):
        question.named(pa.table({"store": [1]}))
    with pytest.raises(ew.UserError, match="'1' names no pair"):
        question.named(pa.table({"entity": ["1"]}))


@pytest.mark.slow
def test_a_run_answers_for_pairs(graph):
    run = graph.task(QUERIES["pair"]).fit(budget="3s")
    at = pa.array([to_micros("2023-12-01")] * 2, pa.timestamp("us"))
    seeds = pa.table({"store_id": [1, 1], "category": ["dairy", "ham"], "anchor_time": at})
    given = run.predict(seeds=seeds)
    asked = run.predict(at="2023-12-01", entities=["1, dairy"])
    assert given.column("entity").to_pylist() == [{"store_id": 1, "category": c} for c in ("dairy", "ham")]
    assert asked.column("entity").to_pylist() == [{"store_id": 1, "category": "dairy"}]
    assert asked.column("prediction")[0] == given.column("prediction")[0]
    assert "store_id 1, category dairy" in run.explain("1, dairy").sentence


@pytest.mark.slow
def test_nothing_after_until_teaches(graph):
    """A graph that ends at `until` gives the same predictions as the whole one, bit for bit.

    The budget is ample: one that ends a fit early lets the clock decide.
    """
    until = "2023-11-01"
    query = QUERIES["binary"]
    whole = graph.task(query).fit(until=until, budget="10m").predict(at=until)
    past = graph.known_at(until).task(query).fit(until=until, budget="10m").predict(at=until)
    assert past.equals(whole)


@pytest.mark.slow
def test_explanations_are_faithful(graph, ranked):
    """Taking away the rows that an explanation names changes the score more than as many rows at random."""
    store, spec = ranked.graph.store, ranked.spec
    hop = Hop("customers", "transactions", "customer_id", "transactions", reverse=True)
    at = to_micros("2023-12-31")
    named, random = [], []
    rng = np.random.default_rng(0)
    for row in range(0, 60, 3):
        key = store.vocabulary("customers").keys(np.array([row]))[0].as_py()
        found = ranked.explain(key, at=at)
        best = next((e for e in found.evidence if e.path == str(hop) and e.group.startswith("product_id")), None)
        events = np.arange(spec.history.indptr[row], spec.history.indptr[row + 1])
        if best is None or len(events) <= best.rows:
            continue
        item = int(store.vocabulary("products").rows([found.item])[0])
        mine = events[spec.history.value[events] == item]
        other = rng.choice(events, len(mine), replace=False)
        named.append(found.answer - _score_without(ranked, row, at, item, mine))
        random.append(found.answer - _score_without(ranked, row, at, item, other))
    assert len(named) >= 10
    assert np.mean(named) > 3 * abs(np.mean(random))


def _score_without(run, row, at, item, events):
    """The item's score when some events of the history had never been."""
    history = run.spec.history
    keep = np.ones(len(history.at), dtype=bool)
    keep[events] = False
    before = np.concatenate([[0], np.cumsum(keep)])
    less = History(before[history.indptr].astype(np.int64), history.at[keep], history.value[keep])
    seeds = Seeds("customers", np.array([row]), np.array([at]))
    answer = run.model.predict(run.graph.store, replace(run.spec, history=less), seeds, k=100)
    place = np.flatnonzero(answer.items[0] == item)
    return float(answer.scores[0][place[0]]) if len(place) else float(answer.scores[0][answer.items[0] >= 0].min())


@pytest.mark.slow
def test_a_ranking_names_the_channels_that_proposed(ranked):
    answers = ranked.predict()
    found = ranked.explain(answers.column("entity")[0].as_py())
    assert found.channels
    assert all(place >= 1 for place in found.channels.values())
    assert "It is a candidate by" in found.sentence


@pytest.mark.slow
def test_labels_of_ones_own(graph):
    """A label table of a query's labels gives a task like any other."""
    task = graph.task(QUERIES["regression"])
    anchors = ["2023-07-01", "2023-08-01", "2023-09-01", "2023-10-01", "2023-11-01", "2023-12-01"]
    labels = task.labels(anchors)
    own = graph.task(entity="stores", labels=labels, time="anchor_time", target="target", kind="regression")
    run = own.fit(budget="5s")
    assert len(run.predict(at="2023-12-15")) == pc.count_distinct(labels["entity"]).as_py()
    assert len(run.evaluate(at="2023-12-01").comparisons) > 0
