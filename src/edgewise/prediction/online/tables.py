"""Keys and links of tables that grow: what a row of a table is called, and which rows it refers to."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int32

from edgewise.errors import ArgumentError
from edgewise.ids import MISSING

__all__ = ["LiveKeys", "LiveLink"]


class LiveKeys:
    """The keys of one table: those of the batch, and those that came since, which take the next rows."""

    def __init__(self, table: str, keys: pa.Array) -> None:
        self.table = table
        self._old = keys
        self._numeric = bool(pa.types.is_integer(keys.type))
        self._rows: dict[Any, int] = {}
        self._new: list[Any] = []
        self._dropped: set[int] = set()
        self._numbers: np.ndarray | None = None  # the batch's keys, where all are whole numbers
        if self._numeric:
            known = np.flatnonzero(pc.is_valid(keys).to_numpy(zero_copy_only=False))
            values = keys.drop_null().to_numpy(zero_copy_only=False)
            order = np.argsort(values, kind="stable")
            self._sorted, self._order = values[order], known[order]
            self._range = np.iinfo(values.dtype)
            if len(values) == len(keys):
                self._numbers = values
        else:
            self._rows = {key: row for row, key in enumerate(keys.to_pylist()) if key is not None}

    def __len__(self) -> int:
        return len(self._old) + len(self._new)

    def row(self, key: Any) -> int:
        """The row of a key; MISSING where it is unknown, null, or no key of this table."""
        try:
            key = self.cast(key)
        except ArgumentError:
            return MISSING
        if key is None:
            return MISSING
        known = self._rows.get(key)
        if known is not None:
            return known
        return self._old_row(key)

    def drop(self, row: int) -> None:
        """Forget a row's key: no key finds it, and should the key come again, it names a new row."""
        key = self.key(row)
        self._dropped.add(row)
        if self._rows.get(key) == row:
            del self._rows[key]
        if row >= len(self._old):
            self._new[row - len(self._old)] = None

    def _old_row(self, key: Any) -> int:
        if self._numeric:
            place = int(np.searchsorted(self._sorted, key))
            if place < len(self._sorted) and self._sorted[place] == key:
                row = int(self._order[place])
                return MISSING if row in self._dropped else row
        return MISSING

    def add(self, key: Any) -> int:
        """The row of a key, new where it is; MISSING for null.

        Raises:
            ArgumentError: the value cannot be a key of this table.
        """
        key = self.cast(key)
        row = self.row(key)
        if row != MISSING or key is None:
            return row
        row = len(self)
        self._rows[key] = row
        self._new.append(key)
        return row

    def key(self, row: int) -> Any:
        """The key of a row; None for MISSING and for a row without a key of its own.

        Raises:
            IndexError: there is no such row.
        """
        if row == MISSING or row in self._dropped:
            return None
        return self._old[row].as_py() if row < len(self._old) else self._new[row - len(self._old)]

    def of(self, rows: np.ndarray) -> list[Any]:
        """The key of each of some rows, as `key` has it."""
        if self._numbers is None or self._dropped or not len(rows):
            return [self.key(row) for row in rows.tolist()]
        if rows.min() < 0 or rows.max() >= len(self._numbers):
            return [self.key(row) for row in rows.tolist()]
        found: list[Any] = self._numbers[rows].tolist()
        return found

    @property
    def dropped(self) -> Set[int]:
        """The rows whose keys were forgotten."""
        return self._dropped

    def agrees(self, other: LiveKeys) -> bool:
        """Whether every row that came since the batch has the same key there, and there are no more rows."""
        return len(self) == len(other) and all(
            key is None or other.key(row) == key for row, key in enumerate(self._new, len(self._old))
        )

    def keys(self) -> pa.Array:
        """The keys of all rows."""
        found = self._old
        if self._new:
            found = pa.concat_arrays([found, pa.array(self._new, found.type)])
        if self._dropped:
            found = pc.if_else(pa.array(~np.isin(np.arange(len(found)), list(self._dropped))), found, None)
        return found

    def cast(self, key: Any) -> Any:
        """A key as the table has it: numbers from digits, text from anything; None for null.

        Raises:
            ArgumentError: the value cannot be a key of this table.
        """
        if key is None or (isinstance(key, float) and np.isnan(key)):
            return None
        if not self._numeric:
            return key if isinstance(key, str) or not pa.types.is_string(self._old.type) else str(key)
        try:
            whole = int(key)
            if isinstance(key, bool) or (isinstance(key, float) and whole != key):
                raise ValueError
            if not self._range.min <= whole <= self._range.max:
                raise ValueError
            return whole
        except (TypeError, ValueError, OverflowError):
            raise ArgumentError(
                f"'{key}' is no key of '{self.table}'", hint=f"its keys are of type {self._old.type}"
            ) from None


class LiveLink:
    """A foreign key of a table that grows: the row that each row refers to."""

    def __init__(self, forward: Int32[np.ndarray, " rows"]) -> None:
        self._old = forward
        self._new: dict[int, int] = {}

    def __getitem__(self, row: int) -> int:
        if row in self._new:
            return self._new[row]
        return int(self._old[row]) if 0 <= row < len(self._old) else MISSING

    def fold(self, rows: int) -> Int32[np.ndarray, " rows"]:
        """The link as one array."""
        found = np.append(self._old, np.full(max(rows - len(self._old), 0), MISSING, dtype=np.int32)).astype(
            np.int32
        )
        if self._new:
            found[list(self._new)] = list(self._new.values())
        return found

    def set(self, row: int, to: int) -> None:
        """Say what a row refers to."""
        self._new[row] = to
