"""A database as a temporal graph, ready for questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgewise.clock import NEVER, to_micros
from edgewise.errors import ArgumentError
from edgewise.graph.entity import with_entity
from edgewise.graph.known import known_at
from edgewise.graph.store import GraphStore
from edgewise.graph.without import without_links
from edgewise.models.contract import Progress
from edgewise.query.bind import bind
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Schema
from edgewise.sources.database import Database, Overrides, understand
from edgewise.tasks.own import kind_named, read_own
from edgewise.workflow.moments import Moment
from edgewise.workflow.own_question import OwnQuestion
from edgewise.workflow.query_question import QueryQuestion
from edgewise.workflow.task import Task

__all__ = ["Graph"]


class Graph:
    """The temporal graph of a database: `store` holds the arrays, `db` the tables they came from.

    Nothing after `known` (microseconds) is in it; labels, which are the truth and not the graph, may be later.
    """

    def __init__(self, db: Database, store: GraphStore, known: int = NEVER) -> None:
        self.db = db
        self.store = store
        self.known = known

    @classmethod
    def build(
        cls,
        db: Database,
        overrides: Overrides | None = None,
        *,
        path: str | Path | None = None,
        progress: Progress | None = None,
    ) -> Graph:
        """Build the graph, or reuse one already built from the same data and schema.

        Args:
            db: what `edgewise.open` gave.
            overrides: a graph file, or its content as a dict, on top of what was inferred.
            path: the folder to write; by default one in the cache.

        Raises:
            SchemaError: the graph file is wrong, or a table cannot be built.
            SourceError: the tables cannot be read.
        """
        if overrides is not None:
            db = understand(db.source, overrides)
        if progress is not None:
            progress.say("building the graph (or reusing one of the same data)")
        return cls(db, GraphStore.build(db, path))

    @property
    def schema(self) -> Schema:
        """Tables, keys, links, times."""
        return self.store.schema

    def known_at(self, moment: Moment) -> Graph:
        """The graph as it was known at a moment: rows after it are not there.

        For evaluations in which nothing after a cut may be visible, whatever the anchor.

        Raises:
            ArgumentError: `moment` is no time.
        """
        known = min(self.known, to_micros(moment))
        return Graph(self.db, known_at(self.store, known), known)

    def task(
        self,
        query: str | None = None,
        *,
        entity: str | None = None,
        labels: Any = None,
        time: str = "anchor_time",
        target: str = "target",
        kind: str | TaskKind = TaskKind.REGRESSION,
        key: str | None = None,
        split: str | None = None,
        weight: str | None = None,
        item: str | None = None,
        k: int = 12,
    ) -> Task:
        """A question: a predictive query, or a label table of your own.

        Args:
            query: PREDICT … FOR EACH …
            entity: the table whose rows the labels are about.
            labels: anything with `__arrow_c_stream__`: entity key, anchor time, target.
            time, target, key, split, weight: its columns; `key` is by default the one named like the entity
                table's key, `split` says train, valid or test.
            kind: what the target is: "regression", "binary", "multiclass", "multilabel", "ranking", …
            item: for a ranking, the table that the target lists keys of.
            k: how many items a ranking gives.

        Raises:
            QueryError: the query is not valid here.
            LabelError: the label table is not.
            ArgumentError: neither, or both, are given.
        """
        if (query is None) == (labels is None):
            raise ArgumentError(
                "a task is a query, or labels of your own", hint="graph.task('PREDICT … FOR EACH …')"
            )
        if query is not None:
            return self._asked(query)
        if entity is None:
            tables = ", ".join(t.name for t in self.schema if t.key is not None)
            raise ArgumentError("labels of your own need `entity`, a table", hint=f"tables with a key: {tables}")
        own = read_own(
            labels, self.schema.table(entity), time=time, target=target, entity=key, split=split, weight=weight
        )
        return Task(self, OwnQuestion(self.store, entity, own, kind_named(kind), item=item, k=k))

    def _asked(self, query: str) -> Task:
        bound = bind(query, self.db.schema)
        store = self.store if bound.entity.derived is None else with_entity(self.store, bound.entity.derived)
        if answering := bound.answering(store.schema):
            store = without_links(store, answering)
        graph = self if store is self.store else Graph(self.db, store, self.known)
        return Task(graph, QueryQuestion(store, self.db, bound, self.known))
