"""Rows of a table up to a moment, as Arrow, whatever tells their time."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import expressions as exp

from edgewise.decisions.seen import in_micros, moment_of, read_seen, seen, whole
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
    known = db.schema.tables[table]
    if at is None or not known.timed:
        own = (exp.alias_(exp.column(own, quoted=True), alias, quoted=True) for alias, own in columns.items())
        return db.source.read(exp.select(*own).from_(_table(table)))
    found, times = read_seen(db, known, columns, at)
    return pa.table({**found, "t": pa.array(times)})


def grouped(db: Database, table: str, columns: Mapping[str, str], until: int) -> pa.Table:
    """How many rows `n` there are up to a moment, for each combination of columns and each time `t`."""
    known = db.schema.tables[table]
    time, visible = moment_of(db, known), seen(db, known, until)
    assert time is not None
    own = [exp.column(c, quoted=True) for c in columns.values()]
    chosen = [exp.alias_(c, alias, quoted=True) for alias, c in zip(columns, own, strict=True)]
    count = exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
    query = exp.select(*chosen, exp.alias_(time, "t", quoted=True), count).from_(_table(table))
    found = db.source.read(query.where(visible).group_by(*own, time.copy()))
    times = in_micros(known, found.column("t"))
    return found.set_column(found.column_names.index("t"), "t", pa.array(times))


def _table(name: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def labels_of(column: pa.ChunkedArray | pa.Array, missing: str = "(none)") -> pa.Array:
    """A column as text, with a word for what is missing."""
    return pc.fill_null(pc.cast(whole(column), pa.string()), missing)
