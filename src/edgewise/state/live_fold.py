"""Kernels that make one timeline of a base and what lies over it."""

from __future__ import annotations

import numba as nb
import numpy as np

from edgewise.state.live_arrays import Base, Overlay

__all__ = ["fill_folded", "layout"]


@nb.njit(cache=True)
def layout(
    base: Base, overlay: Overlay, lefts: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Where each left row's pairs begin, and for each pair its place in the base, its slot and its events.

    Pairs that exist in name alone, without events, are left out.
    """
    most = len(base.right) + overlay.used[0]
    left_ptr = np.zeros(lefts + 1, dtype=np.int64)
    pairs, slots = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    sizes = np.empty(most, dtype=np.int64)
    n = 0
    for left in range(lefts):
        begin = end = 0
        if left < len(base.left_ptr) - 1:
            begin, end = base.left_ptr[left], base.left_ptr[left + 1]
        fresh = _fresh(overlay, left)
        f = 0
        for pair in range(begin, end + 1):
            while f < len(fresh) and (pair == end or overlay.right[fresh[f]] < base.right[pair]):
                if overlay.length[fresh[f]] > 0:
                    pairs[n], slots[n], sizes[n] = -1, fresh[f], overlay.length[fresh[f]]
                    n += 1
                f += 1
            if pair < end:
                slot = overlay.of_pair[pair] - 1
                pairs[n], slots[n], sizes[n] = pair, slot, base.event_ptr[pair + 1] - base.event_ptr[pair]
                if slot >= 0:
                    sizes[n] = overlay.kept[slot] + overlay.length[slot]
                n += sizes[n] > 0
        left_ptr[left + 1] = n
    return left_ptr, pairs[:n], slots[:n], sizes[:n]


@nb.njit(cache=True)
def _fresh(overlay: Overlay, left: int) -> np.ndarray:
    """The slots of a left row's new pairs, by right row."""
    n = 0
    slot = overlay.head[left] - 1 if left < len(overlay.head) else -1
    while slot >= 0:
        n += 1
        slot = overlay.chain[slot] - 1
    found = np.empty(n, dtype=np.int64)
    rights = np.empty(n, dtype=np.int64)
    slot = overlay.head[left] - 1 if left < len(overlay.head) else -1
    for i in range(n):
        found[i], rights[i] = slot, overlay.right[slot]
        slot = overlay.chain[slot] - 1
    return found[np.argsort(rights)]


@nb.njit(cache=True)
def fill_folded(
    base: Base, overlay: Overlay, pairs: np.ndarray, slots: np.ndarray, event_ptr: np.ndarray,
    right: np.ndarray, at: np.ndarray, decayed: np.ndarray, gap_squares: np.ndarray,
) -> None:  # fmt: skip
    """Copy every pair's events to their place."""
    for i in range(len(pairs)):
        pair, slot, to = pairs[i], slots[i], event_ptr[i]
        right[i] = base.right[pair] if pair >= 0 else overlay.right[slot]
        low = base.event_ptr[pair] if pair >= 0 else 0
        kept = base.event_ptr[pair + 1] - low if pair >= 0 else 0
        if slot >= 0:
            kept = overlay.kept[slot]
        for e in range(kept):
            at[to + e] = base.at[low + e]
            decayed[to + e] = base.decayed[low + e]
            if len(gap_squares) > 0:
                gap_squares[to + e] = base.gap_squares[low + e]
        if slot < 0:
            continue
        begin, to = overlay.begin[slot], to + kept
        for e in range(overlay.length[slot]):
            at[to + e] = overlay.at[begin + e]
            decayed[to + e] = overlay.decayed[begin + e]
            if len(gap_squares) > 0:
                gap_squares[to + e] = overlay.gap_squares[begin + e]
