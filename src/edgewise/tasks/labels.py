"""Label tables (keys, times, values) to labels in row ids, and the history of the target likewise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.errors import LabelError
from edgewise.ids import MISSING, Vocabulary
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import History, Labels, Ragged, Seeds, TaskSpec

__all__ = ["classes_of", "history_of", "joined", "labels_of", "micros", "ragged_of", "seeds_of"]


def micros(times: pa.Array | pa.ChunkedArray) -> Int64[np.ndarray, " n"]:
    """Timestamps or dates as int64 microseconds, UTC.

    Raises:
        LabelError: the values are no times, or some are missing.
    """
    array = _flat(times)
    if not (pa.types.is_timestamp(array.type) or pa.types.is_date(array.type)):
        raise LabelError(f"anchor times are {array.type}, not timestamps", hint="cast the column to a timestamp")
    if array.null_count:
        raise LabelError(f"{array.null_count} anchor times are missing")
    stamps = pc.cast(array, pa.timestamp("us", tz=getattr(array.type, "tz", None)), safe=False)
    return stamps.view(pa.int64()).to_numpy(zero_copy_only=False).astype(np.int64)


def seeds_of(table: str, vocabulary: Vocabulary, entity: pa.Array | pa.ChunkedArray, at: np.ndarray) -> Seeds:
    """Seeds of keys at anchors (microseconds). An unknown key has row MISSING: a cold entity."""
    return Seeds(table, vocabulary.rows(_flat(entity)), np.asarray(at, dtype=np.int64))


def joined(*parts: Labels) -> Labels:
    """Labels of one task after each other."""
    seeds = [part.seeds for part in parts]
    rows, at = np.concatenate([s.rows for s in seeds]), np.concatenate([s.at for s in seeds])
    known = weight = None
    if any(s.known is not None for s in seeds):
        known = np.concatenate([s.at if s.known is None else s.known for s in seeds])
    if any(part.weight is not None for part in parts):
        weight = np.concatenate([np.ones(len(p)) if p.weight is None else p.weight for p in parts])
    return Labels(Seeds(seeds[0].table, rows, at, known), _targets([part.target for part in parts]), weight)


def classes_of(targets: pa.Array | pa.ChunkedArray, most: int | None = None) -> pa.Array:
    """The distinct values of a categorical target, sorted; lists are flattened first.

    With `most`, only so many of them: the most frequent, ties to the smaller.
    """
    values = _flat(targets)
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        values = values.flatten()
    distinct = pc.unique(values).drop_null()
    distinct = distinct.take(pc.sort_indices(distinct))
    if most is None or len(distinct) <= most:
        return distinct
    places = pc.index_in(values.drop_null(), value_set=distinct).to_numpy(zero_copy_only=False)
    frequent = np.argsort(-np.bincount(places, minlength=len(distinct)), kind="stable")[:most]
    return distinct.take(pa.array(np.sort(frequent)))


def ragged_of(lists: pa.Array | pa.ChunkedArray, vocabulary: Vocabulary) -> Ragged:
    """Lists of keys as lists of row ids; a null list is empty, an unknown key is MISSING."""
    array = _flat(lists)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(indptr, vocabulary.rows(array.flatten()))


def labels_of(
    spec: TaskSpec, seeds: Seeds, target: pa.Array | pa.ChunkedArray, items: Vocabulary | None = None
) -> Labels:
    """Labels of n seeds from a column of n targets; `items` is the vocabulary of `spec.item`.

    Raises:
        LabelError: the values don't fit the kind of task.
    """
    column = _flat(target)
    if spec.kind.ranks or spec.kind is TaskKind.MULTILABEL:
        vocabulary = items if items is not None else Vocabulary(_classes(spec))
        return Labels(seeds, ragged_of(column, vocabulary))
    if column.null_count:
        raise LabelError(f"{column.null_count} targets are missing", hint="leave rows without a target out")
    if spec.kind is TaskKind.MULTICLASS:
        return Labels(seeds, Vocabulary(_classes(spec)).rows(column))
    if spec.kind is TaskKind.FORECASTING:
        values = _numbers(column.flatten())
        return Labels(seeds, values.reshape(len(seeds), spec.timeframes))
    values = _numbers(column)
    if spec.kind is TaskKind.BINARY and not np.isin(values, (0.0, 1.0)).all():
        raise LabelError("a binary target holds values other than 0 and 1", hint="say kind='regression'")
    return Labels(seeds, values)


def history_of(events: pa.Table, entity: Vocabulary, values: Vocabulary | None) -> History:
    """The history of the target: a table `entity`, `at` (microseconds), `value` by entity row, in time order.

    `values` turns keys into row ids or class indices; without it values are numbers. Events of unknown
    entities are left out; equal times keep the table's order.
    """
    rows = entity.rows(_flat(events.column("entity")))
    at = _flat(events.column("at")).to_numpy(zero_copy_only=False).astype(np.int64)
    column = _flat(events.column("value"))
    value = values.rows(column) if values is not None else _numbers(column)
    known = rows != MISSING
    rows, at, value = rows[known], at[known], value[known]
    order = np.lexsort((at, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(entity)))]).astype(np.int64)
    return History(indptr, at[order], value[order])


def _classes(spec: TaskSpec) -> pa.Array:
    if spec.classes is None:
        raise ValueError(f"a {spec.kind.value} task carries its classes in its spec")
    return spec.classes


def _numbers(column: pa.Array) -> np.ndarray:
    try:
        return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise LabelError(f"the target is {column.type}, not a number") from None


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # combine_chunks keeps the wrapper when there are no chunks
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], type=column.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _targets(targets: list[np.ndarray | Ragged]) -> np.ndarray | Ragged:
    lists = [t for t in targets if isinstance(t, Ragged)]
    if not lists:
        return np.concatenate([t for t in targets if not isinstance(t, Ragged)])
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([t.lengths for t in lists]))]).astype(np.int64)
    return Ragged(indptr, np.concatenate([t.values for t in lists]))
