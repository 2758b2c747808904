"""Live answers of a run that was fitted, saved and opened again, on the planted shop."""

from dataclasses import replace

import numpy as np
import pytest

import edgewise as ew
from edgewise.clock import DAY
from edgewise.models.candidates.newcomers import Newcomers
from edgewise.models.ranker_mix import Mix
from edgewise.prediction.nouns import Event
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.tasks.nouns import Seeds

QUERY = "PREDICT LIST_DISTINCT(transactions.product_id, 0, 14, days) RANK TOP 5 FOR EACH customers.customer_id"


@pytest.mark.slow
def test_live_answers_are_those_of_the_run(tmp_path):
    graph = ew.Graph.build(ew.open("shop"))
    run = graph.task(QUERY).fit(budget="8s")
    answers = OnlineAnswers.open(OnlineAnswers.from_run(run).save(tmp_path / "snapshot"))
    at = answers.latest
    run.model._mix = answers._live["products"].mix  # the run without its network
    expected = run.model.predict(
        run.graph.store, run.spec, Seeds("customers", np.arange(300), np.full(300, at)), k=10
    )
    for row in range(300):
        found = answers.for_user("products", row, at, 10)
        np.testing.assert_array_equal(found.items, expected.items[row])
        np.testing.assert_allclose(found.scores, expected.scores[row], rtol=1e-5)


@pytest.mark.slow
def test_replayed_events_give_the_run_s_answers(monkeypatch):
    """Live from a past moment, fed what came since, equals the run on all rows with what is read at that moment:
    the graphs, and which items are new.
    """
    graph = ew.Graph.build(ew.open("shop"))
    run = graph.task(QUERY).fit(budget="8s")
    latest = OnlineAnswers.from_run(run).latest
    cut = latest - 20 * DAY
    parts = run.model.parts()
    # One graph moment for the whole span, and a simple mixture, so that both read the same graphs.
    run.model._setup = replace(parts.setup, grid=cut)
    run.model._mix = Mix("scorers")
    shelf = Newcomers.shelf
    monkeypatch.setattr(Newcomers, "shelf", lambda self, asof, moment: shelf(self, asof, min(moment, cut)))
    answers = OnlineAnswers.from_run(run, until=cut)
    for event in _transactions(graph.store, cut):
        answers.observe(event)
    at = latest
    expected = run.model.predict(
        run.graph.store, run.spec, Seeds("customers", np.arange(300), np.full(300, at)), k=5
    )
    same = 0
    for row in range(300):
        found = answers.for_user("products", row, at, 5)
        same += found.items.tolist() == expected.items[row].tolist()
    assert same == 300


def _transactions(store, after):
    times = store.times("transactions")
    links = {link.column: link.to for link in store.schema.links_from("transactions")}
    late = np.flatnonzero((times > after) & (times < np.iinfo(np.int64).max))
    columns = {name: store.column("transactions", name).take(late).to_pylist() for name in links}
    for n, row in enumerate(late.tolist()):
        yield Event(
            str(row), "transactions", {name: values[n] for name, values in columns.items()}, int(times[row])
        )
