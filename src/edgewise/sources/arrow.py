"""One set of Arrow types whatever the engine: readers upstream meet few types, and the same ones everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["plain_batch", "plain_batches", "plain_schema", "plain_type"]

_INT64_DIGITS = 18


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type in which a column of type `kind` is handed over.

    Decimals become doubles (int64 when they are whole and fit), timestamps microseconds (UTC where zoned),
    dates days, large and view strings plain strings, dictionaries their values, the null type text.
    """
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
        yield pa.RecordBatch.from_pylist([], schema=plain)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    if pa.types.is_timestamp(kind) and pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return pc.cast(column, kind, safe=False)  # nanoseconds are cut to microseconds
    return pc.cast(column, kind)
