"""The evidence sorted into timelines, once, for every channel, feature and baseline to read as of any anchor."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property

import numba as nb
import numpy as np
from jaxtyping import Float32, Int64

from edgewise.clock import ALWAYS, DAY
from edgewise.ids import MISSING
from edgewise.models.candidates.evidence import Evidence, Meetings, codes_over
from edgewise.models.candidates.item_graph import ItemGraph
from edgewise.state.pair import PairTimeline, pair_timeline

__all__ = ["HALF_LIVES", "AsOf", "best_rights"]

#: Days. Index 0 follows this week, 1 the month, 2 and 3 habits.
HALF_LIVES = (7.0, 30.0, 120.0, 365.0)

#: Item-item graphs kept at once.
MOST_GRAPHS = 4


class AsOf:
    """Timelines over the evidence up to `until`. Building is lazy; reading is safe for any anchor <= `until`.

    Item-item graphs are built for moments on a grid of so many microseconds: an anchor reads the last one at or
    before it, so that thousands of anchors need a few graphs, and a seed's graph does not depend on its batch.
    """

    def __init__(self, evidence: Evidence, until: int, grid: int = 1) -> None:
        self.evidence = evidence
        self.grid = grid
        self.until = until
        self._history = evidence.history.until(until)
        self._graphs: dict[tuple[Hashable, int], ItemGraph] = {}

    @property
    def history(self) -> Meetings:
        """The visible (entity, item) events in entity order, then time order."""
        return self._history

    @cached_property
    def starts(self) -> Int64[np.ndarray, "entities_plus_1"]:
        """Where each entity's events begin in the history."""
        return np.searchsorted(self._history.left, np.arange(self.evidence.entities + 1)).astype(np.int64)

    def item_graph(self, key: Hashable, moment: int, build: Callable[[int], ItemGraph]) -> ItemGraph:
        """The item-item graph of what was visible at a moment; the last few are kept."""
        if (key, moment) not in self._graphs:
            if len(self._graphs) >= MOST_GRAPHS:
                self._graphs.pop(next(iter(self._graphs)))
            self._graphs[key, moment] = build(moment)
        return self._graphs[key, moment]

    @cached_property
    def own(self) -> PairTimeline:
        """(entity, item)."""
        return self._timeline(self._history.left, self._history.right, self._history.at, self.evidence.entities)

    @cached_property
    def entity(self) -> PairTimeline:
        """(entity, 0): the distinct moments at which an entity did anything."""
        return self._timeline(
            self._history.left, np.zeros_like(self._history.left), self._history.at, self.evidence.entities
        )

    @cached_property
    def item(self) -> PairTimeline:
        """(0, item): every event counts."""
        nobody = np.zeros_like(self._history.left)
        return self._crowd(nobody, self._history.right, self._history.at, (1.0, 7.0, 30.0, 120.0))

    @cached_property
    def repeats(self) -> PairTimeline:
        """(0, item) at the moments when an entity met an item it had met before."""
        own = self.own
        first = np.zeros(len(own.at), dtype=bool)
        first[own.event_ptr[:-1]] = True
        item = np.repeat(own.right, np.diff(own.event_ptr))[~first].astype(np.int64)
        return self._crowd(np.zeros_like(item), item, own.at[~first], ())

    @cached_property
    def attributes(self) -> dict[str, PairTimeline]:
        """(entity, attribute value) by attribute."""
        left, item, at = self._history.left, self._history.right, self._history.at
        return {
            name: self._timeline(left, codes_over(codes, item), at, self.evidence.entities, (30.0, 120.0))
            for name, codes in self.evidence.attributes.items()
        }

    @cached_property
    def within(self) -> dict[str, PairTimeline]:
        """(attribute value, item) by attribute."""
        item, at = self._history.right, self._history.at
        return {
            name: self._crowd(codes_over(codes, item), item, at, (30.0,))
            for name, codes in self.evidence.attributes.items()
        }

    @cached_property
    def cohorts(self) -> dict[str, PairTimeline]:
        """(cohort, item) by cohort column."""
        entity, item, at = self._history.left, self._history.right, self._history.at
        return {
            name: self._crowd(codes_over(codes, entity), item, at, (7.0, 30.0))
            for name, codes in self.evidence.cohorts.items()
        }

    @cached_property
    def visits(self) -> dict[str, PairTimeline]:
        """(entity, place) by place table."""
        return {
            name: self._timeline(*_columns(m.until(self.until)), self.evidence.entities, (30.0,))
            for name, m in self.evidence.visits.items()
        }

    @cached_property
    def stocked(self) -> dict[str, PairTimeline]:
        """(place, item) by place table."""
        return {
            name: self._crowd(*_columns(m.until(self.until)), (7.0, 30.0))
            for name, m in self.evidence.stocked.items()
        }

    @cached_property
    def signals(self) -> dict[str, PairTimeline]:
        """(place or row 0, item) by signalling table."""
        return {name: self._crowd(*_columns(m.until(self.until)), ()) for name, m in self.evidence.signals.items()}

    def place_of(self, name: str, rows: np.ndarray, at: np.ndarray) -> Int64[np.ndarray, "n"]:
        """The place that each entity frequents as of its anchor (decayed visits); MISSING without any."""
        return best_rights(self.visits[name], rows, at, 0, 1)[0][:, 0]

    def _timeline(
        self,
        left: np.ndarray,
        right: np.ndarray,
        at: np.ndarray,
        rows: int,
        half_lives: tuple[float, ...] = HALF_LIVES,
    ) -> PairTimeline:
        return pair_timeline(left, right, at, left_rows=rows, half_lives=half_lives)

    def _crowd(
        self, left: np.ndarray, right: np.ndarray, at: np.ndarray, half_lives: tuple[float, ...]
    ) -> PairTimeline:
        """A timeline whose left rows stand for many entities: every event counts."""
        rows = int(left.max(initial=-1)) + 1
        return pair_timeline(left, right, at, left_rows=rows, half_lives=half_lives, merge=False)


