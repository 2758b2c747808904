"""Windows and calendar steps, against pandas and at the edges of months."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import from_micros, to_micros
from edgewise.query.nodes import Unit
from edgewise.query.window import BEGINNING, Offset, Window

_PANDAS = {
    Unit.SECONDS: lambda n: pd.Timedelta(seconds=n),
    Unit.MINUTES: lambda n: pd.Timedelta(minutes=n),
    Unit.HOURS: lambda n: pd.Timedelta(hours=n),
    Unit.DAYS: lambda n: pd.Timedelta(days=n),
    Unit.WEEKS: lambda n: pd.Timedelta(weeks=n),
    Unit.MONTHS: lambda n: pd.DateOffset(months=n),
    Unit.QUARTERS: lambda n: pd.DateOffset(months=3 * n),
    Unit.YEARS: lambda n: pd.DateOffset(years=n),
}
_TIMES = st.integers(to_micros("1901-01-01"), to_micros("2150-01-01"))


@given(_TIMES, st.integers(-40, 40), st.sampled_from(list(Unit)))
@settings(max_examples=200, deadline=None)
def test_steps_equal_those_of_pandas(at: int, count: int, unit: Unit) -> None:
    expected = pd.Timestamp(from_micros(at)).as_unit("us") + _PANDAS[unit](count)
    assert Offset(count, unit).after(at) == to_micros(expected.to_pydatetime())


@pytest.mark.parametrize(
    ("start", "count", "unit", "end"),
    [
        ("2017-01-31", 1, Unit.MONTHS, "2017-02-28"),
        ("2020-01-31", 1, Unit.MONTHS, "2020-02-29"),
        ("2020-03-31", -1, Unit.MONTHS, "2020-02-29"),
        ("2020-02-29", 1, Unit.YEARS, "2021-02-28"),
        ("2019-11-30", 1, Unit.QUARTERS, "2020-02-29"),
        ("1969-12-31 23:59:59.999999", 1, Unit.MONTHS, "1970-01-31 23:59:59.999999"),
    ],
)
def test_calendar_steps_keep_the_day_or_take_the_last(start: str, count: int, unit: Unit, end: str) -> None:
    assert Offset(count, unit).after(to_micros(start)) == to_micros(end)


def test_bounds_are_after_the_start_and_up_to_the_end() -> None:
    anchors = np.array([to_micros("2017-01-31"), to_micros("2017-03-01")])
    low, high = Window(Offset(0, Unit.MONTHS), Offset(1, Unit.MONTHS)).bounds(anchors)
    assert low.tolist() == anchors.tolist()
    assert high.tolist() == [to_micros("2017-02-28"), to_micros("2017-04-01")]
    low, _ = Window(None, Offset(0, Unit.DAYS)).bounds(anchors)
    assert (low == BEGINNING).all()


@given(_TIMES, st.integers(0, 3), st.integers(1, 5), st.sampled_from(list(Unit)), st.integers(2, 6))
@settings(max_examples=100, deadline=None)
def test_timeframes_follow_each_other_without_a_gap(
    at: int, start: int, width: int, unit: Unit, frames: int
) -> None:
    window = Window(Offset(start, unit), Offset(start + width, unit))
    bounds = [window.frame(i).bounds(np.array([at])) for i in range(frames)]
    for (_, high), (low, _) in itertools.pairwise(bounds):
        assert (high == low).all()
