"""The model for entities: the graph network and boosted trees on the as-of state, mixed and calibrated.

Rounds, epochs, the mixture, calibration and the width of intervals are chosen on the validation labels (with the
latest training anchors, where validation has few), which neither member has learned from by then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float64

from edgewise.errors import InternalError
from edgewise.evaluation.calibration import Calibrator
from edgewise.evaluation.conformal import QuantileOffset
from edgewise.graph.store import GraphStore
from edgewise.models.answers import answer
from edgewise.models.blend import Blend, Offsets, calibrate, choose_blend, steadied
from edgewise.models.contract import Budget, Model, Progress
from edgewise.models.entity_net import EntityNet
from edgewise.models.entity_table import EntityTable
from edgewise.models.files import read_json, write_json
from edgewise.models.neighbours import GraphView
from edgewise.models.targets import ENTITY_KINDS, Family, family_of, outputs_of
from edgewise.models.tree_heads import LEVELS, Rows, TreeHead
from edgewise.state.scaling import Scaling
from edgewise.tasks.nouns import Labels, Prediction, Seeds, TaskSpec

__all__ = ["EntityModel"]

#: The graph network's part of the time that is left once the trees have grown.
NET_SHARE = 0.8


@dataclass(slots=True)
class _Fitted:
    """Everything that answers."""

    table: EntityTable
    trees: TreeHead
    net: EntityNet
    blend: Blend
    calibrator: Calibrator | None
    offsets: Offsets | None


class EntityModel(Model):
    """Graph network and boosted trees, one answer."""

    name: ClassVar[str] = "graph network and trees"

    def __init__(self) -> None:
        self._state: _Fitted | None = None
        self._random_seed = 0
        self._facts: dict[str, Any] = {}

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
        """Learn from `train`; choose on `valid` and, where it has few anchors, the latest of `train`."""
        self._random_seed = random_seed
        table = EntityTable.fit(graph, spec, train, links="graph state" not in self.without)
        learn, choose = table.divide(graph, spec, train, valid, random_seed)
        trees = TreeHead(family_of(spec), outputs_of(spec), budget=budget)
        trees.choose(learn.rows, choose.rows, random_seed)
        progress.say(f"trees: {', '.join(f'{n} {t.rounds} rounds' for n, t in trees.trees.items())}")
        cut = int(train.seeds.at.max()) if len(train) else 0
        view = GraphView.fit(graph, spec, cut, table.builder.plan.grid)
        net = EntityNet(view, Scaling.fit(learn.rows.x), family_of(spec), outputs_of(spec), trees.scale)
        net.move(self.device)
        outcome = net.choose(
            graph, *learn, *choose, budget=budget.share(NET_SHARE), progress=progress, random_seed=random_seed,
            without=self.without,
        )  # fmt: skip
        self._mix(table, trees, net, graph, *choose)
        told = {"epochs": net.epochs, "stopped": outcome.stopped, "network's loss": net.losses}
        self._note(table.names(graph, spec), told)

    def refit(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, *, budget: Budget, progress: Progress
    ) -> None:
        """Learn again from all labels; rounds, epochs, mixture and calibration stay."""
        known = self._fitted()
        if budget.left <= 0:
            progress.say("no time is left to refit: the model stays as it was chosen")
            return
        lessons = known.table.everything(graph, spec, labels, self._random_seed)
        known.trees.again(lessons.rows, self._random_seed)
        if known.blend.share > 0:
            known.net.again(graph, *lessons, budget=budget, progress=progress, random_seed=self._random_seed)

    def predict(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, k: int | None = None) -> Prediction:
        """Calibrated probabilities, or values with quantiles."""
        known = self._fitted()
        rows = known.table.asked(graph, spec, seeds)
        score, quantiles = self._scores(known, graph, known.table.builder.seen(graph, spec, seeds), rows)
        if known.calibrator is not None and len(seeds):
            flat = family_of(spec) is Family.BINARY
            score = known.calibrator(score[:, 0])[:, None] if flat else known.calibrator(score)
        if known.offsets is not None:
            quantiles = known.offsets(quantiles, score)
        return answer(spec, score, quantiles, k=k)

    def save(self, folder: Path) -> None:
        """Write the state's plan, the trees, the network and what was chosen."""
        known = self._fitted()
        known.table.save(folder)
        known.trees.save(folder)
        known.net.save(folder)
        offsets = None if known.offsets is None else known.offsets.offset.to_json()
        calibrator = None if known.calibrator is None else known.calibrator.to_json()
        content = {"blend": known.blend.to_json(), "calibrator": calibrator, "offsets": offsets}
        write_json(folder, "entity", content | {"random_seed": self._random_seed, "facts": self._facts})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        content = read_json(folder, "entity")
        table, trees = EntityTable.load(folder), TreeHead.load(folder)
        net = EntityNet.load(folder, trees.family, trees.outputs, trees.scale)
        calibrator = None if content["calibrator"] is None else Calibrator.from_json(content["calibrator"])
        offsets = None
        if content["offsets"] is not None:
            offsets = Offsets(trees.scale, QuantileOffset.from_json(content["offsets"]))
        model = cls()
        model._state = _Fitted(table, trees, net, Blend(**content["blend"]), calibrator, offsets)
        model._random_seed, model._facts = content["random_seed"], content["facts"]
        return model

    def move(self, device: str) -> None:
        """Let the graph network compute on `device` from now on."""
        super().move(device)
        if self._state is not None:
            self._state.net.move(device)

    def facts(self) -> dict[str, Any]:
        """The mixture, rounds, epochs, calibration, and the features that helped the trees most."""
        return json.loads(json.dumps(self._facts))

    def _mix(
        self, table: EntityTable, trees: TreeHead, net: EntityNet, graph: GraphStore, seeds: Seeds, choose: Rows
    ) -> None:
        """Choose the mixture, then calibrate what it gives."""
        family = trees.family
        centre = LEVELS.index(0.5) if family is Family.NUMBERS else 0
        silent = "network" in self.without  # then any share is as good, and the smallest is taken
        mine = trees.score(choose) if silent else net.score(graph, seeds, choose)[:, :, centre]
        blend = choose_blend(family, choose.y, choose.weight, trees.score(choose), mine)
        if choose.levels is not None:
            mixed = blend(family, trees.score(choose), mine)
            blend = steadied(blend, choose.y, choose.weight, mixed, choose.levels, seeds.at)
        known = self._state = _Fitted(table, trees, net, blend, None, None)
        score, quantiles = self._scores(known, graph, seeds, choose)
        known.calibrator = calibrate(family, choose.y, score, seeds.rows)
        if quantiles and len(choose.y):
            known.offsets = Offsets.fit(trees.scale, choose.y, quantiles)

    def _scores(
        self, known: _Fitted, graph: GraphStore, seeds: Seeds, rows: Rows
    ) -> tuple[Float64[np.ndarray, "n outputs"], dict[float, Float64[np.ndarray, "n outputs"]]]:
        """Mixed scores and quantiles, before calibration."""
        family, blend = known.trees.family, known.blend
        score, spread = known.trees.score(rows), known.trees.quantiles(rows)
        if blend.share > 0:
            net = known.net.score(graph, seeds, rows)
            if family is not Family.NUMBERS:
                return blend(family, score, net[:, :, 0]), {}
            score = blend(family, score, net[:, :, LEVELS.index(0.5)])
            spread = {q: blend(family, spread[q], net[:, :, j]) for j, q in enumerate(LEVELS)}
        if rows.levels is None or blend.steady == 0:
            return score, spread
        calm = blend.calmed(score, rows.levels)
        return calm, {q: v + (calm - score) for q, v in spread.items()}

    def _note(self, names: tuple[str, ...], more: dict[str, Any]) -> None:
        known = self._fitted()
        gains = known.trees.gains(len(names))
        best = [i for i in np.argsort(-gains)[:20] if gains[i] > 0]
        self._facts = {
            "graph network's share": known.blend.share,
            "loss by share": known.blend.losses,
            "share of the steady level": known.blend.steady,
            "loss by share of the steady level": known.blend.steady_losses,
            "on validation": _members(known.blend),
            "rounds": {name: grown.rounds for name, grown in known.trees.trees.items()},
            "in logarithms": known.trees.scale.log,
            "calibration": None if known.calibrator is None else known.calibrator.kind,
            "features": {names[i]: round(float(gains[i]), 4) for i in best},
            **more,
        }

    def _fitted(self) -> _Fitted:
        if self._state is None:
            raise InternalError("the model has not been fitted")
        return self._state


def _members(blend: Blend) -> dict[str, float]:
    """The loss of each member and of the mixture on the rows that chose."""
    every = blend.losses
    return {"trees alone": every["0.0"], "network alone": every["1.0"], "mixed": every[f"{blend.share:.1f}"]}
