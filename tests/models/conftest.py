"""A small planted world: visitors with habits, whose past says what they will do."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.store import GraphStore
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import History, Labels, Ragged, Seeds, TaskSpec

sys.path.insert(0, str(Path(__file__).parent))  # for the tests' own samples

PEOPLE, DAYS, HORIZON = 60, 120, 7 * DAY
KINDS = pa.array(["bread", "milk", "wine"])


def _column(name: str, dtype: str, stype: SType) -> Column:
    return Column(name, dtype, stype)


SCHEMA = Schema(
    {
        "people": Table(
            "people",
            (_column("id", "int64", SType.ID), _column("town", "string", SType.CATEGORICAL)),
            PEOPLE,
            key="id",
        ),
        "goods": Table(
            "goods", (_column("id", "int64", SType.ID), _column("kind", "string", SType.CATEGORICAL)), 3, key="id"
        ),
        "visits": Table(
            "visits",
            (
                _column("person", "int64", SType.ID),
                _column("good", "int64", SType.ID),
                _column("at", "timestamp[us]", SType.TIMESTAMP),
                _column("spent", "double", SType.NUMERICAL),
            ),
            0,
            time="at",
        ),
    },
    (Link("visits", "person", "people"), Link("visits", "good", "goods")),
)


@dataclass(frozen=True)
class World:
    """Rows, the graph made of them, and the labels of each kind of task."""

    visits: dict[str, np.ndarray]
    graph: GraphStore

    def task(self, kind: TaskKind) -> tuple[TaskSpec, Labels]:
        """The task and its labels at weekly anchors; the last anchor has a complete window."""
        values = self._values(kind)
        indptr, order = self._by_person()
        history = History(indptr, self.visits["at"][order], values[order])
        classes = KINDS if values.dtype.kind == "i" else None
        frames = 3 if kind is TaskKind.FORECASTING else 1
        spec = TaskSpec(kind, "people", HORIZON, classes=classes, k=2, timeframes=frames, history=history)
        anchors = np.arange(42 * DAY, (DAYS - 7 * frames) * DAY, HORIZON)
        rows = np.tile(np.arange(PEOPLE), len(anchors))
        seeds = Seeds("people", rows, np.repeat(anchors, PEOPLE))
        return spec, _labels(spec, seeds)

    def _values(self, kind: TaskKind) -> np.ndarray:
        if kind is TaskKind.BINARY:
            return np.ones(len(self.visits["at"]))
        if kind in (TaskKind.REGRESSION, TaskKind.FORECASTING):
            return self.visits["spent"]
        return self.visits["good"].astype(np.int64)

    def _by_person(self) -> tuple[np.ndarray, np.ndarray]:
        person = self.visits["person"]
        order = np.lexsort((self.visits["at"], person))
        return np.concatenate([[0], np.cumsum(np.bincount(person, minlength=PEOPLE))]), order


def _labels(spec: TaskSpec, seeds: Seeds) -> Labels:
    """Labels by the slow way: one window after another."""
    assert spec.history is not None
    lists, numbers = [], []
    for row, at in zip(seeds.rows, seeds.at, strict=True):
        events = slice(spec.history.indptr[row], spec.history.indptr[row + 1])
        moment, value = spec.history.at[events], spec.history.value[events]
        frames = [(moment > at + j * HORIZON) & (moment <= at + (j + 1) * HORIZON) for j in range(spec.timeframes)]
        lists.append(np.unique(value[frames[0]]))
        numbers.append([value[inside].sum() for inside in frames])
    if spec.kind in (TaskKind.MULTILABEL, TaskKind.MULTILABEL_RANKING):
        indptr = np.concatenate([[0], np.cumsum([len(entries) for entries in lists])])
        return Labels(seeds, Ragged(indptr, np.concatenate(lists).astype(np.int64)))
    if spec.kind is TaskKind.MULTICLASS:
        some = np.array([len(entries) > 0 for entries in lists])
        first = np.array([entries[-1] if len(entries) else 0 for entries in lists], dtype=np.int64)
        return Labels(seeds, first).take(some)
    found = np.array(numbers)
    if spec.kind is TaskKind.FORECASTING:
        return Labels(seeds, found)
    target = found[:, 0]
    return Labels(seeds, (target == 0).astype(float) if spec.kind is TaskKind.BINARY else target)


def make_visits(random_seed: int = 0) -> dict[str, np.ndarray]:
    """Each person visits at a rate of their own, spends an amount of their own, and has a favourite."""
    rng = np.random.default_rng(random_seed)
    rate = rng.choice([0.03, 0.15, 0.6], PEOPLE)
    amount = rng.choice([2.0, 10.0, 40.0], PEOPLE)
    taste = rng.dirichlet([0.3, 0.3, 0.3], PEOPLE)
    counts = rng.poisson(rate * DAYS)
    person = np.repeat(np.arange(PEOPLE), counts)
    at = rng.integers(0, DAYS * DAY, len(person))
    good = np.array([rng.choice(3, p=taste[p]) for p in person])
    order = np.argsort(at, kind="stable")
    spent = np.round(amount[person] * rng.uniform(0.8, 1.2, len(person)), 2)
    return {"person": person[order], "good": good[order], "at": at[order], "spent": spent[order]}


def make_world(visits: dict[str, np.ndarray]) -> World:
    """The graph of some visits."""
    towns = pa.array(["north", "south"] * (PEOPLE // 2))
    tables = {
        "people": pa.table({"id": np.arange(PEOPLE), "town": towns}),
        "goods": pa.table({"id": np.arange(3), "kind": KINDS}),
        "visits": pa.table({name: pa.array(values) for name, values in visits.items()}),
    }
    return World(visits, graph_from_arrays(tables, SCHEMA))


@pytest.fixture(scope="session")
def planted() -> World:
    return make_world(make_visits())


@pytest.fixture(scope="session")
def changed_after() -> object:
    """The same world with every row after a moment moved, spent and linked otherwise, or taken away."""

    def change(moment: int, delete: bool = False) -> World:
        visits = {name: values.copy() for name, values in make_visits().items()}
        if delete:
            return make_world({name: values[visits["at"] <= moment] for name, values in visits.items()})
        late = np.flatnonzero(visits["at"] > moment)
        shuffled = np.random.default_rng(1).permutation(late)
        for name in ("person", "good", "spent"):
            visits[name][late] = visits[name][shuffled]
        visits["spent"][late] *= 100
        return make_world(visits)

    return change
