"""The rows of one table as they come out of a source, brought into time order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64
from sqlglot import expressions as exp

from edgewise.clock import ALWAYS, NEVER, to_micros
from edgewise.errors import ArgumentError, SchemaError
from edgewise.schema.model import Clock, Schema, Table
from edgewise.sources.contract import Source, TimeForm
from edgewise.stypes import SType

__all__ = [
    "Rows",
    "clock_micros",
    "clock_ticks",
    "collect",
    "finish",
    "from_arrow",
    "key_columns",
    "micros_of",
    "select",
    "stored_columns",
]

#: Microseconds in one unit of a number, and the number at 1970-01-01.
_UNITS: Final = {
    TimeForm.SECONDS: (1e6, 0.0),
    TimeForm.MILLIS: (1e3, 0.0),
    TimeForm.NANOS: (1e-3, 0.0),
    TimeForm.JULIAN: (86_400e6, 2_440_587.5),
}


@dataclass(slots=True)
class Rows:
    """One table's rows. `order` sorts them by time, None where they came in order.

    `keys` holds the table's key and foreign keys, `values` the columns to be stored, both as chunks in the
    source's order. `times` is in time order already.
    """

    times: Int64[np.ndarray, " rows"]
    order: Int64[np.ndarray, " rows"] | None
    keys: dict[str, list[pa.Array]] = field(default_factory=dict)
    values: dict[str, list[pa.Array]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)


def key_columns(schema: Schema, table: Table) -> list[str]:
    """The columns that name rows: the key, the foreign keys, and what implies an entity."""
    names = [] if table.key is None else [table.key]
    names += [link.column for link in schema.links_from(table.name)]
    names += [column for other in schema for name, column in other.implied_by if name == table.name]
    return list(dict.fromkeys(names))


def stored_columns(schema: Schema, table: Table) -> list[str]:
    """The columns kept as values: not the keys, nor the time, which the graph holds in other forms."""
    clock = None if table.clock is None else table.clock.column
    held = {*key_columns(schema, table), table.time, clock}
    return [column.name for column in table.columns if column.name not in held]


def select(source: Source, schema: Schema, table: Table) -> exp.Select:
    """The SELECT that yields a table's rows, all of its moments as int64 microseconds, however they are stored.

    A table defined by SQL is named like any other: its source puts the definition in the name's place.
    """
    clock = [] if table.clock is None else [table.clock.column]
    own = [] if table.time is None else [table.time]
    times = set(_moments(schema, table))
    columns = [
        exp.alias_(
            source.micros(table.name, name, "t") if name in times else exp.column(name, table="t", quoted=True),
            name,
            quoted=True,
        )
        for name in dict.fromkeys([*key_columns(schema, table), *clock, *stored_columns(schema, table), *own])
    ]
    return exp.select(*columns).from_(exp.table_(table.name, quoted=True, alias="t"))


def _moments(schema: Schema, table: Table) -> list[str]:
    """The columns that are read as times: the row's own, and others that hold moments."""
    kept = {table.time, *stored_columns(schema, table)}
    return [
        c.name for c in table.columns if (c.name in kept and c.stype is SType.TIMESTAMP) or c.name == table.time
    ]


def collect(schema: Schema, table: Table, batches: Iterable[pa.RecordBatch]) -> Rows:
    """Gather a table's batches and bring its times into order (missing ones last).

    Raises:
        SchemaError: a column of the table is not in the batches, or a clock's column holds no whole numbers.
    """
    keys = {name: list[pa.Array]() for name in key_columns(schema, table)}
    values = {name: list[pa.Array]() for name in stored_columns(schema, table)}
    moments = set(_moments(schema, table))
    times: list[np.ndarray] = []
    for batch in batches:
        if batch.num_rows == 0 and times:
            continue
        for name, chunks in [*keys.items(), *values.items()]:
            chunk = _field(table, batch, name)
            chunk = _moment(chunk) if name in moments else chunk
            chunks.append(_named(chunk) if name in keys else storable(chunk))
        times.append(_times(table, batch))
    time = np.concatenate(times) if times else np.empty(0, dtype=np.int64)
    order = None if bool((time[1:] >= time[:-1]).all()) else np.argsort(time, kind="stable")
    return Rows(time if order is None else time[order], order, keys, values)


def finish(chunks: list[pa.Array], order: np.ndarray | None) -> pa.Array:
    """Chunks as one array, in time order; dictionaries are unified and get the smallest index type."""
    whole = pa.chunked_array(chunks)
    if pa.types.is_dictionary(whole.type):
        whole = whole.unify_dictionaries()
        dictionary = whole.chunk(0).dictionary if whole.num_chunks else pa.array([], whole.type.value_type)
        narrow = _index_type(len(dictionary))
        parts = [chunk.indices.cast(narrow) for chunk in whole.chunks]
        indices = pa.chunked_array(parts, type=narrow).combine_chunks()
        indices = indices if order is None else indices.take(pa.array(order))
        return pa.DictionaryArray.from_arrays(indices, dictionary)
    array = whole.combine_chunks()
    return array if order is None else array.take(pa.array(order))


