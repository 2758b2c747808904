"""Rows of a table up to a moment, as Arrow, whatever tells their time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import expressions as exp

from edgewise.clock import NEVER
from edgewise.errors import DecisionError, proposal
from edgewise.schema.model import Schema, Table
from edgewise.sources.database import Database

__all__ = ["Ref", "grouped", "labels_of", "own_column", "ref_of", "rows", "table_of"]

Ref = tuple[str, str]


def table_of(schema: Schema, name: str, field: str) -> Table:
    """The table that an entry names.

    Raises:
        DecisionError: there is none.
    """
    if name not in schema.tables:
        hint = proposal(name, schema.tables, f"tables: {', '.join(sorted(schema.tables))}")
        raise DecisionError(f"forecast.{field} names the table '{name}', which is not there", hint=hint)
    return schema.tables[name]


def ref_of(schema: Schema, table: str, text: str, field: str) -> Ref:
    """`column` of a table, or `other.column`, as (table, column).

    Raises:
        DecisionError: there is no such table or column.
    """
    other, _, column = text.rpartition(".") if text not in table_of(schema, table, field) else ("", "", text)
    found = table_of(schema, other or table, field)
    if column not in found:
        names = [c.name for c in found.columns]
        hint = proposal(column, names, f"columns: {', '.join(names)}")
        raise DecisionError(f"forecast.{field} names '{column}', which '{found.name}' has not", hint=hint)
    return found.name, column


def own_column(schema: Schema, table: str, text: str, field: str) -> str:
    """The column that an entry names, which must be one of the table's own.

    Raises:
        DecisionError: there is no such column, or it is another table's.
    """
    other, column = ref_of(schema, table, text, field)
    if other != table:
        hint = f"columns: {', '.join(c.name for c in schema.tables[table].columns)}"
        raise DecisionError(f"forecast.{field} names '{text}', which is no column of '{table}'", hint=hint)
    return column


def rows(db: Database, table: str, columns: Mapping[str, str], at: int | None) -> pa.Table:
    """Columns of the rows with time <= at, under the names given, and their time `t` (microseconds).

    All rows of a table without time, or where `at` is None; then without `t`.
    """
    query = exp.select(*(_column(own, alias) for alias, own in columns.items())).from_(_table(table))
    if at is None or not db.schema.tables[table].timed:
        return db.source.read(query)
    time, low, high = _time(db, table, at)
    query = query.select(exp.alias_(time, "t", quoted=True)).where(_between(time, low, high))
    return _in_micros(db, table, db.source.read(query))


def grouped(db: Database, table: str, columns: Mapping[str, str], until: int) -> pa.Table:
    """How many rows `n` there are up to a moment, for each combination of columns and each time `t`."""
    time, low, high = _time(db, table, until)
    own = [exp.column(c, quoted=True) for c in columns.values()]
    chosen = [exp.alias_(c, alias, quoted=True) for alias, c in zip(columns, own, strict=True)]
    count = exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
    query = exp.select(*chosen, exp.alias_(time, "t", quoted=True), count).from_(_table(table))
    query = query.where(_between(time, low, high)).group_by(*own, time)
    return _in_micros(db, table, db.source.read(query))


def _time(db: Database, table: str, until: int) -> tuple[exp.Expression, int, int]:
    """What tells a table's time in SQL, and the bounds that it is within up to a moment."""
    known = db.schema.tables[table]
    if known.clock is not None:
        seen = int(np.searchsorted(np.array(known.clock.starts), until, side="right"))
        return exp.column(known.clock.column, quoted=True), known.clock.first, known.clock.first + seen - 1
    return db.source.micros(table, str(known.time)), -NEVER, until


def _in_micros(db: Database, table: str, found: pa.Table) -> pa.Table:
    clock = db.schema.tables[table].clock
    if clock is None:
        return found
    tick = found.column("t").cast(pa.int64()).to_numpy() - clock.first
    times = np.array(clock.starts, dtype=np.int64)[tick]
    return found.set_column(found.column_names.index("t"), "t", pa.array(times))


def _between(time: exp.Expression, low: int, high: int) -> exp.Expression:
    return exp.and_(
        exp.GTE(this=time.copy(), expression=exp.convert(low)),
        exp.LTE(this=time.copy(), expression=exp.convert(high)),
    )


def _table(name: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def _column(own: str, alias: str) -> exp.Expression:
    return exp.alias_(exp.column(own, quoted=True), alias, quoted=True)


def labels_of(column: pa.ChunkedArray | pa.Array, missing: str = "(none)") -> pa.Array:
    """A column as text, with a word for what is missing."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    whole = whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole
    return pc.fill_null(pc.cast(whole, pa.string()), missing)
