"""Make the planted things: artists with their music, playlists, podcasts, listeners."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.worlds.streaming.options import StreamingOptions
from edgewise.worlds.streaming.parts import LATENT, Lists, Music, People, Talk
from edgewise.worlds.streaming.words import (
    COUNTRIES,
    GENRE_ENERGY,
    GENRES,
    MOOD_BRIGHTNESS,
    MOOD_ENERGY,
    MOODS,
    PLANS,
    TOPICS,
)

__all__ = ["AHEAD_WEEKS", "make_lists", "make_music", "make_people", "make_talk", "scenes"]

AHEAD_WEEKS: Final = 26  # what the world can step forward: releases are planned that far
SCENES_OF: Final = 5  # scenes in a genre; no table names them
_PLAN_SHARE: Final = (0.4, 0.2, 0.28, 0.12)
_PLAN_RATE: Final = (0.75, 0.9, 1.25, 1.15)
_MODES: Final = (1.8, 3.3, 1.4, 1.6, 4.9, 1.0)  # library, playlist, album, artist, radio, search
_FRIDAY: Final = 4


def _unit(x: Float64[np.ndarray, "n latent"]) -> Float64[np.ndarray, "n latent"]:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def scenes(rng: np.random.Generator) -> Float64[np.ndarray, "scenes latent"]:
    """A direction for each scene, SCENES_OF for each genre, near the genre's own."""
    genre = _unit(rng.normal(size=(len(GENRES), LATENT)))
    return _unit(
        np.repeat(genre, SCENES_OF, axis=0) + 0.75 * _unit(rng.normal(size=(len(GENRES) * SCENES_OF, LATENT)))
    )


def make_music(rng: np.random.Generator, options: StreamingOptions, scene: np.ndarray) -> Music:
    """Artists, and their albums and tracks up to the end of what the world can step forward to."""
    n = options.artists
    of_scene = rng.integers(len(scene), size=n)
    album_artist, album_size = _albums(rng, n)
    album_day = _release_days(rng, len(album_artist), options.weeks)
    order = np.lexsort((album_day, album_artist))
    album_artist, album_size, album_day = album_artist[order], album_size[order], album_day[order]
    album = np.repeat(np.arange(len(order)), album_size)
    artist = album_artist[album]
    first = np.searchsorted(artist, np.arange(n + 1))
    starts = np.cumsum(album_size) - album_size
    genre = of_scene // SCENES_OF
    flavour, mood = _character(rng, genre[artist])
    return Music(
        first=first,
        vector=_unit(scene[of_scene] + 0.45 * _unit(rng.normal(size=(n, LATENT)))),
        pull=-0.75 * np.log(1.0 + rng.permutation(n)) + rng.normal(0, 0.2, n),
        country=rng.choice(len(COUNTRIES), size=n, p=(0.14, 0.12, 0.12, 0.14, 0.13, 0.35)),
        genre=genre,
        debut=album_day[np.searchsorted(album_artist, np.arange(n))],
        artist=artist,
        album=album,
        album_first=starts[album],
        album_stop=(starts + album_size)[album],
        charm=_charm(rng, artist, first),
        flavour=flavour,
        mood=mood,
        released=album_day[album],
        seconds=np.clip(rng.lognormal(np.log(205), 0.28, len(artist)), 70, 900).round(),
    )


def _albums(
    rng: np.random.Generator, artists: int
) -> tuple[Int64[np.ndarray, " albums"], Int64[np.ndarray, " albums"]]:
    """The artist and the number of tracks of each album; two of five are singles."""
    artist = np.repeat(np.arange(artists), 1 + rng.poisson(3.2, artists))
    single = rng.random(len(artist)) < 0.4
    return artist, np.where(single, rng.integers(1, 3, len(artist)), rng.integers(6, 13, len(artist)))


def _release_days(rng: np.random.Generator, n: int, weeks: int) -> Float64[np.ndarray, " albums"]:
    """Fridays, from years before START up to the end of what is planned: about .6 % of all in each week."""
    span = weeks + AHEAD_WEEKS
    share = 0.006 * span / (1 + 0.006 * span)
    week = np.where(rng.random(n) < share, rng.uniform(0, span, n), -rng.exponential(250, n) - 1)
    return 7.0 * np.floor(week) + _FRIDAY


