"""Parts that a model does without are not there, and the rest works."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgewise.clock import DAY
from edgewise.models.contract import PARTS, Budget, Quiet
from edgewise.models.entity import EntityModel
from edgewise.models.ranker import EdgewiseRanker
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import TaskSpec


def entity(planted: Any, *without: str) -> EntityModel:
    spec, labels = planted.task(TaskKind.BINARY)
    late = labels.seeds.at == labels.seeds.at.max()
    model = EntityModel()
    model.without = frozenset(without)
    model.fit(planted.graph, spec, labels.take(~late), labels.take(late), budget=Budget(4), progress=Quiet())
    assert np.isfinite(model.predict(planted.graph, spec, labels.take(late).seeds).probability).all()
    return model


def ranker(planted: Any, *without: str) -> EdgewiseRanker:
    lists, labels = planted.task(TaskKind.MULTILABEL)
    spec = TaskSpec(TaskKind.RANKING, "people", 7 * DAY, item="goods", k=2, history=lists.history)
    late = labels.seeds.at == labels.seeds.at.max()
    model = EdgewiseRanker()
    model.without = frozenset(without)
    model.fit(planted.graph, spec, labels.take(~late), labels.take(late), budget=Budget(4), progress=Quiet())
    assert (model.predict(planted.graph, spec, labels.take(late).seeds).items >= 0).all()
    return model


def test_entities_without_links_are_told_by_their_own_past(planted: Any) -> None:
    spec, _ = planted.task(TaskKind.BINARY)
    names = entity(planted, "graph state")._fitted().table.names(planted.graph, spec)
    assert any(n.startswith("history: ") for n in names)
    assert not any("visits.person" in n for n in names)


@pytest.mark.parametrize("part", ["neighbourhoods", "network"])
def test_entities_without_the_network_or_its_walks(planted: Any, tmp_path: Any, part: str) -> None:
    model = entity(planted, part)
    known = model._fitted()
    assert not known.net.walks
    assert known.blend.share == 0 or part == "neighbourhoods"
    model.save(tmp_path)
    EntityModel.load(tmp_path)


@pytest.mark.parametrize("part", PARTS)
def test_rankers_without_a_part(planted: Any, part: str) -> None:
    model = ranker(planted, part)
    lists, labels = planted.task(TaskKind.MULTILABEL)
    spec = TaskSpec(TaskKind.RANKING, "people", 7 * DAY, item="goods", k=2, history=lists.history)
    names = model._training(planted.graph, spec, labels)[0].names
    own, item = any(n.startswith("own ") for n in names), any(n.startswith("item ") for n in names)
    assert (own, item) == (part != "pair state", part != "graph state")
    assert (model._view is None) == (part == "neighbourhoods")
    assert not (part == "network" and model._mix.asks_network)
