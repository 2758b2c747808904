"""The keys and the texts of a streaming world's things, in the order of the planted arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64

from edgewise.worlds.streaming.course import Planted
from edgewise.worlds.streaming.words import (
    ARTIST_BACK,
    ARTIST_FRONT,
    GENRE_TEMPO,
    GENRES,
    MOODS,
    SHOW_BACK,
    SHOW_FRONT,
    TITLE_BACK,
    TITLE_END,
    TITLE_FRONT,
    TOPICS,
)

__all__ = ["Labels", "make_labels", "named"]

_LIST_ENDS = ("", " essentials", " now", " for work", " at home", " on the road", " weekend", " classics")


@dataclass(frozen=True, slots=True)
class Labels:
    """Keys count from 1 in the order in which things appeared, so that later things have larger keys."""

    artist_key: Int64[np.ndarray, " artists"]
    album_key: Int64[np.ndarray, " albums"]
    track_key: Int64[np.ndarray, " tracks"]
    playlist_key: Int64[np.ndarray, " playlists"]
    podcast_key: Int64[np.ndarray, " podcasts"]
    episode_key: Int64[np.ndarray, " episodes"]
    artist: pa.Array
    album: pa.Array
    track: pa.Array
    playlist: pa.Array
    podcast: pa.Array
    episode: pa.Array
    tempo: Float64[np.ndarray, " tracks"]
    joined_hour: Float64[np.ndarray, " listeners"]  # how long before the first possible day, in days


def named(names: tuple[str, ...], codes: np.ndarray) -> pa.Array:
    """Text for small numbers."""
    return pa.array(names).take(pa.array(codes))


def _keys(day: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    keys = np.empty(len(day), np.int64)
    keys[np.argsort(day, kind="stable")] = np.arange(1, len(day) + 1)
    return keys


def make_labels(planted: Planted) -> Labels:
    """Names from lists of words; the same world has the same names."""
    rng = np.random.default_rng([planted.random_seed, 9])
    music, lists, talk = planted.music, planted.lists, planted.talk
    _, album_row = np.unique(music.album, return_index=True)
    tempo = np.array(GENRE_TEMPO)[music.genre[music.artist]] + 9 * music.flavour[:, 0]
    track = _titles(rng, len(music.artist))
    # an album is named after one of its tracks
    return Labels(
        artist_key=_keys(music.debut),
        album_key=_keys(music.released[album_row]),
        track_key=_keys(music.released),
        playlist_key=_keys(lists.created),
        podcast_key=_keys(talk.started),
        episode_key=_keys(talk.published),
        artist=_artist_names(rng, len(music.pull)),
        album=track.take(pa.array(album_row)),
        track=track,
        playlist=pc.binary_join_element_wise(
            pc.utf8_capitalize(named(MOODS, lists.mood)),
            pc.binary_join_element_wise(
                named(GENRES, lists.genre),
                named(_LIST_ENDS, rng.integers(len(_LIST_ENDS), size=len(lists.pull))),
                "",
            ),
            " ",
        ),
        podcast=pc.binary_join_element_wise(
            named(SHOW_FRONT, rng.integers(len(SHOW_FRONT), size=len(talk.topic))),
            named(TOPICS, talk.topic),
            named(SHOW_BACK, rng.integers(len(SHOW_BACK), size=len(talk.topic))),
            " ",
        ),
        episode=pc.binary_join_element_wise(
            named(TOPICS, talk.episode_topic), pc.utf8_lower(_titles(rng, len(talk.podcast))), ": "
        ),
        tempo=np.clip(tempo + rng.normal(0, 8, len(tempo)), 50, 220).round(),
        joined_hour=rng.uniform(0.02, 0.6, len(planted.people.rate)),
    )


def _titles(rng: np.random.Generator, n: int) -> pa.Array:
    words = (named(part, rng.integers(len(part), size=n)) for part in (TITLE_FRONT, TITLE_BACK, TITLE_END))
    return pc.utf8_rtrim_whitespace(pc.binary_join_element_wise(*words, " "))


def _artist_names(rng: np.random.Generator, n: int) -> pa.Array:
    """Names that differ: pairs of words, then pairs with an ending, then numbered ones."""
    pairs = len(ARTIST_FRONT) * len(ARTIST_BACK)
    rounds = -(-n // pairs)
    pair = np.concatenate([rng.permutation(pairs) for _ in range(rounds)])[:n]
    ends = ("", " Trio", " Collective", " Orchestra", *(f" {k}" for k in range(2, rounds + 2)))
    back = pc.binary_join_element_wise(
        named(ARTIST_BACK, pair // len(ARTIST_FRONT)), named(ends, np.arange(n) // pairs), ""
    )
    return pc.binary_join_element_wise(named(ARTIST_FRONT, pair % len(ARTIST_FRONT)), back, " ")