def storable(values: pa.Array) -> pa.Array:
    """A column in the few types that the graph stores: text as dictionary, moments as timestamp[us] in UTC."""
    type_ = values.type
    if isinstance(values, pa.ExtensionArray):
        return storable(values.storage)
    if pa.types.is_dictionary(type_):
        return values.cast(pa.dictionary(pa.int32(), pa.string()))
    if pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pc.dictionary_encode(values.cast(pa.string()))
    if pa.types.is_decimal(type_):
        return pc.cast(values, pa.float64())
    if pa.types.is_date(type_) or pa.types.is_timestamp(type_):
        return pc.cast(values, pa.timestamp("us"), safe=False)
    if pa.types.is_null(type_):
        return values.cast(pa.float64())
    return values


def _moment(values: pa.Array) -> pa.Array:
    """Moments as timestamps, whether they came as such, as text, or as microseconds."""
    return values if pa.types.is_temporal(values.type) else micros_of(values).view(pa.timestamp("us"))


def micros_of(values: pa.Array, form: TimeForm = TimeForm.MICROS) -> pa.Array:
    """A time column of an Arrow table as int64 microseconds, UTC; null where a value is no time.

    `form` is how numbers are read. Dates, timestamps and ISO text speak for themselves.
    """
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return _micros_of_numbers(values, form)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        try:
            values = pc.cast(values, pa.timestamp("us", "UTC"))
        except pa.ArrowInvalid:
            values = pa.array([_micros_of_text(v) for v in values.to_pylist()], pa.timestamp("us"))
    return pc.cast(pc.cast(values, pa.timestamp("us"), safe=False), pa.int64())


def _micros_of_numbers(values: pa.Array, form: TimeForm) -> pa.Array:
    if form == TimeForm.MICROS and pa.types.is_integer(values.type):
        return values.cast(pa.int64())
    number = values.cast(pa.float64(), safe=False)
    finite = pc.is_finite(number)
    scale, zero = _UNITS.get(form, (1.0, 0.0))
    micros = pc.round(pc.multiply(pc.subtract(number, zero), scale))
    return pc.if_else(finite, micros, None).cast(pa.int64(), safe=False)


def _micros_of_text(text: str | None) -> int | None:
    try:
        return None if text is None else to_micros(text)
    except ArgumentError:
        return None


def from_arrow(
    schema: Schema, table: Table, data: pa.Table, form: TimeForm = TimeForm.MICROS
) -> Iterator[pa.RecordBatch]:
    """The batches of an Arrow table as `collect` wants them."""
    if table.time is not None and table.time in data.column_names:
        column = data.column(table.time)
        micros = pa.chunked_array([micros_of(chunk, form) for chunk in column.chunks], type=pa.int64())
        data = data.set_column(data.column_names.index(table.time), table.time, micros)
    batches = data.to_batches()
    yield from batches or [pa.RecordBatch.from_pylist([], schema=data.schema)]


def _named(keys: pa.Array) -> pa.Array:
    """Keys as they came, but NaN, which frames write for a missing integer, is null."""
    if not pa.types.is_floating(keys.type):
        return keys
    return pc.if_else(pc.is_nan(keys), pa.scalar(None, keys.type), keys)


def _field(table: Table, batch: pa.RecordBatch, name: str) -> pa.Array:
    at = batch.schema.get_field_index(name)
    if at < 0:
        raise SchemaError(
            f"table '{table.name}' came without its column '{name}'",
            hint=f"columns that came: {', '.join(batch.schema.names)}",
        )
    return batch.column(at)


def _times(table: Table, batch: pa.RecordBatch) -> Int64[np.ndarray, " rows"]:
    if table.clock is not None:
        return clock_micros(table.clock, _field(table, batch, table.clock.column))
    if table.time is None:
        return np.full(batch.num_rows, ALWAYS, dtype=np.int64)
    micros = _field(table, batch, table.time)
    if micros.null_count:
        micros = pc.fill_null(micros, NEVER)
    return micros.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)


def clock_micros(clock: Clock, ticks: pa.Array) -> Int64[np.ndarray, " rows"]:
    """When the period of each tick begins; NEVER for a missing tick and for one outside the clock."""
    starts = np.append(np.asarray(clock.starts, dtype=np.int64), np.int64(NEVER))
    whole = pc.cast(ticks, pa.int64(), safe=False)
    if whole.null_count:
        whole = pc.fill_null(whole, clock.first - 1)
    # Both ends of the clip lead to NEVER: -1 counts from the back.
    return starts[np.clip(whole.to_numpy(zero_copy_only=False) - clock.first, -1, len(starts) - 1)]


def clock_ticks(clock: Clock, times: Int64[np.ndarray, " rows"]) -> pa.Array:
    """The inverse of `clock_micros`, as int64; null for NEVER."""
    at = np.searchsorted(np.asarray(clock.starts, dtype=np.int64), times, side="right") - 1 + clock.first
    return pa.array(at, mask=times == NEVER)


def _index_type(size: int) -> pa.DataType:
    return pa.int8() if size <= 127 else pa.int16() if size <= 32767 else pa.int32()
