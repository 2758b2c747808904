"""Period numbers are read as time where, and only where, they follow it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, HOUR, iso, to_micros
from edgewise.schema.clocks import learn_starts
from edgewise.schema.model import Schema
from edgewise.schema.profile import TickTimes
from edgewise.sources.database import open_database

MONDAY = to_micros("2024-01-01")


def ticks(rows: list[tuple[int, int]]) -> TickTimes:
    """First and last time of each tick, from (tick, time) rows."""
    by: dict[int, list[int]] = {}
    for tick, at in rows:
        by.setdefault(tick, []).append(at)
    order = tuple(sorted(by))
    return TickTimes(
        order, tuple(min(by[t]) for t in order), tuple(max(by[t]) for t in order), tuple(len(by[t]) for t in order)
    )


@given(
    st.integers(-5, 400),
    st.sampled_from([HOUR, DAY, 7 * DAY]),
    st.integers(0, 23),
    st.integers(4, 30),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_even_periods_are_found_and_hold_every_row(
    first: int, step: int, hour: int, count: int, noise: int
) -> None:
    origin = MONDAY + hour * HOUR
    times = [origin + i * step + (i * 7919 + noise * 104_729) % step for i in range(count) for _ in (0, 1)]
    times += [origin + i * step + step // 50 for i in range(count)] + [
        origin + (i + 1) * step - step // 50 for i in range(count)
    ]
    rows = [(first + (t - origin) // step, t) for t in times]
    learnt = learn_starts(ticks(rows), last=first + count + 10)
    assert learnt is not None
    base, starts, _ = learnt
    assert starts[1] - starts[0] == step
    assert len(starts) > count + 10
    for tick, at in rows:
        assert starts[tick - base] <= at
        assert starts[tick - base + 1] >= at - step // 20


def test_months_are_uneven() -> None:
    rows = [
        (12 * y + m, to_micros(dt.datetime(2023 + y, m, d, 9)))
        for y in (0, 1)
        for m in range(1, 13)
        for d in (1, 14, 28)
    ]
    learnt = learn_starts(ticks(rows), last=24)
    assert learnt is not None
    assert [iso(s) for s in learnt[1][:3]] == ["2023-01-01", "2023-02-01", "2023-03-01"]


def test_numbers_that_jump_begin_with_the_next_that_occurs() -> None:
    numbers = [201850, 201851, 201852, 201901, 201902, 201903]
    rows = [(n, MONDAY + i * 7 * DAY + d * DAY) for i, n in enumerate(numbers) for d in (0, 6)]
    learnt = learn_starts(ticks(rows), last=201903)
    assert learnt is not None
    first, starts, _ = learnt
    assert starts[201860 - first] == starts[201901 - first] == MONDAY + 21 * DAY


def test_summer_time_does_not_bend_the_weeks() -> None:
    rows = []
    for week in range(30):
        shift = HOUR if week < 15 else 0  # clocks go forward half way
        rows += [
            (week, MONDAY + 4 * HOUR + shift + week * 7 * DAY + at)
            for at in (60_000_000, 3 * DAY, 7 * DAY - 60_000_000)
        ]
    rows = [(w, t if w != 14 else min(t, MONDAY + 4 * HOUR + 15 * 7 * DAY - 1)) for w, t in rows]
    learnt = learn_starts(ticks(rows), last=29)
    assert learnt is not None
    assert {b - a for a, b in zip(learnt[1], learnt[1][1:], strict=False)} == {7 * DAY}
    assert iso(learnt[1][0]) == "2024-01-01 04:00:00"


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 300)), min_size=60, max_size=90))
@settings(max_examples=30, deadline=None)
def test_numbers_unrelated_to_time_are_no_clock(rows: list[tuple[int, int]]) -> None:
    spread = [(tick, MONDAY + day * DAY) for tick, day in rows] + [
        (t, MONDAY + d * DAY) for t in range(1, 10) for d in (0, 300)
    ]
    assert learn_starts(ticks(spread), last=9) is None


def weekly(weeks: list[int], stray: int = 0) -> Schema:
    times: list[Any] = [dt.datetime(2024, 1, 1, 8) + dt.timedelta(hours=11 * i) for i in range(200)]
    number = [1 + (t - dt.datetime(2024, 1, 1)).days // 7 for t in times]
    number = [n if i >= stray else 9 - n for i, n in enumerate(number)]
    tables = {
        "sales": pa.table({"shop_id": [i % 9 for i in range(200)], "week": number, "sold_at": times}),
        "offers": pa.table({"shop_id": [i % 9 for i in range(len(weeks))], "week": weeks}),
    }
    with open_database(tables) as database:
        return database.schema


def test_a_table_with_week_numbers_alone_gets_a_clock_that_reaches_its_future_weeks() -> None:
    schema = weekly([1 + i % 30 for i in range(90)])
    clock = schema.tables["offers"].clock
    assert clock is not None
    assert (clock.column, clock.learnt_from, clock.like) == ("week", "sales", "sales.week")
    assert iso(clock.starts[0]) == "2024-01-01"
    assert iso(clock.starts[29]) == "2024-07-22"
    assert schema.tables["sales"].clock is None


def test_week_numbers_that_run_backwards_teach_nothing() -> None:
    assert weekly([1 + i % 9 for i in range(90)], stray=200).tables["offers"].clock is None
