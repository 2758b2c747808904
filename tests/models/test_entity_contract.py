"""What every model for entities owes, whatever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgewise.models.contract import Budget, Model, Quiet
from edgewise.models.registry import BASELINES, MAIN, baselines_for, model_for, model_named
from edgewise.models.targets import ENTITY_KINDS
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, Labels, Prediction, Ranked, Seeds, TaskSpec

PAIRS = [
    (kind, name)
    for kind in ENTITY_KINDS
    for name in (
        "prior",
        "entity mean",
        "last value",
        "trailing mean of four windows",
        "seasonal naive",
        "own most frequent class",
        "boosted trees on the as-of state",
        "graph network and trees",
    )
    if model_named(name).handles(TaskSpec(kind, "people", 1, history=object()))  # type: ignore[arg-type]  # any
]


def numbers(prediction: Prediction) -> np.ndarray:
    if isinstance(prediction, Estimated):
        parts = [prediction.value, *prediction.quantiles.values()]
        return np.stack(parts)
    return prediction.probability if isinstance(prediction, Classified) else prediction.scores


def split(labels: Labels) -> tuple[Labels, Labels, Labels]:
    """Train, validation, test: the test anchor is the last, validation the one before."""
    anchors = np.unique(labels.seeds.at)
    at = labels.seeds.at
    return labels.take(at < anchors[-2]), labels.take(at == anchors[-2]), labels.take(at == anchors[-1])


@pytest.fixture(scope="module")
def fitted(planted: Any) -> Any:
    """Each model fitted once."""
    kept: dict[tuple[TaskKind, str], tuple[Model, TaskSpec, Labels]] = {}

    def get(kind: TaskKind, name: str) -> tuple[Model, TaskSpec, Labels]:
        if (kind, name) not in kept:
            spec, labels = planted.task(kind)
            train, valid, test = split(labels)
            model = model_named(name)()
            model.fit(planted.graph, spec, train, valid, budget=Budget(60), progress=Quiet(), random_seed=3)
            kept[kind, name] = (model, spec, test)
        return kept[kind, name]

    return get


@pytest.mark.parametrize(("kind", "name"), PAIRS, ids=lambda v: str(getattr(v, "value", v)))
class TestContract:
    def test_saved_and_loaded_answers_are_equal(
        self, planted: Any, fitted: Any, tmp_path: Path, kind: TaskKind, name: str
    ) -> None:
        model, spec, test = fitted(kind, name)
        model.save(tmp_path)
        loaded = type(model).load(tmp_path)
        again = numbers(loaded.predict(planted.graph, spec, test.seeds))
        assert np.array_equal(numbers(model.predict(planted.graph, spec, test.seeds)), again)

    def test_batch_equals_one_by_one(self, planted: Any, fitted: Any, kind: TaskKind, name: str) -> None:
        model, spec, test = fitted(kind, name)
        whole = numbers(model.predict(planted.graph, spec, test.seeds))
        axis = 1 if kind in (TaskKind.REGRESSION, TaskKind.FORECASTING) else 0
        for i in (0, 7):
            one = numbers(model.predict(planted.graph, spec, test.seeds.take(np.array([i]))))
            np.testing.assert_allclose(one, np.take(whole, [i], axis=axis), rtol=1e-4, atol=1e-5)

    def test_unknown_entities_and_empty_batches(
        self, planted: Any, fitted: Any, kind: TaskKind, name: str
    ) -> None:
        model, spec, test = fitted(kind, name)
        cold = Seeds("people", np.array([-1, 0]), test.seeds.at[:2])
        found = model.predict(planted.graph, spec, cold)
        assert np.isfinite(numbers(found)).all()
        none = model.predict(planted.graph, spec, test.seeds.take(np.array([], dtype=np.int64)))
        assert numbers(none).size == 0
        if isinstance(found, Classified) and kind is not TaskKind.MULTILABEL:
            np.testing.assert_allclose(found.probability.sum(axis=1), 1.0)
        if isinstance(found, Ranked):
            assert found.items.shape == (2, spec.k)

    def test_the_future_changes_nothing(
        self, planted: Any, fitted: Any, changed_after: Any, kind: TaskKind, name: str
    ) -> None:
        model, spec, test = fitted(kind, name)
        other = changed_after(int(test.seeds.at[0]))
        far, _ = other.task(kind)
        before = numbers(model.predict(planted.graph, spec, test.seeds))
        assert np.array_equal(before, numbers(model.predict(other.graph, far, test.seeds)))


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.REGRESSION, TaskKind.MULTICLASS])
def test_the_model_beats_the_prior(planted: Any, fitted: Any, kind: TaskKind) -> None:
    losses = {}
    for name in ("prior", "graph network and trees", "boosted trees on the as-of state"):
        model, spec, test = fitted(kind, name)
        found = model.predict(planted.graph, spec, test.seeds)
        losses[name] = loss(found, test)
    assert losses["graph network and trees"] < 0.9 * losses["prior"]
    assert losses["boosted trees on the as-of state"] < 0.9 * losses["prior"]


def loss(prediction: Prediction, labels: Labels) -> float:
    assert not isinstance(prediction, Ranked)
    if isinstance(prediction, Estimated):
        return float(np.abs(prediction.value - np.asarray(labels.target)).mean())
    chosen = np.asarray(labels.target).astype(np.int64)
    return float(-np.log(np.clip(prediction.probability[np.arange(len(chosen)), chosen], 1e-6, 1)).mean())


def test_the_same_random_seed_gives_the_same_model(planted: Any, fitted: Any) -> None:
    model, spec, test = fitted(TaskKind.BINARY, "graph network and trees")
    train, valid, _ = split(planted.task(TaskKind.BINARY)[1])
    twin = type(model)()
    twin.fit(planted.graph, spec, train, valid, budget=Budget(60), progress=Quiet(), random_seed=3)
    a, b = (numbers(m.predict(planted.graph, spec, test.seeds)) for m in (model, twin))
    assert np.array_equal(a, b)


def test_labels_that_users_bring_are_their_own_history(planted: Any) -> None:
    spec, labels = planted.task(TaskKind.REGRESSION)
    own = TaskSpec(spec.kind, spec.entity, spec.horizon)
    train, valid, test = split(labels)
    for name in ("boosted trees on the as-of state", "trailing mean of four windows"):
        model = model_named(name)()
        model.fit(planted.graph, own, train, valid, budget=Budget(60), progress=Quiet())
        prior = np.abs(np.median(np.asarray(train.target)) - test.target).mean()
        assert loss(model.predict(planted.graph, own, test.seeds), test) < 0.7 * prior


def test_every_entity_task_has_a_model_and_baselines() -> None:
    for kind in ENTITY_KINDS:
        spec = TaskSpec(kind, "people", 1)
        assert model_for(spec).handles(spec)
        assert baselines_for(spec)
    assert len(set(MAIN) | set(BASELINES)) == len(MAIN) + len(BASELINES)
