"""One live ranking: the channels, features and trees of the fit, over a world that events change."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.clock import DAY
from edgewise.errors import InternalError
from edgewise.evaluation.stability import stability
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.ranker_mix import mixed
from edgewise.models.ranking_lists import ranked
from edgewise.models.ranking_spare import strangers, with_spare
from edgewise.models.ranking_tables import RankingTable, channels_for, make_table
from edgewise.prediction.nouns import Past, Scored
from edgewise.prediction.online.calibrate import activity, signs
from edgewise.prediction.online.data import KindData
from edgewise.prediction.online.drift import SCORE, columns_read, people_about
from edgewise.prediction.online.single import Single
from edgewise.prediction.online.spread import led_to
from edgewise.prediction.online.world import LiveWorld
from edgewise.state.fixed import fixed
from edgewise.state.pair import PairReading

__all__ = ["POPULAR", "LiveKind"]

POPULAR = "popular"
#: The latest things of a person that may have led to another.
RECENT = 30


class LiveKind:
    """Answers of one kind. Reading changes nothing; events come to `world`."""

    def __init__(self, data: KindData) -> None:
        self.data = data
        self.setup = data.setup
        self.world = LiveWorld(data.world, data.setup.grid, data.setup.static)
        self.channels = channels_for(data.setup, self.world)
        self.names = (*(c.name for c in self.channels), POPULAR)
        self.mix = data.mix
        self._people = _active(data)
        self._columns = np.asarray(data.columns, dtype=np.int64)
        self._single = Single(data.setup, self.world, self.channels, data.names)
        #: Whether the kernel that reads one person's candidates is used; its twin gives the same.
        self.compiled = True

    def for_user(self, row: int, at: int, k: int) -> Scored:
        """The best k things for an entity row, MISSING for someone unknown."""
        return self._rank(self.world, self.world.recent.last(row, self._moment(at), RECENT)[0], row, at, k)

    def for_items(self, items: Int64[np.ndarray, " m"], at: int, k: int) -> Scored:
        """The best k things for someone of whom these items alone are known, without them."""
        items = items[(items >= 0) & (items < self.world.evidence.items)]
        if len(items) == 0:
            return self.for_user(MISSING, at, k)
        session = self.world.session(items, at)
        found = self._rank(session, items[::-1], 0, at, k + len(items))
        return found.take(np.flatnonzero(~np.isin(found.items, items))[:k])

    def popular(self, at: int, k: int, row: int) -> Scored:
        """What is met most now, in the entity's cohort where it has one that meets enough."""
        moment = np.full(1, self._moment(at), dtype=np.int64)
        crowd = self.crowd_of(row)
        items, scores = self._everywhere(moment, k) if crowd is None else self._of_cohort(*crowd, moment, k)
        if crowd is not None and (items >= 0).sum() < k:
            items, scores = self._everywhere(moment, k)
        kept = items >= 0
        items, scores = items[kept], scores[kept]
        channel = np.full(len(items), len(self.names) - 1, dtype=np.int16)
        nothing = np.full(len(items), MISSING, dtype=np.int64)
        share = self._share(items, moment)
        return Scored(self.data.kind, items, scores, share, channel, self.names, nothing)

    def crowd_of(self, row: int) -> tuple[str, int] | None:
        """The cohort of an entity whose popular things it is told, and the code there; None without one."""
        for name, codes in self.world.evidence.cohorts.items():
            if 0 <= row < len(codes) and codes[row] >= 0:
                return name, int(codes[row])
        return None

    def past(self, row: int, at: int, n: int) -> Past:
        """The last n distinct items of an entity, latest first."""
        return Past(*self.world.recent.last(row, self._moment(at), n))

    def people(self, at: int) -> Int64[np.ndarray, " people"]:
        """Some of the people who are about."""
        return people_about(self.world, self._moment(at), self.setup.static)

    def read_of(
        self, rows: Int64[np.ndarray, " people"], at: int
    ) -> Float32[np.ndarray, "candidates columns_plus_1"]:
        """What trees read of these people's candidates, and the scores, the last column."""
        moments = np.full(len(rows), self._moment(at), dtype=np.int64)
        table = self.table(self.world, rows, moments)
        return columns_read(table, self._columns, self.scores(table))

    def moved(self, read: Float32[np.ndarray, "candidates columns_plus_1"]) -> dict[str, float]:
        """How far each column has moved since the start, by name; empty where nothing is known of the start."""
        was = self.data.profile
        if was is None or len(read) == 0:
            return {}
        names = [*(self.data.names[column] for column in self._columns), SCORE]
        return dict(zip(names, stability(was, read).tolist(), strict=True))

    def table(self, asof: AsOf, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> RankingTable:
        """Pools and features, by the code that training uses."""
        found = make_table(self.setup, asof, self.channels, rows, at)
        if tuple(found.names) != self.data.names:
            raise InternalError("live features are not those of the fit")
        return found

    def scores(self, table: RankingTable) -> Float32[np.ndarray, " candidates"]:
        """The mixture's scores, by trees alone."""
        trees = self.data.trees.predict(table.features[:, self._columns])
        return mixed(self.mix, table, trees, np.zeros(len(trees), dtype=np.float32))

    def _rank(self, asof: AsOf, past: np.ndarray, row: int, at: int, k: int) -> Scored:
        rows, moment = np.array([row], dtype=np.int64), np.array([self._moment(at)], dtype=np.int64)
        table, met, active = self._read(asof, rows, moment)
        found = ranked(table.pool, self.scores(table), k)
        if met == 0 or found.items[0, -1] == MISSING:
            popular = self.mix.popular_for_strangers
            found = with_spare(self.setup, asof, rows, moment, found, popular_for_strangers=popular)
        kept = found.items[0] != MISSING
        items, scores = found.items[0][kept], found.scores[0][kept]
        return Scored(
            self.data.kind, items, scores, self._value(active, scores), self._channel(table, items), self.names,
            self._because(items, past),
        )  # fmt: skip

    def _read(
        self, asof: AsOf, rows: Int64[np.ndarray, " 1"], at: Int64[np.ndarray, " 1"]
    ) -> tuple[RankingTable, float, float]:
        """One person's candidates, how much they did, and how active they are: by a kernel, where it can."""
        if asof is not self.world or not self.compiled or not self._single.usable:
            table = self.table(asof, rows, at)
            return table, float(not strangers(asof, rows, at)[0]), float(activity(asof, rows, at)[0])
        read = self._single.sheet(int(rows[0]), int(at[0]))
        nothing = np.zeros(len(read.pool.items), dtype=bool)
        names = list(self.data.names)
        table = RankingTable(rows, at, read.pool, names, read.features, nothing, np.zeros(1, dtype=np.int64))
        return table, read.met, read.active

    def _moment(self, at: int) -> int:
        return 0 if self.setup.static else int(at)

    def _channel(self, table: RankingTable, items: np.ndarray) -> np.ndarray:
        """The channel in which each item stands best; items of no pool are popular."""
        place = np.searchsorted(table.pool.items, items)
        place = np.minimum(place, max(len(table.pool.items) - 1, 0))
        channel = np.full(len(items), len(self.names) - 1, dtype=np.int16)
        if len(table.pool.items) == 0:
            return channel
        there = table.pool.items[place] == items
        ranks = np.where(np.isnan(table.pool.ranks[place[there]]), np.inf, table.pool.ranks[place[there]])
        channel[there] = np.argmin(ranks, axis=1)
        return channel

    def _because(self, items: np.ndarray, past: np.ndarray) -> np.ndarray:
        """The past item with the strongest item-item link to each item. Graphs count alike: by their own scale."""
        order = np.argsort(items)
        because = np.full(len(items), MISSING, dtype=np.int64)
        best = np.zeros(len(items))
        for graph in self.data.likeness.values():
            led_to(fixed(graph.items), fixed(graph.weights), past, items[order], order, best, because)
        return because

    def _value(self, active: float, scores: np.ndarray) -> np.ndarray:
        if self.data.curve is None:
            return np.full(len(scores), np.nan, dtype=np.float32)
        return self.data.curve(signs(scores, np.arange(1.0, len(scores) + 1), np.full(len(scores), active)))

    def _of_cohort(self, name: str, code: int, at: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        items, scores = self.world.cohort(name).best(np.full(1, code, dtype=np.int64), at, 1, k)
        return items[0], scores[0]

    def _everywhere(self, at: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        items, scores = self.world.item.best(np.zeros(1, dtype=np.int64), at, 2, k)
        return items[0], scores[0]

    def _share(self, items: np.ndarray, at: np.ndarray) -> np.ndarray:
        """How often items were met in the last horizon, for each person who was there."""
        if self._people == 0:
            return np.full(len(items), np.nan, dtype=np.float32)
        reading = PairReading((self.data.horizon / DAY,), rhythm=False)
        met = self.world.item.read(np.zeros_like(items), items, np.repeat(at, len(items)), reading)[:, 1]
        return np.minimum(met / self._people, 1.0).astype(np.float32)


def _active(data: KindData) -> int:
    """How many entities met anything in the last horizon of the batch; 0 where time means nothing."""
    world = data.world
    if data.setup.static or data.horizon <= 0 or len(world.at) == 0:
        return 0
    late = world.at > world.at.max() - data.horizon
    return len(np.unique(world.left[late]))
