"""A small world of music with answers that are computed by hand, and the project that serves it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY, to_micros
from edgewise.decisions.catalogue.catalogue import Catalogue
from edgewise.decisions.people import Person
from edgewise.decisions.project.read import parse_project
from edgewise.decisions.surfaces import Surfaces
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event, Likeness, Past, Scored
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

NOW = to_micros("2026-03-12T12:00:00")
GENRES = ["folk", "jazz", "metal", "pop", "techno"]
TOPICS = ["comedy", "history", "music"]
REGIONS = ["SE", "DE", "SE,DE", None]

PROJECT = """
name: music
source: streaming
random_seed: 3
people: {table: listeners, age: age, region: country}
items:
  tracks:
    title: title
    creator: artists.name
    creators: artists
    category: genre
    supplier: label
    duration: seconds
    released: released_at
    attributes: [tempo, energy]
    did: listened to
    again: Listen again
    follow: follow
  artists:
    title: name
    did: followed
  podcasts:
    title: title
    category: topic
    did: listened to
collections:
  playlists: {title: title, links: playlist_tracks, items: tracks}
surfaces:
  home: {shelves: 6, things: 8, least: 3}
  playlists: {kind: tracks, length: 20}
"""


@dataclass
class TinyAnswers:
    """Answers out of tables: what a listener likes is what shares artist and genre with what they played."""

    tables: dict[str, pa.Table]
    kinds: tuple[str, ...] = ("tracks", "artists", "podcasts")

    def __post_init__(self) -> None:
        self.plays = {}
        for kind, table, column in (
            ("tracks", "listens", "track_id"),
            ("artists", "follows", "artist_id"),
            ("podcasts", "podcast_listens", "podcast_id"),
        ):
            t = self.tables[table]
            names = ("listener_id", column, "at")
            user, item, at = (t.column(c).to_numpy() for c in names)
            self.plays[kind] = (user, item, at.astype("datetime64[us]").astype(np.int64))
        self.group = {
            "tracks": (self._ints("tracks", "artist_id"), _codes(self.tables["tracks"]["genre"])),
            "artists": (self._ints("artists", "artist_id"), _codes(self.tables["artists"]["country"])),
            "podcasts": (self._ints("podcasts", "podcast_id"), _codes(self.tables["podcasts"]["topic"])),
        }

    def _ints(self, table: str, column: str) -> np.ndarray:
        return self.tables[table].column(column).to_numpy()

    def _counts(self, kind: str, at: int, row: int | None = None) -> np.ndarray:
        user, item, when = self.plays[kind]
        mine = (when <= at) & ((user == row) if row is not None else True)
        return np.bincount(item[mine], minlength=len(self.group[kind][0])).astype(np.float64)

    def _scored(self, kind: str, scores: np.ndarray, k: int, channel: str, because: int = MISSING) -> Scored:
        top = np.argsort(-scores, kind="stable")[:k]
        top = top[np.isfinite(scores[top])]
        value = (0.5 * scores[top] / max(scores.max(), 1e-9)).astype(np.float32)
        return Scored(
            kind, top.astype(np.int64), scores[top].astype(np.float32), value, np.zeros(len(top), np.int16),
            (channel,), np.full(len(top), because, dtype=np.int64),
        )  # fmt: skip

    def for_user(self, kind: str, row: int, at: int, k: int) -> Scored:
        counts = self._counts(kind, at, row) if row != MISSING else np.zeros(len(self.group[kind][0]))
        if counts.sum() == 0:
            return self.popular(kind, at, k)
        return self._scored(kind, self._near(kind, counts) + 0.01 * self._counts(kind, at), k, "taste")

    def _near(self, kind: str, counts: np.ndarray) -> np.ndarray:
        score = counts.copy()
        for weight, codes in zip((1.0, 0.3), self.group[kind], strict=True):
            score += weight * np.bincount(codes, weights=counts)[codes] / max(counts.sum(), 1)
        return score

    def for_items(self, kind: str, items: np.ndarray, at: int, k: int) -> Scored:
        counts = np.bincount(items, minlength=len(self.group[kind][0])).astype(np.float64)
        score = self._near(kind, counts) + 0.01 * self._counts(kind, at)
        score[items] = -np.inf
        return self._scored(kind, score, k, "with the basket", int(items[-1]))

    def like(self, kind: str, item: int, at: int, k: int, how: Likeness = "similar") -> Scored:
        return replace(self.for_items(kind, np.array([item]), at, k), channels=(how,))

    def popular(self, kind: str, at: int, k: int, row: int = MISSING) -> Scored:
        return self._scored(kind, self._counts(kind, at), k, "popular")

    def past(self, kind: str, row: int, at: int, n: int) -> Past:
        user, item, when = self.plays[kind]
        mine = np.flatnonzero((user == row) & (when <= at))
        mine = mine[np.argsort(-when[mine], kind="stable")]
        first = np.sort(np.unique(item[mine], return_index=True)[1])[:n]
        return Past(item[mine][first], when[mine][first])

    def column(self, kind: str, name: str) -> pa.Array:
        return self.tables[kind].column(name).combine_chunks()

    def observe(self, event: Event) -> None:
        kind = {"listens": "tracks", "follows": "artists", "podcast_listens": "podcasts"}[event.table]
        column = {"tracks": "track_id", "artists": "artist_id", "podcasts": "podcast_id"}[kind]
        user, item, when = self.plays[kind]
        new = (event.values["listener_id"], event.values[column], event.at)
        grown = [np.append(a, v) for a, v in zip((user, item, when), new, strict=True)]
        self.plays[kind] = (grown[0], grown[1], grown[2])


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    return column.combine_chunks().dictionary_encode().indices.to_numpy()


def _times(micros: np.ndarray) -> pa.Array:
    return pa.array(micros).cast(pa.timestamp("us"))


def make_tables(random_seed: int = 0, listeners: int = 40, tracks: int = 240) -> dict[str, pa.Table]:
    """The tables. Each listener likes two genres; a quarter never opened a podcast; listener 0 did nothing."""
    rng = np.random.default_rng(random_seed)
    artists, podcasts, playlists = 30, 30, 16
    artist_genre = rng.integers(0, len(GENRES), artists)
    artist = rng.integers(0, artists, tracks)
    genre = artist_genre[artist]
    likes = np.stack([rng.choice(len(GENRES), 2, replace=False) for _ in range(listeners)])
    who = rng.integers(1, listeners, 4000)
    what = np.array([rng.choice(np.flatnonzero(np.isin(genre, likes[u]))) for u in who])
    when = NOW - (rng.random(4000) ** 2 * 90 * DAY).astype(np.int64)
    heard = rng.integers(listeners // 4, listeners, 300)
    topics = rng.integers(0, len(TOPICS), podcasts)
    which = np.array([rng.choice(np.flatnonzero(topics == likes[u, 0] % len(TOPICS))) for u in heard])
    of = rng.integers(0, playlists, 320)
    home_genre = rng.integers(0, len(GENRES), playlists)
    inside = np.array([rng.choice(np.flatnonzero(genre == home_genre[p])) for p in of])
    follows = rng.integers(1, listeners, 120)
    followed = np.array([rng.choice(np.flatnonzero(np.isin(artist_genre, likes[u]))) for u in follows])
    listens = {"listener_id": who, "track_id": what, "at": _times(when)}
    follow_at = np.full(120, NOW - 30 * DAY)
    talk_at = NOW - (rng.random(300) * 60 * DAY).astype(np.int64)
    columns = {
        "listeners": {
            "listener_id": np.arange(listeners),
            "age": rng.integers(10, 70, listeners).astype(float),
            "country": [REGIONS[i % 2] for i in range(listeners)],
        },
        "artists": {
            "artist_id": np.arange(artists),
            "name": [f"Artist {i}" for i in range(artists)],
            "country": [("SE", "DE")[i % 2] for i in range(artists)],
        },
        "tracks": _tracks(rng, artist, genre),
        "podcasts": {
            "podcast_id": np.arange(podcasts),
            "title": [f"Talk {i}" for i in range(podcasts)],
            "topic": [TOPICS[t] for t in topics],
        },
        "playlists": {
            "playlist_id": np.arange(playlists),
            "title": [f"All {GENRES[g]} {i}" for i, g in enumerate(home_genre)],
        },
        "playlist_tracks": {"playlist_id": of, "track_id": inside},
        "listens": listens,
        "follows": {"listener_id": follows, "artist_id": followed, "at": _times(follow_at)},
        "podcast_listens": {"listener_id": heard, "podcast_id": which, "at": _times(talk_at)},
    }
    return {name: pa.table(table) for name, table in columns.items()}


def _tracks(rng: np.random.Generator, artist: np.ndarray, genre: np.ndarray) -> dict[str, object]:
    n = len(artist)
    return {
        "track_id": np.arange(n),
        "artist_id": artist,
        "title": [f"Song {i}" for i in range(n)],
        "genre": [GENRES[g] for g in genre],
        "label": [f"label {i % 7}" for i in range(n)],
        "seconds": rng.integers(120, 400, n).astype(float),
        "tempo": 60 + 30.0 * genre + rng.normal(0, 5, n),
        "energy": rng.random(n),
        "explicit": rng.random(n) < 0.1,
        "stock": rng.integers(0, 4, n),
        "least_age": [18.0 if rng.random() < 0.1 else None for _ in range(n)],
        "regions": [REGIONS[i % 4] for i in range(n)],
        "released_at": _times(NOW - (rng.random(n) * 400 * DAY).astype(np.int64)),
    }


LINKS = (
    ("tracks", "artist_id", "artists"), ("playlist_tracks", "playlist_id", "playlists"),
    ("playlist_tracks", "track_id", "tracks"), ("listens", "listener_id", "listeners"),
    ("listens", "track_id", "tracks"), ("follows", "listener_id", "listeners"),
    ("follows", "artist_id", "artists"),
    ("podcast_listens", "listener_id", "listeners"), ("podcast_listens", "podcast_id", "podcasts"),
)  # fmt: skip


def make_schema(tables: dict[str, pa.Table]) -> Schema:
    """The schema of the tables, as inference would find it."""
    made = {}
    for name, table in tables.items():
        columns = tuple(Column(f.name, str(f.type), _stype(f)) for f in table.schema)
        key = f"{name.removesuffix('s')}_id"
        time = next((c.name for c in columns if c.stype is SType.TIMESTAMP and c.name == "at"), None)
        made[name] = Table(name, columns, len(table), key=key if key in table.column_names else None, time=time)
    return Schema(made, tuple(Link(*link) for link in LINKS))


def _stype(field: pa.Field) -> SType:
    if field.name.endswith("_id"):
        return SType.ID
    if pa.types.is_timestamp(field.type):
        return SType.TIMESTAMP
    if pa.types.is_boolean(field.type):
        return SType.BOOLEAN
    return SType.CATEGORICAL if pa.types.is_string(field.type) else SType.NUMERICAL


@dataclass
class World:
    """All that surfaces need."""

    answers: TinyAnswers
    schema: Schema
    surfaces: Surfaces
    now: int = NOW

    @property
    def catalogue(self) -> Catalogue:
        """What can be shown."""
        return self.surfaces.catalogue

    def person(self, row: int, **known: object) -> Person:
        """A listener."""
        return self.catalogue.person(row, **known)  # type: ignore[arg-type]  # passed on

    def with_(self, more: str, *shelves: str) -> World:
        """The same world under a project with further lines, and with these shelves alone where any are given."""
        show = f"shelves: 6, show: [{', '.join(shelves)}]" if shelves else "shelves: 6"
        return make_world(self.answers.tables, PROJECT.replace("shelves: 6", show) + more)

    def showing(self, *shelves: str) -> World:
        """The same world with these shelves alone."""
        return self.with_("", *shelves)


def make_world(tables: dict[str, pa.Table], text: str = PROJECT) -> World:
    """Answers, catalogue and rules of a project over the tables."""
    schema, answers = make_schema(tables), TinyAnswers(tables)
    project = parse_project(text, "project.yaml", schema)
    return World(answers, schema, Surfaces.build(project, schema, answers, until=NOW))


@pytest.fixture(scope="session")
def world() -> World:
    """The small world."""
    return make_world(make_tables())


@pytest.fixture(scope="session")
def project_text() -> str:
    """The project file of the small world."""
    return PROJECT
