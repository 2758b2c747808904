"""Kernels of a live timeline. The recurrence and the readings are those of `pair.py`, over two stretches of
events: the pair's own in the base, then its block in the overlay."""

from __future__ import annotations

import numba as nb
import numpy as np

from edgewise.clock import ALWAYS, DAY, NEVER
from edgewise.state.inner import inner
from edgewise.state.live_arrays import HASHED, SLOTS, Base, Overlay, allocate, find_pair, give_back, hash_place
from edgewise.state.pair import days_between, first_after, rhythm_of

__all__ = [
    "AGAIN",
    "FIRST",
    "KNOWN",
    "LEFT_OUT",
    "empty",
    "events_of",
    "latest_worth",
    "put",
    "read_live",
    "read_pair",
    "worths",
]

#: What became of an event: left out, known already, the pair's first, or one more of the pair.
LEFT_OUT, KNOWN, FIRST, AGAIN = 0, 1, 2, 3


@nb.njit(cache=True)
def put(
    base: Base, overlay: Overlay, half_lives: np.ndarray, merge: bool, left: np.ndarray, right: np.ndarray,
    at: np.ndarray, begin: int, became: np.ndarray, first: np.ndarray, slots: np.ndarray,
) -> int:  # fmt: skip
    """Add events from `begin` on; how many are done when there is no more room, or all.

    `became[e]` is one of the codes above, `first[e]` the time of the pair's first event before this one came,
    and `slots[e]` the pair's slot.
    """
    for e in range(begin, len(left)):
        became[e], slots[e] = LEFT_OUT, -1
        if left[e] < 0 or right[e] < 0 or at[e] == NEVER:
            continue
        pair, slot = find_pair(base, overlay, left[e], right[e])
        if slot < 0:
            slot = _open(base, overlay, pair, left[e], right[e])
            if slot < 0:
                return e
        low = base.event_ptr[pair] if pair >= 0 else 0
        first[e] = NEVER
        if overlay.kept[slot] > 0:
            first[e] = base.at[low]
        elif overlay.length[slot] > 0:
            first[e] = overlay.at[overlay.begin[slot]]
        done = _insert(base, overlay, half_lives, merge, low, slot, at[e])
        if done < 0:
            return e
        became[e], slots[e] = done if done == KNOWN else (FIRST if first[e] == NEVER else AGAIN), slot
    return len(left)


@nb.njit(cache=True)
def events_of(base: Base, overlay: Overlay, left: int, right: int) -> int:
    """How many events a pair may need room for, with one more."""
    pair, slot = find_pair(base, overlay, left, right)
    have = 1
    if pair >= 0:
        have += base.event_ptr[pair + 1] - base.event_ptr[pair]
    if slot >= 0:
        have += overlay.length[slot]
    return have


@nb.njit(cache=True)
def empty(base: Base, overlay: Overlay, left: int) -> bool:
    """Take all events from a left row's pairs; false where there is no room for their slots."""
    if left >= len(overlay.head):
        return left >= len(base.left_ptr) - 1
    if left < len(base.left_ptr) - 1:
        for pair in range(base.left_ptr[left], base.left_ptr[left + 1]):
            slot = overlay.of_pair[pair] - 1
            if slot < 0:
                slot = _open(base, overlay, pair, left, base.right[pair])
            if slot < 0:
                return False
            overlay.kept[slot] = overlay.length[slot] = 0
    slot = overlay.head[left] - 1
    while slot >= 0:
        overlay.kept[slot] = overlay.length[slot] = 0
        slot = overlay.chain[slot] - 1
    return True


@inner
def _open(base: Base, overlay: Overlay, pair: int, left: int, right: int) -> int:
    """A slot for a pair that has none; -1 where there is no room."""
    slot = overlay.used[SLOTS]
    if slot >= len(overlay.right) or left >= len(overlay.head):
        return -1
    if pair < 0:
        if 2 * (overlay.used[HASHED] + 1) > len(overlay.keys):
            return -1
        key = (np.int64(left) << 32) | np.int64(right)
        place = hash_place(overlay.keys, key)
        overlay.keys[place], overlay.places[place] = key, slot
        overlay.used[HASHED] += 1
        overlay.chain[slot], overlay.head[left] = overlay.head[left], slot + 1
        overlay.kept[slot] = 0
    else:
        overlay.of_pair[pair] = slot + 1
        overlay.kept[slot] = base.event_ptr[pair + 1] - base.event_ptr[pair]
    overlay.right[slot] = right
    overlay.begin[slot] = overlay.length[slot] = overlay.room[slot] = 0
    overlay.used[SLOTS] += 1
    return slot


