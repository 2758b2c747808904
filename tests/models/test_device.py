"""Networks train where they are told to: the whole loss on torch's device of shapes, which computes nothing.

A tensor that was left on the CPU makes torch refuse to compute with the others, so that a batch that is not wholly
placed fails here, on a machine without a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edgewise.clock import DAY
from edgewise.models import entity_net, ranker_net_fit
from edgewise.models.contract import Budget, Quiet
from edgewise.models.entity import EntityModel
from edgewise.models.entity_net import EntityNet
from edgewise.models.entity_table import EntityTable
from edgewise.models.neighbours import GraphView
from edgewise.models.ranker import EdgewiseRanker
from edgewise.models.ranker_graph import SeedTrees, view_for
from edgewise.models.ranker_net import NetSettings
from edgewise.models.ranker_net_fit import build_net, fit_net
from edgewise.models.ranker_trees import useful_columns
from edgewise.models.ranking_setup import Setup
from edgewise.models.scale import PLAIN
from edgewise.models.targets import family_of, outputs_of
from edgewise.query.kinds import TaskKind
from edgewise.state.scaling import Scaling
from edgewise.tasks.nouns import Labels, Ragged, TaskSpec
from edgewise.training.loop import Outcome

KINDS = [TaskKind.BINARY, TaskKind.REGRESSION, TaskKind.MULTICLASS, TaskKind.MULTILABEL]


class Steps:
    """In place of the loop: one step of each training, and where it happened."""

    def __init__(self) -> None:
        self.places: list[set[str]] = []

    def __call__(
        self, module: nn.Module, loss: Callable[[Tensor], Tensor], score: Any, **settings: Any
    ) -> Outcome:
        value = loss(torch.arange(min(16, settings["seeds"])))
        torch.autograd.backward(value)
        moved = [p for p in module.parameters() if p.grad is not None]
        assert moved
        self.places.append(
            {value.device.type, *(t.device.type for p in moved for t in (p, p.grad) if t is not None)}
        )
        return Outcome(0, (1.0,), "finished")


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.value)
def test_the_graph_network_trains_on_the_device(
    planted: Any, monkeypatch: pytest.MonkeyPatch, kind: TaskKind
) -> None:
    spec, labels = planted.task(kind)
    labels = labels.take(np.arange(len(labels)) % 5 == 0)
    table = EntityTable.fit(planted.graph, spec, labels)
    lessons = table.everything(planted.graph, spec, labels, 0)
    view = GraphView.fit(planted.graph, spec, int(labels.seeds.at.max()), table.builder.plan.grid)
    net = EntityNet(view, Scaling.fit(lessons.rows.x), family_of(spec), outputs_of(spec), PLAIN)
    net.move("meta")
    steps = Steps()
    monkeypatch.setattr(entity_net, "optimise", steps)
    net.choose(planted.graph, *lessons, *lessons, budget=Budget(60), progress=Quiet(), random_seed=0)
    assert steps.places == [{"meta"}, {"meta"}]  # on the state alone, and with the neighbourhoods


def test_the_ranking_network_trains_on_the_device(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, labels = planted.task(TaskKind.MULTILABEL)
    spec = TaskSpec(TaskKind.RANKING, "people", 7 * DAY, item="goods", k=2, history=lists.history)
    assert isinstance(labels.target, Ragged)
    table, asof, setup = _ranking(planted.graph, spec, labels)
    columns = useful_columns(table)
    view = view_for(setup, planted.graph, spec, int(labels.seeds.at.max()))
    assert view is not None
    net = build_net(table, asof, columns, NetSettings(), view, 0, "meta")
    steps = Steps()
    monkeypatch.setattr(ranker_net_fit, "optimise", steps)
    fit_net(
        net, table, asof, columns, SeedTrees(planted.graph, view, "people"), valid=None, epochs=1,
        budget=Budget(60), progress=Quiet(), random_seed=0,
    )  # fmt: skip
    assert steps.places == [{"meta"}]


def _ranking(graph: Any, spec: TaskSpec, labels: Labels) -> Any:
    model = EdgewiseRanker()
    model._setup = setup = Setup.fit(graph, spec, labels)
    table, asof, _ = model._training(graph, spec, labels)
    return table, asof, setup


def test_a_model_is_moved_with_its_networks(planted: Any, tmp_path: Any) -> None:
    spec, labels = planted.task(TaskKind.BINARY)
    late = labels.seeds.at == labels.seeds.at.max()
    model = EntityModel()
    model.fit(
        planted.graph, spec, labels.take(~late), labels.take(late), budget=Budget(3), progress=Quiet()
    )  # fmt: skip
    model.save(tmp_path)
    again = EntityModel.load(tmp_path)
    assert again.device == "cpu"
    again.move("meta")
    known = again._fitted()
    assert again.device == known.net.device == "meta"
    assert {p.device.type for p in known.net._module.parameters()} == {"meta"}  # type: ignore[union-attr]  # it is fitted
