"""What every source of tables offers: names and types, and SQL run where the data lives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import StrEnum
from types import TracebackType
from typing import Self

import pyarrow as pa
from sqlglot import expressions as exp

from edgewise.schema.model import Problem
from edgewise.schema.profile import Declared

__all__ = ["Source", "TimeForm"]


class TimeForm(StrEnum):
    """How the values of a column are read as time; the text is what `inspect` says."""

    DATE = "date"
    TIMESTAMP = "timestamp without zone, read as UTC"
    ZONED = "timestamp with zone"
    TEXT = "ISO 8601 text; without a zone read as UTC"
    SECONDS = "epoch seconds"
    MILLIS = "epoch milliseconds"
    MICROS = "epoch microseconds"
    NANOS = "epoch nanoseconds"
    JULIAN = "Julian days"
    NONE = "no time"


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
    def micros(self, table: str, column: str, alias: str | None = None) -> exp.Expression:
        """An expression for a time column as int64 microseconds since the epoch, UTC, in this dialect.

        Dates, timestamps with and without zone, ISO text and epoch numbers are read as `time_form` states;
        a value that is no time gives NULL. The column is qualified with `alias`, or else with `table`.
        """

    @abstractmethod
    def time_form(self, table: str, column: str) -> TimeForm:
        """How `micros` reads the column. The unit of epoch numbers is guessed from their magnitude."""

    @abstractmethod
    def problems(self) -> tuple[Problem, ...]:
        """What the source itself had to decide while reading (columns of mixed types), each with its rule."""

    @abstractmethod
    def declared(self) -> Declared:
        """The keys and links that the database itself declares; files declare none."""

    def read(self, query: exp.Expression) -> pa.Table:
        """Run one SELECT and return the whole result."""
        batches = list(self.stream(query))
        if not batches:
            raise ValueError("a source yields at least one (possibly empty) batch, for its schema")
        return pa.Table.from_batches(batches)

    @abstractmethod
    def close(self) -> None:
        """Give connections back. Closing twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