def best_rights(
    timeline: PairTimeline, left: np.ndarray, at: np.ndarray, half_life: int, width: int
) -> tuple[Int64[np.ndarray, "n width"], Float32[np.ndarray, "n width"]]:
    """For each left row the rights with the highest decayed counts as of its anchor, best first.

    Ties go to the smaller row id; MISSING and 0 fill up. Rows that ask the same are answered once.
    """
    pairs = np.stack([np.asarray(left, np.int64), np.asarray(at, np.int64)], axis=1)
    distinct, where = np.unique(pairs, axis=0, return_inverse=True)
    items = np.full((len(distinct), width), MISSING, dtype=np.int64)
    scores = np.zeros((len(distinct), width), dtype=np.float32)
    _best(
        timeline.left_ptr, timeline.right, timeline.event_ptr, timeline.at, timeline.decayed[:, half_life],
        timeline.half_lives[half_life] * DAY, distinct[:, 0], distinct[:, 1], items, scores,
    )  # fmt: skip
    where = where.reshape(-1)
    return items[where], scores[where]


def _columns(meetings: Meetings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return meetings.left, meetings.right, meetings.at


@nb.njit(cache=True, parallel=True)
def _best(
    left_ptr: np.ndarray, rights: np.ndarray, event_ptr: np.ndarray, at: np.ndarray, decayed: np.ndarray,
    half_life: float, left: np.ndarray, anchor: np.ndarray, items: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    width = items.shape[1]
    for q in nb.prange(len(left)):
        if left[q] < 0 or left[q] >= len(left_ptr) - 1:
            continue
        begin, end = left_ptr[left[q]], left_ptr[left[q] + 1]
        worth = np.zeros(end - begin, dtype=np.float32)
        for pair in range(begin, end):
            low, high = event_ptr[pair], event_ptr[pair + 1]
            first = low
            while low < high:
                middle = (low + high) // 2
                if at[middle] <= anchor[q]:
                    low = middle + 1
                else:
                    high = middle
            if low > first:
                age = 0.0 if at[low - 1] == ALWAYS else float(anchor[q] - at[low - 1])
                worth[pair - begin] = decayed[low - 1] * 2.0 ** (-age / half_life)
        order = np.argsort(-worth, kind="mergesort")
        for r in range(min(width, end - begin)):
            if worth[order[r]] <= 0.0:
                break
            items[q, r] = rights[begin + order[r]]
            scores[q, r] = worth[order[r]]
