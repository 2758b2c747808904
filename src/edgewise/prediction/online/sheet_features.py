"""The features of one person's candidates, in the order of `ranker_features.feature_table`, for a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.ids import MISSING
from edgewise.state.inner import inner
from edgewise.state.live_kernels import read_pair
from edgewise.state.live_stack import Held
from edgewise.state.live_top import best_of

__all__ = ["describe", "near_places"]

#: Columns of a taste's reading that are features: after the count, its window, and its two decayed counts.
_WINDOW, _DECAYS, _RECENCY, _INTERVAL, _DUE = 1, 2, 4, 6, 8
_TINY = np.float32(1e-6)


@inner
def near_places(r: Any, row: int, at: int) -> np.ndarray:
    """The place of each kind that the person frequents; MISSING without any."""
    where = np.full(len(r.places), MISSING, dtype=np.int64)
    worth = np.zeros(1, dtype=np.float32)
    for p in range(len(r.places)):
        t = r.timelines[r.places[p, 0]]
        worth[0] = 0.0
        best_of(t.base, t.overlay, t.top, 0, t.micros[0], row, at, where[p : p + 1], worth)
    return where


@inner
def describe(
    r: Any, row: int, at: int, where: np.ndarray, pool: np.ndarray, scores: np.ndarray, ranks: np.ndarray,
    out: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """All features of the candidates; the reading of the person's own activity is returned."""
    n, nothing = len(pool), np.zeros(0)
    own, entity = r.timelines[r.core[0]], r.timelines[r.core[1]]
    mine = np.zeros(1 + len(r.entity_days) + len(entity.halves) + 5, dtype=np.float32)
    read_pair(entity.base, entity.overlay, entity.halves, row, 0, at, r.entity_days, True, mine)
    first = 1 + len(r.own_days) + len(own.halves) + 5
    _read(own, row, pool, at, r.own_days, True, out[:, :first])
    for i in range(n):
        for m in range(4):
            out[i, first + m] = mine[r.marks[m]]
    item, repeats = r.timelines[r.core[2]], r.timelines[r.core[3]]
    first += 4
    last = first + 1 + len(r.item_days) + len(item.halves)
    _read(item, 0, pool, at, r.item_days, False, out[:, first:last])
    again = np.zeros((n, 1 + len(repeats.halves)), dtype=np.float32)
    _read(repeats, 0, pool, at, nothing, False, again)
    _ratios(r.marks, out, mine, out[:, first:last], again, out[:, last : last + 6])
    to = _tastes(r, row, at, pool, out[:, r.marks[5]], out, last + 6)
    to = _crowds(r, at, where, pool, out[:, first + r.marks[11]], out, to)
    for i in range(n):
        for c in range(len(r.scored)):
            out[i, to + c] = scores[i, r.scored[c]]
        out[i, to + len(r.scored) :] = ranks[i]
    return mine


@inner
def _read(
    t: Held, left: int, rights: np.ndarray, at: int, days: np.ndarray, rhythm: bool, out: np.ndarray
) -> None:  # fmt: skip
    """The state of a left row with each right, into rows of zeros."""
    for i in range(len(rights)):
        read_pair(t.base, t.overlay, t.halves, left, rights[i], at, days, rhythm, out[i])


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
def _tastes(r: Any, row: int, at: int, pool: np.ndarray, own: np.ndarray, out: np.ndarray, to: int) -> int:
    """The person's history with each item's values, and the item's share in it; where the columns go on."""
    for a in range(len(r.tastes)):
        _taste(r.timelines[r.tastes[a, 0]], r.codes[r.tastes[a, 1]], row, at, pool, r.taste_days, own, out, to)
        to += 7
    return to


@inner
def _taste(
    t: Held, codes: np.ndarray, row: int, at: int, pool: np.ndarray, days: np.ndarray, own: np.ndarray,
    out: np.ndarray, to: int,
) -> None:  # fmt: skip
    """One attribute: each of its values is read once."""
    values = np.full(len(pool), MISSING, dtype=np.int64)
    if len(codes) > 0:
        for i in range(len(pool)):
            values[i] = codes[pool[i]]
    order = np.argsort(values)
    taste = np.zeros(9, dtype=np.float32)
    for o in range(len(order)):
        i = order[o]
        if o == 0 or values[i] != values[order[o - 1]]:
            taste[:] = 0.0
            read_pair(t.base, t.overlay, t.halves, row, values[i], at, days, True, taste)
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
        wide = 1 + len(r.crowd_days) + len(t.halves)
        _read(t, where[p], pool, at, r.crowd_days, False, out[:, to : to + wide])
        for i in range(len(pool)):
            out[i, to + wide] = out[i, to + 2] / (everywhere[i] + np.float32(4.0))
        to += wide + 1
    for s in range(len(r.signals)):
        t = r.timelines[r.signals[s, 0]]
        place = where[r.signals[s, 1]] if r.signals[s, 1] >= 0 else 0
        said = np.zeros((len(pool), 1 + len(r.signal_days) + len(t.halves)), dtype=np.float32)
        _read(t, place, pool, at, r.signal_days, False, said)
        out[:, to : to + said.shape[1] - 1] = said[:, 1:]
        to += said.shape[1] - 1
    return to
