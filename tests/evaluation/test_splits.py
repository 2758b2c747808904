"""Splits by time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, to_micros
from edgewise.errors import ArgumentError, LabelError
from edgewise.evaluation.splits import Split, by_time, check_split, rolling_origins

WEEKS = to_micros("2020-01-05") + 7 * DAY * np.arange(10)


def test_the_last_anchors_test() -> None:
    split = by_time(WEEKS[::-1], horizon=7 * DAY, valid=2, test=1)
    assert (split.train == WEEKS[:7]).all()
    assert (split.valid == WEEKS[7:9]).all()
    assert (split.test == WEEKS[9:]).all()
    assert len(split.dropped) == 0


def test_windows_that_cross_a_border_are_dropped() -> None:
    split = by_time(WEEKS, horizon=14 * DAY)
    assert split.test.tolist() == [WEEKS[9]]
    assert split.valid.tolist() == [WEEKS[7]]
    assert split.train.tolist() == WEEKS[:6].tolist()
    assert split.dropped.tolist() == [WEEKS[6], WEEKS[8]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=15),
    st.integers(1, 20),
    st.integers(0, 5),
    st.integers(1, 2),
    st.integers(0, 2),
)
def test_no_label_window_crosses_a_border(
    days: list[int], horizon: int, start: int, valid: int, test: int
) -> None:
    anchors = np.array(days) * DAY
    try:
        split = by_time(anchors, horizon=horizon * DAY, start=start * DAY, valid=valid, test=test)
    except LabelError:
        return
    check_split(split, horizon=horizon * DAY, start=start * DAY)
    parts = [*split.train, *split.valid, *split.test, *split.dropped]
    assert sorted(parts) == sorted(set(anchors.tolist()))


def test_without_a_test_part() -> None:
    split = by_time(WEEKS, horizon=7 * DAY, test=0)
    assert len(split.test) == 0
    assert split.valid.tolist() == [WEEKS[9]]


def test_a_static_task_still_has_an_order() -> None:
    split = by_time(WEEKS, horizon=0)
    assert split.valid.tolist() == [WEEKS[8]]
    assert split.train.max() < split.valid.min()


def test_origins_roll() -> None:
    splits = rolling_origins(WEEKS, horizon=7 * DAY, origins=3)
    assert [s.test.tolist() for s in splits] == [[WEEKS[7]], [WEEKS[8]], [WEEKS[9]]]
    for split in splits:
        check_split(split, horizon=7 * DAY)


def test_too_few_anchors_say_so() -> None:
    with pytest.raises(LabelError, match="2 anchors are too few for 1 to validate, 1 to test"):
        by_time(WEEKS[:2], horizon=7 * DAY)
    with pytest.raises(ArgumentError, match="0 validation"):
        by_time(WEEKS, horizon=7 * DAY, valid=0)


def test_disorder_and_overlap_are_named() -> None:
    none = WEEKS[:0]
    with pytest.raises(LabelError, match="train anchor 2020-01-19 is not before the test anchor 2020-01-12"):
        check_split(Split(WEEKS[:3], none, WEEKS[1:2], none), horizon=DAY)
    with pytest.raises(LabelError, match="ends on 2020-01-26, after the validation anchor 2020-01-19") as found:
        check_split(Split(WEEKS[:2], WEEKS[2:3], none, none), horizon=14 * DAY)
    assert found.value.hint == "the last train anchor can be 2020-01-05"
