"""Label tables: what came true for each entity after each anchor, in one SQL statement where the data lives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int64

from edgewise.errors import ArgumentError
from edgewise.query.bound import Query, aggregates
from edgewise.query.engine import Engine
from edgewise.query.kinds import TaskKind
from edgewise.query.nodes import Func
from edgewise.query.sql.counts import null_times
from edgewise.query.sql.statement import history_statement, label_statement
from edgewise.schema.model import Schema

__all__ = ["LabelCounts", "asked", "counts", "history", "label_sql", "labels"]

_METADATA: Final = b"edgewise.labels"


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """How a label table came about.

    `asked` entities at anchors exist and pass WHERE; `labelled` of them have a label, `without_label` have none
    (an empty window of AVG and the like, or a null). `null_times` rows of the target table have no time and fall
    in no window.
    """

    asked: int
    labelled: int
    without_label: int
    null_times: int


def labels(query: Query, source: Engine, schema: Schema, anchors: Sequence[int]) -> pa.Table:
    """The labels of a query at anchors (microseconds since the epoch, UTC), sorted by anchor and entity.

    Returns:
        `entity` (the key; a struct of the two columns for a pair), `anchor_time` (timestamp[us]; null for a
        static query without anchors), `target` (double, bool, the category, a list of keys or categories, a list
        of doubles for a forecast) and, with ASSUMING, `assumed` (bool). `counts` reads the table's counters.

    Raises:
        ArgumentError: a query with windows and no anchors.
        SourceError: the engine refused.
    """
    table = _table(query, source, schema, anchors)
    kept = table.filter(pc.is_valid(table.column("target")))
    facts = LabelCounts(len(table), len(kept), len(table) - len(kept), _null_times(query, source, schema))
    return kept.replace_schema_metadata({_METADATA: json.dumps(asdict(facts)).encode()})


def asked(query: Query, source: Engine, schema: Schema, anchors: Sequence[int]) -> pa.Table:
    """Who is asked about at each anchor, with or without a label: columns entity and anchor_time of `labels`.

    Windows of the target need not be over: this is what predictions at the present are made for.
    """
    return _table(query, source, schema, anchors).select(["entity", "anchor_time"])


def _table(query: Query, source: Engine, schema: Schema, anchors: Sequence[int]) -> pa.Table:
    """The label table with the entities that have no label: their target is null."""
    at = sorted(set(int(a) for a in anchors))
    _check_anchors(query, at)
    found = _sorted(source.read(label_statement(query, source, schema, at)), query.timeframes)
    starts = _starts(found)
    times = np.array(at or [0], dtype=np.int64)[found.column("anchor").to_numpy()[starts]]
    columns: dict[str, pa.Array] = {
        "entity": _entity(found, query).take(pa.array(starts)),
        "anchor_time": pa.array(times, pa.timestamp("us"), mask=None if at else np.ones(len(starts), bool)),
        "target": _target(found, query, starts),
    }
    if query.assuming is not None:
        columns["assumed"] = _truth(found.column("assumed")).take(pa.array(starts))
    return pa.table(columns)


def counts(table: pa.Table) -> LabelCounts:
    """The counters of a table that `labels` made.

    Raises:
        ArgumentError: another table.
    """
    metadata = table.schema.metadata or {}
    if _METADATA not in metadata:
        raise ArgumentError("this table carries no label counters")
    return LabelCounts(**json.loads(metadata[_METADATA]))


def label_sql(query: Query, source: Engine, schema: Schema, anchors: Sequence[int]) -> str:
    """The statement that `labels` runs, as text in the source's dialect."""
    at = sorted(set(int(a) for a in anchors))
    _check_anchors(query, at)
    return label_statement(query, source, schema, at).sql(dialect=source.dialect, pretty=True)


def history(query: Query, source: Engine, schema: Schema) -> pa.Table:
    """All rows that the target's first aggregation is made of, sorted by entity and time.

    Returns:
        `entity`, `at` (int64 microseconds; null where rows have no time) and `value`: the key, category or
        number; 1.0 for COUNT and EXISTS. No rows for a target that aggregates nothing.
    """
    node = query.aggregate
    if node is None:
        nothing = pa.array([], pa.float64())
        return pa.table({"entity": nothing, "at": pa.array([], pa.int64()), "value": nothing})
    found = source.read(history_statement(query, source, schema))
    at = found.column("__at") if "__at" in found.column_names else pa.nulls(len(found), pa.int64())
    value = pa.array(np.ones(len(found)))
    if "v" in found.column_names and node.func not in (Func.COUNT, Func.EXISTS):
        value = _plain(found.column("v"))
    table = found.select(_keys(found)).append_column("at", pc.cast(_plain(at), pa.int64()))
    table = table.append_column("value", value)
    table = table.sort_by([(name, "ascending") for name in table.column_names])
    entity = _entity(table, query)
    return pa.table({"entity": entity, "at": table.column("at"), "value": table.column("value")})


