"""The graph network for one task: encoder, head and loss, trained by the one loop."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Float64
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from edgewise.graph.store import GraphStore
from edgewise.models.contract import Budget, Progress
from edgewise.models.files import damaged, read_arrays, read_json, write_arrays, write_json
from edgewise.models.gnn import GraphEncoder, NetSettings
from edgewise.models.neighbours import GraphView
from edgewise.models.scale import Scale
from edgewise.models.targets import Family
from edgewise.models.tree_heads import LEVELS, Rows
from edgewise.state.scaling import Scaling
from edgewise.tasks.nouns import Seeds
from edgewise.training import losses
from edgewise.training.device import fetched, placed
from edgewise.training.loop import Outcome, Settings, one_thread, optimise

__all__ = ["EntityNet"]

#: Seeds answered in one go; and seeds that judge an epoch.
CHUNK: Final = 1_024
MOST_JUDGES: Final = 6_000
#: How the network learns from the state alone, and from there on with what is around the seeds.
ALONE: Final = Settings(epochs=8, learning_rate=1e-3, per_epoch=60_000)
AROUND: Final = Settings(epochs=5, learning_rate=1e-3, per_epoch=20_000)
ALONE_SHARE: Final = 0.35


class EntityNet:
    """A `GraphEncoder` with a linear head. For numbers it gives the quantiles of `LEVELS`, the median as value."""

    def __init__(self, view: GraphView, scaling: Scaling, family: Family, outputs: int, scale: Scale) -> None:
        self.view = view
        self.scaling = scaling
        self.family = family
        self.outputs = outputs
        self.scale = scale
        self.epochs = (1, 1)
        self.walks = True
        self.losses: dict[str, float] = {}
        self.device = "cpu"
        self._module: nn.ModuleDict | None = None

    def move(self, device: str) -> None:
        """Compute on `device` from now on."""
        self.device = device
        if self._module is not None:
            self._module.to(device)

    def choose(
        self, graph: GraphStore, seeds: Seeds, rows: Rows, judges: Seeds, judged: Rows,
        *, budget: Budget, progress: Progress, random_seed: int, without: frozenset[str] = frozenset(),
    ) -> Outcome:  # fmt: skip
        """Train on `seeds`, stopping on `judges`: first on the state alone, then with the neighbourhoods.

        The neighbourhoods stay where they lower the loss of the judges. What it is to do `without` (`PARTS`) is
        not tried.
        """
        module = self._fresh(rows, random_seed)
        some = np.linspace(0, len(judges) - 1, min(len(judges), MOST_JUDGES)).astype(np.int64)
        judges, judged = judges.take(some), judged.take(some)

        def score() -> float:
            parts = np.array_split(np.arange(len(judges)), max(1, math.ceil(len(judges) / CHUNK)))
            total = [float(self._loss(module, graph, judges, judged, part)) * len(part) for part in parts]
            return sum(total) / max(len(judges), 1)

        def train(settings: Settings, part: Budget, title: str) -> Outcome:
            return optimise(
                module, lambda index: self._loss(module, graph, seeds, rows, index.numpy()), score,
                seeds=len(seeds), settings=settings, budget=part, progress=progress,
                random_seed=random_seed, title=title,
            )  # fmt: skip

        with one_thread():
            self.walks = False
            alone = train(
                replace(ALONE, epochs=0) if "network" in without else ALONE,
                budget.share(ALONE_SHARE),
                "network on the state",
            )
            if without & {"network", "neighbourhoods"}:
                self.epochs = (alone.best + 1, 0)
                return alone
            kept = {name: value.clone() for name, value in module.state_dict().items()}
            self.walks = True
            outcome = train(AROUND, budget, "graph network")
        self.epochs = (alone.best + 1, outcome.best + 1)
        self.losses = {"state alone": min(alone.scores), "with the neighbourhoods": min(outcome.scores)}
        if not outcome.scores or min(alone.scores) <= min(outcome.scores):
            self.walks = False
            module.load_state_dict(kept)
        return outcome

    def again(
        self, graph: GraphStore, seeds: Seeds, rows: Rows,
        *, budget: Budget, progress: Progress, random_seed: int,
    ) -> None:  # fmt: skip
        """Train on all seeds for as many epochs as were best; where time runs out, the network stays as it was.

        Half a network is unsure of everything, and what was calibrated with the whole one would be so no more.
        """
        before, walks, ended = self._module, self.walks, False
        module = self._fresh(rows, random_seed)
        with one_thread():
            for walk, settings, epochs in zip((False, True), (ALONE, AROUND), self.epochs, strict=True):
                self.walks = walk
                if walk and not walks:
                    break
                outcome = optimise(
                    module, lambda index: self._loss(module, graph, seeds, rows, index.numpy()), None,
                    seeds=len(seeds), settings=replace(settings, epochs=epochs), progress=progress,
                    budget=budget if walk or not walks else budget.share(ALONE_SHARE),
                    random_seed=random_seed, title="graph network, refit",
                )  # fmt: skip
                ended = ended or outcome.stopped == "budget"
        self.walks = walks
        if ended and before is not None:
            progress.say("no time is left to train the graph network again: it stays as it was chosen")
            self._module = before

    def score(self, graph: GraphStore, seeds: Seeds, rows: Rows) -> Float64[np.ndarray, "n outputs levels"]:
        """Probabilities [n, outputs, 1], or quantiles in the target's unit [n, outputs, levels]."""
        assert self._module is not None, "fit first"
        self._module.eval()
        parts = [np.arange(i, min(i + CHUNK, len(seeds))) for i in range(0, len(seeds), CHUNK)]
        with one_thread(), torch.no_grad():
            raw = [self._raw(self._module, graph, seeds, rows, part) for part in parts]
        if not raw:
            return np.zeros((0, self.outputs, len(LEVELS) if self.family is Family.NUMBERS else 1))
        out = torch.cat(raw).double()
        if self.family is Family.NUMBERS:
            return np.asarray(self.scale.back(np.sort(fetched(out), axis=2)))
        return fetched(torch.softmax(out, dim=1) if self.family is Family.CLASSES else torch.sigmoid(out))

    def save(self, folder: Path) -> None:
        """Write weights, encoders and scaling."""
        assert self._module is not None, "fit first"
        weights = {name: value.cpu().contiguous() for name, value in self._module.state_dict().items()}
        save_file(weights, folder / "net.safetensors")
        write_arrays(folder, "scaling", {"centre": self.scaling.centre, "spread": self.scaling.spread})
        write_json(folder, "net", {"view": self.view.to_json(), "epochs": self.epochs, "walks": self.walks})

    @classmethod
    def load(cls, folder: Path, family: Family, outputs: int, scale: Scale) -> EntityNet:
        """Read what `save` wrote."""
        content: dict[str, Any] = read_json(folder, "net")
        net = cls(
            GraphView.from_json(content["view"]), Scaling(**read_arrays(folder, "scaling")), family, outputs, scale
        )
        first, second = content["epochs"]
        net.epochs, net.walks = (first, second), content["walks"]
        module = net._new(0)
        try:
            module.load_state_dict(load_file(folder / "net.safetensors"))
        except (OSError, SafetensorError, RuntimeError) as error:
            raise damaged(folder, "net.safetensors", error) from error
        net._module = module.eval()
        return net

    def _new(self, random_seed: int) -> nn.ModuleDict:
        settings = NetSettings(dropout=0.2, state_dropout=0.1)
        width = self.outputs * (len(LEVELS) if self.family is Family.NUMBERS else 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(random_seed)
            encoder = GraphEncoder(self.view, len(self.scaling.centre), settings)
            return nn.ModuleDict({"encoder": encoder, "head": nn.Linear(settings.out, width)})

    def _fresh(self, rows: Rows, random_seed: int) -> nn.ModuleDict:
        """New weights; the head starts at what is usual."""
        module = self._new(random_seed)
        usual = torch.from_numpy(self._usual(rows)).float()
        with torch.no_grad():
            module["head"].weight.mul_(0.1)  # type: ignore[operator]  # it is a Linear
            module["head"].bias.copy_(usual)  # type: ignore[operator]  # it is a Linear
        self._module = module.to(self.device)
        return module

    def _usual(self, rows: Rows) -> np.ndarray:
        if self.family is Family.NUMBERS:
            gap = self.scale.to(rows.y) - self._start(rows)
            return np.quantile(gap, LEVELS, axis=0).T.reshape(-1) if len(gap) else np.zeros(self.outputs * 3)
        if self.family is Family.CLASSES:
            known = rows.y[rows.y >= 0].astype(np.int64)
            return np.log(np.bincount(known, minlength=self.outputs) + 1.0)
        rate = np.clip(rows.y.mean(axis=0), 1e-4, 1 - 1e-4) if len(rows.y) else np.full(self.outputs, 0.5)
        return np.log(rate / (1 - rate))

    def _start(self, rows: Rows) -> Float64[np.ndarray, "n 1"]:
        """Where numbers start from: what the last windows lead to expect, as the network learns it."""
        expected = np.where(np.isfinite(rows.expected), rows.expected, self.scale.centre)
        return self.scale.to(expected)[:, None]

    def _raw(
        self, module: nn.ModuleDict, graph: GraphStore, seeds: Seeds, rows: Rows, index: np.ndarray
    ) -> Float[Tensor, "n outputs levels"]:
        part = seeds.take(index)
        state = self._placed(self.scaling(rows.x[index]))
        tree = placed(self.view.sample(graph, part), self.device) if self.walks else None
        h = module["encoder"](tree, state)  # [n, out]
        raw = module["head"](h).reshape(len(index), self.outputs, -1)  # [n, outputs, levels]
        if self.family is Family.NUMBERS:
            raw = raw + self._placed(self._start(rows.take(index))).float()[:, :, None]
        return raw

    def _placed(self, values: np.ndarray) -> Tensor:
        return placed(torch.from_numpy(values), self.device)

    def _loss(
        self, module: nn.ModuleDict, graph: GraphStore, seeds: Seeds, rows: Rows, index: np.ndarray
    ) -> Tensor:
        raw = self._raw(module, graph, seeds, rows, index)
        y, weight = rows.y[index], self._placed(rows.weight[index]).float()
        if self.family is Family.NUMBERS:
            weight = weight * self._placed(self.scale.weight(rows.expected[index])).float()
            target = self._placed(self.scale.to(y)).float()  # [n, outputs]
            flat, levels = raw.reshape(-1, len(LEVELS)), raw.new_tensor(LEVELS)  # [n * outputs, levels]
            return losses.pinball(flat, target.reshape(-1), levels, weight.repeat_interleave(self.outputs))
        if self.family is Family.CLASSES:
            return losses.crossed(raw[:, :, 0], self._placed(y[:, 0].astype(np.int64)), weight)
        target = self._placed(y).float()
        if self.family is Family.BINARY:
            return losses.binary(raw[:, 0, 0], target[:, 0], weight)
        return losses.multilabel(raw[:, :, 0], target, weight)
