"""How one kernel reads a person's candidates and features: what `sheet` needs to know of a live ranking."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, NamedTuple, cast

import numpy as np
from jaxtyping import Float32

from edgewise.ids import MISSING
from edgewise.models.candidates.asof import HALF_LIVES, AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.item_graph import ItemGraph
from edgewise.models.candidates.merge import Pool
from edgewise.models.candidates.neighbours import Next, Together
from edgewise.models.candidates.popular import CohortPopular, Own, PlacePopular, Popular
from edgewise.models.candidates.siblings import Siblings
from edgewise.models.ranker_features import FeatureTable, told_without
from edgewise.models.ranking_setup import Setup
from edgewise.prediction.online.sheet import BEST, COHORT, GIVEN, PLACE, SIBLINGS, WALK, Graph, Recipe, sheet
from edgewise.prediction.online.sheet_features import CROWD, ENTITY, ITEM, OWN, SIGNAL, TASTE
from edgewise.prediction.online.world import LiveWorld
from edgewise.state.fixed import fixed
from edgewise.state.live_stack import Stack, listed
from edgewise.state.pair import reading_names

__all__ = ["Sheet", "Single"]

#: Rows whose best are to be kept in order, at once.
_MOST_WANTED: Final = 64
_NOTHING: Final = np.zeros((0, 1), dtype=np.int64)
_NO_SCORES: Final = np.zeros((0, 1), dtype=np.float32)
_NO_CODES: Final = fixed(np.zeros(0, dtype=np.int64))

_RATIOS: Final = (
    "own share", "own share lately", "item trend", "item season", "item repeat rate", "own visits missed"
)  # fmt: skip
_OF_ENTITY: Final = ("in 28d", "decay 120d", "recency", "interval")
_OF_TASTE: Final = ("in 28d", "decay 30d", "decay 120d", "recency", "interval", "due")


class Sheet(NamedTuple):
    """A person's candidates and features; `met` is how much they did, `active` its decayed number by the month."""

    pool: Pool
    features: Float32[np.ndarray, "candidates features"]
    met: float
    active: float