def _check_anchors(query: Query, anchors: Sequence[int]) -> None:
    windows = [a.window for a in (*aggregates(query.target), *aggregates(query.where))]
    if not anchors and any(w is not None for w in windows):
        raise ArgumentError("a query with windows needs anchor times", hint="name at least one: --at 2017-12-18")


def _keys(found: pa.Table) -> list[str]:
    return [name for name in ("e0", "e1") if name in found.column_names]


def _sorted(found: pa.Table, timeframes: int) -> pa.Table:
    """By anchor (a new column), entity, timeframe and value."""
    slots = pc.cast(_plain(found.column("slot")), pa.int64())
    found = found.append_column("anchor", pc.divide(slots, timeframes))
    names = ["anchor", *_keys(found), "slot"]
    if not pa.types.is_boolean(found.schema.field("target").type):
        names.append("target")
    return found.sort_by([(name, "ascending") for name in names])


def _starts(found: pa.Table) -> Int64[np.ndarray, " labels"]:
    """Where the rows of each label begin: one row, the values of a list, or the timeframes of a forecast."""
    new = np.ones(len(found), dtype=bool)
    if len(found) > 1:
        new[1:] = False
        for name in ("anchor", *_keys(found)):
            new[1:] |= _changes(_plain(found.column(name)))
    return np.flatnonzero(new)


def _changes(column: pa.Array) -> Bool[np.ndarray, " rows_less_1"]:
    return pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)


def _entity(found: pa.Table, query: Query) -> pa.Array:
    arrays = [_plain(found.column(name)) for name in _keys(found)]
    if len(arrays) == 1:
        return arrays[0]
    return pa.StructArray.from_arrays(arrays, names=list(query.entity.columns))


def _target(found: pa.Table, query: Query, starts: np.ndarray) -> pa.Array:
    values = _plain(found.column("target"))
    if query.kind is TaskKind.FORECASTING:
        return _frames(values, query.timeframes)
    node = query.aggregate
    if node is not None and node is query.target and node.func is Func.LIST_DISTINCT:
        return _lists(values, starts)
    if query.kind is TaskKind.BINARY:
        return _truth(values)
    if query.kind is TaskKind.REGRESSION:
        return pc.cast(values, pa.float64())
    if query.kind.ranks:
        return _lists(values, starts, empty_is_null=True)
    return values


def _lists(values: pa.Array, starts: np.ndarray, empty_is_null: bool = False) -> pa.Array:
    """The values from each start to the next as a list, nulls left out."""
    valid = pc.is_valid(values).to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(valid)])
    ends = np.append(starts, len(values))
    offsets = before[ends].astype(np.int32)
    mask = pa.array(offsets[1:] == offsets[:-1]) if empty_is_null else None
    return pa.ListArray.from_arrays(pa.array(offsets), values.drop_null(), mask=mask)


def _frames(values: pa.Array, timeframes: int) -> pa.Array:
    """The timeframes of each entity and anchor as one list; null where one of them has no value."""
    block = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False).reshape(-1, timeframes)
    offsets = pa.array(np.arange(len(block) + 1, dtype=np.int32) * timeframes)
    return pa.ListArray.from_arrays(offsets, pa.array(block.ravel()), mask=pa.array(np.isnan(block).any(axis=1)))


def _truth(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Booleans; engines without that type give 0 and 1."""
    array = _plain(values)
    return array if pa.types.is_boolean(array.type) else pc.not_equal(pc.cast(array, pa.float64()), 0.0)


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array without a dictionary; decimals as doubles."""
    array = column
    if isinstance(column, pa.ChunkedArray):
        array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return pc.cast(array, pa.float64()) if pa.types.is_decimal(array.type) else array


def _null_times(query: Query, source: Engine, schema: Schema) -> int:
    node = query.aggregate
    if node is None or node.clock is None:
        return 0
    return null_times(source, query.schema(schema), node.table, node.path[: node.clock])
