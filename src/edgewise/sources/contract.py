"""What every source of tables offers: names and types, and SQL run where the data lives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import pyarrow as pa
from sqlglot import expressions as exp

__all__ = ["Source"]


class Source(ABC):
    """Tables somewhere. SQL goes in as a sqlglot tree and is rendered in the source's own dialect.

    A tree names tables by their plain names; `exp.Placeholder` never occurs: values are sqlglot literals
    built with `exp.convert`, which quotes them.
    """

    #: What the user gave: a path, a URL without its password, or a world's name.
    name: str
    #: sqlglot's name of the dialect: "duckdb", "sqlite", "postgres".
    dialect: str

    @abstractmethod
    def tables(self) -> dict[str, pa.Schema]:
        """The tables and views by name, with the Arrow types that reading them gives."""

    @abstractmethod
    def stream(self, query: exp.Expression) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield Arrow batches.

        Raises:
            SourceError: the engine refused; the message holds its own words.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """A short text that changes when the data may have changed (sizes and times of files, row counts)."""

    @abstractmethod
    def micros(self, table: str, column: str) -> exp.Expression:
        """An expression for a time column as int64 microseconds since the epoch, UTC, in this dialect.

        Dates, timestamps with and without zone, ISO text and epoch numbers are read as `inspect` states;
        a value that is no time gives NULL. The column is qualified with `table` (a name or alias).
        """

    def read(self, query: exp.Expression) -> pa.Table:
        """Run one SELECT and return the whole result."""
        batches = list(self.stream(query))
        if not batches:
            raise ValueError("a source yields at least one (possibly empty) batch, for its schema")
        return pa.Table.from_batches(batches)

    @abstractmethod
    def close(self) -> None:
        """Give connections back. Closing twice is fine."""
