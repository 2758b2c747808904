"""The sweep against the obvious way, and the recurrence in its three places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import ALWAYS, DAY, NEVER
from edgewise.state.decay import read, scan, update
from edgewise.state.grid import Grid, grid_for
from edgewise.state.sweep import Events, feature_names, sweep

GRID = Grid((DAY, 3 * DAY, 10 * DAY), (2 * DAY, 8 * DAY), DAY)
SOURCES, FAR = 3, 4


@st.composite
def relations(draw: st.DrawFn) -> tuple:
    """Events of a few entities, seeds among them, columns with gaps."""
    count = draw(st.integers(0, 25))
    rows = np.array(draw(st.lists(st.integers(0, SOURCES - 1), min_size=count, max_size=count)), dtype=np.int64)
    at = np.array(draw(st.lists(st.integers(0, 20), min_size=count, max_size=count)), dtype=np.int64) * (DAY // 2)
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    order = np.lexsort((at, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=SOURCES))]).astype(np.int64)
    numbers = rng.normal(size=(count, 1)).astype(np.float32)
    numbers[rng.random(count) < 0.3] = np.nan
    events = Events(
        numbers,
        rng.integers(-1, 2, (count, 1)).astype(np.int16),
        rng.integers(-1, FAR, (count, 1)).astype(np.int32),
        2,
    )
    n = draw(st.integers(1, 8))
    seeds = rng.integers(-1, SOURCES, n), rng.integers(0, 24, n) * (DAY // 2)
    return indptr, order.astype(np.int32), at[order], *seeds, events


def slow(indptr, dst, at, row, anchor, events) -> dict[str, float]:  # type: ignore[no-untyped-def]  # as the twin
    """One seed's features, by filtering."""
    every = range(indptr[row], indptr[row + 1]) if row >= 0 else range(0)
    seen = [i for i in every if at[i] <= anchor]
    out: dict[str, float] = {"count": len(seen)}
    values = [(at[i], float(events.numbers[dst[i], 0])) for i in seen]
    known = [x for _, x in values if not np.isnan(x)]
    days = [at[i] // DAY for i in seen]
    far = [(at[i], events.linked[dst[i], 0]) for i in seen if events.linked[dst[i], 0] >= 0]
    out["distinct l"] = len({f for _, f in far})
    out["active"] = len(set(days))
    for w in GRID.windows:
        inside = [t for t in (at[i] for i in seen) if t > anchor - w]
        out[f"count {GRID.name(w)}"] = len(inside)
        out[f"active {GRID.name(w)}"] = len({t // DAY for t in inside})
        recent = [x for t, x in values if t > anchor - w and not np.isnan(x)]
        out[f"sum of x {GRID.name(w)}"] = sum(recent)
        if w == GRID.windows[2]:
            out[f"mean of x {GRID.name(w)}"] = np.mean(recent) if recent else np.nan
            out[f"distinct l {GRID.name(w)}"] = len({f for t, f in far if t > anchor - w})
    for h in GRID.half_lives:
        weight = [2.0 ** (-(anchor - at[i]) / h) for i in seen]
        out[f"decayed count {GRID.name(h)}"] = sum(weight)
        out[f"decayed sum of x {GRID.name(h)}"] = sum(
            w * x for w, (_, x) in zip(weight, values, strict=True) if not np.isnan(x)
        )
    if seen:
        total = out[f"decayed count {GRID.name(GRID.half_lives[-1])}"]
        for slot in (0, 1):
            mine = [i for i in seen if events.slots[dst[i], 0] == slot]
            decayed = sum(2.0 ** (-(anchor - at[i]) / GRID.half_lives[-1]) for i in mine)
            out[f"share of {slot}"] = decayed / total
        out["since last"] = (anchor - at[seen[-1]]) / DAY
        out["since first"] = (anchor - at[seen[0]]) / DAY
    last = known[-1] if known else np.nan
    out |= {"last of x": last, "min of x": min(known, default=np.nan), "max of x": max(known, default=np.nan)}
    out["mean of x"] = np.mean(known) if known else np.nan
    tail = [x for _, x in values[-5:] if not np.isnan(x)]
    out["mean of last 5 x"] = np.mean(tail) if tail else np.nan
    return out


@given(relations())
@settings(max_examples=60, deadline=None)
def test_the_sweep_is_what_filtering_gives(case: tuple) -> None:
    indptr, dst, at, rows, anchors, events = case
    found = sweep(indptr, dst, at, rows, anchors, events, GRID, True)
    names = feature_names(GRID, True, ["x"], ["0", "1"], ["l"])
    assert found.shape == (len(rows), len(names))
    for i in range(len(rows)):
        for name, value in slow(indptr, dst, at, rows[i], anchors[i], events).items():
            assert found[i, names.index(name)] == pytest.approx(value, rel=1e-4, abs=1e-4, nan_ok=True), name


@given(relations(), st.integers(0, 24))
@settings(max_examples=25, deadline=None)
def test_later_events_and_other_seeds_change_nothing(case: tuple, moment: int) -> None:
    indptr, dst, at, rows, anchors, events = case
    anchors = np.minimum(anchors, moment * DAY // 2)
    found = sweep(indptr, dst, at, rows, anchors, events, GRID, True)
    late = np.isin(np.arange(len(dst)), dst[at > moment * DAY // 2])
    moved = np.where(at > moment * DAY // 2, at + 5 * DAY, at)
    other = Events(np.where(late[:, None], 9e9, events.numbers).astype(np.float32), events.slots, events.linked, 2)
    np.testing.assert_array_equal(found, sweep(indptr, dst, moved, rows, anchors, other, GRID, True))
    one = sweep(indptr, dst, at, rows[:1], anchors[:1], events, GRID, True)
    np.testing.assert_array_equal(found[:1], one)


@given(
    st.lists(st.tuples(st.integers(0, 100), st.floats(-5, 5)), max_size=12),
    st.integers(0, 120),
    st.floats(0.5, 60),
)
@settings(max_examples=60, deadline=None)
def test_scan_read_and_update_are_one_function(events: list, anchor: int, half_life: float) -> None:
    events = sorted(events, key=lambda pair: pair[0])
    at = np.array([t for t, _ in events], dtype=np.int64)
    x = np.array([v for _, v in events], dtype=np.float64)
    whole = read(scan(at, x, half_life), at, anchor, half_life)
    state, since = 0.0, 0
    for t, v in events:
        if t <= anchor:
            state, since = update(state, since, t, v, half_life), t
    assert whole == update(state, since, anchor, 0.0, half_life)
    slow_sum = sum(v * 2.0 ** (-(anchor - t) / half_life) for t, v in events if t <= anchor)
    assert whole == pytest.approx(slow_sum, rel=1e-9, abs=1e-9)


def test_static_rows_are_counted_and_rows_without_time_are_not() -> None:
    events = Events(np.ones((2, 1), np.float32), np.zeros((2, 1), np.int16), np.zeros((2, 1), np.int32), 1)
    indptr, dst = np.array([0, 2]), np.array([0, 1], np.int32)
    names = feature_names(GRID, False, ["x"], ["0"], ["l"])
    static = sweep(indptr, dst, np.full(2, ALWAYS), np.array([0]), np.array([DAY]), events, GRID, False)
    assert static[0, names.index("count")] == 2
    assert static[0, names.index("share of 0")] == 1
    lost = sweep(indptr, dst, np.array([5, NEVER]), np.array([0]), np.array([NEVER]), events, GRID, True)
    assert lost[0, 0] == 1


@pytest.mark.parametrize(
    ("span", "horizon", "first", "last"),
    [
        (365 * DAY, 14 * DAY, "1d", "1y"),
        (55 * 365 * DAY, 60 * DAY, "14d", "30y"),
        (3600 * 1_000_000, 0, "1s", "1h"),
        (0, 0, "1s", "1s"),
    ],
)
def test_windows_suit_the_span(span: int, horizon: int, first: str, last: str) -> None:
    grid = grid_for(span, horizon)
    assert (grid.name(grid.windows[0]), grid.name(grid.windows[-1])) == (first, last)
    assert list(grid.windows) == sorted(set(grid.windows))
    assert list(grid.half_lives) == sorted(set(grid.half_lives))


def test_a_window_near_the_horizon_is_always_there() -> None:
    grid = grid_for(55 * 365 * DAY, 2 * DAY)
    assert 2 * DAY in grid.windows