@inner
def _insert(
    base: Base, overlay: Overlay, half_lives: np.ndarray, merge: bool, low: int, slot: int, moment: int
) -> int:  # fmt: skip
    """Put an event where its time belongs and run the sums on from there: KNOWN, AGAIN, or -1 without room."""
    kept, length = overlay.kept[slot], overlay.length[slot]
    place = length
    begin = overlay.begin[slot]
    while place > 0 and overlay.at[begin + place - 1] > moment:
        place -= 1
    if place == 0 and kept > 0 and moment < base.at[low + kept - 1]:
        found = first_after(base.at, low, low + kept, moment)
        if merge and found > low and base.at[found - 1] == moment:
            return KNOWN
        if not _make_room(base, overlay, low, slot, kept + length + 1, np.bool_(True)):
            return -1
        place, kept, length = found - low, 0, kept + length
    else:
        before = overlay.at[begin + place - 1] if place > 0 else (base.at[low + kept - 1] if kept > 0 else NEVER)
        if merge and before == moment:
            return KNOWN
        if not _make_room(base, overlay, low, slot, length + 1, np.bool_(False)):
            return -1
    begin = overlay.begin[slot]
    for e in range(begin + length, begin + place, -1):
        overlay.at[e] = overlay.at[e - 1]
    overlay.at[begin + place] = moment
    overlay.length[slot] = length + 1
    for e in range(begin + place, begin + length + 1):
        _run_on(base, overlay, half_lives, merge, low + kept - 1 if kept > 0 else -1, begin, e)
    return AGAIN


@inner
def _run_on(
    base: Base, overlay: Overlay, half_lives: np.ndarray, merge: bool, last: int, begin: int, e: int
) -> None:  # fmt: skip
    """The sums at event `e` of a block from those before it; `last` is the last base event, -1 without one."""
    alone = e == begin and last < 0
    gap = 0.0
    if not alone:
        gap = days_between(overlay.at[e], base.at[last] if e == begin else overlay.at[e - 1])
    if merge:
        before = np.float32(0.0)
        if not alone:
            before = base.gap_squares[last] if e == begin else overlay.gap_squares[e - 1]
        overlay.gap_squares[e] = before + gap * gap
    for h in range(len(half_lives)):
        if alone:
            overlay.decayed[e, h] = 1.0
        else:
            sum_before = base.decayed[last, h] if e == begin else overlay.decayed[e - 1, h]
            overlay.decayed[e, h] = sum_before * 2.0 ** (-gap * DAY / half_lives[h]) + 1.0


@inner
def _make_room(base: Base, overlay: Overlay, low: int, slot: int, events: int, whole: bool) -> bool:
    """A block for so many events, with what the pair had; `whole` moves its base events in front of them."""
    length, kept = overlay.length[slot], overlay.kept[slot]
    if events <= overlay.room[slot] and not whole:
        return True
    begin, room = allocate(overlay.at, overlay.free, overlay.used, events)
    if begin < 0:
        return False
    shift = kept if whole else 0
    for e in range(shift):
        overlay.at[begin + e] = base.at[low + e]
        _copy_sums(base.decayed, base.gap_squares, low + e, overlay.decayed, overlay.gap_squares, begin + e)
    old = overlay.begin[slot]
    for e in range(length):
        overlay.at[begin + shift + e] = overlay.at[old + e]
        _copy_sums(
            overlay.decayed, overlay.gap_squares, old + e, overlay.decayed, overlay.gap_squares, begin + shift + e
        )
    if overlay.room[slot] > 0:
        give_back(overlay.at, overlay.free, old, overlay.room[slot])
    overlay.begin[slot], overlay.room[slot] = begin, room
    if whole:
        overlay.kept[slot], overlay.length[slot] = 0, kept + length
    return True


@inner
def _copy_sums(
    decayed: np.ndarray, squares: np.ndarray, source: int, to_decayed: np.ndarray, to_squares: np.ndarray, to: int
) -> None:  # fmt: skip
    for h in range(decayed.shape[1]):
        to_decayed[to, h] = decayed[source, h]
    if len(to_squares) > 0:
        to_squares[to] = squares[source]


@nb.njit(cache=True)
def read_live(
    base: Base, overlay: Overlay, half_lives: np.ndarray, left: np.ndarray, right: np.ndarray,
    anchor: np.ndarray, windows: np.ndarray, rhythm: bool, out: np.ndarray,
) -> None:  # fmt: skip
    """The state of pairs as of their anchors; `PairTimeline.read` over two stretches."""
    for q in range(len(left)):
        read_pair(base, overlay, half_lives, left[q], right[q], anchor[q], windows, rhythm, out[q])


