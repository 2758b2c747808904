"""Small statements about the data behind a query: rows without a time, and how far times reach."""

from __future__ import annotations

from sqlglot import expressions as exp

from edgewise.clock import now
from edgewise.query.engine import Engine
from edgewise.query.sql.parts import AT, aliased, table_named, with_ctes
from edgewise.query.sql.views import Rows, Views
from edgewise.schema.model import Link, Schema

__all__ = ["null_times", "reach"]


def null_times(source: Engine, schema: Schema, table: str, hops: tuple[Link, ...]) -> int:
    """How many rows of a table have no time; a row takes the time of the table at the end of `hops`."""
    views = Views(source, schema)
    rows = Rows(views, table, "r")
    missing = rows.column(hops, AT).is_(exp.null())
    select = exp.select(aliased(exp.Count(this=exp.Star()), "many")).from_(table_named(views.rows(table), "r"))
    statement = with_ctes(rows.joined(select).where(missing), views.ctes())
    return int(source.read(statement).column(0)[0].as_py())


def reach(source: Engine, schema: Schema, table: str, hops: tuple[Link, ...]) -> tuple[int, int] | None:
    """The first and last time of a table's rows, in microseconds; None where none has one.

    The last is that of the rows which are not after the computer's clock, unless all are.
    """
    views = Views(source, schema)
    rows = Rows(views, table, "r")
    at = rows.column(hops, AT)
    past = exp.Case().when(exp.LTE(this=at.copy(), expression=exp.convert(now())), at.copy())
    ends = [aliased(exp.Min(this=at.copy()), "first"), aliased(exp.Max(this=at.copy()), "last")]
    ends.append(aliased(exp.Max(this=past), "past"))
    select = rows.joined(exp.select(*ends).from_(table_named(views.rows(table), "r")))
    found = source.read(with_ctes(select, views.ctes())).to_pylist()[0]
    if found["first"] is None:
        return None
    return int(found["first"]), int(found["last"] if found["past"] is None else found["past"])
