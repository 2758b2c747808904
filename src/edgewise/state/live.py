"""A timeline that grows: the live twin of `PairTimeline`.

Below lies a timeline built in a batch, which never changes and may lie in a file; above it the pairs touched
since. An event costs O(1), whatever the history: one search, one step of the recurrence that the batch runs. A
late event costs the events of its own pair that came after it. Reading is the same function as in a batch, and
sees nothing after its anchor.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int8, Int64

from edgewise.clock import ALWAYS, DAY
from edgewise.ids import MISSING
from edgewise.state.fixed import fixed
from edgewise.state.live_arrays import base_arrays, empty_overlay, grown
from edgewise.state.live_fold import fill_folded, layout
from edgewise.state.live_kernels import AGAIN, empty, events_of, put, read_live
from edgewise.state.live_stack import Held
from edgewise.state.live_top import best_live, empty_top, lift, with_list
from edgewise.state.pair import PairReading, PairTimeline

__all__ = ["Became", "LiveTimeline"]


class Became(NamedTuple):
    """What became of events: see `live_kernels` for the codes. `first` is the pair's first time before each."""

    code: Int8[np.ndarray, " events"]
    first: Int64[np.ndarray, " events"]

    def repeats(self, at: Int64[np.ndarray, " events"]) -> tuple[np.ndarray, Int64[np.ndarray, " events"]]:
        """Which events made a pair meet once more, and when: a late first makes the former first a repeat."""
        again = self.code == AGAIN
        return again, np.maximum(at, self.first)[again]


class LiveTimeline:
    """A timeline and the events since. `merge` as the timeline was built: see `pair_timeline`.

    With `crowd`, left rows stand for many, and the best of those asked about are kept in order.
    """

    def __init__(self, base: PairTimeline, *, merge: bool, crowd: bool = False) -> None:
        self._base = base_arrays(base)
        self._halves = np.asarray(base.half_lives, dtype=np.float64)
        self._micros = self._halves * DAY
        self._merge = merge
        self._overlay = empty_overlay(self._base, merge)
        self._top = empty_top(len(self._halves))
        self._listed = crowd and len(self._halves) > 0 and _ages(base.at)
        self._held = Held(self._base, self._overlay, self._top, fixed(self._halves), fixed(self._micros))

    @property
    def held(self) -> Held:
        """The state as kernels read it: another tuple whenever its arrays have become others."""
        if self._held.overlay is not self._overlay or self._held.top is not self._top:
            self._held = self._held._replace(overlay=self._overlay, top=self._top)
        return self._held

    def list_best(self, left: Int64[np.ndarray, " n"]) -> None:
        """Keep the best of left rows in order, where rows stand for many: `best` does so for those asked about."""
        if self._listed:
            self._list(left)

    @property
    def half_lives(self) -> Float64[np.ndarray, " half_lives"]:
        """The half-lives of the decayed counts, in days."""
        return self._halves

    def observe(
        self,
        left: Int64[np.ndarray, " events"],
        right: Int64[np.ndarray, " events"],
        at: Int64[np.ndarray, " events"],
    ) -> Became:
        """Let events happen, in any order. Negative row ids and the time NEVER are left out, as in a batch."""
        n = len(left)
        became, slots = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int64)
        first = np.zeros(n, dtype=np.int64)
        if n == 0:
            return Became(became, first)
        if self._listed and bool((at == ALWAYS).any()):
            self._listed, self._top = False, empty_top(len(self._halves))
        done = 0
        while done < n:
            began = done
            done = put(
                self._base, self._overlay, self._micros, self._merge, left, right, at, began, became, first, slots
            )
            if self._listed:
                lift(
                    self._top, self._base, self._overlay, self._micros, left, right, at, began, done, became, slots
                )
            if done < n:
                self._overlay = grown(
                    self._overlay, int(left[done]), events_of(self._base, self._overlay, left[done], right[done])
                )
        return Became(became, first)

    def drop(self, left: int) -> None:
        """Forget all pairs of a left row."""
        while not empty(self._base, self._overlay, left):
            self._overlay = grown(self._overlay, left, 1)

    def read(
        self,
        left: Int64[np.ndarray, " n"],
        right: Int64[np.ndarray, " n"],
        anchor: Int64[np.ndarray, " n"],
        windows: PairReading,
    ) -> Float32[np.ndarray, "n features"]:
        """The state of pairs as of their anchors, as `PairTimeline.read` gives it."""
        if windows.rhythm and not self._merge:
            raise ValueError("events of many have no rhythm: build the timeline with merge=True")
        out = np.zeros((len(left), windows.width(len(self._halves))), dtype=np.float32)
        read_live(
            self._base, self._overlay, self._halves, np.asarray(left, np.int64), np.asarray(right, np.int64),
            np.asarray(anchor, np.int64), _lengths(windows.days), windows.rhythm, out,
        )  # fmt: skip
        return out

    def best(
        self, left: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], half_life: int, width: int
    ) -> tuple[Int64[np.ndarray, "n width"], Float32[np.ndarray, "n width"]]:
        """The rights with the highest decayed counts, as `PairTimeline.best` gives them."""
        left, at = np.asarray(left, np.int64), np.asarray(at, np.int64)
        items = np.full((len(left), width), MISSING, dtype=np.int64)
        scores = np.zeros((len(left), width), dtype=np.float32)
        self.list_best(left)
        best_live(
            self._base, self._overlay, self._top, half_life, self._micros[half_life], left, at, items, scores
        )
        return items, scores

    def fold(self) -> PairTimeline:
        """The state as one timeline, as a batch would build it of all events."""
        base = self._base
        lefts = max(len(base.left_ptr) - 1, len(self._overlay.head))
        left_ptr, pairs, slots, sizes = layout(base, self._overlay, lefts)
        event_ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        right = np.zeros(len(pairs), dtype=np.int32)
        at = np.zeros(event_ptr[-1], dtype=np.int64)
        decayed = np.zeros((event_ptr[-1], len(self._halves)), dtype=np.float32)
        gap_squares = np.zeros(event_ptr[-1] if self._merge else 0, dtype=np.float32)
        fill_folded(base, self._overlay, pairs, slots, event_ptr, right, at, decayed, gap_squares)
        return PairTimeline(left_ptr, right, event_ptr, at, decayed, gap_squares, self._halves)

    def _list(self, left: np.ndarray) -> None:
        """Lists for the left rows that have none yet, where there is anything to list."""
        for row in left.tolist():
            known = row < len(self._base.left_ptr) - 1 or row < len(self._overlay.head)
            listed = row < len(self._top.of_left) and self._top.of_left[row] > 0
            if row >= 0 and known and not listed:
                self._top = with_list(self._top, self._base, self._overlay, self._micros, row)


@lru_cache(256)
def _lengths(days: tuple[float, ...]) -> np.ndarray:
    """Windows in microseconds."""
    return fixed(np.asarray(days, np.float64) * DAY)


def _ages(at: np.ndarray) -> bool:
    """Whether all events have times: those that always were do not fade, so that the order would not stand."""
    return not bool((at == ALWAYS).any())