@inner
def read_pair(
    base: Base, overlay: Overlay, half_lives: np.ndarray, left: int, right: int, anchor: int,
    windows: np.ndarray, rhythm: bool, out: np.ndarray,
) -> None:  # fmt: skip
    """The state of one pair, into a row of zeros."""
    W, H = len(windows), len(half_lives)
    if rhythm:
        out[1 + W + H :] = np.nan
    if left < 0 or right < 0:
        return
    pair, slot = find_pair(base, overlay, left, right)
    low, kept, begin, length = _stretches(base, overlay, pair, slot)
    stop = first_after(base.at, low, low + kept, anchor)
    end = first_after(overlay.at, begin, begin + length, anchor)
    count = stop - low + end - begin
    if count == 0:
        return
    out[0] = count
    near, late = stop, end
    for w in range(W):
        since = np.int64(anchor - windows[w])
        if w > 0 and windows[w] < windows[w - 1]:
            near, late = stop, end
        near = _first_since(base.at, low, near, since)  # a wider window begins at or before a narrower one
        late = _first_since(overlay.at, begin, late, since)
        out[1 + w] = stop - near + end - late
    last = overlay.at[end - 1] if end > begin else base.at[stop - 1]
    age = days_between(anchor, last)
    for h in range(H):
        sums = overlay.decayed[end - 1, h] if end > begin else base.decayed[stop - 1, h]
        out[1 + W + h] = sums * 2.0 ** (-age / half_lives[h])
    if rhythm:
        squares = overlay.gap_squares[end - 1] if end > begin else base.gap_squares[stop - 1]
        first = base.at[low] if stop > low else overlay.at[begin]
        rhythm_of(first, last, count, squares, anchor, out[1 + W + H :])


@inner
def _first_since(at: np.ndarray, low: int, high: int, since: int) -> int:
    """`first_after`, which need not search where all events are later: wide windows often hold a whole past."""
    return low if low < high and at[low] > since else first_after(at, low, high, since)


@inner
def _stretches(base: Base, overlay: Overlay, pair: int, slot: int) -> tuple[int, int, int, int]:
    """Where a pair's base events begin and how many count, and the same of its block."""
    low = base.event_ptr[pair] if pair >= 0 else 0
    kept = base.event_ptr[pair + 1] - low if pair >= 0 else 0
    if slot < 0:
        return low, kept, 0, 0
    return low, overlay.kept[slot], overlay.begin[slot], overlay.length[slot]


@inner
def latest_worth(
    base: Base, overlay: Overlay, h: int, half_life: float, pair: int, slot: int, anchor: int
) -> np.float32:  # fmt: skip
    """A pair's decayed count as of an anchor; 0 where it had not met by then. `half_life` is in microseconds."""
    low, kept, begin, length = _stretches(base, overlay, pair, slot)
    end = first_after(overlay.at, begin, begin + length, anchor)
    if end > begin:
        last, sums = overlay.at[end - 1], overlay.decayed[end - 1, h]
    else:
        stop = first_after(base.at, low, low + kept, anchor)
        if stop == low:
            return np.float32(0.0)
        last, sums = base.at[stop - 1], base.decayed[stop - 1, h]
    age = 0.0 if last == ALWAYS else float(anchor - last)
    return np.float32(sums * 2.0 ** (-age / half_life))


@inner
def worths(
    base: Base, overlay: Overlay, h: int, half_life: float, left: int, anchor: int
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The rights of all pairs of a left row and what they are worth as of an anchor."""
    begin = end = 0
    if left < len(base.left_ptr) - 1:
        begin, end = base.left_ptr[left], base.left_ptr[left + 1]
    fresh = 0
    slot = overlay.head[left] - 1 if left < len(overlay.head) else -1
    while slot >= 0:
        fresh += 1
        slot = overlay.chain[slot] - 1
    rights = np.empty(end - begin + fresh, dtype=np.int64)
    worth = np.zeros(end - begin + fresh, dtype=np.float32)
    for pair in range(begin, end):
        rights[pair - begin] = base.right[pair]
        worth[pair - begin] = latest_worth(base, overlay, h, half_life, pair, overlay.of_pair[pair] - 1, anchor)
    slot = overlay.head[left] - 1 if left < len(overlay.head) else -1
    for place in range(end - begin, end - begin + fresh):
        rights[place] = overlay.right[slot]
        worth[place] = latest_worth(base, overlay, h, half_life, np.int64(-1), slot, anchor)
        slot = overlay.chain[slot] - 1
    return rights, worth
