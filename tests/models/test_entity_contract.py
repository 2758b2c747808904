"""What every model for entities owes, whatever it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgewise.models.contract import Budget, Model, Quiet
from edgewise.models.entity import EntityModel
from edgewise.models.entity_table import EntityTable
from edgewise.models.neighbours import GraphView
from edgewise.models.registry import BASELINES, MAIN, baselines_for, model_for, model_named
from edgewise.models.targets import ENTITY_KINDS
from edgewise.query.kinds import TaskKind
from edgewise.state.scaling import Scaling
from edgewise.tasks.labels import joined
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


def test_the_same_random_seed_gives_the_same_model(planted: Any, fitted: Any, tmp_path: Path) -> None:
    """The same answers, and the same files: weights, trees, plans, what was tried."""
    model, spec, test = fitted(TaskKind.BINARY, "graph network and trees")
    train, valid, _ = split(planted.task(TaskKind.BINARY)[1])
    twin = type(model)()
    twin.fit(planted.graph, spec, train, valid, budget=Budget(60), progress=Quiet(), random_seed=3)
    a, b = (numbers(m.predict(planted.graph, spec, test.seeds)) for m in (model, twin))
    assert np.array_equal(a, b)
    files = []
    for name, one in (("model", model), ("twin", twin)):
        (tmp_path / name).mkdir()
        one.save(tmp_path / name)
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert files[0] == files[1]


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


@pytest.mark.parametrize("delete", [False, True], ids=["moved", "deleted"])
@pytest.mark.parametrize(
    "kind", [TaskKind.BINARY, TaskKind.REGRESSION, TaskKind.MULTICLASS], ids=lambda k: k.value
)
def test_a_model_learns_the_same_whatever_comes_later(
    planted: Any, fitted: Any, changed_after: Any, kind: TaskKind, delete: bool
) -> None:
    """Fitted, refitted and asked where all rows after the last anchor are others: the same bits."""
    spec, labels = planted.task(kind)
    train, valid, test = split(labels)
    other = changed_after(int(test.seeds.at[0]), delete)
    far = other.task(kind)[0]
    answers = []
    for graph, about in ((planted.graph, spec), (other.graph, far)):
        model = EntityModel()
        model.fit(graph, about, train, valid, budget=Budget(600), progress=Quiet(), random_seed=3)
        known = model._fitted()
        known.blend = replace(known.blend, share=0.5)  # the network has a say, whatever was chosen
        model.refit(graph, about, joined(train, valid), budget=Budget(600), progress=Quiet())
        facts = {k: v for k, v in model.facts().items() if k != "stopped"}
        answers.append((numbers(model.predict(graph, about, test.seeds)), facts))
    assert np.array_equal(answers[0][0], answers[1][0])
    assert answers[0][1] == answers[1][1]


@pytest.mark.parametrize("delete", [False, True], ids=["moved", "deleted"])
def test_what_is_fitted_is_fitted_at_the_training_cut(planted: Any, changed_after: Any, delete: bool) -> None:
    """Which state there is, encoders, vocabularies of categories, statistics, and the table to learn from."""
    spec, labels = planted.task(TaskKind.REGRESSION)
    train, _, _ = split(labels)
    cut = int(train.seeds.at.max())
    other = changed_after(cut, delete)
    found = []
    for graph in (planted.graph, other.graph):
        table = EntityTable.fit(graph, spec, train)
        view = GraphView.fit(graph, spec, cut, table.builder.plan.grid)
        rows = table.everything(graph, spec, train, 0).rows
        found.append((table.builder.fingerprint(), table.replay, view.to_json(), Scaling.fit(rows.x), rows))
    (*fitted_on, scaling, rows), (*fitted_on_other, other_scaling, other_rows) = found
    assert fitted_on == fitted_on_other
    assert np.array_equal(scaling.centre, other_scaling.centre)
    assert np.array_equal(scaling.spread, other_scaling.spread)
    assert np.array_equal(rows.x, other_rows.x, equal_nan=True)
    assert np.array_equal(rows.expected, other_rows.expected, equal_nan=True)


def test_a_network_that_has_no_time_to_be_trained_again_stays_as_it_was(planted: Any) -> None:
    spec, labels = planted.task(TaskKind.BINARY)
    train, valid, test = split(labels)
    model = EntityModel()
    model.fit(planted.graph, spec, train, valid, budget=Budget(60), progress=Quiet())
    known = model._fitted()
    lessons = known.table.everything(planted.graph, spec, joined(train, valid), 0)
    asked = known.table.asked(planted.graph, spec, test.seeds)

    def again(seconds: float) -> np.ndarray:
        known.net.again(planted.graph, *lessons, budget=Budget(seconds), progress=Quiet(), random_seed=0)
        return known.net.score(planted.graph, test.seeds, asked)

    before = known.net.score(planted.graph, test.seeds, asked)
    assert np.array_equal(again(0.0), before)
    assert not np.array_equal(again(600.0), before)
