"""The question behind a predictive query: labels by SQL where the data lives, in row ids of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.clock import ALWAYS, NEVER
from edgewise.errors import QueryError
from edgewise.graph.entity import pair_keys
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING, Vocabulary
from edgewise.query.bound import Query
from edgewise.query.checks import check_complete, check_labels
from edgewise.query.kinds import TaskKind
from edgewise.query.labels import asked, history, labels
from edgewise.query.plan import plan
from edgewise.sources.database import Database
from edgewise.tasks.labels import classes_of, history_of, labels_of
from edgewise.tasks.nouns import History, Labels, Seeds, TaskSpec
from edgewise.workflow.keys import pair_column, pair_of, row_of_key, seed_column
from edgewise.workflow.question import Asked, Question, Split, View
from edgewise.workflow.static_split import split_links, split_rows

__all__ = ["QueryQuestion"]

#: A ranking's default length, as in the examples of the language.
TOP = 12
#: A class must be among the training labels; beyond these the rarest are left out and counted as unknown.
MOST_CLASSES = 1000
_CLASSES = (TaskKind.MULTICLASS, TaskKind.MULTILABEL, TaskKind.MULTILABEL_RANKING)


class QueryQuestion(Question):
    """Labels come from one SQL statement for all anchors. The history holds nothing after `known`."""

    def __init__(self, graph: GraphStore, db: Database, query: Query, known: int = NEVER) -> None:
        self.graph = graph
        self.db = db
        self.query = query
        self.known = known

    @cached_property
    def spec(self) -> TaskSpec:
        query = self.query
        start = 0 if query.start is None else query.start.micros
        horizon = 0 if query.end is None else query.end.micros - start
        return TaskSpec(
            kind=query.kind,
            entity=query.entity_table,
            horizon=horizon,
            start=start,
            item=query.item_table,
            k=query.k or TOP,
            timeframes=query.timeframes,
            history=self._history(query.item_table),
            hidden=query.hidden,
            description=query.text,
        )

    def split(self, until: int | None, *, max_anchors: int, max_seeds: int, random_seed: int) -> Split:
        anchors = plan(self.query, self.db.source, self.db.schema, until, train_anchors=max_anchors)
        table = self._labelled(anchors.all)
        at = self._at(table)
        if self.query.static:
            return self._static_split(table, at, random_seed)
        train = np.isin(at, np.asarray(anchors.train))
        notes = list(self.query.warnings)
        if train.sum() > max_seeds:
            notes.append(f"{max_seeds:,} of {int(train.sum()):,} training seeds, chosen at random")
            kept = np.random.default_rng(random_seed).choice(np.flatnonzero(train), max_seeds, replace=False)
            train = np.isin(np.arange(len(at)), kept)
        spec = self._with_classes(table.filter(pa.array(train)))
        parts = [self._take(spec, table, mask) for mask in (train, at == anchors.valid, at == anchors.test)]
        return Split.of_parts(View(self.graph, spec), parts[0], parts[1], parts[2], tuple(notes))

    def labels(self, at: Sequence[int]) -> pa.Table:
        check_complete(self.query, self.db.source, self.db.schema, at)
        return labels(self.query, self.db.source, self.db.schema, at)

    def truth(self, spec: TaskSpec, at: Sequence[int]) -> Labels:
        check_complete(self.query, self.db.source, self.db.schema, at)
        table = self._labelled(at)
        return self._take(spec, table, np.ones(len(table), dtype=bool))

    def asked(self, at: Sequence[int]) -> Asked:
        """Who exists and passes WHERE. Where values are imputed: the entities whose value is missing, if any."""
        table = asked(self.query, self.db.source, self.db.schema, at)
        entity = _whole(table.column("entity"))
        when = self._at(table) if table.column("anchor_time").null_count == 0 else np.full(len(table), at[0])
        if self.query.static and self.query.aggregate is None:
            missing = ~np.isin(self._rows(entity), self._rows(_whole(self.labels(at).column("entity"))))
            if missing.any():
                entity, when = entity.filter(pa.array(missing)), when[missing]
        return Asked(Seeds(self.spec.entity, self._rows(entity), when), entity, when)

    def recipe(self) -> dict[str, Any]:
        return {"query": self.query.text}

    def _labelled(self, at: Sequence[int]) -> pa.Table:
        """Labels to learn from or to test on: with ASSUMING, those of the entities of whom it came to hold."""
        table = labels(self.query, self.db.source, self.db.schema, at)
        check_labels(self.query, table)
        if self.query.assuming is None:
            return table
        held = table.filter(table.column("assumed"))
        if len(held) == 0:
            span = self.query.assuming.span
            raise QueryError(
                f"the assumption never held: {len(table):,} labels, and none to learn its effect from",
                text=self.query.text,
                start=span.start,
                end=span.end,
                hint="assume something that has happened before",
            )
        return held

    def _rows(self, entity: pa.Array) -> Int64[np.ndarray, " n"]:
        """Row ids of entities as labels name them: by key, or by the two columns of a pair."""
        keys = pair_keys(*entity.flatten()) if pa.types.is_struct(entity.type) else entity
        return self._vocabulary.rows(keys)

    @property
    def _vocabulary(self) -> Vocabulary:
        return self.graph.vocabulary(self.query.entity_table)

    def _at(self, table: pa.Table) -> np.ndarray:
        return pc.cast(table.column("anchor_time"), pa.int64()).fill_null(0).to_numpy().astype(np.int64)

    def _history(self, item: str | None) -> History | None:
        """The target's history; categories stay out until their classes are known."""
        if not self._has_history:
            return None
        events = self._events()
        if item is not None:
            return history_of(events, self._vocabulary, self.graph.vocabulary(item))
        if self.query.kind in _CLASSES or not _is_number(events.column("value").type):
            return None
        return history_of(events, self._vocabulary, None)

    @property
    def _has_history(self) -> bool:
        """Whether the target has rows that a model may look back on; those without a window are the answer."""
        return self.query.aggregate is not None and (not self.query.static or self.query.item_table is not None)

    def _events(self) -> pa.Table:
        """The rows that the target is made of, entities as texts where they are pairs, times never null."""
        events = history(self.query, self.db.source, self.db.schema)
        if self.known < NEVER:
            events = events.filter(pc.fill_null(pc.less_equal(events.column("at"), self.known), True))
        at = events.column("at").fill_null(ALWAYS if self.query.static else NEVER)
        entity = _whole(events.column("entity"))
        keys = pair_keys(*entity.flatten()) if pa.types.is_struct(entity.type) else entity
        return pa.table({"entity": keys, "at": at, "value": events.column("value")})

    def _with_classes(self, train: pa.Table) -> TaskSpec:
        """The spec with the classes that occur among training labels, the most frequent MOST_CLASSES of them."""
        if self.spec.kind not in _CLASSES or self.spec.item is not None:
            return self.spec
        classes = classes_of(train.column("target"), MOST_CLASSES)
        return self.with_history(replace(self.spec, classes=classes))

    def row(self, entity: Any) -> int:
        if not self._paired:
            return row_of_key(self.graph, self.query.entity_table, entity)
        first, second = pair_of(entity, self.query.entity_columns)
        key = pair_keys(pa.array([first]), pa.array([second]))[0].as_py()
        return row_of_key(self.graph, self.query.entity_table, key, shown=entity)

    def keys(self, rows: Int64[np.ndarray, " n"]) -> pa.Array:
        if not self._paired:
            return self._vocabulary.keys(rows)
        names = self.query.entity_columns
        index = pa.array(rows, mask=rows == MISSING)
        parts = [self.graph.column(self.query.entity_table, name).take(index) for name in names]
        return pa.StructArray.from_arrays([_decoded(part) for part in parts], names=list(names))

    def named(self, seeds: pa.Table) -> tuple[pa.Array, Int64[np.ndarray, " n"]]:
        entity = pair_column(seeds, self.query.entity_columns) if self._paired else seed_column(seeds, "entity")
        return entity, self._rows(entity)

    @property
    def _paired(self) -> bool:
        return len(self.query.entity_columns) > 1

    def with_history(self, spec: TaskSpec) -> TaskSpec:
        if spec.classes is None or not self._has_history:
            return replace(spec, history=self.spec.history)
        return replace(spec, history=history_of(self._events(), self._vocabulary, Vocabulary(spec.classes)))

    def _take(self, spec: TaskSpec, table: pa.Table, mask: np.ndarray) -> Labels:
        part = table.filter(pa.array(mask))
        seeds = Seeds(spec.entity, self._rows(_whole(part.column("entity"))), self._at(part))
        items = self.graph.vocabulary(spec.item) if spec.item else None
        return labels_of(spec, seeds, part.column("target"), items)

    def _static_split(self, table: pa.Table, at: np.ndarray, random_seed: int) -> Split:
        if self.spec.kind is TaskKind.STATIC_RANKING and self.spec.item is not None:
            every = self._take(self.spec, table, np.ones(len(table), dtype=bool))
            return split_links(View(self.graph, self.spec), self.query, every, random_seed)
        train, valid, test = split_rows(len(table), random_seed)
        spec = self._with_classes(table.filter(pa.array(train)))
        parts = [self._take(spec, table, mask) for mask in (train, valid, test)]
        return Split.of_parts(View(self.graph, spec), parts[0], parts[1], parts[2], self.query.warnings)


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(column.chunks)
