"""One play, and what it leaves behind: a row on the tape, a habit, perhaps a follow."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int8, Int32, Int64
from numba import njit

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming import luck
from edgewise.worlds.streaming.parts import Music, People, State
from edgewise.worlds.streaming.taste import growth, liking_of_track

__all__ = ["PATIENCE", "Tape", "follow", "habit", "knows", "play"]

PATIENCE: Final = 1.0  # log odds in favour of what one knows
DAY_SECONDS: Final = DAY // SECOND


class Tape(NamedTuple):
    """Where events are written; `n` counts plays, searches and follows, in this order."""

    n: Int64[np.ndarray, " 3"]
    listener: Int32[np.ndarray, " capacity"]
    track: Int32[np.ndarray, " capacity"]
    at: Int64[np.ndarray, " capacity"]  # seconds since START
    played: Int32[np.ndarray, " capacity"]  # seconds
    context: Int8[np.ndarray, " capacity"]
    playlist: Int32[np.ndarray, " capacity"]  # -1 where none
    liked: Float64[np.ndarray, " capacity"]  # the chance that it was enjoyed, and -1 for a skip
    ask_listener: Int32[np.ndarray, " asks"]
    ask_at: Int64[np.ndarray, " asks"]
    ask_kind: Int8[np.ndarray, " asks"]  # 0 artist, 1 track
    ask_thing: Int32[np.ndarray, " asks"]
    follow_listener: Int32[np.ndarray, " follows"]
    follow_at: Int64[np.ndarray, " follows"]
    follow_artist: Int32[np.ndarray, " follows"]


@njit(cache=True, error_model="numpy")
def habit(state: State, who: int, track: int, liked: float, day: float) -> None:
    """A play of the track: `liked` is above 0 for one that was enjoyed, and below for one that was skipped."""
    weakest = 0
    for k in range(state.track.shape[1]):
        if state.track[who, k] == track:
            if liked < 0:
                state.weight[who, k] *= 0.5
            else:
                state.weight[who, k] += liked * growth(day)
            return
        if state.weight[who, k] < state.weight[who, weakest]:
            weakest = k
    if liked > 0:
        state.track[who, weakest] = track
        state.weight[who, weakest] = liked * growth(day)


@njit(cache=True, error_model="numpy")
def knows(state: State, who: int, track: int) -> bool:
    """Whether the track is among the listener's habits."""
    k = 0
    while k < state.track.shape[1] and state.track[who, k] != track:
        k += 1
    return k < state.track.shape[1]


@njit(cache=True, error_model="numpy")
def play(
    seed: int,
    who: int,
    track: int,
    at: float,
    key: int,
    context: int,
    playlist: int,
    sure: bool,
    taste: Float64[np.ndarray, " latent"],
    people: People,
    music: Music,
    state: State,
    tape: Tape,
) -> float:
    """Play a track at second `at`: written to the tape, remembered in the state. Returns when it ended.

    `sure` says that the play is enjoyed for certain.
    """
    liking = liking_of_track(who, track, taste, people, music)
    if knows(state, who, track):
        liking += PATIENCE
    chance = 1.0 / (1.0 + np.exp(-liking))
    enjoyed = sure or luck.uniform(seed, luck.FINISH, who, key, track) < chance
    u = luck.uniform(seed, luck.PLAYED, who, key, track)
    heard = music.seconds[track] * (1.0 if u < 0.8 else 0.4 + 3.0 * (u - 0.8))
    played = heard if enjoyed else 2.0 + 27.0 * u * u
    n = tape.n[0]
    tape.listener[n], tape.track[n], tape.at[n] = who, track, int(at)
    tape.played[n], tape.context[n], tape.playlist[n] = int(played), context, playlist
    tape.liked[n] = chance if enjoyed else -1.0
    tape.n[0] = n + 1
    habit(state, who, track, tape.liked[n], tape.at[n] / DAY_SECONDS)
    if enjoyed:
        _maybe_follow(seed, who, music.artist[track], at + played, key, chance, state, tape)
    return at + played + 1.0


@njit(cache=True, error_model="numpy")
def follow(followed: Int32[np.ndarray, "listeners followed"], who: int, thing: int) -> bool:
    """Note that the listener follows the thing; whether that is new."""
    for k in range(followed.shape[1]):
        if followed[who, k] == thing:
            return False
        if followed[who, k] < 0:
            followed[who, k] = thing
            return True
    return False


@njit(cache=True, error_model="numpy")
def _maybe_follow(
    seed: int, who: int, artist: int, at: float, key: int, chance: float, state: State, tape: Tape
) -> None:
    wants = luck.uniform(seed, luck.FOLLOW, who, key, artist) < 0.012 * chance * chance
    if wants and follow(state.followed, who, artist):
        n = tape.n[2]
        tape.follow_listener[n], tape.follow_at[n], tape.follow_artist[n] = who, int(at), artist
        tape.n[2] = n + 1
