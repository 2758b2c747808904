"""The features of one person's candidates, in the order of `ranker_features.feature_table`, for a kernel."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from edgewise.clock import DAY
from edgewise.ids import MISSING
from edgewise.state.fixed import fixed
from edgewise.state.inner import inner
from edgewise.state.live_kernels import read_pair
from edgewise.state.live_stack import Held
from edgewise.state.live_top import best_of
from edgewise.state.order import order_of
from edgewise.state.pair import PairReading

__all__ = ["CROWD", "ENTITY", "ITEM", "NOTHING", "OWN", "SIGNAL", "TASTE", "describe", "near_places"]

#: What is read of a person's own pairs, of the person, of items, of tastes, of places and of other tables.
OWN: Final = PairReading((7, 28, 91))
ENTITY: Final = PairReading((28,))
ITEM: Final = PairReading((1, 3, 7, 28, 91), rhythm=False)
TASTE: Final = PairReading((28,))
CROWD: Final = PairReading((7, 28), rhythm=False)
SIGNAL: Final = PairReading((7, 14, 28), rhythm=False)
#: Their windows in microseconds; and no window.
_OWN, _ENTITY, _ITEM, _TASTE, _CROWD, _SIGNAL, NOTHING = (
    fixed(np.asarray(days, dtype=np.float64) * DAY)
    for days in (OWN.days, ENTITY.days, ITEM.days, TASTE.days, CROWD.days, SIGNAL.days, ())
)

#: Columns of a taste's reading that are features: after the count, its window, and its two decayed counts.
_WINDOW, _DECAYS, _RECENCY, _INTERVAL, _DUE = 1, 2, 4, 6, 8
_TINY = np.float32(1e-6)


@inner
def near_places(timelines: Any, places: np.ndarray, row: int, at: int) -> np.ndarray:
    """The place of each kind that the person frequents; MISSING without any."""
    where = np.full(len(places), MISSING, dtype=np.int64)
    worth = np.zeros(1, dtype=np.float32)
    for p in range(len(places)):
        t = timelines[places[p, 0]]
        worth[0] = 0.0
        best_of(t.base, t.overlay, t.top, np.int64(0), t.micros[0], row, at, where[p : p + 1], worth)
    return where


@inner
def describe(
    r: Any, row: int, at: int, where: np.ndarray, pool: np.ndarray, scores: np.ndarray, ranks: np.ndarray,
    out: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """All features of the candidates; the reading of the person's own activity is returned."""
    n = len(pool)
    own, entity = r.timelines[r.core[0]], r.timelines[r.core[1]]
    mine = np.zeros(1 + len(_ENTITY) + len(entity.halves) + 5, dtype=np.float32)
    read_pair(
        entity.base, entity.overlay, entity.halves, row, np.int64(0), at, _ENTITY, np.bool_(True), mine
    )  # fmt: skip
    first = 1 + len(_OWN) + len(own.halves) + 5
    _read(own, row, pool, at, _OWN, np.bool_(True), out, np.int64(0))
    for i in range(n):
        for m in range(4):
            out[i, first + m] = mine[r.marks[m]]
    item, repeats, nobody = r.timelines[r.core[2]], r.timelines[r.core[3]], np.int64(0)
    first += 4
    last = first + 1 + len(_ITEM) + len(item.halves)
    _read(item, nobody, pool, at, _ITEM, np.bool_(False), out, first)
    again = np.zeros((n, 1 + len(repeats.halves)), dtype=np.float32)
    _read(repeats, nobody, pool, at, NOTHING, np.bool_(False), again, np.int64(0))
    _ratios(r.marks, out, mine, out[:, first:last], again, out[:, last : last + 6])
    to = last + 6
    for a in range(len(r.tastes)):
        t, codes = r.timelines[r.tastes[a, 0]], r.codes[r.tastes[a, 1]]
        _taste(t, codes, row, at, pool, out[:, r.marks[5]], out, to)
        to += 7
    to = _crowds(r, at, where, pool, out[:, first + r.marks[11]], out, to)
    for c in range(len(r.steps)):
        if r.steps[c, 7] > 0:
            for i in range(n):
                out[i, to] = scores[i, c]
            to += 1
    for i in range(n):
        for c in range(len(r.steps)):
            out[i, to + c] = ranks[i, c]
    return mine


