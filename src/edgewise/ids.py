"""Keys (the user's own values) to row ids (dense integers) and back. Nothing between the two ways knows keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

__all__ = ["MISSING", "Vocabulary", "distinct"]

MISSING: Final = -1


def distinct(values: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " distinct"]:
    """The different values, ascending. Of many different integers `np.unique` makes a hash table, which takes
    far longer than sorting them.
    """
    ascending = np.sort(values, axis=None)
    return ascending[np.concatenate([np.ones(1, dtype=bool), ascending[1:] != ascending[:-1]])[: len(ascending)]]


class Vocabulary:
    """The keys of one table: the key of row `i` is `keys[i]`.

    Integer keys are looked up by binary search, all others through Arrow's hash table. Keys are unique
    (a table's first row with a key owns it; the graph's build counts and reports the others). A row without a
    key of its own has a null: no key finds it.
    """

    def __init__(self, keys: pa.Array) -> None:
        self._keys = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
        self._sorted: np.ndarray | None = None
        self._order: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of the keys."""
        return self._keys.type

    def rows(self, keys: Any) -> Int64[np.ndarray, " n"]:
        """The row id of each key; MISSING for a key that is unknown or null.

        `keys` is an Arrow array, a NumPy array or a list; its type is cast to the vocabulary's own. A value
        that cannot be cast is unknown.
        """
        wanted = self._cast(keys)
        if pa.types.is_integer(self.type):
            return self._rows_of_integers(wanted)
        found = pc.index_in(wanted, value_set=self._keys, skip_nulls=True)
        return pc.fill_null(found, MISSING).to_numpy(zero_copy_only=False).astype(np.int64)

    def keys(self, rows: np.ndarray) -> pa.Array:
        """The key of each row id, as an Arrow array; null for MISSING."""
        rows = np.asarray(rows)
        return self._keys.take(pa.array(rows, mask=rows == MISSING))

    def save(self, path: Path) -> None:
        """Write the keys as one Arrow file."""
        with pa.OSFile(str(path), "wb") as sink:
            table = pa.table({"key": self._keys})
            with pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Open keys written by `save`, memory-mapped."""
        with pa.memory_map(str(path)) as source:
            column = pa.ipc.open_file(source).read_all().column("key")
        return cls(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks())

    def _cast(self, keys: Any) -> pa.Array:
        array = keys if isinstance(keys, (pa.Array, pa.ChunkedArray)) else pa.array(keys)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if array.type == self.type:
            return array
        try:
            return pc.cast(array, self.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return pa.array([self._cast_one(v) for v in array.to_pylist()], type=self.type)

    def _cast_one(self, value: Any) -> Any:
        try:
            if isinstance(value, UUID):
                value = str(value)  # Arrow has a type for them and no cast to text
            return pa.scalar(value).cast(self.type).as_py()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None

    def _rows_of_integers(self, wanted: pa.Array) -> Int64[np.ndarray, " n"]:
        if self._sorted is None or self._order is None:
            keyed = np.flatnonzero(pc.is_valid(self._keys).to_numpy(zero_copy_only=False))
            own = pc.drop_null(self._keys).to_numpy(zero_copy_only=False)
            order = np.argsort(own, kind="stable")
            self._sorted, self._order = own[order], keyed[order]
        missing = pc.is_null(wanted).to_numpy(zero_copy_only=False)
        values = pc.fill_null(wanted, 0).to_numpy(zero_copy_only=False)
        at = np.searchsorted(self._sorted, values)
        inside = np.minimum(at, max(len(self._sorted) - 1, 0))
        if len(self._sorted) == 0:
            return np.full(len(values), MISSING, dtype=np.int64)
        known = (self._sorted[inside] == values) & ~missing
        return np.where(known, self._order[inside], MISSING).astype(np.int64)
