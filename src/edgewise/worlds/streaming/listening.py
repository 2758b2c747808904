"""The music: what each listener plays, day by day, in one compiled loop over listeners.

A listener starts sessions by a Poisson law. Each session has a context, and its plays follow from it: habits from
the library, a run of a playlist or its newest tracks, an album from its first track, one artist, the radio of
one's taste, what a search finds. A play that is enjoyed strengthens a habit, one that is skipped weakens it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64
from numba import njit

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming import luck
from edgewise.worlds.streaming.parts import Lists, Music, People, State
from edgewise.worlds.streaming.playing import Tape, knows, play
from edgewise.worlds.streaming.taste import (
    artist_weights,
    list_weights,
    taste_at,
    track_weights,
)

__all__ = [
    "GO_ON",
    "LONGEST",
    "MODES",
    "Scratch",
    "activity",
    "from_artist",
    "listen",
    "moment",
    "session_length",
    "shown_until",
]

MODES: Final = 6
LIBRARY: Final = 0
PLAYLIST: Final = 1
ALBUM: Final = 2
ARTIST: Final = 3
RADIO: Final = 4
SEARCH: Final = 5
RECOMMENDED: Final = 6
GO_ON: Final = 0.87  # the chance of one more play
LONGEST: Final = 60
MOST_SESSIONS: Final = 8  # a day
DAY_SECONDS: Final = DAY // SECOND

# The weekday's factor of activity, Monday first; and by rhythm (early, office, late) three peaks of the day, each
# with its hour, width and share.
_WEEK: Final = np.array((0.92, 0.93, 0.95, 1.0, 1.15, 1.1, 0.95))
_PEAKS: Final = np.array(
    (
        ((7.5, 1.2, 0.5), (12.5, 2.0, 0.2), (18.5, 2.0, 0.3)),
        ((9.5, 1.5, 0.3), (14.5, 2.0, 0.4), (20.0, 2.0, 0.3)),
        ((13.0, 2.5, 0.2), (19.0, 2.5, 0.35), (23.0, 1.5, 0.45)),
    )
)


class Scratch(NamedTuple):
    """Room for one listener's weights, cumulative where they are drawn from."""

    taste: Float64[np.ndarray, " latent"]
    artists: Float64[np.ndarray, " artists"]
    lists: Float64[np.ndarray, " playlists"]
    tracks: Float64[np.ndarray, " most_tracks"]
    habits: Float64[np.ndarray, " habits"]
    starts: Float64[np.ndarray, " sessions"]


@njit(cache=True, error_model="numpy")
def activity(people: People, who: int, day: int) -> float:
    """Sessions that the listener is expected to start on a day."""
    if day < people.joined[who] or day >= people.left[who]:
        return 0.0
    season = 1.0 + 0.12 * np.cos((day - 15.0) * 2.0 * np.pi / 365.0)
    return people.rate[who] * _WEEK[day % 7] * season


@njit(cache=True, error_model="numpy")
def moment(rhythm: int, day: int, u: float, v: float) -> float:
    """A second of the day by the listener's rhythm; weekends are two hours later."""
    k = 0
    while k < 2 and u >= _PEAKS[rhythm, k, 2]:
        u -= _PEAKS[rhythm, k, 2]
        k += 1
    # a logistic bell: close to normal, and its inverse is short
    v = min(max(v, 1e-6), 1.0 - 1e-6)
    hour = _PEAKS[rhythm, k, 0] + 0.55 * _PEAKS[rhythm, k, 1] * np.log(v / (1.0 - v))
    if day % 7 >= 5:
        hour += 1.5
    return hour % 24.0 * 3600.0


@njit(cache=True, error_model="numpy")
def _cumulate(weights: np.ndarray, out: np.ndarray) -> float:
    total = 0.0
    for k in range(len(weights)):
        total += weights[k]
        out[k] = total
    return total


