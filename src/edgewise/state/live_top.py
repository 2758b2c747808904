"""The best of rows that stand for many, kept as events come: what is popular need not be counted again.

Decayed counts of one half-life all shrink by the same factor, so their order stands still between events, and an
event only raises its own pair. The order is kept as `log2(count) + time / half-life` of each pair's last event.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np

from edgewise.clock import ALWAYS
from edgewise.ids import MISSING
from edgewise.state.inner import inner
from edgewise.state.live_arrays import Base, Overlay, find_pair, longer, more
from edgewise.state.live_kernels import FIRST, latest_worth, worths

__all__ = ["Top", "best_live", "best_of", "choose", "empty_top", "lift", "with_list"]

#: How many of a row's best pairs are kept for each half-life.
KEPT = 256


class Top(NamedTuple):
    """Lists of some left rows: list `of_left[l] - 1`, for each half-life the best rights and their standing.

    `latest` is the time of a row's last event: for an anchor before it, the lists say nothing.
    """

    of_left: np.ndarray
    rights: np.ndarray
    standing: np.ndarray
    size: np.ndarray
    latest: np.ndarray


def empty_top(half_lives: int) -> Top:
    """No lists."""
    return Top(
        np.zeros(1, dtype=np.int32), np.zeros((1, half_lives, KEPT), dtype=np.int64),
        np.zeros((1, half_lives, KEPT)), np.zeros((1, half_lives), dtype=np.int64), np.zeros(1, dtype=np.int64),
    )  # fmt: skip


def with_list(top: Top, base: Base, overlay: Overlay, half_lives: np.ndarray, left: int) -> Top:
    """The lists with one more, for a left row that has none yet."""
    place = int(top.of_left.max())
    top = Top(
        longer(top.of_left, more(len(top.of_left), left + 1)),
        *(longer(array, more(len(array), place + 1)) for array in top[1:]),
    )
    _fill(top, base, overlay, half_lives, left, place)
    top.of_left[left] = place + 1
    return top


@inner
def _standing(
    base: Base, overlay: Overlay, h: int, half_life: float, pair: int, slot: int
) -> tuple[float, int]:  # fmt: skip
    """A pair's place in the order, and its last event's time."""
    if slot >= 0 and overlay.length[slot] > 0:
        last = overlay.begin[slot] + overlay.length[slot] - 1
        at, count = overlay.at[last], overlay.decayed[last, h]
    else:
        last = base.event_ptr[pair + 1] - 1
        at, count = base.at[last], base.decayed[last, h]
    return np.log2(count) + (0.0 if at == ALWAYS else at / half_life), at


@nb.njit(cache=True)
def _fill(top: Top, base: Base, overlay: Overlay, half_lives: np.ndarray, left: int, place: int) -> None:
    top.latest[place] = ALWAYS
    for h in range(len(half_lives)):
        top.size[place, h] = 0
        if left < len(base.left_ptr) - 1:
            for pair in range(base.left_ptr[left], base.left_ptr[left + 1]):
                found, at = _standing(base, overlay, h, half_lives[h], pair, overlay.of_pair[pair] - 1)
                _enter(top, place, h, np.int64(base.right[pair]), found)
                top.latest[place] = max(top.latest[place], at)
        slot = overlay.head[left] - 1 if left < len(overlay.head) else -1
        while slot >= 0:
            if overlay.length[slot] > 0:
                found, at = _standing(base, overlay, h, half_lives[h], np.int64(-1), slot)
                _enter(top, place, h, np.int64(overlay.right[slot]), found)
                top.latest[place] = max(top.latest[place], at)
            slot = overlay.chain[slot] - 1


@inner
def _enter(top: Top, place: int, h: int, right: int, standing: float) -> None:
    """Put a right that is not in a list where it belongs; the last one falls out of a full list."""
    rights, order = top.rights[place, h], top.standing[place, h]
    n = top.size[place, h]
    if n == len(rights):
        if standing < order[n - 1] or (standing == order[n - 1] and right > rights[n - 1]):
            return
        n -= 1
    while n > 0 and (order[n - 1] < standing or (order[n - 1] == standing and rights[n - 1] > right)):
        order[n], rights[n] = order[n - 1], rights[n - 1]
        n -= 1
    order[n], rights[n] = standing, right
    top.size[place, h] = min(top.size[place, h] + 1, len(rights))


@nb.njit(cache=True)
def lift(
    top: Top, base: Base, overlay: Overlay, half_lives: np.ndarray, left: np.ndarray, right: np.ndarray,
    at: np.ndarray, begin: int, end: int, became: np.ndarray, slots: np.ndarray,
) -> None:  # fmt: skip
    """Let events raise their pairs in the lists."""
    for e in range(begin, end):
        if became[e] < FIRST or left[e] >= len(top.of_left) or top.of_left[left[e]] == 0:
            continue
        place = top.of_left[left[e]] - 1
        top.latest[place] = max(top.latest[place], at[e])
        for h in range(len(half_lives)):
            found, _ = _standing(base, overlay, h, half_lives[h], np.int64(-1), slots[e])
            rights, n = top.rights[place, h], top.size[place, h]
            if n == len(rights) and found < top.standing[place, h, n - 1]:
                continue
            for i in range(n):
                if rights[i] == right[e]:
                    for j in range(i, n - 1):
                        rights[j], top.standing[place, h, j] = rights[j + 1], top.standing[place, h, j + 1]
                    top.size[place, h] -= 1
                    break
            _enter(top, place, h, right[e], found)


@nb.njit(cache=True)
def best_live(
    base: Base, overlay: Overlay, top: Top, h: int, half_life: float, left: np.ndarray, anchor: np.ndarray,
    items: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    """`PairTimeline.best`, from the lists where they can tell, from all of a row's pairs where they cannot."""
    for q in range(len(left)):
        best_of(base, overlay, top, h, half_life, left[q], anchor[q], items[q], scores[q])


