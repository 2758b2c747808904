"""Predictions as the Arrow tables that users get: keys instead of row ids, one stated set of columns a kind.

Ranking: entity, anchor_time, rank, item, score. Entity tasks: entity, anchor_time, prediction, and
`probability` (binary: of true; multiclass: of the predicted class; multilabel: a list beside the list of
classes), `quantiles` as one column each (q10, q50, …), lists of numbers for forecasts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from edgewise.ids import MISSING
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, Prediction, Ranked, TaskSpec

__all__ = ["prediction_table"]

#: A class of a multilabel answer is predicted when its probability reaches this.
THRESHOLD = 0.5


def prediction_table(
    spec: TaskSpec,
    prediction: Prediction,
    entity: pa.Array,
    anchor_time: pa.Array,
    items: pa.Array | None = None,
) -> pa.Table:
    """One table for n seeds.

    Args:
        entity: their keys, n.
        anchor_time: their anchors, timestamp[us], n.
        items: the keys of `spec.item` by row id, for rankings of a table's rows.

    Returns:
        Rows in the seeds' order; rankings have one row for each item that was found, by rank from 1.
    """
    if isinstance(prediction, Ranked):
        values = items if items is not None else spec.classes
        return _ranking(prediction, entity, anchor_time, values)
    seeds = {"entity": entity, "anchor_time": anchor_time}
    if isinstance(prediction, Estimated):
        return pa.table(seeds | _numbers(prediction))
    return pa.table(seeds | _classes(spec, prediction))


def _ranking(ranked: Ranked, entity: pa.Array, anchor_time: pa.Array, values: pa.Array) -> pa.Table:
    found = ranked.items != MISSING
    seed, rank = np.nonzero(found)
    chosen = pa.array(ranked.items[found])
    return pa.table(
        {
            "entity": entity.take(pa.array(seed)),
            "anchor_time": anchor_time.take(pa.array(seed)),
            "rank": pa.array(rank + 1, pa.int32()),
            "item": values.take(chosen),
            "score": pa.array(ranked.scores[found], pa.float32()),
        }
    )


def _numbers(estimated: Estimated) -> dict[str, pa.Array]:
    columns = {"prediction": _floats(estimated.value)}
    for level, values in sorted(estimated.quantiles.items()):
        columns[f"q{level * 100:g}"] = _floats(values)
    return columns


def _floats(values: np.ndarray) -> pa.Array:
    """float64[n] as doubles, float64[n, timeframes] as lists of doubles."""
    if values.ndim == 1:
        return pa.array(values, pa.float64())
    offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1), pa.float64()))


def _classes(spec: TaskSpec, classified: Classified) -> dict[str, pa.Array]:
    probability = classified.probability
    if spec.kind is TaskKind.BINARY:
        return {
            "prediction": pa.array(probability[:, 1] >= THRESHOLD),
            "probability": pa.array(probability[:, 1], pa.float64()),
        }
    if spec.classes is None:
        raise ValueError("a task with classes carries them in its spec")
    if spec.kind is TaskKind.MULTILABEL:
        return _labels_of_many(spec.classes, probability, spec.k)
    best = probability.argmax(axis=1)
    return {
        "prediction": spec.classes.take(pa.array(best)),
        "probability": pa.array(probability[np.arange(len(best)), best], pa.float64()),
        "probabilities": _floats(probability),
    }


def _labels_of_many(classes: pa.Array, probability: np.ndarray, top: int) -> dict[str, pa.Array]:
    """The classes at or above the threshold, most probable first, at most `top`."""
    order = np.argsort(-probability, axis=1, kind="stable")[:, :top]
    chosen = np.take_along_axis(probability, order, axis=1)
    keep = chosen >= THRESHOLD
    offsets = pa.array(np.concatenate([[0], np.cumsum(keep.sum(axis=1))]).astype(np.int32))
    return {
        "prediction": pa.ListArray.from_arrays(offsets, classes.take(pa.array(order[keep]))),
        "probability": pa.ListArray.from_arrays(offsets, pa.array(chosen[keep], pa.float64())),
        "probabilities": _floats(probability),
    }
