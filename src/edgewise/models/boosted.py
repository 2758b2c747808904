"""Boosted trees on the as-of state alone: what the links say without a graph network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from edgewise.errors import InternalError
from edgewise.graph.store import GraphStore
from edgewise.models.answers import answer
from edgewise.models.contract import Budget, Model, Progress
from edgewise.models.entity_table import EntityTable
from edgewise.models.targets import ENTITY_KINDS, family_of, outputs_of
from edgewise.models.tree_heads import TreeHead
from edgewise.tasks.nouns import Labels, Prediction, Seeds, TaskSpec

__all__ = ["BoostedTrees"]


class BoostedTrees(Model):
    """LightGBM on windows, decays, gaps, shares and lagged labels."""

    name: ClassVar[str] = "boosted trees on the as-of state"

    def __init__(self) -> None:
        self._table: EntityTable | None = None
        self._head: TreeHead | None = None
        self._random_seed = 0
        self._useful: list[tuple[str, float]] = []

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Every task for entities."""
        return spec.kind in ENTITY_KINDS

    def fit(
        self,
        graph: GraphStore,
        spec: TaskSpec,
        train: Labels,
        valid: Labels,
        *,
        budget: Budget,
        progress: Progress,
        random_seed: int = 0,
    ) -> None:
        """Grow on `train`; rounds and scale are chosen on `valid` and the latest training anchors."""
        self._random_seed = random_seed
        self._table = EntityTable.fit(graph, spec, train)
        learn, choose = self._table.divide(graph, spec, train, valid, random_seed)
        self._head = TreeHead(family_of(spec), outputs_of(spec), budget=budget)
        self._head.choose(learn.rows, choose.rows, random_seed)
        self._note(graph, spec)

    def refit(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, *, budget: Budget, progress: Progress
    ) -> None:
        """Grow again on all labels, with the rounds that were chosen."""
        table, head = self._fitted()
        if budget.left <= 0:
            progress.say("no time is left to refit the boosted trees: they stay as they were chosen")
            return
        head.again(table.everything(graph, spec, labels, self._random_seed).rows, self._random_seed)

    def predict(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, k: int | None = None) -> Prediction:
        """Probabilities, or values with quantiles."""
        table, head = self._fitted()
        rows = table.asked(graph, spec, seeds)
        return answer(spec, head.score(rows), head.quantiles(rows), k=k)

    def save(self, folder: Path) -> None:
        """Write the state's plan and the trees."""
        table, head = self._fitted()
        table.save(folder)
        head.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        model = cls()
        model._table = EntityTable.load(folder)
        model._head = TreeHead.load(folder)
        return model

    def facts(self) -> dict[str, Any]:
        """Rounds, scale, and the features that helped most."""
        _, head = self._fitted()
        return {
            "rounds": {name: grown.rounds for name, grown in head.trees.items()},
            "in logarithms": head.scale.log,
            "features": dict(self._useful),
        }

    def _note(self, graph: GraphStore, spec: TaskSpec) -> None:
        table, head = self._fitted()
        names = table.names(graph, spec)
        gains = head.gains(len(names))
        best = np.argsort(-gains)[:20]
        self._useful = [(names[i], round(float(gains[i]), 4)) for i in best if gains[i] > 0]

    def _fitted(self) -> tuple[EntityTable, TreeHead]:
        if self._table is None or self._head is None:
            raise InternalError("the trees have not been fitted")
        return self._table, self._head