@inner
def _read(
    t: Held, left: int, rights: np.ndarray, at: int, days: np.ndarray, rhythm: bool, out: np.ndarray, to: int
) -> None:  # fmt: skip
    """The state of a left row with each right, into columns from `to` on."""
    one = np.empty(1 + len(days) + len(t.halves) + (5 if rhythm else 0), dtype=np.float32)
    for i in range(len(rights)):
        one[:] = 0.0
        read_pair(t.base, t.overlay, t.halves, left, rights[i], at, days, rhythm, one)
        for c in range(len(one)):
            out[i, to + c] = one[c]


@inner
def _least(value: np.float32, least: np.float32) -> np.float32:
    """The larger one; NaN where the value is."""
    return least if value < least else value


@inner
def _ratios(
    marks: np.ndarray, own: np.ndarray, mine: np.ndarray, popular: np.ndarray, again: np.ndarray, out: np.ndarray
) -> None:  # fmt: skip
    """Shares and trends, in single precision as in the batch."""
    four = np.float32(4.0)
    for i in range(len(out)):
        out[i, 0] = own[i, marks[5]] / _least(mine[marks[8]], _TINY)
        out[i, 1] = own[i, marks[4]] / _least(mine[marks[7]], _TINY)
        out[i, 2] = popular[i, marks[10]] * four / (popular[i, marks[11]] + four)
        out[i, 3] = popular[i, marks[11]] / (popular[i, marks[12]] * np.float32(28 / 91) + four)
        out[i, 4] = again[i, 0] / (popular[i, 0] + np.float32(5.0))
        out[i, 5] = own[i, marks[6]] / _least(mine[marks[9]], np.float32(0.5))


@inner
def _taste(
    t: Held, codes: np.ndarray, row: int, at: int, pool: np.ndarray, own: np.ndarray, out: np.ndarray, to: int
) -> None:  # fmt: skip
    """The person's history with each item's value of one attribute, and the item's share in it. Each value is
    read once.
    """
    values = np.full(len(pool), float(MISSING))
    if len(codes) > 0:
        for i in range(len(pool)):
            values[i] = codes[pool[i]]
    order = order_of(values)
    taste = np.zeros(9, dtype=np.float32)
    for o in range(len(order)):
        i = order[o]
        if o == 0 or values[i] != values[order[o - 1]]:
            taste[:] = 0.0
            read_pair(t.base, t.overlay, t.halves, row, np.int64(values[i]), at, _TASTE, np.bool_(True), taste)
        out[i, to], out[i, to + 1], out[i, to + 2] = taste[_WINDOW], taste[_DECAYS], taste[_DECAYS + 1]
        out[i, to + 3], out[i, to + 4], out[i, to + 5] = taste[_RECENCY], taste[_INTERVAL], taste[_DUE]
        out[i, to + 6] = own[i] / _least(taste[_DECAYS + 1], _TINY)


@inner
def _crowds(
    r: Any, at: int, where: np.ndarray, pool: np.ndarray, everywhere: np.ndarray, out: np.ndarray, to: int
) -> int:  # fmt: skip
    """Popularity in places, and what other tables say of the items there; where the columns go on."""
    for p in range(len(r.places)):
        t = r.timelines[r.places[p, 1]]
        wide = 1 + len(_CROWD) + len(t.halves)
        _read(t, where[p], pool, at, _CROWD, np.bool_(False), out, to)
        for i in range(len(pool)):
            out[i, to + wide] = out[i, to + 2] / (everywhere[i] + np.float32(4.0))
        to += wide + 1
    for s in range(len(r.signals)):
        t = r.timelines[r.signals[s, 0]]
        place = where[r.signals[s, 1]] if r.signals[s, 1] >= 0 else np.int64(0)
        said = np.zeros((len(pool), 1 + len(_SIGNAL) + len(t.halves)), dtype=np.float32)
        _read(t, place, pool, at, _SIGNAL, np.bool_(False), said, np.int64(0))
        for i in range(len(pool)):
            for c in range(1, said.shape[1]):
                out[i, to + c - 1] = said[i, c]
        to += said.shape[1] - 1
    return to
