"""Seeds as rows to learn from: as-of state, labels, what amount to expect, what is known of each class.

The trees and the graph network read the same table.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from edgewise.graph.store import GraphStore
from edgewise.models.files import read_history, read_json, write_history, write_json
from edgewise.models.replay import Replay, find_replay, label_history, replayed
from edgewise.models.stale import as_stale, copies_of
from edgewise.models.states import state_of
from edgewise.models.targets import Family, choosing_rows, family_of, outputs_of, target_array
from edgewise.models.tree_heads import FEW_CLASSES, Rows
from edgewise.state.builder import StateBuilder
from edgewise.state.grid import Grid
from edgewise.state.sweep import Events, sweep
from edgewise.state.table import StateTable
from edgewise.tasks.labels import joined
from edgewise.tasks.nouns import History, Labels, Seeds, TaskSpec

__all__ = ["EntityTable", "Lessons"]

#: Seeds learned from at most, the latest ones.
MOST_SEEDS: Final = 150_000
#: The numbers of windows that steady levels are means of.
STEADY_WINDOWS: Final = (8, 26)
#: (seed, class) pairs that a table holds at most while learning.
MOST_PAIRS: Final = 3_000_000


class Lessons(NamedTuple):
    """Labelled seeds at the moments they are read, and what is known of them then."""

    seeds: Seeds
    rows: Rows


class EntityTable:
    """A state builder, and the past labels where the task has no history of events."""

    def __init__(
        self, builder: StateBuilder, replay: Replay, prior: Float64[np.ndarray, " outputs"], own: History | None
    ) -> None:
        self.builder = builder
        self.replay = replay
        self.prior = prior
        self._own = own

    @classmethod
    def fit(cls, graph: GraphStore, spec: TaskSpec, train: Labels, links: bool = True) -> EntityTable:
        """Choose the state from what is visible at the latest training anchor.

        Without `links` it is the entity's own columns, its past labels and the calendar.
        """
        cut = int(train.seeds.at.max()) if len(train) else 0
        own = _own_history(graph, spec, train)
        builder = StateBuilder.fit(graph, spec, cut, history=own)
        if not links:
            builder.plan = replace(builder.plan, relations=(), nested=())
        return cls(builder, find_replay(spec, train), _prior(spec, train), own)

    def learn(self, graph: GraphStore, spec: TaskSpec, labels: Labels) -> None:
        """Take more labels in: as history where they are it, and for the frequencies of classes."""
        self._own = _own_history(graph, spec, labels)
        self.prior = _prior(spec, labels)

    def state(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds) -> StateTable:
        """The as-of state of the seeds."""
        return state_of(self.builder, graph, spec, seeds, self._own)

    def names(self, graph: GraphStore, spec: TaskSpec) -> tuple[str, ...]:
        """The names of the state's features."""
        none = np.empty(0, dtype=np.int64)
        return self.state(graph, spec, Seeds(spec.entity, none, none)).names

    def rows(self, graph: GraphStore, spec: TaskSpec, labels: Labels) -> Rows:
        """Labelled seeds to learn from."""
        weight = np.ones(len(labels)) if labels.weight is None else np.asarray(labels.weight, np.float64)
        return self._rows(graph, spec, labels.seeds, target_array(spec, labels), weight)

    def asked(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds) -> Rows:
        """Seeds to answer."""
        blank = np.zeros((len(seeds), outputs_of(spec)))
        return self._rows(graph, spec, seeds, blank, np.ones(len(seeds)))

    def latest(self, spec: TaskSpec, labels: Labels) -> Labels:
        """The latest labels, as many as can be learned from."""
        most = MOST_SEEDS // copies_of(spec)
        if _needs_pairs(spec):
            most = min(most, max(MOST_PAIRS // max(outputs_of(spec), 1), 1_000))
        if len(labels) <= most:
            return labels
        return labels.take(np.sort(np.argsort(-labels.seeds.at, kind="stable")[:most]))

    def divide(
        self, graph: GraphStore, spec: TaskSpec, train: Labels, valid: Labels, random_seed: int
    ) -> tuple[Lessons, Lessons]:
        """What to learn from, and what to choose on: `valid` and, where that has few anchors, the latest of
        `train`."""
        train = self.latest(spec, train)
        both = joined(train, valid)
        self.learn(graph, spec, both)
        chooses = np.concatenate([choosing_rows(train, valid), np.ones(len(valid), dtype=bool)])
        learn, choose = (self._lessons(graph, spec, both.take(part), random_seed) for part in (~chooses, chooses))
        return learn, choose

    def everything(self, graph: GraphStore, spec: TaskSpec, labels: Labels, random_seed: int) -> Lessons:
        """All labels to learn from, as history too."""
        self.learn(graph, spec, labels)
        return self._lessons(graph, spec, self.latest(spec, labels), random_seed)

    def _lessons(self, graph: GraphStore, spec: TaskSpec, labels: Labels, random_seed: int) -> Lessons:
        labels = as_stale(spec, labels, random_seed)
        return Lessons(self.builder.seen(graph, spec, labels.seeds), self.rows(graph, spec, labels))

    def save(self, folder: Path) -> None:
        """Write the state's plan, the replay, and past labels that serve as history."""
        self.builder.save(folder)
        write_json(folder, "table", {"replay": asdict(self.replay), "prior": self.prior.tolist()})
        write_history(folder, "labels", self._own)

    @classmethod
    def load(cls, folder: Path) -> EntityTable:
        """Read what `save` wrote."""
        content: dict[str, Any] = read_json(folder, "table")
        builder, replay = StateBuilder.load(folder), Replay(**content["replay"])
        return cls(builder, replay, np.array(content["prior"]), read_history(folder, "labels"))

    def _rows(
        self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, y: np.ndarray, weight: Float64[np.ndarray, " n"]
    ) -> Rows:
        state, seen = self.state(graph, spec, seeds), self.builder.seen(graph, spec, seeds)
        pairs = self._pairs(spec, seen) if _needs_pairs(spec) else None
        return Rows(state.values, y, weight, self._expected(spec, state), pairs, self._levels(spec, seen))

    def _levels(self, spec: TaskSpec, seeds: Seeds) -> Float64[np.ndarray, "n levels"] | None:
        """The mean of the target over the last windows that are over, fewer and more of them; NaN if unknown."""
        history = self._own if self._own is not None else spec.history
        if family_of(spec) is not Family.NUMBERS or spec.horizon == 0 or outputs_of(spec) > 1 or history is None:
            return None
        if self.replay.own and self._own is None:
            return None
        ends = seeds.at[:, None] - np.arange(max(STEADY_WINDOWS), dtype=np.int64)[None, :] * spec.horizon
        past = replayed(self.replay, history, seeds.rows, ends - spec.horizon, ends)
        began = history.at.min() if len(history.at) else 0
        past = np.where(ends - spec.horizon >= began - spec.horizon, past, np.nan)
        known = np.isfinite(past)
        total, count = np.cumsum(np.where(known, past, 0.0), axis=1), np.cumsum(known, axis=1)
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        return mean[:, [n - 1 for n in STEADY_WINDOWS]]

    def _expected(self, spec: TaskSpec, state: StateTable) -> Float64[np.ndarray, " n"]:
        """The mean of the target over the last eight windows; NaN where that is unknown."""
        amounts = not self.replay.own and self.replay.aggregate in ("sum", "count", "exists", "distinct")
        name = f"history: mean of 8 lags {'sum' if amounts else 'mean'}"
        if family_of(spec) is not Family.NUMBERS or name not in state.names:
            return np.full(len(state), np.nan)
        return state.column(name).astype(np.float64)

    def _pairs(self, spec: TaskSpec, seeds: Seeds) -> Float32[np.ndarray, "n classes known"]:
        """For each class: its share of the entity's past at three half-lives, its weight there, and its prior."""
        classes = len(self.prior)
        history = self._own if self._own is not None else spec.history
        fixed = np.broadcast_to(np.stack([self.prior, np.arange(classes)], axis=1), (len(seeds), classes, 2))
        blocks = [fixed.astype(np.float32)]
        if history is not None:
            slots = np.asarray(history.value).astype(np.int16)[:, None]
            blank = np.empty((len(slots), 0))
            events = Events(blank.astype(np.float32), slots, blank.astype(np.int32), classes)
            dst = np.arange(len(slots), dtype=np.int32)
            lives = self.builder.plan.grid.half_lives
            for life in lives:
                grid = Grid((life,), (life,), self.builder.plan.grid.unit)
                found = sweep(history.indptr, dst, history.at, seeds.rows, seeds.at, events, grid, True)
                share, total = found[:, -classes:], found[:, 2:3]
                blocks.append(np.stack([share, share * total, np.broadcast_to(total, share.shape)], axis=2))
        return np.concatenate(blocks, axis=2)


def _needs_pairs(spec: TaskSpec) -> bool:
    family = family_of(spec)
    return family is Family.LABELS or (family is Family.CLASSES and outputs_of(spec) > FEW_CLASSES)


def _own_history(graph: GraphStore, spec: TaskSpec, labels: Labels) -> History | None:
    """Past labels, where the task brings no history of events but does come again."""
    if spec.history is not None or spec.horizon == 0:
        return None
    return label_history(spec, labels, graph.rows(spec.entity))


def _prior(spec: TaskSpec, labels: Labels) -> Float64[np.ndarray, " outputs"]:
    """How often each class is true; the mean for numbers."""
    y = target_array(spec, labels)
    if family_of(spec) is Family.CLASSES:
        counts = np.bincount(y[y >= 0].astype(np.int64), minlength=outputs_of(spec))
        return (counts + 1e-3) / (counts + 1e-3).sum()
    return y.mean(axis=0) if len(y) else np.zeros(outputs_of(spec))
