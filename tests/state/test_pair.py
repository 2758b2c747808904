"""Pair state against an obvious twin, and its blindness to what comes after the anchor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import ALWAYS, DAY, NEVER
from edgewise.state.pair import PairReading, pair_timeline, reading_names

HALF_LIVES = (3.0, 30.0)
READING = PairReading((1, 7))
COUNTS = PairReading((1, 7), rhythm=False)

events = st.lists(
    st.tuples(st.integers(-1, 3), st.integers(-1, 4), st.integers(0, 40).map(lambda h: h * DAY // 2)),
    max_size=40,
)


def twin(rows, left, right, anchor, merge):
    """One pair's reading, by looking at every event."""
    met = sorted(at for a, b, at in rows if (a, b) == (left, right) and at <= anchor)
    met = sorted(set(met)) if merge else met
    if left < 0 or right < 0 or not met:
        return [0.0] * 5 + [np.nan] * 5
    ages = np.array([(anchor - at) / DAY for at in met])
    out = [len(met), (ages < 1).sum(), (ages < 7).sum(), *((2.0 ** (-ages / h)).sum() for h in HALF_LIVES)]
    gaps = np.diff(np.array(met)) / DAY
    mean = gaps.mean() if len(gaps) else np.nan
    moving = len(gaps) > 0 and mean > 0
    spread = np.sqrt(max((gaps**2).mean() - mean**2, 0.0)) / mean if moving else np.nan
    return [*out, ages[-1], ages[0], mean, spread, ages[-1] / mean if moving else np.nan]


@settings(max_examples=60, deadline=None)
@given(events, st.booleans(), st.integers(0, 45).map(lambda h: h * DAY // 2))
def test_reading_equals_twin(rows, merge, anchor):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    timeline = pair_timeline(
        columns[:, 0], columns[:, 1], columns[:, 2], left_rows=4, half_lives=HALF_LIVES, merge=merge
    )
    left, right = (grid.reshape(-1) for grid in np.meshgrid(np.arange(-1, 4), np.arange(-1, 5)))
    found = timeline.read(left, right, np.full(len(left), anchor), READING if merge else COUNTS)
    expected = np.array(
        [twin(rows, a, b, anchor, merge) for a, b in zip(left, right, strict=True)], dtype=np.float32
    )
    np.testing.assert_allclose(found, expected[:, : found.shape[1]], rtol=1e-4, atol=2e-3)


@settings(max_examples=30, deadline=None)
@given(events, events)
def test_later_events_change_no_bit(rows, later):
    anchor = 20 * DAY
    rows = [r for r in rows if r[2] <= anchor]
    later = [(a, b, at + anchor + 1) for a, b, at in later]
    left, right = (grid.reshape(-1) for grid in np.meshgrid(np.arange(4), np.arange(5)))
    found = []
    for every in (rows, rows + later):
        columns = np.array(every, dtype=np.int64).reshape(-1, 3)
        timeline = pair_timeline(columns[:, 0], columns[:, 1], columns[:, 2], left_rows=4, half_lives=HALF_LIVES)
        found.append(timeline.read(left, right, np.full(len(left), anchor), READING))
    assert found[0].tobytes() == found[1].tobytes()


def test_rows_without_age_are_of_no_age_and_rows_without_time_are_never_seen():
    timeline = pair_timeline(
        np.array([0, 0, 0]), np.array([1, 1, 2]), np.array([ALWAYS, ALWAYS, NEVER]), left_rows=1, half_lives=(7.0,)
    )
    found = timeline.read(np.array([0, 0]), np.array([1, 2]), np.array([0, 0]), PairReading((7,)))
    names = reading_names("own", (7.0,), PairReading((7,)))
    assert found[0, names.index("own count")] == 1
    assert found[0, names.index("own decay 7d")] == 1
    assert found[0, names.index("own recency")] == 0
    assert found[1, 0] == 0


def test_names_and_columns_agree():
    for reading in (PairReading(), PairReading((1, 2), rhythm=False), READING):
        assert len(reading_names("x", HALF_LIVES, reading)) == reading.width(len(HALF_LIVES))


@pytest.mark.parametrize("row", [-5, 99])
def test_unknown_rows_have_met_nothing(row):
    timeline = pair_timeline(np.array([0]), np.array([0]), np.array([0]), left_rows=1)
    found = timeline.read(np.array([row]), np.array([0]), np.array([DAY]), PairReading(rhythm=False))
    assert found.sum() == 0