class Single:
    """Reads one person's sheet from a live world. `usable` says whether the batch would make the same columns."""

    def __init__(
        self, setup: Setup, world: LiveWorld, channels: Sequence[Channel], names: tuple[str, ...]
    ) -> None:
        self._setup, self._world, self._channels = setup, world, list(channels)
        self._timelines: list[Hashable] = list(world.made)
        self._codes: list[tuple[str, str]] = [
            *(("attribute", name) for name in world.evidence.attributes),
            *(("cohort", name) for name in world.evidence.cohorts),
        ]
        self._coding = [(_NO_CODES, _NO_CODES)] * len(self._codes)  # as the world has them, and read-only
        self._graphs: list[ItemGraph] = []
        every = self._names()
        kept = np.arange(len(every), dtype=np.float32)[None, :]
        told = told_without(FeatureTable(every, kept), setup.without)
        self._kept = None if len(told.names) == len(every) else told.values[0].astype(np.int64)
        self.usable = tuple(told.names) == names
        self._recipe: Any = None

    def sheet(self, row: int, at: int) -> Sheet:
        """A person's sheet; MISSING is someone unknown."""
        if self._recipe is None:
            self._make()
        self._refresh()
        given, scores = self._given(row, at)
        pool, pool_scores, ranks, features, mine = sheet(
            self._recipe, self._world.recent.stretches, row, at, self._setup.again, given, scores, self._columns
        )
        indptr = np.array([0, len(pool)], dtype=np.int64)
        if self._kept is not None:
            features = features[:, self._kept]
        return Sheet(Pool(indptr, pool, pool_scores, ranks), features, float(mine[0]), float(mine[3]))

    def _make(self) -> None:
        self._columns = len(self._names())
        steps, fades = zip(*(self._step(channel) for channel in self._channels), strict=True)
        self._asked = [c for c, step in zip(self._channels, steps, strict=True) if step[0] == GIVEN]
        self._stack = Stack(self._held())
        self._coded = Stack(self._code_arrays())
        self._wanted = np.zeros((_MOST_WANTED, 2), dtype=np.int64)
        tastes, places, signals = self._parts()
        scored = [int(_scored(channel)) for channel in self._channels]
        recipe = Recipe(
            timelines=self._stack.list, graphs=Stack(self._rooms()).list, codes=self._coded.list,
            steps=np.column_stack([np.array(steps, dtype=np.int64), scored]), fades=np.array(fades),
            core=self._places_of("own", "entity", "item", "repeats"), tastes=tastes, places=places,
            signals=signals, marks=self._marks(), wanted=self._wanted,
        )  # fmt: skip
        self._recipe = listed(recipe)

    def _refresh(self) -> None:
        """Put what events have made anew into the kernel's lists; keep the best in order of what was asked for."""
        wanted = self._wanted
        for place, left in wanted[1 : 1 + wanted[0, 0]].tolist():
            self._world.live(self._timelines[place]).list_best(np.array([left]))
        wanted[0, 0] = 0
        self._stack.now(self._held())
        self._coded.now(self._code_arrays())

    def _given(self, row: int, at: int) -> tuple[np.ndarray, np.ndarray]:
        """What channels without a kernel propose."""
        if not self._asked:
            return _NOTHING, _NO_SCORES
        made = [c.propose(self._world, np.array([row]), np.array([at])) for c in self._asked]
        wide = max(one.items.shape[1] for one in made)
        items = np.full((len(made), wide), MISSING, dtype=np.int64)
        scores = np.zeros((len(made), wide), dtype=np.float32)
        for i, one in enumerate(made):
            items[i, : one.items.shape[1]], scores[i, : one.items.shape[1]] = one.items[0], one.scores[0]
        return items, scores

    def _step(self, channel: Channel) -> tuple[list[int], float]:
        """What a channel does, as `Recipe.steps` has it, and by how much a walk fades."""
        width, place = channel.width, self._timelines.index
        match channel:
            case Own():
                return [BEST, width, width, place("own"), channel.half_life, 1, 0], 0.0
            case Popular():
                return [BEST, width, width, place("item"), channel.half_life, 0, 0], 0.0
            case CohortPopular():
                codes = self._codes.index(("cohort", channel.column))
                crowd = place(("cohort", channel.column))
                return [COHORT, width, width, crowd, channel.half_life, codes, 0], 0.0
            case PlacePopular():
                where = list(self._world.evidence.stocked).index(channel.place)
                return [PLACE, width, width, place(("stocked", channel.place)), channel.half_life, where, 0], 0.0
            case Siblings():
                scored = min(width, channel.values * channel.each)
                taste, within = place(("attribute", channel.column)), place(("within", channel.column))
                return [SIBLINGS, width, scored, taste, within, channel.values, channel.each], 0.0
            case Next() | Together():
                return self._walk(channel)
            case _:
                return [GIVEN, width, width + channel.depth, 0, 0, 0, 0], 0.0

    def _walk(self, channel: Next | Together) -> tuple[list[int], float]:
        """A walk's step: asked once, the channel says which graph it walks on, and how."""
        seen = _Walked(self._world)
        channel.propose(cast(AsOf, seen), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
        self._graphs.append(seen.graph)
        wide, graph = channel.width + channel.depth, len(self._graphs) - 1
        return [WALK, channel.width, wide, graph, channel.recent, int(channel.known), 0], channel.fade

    def _rooms(self) -> list[Graph]:
        """The graphs, which share the room to add up weights."""
        rows = max([1, *(len(g.items) for g in self._graphs)])
        sums, touched = np.zeros(rows), np.zeros(rows, dtype=np.int64)
        rooms = [Graph(fixed(g.items), fixed(g.weights), sums, touched) for g in self._graphs]
        none = np.zeros((1, 1), dtype=np.int32)
        return rooms or [Graph(fixed(none), fixed(none.astype(np.float32)), sums, touched)]

    def _parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Timelines and codes of tastes, of places and of signals."""
        told, place = self._world.evidence, self._timelines.index
        tastes = [(place(("attribute", n)), self._codes.index(("attribute", n))) for n in told.attributes]
        places = [(place(("visits", n)), place(("stocked", n))) for n in told.stocked]
        where = {name: i for i, name in enumerate(told.stocked)}
        signals = [(place(("signal", n)), where.get(told.signal_place.get(n, ""), -1)) for n in told.signals]
        return _pairs(tastes), _pairs(places), _pairs(signals)

    def _places_of(self, *keys: str) -> np.ndarray:
        return np.array([self._timelines.index(key) for key in keys], dtype=np.int64)

    def _marks(self) -> np.ndarray:
        """Where ratios and shares find their terms: in the own reading, the entity's, the item's."""
        own, mine = reading_names("", HALF_LIVES, OWN), reading_names("", HALF_LIVES, ENTITY)
        item = reading_names("", tuple(self._world.live("item").half_lives.tolist()), ITEM)
        return np.array(
            [
                *(i for i, name in enumerate(mine) if name.endswith(_OF_ENTITY)),
                *(own.index(name) for name in (" decay 30d", " decay 120d", " recency")),
                *(mine.index(name) for name in (" decay 30d", " decay 120d", " interval")),
                *(item.index(name) for name in (" in 7d", " in 28d", " in 91d")),
            ],
            dtype=np.int64,
        )

    def _names(self) -> list[str]:
        """The columns that the kernel writes, in order."""
        world, told = self._world, self._world.evidence

        def halves(*key: str) -> tuple[float, ...]:
            return tuple(world.live(key if len(key) > 1 else key[0]).half_lives.tolist())

        mine = [n for n in reading_names("entity", halves("entity"), ENTITY) if n.endswith(_OF_ENTITY)]
        names = [*reading_names("own", halves("own"), OWN), *mine]
        names += [*reading_names("item", halves("item"), ITEM), *_RATIOS]
        for name in told.attributes:
            taste = reading_names(name, halves("attribute", name), TASTE)
            names += [*(n for n in taste if n.endswith(_OF_TASTE)), f"own share in {name}"]
        for name in told.stocked:
            names += [*reading_names(f"place {name}", halves("stocked", name), CROWD), f"place {name} share"]
        for name in told.signals:
            names += reading_names(f"signal {name}", halves("signal", name), SIGNAL)[1:]
        names += [f"score {c.name}" for c in self._channels if _scored(c)]
        return [*names, *(f"rank {c.name}" for c in self._channels)]

    def _held(self) -> list[Any]:
        return [self._world.live(key).held for key in self._timelines]

    def _code_arrays(self) -> list[Any]:
        told = self._world.evidence
        both = {"attribute": told.attributes, "cohort": told.cohorts}
        for place, (kind, name) in enumerate(self._codes):
            if self._coding[place][0] is not both[kind][name]:
                self._coding[place] = both[kind][name], fixed(both[kind][name])
        return [view for _, view in self._coding] or [_NO_CODES]


class _Walked:
    """Stands for a world whose graphs are asked for: it remembers which."""

    grid = 1

    def __init__(self, world: LiveWorld) -> None:
        self.crowd = world
        self.graph = ItemGraph(np.zeros((0, 1), dtype=np.int32), np.zeros((0, 1), dtype=np.float32))

    def item_graph(self, key: Hashable, moment: int, build: Callable[[int], ItemGraph]) -> ItemGraph:
        """The world's own graph."""
        self.graph = self.crowd.item_graph(key, moment, build)
        return self.graph

    def spread(self, graph: ItemGraph, rows: np.ndarray, at: np.ndarray, *, width: int, **_: object) -> Any:
        """Nothing is proposed."""
        return np.full((1, width), MISSING), np.zeros((1, width), dtype=np.float32)


def _pairs(found: list[tuple[int, int]]) -> np.ndarray:
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _scored(channel: Channel) -> bool:
    return not channel.name.startswith(("own", "popular"))
