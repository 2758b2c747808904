"""The nouns of a schema: tables, columns, links, and how each guess came about. Plain values, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from edgewise.errors import SchemaError, proposal
from edgewise.stypes import SType

__all__ = ["Clock", "Column", "Link", "Problem", "Schema", "Table"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `dtype` is the name of its Arrow type (`int64`, `string`, `timestamp[us]`, …).

    `separator` parts the labels of a multicategorical text; None for lists and every other stype. `personal` says
    what it tells about who a person is, such as `e-mail addresses`; "" for nothing, or where the graph file wants
    the column used.
    """

    name: str
    dtype: str
    stype: SType
    reason: str = ""
    nulls: int = 0
    distinct: int | None = None
    separator: str | None = None
    personal: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """An integer column read as time: `tick` n of `column` begins at `starts[n - first]` microseconds.

    For tables that carry only a period number (a week, a day index) which another table, `learnt_from`,
    carries beside real times. A row becomes visible when its period begins.
    """

    column: str
    first: int
    starts: tuple[int, ...]
    learnt_from: str
    reason: str = ""
    like: str | None = None
    read_at: str = "start"


@dataclass(frozen=True, slots=True)
class Table:
    """One table. At most one of `time` (a column's name) and `clock` is set; neither means static.

    `sql` defines a table as a SELECT over the source's own tables. `implied_by` lists the (table, column)
    pairs whose values make up an entity that has no table of its own: such a table has its key alone.
    """

    name: str
    columns: tuple[Column, ...]
    rows: int
    key: str | None = None
    time: str | None = None
    clock: Clock | None = None
    sql: str | None = None
    implied_by: tuple[tuple[str, str], ...] = ()
    key_reason: str = ""
    time_reason: str = ""

    def __contains__(self, column: str) -> bool:
        return any(c.name == column for c in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            SchemaError: there is none; the hint names the nearest.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = [c.name for c in self.columns]
        hint = proposal(name, names, f"columns: {', '.join(names)}")
        raise SchemaError(f"table '{self.name}' has no column '{name}'", hint=hint)

    @property
    def timed(self) -> bool:
        """Whether rows have a time, from a column or a clock."""
        return self.time is not None or self.clock is not None


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key: `table.column` holds keys of the table `to`. `match` is the share of values found there."""

    table: str
    column: str
    to: str
    match: float = 1.0
    reason: str = ""

    @property
    def name(self) -> str:
        """`table.column`, unique within a schema."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the data that a person should know. `rule` says how Edgewise handles it."""

    kind: str
    table: str
    column: str | None
    count: int
    message: str
    rule: str


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables by name, the links between them, and the problems found in the data.

    `left_out` lists what the source has and the schema has not, because the graph file says so: (table, None)
    for a table, (table, column) for a column.
    """

    tables: dict[str, Table]
    links: tuple[Link, ...]
    problems: tuple[Problem, ...] = field(default=())
    left_out: tuple[tuple[str, str | None], ...] = ()

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())

    def table(self, name: str) -> Table:
        """The table of that name.

        Raises:
            SchemaError: there is none; the hint names the nearest.
        """
        if name in self.tables:
            return self.tables[name]
        hint = proposal(name, self.tables, f"tables: {', '.join(sorted(self.tables))}")
        raise SchemaError(f"there is no table '{name}'", hint=hint)

    def links_from(self, table: str) -> tuple[Link, ...]:
        """The foreign keys of a table."""
        return tuple(link for link in self.links if link.table == table)

    def links_to(self, table: str) -> tuple[Link, ...]:
        """The foreign keys that point at a table."""
        return tuple(link for link in self.links if link.to == table)
