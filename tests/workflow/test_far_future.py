"""A wrong date far ahead does not become the present: neither of training, nor of questions, nor of decisions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

import edgewise as ew
from edgewise import clock
from edgewise.clock import NEVER, from_micros, latest_past, to_micros
from edgewise.decisions.deciding import latest_of
from edgewise.graph.known import latest_row
from edgewise.query.plan import last_complete

LAST, FAR = dt.datetime(2024, 4, 9), dt.datetime(2099, 12, 31)
QUERY = "PREDICT COUNT(visits.*, 0, 7, days) = 0 FOR EACH guests.guest_id"


def visits(*more: dt.datetime) -> dict[str, pa.Table]:
    days = [LAST - dt.timedelta(days=int(n)) for n in range(100)] + list(more)
    rows = pa.table(
        {"visit_id": np.arange(len(days)), "guest_id": np.arange(len(days)) % 5, "visited_at": days},
    )
    return {"guests": pa.table({"guest_id": np.arange(5)}), "visits": rows}


@pytest.fixture(params=["right", "one wrong"])
def database(request: pytest.FixtureRequest) -> ew.Database:
    return ew.open(visits() if request.param == "right" else visits(FAR))


def test_the_present_is_the_latest_row_that_has_happened(database: ew.Database) -> None:
    graph = ew.Graph.build(database)
    task = graph.task(QUERY)
    complete = last_complete(task.question.query, database.source, database.schema)
    assert from_micros(latest_row(graph.store)) == LAST
    assert from_micros(latest_of(database)) == LAST
    assert complete is not None
    assert from_micros(complete) == LAST - dt.timedelta(days=7)


def test_a_table_of_what_is_planned_is_not_the_present() -> None:
    planned = pa.table({"plan_id": [1, 2], "guest_id": [1, 2], "planned_for": [FAR, FAR + dt.timedelta(days=1)]})
    database = ew.open({**visits(), "plans": planned})
    assert from_micros(latest_of(database)) == LAST
    assert from_micros(latest_row(ew.Graph.build(database).store)) == LAST


def test_where_all_lies_ahead_the_latest_row_is_the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: to_micros("1999-01-01"))
    times = np.array([to_micros("2001-01-01"), to_micros("2003-01-01"), NEVER])
    assert from_micros(latest_past(times)) == dt.datetime(2003, 1, 1)
    monkeypatch.setattr(clock, "now", lambda: to_micros("2002-01-01"))
    assert from_micros(latest_past(times)) == dt.datetime(2001, 1, 1)
