"""What sources have in common: remembered schemas, time forms, and errors in one voice."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping

import pyarrow as pa
from sqlglot import expressions as exp

from edgewise.errors import SourceError, proposal
from edgewise.sources.arrow import plain_schema
from edgewise.sources.contract import Source, TimeForm
from edgewise.sources.times import time_form_of

__all__ = ["BATCH_ROWS", "SqlSource", "column_of", "first_line", "table_of"]

#: Rows of one Arrow batch: large enough for vectorised work, small enough to bound memory.
BATCH_ROWS = 131_072

#: Values looked at to tell epoch seconds from milliseconds and microseconds.
_SAMPLE_ROWS = 10_000

MicrosRules = Mapping[TimeForm, Callable[[exp.Expression], exp.Expression]]


def table_of(name: str) -> exp.Table:
    """A table by its plain name, quoted."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def column_of(column: str, table: str | None = None) -> exp.Column:
    """A column, quoted, qualified with a table's name or alias."""
    qualifier = exp.to_identifier(table, quoted=True) if table is not None else None
    return exp.Column(this=exp.to_identifier(column, quoted=True), table=qualifier)


def first_line(error: BaseException) -> str:
    """An engine's own words, cut to their first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


class SqlSource(Source):
    """A source whose engine speaks SQL. An engine gives its table schemas, a stream, and rules for time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._schemas: dict[str, pa.Schema] | None = None
        self._forms: dict[tuple[str, str], TimeForm] = {}

    @property
    @abstractmethod
    def micros_rules(self) -> MicrosRules:
        """For each time form, how a column expression becomes int64 microseconds in this dialect."""

    @abstractmethod
    def _list_schemas(self) -> dict[str, pa.Schema]:
        """Read the names and column types of all tables from the engine."""

    def tables(self) -> dict[str, pa.Schema]:
        """The tables and views by name, with the Arrow types that reading them gives."""
        if self._schemas is None:
            self._schemas = {name: plain_schema(schema) for name, schema in self._list_schemas().items()}
        return dict(self._schemas)

    def micros(self, table: str, column: str, alias: str | None = None) -> exp.Expression:
        """A time column as int64 microseconds since the epoch, UTC; NULL where a value is no time.

        Raises:
            SourceError: there is no such table or column.
        """
        rule = self.micros_rules.get(self.time_form(table, column))
        if rule is None:
            return exp.cast(exp.null(), "bigint")
        return rule(column_of(column, alias or table))

    def time_form(self, table: str, column: str) -> TimeForm:
        """How `micros` reads the column. The unit of epoch numbers is guessed from their magnitude.

        Raises:
            SourceError: there is no such table or column.
        """
        if (table, column) not in self._forms:
            kind = self._field(table, column).type
            julian = TimeForm.JULIAN in self.micros_rules
            self._forms[table, column] = time_form_of(kind, lambda: self._sample(table, column), julian)
        return self._forms[table, column]

    def _field(self, table: str, column: str) -> pa.Field:
        tables = self.tables()
        if table not in tables:
            hint = proposal(table, tables, f"tables: {', '.join(sorted(tables))}")
            raise SourceError(f"{self.name} has no table '{table}'", hint=hint)
        names = tables[table].names
        if column not in names:
            hint = proposal(column, names, f"columns: {', '.join(names)}")
            raise SourceError(f"table '{table}' of {self.name} has no column '{column}'", hint=hint)
        return tables[table].field(column)

    def _sample(self, table: str, column: str) -> pa.Array:
        own = column_of(column)
        query = exp.select(own).from_(table_of(table)).where(own.copy().is_(exp.null()).not_())
        return self.read(query.limit(_SAMPLE_ROWS)).column(0).combine_chunks()
