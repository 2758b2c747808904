"""Which rows of a table are visible at a moment, and when they came about: read in one place for all decisions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64
from sqlglot import expressions as exp

from edgewise.clock import ALWAYS, NEVER
from edgewise.graph.rows import clock_micros, clock_ticks
from edgewise.schema.model import Table
from edgewise.sources.database import Database

__all__ = ["few_labels", "in_micros", "moment_of", "read_seen", "seen", "whole"]


def moment_of(db: Database, table: Table, time: str | None = None) -> exp.Expression | None:
    """What tells when a row came about, in SQL: microseconds of `time` or of the table's own time column, or a
    clock's tick; None for a table without time."""
    column = time or table.time
    if column is not None:
        return db.source.micros(table.name, column)
    return None if table.clock is None else _column(table, table.clock.column)


def seen(db: Database, table: Table, at: int, time: str | None = None) -> exp.Expression | None:
    """The condition that a row's time, or the begin of its period, is at or before a moment (microseconds).

    `time` names another column than the table's own. None for a table without time: all its rows are visible.
    """
    moment = moment_of(db, table, time)
    if moment is None:
        return None
    if table.clock is None or time or table.time:
        return exp.LTE(this=moment, expression=exp.convert(at))
    latest = clock_ticks(table.clock, np.array([at]))[0].as_py()
    within = exp.GTE(this=moment.copy(), expression=exp.convert(table.clock.first))
    return exp.and_(within, exp.LTE(this=moment, expression=exp.convert(latest)))


def in_micros(table: Table, moments: pa.ChunkedArray, time: str | None = None) -> Int64[np.ndarray, " rows"]:
    """What `moment_of` gave for rows, as microseconds; NEVER where there is none."""
    values = whole(moments)
    if table.clock is not None and not (time or table.time):
        return clock_micros(table.clock, values)
    return np.asarray(pc.fill_null(pc.cast(values, pa.int64()), NEVER)).astype(np.int64)


def read_seen(
    db: Database, table: Table, columns: Mapping[str, str], at: int, time: str | None = None
) -> tuple[dict[str, pa.Array], Int64[np.ndarray, " rows"]]:
    """Columns of the visible rows, each under the name given, and when the rows came about.

    Args:
        db: the tables.
        table: which of them.
        columns: the table's own columns by the names that they are to have.
        at: the moment (microseconds). Rows without a time are left out.
        time: the column with the time, where it is not the table's own.

    Returns:
        The columns, dictionaries decoded, and microseconds; ALWAYS for rows of a table without time.
    """
    chosen = [exp.alias_(_column(table, own), f"c{i}", quoted=True) for i, own in enumerate(columns.values())]
    moment, condition = moment_of(db, table, time), seen(db, table, at, time)
    chosen += [] if moment is None else [exp.alias_(moment, "__at", quoted=True)]
    query = exp.select(*chosen).from_(exp.Table(this=exp.to_identifier(table.name, quoted=True)))
    found = db.source.read(query if condition is None else query.where(condition))
    arrays = {name: whole(found.column(i)) for i, name in enumerate(columns)}
    if moment is None:
        return arrays, np.full(found.num_rows, ALWAYS)
    return arrays, in_micros(table, found.column(len(columns)), time)


def few_labels(values: pa.Array, most: int) -> bool:
    """Whether visible rows hold at most so many labels: what is not visible yet does not count."""
    return len(pc.unique(pc.drop_null(values))) <= most


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece, dictionaries decoded."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    return pc.dictionary_decode(array) if pa.types.is_dictionary(array.type) else array


def _column(table: Table, name: str) -> exp.Column:
    return exp.column(name, table=table.name, quoted=True)
