"""The live twin of a ranking's world: every timeline that channels and features read, changed by events."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32, Int32, Int64

from edgewise.clock import ALWAYS, SECOND
from edgewise.errors import InternalError
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf, Past
from edgewise.models.candidates.evidence import Content, Evidence, Meetings, codes_over
from edgewise.models.candidates.item_graph import ItemGraph
from edgewise.models.candidates.shelf import Shelf
from edgewise.prediction.online.spread import spread_live
from edgewise.state.fixed import fixed
from edgewise.state.live import LiveTimeline
from edgewise.state.live_arrays import more
from edgewise.state.live_recent import LiveRecent
from edgewise.state.pair import PairTimeline, pair_timeline

__all__ = ["LiveWorld", "WorldData"]

#: Timelines whose left row is one entity; those of others stand for many.
_PEOPLE = ("own", "entity", "attribute", "visits")
_NOTHING = np.zeros(0, dtype=np.int64)
_NO_EVENTS = Meetings(_NOTHING, _NOTHING, _NOTHING)


@dataclass(frozen=True, slots=True)
class WorldData:
    """What a world was when it was built: arrays that may lie in files.

    `timelines` are named as `AsOf` names them; `graphs` by their channels' keys. `order` ranks items by key, as
    events of the same moment stand in a history. `shelf` are items that few had met by then, told apart by their
    `content`.
    """

    entities: int
    items: int
    left: Int32[np.ndarray, " events"]
    right: Int32[np.ndarray, " events"]
    at: Int64[np.ndarray, " events"]
    order: Int64[np.ndarray, " items"]
    attributes: dict[str, Int64[np.ndarray, " items"]]
    cohorts: dict[str, Int64[np.ndarray, " entities"]]
    timelines: dict[tuple[str, ...], PairTimeline]
    graphs: dict[Hashable, ItemGraph]
    signal_place: dict[str, str] = field(default_factory=dict)
    content: Content | None = None
    shelf: Shelf | None = None


class _Live(AsOf):
    """A world whose timelines are given, and whose histories grow."""

    recent: LiveRecent
    kept: Shelf | None = None
    #: Whether its entities are rows of tables.
    listed = True

    def shelf(self, liking: Hashable, moment: int, build: Callable[[int], Shelf]) -> Shelf | None:
        """The newcomers of the snapshot, whatever the moment."""
        return self.kept

    def past(self, rows: Int64[np.ndarray, " n"]) -> Past:
        """What entities met so far."""
        every = [self.recent.every(int(row)) if row >= 0 else (_NOTHING, _NOTHING) for row in rows]
        starts = np.cumsum([0, *(len(right) for right, _ in every)]).astype(np.int64)
        known = np.asarray(rows, np.int64) if self.listed else np.full(len(rows), MISSING, dtype=np.int64)
        right, at = (np.concatenate([_NOTHING, *(e[i] for e in every)]) for i in (0, 1))
        return Past(np.arange(len(rows)), known, starts, right, at)

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
        items = np.full((len(rows), width), MISSING, dtype=np.int64)
        scores = np.zeros((len(rows), width), dtype=np.float32)
        spread_live(
            fixed(graph.items), fixed(graph.weights), self.recent.stretches, np.asarray(rows, np.int64),
            np.asarray(at, np.int64), recent, fade, known, items, scores,
        )  # fmt: skip
        return items, scores

    def live(self, key: Hashable) -> LiveTimeline:
        """A timeline by its name."""
        return _live(self._made[key])


class LiveWorld(_Live):
    """A world that events change, each in O(1). Item-item graphs stay those it was built with."""

    def __init__(self, data: WorldData, grid: int, static: bool) -> None:
        names = {kind: [key[1] for key in data.timelines if key[0] == kind] for kind in ("stocked", "signal")}
        evidence = Evidence(
            data.entities,
            data.items,
            Meetings(data.left, data.right, data.at),
            dict(data.attributes),
            dict(data.cohorts),
            {name: _NO_EVENTS for name in names["stocked"]},
            {name: _NO_EVENTS for name in names["stocked"]},
            {name: _NO_EVENTS for name in names["signal"]},
            data.signal_place,
            data.content,
        )
        super().__init__(evidence, grid)
        self.static = static
        self.kept = data.shelf
        self._graphs = data.graphs
        self._order = np.array(data.order, dtype=np.int64)
        self._made = {
            key if len(key) > 1 else key[0]: LiveTimeline(
                timeline, merge=key[0] in _PEOPLE, crowd=key[0] not in _PEOPLE
            )
            for key, timeline in data.timelines.items()
        }
        starts = np.searchsorted(data.left, np.arange(data.entities + 1)).astype(np.int64)
        self.recent = LiveRecent(starts, data.right, data.at)

    def item_graph(self, key: Hashable, moment: int, build: Callable[[int], ItemGraph]) -> ItemGraph:
        """The graph of the snapshot, whatever the moment."""
        if key not in self._graphs:
            raise InternalError(f"a live world has no item graph {key}")
        return self._graphs[key]

    @property
    def graphs(self) -> Mapping[Hashable, ItemGraph]:
        """The item-item graphs by their channels' keys."""
        return self._graphs

    def met(self, left: np.ndarray, right: np.ndarray, at: np.ndarray) -> None:
        """Entities met items. A negative entity is nobody, and its event is left out."""
        known = left >= 0
        left, right, at = left[known], right[known], at[known]
        if self.static:
            at = np.full_like(at, ALWAYS)
        nobody = np.zeros_like(left)
        again, moment = self.live("own").observe(left, right, at).repeats(at)
        self._put(("entity",), left, nobody, at)
        self._put(("item",), nobody, right, at)
        self._put(("repeats",), nobody[again], right[again], moment)
        self._attributes(left, right, at)
        for name, codes in self.evidence.cohorts.items():
            self._put(("cohort", name), codes_over(codes, left), right, at)
        self.recent.observe(left, right, at, self._order)

    def visited(self, place: str, left: np.ndarray, where: np.ndarray, at: np.ndarray) -> None:
        """Entities were in places."""
        self._put(("visits", place), left, where, at)

    def stocked_at(self, place: str, where: np.ndarray, right: np.ndarray, at: np.ndarray) -> None:
        """Items were met in places."""
        self._put(("stocked", place), where, right, at)

    def signalled(self, table: str, where: np.ndarray, right: np.ndarray, at: np.ndarray) -> None:
        """Rows of another table spoke of items."""
        self._put(("signal", table), where, right, at)

    def grow(self, entities: int, items: int) -> None:
        """Make room for rows that came; they have no attributes and no cohort until they are told."""
        told = self.evidence
        for name, codes in told.attributes.items():
            told.attributes[name] = _roomy(codes, items)
        for name, codes in told.cohorts.items():
            told.cohorts[name] = _roomy(codes, entities)
        self._order = _roomy(self._order, items)
        if (entities, items) != (told.entities, told.items):
            self.evidence = replace(told, entities=max(entities, told.entities), items=max(items, told.items))

    def place_item(self, item: int, order: int, codes: Mapping[str, int]) -> None:
        """Tell a new item's place in the order of keys, and its attributes."""
        self._order[item] = order
        for name, code in codes.items():
            self.evidence.attributes[name][item] = code

    def place_entity(self, entity: int, codes: Mapping[str, int]) -> None:
        """Tell a new entity's cohorts; what it did before counts for them too."""
        for name, code in codes.items():
            self.evidence.cohorts[name][entity] = code
            right, at = self.recent.every(entity)
            self._put(("cohort", name), np.full(len(right), code, dtype=np.int64), right, at)

    def retell_item(self, item: int, left: np.ndarray, at: np.ndarray) -> None:
        """Meetings with an item that had no attributes then: now they count for its values too."""
        self._attributes(left, np.full(len(left), item, dtype=np.int64), at)

    def forget(self, row: int) -> None:
        """Drop all that an entity did. What many make up together keeps the counts, and knows no one."""
        for key in self.made:
            if (key[0] if isinstance(key, tuple) else key) in _PEOPLE:
                self.live(key).drop(row)
        self.recent.drop(row)
        for name in self.evidence.cohorts:
            self.evidence.cohorts[name] = codes = _roomy(self.evidence.cohorts[name], row + 1)
            codes[row] = MISSING
        if self.evidence.content is not None:
            self.evidence = replace(self.evidence, content=self.evidence.content.without(row))

    def fold(self, entities: int, items: int) -> WorldData:
        """The world as it is now, for so many rows of either side."""
        self.grow(entities, items)
        left, right, at = self.recent.fold()
        told = self.evidence
        return WorldData(
            entities=entities,
            items=items,
            left=left,
            right=right,
            at=at,
            order=self._order[:items],
            attributes={name: codes[:items] for name, codes in told.attributes.items()},
            cohorts={name: codes[:entities] for name, codes in told.cohorts.items()},
            timelines={
                key if isinstance(key, tuple) else (str(key),): _live(self._made[key]).fold() for key in self.made
            },
            graphs=dict(self._graphs),
            signal_place=told.signal_place,
            content=told.content,
            shelf=self.kept,
        )

    def session(self, items: np.ndarray, at: int) -> AsOf:
        """A world of one entity, row 0, who has met these items just now, one a second, the last one last."""
        return _Session(self, np.asarray(items, dtype=np.int64), at)

    def _attributes(self, left: np.ndarray, right: np.ndarray, at: np.ndarray) -> None:
        for name, codes in self.evidence.attributes.items():
            value = codes_over(codes, right)
            self._put(("attribute", name), left, value, at)
            self._put(("within", name), value, right, at)

    def _put(self, key: tuple[str, ...], left: np.ndarray, right: np.ndarray, at: np.ndarray) -> None:
        timeline = self._made.get(key if len(key) > 1 else key[0])
        if timeline is not None:
            _live(timeline).observe(left, right, at)


