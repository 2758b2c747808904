"""A fitted task: it reports, predicts, evaluates and explains, and lives in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from edgewise.clock import ALWAYS, iso
from edgewise.errors import ArgumentError
from edgewise.evaluation.report import Report
from edgewise.evaluation.run import evaluate
from edgewise.explanation.explain import explain
from edgewise.explanation.nouns import Explanation
from edgewise.graph.known import latest_row
from edgewise.graph.store import GraphStore
from edgewise.models.contract import Model
from edgewise.prediction.tables import prediction_table
from edgewise.tasks.labels import micros
from edgewise.tasks.nouns import Ranked, Seeds, TaskSpec
from edgewise.workflow.keys import row_of_key, seed_column
from edgewise.workflow.moments import Moment, moments
from edgewise.workflow.question import TIMELESS, Asked, Question

if TYPE_CHECKING:
    from edgewise.workflow.graph import Graph

__all__ = ["Run"]


class Run:
    """A model and its baselines, fitted up to the present, with the report of how they did before.

    `facts` are plain JSON values on how it came about: the plan and its reasons, anchors, costs, versions.
    """

    def __init__(
        self,
        *,
        graph: Graph,
        question: Question,
        spec: TaskSpec,
        model: Model,
        baselines: tuple[Model, ...],
        report: Report,
        facts: dict[str, Any],
    ) -> None:
        self.graph = graph
        self.question = question
        self.spec = spec
        self.model = model
        self.baselines = baselines
        self.facts = facts
        self._report = report

    def report(self) -> Report:
        """How the model and its baselines did on the test anchor, which none of them had seen."""
        return self._report

    def predict(
        self,
        at: Moment | Sequence[Moment] | None = None,
        *,
        seeds: Any = None,
        entities: Sequence[Any] | None = None,
        k: int | None = None,
    ) -> pa.Table:
        """Answers at one or several anchor times; the columns are those of `prediction.tables`.

        Args:
            at: anchor times; by default the time of the latest row in the graph.
            seeds: a table of `entity` and `anchor_time` to answer instead, rows in its order. A pair's two keys
                stand in columns of their names, or in `entity` as structs or as texts ("7, dairy").
            entities: keys to answer for instead of everyone whom the query asks about.
            k: how many items of a ranking.

        Raises:
            ArgumentError: an anchor that is no time; seeds without such columns; k below 1.
        """
        if k is not None and k < 1:
            raise ArgumentError(f"k = {k} asks for no items", hint="k is 1 or more")
        asked = self._asked(at, seeds, entities)
        store = self.graph.store
        answers = self.model.predict(store, self.spec, asked.seeds, k=k)
        items = None
        if isinstance(answers, Ranked) and self.spec.item is not None:
            items = store.vocabulary(self.spec.item).keys(np.arange(store.rows(self.spec.item)))
        return prediction_table(self.spec, answers, asked.entity, asked.anchor_time(), items)

    def evaluate(self, at: Moment | Sequence[Moment] | None = None) -> Report:
        """The model and its baselines on labels at the given anchors; without any, the report of the fit.

        The models as they serve have learnt from all labels up to the cut: an anchor before that is one they
        have seen, and the report warns of it.

        Raises:
            ArgumentError: an anchor whose window is not over in the data.
        """
        if at is None:
            return self._report
        anchors = moments(at)
        labels = self.question.truth(self.spec, anchors)
        store = self.graph.store
        every = (self.model, *self.baselines)
        known = [iso(a) for a in anchors if iso(a) <= str(self.facts["cut"])]
        return evaluate(
            self.spec,
            labels,
            {m.name: m.predict(store, self.spec, labels.seeds) for m in every},
            model=self.model.name,
            graph=store,
            facts={m.name: m.facts() for m in every},
            data={"source": self.graph.db.source.name, "fitted up to": self.facts["cut"]},
            warnings=[f"the models have learnt from labels at {', '.join(known)}: not a fair test"]
            if known
            else [],
        )

    def explain(self, entity: Any, item: Any = None, at: Moment | None = None) -> Explanation:
        """Why `entity` gets its answer (for `item`, by default the one ranked first) at an anchor time.

        Raises:
            ArgumentError: the graph knows no such entity or item.
        """
        store = self.graph.store
        anchor = self._latest() if at is None else moments(at)[0]
        row = self.question.row(entity)
        chosen = None if item is None else self._item_row(store, item)
        named = self.question.keys(np.array([row]))[0].as_py()
        return explain(self.model, store, self.spec, row, anchor, item=chosen, entity=named)

    def save(self, out: str | Path, *, overwrite: bool = False) -> Path:
        """Write the run into a folder, whole or not at all; see `prediction.folder`."""
        from edgewise.workflow.saved import save_run

        return save_run(self, Path(out), overwrite=overwrite)

    def _asked(self, at: Moment | Sequence[Moment] | None, seeds: Any, entities: Sequence[Any] | None) -> Asked:
        if seeds is not None:
            return self._given(seeds)
        anchors = [self._latest()] if at is None else moments(at)
        if entities is None:
            return self.question.asked(anchors)
        rows = np.array([self.question.row(entity) for entity in entities], dtype=np.int64)
        when = np.repeat(np.asarray(anchors, dtype=np.int64), len(rows))
        rows = np.tile(rows, len(anchors))
        return Asked(Seeds(self.spec.entity, rows, when), self.question.keys(rows), when)

    def _given(self, seeds: Any) -> Asked:
        table = seeds if isinstance(seeds, pa.Table) else pa.table(seeds)
        entity, rows = self.question.named(table)
        at = micros(seed_column(table, "anchor_time"))
        return Asked(Seeds(self.spec.entity, rows, at), entity, at)

    def _latest(self) -> int:
        """The time of the latest row of any table; TIMELESS where no row has a time."""
        latest = latest_row(self.graph.store)
        return latest if latest > ALWAYS else TIMELESS

    def _item_row(self, store: GraphStore, item: Any) -> int:
        if self.spec.item is not None:
            return row_of_key(store, self.spec.item, item)
        if not self.spec.kind.ranks or self.spec.classes is None:
            raise ArgumentError("only rankings have items to explain", hint="leave the item out")
        found = self.spec.classes.index(pa.scalar(item, self.spec.classes.type)).as_py()
        if found < 0:
            raise ArgumentError(f"'{item}' is no class of this task")
        return int(found)
