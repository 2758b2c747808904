"""Who would like what, and how likely it is chosen: the planted truth, as compiled functions of one listener.

The simulation and the truth read the same functions, so that they cannot disagree.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64
from numba import njit

from edgewise.worlds.streaming.luck import BOND_ARTIST, BOND_PLAYLIST, BOND_PODCAST, normal
from edgewise.worlds.streaming.parts import Lists, Music, People, State, Talk
from edgewise.worlds.streaming.words import MOOD_PEAK

__all__ = [
    "HALF_LIFE",
    "artist_weights",
    "episode_weights",
    "growth",
    "liking_of_artist",
    "liking_of_list",
    "liking_of_podcast",
    "liking_of_topic",
    "liking_of_track",
    "list_weights",
    "podcast_weights",
    "taste_at",
    "track_weights",
]

HALF_LIFE: Final = 21.0  # days after which an untouched habit is half as strong
SHARP: Final = 7.0  # how much a taste decides between artists
HOME: Final = 0.5
BOND: Final = 0.8  # spread of what no attribute explains
FOLLOWING: Final = 1.0
FRESH: Final = 2.4  # log weight of a release of today, halved every FRESH_LIFE days
FRESH_LIFE: Final = 12.0
SEASON: Final = 0.5
LIKING: Final = 3.6  # how much a taste decides whether a play is enjoyed
TOPICAL: Final = 2.6
EPISODE_LIFE: Final = 6.0  # days
_PEAK: Final = np.array(MOOD_PEAK, dtype=np.float64)


@njit(cache=True, error_model="numpy")
def growth(day: float) -> float:
    """What a row of this day weighs in units of day 0."""
    return 2.0 ** (day / HALF_LIFE)


@njit(cache=True, error_model="numpy")
def _dot(a: np.ndarray, b: np.ndarray) -> float:
    total = 0.0
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@njit(cache=True, error_model="numpy")
def taste_at(people: People, who: int, day: float, out: Float64[np.ndarray, " latent"]) -> None:
    """The direction of the listener's taste on a day, into `out`; of length 1."""
    angle = people.drift[who] * max(day, 0.0) / 365.0
    cos, sin = np.cos(angle), np.sin(angle)
    for k in range(len(out)):
        out[k] = cos * people.taste[who, k] + sin * people.later[who, k]
    length = np.sqrt(_dot(out, out))
    for k in range(len(out)):
        out[k] /= length


@njit(cache=True, error_model="numpy")
def artist_weights(
    who: int,
    day: float,
    taste: Float64[np.ndarray, " latent"],
    people: People,
    music: Music,
    state: State,
    out: Float64[np.ndarray, " artists"],
) -> None:
    """The weight of each artist that has released something by `day`, when the listener looks for one."""
    for a in range(len(out)):
        if music.debut[a] > day:
            out[a] = 0.0
            continue
        score = SHARP * _dot(taste, music.vector[a]) + music.pull[a]
        score += BOND * normal(people.bonds, BOND_ARTIST, who, a)
        if music.country[a] == people.country[who]:
            score += HOME
        out[a] = np.exp(score)
    for a in state.followed[who]:
        if a >= 0:
            out[a] *= np.exp(FOLLOWING)


@njit(cache=True, error_model="numpy")
def track_weights(
    who: int, artist: int, day: float, people: People, music: Music, out: Float64[np.ndarray, " most_tracks"]
) -> float:
    """The weight of each track of the artist, 0 for those not released by `day`; returns their sum."""
    begin, total = music.first[artist], 0.0
    for i in range(begin, music.first[artist + 1]):
        age = day - music.released[i]
        weight = 0.0
        if age >= 0.0:
            season = np.cos((day - _PEAK[music.mood[i]]) * 2.0 * np.pi / 365.0)
            weight = music.charm[i] + FRESH * 2.0 ** (-age / FRESH_LIFE) + SEASON * season
            weight = np.exp(weight + _dot(people.flavour[who], music.flavour[i]))
        out[i - begin] = weight
        total += weight
    return total


@njit(cache=True, error_model="numpy")
def list_weights(
    who: int,
    day: float,
    taste: Float64[np.ndarray, " latent"],
    people: People,
    lists: Lists,
    out: Float64[np.ndarray, " playlists"],
) -> None:
    """The weight of each playlist that exists on `day`."""
    for p in range(len(out)):
        if lists.created[p] > day:
            out[p] = 0.0
            continue
        score = SHARP * _dot(taste, lists.vector[p]) + lists.pull[p]
        score += _dot(people.flavour[who], lists.flavour[p])
        out[p] = np.exp(score + BOND * normal(people.bonds, BOND_PLAYLIST, who, p))


