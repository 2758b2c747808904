"""How likely each listener meets each thing by themselves in the days to come: the planted truth, compiled.

Sessions come by a Poisson law, so the chance of at least one listen in a window is 1 - exp(-sessions x chance in a
session). The chance in a session follows from how its context draws. What happens inside the window (a new habit,
a new release) is not foreseen, as it cannot be by anyone at the anchor.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming.course import Columns
from edgewise.worlds.streaming.listening import (
    ALBUM,
    ARTIST,
    GO_ON,
    LIBRARY,
    PLAYLIST,
    RADIO,
    SEARCH,
    activity,
    shown_until,
)
from edgewise.worlds.streaming.parts import Lists, Music, People, State, Talk
from edgewise.worlds.streaming.playing import PATIENCE, follow, habit
from edgewise.worlds.streaming.talking import LOYAL, pod_activity, remember
from edgewise.worlds.streaming.taste import (
    artist_weights,
    episode_weights,
    liking_of_track,
    list_weights,
    podcast_weights,
    taste_at,
    track_weights,
)

__all__ = ["hearing_chances", "listening_chances", "replay"]

DAY_SECONDS: Final = DAY // SECOND
_FAINT: Final = 1e-6  # sessions of those who would have none, so that their order is still that of their taste


@njit(cache=True, error_model="numpy")
def _hit(p: float) -> float:
    """The chance of at least one hit in a session of 1, 2, … plays (geometric), each with chance `p`."""
    return p / (1.0 - GO_ON + GO_ON * p)


@njit(cache=True, error_model="numpy")
def _normalise(weights: np.ndarray) -> None:
    total = 0.0
    for k in range(len(weights)):
        total += weights[k]
    for k in range(len(weights)):
        weights[k] /= total


@njit(cache=True, error_model="numpy")
def _within(who: int, day: float, people: People, music: Music, out: Float64[np.ndarray, " tracks"]) -> None:
    """The share of each track among those of its artist."""
    for a in range(len(music.pull)):
        begin, stop = music.first[a], music.first[a + 1]
        total = track_weights(who, a, day, people, music, out[begin:stop])
        if total > 0.0:
            for i in range(begin, stop):
                out[i] /= total


@njit(cache=True, error_model="numpy")
def _known(
    who: int,
    artists: Float64[np.ndarray, " artists"],
    within: Float64[np.ndarray, " tracks"],
    music: Music,
    state: State,
    known: Bool[np.ndarray, " tracks"],
) -> float:
    """Mark the listener's habits in `known`; their share of what the taste alone would draw."""
    share = 0.0
    known[:] = False
    for track in state.track[who]:
        if track >= 0:
            known[track] = True
            share += artists[music.artist[track]] * within[track]
    return share


@njit(cache=True, error_model="numpy")
def _add_artists(
    who: int,
    radio: float,
    known_share: float,
    artists: Float64[np.ndarray, " artists"],
    within: Float64[np.ndarray, " tracks"],
    known: Bool[np.ndarray, " tracks"],
    people: People,
    music: Music,
    plays: Float64[np.ndarray, " tracks"],
    out: Float64[np.ndarray, " tracks"],
) -> None:
    """Add each track's chance in a session around an album, an artist, the radio or a search."""
    one_artist = people.modes[who, ARTIST] + people.modes[who, SEARCH]
    for i in range(len(out)):
        share, p = artists[music.artist[i]], within[i]
        if share * p <= 0.0:
            continue
        album = 0.0
        for j in range(music.album_first[i], music.album_stop[i]):
            album += within[j]
        album *= GO_ON ** (i - music.album_first[i]) * plays[i]
        out[i] += share * (people.modes[who, ALBUM] * album + one_artist * _hit(p * plays[i]))
        # the radio draws again, once, where it drew something known
        drawn = share * p * (known_share if known[i] else 1.0 + known_share)
        out[i] += radio * _hit(drawn * plays[i])


@njit(cache=True, error_model="numpy")
def _add_lists(
    who: int,
    day: float,
    shares: Float64[np.ndarray, " playlists"],
    people: People,
    lists: Lists,
    plays: Float64[np.ndarray, " tracks"],
    out: Float64[np.ndarray, " tracks"],
) -> None:
    """Add the chances in a playlist's session; `shares` then holds those of a listen to anything on each list."""
    for p in range(len(shares)):
        begin, stop = lists.first[p], shown_until(lists, p, day)
        if stop <= begin or shares[p] <= 0.0:
            continue
        n = stop - begin
        each = (1.0 - GO_ON**n) / ((1.0 - GO_ON) * n)
        share, enjoyed = shares[p] * people.modes[who, PLAYLIST], 0.0
        for entry in range(begin, stop):
            enjoyed += plays[lists.track[entry]]
            p_entry = 0.5 * each + 0.5 * GO_ON ** (stop - 1 - entry)
            out[lists.track[entry]] += share * p_entry * plays[lists.track[entry]]
        shares[p] *= _hit(enjoyed / n)


@njit(cache=True, error_model="numpy")
def _add_habits(
    who: int,
    state: State,
    share: float,
    plays: Float64[np.ndarray, " tracks"],
    out: Float64[np.ndarray, " tracks"],
) -> None:
    total = 0.0
    for k in range(state.track.shape[1]):
        total += state.weight[who, k]
    for k in range(state.track.shape[1]):
        track = state.track[who, k]
        if track >= 0:
            out[track] += share * _hit(state.weight[who, k] / total * plays[track])


