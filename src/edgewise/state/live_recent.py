"""Who met what, in order, as events come: the live twin of a history sorted by entity and time."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from jaxtyping import Int, Int32, Int64

from edgewise.clock import NEVER
from edgewise.state.fixed import fixed
from edgewise.state.live_arrays import ARENA, LEAST, SIZES, SLOTS, allocate, give_back, longer, more
from edgewise.state.pair import first_after

__all__ = ["LiveRecent", "Stretches", "stretch_of"]


class Stretches(NamedTuple):
    """Events of each left row: those of the batch (`starts`, `old`, `old_at`), then its block in an arena.

    `slot_of[l]` is the slot of left row `l`, plus one; `kept[s]` how many batch events still count: none once a
    late event has moved all of them into the arena.
    """

    starts: np.ndarray
    old: np.ndarray
    old_at: np.ndarray
    slot_of: np.ndarray
    begin: np.ndarray
    length: np.ndarray
    room: np.ndarray
    kept: np.ndarray
    right: np.ndarray
    at: np.ndarray
    free: np.ndarray
    used: np.ndarray


class LiveRecent:
    """Events of left rows in time order; events of the same moment stand by the `order` of their right rows."""

    def __init__(
        self,
        starts: Int64[np.ndarray, " left_plus_1"],
        right: Int[np.ndarray, " events"],
        at: Int64[np.ndarray, " events"],
    ) -> None:
        slots, arena = 64, 256
        self.stretches = Stretches(
            starts=fixed(starts),
            old=fixed(np.asarray(right, dtype=np.int32)),
            old_at=fixed(at),
            slot_of=np.zeros(max(len(starts) - 1, 1), dtype=np.int32),
            begin=np.zeros(slots, dtype=np.int64),
            length=np.zeros(slots, dtype=np.int64),
            room=np.zeros(slots, dtype=np.int64),
            kept=np.zeros(slots, dtype=np.int64),
            right=np.zeros(arena, dtype=np.int32),
            at=np.zeros(arena, dtype=np.int64),
            free=np.zeros(SIZES, dtype=np.int64),
            used=np.zeros(3, dtype=np.int64),
        )

    def observe(
        self,
        left: Int64[np.ndarray, " events"],
        right: Int64[np.ndarray, " events"],
        at: Int64[np.ndarray, " events"],
        order: Int64[np.ndarray, " rights"],
    ) -> None:
        """Let events happen, in any order. A left row that is negative is nobody's."""
        done = 0
        while done < len(left):
            done = _put(self.stretches, left, right, at, order, done)
            if done < len(left):
                self._grow(int(left[done]))

    def last(self, left: int, anchor: int, n: int) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
        """The last n distinct right rows that a left row met up to an anchor, latest first, and when last."""
        return _last(self.stretches, left, anchor, n)

    def every(self, left: int) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
        """All right rows that a left row met, repeats included, and when."""
        s = self.stretches
        low, stop, begin, end = stretch_of(s, left, NEVER - 1)
        right = np.concatenate([s.old[low:stop], s.right[begin:end]]).astype(np.int64)
        return right, np.concatenate([s.old_at[low:stop], s.at[begin:end]])

    def drop(self, left: int) -> None:
        """Forget what a left row met."""
        now = self.stretches
        if left >= len(now.slot_of) or (now.slot_of[left] == 0 and left >= len(now.starts) - 1):
            return
        if now.slot_of[left] == 0:
            if now.used[SLOTS] >= len(now.begin):
                self._grow(left)
                now = self.stretches
            now.slot_of[left] = now.used[SLOTS] + 1
            now.used[SLOTS] += 1
        slot = now.slot_of[left] - 1
        now.kept[slot] = now.length[slot] = 0

    def fold(
        self,
    ) -> tuple[Int32[np.ndarray, " events"], Int32[np.ndarray, " events"], Int64[np.ndarray, " events"]]:
        """All events, by left row and then in order: left rows, right rows and times."""
        return _fold(self.stretches)

    def _grow(self, left: int) -> None:
        now = self.stretches
        slots = more(len(now.begin), int(now.used[SLOTS]) + 1)
        have = 1 + (int(now.starts[left + 1] - now.starts[left]) if left < len(now.starts) - 1 else 0)
        if left < len(now.slot_of) and now.slot_of[left] > 0:
            have += int(now.length[now.slot_of[left] - 1])
        arena = more(len(now.at), int(now.used[ARENA]) + 2 * have + 2**LEAST)
        self.stretches = now._replace(
            slot_of=longer(now.slot_of, more(len(now.slot_of), left + 1)),
            begin=longer(now.begin, slots),
            length=longer(now.length, slots),
            room=longer(now.room, slots),
            kept=longer(now.kept, slots),
            right=longer(now.right, arena),
            at=longer(now.at, arena),
        )


