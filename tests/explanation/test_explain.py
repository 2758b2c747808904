"""Explanations by removal, on models whose reasons are known."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import to_micros
from edgewise.explanation.explain import explain
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import Classified, Estimated, History, Ranked, TaskSpec

BUYS = Hop("people", "buys", "person", "buys", reverse=True)
VISITS = Hop("people", "visits", "person", "visits", reverse=True)
ANCHOR = to_micros("2020-01-10")


def ident(name):
    return Column(name, "int64", SType.ID)


@pytest.fixture
def graph():
    stamp = Column("at", "timestamp[us]", SType.TIMESTAMP)
    schema = Schema(
        {
            "people": Table("people", (ident("id"), Column("job", "string", SType.CATEGORICAL)), 2, key="id"),
            "things": Table("things", (ident("id"), Column("kind", "string", SType.CATEGORICAL)), 3, key="id"),
            "buys": Table("buys", (ident("person"), ident("thing"), stamp), 6, time="at"),
            "visits": Table("visits", (ident("person"), stamp), 3, time="at"),
        },
        (Link("buys", "person", "people"), Link("buys", "thing", "things"), Link("visits", "person", "people")),
    )
    tables = {
        "people": pa.table({"id": [1, 2], "job": ["cook", None]}),
        "things": pa.table({"id": [7, 8, 9], "kind": ["fruit", "fruit", "soap"]}),
        "buys": pa.table(
            {
                "person": [1, 1, 1, 1, 2, 1],
                "thing": [7, 7, 8, 9, 7, 7],
                "at": [dt.datetime(2020, 1, day) for day in (1, 2, 3, 4, 5, 20)],
            }
        ),
        "visits": pa.table({"person": [1, 1, 2], "at": [dt.datetime(2020, 1, day) for day in (6, 7, 8)]}),
    }
    return graph_from_arrays(tables, schema)


def degrees(graph, hop, seeds):
    relation = graph.relation(hop)
    first, last = relation.indptr[seeds.rows], relation.indptr[seeds.rows + 1]
    pairs = zip(first, last, seeds.at, strict=True)
    return np.array([np.searchsorted(relation.at[a:b], at, side="right") for a, b, at in pairs], dtype=np.float64)


@dataclass
class Counting:
    """3 a buy, 1 a visit less, 10 for a job."""

    def predict(self, graph, spec, seeds, *, k=None):
        job = graph.column("people", "job").take(pa.array(seeds.rows)).is_valid().to_numpy(zero_copy_only=False)
        value = 3 * degrees(graph, BUYS, seeds) - degrees(graph, VISITS, seeds) + 10 * job
        return Estimated(value)


@dataclass
class Repeating:
    """Ranks things by how often the history holds them."""

    def predict(self, graph, spec, seeds, *, k=None):
        scores = np.zeros((len(seeds), 3), dtype=np.float32)
        history = spec.history
        for i, (row, at) in enumerate(zip(seeds.rows, seeds.at, strict=True)):
            part = slice(history.indptr[row], history.indptr[row + 1])
            seen = history.value[part][history.at[part] <= at]
            scores[i] = np.bincount(seen, minlength=3)
        order = np.argsort(-scores, axis=1, kind="stable")
        return Ranked(order.astype(np.int64), np.take_along_axis(scores, order, axis=1))


def history(graph):
    relation = graph.relation(BUYS)
    return History(relation.indptr, relation.at, graph.forward("buys", "thing")[relation.dst].astype(np.int64))


def test_effects_are_what_the_model_says_without_each_thing(graph):
    found = explain(Counting(), graph, TaskSpec(TaskKind.REGRESSION, "people", 1), 0, ANCHOR)
    effects = {(e.path, e.group): e.effect for e in found.evidence}

    assert found.answer == 3 * 4 - 2 + 10
    assert found.without == 0
    assert effects["people.job", "cook"] == 10
    assert effects[str(BUYS), "all"] == 12
    assert effects[str(VISITS), "all"] == -2
    assert effects[str(BUYS), "thing = 7"] == 6
    assert [abs(e.effect) for e in found.evidence] == sorted((abs(e.effect) for e in found.evidence), reverse=True)


def test_rows_after_the_anchor_explain_nothing(graph):
    found = explain(Counting(), graph, TaskSpec(TaskKind.REGRESSION, "people", 1), 0, ANCHOR)
    whole = next(e for e in found.evidence if e.group == "all" and e.path == str(BUYS))
    assert whole.rows == 4
    assert whole.last == to_micros("2020-01-04")


def test_a_ranking_is_explained_by_the_history_of_the_item(graph):
    spec = TaskSpec(TaskKind.RANKING, "people", 1, item="things", history=history(graph))
    found = explain(Repeating(), graph, spec, 0, ANCHOR)
    effects = {(e.path, e.group): e.effect for e in found.evidence}

    assert (found.item, found.rank, found.answer) == (7, 1, 2.0)
    assert effects[str(BUYS), "thing = 7"] == 2.0
    assert effects[str(BUYS), "kind = fruit"] == 0.0
    assert effects[str(VISITS), "all"] == 0.0
    assert found.sentence == (
        "For id 1, id 7 (fruit) comes at rank 1; without the 2 buys of it (the last on 2020-01-02) "
        "it would come at rank 3."
    )


def test_what_is_named_matters_more_than_as_many_rows_at_random(graph):
    """The rows that an explanation names first are worth more than any other choice of as many rows."""
    spec = TaskSpec(TaskKind.RANKING, "people", 1, item="things", history=history(graph))
    found = explain(Repeating(), graph, spec, 0, ANCHOR, item=0)
    named = next(e for e in found.evidence if e.group != "all")
    others = [e for e in found.evidence if e.group not in ("all", named.group) and e.rows <= named.rows]
    assert all(named.effect > e.effect for e in others)


def test_an_entity_without_anything_is_explained_by_nothing(graph):
    before = to_micros("2019-01-01")
    found = explain(Counting(), graph, TaskSpec(TaskKind.REGRESSION, "people", 1), 1, before)
    assert found.evidence == ()
    assert "nothing that was taken away changes the answer" in found.sentence


def test_explanations_are_plain_values(graph):
    found = explain(Counting(), graph, TaskSpec(TaskKind.REGRESSION, "people", 1), 0, ANCHOR).to_json()
    assert found["anchor_time"] == "2020-01-10"
    assert {"kind", "path", "group", "rows", "effect", "last", "words", "rank"} == set(found["evidence"][0])


class Chooses:
    """A class by how much a person bought: the second one where it is three things or more."""

    def predict(self, graph, spec, seeds, *, k=None):
        many = degrees(graph, BUYS, seeds) / 4
        return Classified(np.stack([1 - many, many], axis=1))


def test_a_class_is_named_with_its_probability(graph):
    spec = TaskSpec(TaskKind.MULTICLASS, "people", 0, classes=pa.array(["few", "many"]))
    found = explain(Chooses(), graph, spec, 0, ANCHOR)
    assert (found.predicted, found.answer) == ("many", 1.0)
    assert found.sentence.startswith("For id 1 many is likeliest, with a probability of 100.0%")
    assert "without the 2 buys with thing 7 (the last on 2020-01-02)" in found.sentence
