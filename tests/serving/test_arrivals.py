"""What arrives as events: rows of the tables behind the pages, in columns, keys and surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from edgewise.decisions.project.read import parse_project
from edgewise.decisions.surfaces import Surfaces
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.serving.arrivals import Arrivals, tables_of
from edgewise.serving.renewal import LiveSurfaces
from edgewise.stypes import SType

PROJECT = """
name: music
source: nowhere
people: {table: users}
items:
  tracks: {title: title, creator: artists.name, category: genre}
collections:
  playlists: {title: title, links: playlist_tracks, items: tracks}
"""


def _schema() -> Schema:
    key, text = ("int64", SType.ID), ("string", SType.CATEGORICAL)
    columns = {
        "users": {"user_id": key},
        "artists": {"artist_id": key, "name": text},
        "tracks": {
            "track_id": key, "artist_id": key, "title": text, "genre": text,
            "out": ("timestamp[us]", SType.TIMESTAMP),
        },
        "playlists": {"playlist_id": key, "title": text},
        "playlist_tracks": {"playlist_id": key, "track_id": key},
        "plays": {"user_id": key, "track_id": key, "at": ("timestamp[us]", SType.TIMESTAMP)},
    }  # fmt: skip
    keys = {"users": "user_id", "artists": "artist_id", "tracks": "track_id", "playlists": "playlist_id"}
    times = {"tracks": "out", "plays": "at"}
    links = [("tracks", "artist_id", "artists"), ("playlist_tracks", "playlist_id", "playlists"),
             ("playlist_tracks", "track_id", "tracks"), ("plays", "user_id", "users"),
             ("plays", "track_id", "tracks")]  # fmt: skip
    return Schema(
        {
            name: Table(
                name, tuple(Column(c, *kind) for c, kind in own.items()), 3, key=keys.get(name),
                time=times.get(name),
            )
            for name, own in columns.items()
        },
        tuple(Link(*link) for link in links),
    )  # fmt: skip


TABLES = {
    "users": {"user_id": [1, 2]},
    "artists": {"artist_id": [10, 20], "name": ["Ann", "Bo"]},
    "tracks": {
        "track_id": [100, 101, 102], "artist_id": [10, 20, 10], "title": ["One", "Two", "Three"],
        "genre": ["folk", "jazz", "folk"], "out": pa.array([0, 1, 2], pa.timestamp("us")),
    },
    "playlists": {"playlist_id": [7], "title": ["Old"]},
    "playlist_tracks": {"playlist_id": [7, 7], "track_id": [100, 101]},
    "plays": {"user_id": [1], "track_id": [100], "at": pa.array([5], pa.timestamp("us"))},
}  # fmt: skip


class Base:
    """The columns at the start."""

    def column(self, table: str, name: str) -> pa.Array:
        """A column."""
        return pa.array(TABLES[table][name])


@dataclass
class Model:
    """The keys of a model that knows tracks and users."""

    known: dict[str, list[Any]] = field(default_factory=lambda: {"users": [1, 2], "tracks": [100, 101, 102]})

    def row(self, table: str, key: Any) -> int:
        return self.known[table].index(key) if key in self.known.get(table, []) else MISSING

    def keys(self, table: str, rows: np.ndarray) -> Sequence[Any]:
        return [self.known[table][int(row)] for row in rows]

    def size(self, table: str) -> int | None:
        return len(self.known[table]) if table in self.known else None


@pytest.fixture
def arrivals() -> Arrivals:
    """Arrivals over the tables."""
    schema = _schema()
    return Arrivals(Base(), schema, Model(), tables_of(parse_project(PROJECT, "p", schema), schema))


def told(arrivals: Any, table: str, at: int = 9, **values: Any) -> None:
    arrivals.hear(Event(f"{table}{values}", table, values, at))


def test_the_tables_of_a_project_are_those_it_shows_from(arrivals: Arrivals) -> None:
    assert arrivals.tables == {"tracks", "artists", "playlists", "playlist_tracks"}
    told(arrivals, "plays", user_id=1, track_id=100)
    assert not arrivals.changed


def test_rows_that_came_stand_where_their_keys_do(arrivals: Arrivals) -> None:
    model: Any = arrivals._model
    model.known["tracks"] += [555, 103]  # 555 was only named by a play; it has told nothing
    told(arrivals, "tracks", track_id=103, artist_id=30, title="Four", genre="rock")
    told(arrivals, "tracks", track_id=103, title="Too late")
    told(arrivals, "tracks", track_id=100, title="Known already")
    told(arrivals, "artists", artist_id=30, name="Cy")
    whole = arrivals.whole()
    assert whole.column("tracks", "title").to_pylist() == ["One", "Two", "Three", None, "Four"]
    assert whole.column("tracks", "track_id").to_pylist() == [100, 101, 102, 555, 103]
    assert whole.column("tracks", "out").cast(pa.int64()).to_pylist() == [0, 1, 2, None, 9]
    assert whole.column("artists", "name").to_pylist() == ["Ann", "Bo", "Cy"]
    assert arrivals.row("artists", 30) == 2
    assert arrivals.keys("artists", np.array([2, 0])) == [30, 10]
    assert arrivals.row("tracks", 103) == 4
    told(arrivals, "artists", artist_id=40, name="Di")
    assert len(whole.column("artists", "name")) == 3  # what came later changes nothing


def test_surfaces_take_in_what_came(arrivals: Arrivals) -> None:
    schema = _schema()
    surfaces = Surfaces.build(parse_project(PROJECT, "p", schema), schema, Base(), until=10)
    live = LiveSurfaces(surfaces, arrivals)
    assert live.now() is surfaces
    model: Any = arrivals._model
    model.known["tracks"].append(103)
    told(live, "tracks", track_id=103, artist_id=10, title="Quokka", genre="folk")
    told(live, "playlists", playlist_id=8, title="New")
    for track in (103, 100):
        told(live, "playlist_tracks", playlist_id=8, track_id=track)
    live.begin()
    now = live.settle()
    assert live.now() is now
    assert now.catalogue.kinds["tracks"].title(3) == "Quokka"
    assert now.catalogue.kinds["tracks"].creator.label(0) == "Ann"
    assert now.catalogue.kinds["playlists"].title(1) == "New"
    assert now.catalogue.collections["playlists"].items.of(1).tolist() == [3, 0]
    assert now.catalogue.collections["playlists"].items.of(0).tolist() == [0, 1]
    assert now.texts["tracks"].search("quokka")[0].tolist() == [3]
    assert surfaces.catalogue.kinds["tracks"].title(2) == "Three"
