"""What every model is: the baselines, the boosted trees and the graph network alike."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from edgewise.graph.store import GraphStore
from edgewise.tasks.nouns import Labels, Prediction, Seeds, TaskSpec

__all__ = ["PARTS", "Budget", "Model", "Progress", "Quiet"]

#: What can be left out of a model, to see what it adds: `Model.without`.
PARTS: Final = ("graph state", "neighbourhoods", "pair state", "network", "newcomers")


class Progress(Protocol):
    """Where a long job says what it is doing."""

    def say(self, text: str) -> None:
        """One short line on what begins or has just been found."""

    def step(self, text: str, done: int, total: int) -> None:
        """How far the present stage is."""


class Quiet:
    """Progress that says nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def step(self, text: str, done: int, total: int) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a fit may take, in seconds of wall time from `began`. It can be ended early, its shares with it.

    `whole` is the budget that this is a share of: what to try is decided by it, since it does not depend on how
    fast the machine was so far.
    """

    seconds: float
    began: float = field(default_factory=time.monotonic)
    _whole: float | None = None
    _ended: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @property
    def left(self) -> float:
        """Seconds left; negative when over, without end when ended early."""
        return -math.inf if self._ended.is_set() else self.seconds - (time.monotonic() - self.began)

    @property
    def whole(self) -> float:
        """Seconds of the whole fit."""
        return self.seconds if self._whole is None else self._whole

    def share(self, part: float) -> Budget:
        """A budget of a part of what is left, from now."""
        return Budget(max(self.left, 0.0) * part, _whole=self.whole, _ended=self._ended)

    def end(self) -> None:
        """Let there be no time left, from now on."""
        self._ended.set()


class Model(ABC):
    """A predictor for one task on one graph.

    A model reads of the graph, and of `spec.history`, only what is visible at each seed's anchor. Whatever it
    fits (vocabularies, statistics, factors), it fits on what is visible at the latest training anchor.
    Predictions of a batch equal those of its seeds one by one. The same labels and `random_seed` give the same
    model.
    """

    #: The name in reports and run folders, in words: "personal frequency".
    name: ClassVar[str]
    #: Where its networks compute; a model that is made or loaded begins on the CPU. Change it by `move`.
    device: str = "cpu"
    #: Which of `PARTS` it does without. Set it before `fit`; a part that a model has not is nothing to it.
    without: frozenset[str] = frozenset()

    @classmethod
    @abstractmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Whether this model can answer such a task."""

    @abstractmethod
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
        """Learn from `train`; choose (rounds, mixtures, calibration) on `valid`, whose anchors are later."""

    @abstractmethod
    def refit(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, *, budget: Budget, progress: Progress
    ) -> None:
        """Learn again from all `labels` with what `fit` chose, before predicting later anchors."""

    def know(self, spec: TaskSpec, labels: Labels) -> None:  # noqa: B027  # most models have nothing to note
        """Take note of what came true, where there is no time to `refit`; weights stay as they are.

        It says something to models that answer from the labels themselves, as those of static tasks do.
        """

    @abstractmethod
    def predict(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, k: int | None = None) -> Prediction:
        """Answers for seeds, in their order. `k` asks a ranking for more or fewer items than `spec.k`."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the fitted model into an existing, empty folder. Safetensors, JSON, text; never pickle."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Model:
        """Read what `save` wrote. Predictions are equal bit for bit.

        Raises:
            RunError: a file is missing or damaged.
        """

    def move(self, device: str) -> None:
        """Let networks compute on `device` ("cpu", "cuda") from now on; without a network nothing changes."""
        self.device = device

    def facts(self) -> dict[str, Any]:
        """What was chosen and why, for the report: plain JSON values."""
        return {}
