"""Small planted tasks of every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY, to_micros
from edgewise.evaluation.series import windows
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import (
    Classified,
    Estimated,
    History,
    Labels,
    Prediction,
    Ragged,
    Ranked,
    Seeds,
    TaskSpec,
)

ANCHOR = to_micros("2020-06-01")


@dataclass(frozen=True)
class Case:
    spec: TaskSpec
    labels: Labels
    predictions: dict[str, Prediction]


def ragged(lists: list[list[int]]) -> Ragged:
    indptr = np.concatenate([[0], np.cumsum([len(own) for own in lists])]).astype(np.int64)
    return Ragged(indptr, np.array([v for own in lists for v in own], dtype=np.int64))


def history_of(rng: np.random.Generator, entities: int, events: int, values: np.ndarray) -> History:
    """Events spread over a year around the anchor."""
    owner = np.sort(rng.integers(0, entities, events))
    at = ANCHOR + rng.integers(-300 * DAY, 60 * DAY, events)
    at = at[np.lexsort((at, owner))]
    return History(np.searchsorted(owner, np.arange(entities + 1)).astype(np.int64), at, values)


def ranking(n: int, rng: np.random.Generator) -> Case:
    items, k = 50, 6
    history = history_of(rng, n, n * 12, rng.integers(0, items, n * 12))
    lists = [sorted(set(rng.integers(-1, items, rng.integers(0, 5)).tolist())) for _ in range(n)]
    target = ragged(lists)

    def model(share: float) -> Ranked:
        out = np.argsort(rng.random((n, items)), axis=1)[:, :k]
        for i, own in enumerate(lists):
            found = [v for v in own if v >= 0 and rng.random() < share]
            rest = [v for v in out[i] if v not in found]
            out[i] = (found + rest)[:k]
        return Ranked(out.astype(np.int64), np.zeros(out.shape, dtype=np.float32))

    spec = TaskSpec(
        TaskKind.RANKING, "users", 7 * DAY, item="items", k=k, history=history, description="<PREDICT>"
    )
    seeds = Seeds("users", np.arange(n), np.where(np.arange(n) % 2, ANCHOR, ANCHOR - 7 * DAY))
    return Case(spec, Labels(seeds, target), {"ours": model(0.6), "chance": model(0.0)})


def binary(n: int, rng: np.random.Generator) -> Case:
    z = rng.normal(size=n)
    truth = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.float64)

    def model(noise: float) -> Classified:
        p = 1 / (1 + np.exp(-(z + noise * rng.normal(size=n))))
        return Classified(np.stack([1 - p, p], axis=1))

    history = history_of(rng, n, n * 5, np.ones(n * 5))
    spec = TaskSpec(TaskKind.BINARY, "users", 7 * DAY, history=history)
    seeds = Seeds("users", np.arange(n) // 2, np.full(n, ANCHOR))
    return Case(spec, Labels(seeds, truth), {"ours": model(0.0), "noisy": model(3.0)})


def multiclass(n: int, rng: np.random.Generator) -> Case:
    p = rng.dirichlet(np.ones(4), n)
    target = np.array([rng.choice(4, p=row) for row in p])
    target[0] = -1
    spec = TaskSpec(TaskKind.MULTICLASS, "users", 7 * DAY, classes=pa.array(list("abcd")))
    seeds = Seeds("users", np.arange(n), np.full(n, ANCHOR))
    even = Classified(np.full((n, 4), 0.25))
    return Case(spec, Labels(seeds, target), {"ours": Classified(p), "even": even})


def multilabel(n: int, rng: np.random.Generator) -> Case:
    p = rng.random((n, 5))
    truth = rng.random((n, 5)) < p
    spec = TaskSpec(TaskKind.MULTILABEL, "users", 7 * DAY, classes=pa.array(list("abcde")))
    seeds = Seeds("users", np.arange(n), np.full(n, ANCHOR))
    target = ragged([np.flatnonzero(row).tolist() for row in truth])
    return Case(spec, Labels(seeds, target), {"ours": Classified(p), "chance": Classified(rng.random((n, 5)))})


def regression(n: int, rng: np.random.Generator) -> Case:
    x = rng.gamma(2.0, 10.0, n)
    y = x * rng.lognormal(0.0, 0.2, n)
    spec = TaskSpec(TaskKind.REGRESSION, "stores", 7 * DAY)
    seeds = Seeds("stores", np.arange(n) // 3, np.full(n, ANCHOR))
    ours = Estimated(x, {0.1: x * 0.7, 0.9: x * 1.3})
    return Case(spec, Labels(seeds, y), {"ours": ours, "constant": Estimated(np.full(n, y.mean()))})


def forecasting(n: int, rng: np.random.Generator) -> Case:
    history = history_of(rng, n, n * 100, rng.gamma(2.0, 5.0, n * 100))
    seeds = Seeds("stores", np.arange(n), np.full(n, ANCHOR))
    y = windows(history, seeds, 0, 7 * DAY, 4, "sum")
    ours = Estimated(y * 0.9 + 1.0, {0.05: y * 0.5 - 1, 0.5: y, 0.95: y * 1.5 + 1})
    spec = TaskSpec(TaskKind.FORECASTING, "stores", 7 * DAY, timeframes=4, history=history)
    last = np.repeat(windows(history, seeds, -7 * DAY, 7 * DAY, 1, "sum"), 4, axis=1)
    return Case(spec, Labels(seeds, y), {"ours": ours, "last value": Estimated(last)})


CASES: dict[str, Callable[[int, np.random.Generator], Case]] = {
    f.__name__: f for f in (ranking, binary, multiclass, multilabel, regression, forecasting)
}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    """One task of each kind."""
    return CASES[request.param](120, np.random.default_rng(3))


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """A task of the named kind: `make_case("binary", n=200, random_seed=1)`."""

    def make(kind: str, n: int = 120, random_seed: int = 3) -> Case:
        return CASES[kind](n, np.random.default_rng(random_seed))

    return make
