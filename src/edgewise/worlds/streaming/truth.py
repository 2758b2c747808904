"""What only the planter knows: what anyone would like, what they will do, and what a recommendation gave away.

The truth stands beside the tables and is never in them. Its questions are asked in the tables' own keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64

from edgewise.clock import DAY, SECOND, to_micros
from edgewise.errors import ArgumentError
from edgewise.worlds.streaming.chances import hearing_chances, listening_chances, replay
from edgewise.worlds.streaming.course import Events, Planted
from edgewise.worlds.streaming.labels import Labels
from edgewise.worlds.streaming.liking import Kind, kind_of, likings
from edgewise.worlds.streaming.parts import START, State, fresh_state
from edgewise.worlds.streaming.taste import (
    liking_of_topic,
    taste_at,
)
from edgewise.worlds.streaming.words import TOPICS

__all__ = ["Measure", "StreamingTruth"]

Measure = Literal["chance", "utility"]


@dataclass(frozen=True, slots=True)
class StreamingTruth:
    """The planted truth of a streaming world, given the events so far.

    Times are what `clock.to_micros` reads. Unknown keys are a mistake, not a silent zero.
    """

    planted: Planted
    labels: Labels
    events: Events

    def keys(self, kind: Kind) -> Int64[np.ndarray, " things"]:
        """The keys of all things of a kind, in the order of the columns of `chances`; later things included."""
        return self._keys()[kind_of(kind)]

    def exists(self, kind: Kind, at: str | int) -> Bool[np.ndarray, " things"]:
        """Whether each thing of a kind is there at a moment."""
        music, lists, talk = self.planted.music, self.planted.lists, self.planted.talk
        born = (music.released, music.debut, lists.created, talk.started, talk.published)[kind_of(kind)]
        return born <= _day(at)

    def utility(
        self, kind: Kind, listeners: Sequence[int], things: Sequence[int], at: str | int
    ) -> Float64[np.ndarray, " n"]:
        """The probability that each listener takes each thing when it is the first that is shown, pair by pair.

        Raises:
            ArgumentError: there is no such listener or thing.
        """
        thing = rows_of(self._keys()[kind_of(kind)], things, kind)
        return self._utility(kind_of(kind), self._listeners(listeners), thing, _day(at))

    def chances(
        self, kind: Kind, at: str | int, days: int = 7, listeners: Sequence[int] | None = None
    ) -> Float64[np.ndarray, "listeners things"]:
        """The probability of at least one listen by themselves in the window (at, at + days].

        The window begins with the midnight that is nearest to `at`. What is not there yet at `at` has
        probability 0. For an artist any of its tracks counts, for a playlist any play of it.
        """
        who, day, number = self._listeners(listeners), round(_day(at)), kind_of(kind)
        there = self.exists(kind, at)
        state, planted = self.state(at), self.planted
        music, talk = planted.music, planted.talk
        if number >= 3:
            podcasts, episodes = np.zeros((len(who), len(talk.topic))), np.zeros((len(who), len(talk.podcast)))
            hearing_chances(who, day, days, planted.people, talk, state, podcasts, episodes)
            return (podcasts if number == 3 else episodes) * there
        tracks = np.zeros((len(who), len(music.artist)))
        playlists = np.zeros((len(who), len(planted.lists.pull)))
        listening_chances(who, day, days, planted.people, music, planted.lists, state, tracks, playlists)
        if number == 1:
            return (1 - np.exp(np.add.reduceat(np.log1p(-tracks), music.first[:-1], axis=1))) * there
        return (tracks if number == 0 else playlists) * there

    def topics(
        self, at: str | int, listeners: Sequence[int] | None = None
    ) -> Float64[np.ndarray, "listeners topics"]:
        """How likely each listener chooses each podcast topic (in the order of TOPICS), whether begun or not."""
        who, planted = self._listeners(listeners), self.planted
        taste = np.zeros((len(who), planted.music.vector.shape[1]))
        for row, listener in enumerate(who):
            taste_at(planted.people, int(listener), _day(at), taste[row])
        out = np.zeros((len(who), len(TOPICS)))
        for row, listener in enumerate(who):
            for topic in range(len(TOPICS)):
                out[row, topic] = liking_of_topic(int(listener), topic, taste[row], planted.people, planted.talk)
        out = np.exp(1.6 * out)
        return out / out.sum(axis=1, keepdims=True)

    def without_podcasts(self, at: str | int) -> Int64[np.ndarray, " listeners"]:
        """The keys of listeners who joined by `at` and have not heard a podcast by then."""
        hears = self.events.hears
        heard = np.unique(hears["listener"][hears["at"] * SECOND + START <= to_micros(at)])
        joined = np.flatnonzero(self.planted.people.joined <= _day(at))
        return np.setdiff1d(joined, heard) + 1

    def best(
        self,
        kind: Kind,
        at: str | int,
        k: int = 20,
        days: int = 7,
        listeners: Sequence[int] | None = None,
        by: Measure = "chance",
    ) -> pa.Table:
        """The oracle's lists: entity, anchor_time, rank (from 1), item, score, like a prediction.

        By `chance` these are the things that each listener most likely comes to by themselves within the days
        after `at`; by `utility` those they most likely take when shown.
        """
        who = self._listeners(listeners)
        score = self._scores(kind, at, days, who, by)
        top = np.argsort(-score, axis=1, kind="stable")[:, :k]
        anchor = pa.scalar(to_micros(at)).cast(pa.timestamp("us"))
        return pa.table(
            {
                "entity": np.repeat(who + 1, top.shape[1]),
                "anchor_time": pa.repeat(anchor, top.size),
                "rank": np.tile(np.arange(1, top.shape[1] + 1), len(who)),
                "item": self._keys()[kind_of(kind)][top.ravel()],
                "score": np.take_along_axis(score, top, axis=1).ravel(),
            }
        )

    def regret(
        self, recommended: pa.Table, kind: Kind, k: int = 20, days: int = 7, by: Measure = "chance"
    ) -> pa.Table:
        """What lists gave away: entity, anchor_time, value, best, regret = best - value.

        `recommended` has the columns of a prediction: entity, anchor_time, rank, item. The value of a list is the
        sum of its first `k` things' scores (see `best`): by `chance` the expected number of hits. A thing that a
        list names twice counts once, one that is not there yet counts nothing.
        """
        moments = pc.unique(recommended.column("anchor_time")).to_pylist()
        return pa.concat_tables([self._regret_at(recommended, kind, moment, k, days, by) for moment in moments])

    def state(self, at: str | int) -> State:
        """What listeners carry with them at a moment: habits, follows, episodes heard."""
        state = fresh_state(self.planted.people)
        replay(self.events.parts(), self.planted.talk, state, (to_micros(at) - START) // SECOND)
        return state

    def _keys(self) -> tuple[Int64[np.ndarray, " things"], ...]:
        labels = self.labels
        return labels.track_key, labels.artist_key, labels.playlist_key, labels.podcast_key, labels.episode_key

    def _listeners(self, keys: Sequence[int] | None) -> Int64[np.ndarray, " listeners"]:
        everyone = np.arange(1, len(self.planted.people.rate) + 1)
        return everyone - 1 if keys is None else rows_of(everyone, keys, "listener")

    def _utility(
        self, kind: int, who: Int64[np.ndarray, " n"], thing: Int64[np.ndarray, " n"], day: float
    ) -> Float64[np.ndarray, " n"]:
        planted, out = self.planted, np.zeros(len(who))
        days = np.full(len(who), day)
        likings(kind, who, thing, days, planted.people, planted.music, planted.lists, planted.talk, out)
        return out

    def _scores(
        self, kind: Kind, at: str | int, days: int, who: Int64[np.ndarray, " listeners"], by: Measure
    ) -> Float64[np.ndarray, "listeners things"]:
        if by == "chance":
            return self.chances(kind, at, days, (who + 1).tolist())
        if by != "utility":
            raise ArgumentError(f"'{by}' is no measure of a list", hint="measures: chance, utility")
        there = self.exists(kind, at)
        things = np.tile(np.arange(len(there)), len(who))
        score = self._utility(kind_of(kind), np.repeat(who, len(there)), things, _day(at))
        return score.reshape(len(who), -1) * there

    def _regret_at(
        self, recommended: pa.Table, kind: Kind, moment: object, k: int, days: int, by: Measure
    ) -> pa.Table:
        here = recommended.filter(pc.equal(recommended.column("anchor_time"), pa.scalar(moment)))
        here = here.filter(pc.less_equal(here.column("rank"), k))
        at = int(pc.cast(pa.scalar(moment), pa.timestamp("us")).cast(pa.int64()).as_py())
        entity = here.column("entity").to_numpy()
        listeners, row = np.unique(entity, return_inverse=True)
        score = self._scores(kind, at, days, self._listeners(listeners.tolist()), by)
        column = rows_of(self._keys()[kind_of(kind)], here.column("item").to_numpy(), kind)
        chosen = np.zeros(score.shape, dtype=bool)
        chosen[row, column] = True
        value = (score * chosen).sum(axis=1)
        best = -np.sort(np.partition(-score, min(k, score.shape[1] - 1), axis=1)[:, :k], axis=1).sum(axis=1)
        return pa.table(
            {
                "entity": listeners,
                "anchor_time": pa.repeat(pa.scalar(at).cast(pa.timestamp("us")), len(listeners)),
                "value": value,
                "best": best,
                "regret": best - value,
            }
        )


def _day(at: str | int) -> float:
    return (to_micros(at) - START) / DAY


def rows_of(known: Int64[np.ndarray, " n"], keys: Sequence[int], kind: str) -> Int64[np.ndarray, " keys"]:
    """Row numbers of keys.

    Raises:
        ArgumentError: a key is not known.
    """
    asked = np.asarray(keys, dtype=np.int64)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], asked), len(known) - 1)
    row = order[place]
    if len(asked) and (known[row] != asked).any():
        unknown = asked[known[row] != asked][0]
        raise ArgumentError(f"there is no {kind} {unknown}", hint=f"keys are from 1 to {known.max()}")
    return row
