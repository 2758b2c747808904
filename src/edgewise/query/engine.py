"""What the query language needs of a source of tables: a dialect, times as microseconds, and SELECTs run."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa
from sqlglot import expressions as exp

__all__ = ["Engine"]


class Engine(Protocol):
    """The part of a Source that labels are made with."""

    dialect: str

    def tables(self) -> dict[str, pa.Schema]:
        """The tables by name."""

    def micros(self, table: str, column: str) -> exp.Expression:
        """A time column, qualified with its table, as int64 microseconds since the epoch, UTC."""

    def read(self, query: exp.Expression) -> pa.Table:
        """Run one SELECT and return the whole result."""
