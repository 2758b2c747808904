"""The arrays of a live timeline: what was built in a batch, and what has come since. Blocks of a shared arena."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np

from edgewise.state.fixed import fixed
from edgewise.state.inner import inner
from edgewise.state.pair import PairTimeline, find_right

__all__ = [
    "ARENA",
    "HASHED",
    "LEAST",
    "SIZES",
    "SLOTS",
    "Base",
    "Overlay",
    "allocate",
    "base_arrays",
    "empty_overlay",
    "find_pair",
    "give_back",
    "grown",
    "hash_place",
    "longer",
    "more",
]

#: Positions in `Overlay.used`: slots, arena, entries of the hash table.
SLOTS, ARENA, HASHED = 0, 1, 2
#: The smallest block of events, as a power of two, and how many sizes of block there are.
LEAST, SIZES = 0, 48


class Base(NamedTuple):
    """The arrays of a `PairTimeline`, read-only, so that a file can hold them."""

    left_ptr: np.ndarray
    right: np.ndarray
    event_ptr: np.ndarray
    at: np.ndarray
    decayed: np.ndarray
    gap_squares: np.ndarray


class Overlay(NamedTuple):
    """The pairs touched since. A slot holds one pair's later events as a block of the arena, in time order.

    `of_pair[p]` is the slot of base pair `p`, plus one; `head[l]` the latest new pair of left row `l`, plus one,
    which `chain` leads on from; `keys` and `places` are an open-addressing table of the new pairs. `kept[s]` is
    how many base events still count: none once a late event has moved the whole pair into the arena.
    """

    of_pair: np.ndarray
    head: np.ndarray
    keys: np.ndarray
    places: np.ndarray
    right: np.ndarray
    chain: np.ndarray
    begin: np.ndarray
    length: np.ndarray
    room: np.ndarray
    kept: np.ndarray
    at: np.ndarray
    decayed: np.ndarray
    gap_squares: np.ndarray
    free: np.ndarray
    used: np.ndarray


def base_arrays(timeline: PairTimeline) -> Base:
    """The arrays of a timeline, as kernels want them."""
    return Base(
        fixed(timeline.left_ptr), fixed(timeline.right), fixed(timeline.event_ptr), fixed(timeline.at),
        fixed(timeline.decayed), fixed(timeline.gap_squares),
    )  # fmt: skip


def empty_overlay(base: Base, rhythm: bool) -> Overlay:
    """An overlay of nothing; it grows by doubling."""
    slots, arena, lefts = 64, 256, max(len(base.left_ptr) - 1, 1)
    return Overlay(
        of_pair=np.zeros(len(base.right), dtype=np.int32),
        head=np.zeros(lefts, dtype=np.int32),
        keys=np.full(2 * slots, -1, dtype=np.int64),
        places=np.zeros(2 * slots, dtype=np.int32),
        right=np.zeros(slots, dtype=np.int32),
        chain=np.zeros(slots, dtype=np.int32),
        begin=np.zeros(slots, dtype=np.int64),
        length=np.zeros(slots, dtype=np.int64),
        room=np.zeros(slots, dtype=np.int64),
        kept=np.zeros(slots, dtype=np.int64),
        at=np.zeros(arena, dtype=np.int64),
        decayed=np.zeros((arena, base.decayed.shape[1]), dtype=np.float32),
        gap_squares=np.zeros(arena if rhythm else 0, dtype=np.float32),
        free=np.zeros(SIZES, dtype=np.int64),
        used=np.zeros(3, dtype=np.int64),
    )


def grown(overlay: Overlay, left: int, events: int) -> Overlay:
    """The overlay with room for an event of a left row whose pair may need a block of `events`."""
    slots = more(len(overlay.right), int(overlay.used[SLOTS]) + 1)
    arena = more(len(overlay.at), int(overlay.used[ARENA]) + 2 * events + 2**LEAST)
    rhythm = len(overlay.gap_squares) > 0 or len(overlay.at) == 0
    keys, places = overlay.keys, overlay.places
    if 2 * (int(overlay.used[HASHED]) + 1) > len(keys):
        keys, places = np.full(2 * len(keys), -1, dtype=np.int64), np.zeros(2 * len(places), dtype=np.int32)
        _rehash(overlay.keys, overlay.places, keys, places)
    return overlay._replace(
        head=longer(overlay.head, more(len(overlay.head), left + 1)),
        keys=keys,
        places=places,
        right=longer(overlay.right, slots),
        chain=longer(overlay.chain, slots),
        begin=longer(overlay.begin, slots),
        length=longer(overlay.length, slots),
        room=longer(overlay.room, slots),
        kept=longer(overlay.kept, slots),
        at=longer(overlay.at, arena),
        decayed=longer(overlay.decayed, arena),
        gap_squares=longer(overlay.gap_squares, arena) if rhythm else overlay.gap_squares,
    )


def more(size: int, least: int) -> int:
    """A size of at least `least`, doubled as often as needed."""
    while size < least:
        size *= 2
    return size


def longer(array: np.ndarray, size: int) -> np.ndarray:
    """The array, or a longer copy of it that ends in zeros."""
    if len(array) >= size:
        return array
    found = np.zeros((size, *array.shape[1:]), dtype=array.dtype)
    found[: len(array)] = array
    return found


@nb.njit(cache=True)
def _rehash(keys: np.ndarray, places: np.ndarray, new_keys: np.ndarray, new_places: np.ndarray) -> None:
    for i in range(len(keys)):
        if keys[i] >= 0:
            place = hash_place(new_keys, keys[i])
            new_keys[place] = keys[i]
            new_places[place] = places[i]


@nb.njit(cache=True)
def hash_place(keys: np.ndarray, key: int) -> int | np.int64:
    """Where a key is in an open-addressing table whose size is a power of two, or where it belongs."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    place = np.int64((mixed >> np.uint64(20)) & np.uint64(len(keys) - 1))
    while keys[place] != -1 and keys[place] != key:
        place = (place + 1) & (len(keys) - 1)
    return place


@inner
def find_pair(base: Base, overlay: Overlay, left: int, right: int) -> tuple[int, int]:
    """A pair's position in the base and its slot; -1 for neither."""
    if left < len(base.left_ptr) - 1:
        pair = find_right(base.right, base.left_ptr[left], base.left_ptr[left + 1], right)
        if pair >= 0:
            return pair, overlay.of_pair[pair] - 1
    if left >= len(overlay.head) or overlay.head[left] == 0:
        return -1, -1
    place = hash_place(overlay.keys, (np.int64(left) << 32) | np.int64(right))
    if overlay.keys[place] == -1:
        return -1, -1
    return -1, overlay.places[place]


@inner
def allocate(at: np.ndarray, free: np.ndarray, used: np.ndarray, events: int) -> tuple[int, int]:
    """A block for so many events: where it begins and how many it holds; (-1, 0) where the arena is full."""
    size = LEAST
    while (1 << size) < events:
        size += 1
    if free[size] > 0:
        begin = free[size] - 1
        free[size] = at[begin]
        return begin, 1 << size
    begin = used[ARENA]
    if begin + (1 << size) > len(at):
        return -1, 0
    used[ARENA] = begin + (1 << size)
    return begin, 1 << size


@inner
def give_back(at: np.ndarray, free: np.ndarray, begin: int, room: int) -> None:
    """Keep a block for the next pair of its size: its first time leads to the one before it."""
    size = LEAST
    while (1 << size) < room:
        size += 1
    at[begin] = free[size]
    free[size] = begin + 1
