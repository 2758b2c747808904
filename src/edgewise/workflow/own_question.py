"""The question behind a label table that the user brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from edgewise.clock import ALWAYS, DAY, iso
from edgewise.errors import ArgumentError, LabelError
from edgewise.graph.known import latest_row
from edgewise.graph.store import GraphStore
from edgewise.query.kinds import TaskKind
from edgewise.tasks.labels import classes_of, labels_of, seeds_of
from edgewise.tasks.nouns import Labels, TaskSpec
from edgewise.tasks.own import OwnLabels
from edgewise.workflow.keys import row_of_key, seed_column
from edgewise.workflow.question import Asked, Question, Split, View

__all__ = ["OwnQuestion"]

#: Without a split of the user's own, the latest shares of the rows (whole anchors) validate and test.
HELD_OUT = 0.15


class OwnQuestion(Question):
    """Labels are looked up in the table; anchors are the table's own times.

    Training rows are all used while they are within `max_seeds`: whoever brings labels has chosen them.

    The table says nothing about how far its labels look ahead. The horizon is taken to be the smallest gap
    between two of its anchors, which is what a replayed query gives.
    """

    def __init__(
        self, graph: GraphStore, table: str, own: OwnLabels, kind: TaskKind, *, item: str | None, k: int
    ) -> None:
        self.graph = graph
        self.own = own
        anchors = np.unique(own.at)
        horizon = int(np.diff(anchors).min()) if len(anchors) > 1 else 0
        self._spec = TaskSpec(
            kind, table, horizon, item=item, k=k, description=f"labels of your own: {kind.value}"
        )

    @property
    def spec(self) -> TaskSpec:
        return self._spec

    def split(self, until: int | None, *, max_anchors: int, max_seeds: int, random_seed: int) -> Split:
        parts = self._parts(until)
        train = parts == "train"
        anchors = np.unique(self.own.at[train])
        if len(anchors) > max_anchors and train.sum() > max_seeds:
            train &= self.own.at >= anchors[-max_anchors]
        notes = []
        if train.sum() > max_seeds:
            keep = np.random.default_rng(random_seed).choice(np.flatnonzero(train), max_seeds, replace=False)
            notes.append(f"{max_seeds:,} of {int(train.sum()):,} training rows, chosen at random")
            train = np.isin(np.arange(len(parts)), keep)
        spec = replace(self._with_classes(train), staleness=self._staleness())
        if spec.staleness:
            notes.append(
                f"the last anchor lies {spec.staleness / DAY:,.0f} days after the last row: "
                "learned from data that ends before its anchors"
            )
        rows = {name: self._take(spec, mask) for name, mask in self._masks(parts, train).items()}
        return Split.of_parts(View(self.graph, spec), rows["train"], rows["valid"], rows["test"], tuple(notes))

    def labels(self, at: Sequence[int]) -> pa.Table:
        mask = self._at(at)
        stamps = pa.array(self.own.at[mask]).view(pa.timestamp("us"))
        chosen = pa.array(mask)
        return pa.table(
            {
                "entity": self.own.entity.filter(chosen),
                "anchor_time": stamps,
                "target": self.own.target.filter(chosen),
            }
        )

    def truth(self, spec: TaskSpec, at: Sequence[int]) -> Labels:
        return self._take(spec, self._at(at))

    def asked(self, at: Sequence[int]) -> Asked:
        """Every entity of the table that exists at the anchor: a label table asks about whom it likes."""
        vocabulary = self.graph.vocabulary(self.spec.entity)
        times = self.graph.times(self.spec.entity)
        rows = [np.flatnonzero(times[: len(vocabulary)] <= anchor) for anchor in at]
        every = np.concatenate(rows) if rows else np.empty(0, np.int64)
        when = np.repeat(np.asarray(at, dtype=np.int64), [len(r) for r in rows])
        entity = vocabulary.keys(every)
        return Asked(seeds_of(self.spec.entity, vocabulary, entity, when), entity, when)

    def row(self, entity: Any) -> int:
        return row_of_key(self.graph, self.spec.entity, entity)

    def keys(self, rows: Int64[np.ndarray, " n"]) -> pa.Array:
        return self.graph.vocabulary(self.spec.entity).keys(rows)

    def named(self, seeds: pa.Table) -> tuple[pa.Array, Int64[np.ndarray, " n"]]:
        entity = seed_column(seeds, "entity")
        return entity, self.graph.vocabulary(self.spec.entity).rows(entity)

    def with_history(self, spec: TaskSpec) -> TaskSpec:
        return spec

    def recipe(self) -> dict[str, Any]:
        spec = self.spec
        return {"labels": "own", "kind": spec.kind.value, "entity": spec.entity, "item": spec.item, "k": spec.k}

    @classmethod
    def reopen(cls, graph: GraphStore, recipe: dict[str, Any], own: OwnLabels) -> OwnQuestion:
        """The inverse of `recipe`, for a label table that was kept."""
        kind = TaskKind(recipe["kind"])
        return cls(graph, recipe["entity"], own, kind, item=recipe["item"], k=recipe["k"])

    def _parts(self, until: int | None) -> np.ndarray:
        """'train', 'valid', 'test' or '' (not used) for each row."""
        visible = np.ones(len(self.own), dtype=bool) if until is None else self.own.at + self.spec.horizon <= until
        if not visible.any():
            raise LabelError(
                f"no label is known by {iso(until or 0)}", hint=f"first anchor: {iso(self.own.at.min())}"
            )
        given = self.own.split
        parts = self._by_time(visible) if given is None else np.where(visible, given, "")
        for name in ("train", "valid", "test"):
            if not (parts == name).any():
                raise LabelError(
                    f"no labels are left for '{name}'",
                    hint="bring labels at three anchor times or more, or a column with the split",
                )
        return parts

    def _by_time(self, visible: np.ndarray) -> np.ndarray:
        at = self.own.at
        test_from = _tail(at[visible])
        valid_from = _tail(at[visible & (at < test_from)])
        parts = np.where(at >= test_from, "test", np.where(at >= valid_from, "valid", "train"))
        return np.where(visible, parts, "")

    def _staleness(self) -> int:
        """How long after the last row the last anchor is asked about; 0 where that is no more than a window."""
        latest, last = latest_row(self.graph), self.own.asked_until
        return last - latest if ALWAYS < latest < last - self.spec.horizon else 0

    def _masks(self, parts: np.ndarray, train: np.ndarray) -> dict[str, np.ndarray]:
        return {"train": train, "valid": parts == "valid", "test": parts == "test"}

    def _with_classes(self, train: np.ndarray) -> TaskSpec:
        needs = self.spec.kind in (TaskKind.MULTICLASS, TaskKind.MULTILABEL, TaskKind.MULTILABEL_RANKING)
        if not needs:
            return self.spec
        return replace(self.spec, classes=classes_of(self.own.target.filter(pa.array(train))))

    def _take(self, spec: TaskSpec, mask: np.ndarray) -> Labels:
        chosen = pa.array(mask)
        vocabulary = self.graph.vocabulary(spec.entity)
        seeds = seeds_of(spec.entity, vocabulary, self.own.entity.filter(chosen), self.own.at[mask])
        items = self.graph.vocabulary(spec.item) if spec.item else None
        labels = labels_of(spec, seeds, self.own.target.filter(chosen), items)
        weight = None if self.own.weight is None else self.own.weight[mask]
        return Labels(labels.seeds, labels.target, weight)

    def _at(self, at: Sequence[int]) -> np.ndarray:
        mask = np.isin(self.own.at, np.asarray(at, dtype=np.int64))
        if not mask.any():
            known = ", ".join(iso(t) for t in np.unique(self.own.at)[-3:])
            raise ArgumentError(
                f"the label table has no labels at {', '.join(map(iso, at))}", hint=f"latest: {known}"
            )
        return mask


def _tail(at: np.ndarray) -> int:
    """The anchor at which the latest whole anchors begin that hold a share HELD_OUT of the rows."""
    if not len(at):
        return 0
    anchors, counts = np.unique(at, return_counts=True)
    later = np.cumsum(counts[::-1])[::-1] / counts.sum()
    return int(anchors[np.flatnonzero(later >= HELD_OUT)[-1]])
