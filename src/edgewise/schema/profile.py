"""What is known about the data before anything is decided: statistics of tables and columns, and questions to ask.

Inference is pure: it decides from these values alone. Whatever needs another look at the data is asked through
`Evidence`, which the sources answer with SQL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "AggregateMatch",
    "ColumnProfile",
    "Containment",
    "Declared",
    "DeclaredLink",
    "Evidence",
    "Kind",
    "TableProfile",
    "TickTimes",
    "TimeReading",
]


class Kind(StrEnum):
    """How a column is stored, as far as inference cares."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "text"
    TIME = "time"
    LIST = "list"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Statistics of one column.

    `distinct` counts values that are not null, exactly where `exact` says so. `low` and `high` are the extremes
    of numbers and texts. `sample` holds some values that are not null, in the order of the table; `values` all
    distinct ones, where they are few and the sample alone would mislead. `lengths` are the
    shortest and longest text or list. `item` is the kind of a list's items.
    """

    name: str
    dtype: str
    kind: Kind
    rows: int
    nulls: int = 0
    distinct: int = 0
    exact: bool = True
    low: Any = None
    high: Any = None
    sample: tuple[Any, ...] = ()
    values: tuple[Any, ...] | None = None
    lengths: tuple[int, int] | None = None
    nans: int = 0
    infinities: int = 0
    item: Kind | None = None

    @property
    def present(self) -> int:
        """The rows that have a value."""
        return self.rows - self.nulls

    @property
    def whole(self) -> bool:
        """Whether a float column holds whole numbers only, as far as the sample shows (integers with nulls
        often do).
        """
        return self.kind is Kind.FLOAT and bool(self.sample) and all(_is_whole(value) for value in self.sample)

    @property
    def keylike(self) -> bool:
        """Whether values of this storage can name rows."""
        return self.kind in (Kind.INTEGER, Kind.TEXT) or self.whole

    @property
    def unique(self) -> bool:
        """Whether no value occurs twice, which is only said when it was counted exactly."""
        return self.exact and self.present > 0 and self.distinct == self.present


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, float)) and float(value).is_integer()


@dataclass(frozen=True, slots=True)
class TableProfile:
    """Statistics of one table. `sql` is set for a table defined by a SELECT in the graph file."""

    name: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    sql: str | None = None

    def __iter__(self) -> Iterator[ColumnProfile]:
        return iter(self.columns)

    def column(self, name: str) -> ColumnProfile:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Containment:
    """How many of a column's values another column holds: distinct values, and rows that have one."""

    distinct: int
    distinct_found: int
    rows: int
    rows_found: int

    @property
    def match(self) -> float:
        """The share of distinct values that are found; 0 without values."""
        return self.distinct_found / self.distinct if self.distinct else 0.0

    @property
    def dangling(self) -> int:
        """Rows with a value that is not found."""
        return self.rows - self.rows_found


@dataclass(frozen=True, slots=True)
class TimeReading:
    """A column read as time. Moments are microseconds since the epoch, UTC; None when nothing could be read."""

    present: int
    read: int
    low: int | None
    high: int | None
    future: int = 0
    epoch: int = 0
    absurd: int = 0
    offsets: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TickTimes:
    """For each value of an integer column, in order: its rows, and the first and last time beside it
    (microseconds).
    """

    ticks: tuple[int, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DeclaredLink:
    """A foreign key that the database itself declares, over one column."""

    table: str
    column: str
    to: str
    to_column: str


@dataclass(frozen=True, slots=True)
class Declared:
    """Constraints that the database itself declares. `keys` holds the columns of each primary key."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    links: tuple[DeclaredLink, ...] = ()


@dataclass(frozen=True, slots=True)
class AggregateMatch:
    """`share` of a dimension's rows hold in `column` exactly the `aggregate` (count, sum, max) of their linked
    rows.
    """

    column: str
    aggregate: str
    measure: str | None
    share: float


class Evidence(ABC):
    """Questions about the data that inference asks only where a decision hangs on the answer."""

    @abstractmethod
    def contained(self, table: str, column: str, to: str, to_column: str) -> Containment:
        """How far the values of `table.column` occur in `to.to_column`."""

    @abstractmethod
    def distinct_rows(self, table: str, columns: tuple[str, ...]) -> int:
        """The number of distinct combinations of some columns."""

    @abstractmethod
    def times(self, table: str, column: str) -> TimeReading:
        """A column read as time the way the source reads it."""

    @abstractmethod
    def ticks(self, table: str, column: str, time: str) -> TickTimes:
        """The first and last time beside each value of an integer column."""

    @abstractmethod
    def aggregates(
        self,
        dimension: tuple[str, str],
        columns: tuple[str, ...],
        events: tuple[str, str],
        measures: tuple[str, ...],
    ) -> tuple[AggregateMatch, ...]:
        """How often columns of a dimension (table, key) equal the count, or the sum or the largest of a
        measure, of the linked rows of `events` (table, link column)."""

    @abstractmethod
    def union_distinct(self, places: tuple[tuple[str, str], ...]) -> int:
        """The number of distinct values over several (table, column) pairs."""