class _Session(_Live):
    """One entity with a few items; what many make up together is the live world's."""

    def __init__(self, world: LiveWorld, items: np.ndarray, at: int) -> None:
        told = world.evidence
        nobody = np.full(1, MISSING, dtype=np.int64)
        evidence = replace(told, entities=1, history=told.history, cohorts=dict.fromkeys(told.cohorts, nobody))
        super().__init__(evidence, world.grid, world)
        self.kept, self.listed = world.kept, False
        one = np.zeros(len(items), dtype=np.int64)
        moments = at - SECOND * np.arange(len(items) - 1, -1, -1, dtype=np.int64)
        if world.static:
            moments = np.full_like(moments, ALWAYS)
        keys = [key for key in world.made if (key[0] if isinstance(key, tuple) else key) in _PEOPLE]
        for key in keys:
            self._made[key] = LiveTimeline(_empty(_live(world._made[key]).half_lives), merge=True)
        self.live("own").observe(one, items, moments)
        self.live("entity").observe(one, one, moments)
        for name, codes in told.attributes.items():
            self.live(("attribute", name)).observe(one, codes_over(codes, items), moments)
        self.recent = LiveRecent(np.zeros(2, dtype=np.int64), _NOTHING, _NOTHING)
        self.recent.observe(one, items, moments, np.arange(int(items.max(initial=0)) + 1))


def _live(timeline: object) -> LiveTimeline:
    if not isinstance(timeline, LiveTimeline):
        raise InternalError("a live world is made of live timelines")
    return timeline


def _empty(half_lives: np.ndarray) -> PairTimeline:
    return pair_timeline(_NOTHING, _NOTHING, _NOTHING, left_rows=1, half_lives=tuple(half_lives))


def _roomy(codes: np.ndarray, rows: int) -> np.ndarray:
    """Codes that can be written, with room for so many rows; MISSING where nothing is told."""
    if len(codes) >= rows and codes.flags.writeable:
        return codes
    size = len(codes) if len(codes) >= rows else more(max(len(codes), 16), rows)
    found = np.array(codes, dtype=np.int64)
    return np.append(found, np.full(size - len(found), MISSING, dtype=np.int64))
