"""The evidence sorted into timelines, once, for every channel, feature and baseline to read as of any anchor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.models.candidates.evidence import Evidence, Meetings, codes_over
from edgewise.models.candidates.item_graph import ItemGraph, spread
from edgewise.state.pair import PairTimeline, Timeline, pair_timeline

if TYPE_CHECKING:
    from edgewise.models.candidates.shelf import Shelf

__all__ = ["HALF_LIVES", "AsOf", "Past"]

#: Days. Index 0 follows this week, 1 the month, 2 and 3 habits.
HALF_LIVES = (7.0, 30.0, 120.0, 365.0)

#: Item-item graphs kept at once.
MOST_GRAPHS = 8


class Past(NamedTuple):
    """What n entities met: `right[starts[e]:starts[e + 1]]` in time order for `e = place[i]`. `known` are their
    rows in tables, MISSING for someone who is in none."""

    place: Int64[np.ndarray, " n"]
    known: Int64[np.ndarray, " n"]
    starts: Int64[np.ndarray, " entities_plus_1"]
    right: np.ndarray
    at: np.ndarray


class AsOf:
    """Timelines over the evidence. Building is lazy; reading is safe for any anchor: nothing later is seen.

    Item-item graphs are built for moments on a grid of so many microseconds: an anchor reads the last one at or
    before it, so that thousands of anchors need a few graphs, and a seed's graph does not depend on its batch.

    What many entities make up together (`crowd`) can be another's: a narrower world, or one with other people in
    it, reads the same crowd.
    """

    def __init__(self, evidence: Evidence, grid: int = 1, crowd: AsOf | None = None) -> None:
        self.evidence = evidence
        self.grid = grid
        self._others = crowd  # None for itself: a world that held itself would outlive its last reader
        self._made: dict[Hashable, Any] = {}

    def narrowed(self) -> AsOf:
        """The same world to a model that counts the history alone: without attributes, places and signals."""
        whole = self.evidence
        found = AsOf(
            Evidence(whole.entities, whole.items, whole.history, {}, whole.cohorts), self.grid, self.crowd
        )
        found._made = self._made
        return found

    @property
    def made(self) -> Collection[Hashable]:
        """The names of the timelines that exist so far."""
        return self._made.keys()

    @property
    def history(self) -> Meetings:
        """The (entity, item) events in entity order, then time order."""
        return self.evidence.history

    @cached_property
    def starts(self) -> Int64[np.ndarray, " entities_plus_1"]:
        """Where each entity's events begin in the history."""
        return np.searchsorted(self.history.left, np.arange(self.evidence.entities + 1)).astype(np.int64)

    @property
    def crowd(self) -> AsOf:
        """The world whose entities make up what is popular, met together, in stock."""
        return self if self._others is None else self._others

    def item_graph(self, key: Hashable, moment: int, build: Callable[[int], ItemGraph]) -> ItemGraph:
        """The item-item graph of what was visible at a moment; the last few are kept."""
        if self._others is not None:
            return self._others.item_graph(key, moment, build)
        made: dict[Hashable, ItemGraph] = self._made.setdefault("graphs", {})
        if (key, moment) not in made:
            if len(made) >= MOST_GRAPHS:
                made.pop(next(iter(made)))
            made[key, moment] = build(moment)
        return made[key, moment]

    def shelf(self, liking: Hashable, moment: int, build: Callable[[int], Shelf]) -> Shelf | None:
        """The newcomers as of a moment; the last few are kept. None where a world knows none."""
        made: dict[Hashable, Shelf] = self.crowd._made.setdefault("shelves", {})
        if (liking, moment) not in made:
            if len(made) >= MOST_GRAPHS:
                made.pop(next(iter(made)))
            made[liking, moment] = build(moment)
        return made[liking, moment]

    def past(self, rows: Int64[np.ndarray, " n"]) -> Past:
        """What entities met, as arrays for kernels."""
        met = self.history
        return Past(np.asarray(rows, np.int64), np.asarray(rows, np.int64), self.starts, met.right, met.at)

    def spread(
        self,
        graph: ItemGraph,
        rows: np.ndarray,
        at: np.ndarray,
        *,
        width: int,
        recent: int,
        fade: float,
        known: bool,
    ) -> tuple[Int64[np.ndarray, "n width"], Float32[np.ndarray, "n width"]]:
        """Items scored by an item-item graph from each entity's latest items; see `item_graph.spread`."""
        return spread(
            graph, self.history, rows, at, self.starts, width=width, recent=recent, fade=fade, known=known
        )

    @property
    def own(self) -> Timeline:
        """(entity, item)."""
        met = self.history
        return self._once("own", lambda: self._people(met.left, met.right, met.at))

    @property
    def entity(self) -> Timeline:
        """(entity, 0): the distinct moments at which an entity did anything."""
        met = self.history
        return self._once("entity", lambda: self._people(met.left, np.zeros_like(met.left), met.at))

    @property
    def item(self) -> Timeline:
        """(0, item): every event counts."""
        met = self.crowd.history
        return self._shared(
            "item", lambda: _crowd(np.zeros_like(met.left), met.right, met.at, (1.0, 7.0, 30.0, 120.0))
        )

    @property
    def repeats(self) -> Timeline:
        """(0, item) at the moments when an entity met an item it had met before."""

        def build() -> Timeline:
            own = self.crowd.own
            assert isinstance(own, PairTimeline)  # a live world is given its repeats
            first = np.zeros(len(own.at), dtype=bool)
            first[own.event_ptr[:-1]] = True
            item = np.repeat(own.right, np.diff(own.event_ptr))[~first]
            return _crowd(np.zeros_like(item), item, own.at[~first], ())

        return self._shared("repeats", build)

    def attribute(self, name: str) -> Timeline:
        """(entity, value of an attribute)."""
        met, codes = self.history, self.evidence.attributes[name]
        return self._once(
            ("attribute", name),
            lambda: self._people(met.left, codes_over(codes, met.right), met.at, (30.0, 120.0)),
        )

    def within(self, name: str) -> Timeline:
        """(value of an attribute, item)."""
        met, codes = self.crowd.history, self.evidence.attributes[name]
        return self._shared(
            ("within", name), lambda: _crowd(codes_over(codes, met.right), met.right, met.at, (30.0,))
        )

    def cohort(self, name: str) -> Timeline:
        """(cohort, item) for a cohort column."""
        met, codes = self.crowd.history, self.crowd.evidence.cohorts[name]
        return self._shared(
            ("cohort", name), lambda: _crowd(codes_over(codes, met.left), met.right, met.at, (7.0, 30.0))
        )

    def visits(self, place: str) -> Timeline:
        """(entity, place) for a place table."""
        met = self.evidence.visits[place]
        return self._once(("visits", place), lambda: self._people(met.left, met.right, met.at, (30.0,)))

    def stocked(self, place: str) -> Timeline:
        """(place, item) for a place table."""
        met = self.crowd.evidence.stocked[place]
        return self._shared(("stocked", place), lambda: _crowd(met.left, met.right, met.at, (7.0, 30.0)))

    def signal(self, table: str) -> Timeline:
        """(place or row 0, item) for a signalling table."""

        def build() -> Timeline:
            met = self.crowd.evidence.signals[table]  # read from the graph: not to be asked for twice
            return _crowd(met.left, met.right, met.at, ())

        return self._shared(("signal", table), build)

    def place_of(self, name: str, rows: np.ndarray, at: np.ndarray) -> Int64[np.ndarray, " n"]:
        """The place that each entity frequents as of its anchor (decayed visits); MISSING without any."""
        return self.visits(name).best(rows, at, 0, 1)[0][:, 0]

    def _once(self, key: Hashable, build: Callable[[], Timeline]) -> Timeline:
        if key not in self._made:
            self._made[key] = build()
        made: Timeline = self._made[key]
        return made

    def _shared(self, key: Hashable, build: Callable[[], Timeline]) -> Timeline:
        return self.crowd._once(key, build)

    def _people(
        self, left: np.ndarray, right: np.ndarray, at: np.ndarray, half_lives: tuple[float, ...] = HALF_LIVES
    ) -> Timeline:
        return pair_timeline(left, right, at, left_rows=self.evidence.entities, half_lives=half_lives)


def _crowd(left: np.ndarray, right: np.ndarray, at: np.ndarray, half_lives: tuple[float, ...]) -> Timeline:
    """A timeline whose left rows stand for many entities: every event counts."""
    rows = int(left.max(initial=-1)) + 1
    return pair_timeline(left, right, at, left_rows=rows, half_lives=half_lives, merge=False)
