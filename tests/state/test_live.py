"""A timeline that grows equals one built of all events: for any order of arrival, ties and new rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import ALWAYS, DAY, NEVER
from edgewise.state.live import LiveTimeline
from edgewise.state.pair import PairReading, pair_timeline

HALF_LIVES = (3.0, 30.0)
READING = PairReading((1, 7))
COUNTS = PairReading((1, 7), rhythm=False)
LEFTS, RIGHTS = 7, 9

#: Rows above those of the batch are new; half-days make ties.
moments = st.one_of(st.integers(0, 40).map(lambda h: h * DAY // 2), st.just(NEVER))
before = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 4), moments), max_size=30)
since = st.lists(st.tuples(st.integers(-1, LEFTS - 1), st.integers(-1, RIGHTS - 1), moments), max_size=60)


def columns(rows):
    array = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return array[:, 0].copy(), array[:, 1].copy(), array[:, 2].copy()


def built(rows, merge, lefts=LEFTS):
    return pair_timeline(*columns(rows), left_rows=lefts, half_lives=HALF_LIVES, merge=merge)


def assert_equal(live, batch, merge, anchor):
    left, right = (grid.reshape(-1) for grid in np.meshgrid(np.arange(-1, LEFTS + 2), np.arange(-1, RIGHTS + 1)))
    at = np.full(len(left), anchor)
    reading = READING if merge else COUNTS
    np.testing.assert_allclose(
        live.read(left, right, at, reading), batch.read(left, right, at, reading), rtol=1e-5
    )
    rows = np.arange(-1, LEFTS + 2)
    for half_life in range(len(HALF_LIVES)):
        for width in (3, 20):
            found = live.best(rows, np.full(len(rows), anchor), half_life, width)
            expected = batch.best(rows, np.full(len(rows), anchor), half_life, width)
            np.testing.assert_array_equal(found[0], expected[0])
            np.testing.assert_allclose(found[1], expected[1], rtol=1e-5)


@settings(max_examples=120, deadline=None)
@given(before, since, st.booleans(), st.integers(0, 45).map(lambda h: h * DAY // 2), st.integers(1, 7))
def test_live_equals_batch(base, later, merge, anchor, step):
    live = LiveTimeline(built(base, merge, 4), merge=merge, crowd=not merge)
    assert_equal(live, built(base, merge), merge, anchor)
    for start in range(0, len(later), step):
        live.observe(*columns(later[start : start + step]))
        if start % 3 == 0:  # lists that exist are kept up, others are made later
            live.best(np.arange(3), np.full(3, anchor), 0, 2)
    assert_equal(live, built(base + later, merge), merge, anchor)
    assert_equal(live, built(base + later, merge), merge, 60 * DAY)


@settings(max_examples=60, deadline=None)
@given(before, since, st.booleans())
def test_folding_equals_batch(base, later, merge):
    live = LiveTimeline(built(base, merge, 4), merge=merge)
    live.observe(*columns(later))
    folded, batch = live.fold(), built(base + later, merge)
    lefts = len(folded.left_ptr) - 1
    np.testing.assert_array_equal(
        folded.left_ptr, np.pad(batch.left_ptr, (0, max(lefts - LEFTS, 0)), "edge")[: lefts + 1]
    )
    np.testing.assert_array_equal(folded.right, batch.right)
    np.testing.assert_array_equal(folded.event_ptr, batch.event_ptr)
    np.testing.assert_array_equal(folded.at, batch.at)
    np.testing.assert_allclose(folded.decayed, batch.decayed, rtol=1e-5)
    np.testing.assert_allclose(folded.gap_squares, batch.gap_squares, rtol=1e-5)
    again = LiveTimeline(folded, merge=merge)
    assert_equal(again, batch, merge, 20 * DAY)


@settings(max_examples=30, deadline=None)
@given(before, since, since, st.integers(0, LEFTS - 1))
def test_a_dropped_row_has_never_been(base, later, after, gone):
    live = LiveTimeline(built(base, True, 4), merge=True)
    live.observe(*columns(later))
    live.drop(gone)
    live.observe(*columns(after))
    batch = built([r for r in base + later if r[0] != gone] + after, True)
    assert_equal(live, batch, True, 60 * DAY)
    np.testing.assert_array_equal(live.fold().at, batch.at)


@settings(max_examples=30, deadline=None)
@given(before, since)
def test_repeats_are_all_meetings_but_the_first(base, later):
    live = LiveTimeline(built(base, True, 4), merge=True)
    found = []
    for event in later:
        left, right, at = columns([event])
        _, moment = live.observe(left, right, at).repeats(at)
        found += [(event[1], int(m)) for m in moment]

    def repeats(rows):
        met = {}
        for a, b, at in rows:
            if a >= 0 and b >= 0 and at != NEVER:
                met.setdefault((a, b), set()).add(at)
        return [(b, at) for (a, b), every in met.items() for at in sorted(every)[1:]]

    assert sorted(found + repeats(base)) == sorted(repeats(base + later))


def test_what_is_popular_is_kept_in_order_among_many():
    rng = np.random.default_rng(0)
    rows = [(0, int(i), int(t)) for i, t in zip(rng.zipf(1.3, 4000) % 900, rng.integers(0, 40 * DAY, 4000))]  # noqa: B905
    rows.sort(key=lambda r: r[2])
    live = LiveTimeline(built(rows[:2000], False, 1), merge=False, crowd=True)
    for start in range(2000, 4000, 50):
        live.observe(*columns(rows[start : start + 50]))
        at = np.array([rows[start + 49][2] + 5])
        batch = built(rows[: start + 50], False, 1)
        for half_life in (0, 1):
            np.testing.assert_array_equal(
                live.best(np.zeros(1, np.int64), at, half_life, 60)[0],
                batch.best(np.zeros(1, np.int64), at, half_life, 60)[0],
            )


def test_what_always_was_stays_equal():
    rows = [(0, 1, ALWAYS), (0, 2, ALWAYS), (1, 2, ALWAYS)]
    live = LiveTimeline(built(rows, False, 2), merge=False, crowd=True)
    live.observe(*columns([(0, 2, ALWAYS), (0, 3, 5 * DAY)]))
    assert_equal(live, built([*rows, (0, 2, ALWAYS), (0, 3, 5 * DAY)], False), False, 9 * DAY)


def test_many_have_no_rhythm():
    live = LiveTimeline(built([], False, 1), merge=False)
    with pytest.raises(ValueError, match="no rhythm"):
        live.read(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64), READING)
