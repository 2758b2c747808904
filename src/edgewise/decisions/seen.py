"""Which rows of a table are visible at a moment, in SQL."""

from __future__ import annotations

import numpy as np
from sqlglot import expressions as exp

from edgewise.graph.rows import clock_ticks
from edgewise.schema.model import Table
from edgewise.sources.database import Database

__all__ = ["seen"]


def seen(db: Database, table: Table, at: int) -> exp.Expression | None:
    """The condition that a row's time, or the begin of its period, is at or before a moment (microseconds).

    None for a table without time: all its rows are visible.
    """
    if table.time is not None:
        return exp.LTE(this=db.source.micros(table.name, table.time), expression=exp.convert(at))
    if table.clock is None:
        return None
    latest = clock_ticks(table.clock, np.array([at]))[0].as_py()
    tick = exp.column(table.clock.column, table=table.name, quoted=True)
    within = exp.GTE(this=tick, expression=exp.convert(table.clock.first))
    return exp.and_(within, exp.LTE(this=tick.copy(), expression=exp.convert(latest)))
