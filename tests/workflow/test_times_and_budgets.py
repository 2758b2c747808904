"""Times and budgets as people write them."""

import datetime as dt

import pytest

from edgewise.errors import ArgumentError
from edgewise.workflow.budget import parse_budget
from edgewise.workflow.moments import moments


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1.5h", 5400), (30, 30), ("2min", 120), ("7", 7)]
)
def test_budgets(text, seconds):
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["soon", "0s", "-3m", "", "5 days"])
def test_what_is_no_budget(text):
    with pytest.raises(ArgumentError):
        parse_budget(text)


def test_one_time_or_several_sorted_and_once_each():
    day = 86_400_000_000
    assert moments("1970-01-02") == [day]
    assert moments(dt.date(1970, 1, 2)) == [day]
    assert moments(["1970-01-03", "1970-01-02", day]) == [day, 2 * day]
    assert moments("1970-01-02T00:00:00+01:00") == [day - 3_600_000_000]
    with pytest.raises(ArgumentError, match="'tomorrow' is not a time"):
        moments("tomorrow")
