"""The types of a result: SQLite's driver takes them from the first rows, so a made-up first row shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pyarrow as pa
from sqlglot import expressions as exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from edgewise.sources.base import column_of
from edgewise.sources.sqlite_types import SqliteColumn, measure

__all__ = ["Result", "direct_result", "spooled_result"]

Tables = Mapping[str, tuple[SqliteColumn, ...]]

_SPOOL: Final = "result"
_MADE_UP: Final = "no_row"
_BEYOND_ONE_TABLE: Final = ("joins", "laterals", "group", "having", "distinct", "with_", "windows", "qualify")
_CASTS: Final = {"BIGINT": pa.int64(), "INT": pa.int64(), "DOUBLE": pa.float64(), "TEXT": pa.string()}


class Result(NamedTuple):
    """A query whose first row only shows the types, and the types that its columns are then read in."""

    query: exp.Expression
    schema: pa.Schema


def direct_result(query: exp.Expression, tables: Tables) -> Result | None:
    """A SELECT of columns and casts of one table, ready to stream; None for any other query."""
    if not isinstance(query, exp.Select) or any(query.args.get(part) for part in _BEYOND_ONE_TABLE):
        return None
    origin = query.args.get("from_")
    table = origin.this if origin is not None else None
    if not isinstance(table, exp.Table) or table.name not in tables or table.db:
        return None
    own = {column.name.casefold(): column for column in tables[table.name]}
    read = [_read(projection, own) for projection in query.expressions]
    if not read or None in read:
        return None
    outputs = [output for several in read if several is not None for output in several]
    schema = pa.schema([(name, kind) for name, _, kind in outputs])
    columns = [exp.alias_(value, name, quoted=True) for name, value, _ in outputs]
    return Result(_shown(query.select(*columns, append=False), schema), schema)


def spooled_result(query: exp.Expression, tables: Tables, connection: Any) -> Result:
    """Any other query: its rows are put into a temporary table, whose values then tell the types."""
    spool = exp.Table(this=exp.to_identifier(_SPOOL), db=exp.to_identifier("temp"))
    with connection.cursor() as cursor:
        cursor.execute(exp.Create(this=spool, kind="TABLE", expression=query.copy()).sql("sqlite"))
        info = exp.Anonymous(this="pragma_table_xinfo", expressions=[exp.convert(_SPOOL), exp.convert("temp")])
        cursor.execute(exp.select("name").from_(exp.Table(this=info)).sql("sqlite"))
        names = [row[0] for row in cursor.fetchall()]
    hints = _hints(query, tables)
    declared = dict(zip(names, hints if len(hints) == len(names) else [""] * len(names), strict=True))
    columns = measure(connection, spool, declared)
    schema = pa.schema([(column.name, column.type) for column in columns])
    values = [exp.alias_(column.reading(column_of(column.name)), column.name, quoted=True) for column in columns]
    return Result(_shown(exp.select(*values).from_(spool.copy()).order_by("rowid"), schema), schema)


def _read(
    projection: exp.Expression, own: Mapping[str, SqliteColumn]
) -> list[tuple[str, exp.Expression, pa.DataType]] | None:
    """Name, reading and type of what one projection yields; None where its type is not known beforehand."""
    if isinstance(projection, exp.Star) or (isinstance(projection, exp.Column) and projection.is_star):
        return [(column.name, column.reading(column_of(column.name)), column.type) for column in own.values()]
    value = projection.unalias()
    name = projection.alias_or_name
    if isinstance(value, exp.Column) and value.name.casefold() in own:
        column = own[value.name.casefold()]
        return [(name, column.reading(value.copy()), column.type)]
    if isinstance(value, exp.Cast) and value.to.this.name in _CASTS and not value.find(exp.AggFunc, exp.Window):
        return [(name or value.sql("sqlite"), value.copy(), _CASTS[value.to.this.name])]
    return None


def _shown(query: exp.Select, schema: pa.Schema) -> exp.Expression:
    """A made-up row of the right types before the query's rows, which keep their order."""
    if query.args.get("limit") is None:
        query = query.limit(-1)  # without a limit, SQLite would drop the order of a subquery
    shown = exp.select(*(exp.alias_(_example(f.type), f.name, quoted=True) for f in schema))
    rows = exp.select("*").from_(query.subquery("rows", copy=False))
    return exp.Union(this=shown, expression=rows, distinct=False)


def _example(kind: pa.DataType) -> exp.Expression:
    if pa.types.is_floating(kind):
        return exp.cast(exp.convert(0), "double")
    if pa.types.is_binary(kind):
        return exp.HexString(this="00")
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return exp.convert(0)
    return exp.convert("1970-01-01")


def _hints(query: exp.Expression, tables: Tables) -> list[str]:
    """The declared types of a query's columns, as far as they follow from those of the tables."""
    known = {
        table: {f'"{column.name}"': _sql_type(column.type) for column in columns}
        for table, columns in tables.items()
    }
    try:
        typed = annotate_types(
            qualify(query.copy(), schema=known, dialect="sqlite"), schema=known, dialect="sqlite"
        )
    except SqlglotError:
        return []
    return [_hint(select) for select in typed.selects] if isinstance(typed, exp.Query) else []


def _hint(select: exp.Expression) -> str:
    kind = select.type.this.name if select.type is not None else ""
    if kind == "BOOLEAN" and select.find(exp.Sum):
        return ""  # a sum of truth values counts them
    return kind if kind in ("TIMESTAMP", "DATE", "BOOLEAN", "DOUBLE", "BIGINT", "TEXT") else ""


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_temporal(kind):
        return "DATE" if pa.types.is_date(kind) else "TIMESTAMP"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_floating(kind):
        return "DOUBLE"
    return "BIGINT" if pa.types.is_integer(kind) else "TEXT"