@nb.njit(cache=True)
def stretch_of(s: Stretches, left: int, anchor: int) -> tuple[int, int, int, int]:
    """A left row's events up to an anchor: [low, stop) of the batch, then [begin, end) of the arena."""
    low, high = 0, 0
    if left < len(s.starts) - 1:
        low, high = s.starts[left], s.starts[left + 1]
    slot = s.slot_of[left] - 1 if left < len(s.slot_of) else -1
    if slot < 0:
        return low, first_after(s.old_at, low, high, anchor), 0, 0
    stop = first_after(s.old_at, low, low + s.kept[slot], anchor)
    begin = s.begin[slot]
    return low, stop, begin, first_after(s.at, begin, begin + s.length[slot], anchor)


@nb.njit(cache=True)
def _put(
    s: Stretches, left: np.ndarray, right: np.ndarray, at: np.ndarray, order: np.ndarray, done: int
) -> int:  # fmt: skip
    for e in range(done, len(left)):
        if left[e] < 0 or at[e] == NEVER:
            continue
        if left[e] >= len(s.slot_of):
            return e
        slot = s.slot_of[left[e]] - 1
        low = high = 0
        if left[e] < len(s.starts) - 1:
            low, high = s.starts[left[e]], s.starts[left[e] + 1]
        if slot < 0:
            slot = s.used[SLOTS]
            if slot >= len(s.begin):
                return e
            s.used[SLOTS] += 1
            s.slot_of[left[e]] = slot + 1
            s.begin[slot] = s.length[slot] = s.room[slot] = 0
            s.kept[slot] = high - low
        if not _insert(s, low, slot, right[e], at[e], order):
            return e
    return len(left)


@nb.njit(cache=True)
def _after(moment: int, right: int, other: int, other_right: int, order: np.ndarray) -> bool:
    """Whether an event stands after another."""
    if moment != other:
        return moment > other
    mine = order[right] if right >= 0 else -1
    return mine >= (order[other_right] if other_right >= 0 else -1)


@nb.njit(cache=True)
def _insert(s: Stretches, low: int, slot: int, right: int, at: int, order: np.ndarray) -> bool:
    kept, length = s.kept[slot], s.length[slot]
    last = low + kept - 1
    whole = length == 0 or not _after(at, right, s.at[s.begin[slot]], s.right[s.begin[slot]], order)
    whole = whole and kept > 0 and not _after(at, right, s.old_at[last], s.old[last], order)
    events = length + 1 + (kept if whole else 0)
    if (whole or events > s.room[slot]) and not _move(s, low, slot, events, whole):
        return False
    begin = s.begin[slot]
    place = begin + s.length[slot]
    while place > begin and not _after(at, right, s.at[place - 1], s.right[place - 1], order):
        s.at[place], s.right[place] = s.at[place - 1], s.right[place - 1]
        place -= 1
    s.at[place], s.right[place] = at, right
    s.length[slot] += 1
    return True


@nb.njit(cache=True)
def _move(s: Stretches, low: int, slot: int, events: int, whole: bool) -> bool:
    """Into a larger block; `whole` takes the batch's events along. False where the arena is full."""
    begin, room = allocate(s.at, s.free, s.used, events)
    if begin < 0:
        return False
    shift = s.kept[slot] if whole else 0
    for e in range(shift):
        s.at[begin + e], s.right[begin + e] = s.old_at[low + e], s.old[low + e]
    for e in range(s.length[slot]):
        s.at[begin + shift + e] = s.at[s.begin[slot] + e]
        s.right[begin + shift + e] = s.right[s.begin[slot] + e]
    if s.room[slot] > 0:
        give_back(s.at, s.free, s.begin[slot], s.room[slot])
    s.begin[slot], s.room[slot] = begin, room
    if whole:
        s.kept[slot] = 0
        s.length[slot] += shift
    return True


@nb.njit(cache=True)
def _last(s: Stretches, left: int, anchor: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rights, when = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    found = 0
    if left < 0:
        return rights[:0], when[:0]
    low, stop, begin, end = stretch_of(s, left, anchor)
    for e in range(stop - low + end - begin):
        if found == n:
            break
        late = e < end - begin
        place = end - 1 - e if late else stop - 1 - (e - (end - begin))
        right, at = (s.right[place], s.at[place]) if late else (s.old[place], s.old_at[place])
        if right < 0:
            continue
        known = False
        for i in range(found):
            known |= rights[i] == right
        if not known:
            rights[found], when[found] = right, at
            found += 1
    return rights[:found], when[:found]


@nb.njit(cache=True)
def _fold(s: Stretches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lefts = max(len(s.starts) - 1, len(s.slot_of))
    total = 0
    for left in range(lefts):
        low, stop, begin, end = stretch_of(s, left, NEVER - 1)
        total += stop - low + end - begin
    who, right = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32)
    at = np.empty(total, dtype=np.int64)
    n = 0
    for left in range(lefts):
        low, stop, begin, end = stretch_of(s, left, NEVER - 1)
        for e in range(low, stop):
            who[n], right[n], at[n] = left, s.old[e], s.old_at[e]
            n += 1
        for e in range(begin, end):
            who[n], right[n], at[n] = left, s.right[e], s.at[e]
            n += 1
    return who, right, at