def _character(
    rng: np.random.Generator, genre: Int64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, "n 2"], Int64[np.ndarray, " n"]]:
    """Energy and brightness, and a mood that goes with the genre."""
    liking = np.exp(rng.normal(0, 0.8, (len(GENRES), len(MOODS))))
    upto = np.cumsum(liking / liking.sum(axis=1, keepdims=True), axis=1)[genre]
    mood = np.minimum((upto < rng.random(len(genre))[:, None]).sum(axis=1), len(MOODS) - 1)
    energy = 0.6 * np.array(GENRE_ENERGY)[genre] + 0.5 * np.array(MOOD_ENERGY)[mood]
    flavour = np.column_stack([energy, 0.8 * np.array(MOOD_BRIGHTNESS)[mood]])
    return flavour + rng.normal(0, 0.4, flavour.shape), mood


def _charm(
    rng: np.random.Generator, artist: Int64[np.ndarray, " tracks"], first: Int64[np.ndarray, " artists_plus_1"]
) -> Float64[np.ndarray, " tracks"]:
    """Log weights that fall with a random rank among the tracks of the artist: each has its hits."""
    order = np.lexsort((rng.random(len(artist)), artist))
    rank = np.empty(len(artist))
    rank[order] = np.arange(len(artist)) - first[artist]
    return -0.8 * np.log(1.0 + rank)


def make_lists(rng: np.random.Generator, options: StreamingOptions, scene: np.ndarray, music: Music) -> Lists:
    """Ready-made playlists around a scene and a mood, begun over the years and added to over time."""
    n = options.playlists
    of_scene, mood = rng.integers(len(scene), size=n), rng.integers(len(MOODS), size=n)
    last = 7.0 * (options.weeks + AHEAD_WEEKS)
    created = np.where(rng.random(n) < 0.6, -rng.exponential(400, n) - 1, rng.uniform(0, last, n))
    created = np.sort(np.floor(created))
    vector = _unit(scene[of_scene] + 0.25 * _unit(rng.normal(size=(n, LATENT))))
    flavour = np.column_stack([0.5 * np.array(MOOD_ENERGY)[mood], 0.8 * np.array(MOOD_BRIGHTNESS)[mood]])
    size = rng.integers(20, 61, n)
    track, added = [], []
    for p in range(n):  # a few hundred lists, never rows of events
        chosen, days = _fill(rng, music, vector[p], flavour[p], int(mood[p]), created[p], last, int(size[p]))
        track.append(chosen)
        added.append(days)
    return Lists(
        first=np.concatenate([[0], np.cumsum([len(t) for t in track])]),
        vector=vector,
        flavour=flavour,
        pull=rng.normal(0, 0.9, n),
        genre=of_scene // SCENES_OF,
        mood=mood,
        created=created,
        track=np.concatenate(track),
        added=np.concatenate(added),
    )


