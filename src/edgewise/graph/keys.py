"""From a column of keys to a vocabulary, and from foreign keys to row ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int32

from edgewise.graph.csr import locate
from edgewise.ids import MISSING, Vocabulary

__all__ = ["KeyIndex", "OwnedKeys", "distinct_keys", "owned"]


@dataclass(frozen=True, slots=True)
class OwnedKeys:
    """The key of each row, null where it has none of its own, and how many those are."""

    keys: pa.Array
    null: int
    repeated: int


def owned(keys: pa.Array) -> OwnedKeys:
    """Give each key to the first row that has it; later rows with it, and rows without a key, get null."""
    codes = pc.dictionary_encode(keys).indices
    missing = codes.null_count
    code = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    before = np.concatenate([[-1], np.maximum.accumulate(code)[:-1]]) if len(code) else code
    # Codes are given out in order of first appearance: a row is a key's first exactly when its code is new.
    first = code > before
    repeated = int(len(code) - missing - first.sum())
    if repeated == 0:
        return OwnedKeys(keys, missing, 0)
    return OwnedKeys(pc.if_else(pa.array(first), keys, pa.scalar(None, keys.type)), missing, repeated)


def distinct_keys(columns: list[list[pa.Array]], type_: pa.DataType | None = None) -> pa.Array:
    """The distinct values of several columns (each a list of chunks), ascending, without nulls.

    Columns of other types than `type_` (the first column's own by default) are cast to it; a value that
    cannot be cast is left out.
    """
    wanted = type_
    parts: list[pa.Array] = []
    for chunks in columns:
        for chunk in chunks:
            values = pc.unique(chunk).drop_null()
            wanted = wanted if wanted is not None else values.type
            parts.append(cast_keys(values, wanted).drop_null())
    if wanted is None:
        return pa.array([], type=pa.int64())
    values = pc.unique(pa.chunked_array(parts, type=wanted))
    return values.take(pc.array_sort_indices(values))


def cast_keys(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """Values as another type of key; null where a value has no equal of that type."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if values.type == type_:
        return values
    if pa.types.is_floating(values.type) and pa.types.is_integer(type_):
        whole = pc.and_(pc.is_finite(values), pc.equal(pc.floor(values), values))
        values = pc.if_else(whole, values, None)
    try:
        return pc.cast(values, type_)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([_cast_one(v, type_) for v in values.to_pylist()], type=type_)


def _cast_one(value: object, type_: pa.DataType) -> object:
    try:
        return pa.scalar(value).cast(type_).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


class KeyIndex:
    """Finds the rows of many foreign keys fast: integers by position when their range is narrow enough."""

    def __init__(self, vocabulary: Vocabulary, keys: pa.Array) -> None:
        self._vocabulary = vocabulary
        self._first = 0
        self._table: np.ndarray | None = None
        if pa.types.is_integer(keys.type) and keys.type != pa.uint64():
            self._fill(keys)

    def rows(self, keys: pa.Array) -> Int32[np.ndarray, " n"]:
        """The row of each key; MISSING where it is null or unknown."""
        if self._table is not None and pa.types.is_integer(keys.type) and keys.type != pa.uint64():
            filled = pc.fill_null(keys, 0) if keys.null_count else keys
            values = filled.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
            found = locate(values, self._first, self._table)
            if keys.null_count:
                found[pc.is_null(keys).to_numpy(zero_copy_only=False)] = MISSING
            return found
        codes = keys if pa.types.is_dictionary(keys.type) else pc.dictionary_encode(keys)
        known = self._vocabulary.rows(cast_keys(codes.dictionary, self._vocabulary.type)).astype(np.int32)
        known = np.append(known, np.int32(MISSING))  # where a null's code points
        return known[pc.fill_null(codes.indices, len(known) - 1).to_numpy(zero_copy_only=False)]

    def _fill(self, keys: pa.Array) -> None:
        keyed = np.flatnonzero(pc.is_valid(keys).to_numpy(zero_copy_only=False))
        values = keys.drop_null().to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
        if len(values) == 0:
            return
        first, span = int(values.min()), int(values.max()) - int(values.min()) + 1
        if span > max(8 * len(values), 1 << 24):
            return
        self._first = first
        self._table = np.full(span, MISSING, dtype=np.int32)
        self._table[values - first] = keyed
