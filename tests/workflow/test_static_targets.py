"""Targets without a window: the rows that they are made of are the answer, and no model may see them."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

import edgewise as ew
from edgewise.graph.relation import Hop
from edgewise.query.bind import bind
from edgewise.workflow.graph import Graph

COUNT = "PREDICT COUNT(reviews.*) FOR EACH products.id"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """How many reviews a product has is pure chance: nothing but the reviews themselves tells."""
    rng = np.random.default_rng(3)
    file: Path = tmp_path_factory.mktemp("reviews") / "reviews.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("create table products (id bigint primary key, price double)")
        con.execute("create table authors (id bigint primary key, town varchar)")
        con.execute("create table reviews (product_id bigint, author_id bigint, stars bigint)")
        for key in range(300):
            con.execute("insert into products values (?, ?)", [key, float(rng.integers(1, 100))])
        for key in range(40):
            con.execute("insert into authors values (?, ?)", [key, str(rng.choice(["Ulm", "Bonn"]))])
        rows = [(int(p), int(rng.integers(40)), int(rng.integers(1, 6))) for p in rng.integers(0, 300, 1500)]
        con.executemany("insert into reviews values (?, ?, ?)", rows)
    return Graph.build(ew.open(str(file)))


def test_the_counted_rows_are_hidden(graph: Graph) -> None:
    task = graph.task(COUNT)
    hop = Hop("products", "reviews", "product_id", "reviews", reverse=True)
    assert len(task.graph.store.relation(hop).dst) == 0
    assert len(graph.store.relation(hop).dst) == 1500
    other = Hop("authors", "reviews", "author_id", "reviews", reverse=True)
    assert len(task.graph.store.relation(other).dst) == 1500
    assert task.spec.history is None
    assert any("without a window" in note for note in bind(COUNT, graph.schema).warnings)


def test_a_ranking_keeps_its_links(graph: Graph) -> None:
    query = "PREDICT LIST_DISTINCT(reviews.product_id) RANK TOP 3 FOR EACH authors.id"
    assert graph.task(query).graph is graph


def test_both_links_of_a_pair_are_hidden(graph: Graph) -> None:
    task = graph.task("PREDICT AVG(reviews.stars) FOR EACH reviews.product_id, reviews.author_id")
    store = task.graph.store
    for hop in store.hops("reviews"):
        assert len(store.relation(hop).dst) == 0
    assert len(store.vocabulary(task.spec.entity)) > 0


@pytest.mark.slow
def test_chance_is_not_foretold(graph: Graph) -> None:
    run = graph.task(COUNT).fit(budget="5s")
    labels = graph.task(COUNT).labels([]).sort_by("entity")["target"].to_numpy()
    answers = run.predict().sort_by("entity")["prediction"].to_numpy()
    assert abs(np.corrcoef(labels, answers)[0, 1]) < 0.5