def _fill(
    rng: np.random.Generator,
    music: Music,
    vector: np.ndarray,
    flavour: np.ndarray,
    mood: int,
    created: float,
    last: float,
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The tracks of one list and the days they were added: those that fit, new releases as they come."""
    fit = 8.0 * (music.vector @ vector) + 0.5 * music.pull
    weight = fit[music.artist] + music.charm + music.flavour @ flavour + 1.2 * (music.mood == mood)
    day = np.maximum(created, music.released)
    score = np.where(day < last, weight + rng.gumbel(size=len(weight)), -np.inf)
    score -= np.where(music.released > created, 0.8, 0.0)
    chosen = np.argsort(-score)[:size]
    start = day[chosen]
    later = (rng.random(len(chosen)) < 0.3) & (start <= created)
    start = np.where(later, created + np.floor(rng.uniform(0, max(last - created, 1), len(chosen))), start)
    order = np.lexsort((rng.random(len(chosen)), start))
    return chosen[order], start[order]


def make_talk(rng: np.random.Generator, options: StreamingOptions) -> Talk:
    """Podcasts by topic, each with weekly or fortnightly episodes."""
    n = options.podcasts
    topic = np.arange(n) % len(TOPICS)
    last = 7.0 * (options.weeks + AHEAD_WEEKS)
    started = np.floor(np.where(rng.random(n) < 0.75, -rng.uniform(30, 300, n), rng.uniform(0, 0.9 * last, n)))
    gap = rng.choice((3.5, 7.0, 14.0), size=n, p=(0.25, 0.5, 0.25))
    count = 1 + np.floor((last - started) / gap).astype(np.int64)
    podcast = np.repeat(np.arange(n), count)
    first = np.concatenate([[0], np.cumsum(count)])
    published = started[podcast] + np.floor((np.arange(len(podcast)) - first[podcast]) * gap[podcast])
    astray = rng.random(len(podcast)) < 0.15
    typical = rng.choice((1200.0, 2100.0, 3300.0), size=n)
    return Talk(
        first=first,
        topic=topic,
        pull=-0.6 * np.log(1.0 + rng.permutation(n)),
        started=started,
        podcast=podcast,
        episode_topic=np.where(astray, rng.integers(len(TOPICS), size=len(podcast)), topic[podcast]),
        published=published,
        seconds=np.clip(typical[podcast] * rng.lognormal(0, 0.2, len(podcast)), 300, 9000).round(),
        leaning=_unit(rng.normal(size=(len(TOPICS), LATENT))),
    )


def make_people(rng: np.random.Generator, options: StreamingOptions, scene: np.ndarray) -> People:
    """Listeners: tastes that lean on age and country, and habits of their own."""
    n, days = options.listeners, 7.0 * options.weeks
    age = np.clip(np.round(14 + rng.gamma(3.2, 7.0, n)), 14, 85).astype(np.int64)
    country = rng.choice(len(COUNTRIES), size=n, p=(0.15, 0.12, 0.13, 0.15, 0.1, 0.35))
    plan = rng.choice(len(PLANS), size=n, p=_PLAN_SHARE)
    plan = np.where((plan == PLANS.index("student")) & (age > 30), PLANS.index("premium"), plan)
    cohort = np.digitize(age, (20, 27, 35, 45)) * len(COUNTRIES) + country
    lean = rng.normal(0, 1.1, (5 * len(COUNTRIES), len(scene)))[cohort]
    rate = 0.4 * rng.lognormal(-0.25, 0.7, n) * np.array(_PLAN_RATE)[plan]
    joined = np.where(rng.random(n) < 0.65, -rng.exponential(300, n) - 1, rng.uniform(0, 0.95 * days, n))
    leaves = rng.random(n) < 0.08
    begun = np.maximum(joined, 0.0)
    talk = rng.random(n)
    begins = np.where(
        talk < 0.4, -1.0, np.where(talk < 0.65, begun + rng.uniform(0, 1, n) * (days - begun), np.inf)
    )
    return People(
        bonds=options.random_seed,
        taste=_tastes(rng, scene, lean),
        later=_tastes(rng, scene, lean),
        drift=rng.uniform(0, 1.2, n),
        flavour=rng.normal(0, 0.7, (n, 2)),
        country=country,
        age=age,
        plan=plan,
        rhythm=rng.integers(3, size=n),
        rate=np.minimum(rate, 4.0),
        modes=rng.dirichlet(_MODES, n),
        joined=np.floor(joined),
        left=np.where(leaves, begun + np.floor(rng.uniform(0, 1, n) * (days - begun)) + 1, np.inf),
        topics=rng.normal(0, 0.4, (n, len(TOPICS))),
        pod_rate=np.minimum(0.25 * rng.lognormal(-0.3, 0.8, n), 2.5),
        pod_begins=np.floor(begins),
    )


def _tastes(
    rng: np.random.Generator, scene: np.ndarray, lean: Float64[np.ndarray, "n scenes"]
) -> Float64[np.ndarray, "n latent"]:
    """Directions between two scenes that the cohort leans to, the first weighing more."""
    score = lean + rng.gumbel(size=lean.shape)
    best = np.argsort(-score, axis=1)[:, :2]
    return _unit(scene[best[:, 0]] + 0.55 * scene[best[:, 1]] + 0.35 * _unit(rng.normal(size=(len(lean), LATENT))))
