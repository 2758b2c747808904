"""Columns of the graph as NumPy: numbers, moments and codes, with one meaning of null everywhere."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64

from edgewise.clock import NEVER
from edgewise.ids import MISSING

__all__ = ["codes_of", "moments", "numbers", "texts"]

_MICROSECONDS: Final = pa.timestamp("us")


def numbers(column: pa.Array) -> Float64[np.ndarray, " rows"]:
    """A column as float64; NaN for null, for infinities and for text that is no number."""
    column = _plain(column)
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    elif pa.types.is_temporal(column.type):
        return np.where((found := moments(column)) == NEVER, np.nan, found.astype(np.float64))
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return _parsed(column)
    values = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    return values if np.isfinite(values).all() else np.where(np.isfinite(values), values, np.nan)


def moments(column: pa.Array) -> Int64[np.ndarray, " rows"]:
    """A timestamp or date column as microseconds since the epoch; NEVER for null."""
    column = pc.cast(_plain(column), _MICROSECONDS, safe=False)
    micros = pc.cast(column, pa.int64())
    return np.asarray(pc.fill_null(micros, NEVER).to_numpy(zero_copy_only=False))


def texts(column: pa.Array) -> pa.Array:
    """A column as strings, null where it is null. Dictionary-encoded input stays dictionary-encoded."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _as_text(column.dictionary))
    return _as_text(column)


def codes_of(column: pa.Array, values: list[str]) -> Int64[np.ndarray, " rows"]:
    """The position of each row's text in `values`; MISSING for null and for anything else."""
    column = texts(column)
    vocabulary = pa.array(values, type=pa.string())
    if pa.types.is_dictionary(column.type):
        of_entry = _found(column.dictionary, vocabulary)
        indices = pc.fill_null(column.indices.cast(pa.int64()), len(of_entry)).to_numpy(zero_copy_only=False)
        return np.append(of_entry, MISSING)[indices]
    return _found(column, vocabulary)


def _found(column: pa.Array, vocabulary: pa.Array) -> Int64[np.ndarray, " rows"]:
    at = pc.index_in(column, value_set=vocabulary, skip_nulls=True)
    return np.asarray(pc.fill_null(at, MISSING).to_numpy(zero_copy_only=False)).astype(np.int64)


def _plain(column: Any) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return column
    try:
        return pc.cast(column, pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if v is None else str(v) for v in column.to_pylist()], type=pa.string())


def _parsed(column: pa.Array) -> Float64[np.ndarray, " rows"]:
    """Text read as numbers, value by value where a whole-column cast fails."""
    try:
        values = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = np.array([_number(v) for v in column.to_pylist()], dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