@njit(cache=True, error_model="numpy")
def shown_until(lists: Lists, playlist: int, day: float) -> int:
    """Where the tracks end that were added to the playlist by then."""
    stop = lists.first[playlist]
    while stop < lists.first[playlist + 1] and lists.added[stop] <= day:
        stop += 1
    return stop


@njit(cache=True, error_model="numpy")
def _session(
    seed: int,
    who: int,
    at: float,
    key: int,
    people: People,
    music: Music,
    lists: Lists,
    state: State,
    scratch: Scratch,
    tape: Tape,
) -> float:
    """One session from second `at` on; returns when it ended."""
    day = at / DAY_SECONDS
    mode = _mode(seed, who, key, people, state)
    length = session_length(seed, who, key)
    where, playlist, stop, begin, newest = 0, -1, 0, 0, False
    choice = luck.uniform(seed, luck.WHICH, who, key, 0)
    if mode == PLAYLIST:
        playlist = luck.pick(scratch.lists, choice)
        begin = lists.first[playlist]
        stop = shown_until(lists, playlist, day)
        where = begin + int(luck.uniform(seed, luck.WHICH, who, key, 1) * (stop - begin))
        newest = luck.uniform(seed, luck.WHICH, who, key, 2) < 0.5
        length = min(length, stop - begin)
    elif mode != LIBRARY and mode != RADIO:
        artist = luck.pick(scratch.artists, choice)
        begin = music.first[artist]
        where = from_artist(seed, who, artist, day, key, 1000, people, music, scratch)
        if mode == ALBUM:
            where, stop = music.album_first[where], music.album_stop[where]
            length = min(length, stop - where)
        elif mode == SEARCH:
            at = _ask(seed, who, at, key, artist, where, tape)
    for k in range(length):
        if mode == LIBRARY:
            track = _from_habits(seed, who, key, k, state, scratch)
        elif mode == PLAYLIST:
            track = lists.track[stop - 1 - k if newest else begin + (where - begin + k) % (stop - begin)]
        elif mode == ALBUM:
            track = where + k
        elif mode == RADIO:
            track = _from_radio(seed, who, day, key, k, people, music, state, scratch)
        else:
            track = where if k == 0 else from_artist(seed, who, artist, day, key, k, people, music, scratch)
        at = play(
            seed, who, track, at, key * 64 + k, mode, playlist, False, scratch.taste, people, music, state, tape
        )
    return at


@njit(cache=True, error_model="numpy")
def session_length(seed: int, who: int, key: int) -> int:
    """How many plays a session has: geometric, at least one."""
    u = luck.uniform(seed, luck.LENGTH, who, key, 0)
    return min(1 + int(np.log(1.0 - u) / np.log(GO_ON)), LONGEST)


@njit(cache=True, error_model="numpy")
def _mode(seed: int, who: int, key: int, people: People, state: State) -> int:
    """How the session goes; without habits the library gives way to the radio."""
    u, mode = luck.uniform(seed, luck.MODE, who, key, 0), 0
    while mode < MODES - 1 and u >= people.modes[who, mode]:
        u -= people.modes[who, mode]
        mode += 1
    if mode == LIBRARY and state.track[who, 0] < 0:
        return RADIO
    return mode


@njit(cache=True, error_model="numpy")
def from_artist(
    seed: int,
    who: int,
    artist: int,
    day: float,
    key: int,
    k: int,
    people: People,
    music: Music,
    scratch: Scratch,
) -> int:
    """A track of the artist by weight; `k` tells the draws of a session apart."""
    n = music.first[artist + 1] - music.first[artist]
    track_weights(who, artist, day, people, music, scratch.tracks)
    weights = scratch.tracks[:n]
    _cumulate(weights, weights)
    return music.first[artist] + luck.pick(weights, luck.uniform(seed, luck.NEXT, who, key, 2000 + k))


