"""What listeners do with what they are shown: examined by its place, taken by its liking.

A thing at position p is examined with probability 0.9^(p - 1), and once examined it is taken with the probability
that the truth calls its utility (a position-based click model; Chuklin, Markov and de Rijke, 2015). One uniform
number decides, a function of listener, day and thing alone: two policies that show the same thing at the same
place get the same answer, and one that shows it higher never gets a worse one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming import luck
from edgewise.worlds.streaming.course import Events, Planted, new_pod_tape, new_scratch, new_tape, taken
from edgewise.worlds.streaming.liking import liking
from edgewise.worlds.streaming.listening import (
    RECOMMENDED,
    Scratch,
    activity,
    from_artist,
    moment,
    session_length,
    shown_until,
)
from edgewise.worlds.streaming.parts import Lists, Music, People, State, Talk
from edgewise.worlds.streaming.playing import Tape, play
from edgewise.worlds.streaming.talking import PodScratch, PodTape, hear, hear_episode
from edgewise.worlds.streaming.taste import taste_at

__all__ = ["answer", "examined"]

EXAMINED: Final = 0.9  # the chance to look at the next place
DAY_SECONDS: Final = DAY // SECOND
_LONGEST: Final = 12  # plays that follow one recommendation
_CHUNK: Final = 20_000
_KEY: Final = 1 << 40  # keys of recommended plays lie beyond all others


@njit(cache=True, error_model="numpy")
def _run(
    seed: int,
    who: int,
    kind: int,
    thing: int,
    at: float,
    key: int,
    people: People,
    music: Music,
    lists: Lists,
    state: State,
    scratch: Scratch,
    tape: Tape,
) -> float:
    """Play the artist or the playlist that was taken; the first play is enjoyed for certain."""
    length = min(session_length(seed, who, key + thing), _LONGEST)
    playlist, stop = -1, 0
    if kind == 2:
        playlist, stop = thing, shown_until(lists, thing, at / DAY_SECONDS)
        length = min(length, stop - lists.first[thing])
    for k in range(length):
        if kind == 2:
            track = lists.track[stop - 1 - k]
        else:
            track = from_artist(seed, who, thing, at / DAY_SECONDS, key, k, people, music, scratch)
        at = play(
            seed, who, track, at, key + k, RECOMMENDED, playlist, k == 0, scratch.taste, people, music, state, tape
        )
    return at


@njit(cache=True, error_model="numpy")
def _respond(
    seed: int,
    day: int,
    listener: Int64[np.ndarray, " shown"],
    kind: Int64[np.ndarray, " shown"],
    thing: Int64[np.ndarray, " shown"],
    position: Int64[np.ndarray, " shown"],
    people: People,
    music: Music,
    lists: Lists,
    talk: Talk,
    state: State,
    scratch: Scratch,
    pod_scratch: PodScratch,
    tape: Tape,
    pod: PodTape,
    taken_at: Int64[np.ndarray, " shown"],
) -> None:
    """Answer what was shown, listener by listener; `taken_at` gets the second, or -1."""
    at = 0.0
    for row in range(len(listener)):
        who, what, key = listener[row], thing[row], _KEY + 256 * day
        if row == 0 or who != listener[row - 1]:
            u, v = luck.uniform(seed, luck.MOMENT, who, day, 0), luck.uniform(seed, luck.MOMENT, who, day, 1)
            at = day * DAY_SECONDS + moment(people.rhythm[who], day, u, v)
            taste_at(people, who, float(day), scratch.taste)
            pod_scratch.taste[:] = scratch.taste
        chance = EXAMINED ** (position[row] - 1)
        chance /= 1.0 + np.exp(-liking(kind[row], who, what, scratch.taste, people, music, lists, talk))
        u = luck.uniform(seed, luck.TAKE, who, 8 * day + kind[row], what)
        taken_at[row] = -1
        if u >= chance or activity(people, who, day) <= 0.0:
            continue
        taken_at[row] = int(at)
        if kind[row] == 0:
            at = play(seed, who, what, at, key, RECOMMENDED, -1, True, scratch.taste, people, music, state, tape)
        elif kind[row] <= 2:
            at = _run(seed, who, kind[row], what, at, key, people, music, lists, state, scratch, tape)
        elif kind[row] == 3:
            end = hear(seed, who, what, at, key, people, talk, state, pod_scratch, pod)
            taken_at[row] = int(at) if end >= 0.0 else -1
            at = max(at, end)
        else:
            at = hear_episode(seed, who, talk.podcast[what], what, at, key, talk, state, pod)


def answer(
    planted: Planted,
    state: State,
    day: int,
    listener: Int64[np.ndarray, " shown"],
    kind: Int64[np.ndarray, " shown"],
    thing: Int64[np.ndarray, " shown"],
    position: Int64[np.ndarray, " shown"],
    luck_seed: int,
) -> tuple[Int64[np.ndarray, " shown"], Events]:
    """When each shown thing was taken (seconds since START, -1 for not), and the events that followed.

    All arguments are row numbers. `state` moves on. Everyone looks once on the day, at a moment of their own, from
    the first position down.
    """
    order = np.lexsort((thing, kind, position, listener))
    scratch, pod_scratch = new_scratch(planted)
    tape, pod = new_tape((_CHUNK + 1) * _LONGEST), new_pod_tape(_CHUNK + 1)
    taken_at: Int64[np.ndarray, " shown"] = np.full(len(order), -1, dtype=np.int64)
    parts = [taken(tape, pod)]
    shown: list[np.ndarray] = [listener[order], kind[order], thing[order], position[order]]
    for begin, stop in _chunks(shown[0]):
        out = np.empty(stop - begin, dtype=np.int64)
        world = (planted.people, planted.music, planted.lists, planted.talk, state)
        some = [column[begin:stop] for column in shown]
        _respond(luck_seed, day, *some, *world, scratch, pod_scratch, tape, pod, out)
        taken_at[order[begin:stop]] = out
        parts.append(taken(tape, pod))
    return taken_at, Events.joined(parts)


def _chunks(listener: Int64[np.ndarray, " shown"]) -> list[tuple[int, int]]:
    """Runs of about _CHUNK rows at most that do not part a listener's rows, while those are fewer than _CHUNK."""
    ends = np.flatnonzero(np.diff(listener)) + 1
    chunks, begin = [], 0
    while begin < len(listener):
        stop = len(listener)
        if stop - begin > _CHUNK:
            last = int(np.searchsorted(ends, begin + _CHUNK, side="right")) - 1
            stop = int(ends[last]) if last >= 0 and ends[last] > begin else begin + _CHUNK
        chunks.append((begin, stop))
        begin = stop
    return chunks


def examined(position: Int64[np.ndarray, " shown"]) -> Float64[np.ndarray, " shown"]:
    """The probability that a position (from 1) is looked at."""
    return EXAMINED ** (np.asarray(position) - 1.0)
