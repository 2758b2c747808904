"""Run the compiled loops over days, and gather what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming.listening import LONGEST, MOST_SESSIONS, Scratch, listen
from edgewise.worlds.streaming.parts import HABITS, LATENT, POD_HABITS, Lists, Music, People, State, Talk
from edgewise.worlds.streaming.playing import Tape
from edgewise.worlds.streaming.talking import MOST_SESSIONS as MOST_POD_SESSIONS
from edgewise.worlds.streaming.talking import PodScratch, PodTape, talk_on

__all__ = ["Events", "Planted", "new_scratch", "new_tapes", "run_days", "taken"]

DAY_SECONDS: Final = DAY // SECOND
_ROOM: Final = 1 << 18

Columns = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Planted:
    """Everything that is fixed from the start."""

    random_seed: int
    people: People
    music: Music
    lists: Lists
    talk: Talk


@dataclass(frozen=True, slots=True)
class Events:
    """Events as columns, each kind in order of time. `at` is in seconds since START; things are row numbers."""

    plays: Columns  # listener, track, at, played, context, playlist, liked
    asks: Columns  # listener, at, kind, thing
    follows: Columns  # listener, at, artist
    hears: Columns  # listener, episode, at, played
    pod_follows: Columns  # listener, at, podcast

    def parts(self) -> tuple[Columns, ...]:
        """The kinds, in the order of the fields."""
        return self.plays, self.asks, self.follows, self.hears, self.pod_follows

    def split(self, second: int) -> tuple[Events, Events]:
        """The events before a second, and the others."""
        early: list[Bool[np.ndarray, " n"]] = [part["at"] < second for part in self.parts()]
        pairs = list(zip(self.parts(), early, strict=True))
        return (
            Events(*({name: column[keep] for name, column in part.items()} for part, keep in pairs)),
            Events(*({name: column[~keep] for name, column in part.items()} for part, keep in pairs)),
        )

    @staticmethod
    def appended(parts: list[Events]) -> Events:
        """Several events as one, each part later than the one before it."""
        return Events(
            *(
                {name: np.concatenate([part[name] for part in same]) for name in same[0]}
                for same in zip(*(part.parts() for part in parts), strict=True)
            )
        )

    @staticmethod
    def joined(parts: list[Events]) -> Events:
        """Several events as one, in order of time; ties keep the order of the parts."""
        joined = []
        for same in zip(*(part.parts() for part in parts), strict=True):
            columns = {name: np.concatenate([part[name] for part in same]) for name in same[0]}
            order = np.lexsort((columns["listener"], columns["at"]))
            joined.append({name: column[order] for name, column in columns.items()})
        return Events(*joined)


def new_tapes(days: int) -> tuple[Tape, PodTape]:
    """Empty tapes with room for at least one listener's days."""
    return new_tape(max(_ROOM, 2 * days * MOST_SESSIONS * LONGEST)), new_pod_tape(
        max(_ROOM, 2 * days * MOST_POD_SESSIONS)
    )


def new_tape(room: int) -> Tape:
    """An empty tape for so many plays."""

    def ints(kind: type) -> np.ndarray:
        return np.zeros(room, kind)

    i32, i64, i8 = np.int32, np.int64, np.int8
    return Tape(
        np.zeros(3, i64),
        *(ints(i32), ints(i32), ints(i64), ints(i32), ints(i8), ints(i32), ints(np.float64)),
        *(ints(i32), ints(i64), ints(i8), ints(i32)),
        *(ints(i32), ints(i64), ints(i32)),
    )


def new_pod_tape(room: int) -> PodTape:
    """An empty tape for so many podcast listens."""
    i32, i64 = np.int32, np.int64
    return PodTape(np.zeros(2, i64), *(np.zeros(room, kind) for kind in (i32, i32, i64, i32, i32, i64, i32)))


def new_scratch(planted: Planted) -> tuple[Scratch, PodScratch]:
    """Room for one listener's weights."""
    most_tracks = int(np.diff(planted.music.first).max())
    most_episodes = int(np.diff(planted.talk.first).max())
    podcasts = len(planted.talk.topic)
    return (
        Scratch(
            np.zeros(LATENT),
            np.zeros(len(planted.music.pull)),
            np.zeros(len(planted.lists.pull)),
            np.zeros(most_tracks),
            np.zeros(HABITS),
            np.zeros(MOST_SESSIONS),
        ),
        PodScratch(np.zeros(LATENT), np.zeros(podcasts), np.zeros(POD_HABITS), np.zeros(most_episodes)),
    )


def taken(tape: Tape, pod: PodTape) -> Events:
    """What is on the tapes, copied; the tapes are empty afterwards."""
    plays, asks, follows = (int(n) for n in tape.n)
    hears, pod_follows = (int(n) for n in pod.n)
    events = Events(
        plays={
            name: getattr(tape, name)[:plays].copy()
            for name in ("listener", "track", "at", "played", "context", "playlist", "liked")
        },
        asks={name: getattr(tape, f"ask_{name}")[:asks].copy() for name in ("listener", "at", "kind", "thing")},
        follows={name: getattr(tape, f"follow_{name}")[:follows].copy() for name in ("listener", "at", "artist")},
        hears={name: getattr(pod, name)[:hears].copy() for name in ("listener", "episode", "at", "played")},
        pod_follows={
            name: getattr(pod, f"follow_{name}")[:pod_follows].copy() for name in ("listener", "at", "podcast")
        },
    )
    tape.n[:] = 0
    pod.n[:] = 0
    return events


def run_days(planted: Planted, state: State, first_day: int, days: int, luck_seed: int | None = None) -> Events:
    """Everything that happens by itself in [first_day, first_day + days); `state` moves on.

    Another `luck_seed` than the world's own gives another course of the same world.
    """
    tape, pod = new_tapes(days)
    scratch, pod_scratch = new_scratch(planted)
    seed = planted.random_seed if luck_seed is None else luck_seed
    people = planted.people
    parts: list[Events] = []
    who = pod_who = 0
    while who < len(people.rate) or pod_who < len(people.rate):
        who = listen(seed, who, first_day, days, people, planted.music, planted.lists, state, scratch, tape)
        pod_who = talk_on(seed, pod_who, first_day, days, people, planted.talk, state, pod_scratch, pod)
        parts.append(taken(tape, pod))
    return Events.joined(parts)
