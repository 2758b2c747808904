"""Which rows are visible at a moment, for tables with a time, with a clock, and with neither."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from sqlglot import expressions as exp

import edgewise
from edgewise.clock import ALWAYS, DAY
from edgewise.decisions.seen import few_labels, read_seen, seen
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


def test_rows_are_read_with_the_moments_at_which_they_came_about() -> None:
    with edgewise.open(TABLES) as opened:
        timed = replace(opened.schema.table("visits"), time="at")
        ticked = replace(opened.schema.table("plans"), time=None, clock=CLOCK)
        found, at = read_seen(opened, timed, {"key": "visit_id"}, 7 * DAY)
        assert dict(zip(found["key"].to_pylist(), at.tolist(), strict=True)) == {1: 0, 2: 7 * DAY}
        found, at = read_seen(opened, ticked, {"key": "plan_id"}, 7 * DAY)
        assert dict(zip(found["key"].to_pylist(), at.tolist(), strict=True)) == {1: 0, 2: 7 * DAY, 4: 7 * DAY}
        found, at = read_seen(opened, replace(timed, time=None), {"key": "visit_id"}, 0)
        assert sorted(found["key"].to_pylist()) == [1, 2, 3]
        assert set(at.tolist()) == {ALWAYS}
        found, at = read_seen(opened, replace(timed, time=None), {"key": "visit_id"}, 0, "at")
        assert found["key"].to_pylist() == [1]


def test_labels_are_counted_without_missing_ones() -> None:
    assert few_labels(pa.array(["a", None, "b", "a"]), 2)
    assert not few_labels(pa.array(["a", "c", "b"]), 2)
