"""How much a listener likes a thing of any kind, as the probability that it is taken when it is shown first."""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from edgewise.errors import ArgumentError, proposal
from edgewise.worlds.streaming.parts import Lists, Music, People, Talk
from edgewise.worlds.streaming.taste import (
    liking_of_artist,
    liking_of_list,
    liking_of_podcast,
    liking_of_topic,
    liking_of_track,
    taste_at,
)

__all__ = ["Kind", "kind_of", "liking", "likings"]

Kind = Literal["track", "artist", "playlist", "podcast", "episode"]
_KINDS: Final = get_args(Kind)


def kind_of(name: str) -> int:
    """The number of a kind of thing.

    Raises:
        ArgumentError: there is no such kind.
    """
    if name not in _KINDS:
        raise ArgumentError(
            f"'{name}' is no kind of thing", hint=proposal(name, _KINDS, f"kinds: {', '.join(_KINDS)}")
        )
    return _KINDS.index(name)


@njit(cache=True, error_model="numpy")
def liking(
    kind: int,
    who: int,
    thing: int,
    taste: Float64[np.ndarray, " latent"],
    people: People,
    music: Music,
    lists: Lists,
    talk: Talk,
) -> float:
    """Log odds that the listener takes a thing of the kind when it is shown first."""
    if kind == 0:
        return liking_of_track(who, thing, taste, people, music)
    if kind == 1:
        return liking_of_artist(who, thing, taste, people, music)
    if kind == 2:
        return liking_of_list(who, thing, taste, people, lists)
    if kind == 3:
        return liking_of_podcast(who, thing, taste, people, talk)
    podcast = talk.podcast[thing]
    astray = liking_of_topic(who, talk.episode_topic[thing], taste, people, talk)
    astray -= liking_of_topic(who, talk.topic[podcast], taste, people, talk)
    return liking_of_podcast(who, podcast, taste, people, talk) + 0.7 * astray


@njit(cache=True, error_model="numpy")
def likings(
    kind: int,
    who: Int64[np.ndarray, " n"],
    thing: Int64[np.ndarray, " n"],
    day: Float64[np.ndarray, " n"],
    people: People,
    music: Music,
    lists: Lists,
    talk: Talk,
    out: Float64[np.ndarray, " n"],
) -> None:
    """The utility of each pair: 1 / (1 + exp(-liking))."""
    taste = np.zeros(music.vector.shape[1])
    for k in range(len(who)):
        if k == 0 or who[k] != who[k - 1] or day[k] != day[k - 1]:
            taste_at(people, who[k], day[k], taste)
        out[k] = 1.0 / (1.0 + np.exp(-liking(kind, who[k], thing[k], taste, people, music, lists, talk)))