@inner
def best_of(
    base: Base, overlay: Overlay, top: Top, h: int, half_life: float, left: int, anchor: int,
    items: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    """The best of one left row, into rows of MISSING and 0."""
    if left < 0:
        return
    if left < len(top.of_left) and top.of_left[left] > 0:
        place = top.of_left[left] - 1
        if anchor >= top.latest[place] and _from_list(
            base, overlay, top, place, h, half_life, left, anchor, items, scores
        ):
            return
    rights, worth = worths(base, overlay, h, half_life, left, anchor)
    choose(rights, worth, items, scores)


@inner
def _from_list(
    base: Base, overlay: Overlay, top: Top, place: int, h: int, half_life: float, left: int, anchor: int,
    items: np.ndarray, scores: np.ndarray,
) -> bool:  # fmt: skip
    """The best of a list; false where a pair outside of it may belong among them."""
    n, width = top.size[place, h], len(items)
    rights = top.rights[place, h, :n]
    whole = n < top.rights.shape[2]
    if not whole and width >= n:
        return False
    worth = np.empty(n, dtype=np.float32)
    done = 0
    while done < n:
        pair, slot = find_pair(base, overlay, left, rights[done])
        worth[done] = latest_worth(base, overlay, h, half_life, pair, slot, anchor)
        done += 1
        # In single precision, counts that differ may tie, and ties go by row id: go on while that may be.
        if done > width and worth[done - 1] * 1.000001 < worth[width - 1]:
            whole = True
            break
    if whole:
        choose(rights[:done], worth[:done], items, scores)
    return whole


@inner
def choose(rights: np.ndarray, worth: np.ndarray, items: np.ndarray, scores: np.ndarray) -> None:
    """The rights worth most, ties to the smaller row id; what is worth nothing is left out."""
    n = 0
    for i in range(len(rights)):
        if worth[i] <= 0.0:
            continue
        if n == len(items):
            if worth[i] < scores[n - 1] or (worth[i] == scores[n - 1] and rights[i] > items[n - 1]):
                continue
            n -= 1
        place = n
        while place > 0 and (
            scores[place - 1] < worth[i] or (scores[place - 1] == worth[i] and items[place - 1] > rights[i])
        ):
            scores[place], items[place] = scores[place - 1], items[place - 1]
            place -= 1
        scores[place], items[place] = worth[i], rights[i]
        n += 1
    assert n == len(items) or items[n] == MISSING