@njit(cache=True, error_model="numpy")
def listening_chances(
    listeners: Int64[np.ndarray, " n"],
    day: int,
    days: int,
    people: People,
    music: Music,
    lists: Lists,
    state: State,
    tracks: Float64[np.ndarray, "n tracks"],
    playlists: Float64[np.ndarray, "n playlists"],
) -> None:
    """For each listener, the chance to listen to each track, and to play each playlist, in [day, day + days).

    Tracks that appear within the window get chances too; the caller leaves them out.
    """
    taste, artists = np.zeros(music.vector.shape[1]), np.zeros(len(music.pull))
    within, plays = np.zeros(len(music.charm)), np.zeros(len(music.charm))
    known = np.zeros(len(music.charm), np.bool_)
    for row in range(len(listeners)):
        who, week, out = listeners[row], float(day // 7 * 7), tracks[row]
        taste_at(people, who, week, taste)
        artist_weights(who, week, taste, people, music, state, artists)
        list_weights(who, week, taste, people, lists, playlists[row])
        _normalise(artists)
        _normalise(playlists[row])
        _within(who, day + 0.5 * days, people, music, within)
        known_share = _known(who, artists, within, music, state, known)
        for i in range(len(plays)):
            patience = PATIENCE if known[i] else 0.0
            plays[i] = 1.0 / (1.0 + np.exp(-liking_of_track(who, i, taste, people, music) - patience))
        library, radio = people.modes[who, LIBRARY], people.modes[who, RADIO]
        if state.track[who, 0] < 0:
            radio, library = radio + library, 0.0
        _add_artists(who, radio, known_share, artists, within, known, people, music, plays, out)
        _add_lists(who, day, playlists[row], people, lists, plays, out)
        _add_habits(who, state, library, plays, out)
        sessions = _FAINT
        for d in range(day, day + days):
            sessions += activity(people, who, d)
        for i in range(len(out)):
            out[i] = 1.0 - np.exp(-sessions * out[i])
        for p in range(playlists.shape[1]):
            playlists[row, p] = 1.0 - np.exp(-sessions * people.modes[who, PLAYLIST] * playlists[row, p])


@njit(cache=True, error_model="numpy")
def _mix_habits(who: int, state: State, shares: Float64[np.ndarray, " podcasts"]) -> None:
    """Let the podcasts that the listener knows have their part of the choices."""
    total = 0.0
    for k in range(state.podcast.shape[1]):
        total += state.pod_weight[who, k]
    if total <= 0.0:
        return
    for p in range(len(shares)):
        shares[p] *= 1.0 - LOYAL
    for k in range(state.podcast.shape[1]):
        if state.podcast[who, k] >= 0:
            shares[state.podcast[who, k]] += LOYAL * state.pod_weight[who, k] / total


@njit(cache=True, error_model="numpy")
def hearing_chances(
    listeners: Int64[np.ndarray, " n"],
    day: int,
    days: int,
    people: People,
    talk: Talk,
    state: State,
    podcasts: Float64[np.ndarray, "n podcasts"],
    episodes: Float64[np.ndarray, "n episodes"],
) -> None:
    """For each listener, the chance to hear each podcast and each of the episodes so far in [day, day + days).

    Those who have not begun with podcasts get faint chances in the order in which they would choose.
    """
    taste, weights = np.zeros(talk.leaning.shape[1]), np.zeros(len(talk.podcast))
    for row in range(len(listeners)):
        who, chance = listeners[row], podcasts[row]
        taste_at(people, who, float(day // 7 * 7), taste)
        podcast_weights(who, float(day // 7 * 7), taste, people, talk, chance)
        _normalise(chance)
        _mix_habits(who, state, chance)
        spread = _FAINT / days
        for p in range(len(chance)):
            heard = 0.0
            for d in range(day, day + days):
                sessions = (spread + pod_activity(people, state, who, d)) * chance[p]
                total = episode_weights(who, p, d + 0.5, taste, people, talk, state, weights)
                if sessions <= 0.0 or total <= 1e-12:
                    continue
                heard += sessions
                for e in range(talk.first[p], talk.first[p + 1]):
                    episodes[row, e] += sessions * weights[e - talk.first[p]] / total
            chance[p] = 1.0 - np.exp(-heard)
        for e in range(episodes.shape[1]):
            episodes[row, e] = 1.0 - np.exp(-episodes[row, e])


@njit(cache=True, error_model="numpy")
def _replay_plays(
    listener: np.ndarray, track: np.ndarray, at: np.ndarray, liked: np.ndarray, state: State
) -> None:
    for k in range(len(listener)):
        habit(state, listener[k], track[k], liked[k], at[k] / DAY_SECONDS)


@njit(cache=True, error_model="numpy")
def _replay_hears(
    listener: np.ndarray, episode: np.ndarray, end: np.ndarray, podcast: np.ndarray, state: State
) -> None:
    for k in range(len(listener)):
        remember(state, listener[k], podcast[episode[k]], episode[k], end[k] / DAY_SECONDS)


@njit(cache=True, error_model="numpy")
def _replay_follows(listener: np.ndarray, thing: np.ndarray, followed: np.ndarray) -> None:
    for k in range(len(listener)):
        follow(followed, listener[k], thing[k])


def replay(parts: tuple[Columns, ...], talk: Talk, state: State, second: int) -> None:
    """Tell `state` all events up to and with a second; `parts` are those of `Events`, in order of time."""
    plays, _, follows, hears, pod_follows = (
        {name: column[: np.searchsorted(part["at"], second, side="right")] for name, column in part.items()}
        for part in parts
    )
    _replay_plays(plays["listener"], plays["track"], plays["at"], plays["liked"], state)
    _replay_follows(follows["listener"], follows["artist"], state.followed)
    _replay_hears(hears["listener"], hears["episode"], hears["at"] + hears["played"], talk.podcast, state)
    _replay_follows(pod_follows["listener"], pod_follows["podcast"], state.pod_followed)