@njit(cache=True, error_model="numpy")
def _from_radio(
    seed: int,
    who: int,
    day: float,
    key: int,
    k: int,
    people: People,
    music: Music,
    state: State,
    scratch: Scratch,
) -> int:
    """A track by taste; one that the listener knows is drawn again, once."""
    track = 0
    for turn in range(2):
        artist = luck.pick(scratch.artists, luck.uniform(seed, luck.NEXT, who, key, k + 100 * turn))
        track = from_artist(seed, who, artist, day, key, k + 100 * turn, people, music, scratch)
        if not knows(state, who, track):
            break
    return track


@njit(cache=True, error_model="numpy")
def _from_habits(seed: int, who: int, key: int, k: int, state: State, scratch: Scratch) -> int:
    _cumulate(state.weight[who], scratch.habits)
    return state.track[who, luck.pick(scratch.habits, luck.uniform(seed, luck.NEXT, who, key, k))]


@njit(cache=True, error_model="numpy")
def _ask(seed: int, who: int, at: float, key: int, artist: int, track: int, tape: Tape) -> float:
    """A search before the plays; for the artist's name or for the track's title."""
    n = tape.n[1]
    kind = 0 if luck.uniform(seed, luck.ASK, who, key, 0) < 0.6 else 1
    tape.ask_listener[n], tape.ask_at[n], tape.ask_kind[n] = who, int(at), kind
    tape.ask_thing[n] = artist if kind == 0 else track
    tape.n[1] = n + 1
    return at + 5.0 + 20.0 * luck.uniform(seed, luck.ASK, who, key, 1)


@njit(cache=True, error_model="numpy")
def _week(who: int, week: int, people: People, music: Music, lists: Lists, state: State, scratch: Scratch) -> None:
    """The weights that hold for a week, cumulated."""
    day = 7.0 * week
    taste_at(people, who, day, scratch.taste)
    artist_weights(who, day, scratch.taste, people, music, state, scratch.artists)
    list_weights(who, day, scratch.taste, people, lists, scratch.lists)
    _cumulate(scratch.artists, scratch.artists)
    _cumulate(scratch.lists, scratch.lists)


@njit(cache=True, error_model="numpy")
def _sort(values: Float64[np.ndarray, " sessions"], n: int) -> None:
    """The first `n` in order; there are few."""
    for k in range(1, n):
        value, place = values[k], k
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@njit(cache=True, error_model="numpy")
def listen(
    seed: int,
    begin: int,
    first_day: int,
    days: int,
    people: People,
    music: Music,
    lists: Lists,
    state: State,
    scratch: Scratch,
    tape: Tape,
) -> int:
    """All plays in [first_day, first_day + days) of listeners from `begin` on, while the tape has room.

    Returns the first listener who is left over.
    """
    room = days * MOST_SESSIONS * LONGEST
    for who in range(begin, len(people.rate)):
        if tape.n[0] + room > len(tape.at):
            return who
        known_week = -1
        for day in range(first_day, first_day + days):
            u = luck.uniform(seed, luck.VISITS, who, day, 0)
            n = min(luck.poisson(activity(people, who, day), u), MOST_SESSIONS)
            if n == 0:
                continue
            if day // 7 != known_week:
                known_week = day // 7
                _week(who, known_week, people, music, lists, state, scratch)
            for k in range(n):
                v = luck.uniform(seed, luck.HOUR_OF, who, day, 2 * k)
                u = luck.uniform(seed, luck.HOUR_OF, who, day, 2 * k + 1)
                scratch.starts[k] = moment(people.rhythm[who], day, v, u)
            _sort(scratch.starts, n)
            for k in range(n):
                at = max(day * DAY_SECONDS + scratch.starts[k], state.busy[who])
                state.busy[who] = 2700.0 + _session(
                    seed, who, at, day * MOST_SESSIONS + k, people, music, lists, state, scratch, tape
                )
    return len(people.rate)
