"""Keys and links of tables that grow: what a row of a table is called, and which rows it refers to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int32

from edgewise.errors import ArgumentError
from edgewise.ids import MISSING, Vocabulary

__all__ = ["LiveKeys", "LiveLink"]


class LiveKeys:
    """The keys of one table: those of the batch, and those that came since, which take the next rows."""

    def __init__(self, table: str, keys: pa.Array) -> None:
        self.table = table
        self._old = keys
        self._vocabulary = Vocabulary(keys)
        self._numeric = bool(pa.types.is_integer(keys.type))
        self._rows: dict[Any, int] = {}
        self._new: list[Any] = []
        if not self._numeric:
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
        if self._numeric:
            return int(self._vocabulary.rows(pa.array([key], self._old.type))[0])
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
        if row == MISSING:
            return None
        return self._old[row].as_py() if row < len(self._old) else self._new[row - len(self._old)]

    def keys(self) -> pa.Array:
        """The keys of all rows."""
        if not self._new:
            return self._old
        return pa.concat_arrays([self._old, pa.array(self._new, self._old.type)])

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
            return pa.scalar(whole, self._old.type).as_py()
        except (TypeError, ValueError, OverflowError, pa.ArrowInvalid):
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
