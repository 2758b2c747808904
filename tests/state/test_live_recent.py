"""Histories that grow equal histories sorted as a whole."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, NEVER
from edgewise.state.live_recent import LiveRecent, stretch_of

LEFTS, RIGHTS = 5, 6
events = st.lists(
    st.tuples(
        st.integers(-1, LEFTS - 1), st.integers(-1, RIGHTS - 1),
        st.one_of(st.integers(0, 12).map(lambda d: d * DAY), st.just(NEVER)),
    ),
    max_size=40,
)  # fmt: skip
ORDER = np.array([3, 0, 5, 1, 4, 2], dtype=np.int64)


def ordered(rows):
    kept = [r for r in rows if r[0] >= 0 and r[2] != NEVER]
    return sorted(kept, key=lambda r: (r[0], r[2], ORDER[r[1]] if r[1] >= 0 else -1))


@settings(max_examples=100, deadline=None)
@given(events, events, st.integers(-1, 13).map(lambda d: d * DAY))
def test_live_history_equals_sorted_history(base, later, anchor):
    rows = np.array(ordered([r for r in base if r[0] < 3]), dtype=np.int64).reshape(-1, 3)
    live = LiveRecent(np.searchsorted(rows[:, 0], np.arange(4)), rows[:, 1], rows[:, 2])
    for event in later:
        columns = np.array([event], dtype=np.int64)
        live.observe(columns[:, 0], columns[:, 1], columns[:, 2], ORDER)
    who, right, at = live.fold()
    assert [*zip(who.tolist(), at.tolist(), right.tolist(), strict=True)] == [
        (r[0], r[2], r[1]) for r in ordered([tuple(r) for r in rows.tolist()] + later)
    ]
    every = ordered([tuple(r) for r in rows.tolist()] + later)
    for left in range(LEFTS + 1):
        mine = [(r[2], r[1]) for r in every if r[0] == left and r[2] <= anchor]
        low, stop, begin, end = stretch_of(live.stretches, left, anchor)
        s = live.stretches
        at = [*s.old_at[low:stop].tolist(), *s.at[begin:end].tolist()]
        right = [*s.old[low:stop].tolist(), *s.right[begin:end].tolist()]
        assert list(zip(at, right, strict=True)) == mine
        items, when = live.last(left, anchor, 3)
        expected = list(dict.fromkeys(r for _, r in reversed(mine) if r >= 0))[:3]
        assert items.tolist() == expected
        assert when.tolist() == [max(at for at, r in mine if r == item) for item in expected]
