"""One set of Arrow types whatever the engine: readers upstream meet few types, and the same ones everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["plain_batch", "plain_batches", "plain_schema", "plain_type"]

_INT64_DIGITS = 18
#: The first and last moment of the years 1 to 9999: in days of 32 bits, in microseconds of 64 bits.
_CALENDAR = {32: (-719_162, 2_932_896), 64: (-62_135_596_800_000_000, 253_402_300_799_999_999)}
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type in which a column of type `kind` is handed over.

    Decimals (PostgreSQL's numeric too) become doubles, or int64 where they are whole and fit; timestamps
    microseconds, UTC where zoned; dates days; large and view strings, UUIDs, JSON and the null type plain
    strings; dictionaries their values.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return _type_of_extension(kind)
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_decimal(kind):
        return pa.int64() if kind.scale == 0 and kind.precision <= _INT64_DIGITS else pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pa.string()
    return pa.float32() if pa.types.is_float16(kind) else kind


def _type_of_extension(kind: pa.BaseExtensionType) -> pa.DataType:
    if kind.extension_name == "arrow.opaque" and kind.type_name == "numeric":
        return pa.float64()
    return pa.string() if kind.extension_name == "arrow.uuid" else plain_type(kind.storage_type)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """`plain_type` for each field, without metadata."""
    return pa.schema([pa.field(field.name, plain_type(field.type)) for field in schema])


def plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in the types of `schema` (as `plain_schema` gave it); untouched columns are not copied."""
    columns = [_cast(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def plain_batches(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Each batch in plain types, and one empty batch where there is none, so that the schema is known."""
    plain = plain_schema(schema)
    empty = True
    for batch in batches:
        empty = False
        yield plain_batch(batch, plain)
    if empty:
        # pyarrow would import pandas, where it is installed, to look at a Python list
        yield pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in plain], schema=plain)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        is_uuid = column.type.extension_name == "arrow.uuid"
        return _uuid_text(column.storage) if is_uuid else pc.cast(column.storage, kind)
    if column.type != kind:
        # nanoseconds are cut to microseconds; all other casts keep every value
        nanoseconds = pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        column = pc.cast(column, kind, safe=not nanoseconds)
    return _within_calendar(column) if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else column


def _within_calendar(column: pa.Array) -> pa.Array:
    """Infinite and other times outside the years 1 to 9999 as missing: no calendar holds them."""
    low, high = _CALENDAR[column.type.bit_width]
    number = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
    ends = pc.min_max(number).as_py()
    if ends["min"] is None or (ends["min"] >= low and ends["max"] <= high):
        return column
    inside = pc.and_(pc.greater_equal(number, low), pc.less_equal(number, high))
    return pc.if_else(inside, column, pa.scalar(None, column.type))


def _uuid_text(raw: pa.Array) -> pa.Array:
    """The usual text of UUIDs, as `7fa1c5d2-….`: hexadecimal digits with four dashes."""
    there = raw.is_valid().to_numpy(zero_copy_only=False)
    octets = np.frombuffer(b"".join(raw.drop_null().to_pylist()), dtype=np.uint8).reshape(-1, 16)
    digits = _HEX[np.stack([octets >> 4, octets & 15], axis=2).reshape(-1, 32)]
    text = np.insert(digits, (8, 12, 16, 20), ord("-"), axis=1)
    out = np.full(len(raw), None, dtype=object)
    out[there] = np.ascontiguousarray(text).view("S36").ravel().astype("U36")
    return pa.array(out, pa.string())