@njit(cache=True, error_model="numpy")
def podcast_weights(
    who: int,
    day: float,
    taste: Float64[np.ndarray, " latent"],
    people: People,
    talk: Talk,
    out: Float64[np.ndarray, " podcasts"],
) -> None:
    """The weight of each podcast that has started by `day`, when the listener looks for one."""
    for p in range(len(out)):
        if talk.started[p] > day:
            out[p] = 0.0
            continue
        score = TOPICAL * _dot(taste, talk.leaning[talk.topic[p]]) + people.topics[who, talk.topic[p]]
        out[p] = np.exp(1.6 * score + talk.pull[p] + BOND * normal(people.bonds, BOND_PODCAST, who, p))


@njit(cache=True, error_model="numpy")
def episode_weights(
    who: int,
    podcast: int,
    day: float,
    taste: Float64[np.ndarray, " latent"],
    people: People,
    talk: Talk,
    state: State,
    out: Float64[np.ndarray, " most_episodes"],
) -> float:
    """The weight of each episode of the podcast: recent ones, not yet heard. Returns their sum."""
    begin, total = talk.first[podcast], 0.0
    for e in range(begin, talk.first[podcast + 1]):
        age = day - talk.published[e]
        weight = 0.0
        if 0.0 <= age < 10.0 * EPISODE_LIFE:
            topic = talk.episode_topic[e]
            score = TOPICAL * _dot(taste, talk.leaning[topic]) + people.topics[who, topic]
            weight = np.exp(0.5 * score) * 2.0 ** (-age / EPISODE_LIFE)
        out[e - begin] = weight
        total += weight
    for e in state.heard[who]:
        if e >= begin and e < talk.first[podcast + 1]:
            total -= out[e - begin]
            out[e - begin] = 0.0
    return max(total, 0.0)


@njit(cache=True, error_model="numpy")
def liking_of_track(
    who: int, track: int, taste: Float64[np.ndarray, " latent"], people: People, music: Music
) -> float:
    """Log odds that a play of the track is not skipped."""
    artist = music.artist[track]
    bond = normal(people.bonds, BOND_ARTIST, who, artist)
    fit = LIKING * _dot(taste, music.vector[artist]) + 0.5 * _dot(people.flavour[who], music.flavour[track])
    return -1.0 + fit + 0.6 * bond + 0.15 * music.charm[track]


@njit(cache=True, error_model="numpy")
def liking_of_artist(
    who: int, artist: int, taste: Float64[np.ndarray, " latent"], people: People, music: Music
) -> float:
    """Log odds that the listener plays the artist when shown."""
    home = 0.3 if music.country[artist] == people.country[who] else 0.0
    return (
        -1.5
        + LIKING * _dot(taste, music.vector[artist])
        + 0.6 * normal(people.bonds, BOND_ARTIST, who, artist)
        + home
    )


@njit(cache=True, error_model="numpy")
def liking_of_list(
    who: int, playlist: int, taste: Float64[np.ndarray, " latent"], people: People, lists: Lists
) -> float:
    """Log odds that the listener plays the playlist when shown."""
    fit = LIKING * _dot(taste, lists.vector[playlist]) + 0.6 * _dot(people.flavour[who], lists.flavour[playlist])
    return -1.8 + fit + 0.6 * normal(people.bonds, BOND_PLAYLIST, who, playlist)


@njit(cache=True, error_model="numpy")
def liking_of_podcast(
    who: int, podcast: int, taste: Float64[np.ndarray, " latent"], people: People, talk: Talk
) -> float:
    """Log odds that the listener plays the podcast when shown."""
    bond = normal(people.bonds, BOND_PODCAST, who, podcast)
    return liking_of_topic(who, talk.topic[podcast], taste, people, talk) + 0.5 * bond + 0.25 * talk.pull[podcast]


@njit(cache=True, error_model="numpy")
def liking_of_topic(
    who: int, topic: int, taste: Float64[np.ndarray, " latent"], people: People, talk: Talk
) -> float:
    """Log odds that the listener plays something on this topic when shown, were it of average appeal."""
    return -1.8 + TOPICAL * _dot(taste, talk.leaning[topic]) + people.topics[who, topic]
