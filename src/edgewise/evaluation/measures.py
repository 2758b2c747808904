"""The statistics of one prediction, by kind of task."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from edgewise.errors import InternalError
from edgewise.evaluation.beyond import beyond_statistics
from edgewise.evaluation.binary import binary_statistics
from edgewise.evaluation.classes import multiclass_statistics, multilabel_statistics
from edgewise.evaluation.context import Context
from edgewise.evaluation.ranking import find_hits, part_of, ranking_statistics, seen_before
from edgewise.evaluation.regression import forecast_statistics, quantile_statistics, regression_statistics
from edgewise.evaluation.statistics import Statistic, mean
from edgewise.ids import MISSING
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, Labels, Prediction, Ragged, Ranked, TaskSpec

__all__ = ["measure"]


def measure(spec: TaskSpec, labels: Labels, prediction: Prediction, context: Context) -> dict[str, Statistic]:
    """Every metric of the task's kind by key, in the order of the report.

    Raises:
        InternalError: the prediction is of the wrong kind or length for the task.
    """
    if spec.kind.ranks and isinstance(prediction, Ranked) and isinstance(labels.target, Ragged):
        return _of_ranking(spec, labels, labels.target, prediction, context)
    if isinstance(prediction, Classified):
        if spec.kind is TaskKind.MULTILABEL and isinstance(labels.target, Ragged):
            return multilabel_statistics(labels.target, prediction.probability, labels.weight)
        if spec.kind is TaskKind.MULTICLASS and isinstance(labels.target, np.ndarray):
            return multiclass_statistics(labels.target, prediction.probability, labels.weight)
        if spec.kind is TaskKind.BINARY and isinstance(labels.target, np.ndarray):
            return binary_statistics(labels.target, prediction.probability[:, 1], labels.weight)
    if isinstance(prediction, Estimated) and isinstance(labels.target, np.ndarray):
        return _of_numbers(spec, labels, labels.target, prediction, context)
    raise InternalError(f"a {type(prediction).__name__} cannot answer a {spec.kind} task")


def _of_ranking(
    spec: TaskSpec, labels: Labels, target: Ragged, ranked: Ranked, context: Context
) -> dict[str, Statistic]:
    found = ranking_statistics(find_hits(ranked, target, spec.k), labels.weight)
    items = ranked.items[:, : spec.k]
    if context.repeat is not None:
        for name, keep in (("repeat", context.repeat), ("explore", ~context.repeat)):
            own = ranking_statistics(find_hits(ranked, part_of(target, keep), spec.k), labels.weight)
            found |= {f"{name}_{key}": own[key] for key in ("map", "recall")}
        found["repeat_share"] = _repeat_share(spec, labels, items)
    return found | beyond_statistics(
        items,
        context.catalogue,
        events=context.events,
        vectors=context.vectors,
        categories=context.categories,
    )


def _repeat_share(spec: TaskSpec, labels: Labels, items: Int64[np.ndarray, "n k"]) -> Statistic:
    """The share of each list that the entity had before, as a mean over seeds with a list."""
    if spec.history is None:
        raise InternalError("repeats need a history")
    flat = Ragged(np.arange(len(items) + 1, dtype=np.int64) * items.shape[1], np.ascontiguousarray(items).ravel())
    again = seen_before(labels.seeds, spec.history, flat).reshape(items.shape).sum(axis=1)
    lengths = (items != MISSING).sum(axis=1)
    return mean(again / np.maximum(lengths, 1), counts=lengths > 0)


def _of_numbers(
    spec: TaskSpec, labels: Labels, target: np.ndarray, predicted: Estimated, context: Context
) -> dict[str, Statistic]:
    if spec.kind is TaskKind.FORECASTING:
        past = None if context.past is None else context.past.values
        found = forecast_statistics(target, predicted.value, past, season=context.season, weight=labels.weight)
    else:
        found = regression_statistics(target, predicted.value, labels.weight)
    return found | quantile_statistics(target, predicted.quantiles, labels.weight)
