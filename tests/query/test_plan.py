"""Anchors: the last complete window, validation before it, training before that; and labels worth learning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from query_golden import check_golden
from query_worlds import COLUMNS, in_duckdb, schema

from edgewise.clock import DAY, to_micros
from edgewise.errors import ArgumentError, QueryError
from edgewise.query.bind import bind
from edgewise.query.checks import check_complete, check_labels
from edgewise.query.labels import labels
from edgewise.query.nodes import Unit
from edgewise.query.plan import plan
from edgewise.query.window import Offset
from edgewise.sources.contract import Source

ME = "FOR EACH users.user_id"


def _tables() -> dict[str, list[dict[str, Any]]]:
    empty = {c.name: None for c in COLUMNS["events"]}
    days = pd.date_range("2020-01-01", "2020-04-30", freq="D")
    events = [empty | {"event_id": i, "user_id": i % 3, "at": day, "amount": 1.0} for i, day in enumerate(days)]
    users = [{"user_id": i, "age": 5, "city": None, "vip": None, "joined": None} for i in range(3)]
    return {name: [] for name in COLUMNS} | {"users": users, "events": events}


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    """Three users and an event a day from January to April."""
    with in_duckdb(_tables()) as opened:
        yield opened


def test_anchors_step_back_by_the_horizon(source: Source) -> None:
    query = bind(f"PREDICT COUNT(events.*, 0, 7, days) {ME}", schema())
    anchors = plan(query, source, schema())
    assert anchors.test == to_micros("2020-04-23")
    assert anchors.valid == to_micros("2020-04-16")
    assert anchors.train[-1] == to_micros("2020-04-09")
    assert anchors.train[0] == to_micros("2020-01-02")
    assert {b - a for a, b in zip(anchors.train, anchors.train[1:], strict=False)} == {7 * DAY}
    assert plan(query, source, schema(), train_anchors=3).train == anchors.train[-3:]


def test_until_bounds_the_last_window(source: Source) -> None:
    query = bind(f"PREDICT COUNT(events.*, 0, 7, days) {ME}", schema())
    until = to_micros("2020-03-10T12:00")
    assert plan(query, source, schema(), until).test == until - 7 * DAY
    assert plan(query, source, schema(), to_micros("2030-01-01")) == plan(query, source, schema())


@pytest.mark.parametrize(
    "target",
    ["COUNT(events.*, 0, 7, days)", "COUNT(events.*, 0, 1, day) FORECAST 7 TIMEFRAMES"],
)
def test_a_window_is_over_at_the_last_row_and_not_before(source: Source, target: str) -> None:
    query = bind(f"PREDICT {target} {ME}", schema())
    last = to_micros("2020-04-23")
    check_complete(query, source, schema(), [last, to_micros("2010-01-01")])
    with pytest.raises(ArgumentError) as caught:
        check_complete(query, source, schema(), [last, last + 2, last + 1])
    assert str(caught.value) == (
        "the window after 2020-04-23 00:00:00.000001 is not over in the data\n"
        "hint: the last anchor time whose window is complete is 2020-04-23"
    )


def test_a_query_without_windows_is_never_too_early(source: Source) -> None:
    query = bind(f"PREDICT users.age {ME}", schema())
    check_complete(query, source, schema(), [to_micros("2050-01-01")])


def test_calendar_horizons_do_not_drift(source: Source) -> None:
    query = bind(f"PREDICT COUNT(events.*, 0, 1, month) {ME}", schema())
    anchors = plan(query, source, schema())
    assert anchors.all == tuple(to_micros(d) for d in ("2020-01-30", "2020-02-29", "2020-03-30"))


def test_forecasts_and_late_windows_keep_their_whole_horizon(source: Source) -> None:
    query = bind(f"PREDICT COUNT(events.*, 2, 5, days) FORECAST 3 TIMEFRAMES {ME}", schema())
    anchors = plan(query, source, schema())
    assert anchors.test == to_micros("2020-04-30") - 11 * DAY
    assert anchors.valid == anchors.test - 11 * DAY
    assert max(anchors.train) + 11 * DAY <= anchors.valid


def test_a_shorter_step_stays_a_horizon_before_validation(source: Source) -> None:
    query = bind(f"PREDICT COUNT(events.*, 0, 14, days) {ME}", schema())
    anchors = plan(query, source, schema(), step=Offset(1, Unit.DAYS), train_anchors=5)
    assert anchors.train[-1] == anchors.valid - 14 * DAY
    assert anchors.train[0] == anchors.train[-1] - 4 * DAY


def test_static_queries_have_one_anchor(source: Source) -> None:
    anchors = plan(bind(f"PREDICT users.age {ME}", schema()), source, schema())
    assert anchors.all == (to_micros("2020-04-30"),)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("window_too_long", f"PREDICT COUNT(events.*, 0, 2, months) {ME}"),
        ("no_times", f"PREDICT COUNT(visits.*, 0, 7, days) {ME}"),
    ],
)
def test_data_too_short(source: Source, name: str, text: str) -> None:
    with pytest.raises(QueryError) as caught:
        plan(bind(text, schema()), source, schema())
    check_golden(f"errors/{name}.txt", caught.value.render() + "\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("never", f"PREDICT COUNT(events.*, 0, 7, days) > 99 {ME}"),
        ("always", f"PREDICT COUNT(events.*, 0, 7, days) > 0 {ME}"),
        ("constant", f"PREDICT SUM(events.amount, 0, 6, days) {ME}"),
        ("constant_forecast", f"PREDICT COUNT(events.*, 0, 6, days) FORECAST 2 TIMEFRAMES {ME}"),
        ("empty_lists", f"PREDICT LIST_DISTINCT(events.item_id, 0, 7, days) RANK TOP 3 {ME}"),
        ("no_labels", f"PREDICT LAST(events.note, 0, 7, days) {ME}"),
        ("nobody", f"PREDICT COUNT(events.*, 0, 7, days) {ME} WHERE COUNT(events.*, -7, 0) > 99"),
        ("constant_column", f"PREDICT users.age {ME}"),
    ],
)
def test_labels_that_teach_nothing(source: Source, name: str, text: str) -> None:
    query = bind(text, schema())
    table = labels(query, source, schema(), plan(query, source, schema()).all)
    with pytest.raises(QueryError) as caught:
        check_labels(query, table)
    check_golden(f"errors/labels_{name}.txt", caught.value.render() + "\n")
