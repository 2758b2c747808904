"""What any model of entities has to beat: priors, means, last values, seasons. Each a model of its own."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
from jaxtyping import Float64

from edgewise.clock import DAY
from edgewise.graph.store import GraphStore
from edgewise.models.answers import answer
from edgewise.models.contract import Budget, Model, Progress
from edgewise.models.files import read_history, read_json, write_history, write_json
from edgewise.models.replay import Replay, find_replay, label_history, replayed
from edgewise.models.targets import ENTITY_KINDS, Family, family_of, outputs_of, target_array
from edgewise.query.kinds import TaskKind
from edgewise.state.lags import past_windows
from edgewise.tasks.labels import joined
from edgewise.tasks.nouns import History, Labels, Prediction, Seeds, TaskSpec

__all__ = ["EntityMean", "LastValue", "OwnClasses", "Prior", "SeasonalNaive", "TrailingMean"]

#: How many labels' worth of trust the prior has against an entity's own past.
PRIOR_WEIGHT: Final = 2.0
#: Windows of the trailing mean.
TRAILING: Final = 4
#: Seasons that a seasonal naive forecast considers.
SEASONS: Final = (7 * DAY, 28 * DAY, 91 * DAY, 364 * DAY)


class _FromThePast(Model):
    """A prior for everyone, moved by what an entity's own past says. Subclasses say what that is."""

    def __init__(self) -> None:
        self._prior: Float64[np.ndarray, " outputs"] = np.zeros(1)
        self._replay = Replay("last", False, True)
        self._labels: History | None = None
        self._season = 0

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
        """Find the prior and how the target is replayed from the history."""
        self._replay = find_replay(spec, train)
        self._learn(graph, spec, train)
        self._season = self._choose(spec, joined(train, valid))
        self._learn(graph, spec, joined(train, valid))

    def refit(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, *, budget: Budget, progress: Progress
    ) -> None:
        """The same from all labels."""
        self._learn(graph, spec, labels)

    def predict(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, k: int | None = None) -> Prediction:
        """The prior where an entity's past says nothing."""
        score = np.repeat(self._prior[None, :], len(seeds), axis=0)
        own = self._own(spec, seeds)
        return answer(spec, np.where(np.isfinite(own), own, score), k=k)

    def save(self, folder: Path) -> None:
        """Write `baseline.json` and the labels that serve as history."""
        content = {"prior": self._prior.tolist(), "replay": asdict(self._replay), "season": self._season}
        write_json(folder, "baseline", content)
        write_history(folder, "labels", self._labels)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        content = read_json(folder, "baseline")
        model = cls()
        model._prior = np.array(content["prior"])
        model._replay = Replay(**content["replay"])
        model._season = content["season"]
        model._labels = read_history(folder, "labels")
        return model

    def facts(self) -> dict[str, Any]:
        """The prior and the replay."""
        return {"prior": self._prior.tolist()[:20], "replay": asdict(self._replay)}

    @abstractmethod
    def _own(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n outputs"]:
        """What each entity's own past says; NaN where it says nothing."""

    def _choose(self, spec: TaskSpec, labels: Labels) -> int:
        """A season, for the baseline that has one."""
        return 0

    def _learn(self, graph: GraphStore, spec: TaskSpec, labels: Labels) -> None:
        target = target_array(spec, labels)
        family = family_of(spec)
        if family is Family.CLASSES:
            counts = np.bincount(target[target >= 0].astype(np.int64), minlength=outputs_of(spec))
            self._prior = (counts + 1e-3) / (counts + 1e-3).sum()
        elif family is Family.NUMBERS:
            self._prior = np.median(target, axis=0) if len(target) else np.zeros(outputs_of(spec))
        else:
            self._prior = target.mean(axis=0) if len(target) else np.full(outputs_of(spec), 0.5)
        self._labels = label_history(spec, labels, graph.rows(spec.entity))

    def _past(self, spec: TaskSpec) -> tuple[Replay, History]:
        """The history to replay: the target's own events, or past labels."""
        assert self._labels is not None, "fit first"
        if self._replay.own or spec.history is None:
            return Replay("last", False, True), self._labels
        return self._replay, spec.history

    def _lags(
        self, spec: TaskSpec, seeds: Seeds, back: np.ndarray, length: int | None = None
    ) -> Float64[np.ndarray, "n lags"]:
        """Past values of the target over windows that end `back` microseconds before the anchor."""
        replay, history = self._past(spec)
        ends = seeds.at[:, None] - back[None, :]
        found = replayed(replay, history, seeds.rows, ends - (length or spec.horizon), ends)
        began = history.at.min() if len(history.at) else 0
        return np.where(ends - spec.horizon >= began - spec.horizon, found, np.nan)


class Prior(_FromThePast):
    """The same answer for everyone: the rate, the class frequencies, the median."""

    name: ClassVar[str] = "prior"

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Every task for entities."""
        return spec.kind in ENTITY_KINDS

    def _own(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n outputs"]:
        return np.full((len(seeds), len(self._prior)), np.nan)


class EntityMean(_FromThePast):
    """The mean of the entity's own past labels, leaning on the prior where there are few."""

    name: ClassVar[str] = "entity mean"

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Yes-or-no and numbers that come again."""
        return spec.kind in (TaskKind.BINARY, TaskKind.REGRESSION, TaskKind.FORECASTING) and spec.horizon > 0

    def _own(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n outputs"]:
        assert self._labels is not None, "fit first"
        everything = np.full((len(seeds), 1), np.iinfo(np.int64).min + 1)
        past = past_windows(self._labels, seeds.rows, everything, seeds.at[:, None])
        own = (past.sum + PRIOR_WEIGHT * self._prior[0]) / (past.count + PRIOR_WEIGHT)
        return np.repeat(np.where(past.count > 0, own, np.nan), len(self._prior), axis=1)


class LastValue(_FromThePast):
    """What came true in the window that has just ended."""

    name: ClassVar[str] = "last value"

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Numbers that come again."""
        return spec.kind in (TaskKind.REGRESSION, TaskKind.FORECASTING) and spec.horizon > 0

    def _own(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n outputs"]:
        replay, history = self._past(spec)
        if replay.own:
            everything = np.full((len(seeds), 1), np.iinfo(np.int64).min + 1)
            last = past_windows(history, seeds.rows, everything, seeds.at[:, None]).last
        else:
            last = self._lags(spec, seeds, np.zeros(1, np.int64))
        return np.repeat(last, len(self._prior), axis=1)


class TrailingMean(_FromThePast):
    """The mean over the last four windows."""

    name: ClassVar[str] = "trailing mean of four windows"

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Yes-or-no and numbers that come again."""
        return spec.kind in (TaskKind.BINARY, TaskKind.REGRESSION, TaskKind.FORECASTING) and spec.horizon > 0

    def _own(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n outputs"]:
        lags = self._lags(spec, seeds, np.arange(TRAILING, dtype=np.int64) * spec.horizon)
        known = np.isfinite(lags)
        total, count = np.where(known, lags, 0.0).sum(axis=1), known.sum(axis=1)
        if spec.kind is TaskKind.BINARY:
            total, count = total + self._prior[0], count + 1
        mean = np.divide(total, count, out=np.full(len(seeds), np.nan), where=count > 0)
        return np.repeat(mean[:, None], len(self._prior), axis=1)


class SeasonalNaive(_FromThePast):
    """What came true one season earlier: a week, four weeks, a quarter or a year, whichever fitted best."""

    name: ClassVar[str] = "seasonal naive"

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Numbers with a history of events."""
        numbers = spec.kind in (TaskKind.REGRESSION, TaskKind.FORECASTING)
        return numbers and spec.horizon > 0 and spec.history is not None

    def _choose(self, spec: TaskSpec, labels: Labels) -> int:
        """The season with the smallest absolute error on the labels; one as long as the window if none fits."""
        reach = spec.horizon * spec.timeframes + spec.start
        seasons = [s for s in SEASONS if s >= reach] or [-(-reach // DAY) * DAY]
        target = target_array(spec, labels)
        losses = []
        for season in seasons:
            self._season = season
            own = self._own(spec, labels.seeds)
            losses.append(np.abs(np.where(np.isfinite(own), own, self._prior) - target).mean())
        return int(seasons[int(np.argmin(losses))])

    def _own(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n outputs"]:
        steps = np.arange(1, len(self._prior) + 1, dtype=np.int64) * spec.horizon + spec.start
        return self._lags(spec, seeds, self._season - steps)


class OwnClasses(_FromThePast):
    """The classes that the entity had most often, leaning on how often everyone has them."""

    name: ClassVar[str] = "own most frequent class"

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Classes that come again."""
        return (
            family_of(spec) in (Family.CLASSES, Family.LABELS) and spec.kind in ENTITY_KINDS and spec.horizon > 0
        )

    def _own(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n outputs"]:
        assert self._labels is not None, "fit first"
        history = self._labels
        known = np.flatnonzero(seeds.rows >= 0)
        begin = history.indptr[seeds.rows[known]]
        lengths = history.indptr[seeds.rows[known] + 1] - begin
        seed = np.repeat(known, lengths)
        event = np.arange(len(seed)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(begin, lengths)
        value = history.value[event].astype(np.int64)
        seen = (history.at[event] <= seeds.at[seed]) & (value >= 0)
        counts = np.zeros((len(seeds), len(self._prior)))
        np.add.at(counts, (seed[seen], value[seen]), 1.0)
        total = counts.sum(axis=1, keepdims=True)
        own = (counts + PRIOR_WEIGHT * self._prior) / (total + PRIOR_WEIGHT)
        return np.where(total > 0, own, np.nan)
