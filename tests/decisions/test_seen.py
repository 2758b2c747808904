"""Which rows are visible at a moment, for tables with a time, with a clock, and with neither."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from sqlglot import expressions as exp

import edgewise
from edgewise.clock import DAY
from edgewise.decisions.seen import seen
from edgewise.schema.model import Clock

TABLES = {
    "visits": pa.table({"visit_id": [1, 2, 3], "at": pa.array([0, 7 * DAY, 20 * DAY], pa.timestamp("us"))}),
    "plans": pa.table({"plan_id": [1, 2, 3, 4], "week": [1, 2, 3, 2]}),
}
CLOCK = Clock("week", 1, (0, 7 * DAY, 14 * DAY), "visits")


@pytest.mark.parametrize(
    ("at", "visits", "plans"),
    [(-1, [], []), (0, [1], [1]), (7 * DAY, [1, 2], [1, 2, 4]), (30 * DAY, [1, 2, 3], [1, 2, 3, 4])],
)
def test_rows_after_a_moment_are_not_visible(at: int, visits: list[int], plans: list[int]) -> None:
    with edgewise.open(TABLES) as opened:
        timed = replace(opened.schema.table("visits"), time="at")
        ticked = replace(opened.schema.table("plans"), time=None, clock=CLOCK)
        for table, key, wanted in ((timed, "visit_id", visits), (ticked, "plan_id", plans)):
            condition = seen(opened, table, at)
            assert condition is not None
            query = exp.select(exp.column(key, quoted=True))
            query = query.from_(exp.Table(this=exp.to_identifier(table.name, quoted=True))).where(condition)
            assert sorted(opened.source.read(query).column(key).to_pylist()) == wanted
        assert seen(opened, replace(timed, time=None), at) is None
