"""Small pieces of SQL as sqlglot trees. All names are quoted; all values are literals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlglot import expressions as exp

__all__ = [
    "AT",
    "aliased",
    "as_double",
    "both",
    "clean",
    "column",
    "cte",
    "integer",
    "named",
    "table_named",
    "values_cte",
    "with_ctes",
]

#: The column of every row view that holds the row's time in microseconds.
AT: Final = "__at"
_LARGEST: Final = "1.7976931348623157e308"


def named(name: str) -> exp.Identifier:
    """A quoted name."""
    return exp.to_identifier(name, quoted=True)


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column, qualified where a table's name or alias is given."""
    return exp.Column(this=named(name), table=None if table is None else named(table))


def table_named(name: str, alias: str | None = None) -> exp.Table:
    """A quoted table, with an alias where one is given."""
    given = None if alias is None else exp.TableAlias(this=named(alias))
    return exp.Table(this=named(name), alias=given)


def aliased(tree: exp.Expression, name: str) -> exp.Alias:
    """`tree AS "name"`."""
    return exp.Alias(this=tree, alias=named(name))


def integer(value: int) -> exp.Expression:
    """A whole number as a literal."""
    literal = exp.Literal.number(abs(value))
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def as_double(tree: exp.Expression) -> exp.Cast:
    """A number as a double: integers would divide and overflow in ways that differ between engines."""
    return exp.cast(tree, exp.DataType.Type.DOUBLE)


def clean(tree: exp.Expression) -> exp.Case:
    """A double that is null where it is NaN or infinite (NaN compares as the largest number, where it exists)."""
    small = exp.LTE(this=exp.Abs(this=as_double(tree)), expression=exp.Literal.number(_LARGEST))
    return exp.Case().when(small, as_double(tree.copy()))


def both(conditions: Iterable[exp.Expression]) -> exp.Expression:
    """All conditions joined with AND; TRUE where there are none."""
    found = list(conditions)
    return exp.and_(*found) if found else exp.true()


def cte(name: str, body: exp.Expression, columns: Sequence[str] = ()) -> exp.CTE:
    """`name(columns) AS (body)`."""
    alias = exp.TableAlias(this=named(name), columns=[named(c) for c in columns])
    return exp.CTE(this=body, alias=alias)


def values_cte(name: str, columns: Sequence[str], rows: Sequence[Sequence[int]]) -> exp.CTE:
    """Rows of integers as a table."""
    tuples = [exp.Tuple(expressions=[integer(value) for value in row]) for row in rows]
    return cte(name, exp.Values(expressions=tuples), columns)


def with_ctes(select: exp.Select, ctes: Sequence[exp.CTE]) -> exp.Select:
    """A copy of the select with CTEs before it."""
    select = select.copy()
    select.set("with_", exp.With(expressions=list(ctes)))
    return select
