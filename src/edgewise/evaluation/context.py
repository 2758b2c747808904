"""What the labels and the graph say once, for the metrics of every model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64

from edgewise.evaluation.ranking import seen_before
from edgewise.evaluation.series import Past, past_of, season_of
from edgewise.evaluation.slices import item_events
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.query.kinds import TaskKind
from edgewise.stypes import SType
from edgewise.tasks.nouns import Labels, Ragged, TaskSpec

__all__ = ["Context", "context_of"]


@dataclass(frozen=True, slots=True)
class Context:
    """What the labels and the graph say once for all models.

    `repeat` marks label items that the entity had before; `events` counts visible events an item; `past` is the
    target's own past, with `season` frames to a season.
    """

    catalogue: int = 0
    repeat: Bool[np.ndarray, " total"] | None = None
    events: Int64[np.ndarray, " catalogue"] | None = None
    vectors: Float64[np.ndarray, "catalogue d"] | None = None
    categories: Int64[np.ndarray, " catalogue"] | None = None
    past: Past | None = None
    season: int = 1


def context_of(spec: TaskSpec, labels: Labels, graph: GraphStore | None, vectors: np.ndarray | None) -> Context:
    """Read the context of a task's kind: repeats and popularity for rankings, the past for forecasts."""
    if isinstance(labels.target, Ragged) and spec.kind.ranks:
        history = spec.history if spec.history is not None and spec.history.value.dtype.kind != "f" else None
        catalogue = _catalogue(spec, labels.target, graph)
        return Context(
            catalogue=catalogue,
            repeat=None if history is None else seen_before(labels.seeds, history, labels.target),
            events=None if history is None else item_events(history, catalogue, int(labels.seeds.at.min())),
            vectors=vectors,
            categories=_item_categories(spec, graph),
        )
    past = past_of(spec, labels) if spec.kind is TaskKind.FORECASTING else None
    season = 1 if past is None else season_of(past.frame, int(np.isfinite(past.values).any(axis=0).sum()))
    return Context(past=past, season=season)


def _catalogue(spec: TaskSpec, target: Ragged, graph: GraphStore | None) -> int:
    if spec.classes is not None and spec.kind is TaskKind.MULTILABEL_RANKING:
        return len(spec.classes)
    if graph is not None and spec.item is not None:
        return graph.rows(spec.item)
    most = int(target.values.max(initial=-1))
    if spec.history is not None and spec.history.value.dtype.kind != "f":
        most = max(most, int(spec.history.value.max(initial=-1)))
    return most + 1


def _item_categories(spec: TaskSpec, graph: GraphStore | None) -> Int64[np.ndarray, " catalogue"] | None:
    """The item table's categorical column with the most values up to 1,000, for the diversity of lists."""
    if graph is None or spec.item is None:
        return None
    columns = [
        c
        for c in graph.schema.table(spec.item).columns
        if c.stype is SType.CATEGORICAL and c.distinct is not None and 3 <= c.distinct <= 1000
    ]
    if not columns:
        return None
    chosen = max(columns, key=lambda c: c.distinct or 0)
    column = graph.column(spec.item, chosen.name)
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    return pc.fill_null(column.indices, MISSING).to_numpy(zero_copy_only=False).astype(np.int64)
