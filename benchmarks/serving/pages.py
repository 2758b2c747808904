"""How long a homepage takes beside its answers: 8 shelves of 12 things out of ready lists, on one core.

    python benchmarks/serving/pages.py [--people 300] [--items 50000] [--out benchmarks/results/pages.json]

The answers are ready lists, so that what is timed is the work of the page alone: drafts, rules, the choice of
shelves and things, words. Curated lists, a list of recommendations and a search are timed beside it.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY
from edgewise.decisions.home.page import home
from edgewise.decisions.playlists.curated import curated_list
from edgewise.decisions.project.read import parse_project
from edgewise.decisions.recommend.lists import for_person, for_text
from edgewise.decisions.surfaces import Surfaces
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event, Likeness, Past, Scored
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

NOW = 20_000 * DAY
PEOPLE = 2_000
PROJECT = """
name: bench
source: nowhere
people: {table: people}
items:
  tracks:
    {title: title, creator: artists.name, creators: artists, category: genre, released: released_at,
     duration: seconds, attributes: [tempo, energy], did: listened to, again: Listen again}
  podcasts: {title: title, category: topic, did: listened to}
collections:
  playlists: {title: title, links: playlist_tracks, items: tracks}
surfaces:
  home: {shelves: 8, things: 12, explore: 0.02}
  playlists: {kind: tracks}
rules:
  - {name: clean, kind: tracks, rule: filter, where: tracks.explicit = FALSE}
  - {name: four an artist, kind: tracks, rule: quota, per: creator, most: 4, of: page}
  - {name: not again today, kind: tracks, rule: exclude, what: taken, days: 1}
"""


class Ready:
    """Answers that are looked up, not computed."""

    kinds = ("tracks", "podcasts")

    def __init__(self, tables: dict[str, pa.Table], random_seed: int) -> None:
        self.tables = tables
        rng = np.random.default_rng(random_seed)
        self.sizes = {kind: len(tables[kind]) for kind in self.kinds}
        near = {
            kind: np.sort((rng.random((PEOPLE, 200)) ** 2 * size).astype(np.int64))
            for kind, size in self.sizes.items()
        }
        self.lists = {kind: [rng.permutation(np.unique(row)) for row in rows] for kind, rows in near.items()}
        self.asked = 0

    def _scored(self, kind: str, items: np.ndarray, because: int = MISSING) -> Scored:
        n = len(items)
        value = (0.4 / (1.0 + np.arange(n))).astype(np.float32)
        led = np.full(n, because, dtype=np.int64)
        return Scored(kind, items, value, value, np.zeros(n, dtype=np.int16), ("ready",), led)

    def for_user(self, kind: str, row: int, at: int, k: int) -> Scored:
        return self._scored(kind, self.lists[kind][row][:k])

    def for_items(self, kind: str, items: np.ndarray, at: int, k: int) -> Scored:
        return self._scored(kind, self.lists[kind][int(items[-1]) % PEOPLE][:k])

    def like(self, kind: str, item: int, at: int, k: int, how: Likeness = "similar") -> Scored:
        return self._scored(kind, self.lists[kind][item % PEOPLE][:k], item)

    def popular(self, kind: str, at: int, k: int, row: int = MISSING) -> Scored:
        return self._scored(kind, np.arange(min(k, self.sizes[kind])))

    def past(self, kind: str, row: int, at: int, n: int) -> Past:
        items = self.lists[kind][row][::2][:n]
        return Past(items, at - 2 * DAY - np.arange(len(items)) * 3 * 3600 * 1_000_000)

    def column(self, table: str, name: str) -> pa.Array:
        return self.tables[table].column(name).combine_chunks()

    def observe(self, event: Event) -> None:
        raise AssertionError("nothing happens here")


def stamps(micros: np.ndarray) -> pa.Array:
    """Microseconds as timestamps."""
    return pa.array(micros).cast(pa.timestamp("us"))


def make_tables(items: int, random_seed: int) -> dict[str, pa.Table]:
    """A catalogue: as many tracks as asked, a tenth as many artists and podcasts, a hundredth of playlists."""
    rng = np.random.default_rng(random_seed)
    some = max(items // 10, 10)
    columns: dict[str, dict[str, Any]] = {
        "people": {"person_id": np.arange(PEOPLE)},
        "artists": {"artist_id": np.arange(some), "name": [f"Artist {i}" for i in range(some)]},
        "tracks": {
            "track_id": np.arange(items),
            "artist_id": (rng.random(items) ** 2 * some).astype(np.int64),
            "title": [f"Song {i}" for i in range(items)],
            "genre": rng.choice([f"genre {g}" for g in range(24)], items),
            "explicit": rng.random(items) < 0.1,
            "tempo": rng.normal(120, 20, items),
            "energy": rng.random(items),
            "seconds": rng.integers(120, 400, items),
            "released_at": stamps(NOW - (rng.random(items) * 1500 * DAY).astype(np.int64)),
        },
        "podcasts": {
            "podcast_id": np.arange(some),
            "title": [f"Talk {i}" for i in range(some)],
            "topic": rng.choice([f"topic {t}" for t in range(12)], some),
        },
        "playlists": {"playlist_id": np.arange(some // 10), "title": [f"List {i}" for i in range(some // 10)]},
        "playlist_tracks": {
            "playlist_id": rng.integers(0, some // 10, 4 * some),
            "track_id": rng.integers(0, items, 4 * some),
        },
        "plays": {
            "person_id": rng.integers(0, PEOPLE, 20_000),
            "track_id": rng.integers(0, items, 20_000),
            "at": stamps(NOW - rng.integers(1, 90, 20_000) * DAY),
        },
        "talks": {
            "person_id": rng.integers(0, PEOPLE, 5_000),
            "podcast_id": rng.integers(0, some, 5_000),
            "at": stamps(NOW - rng.integers(1, 90, 5_000) * DAY),
        },
    }
    return {name: pa.table(table) for name, table in columns.items()}


def make_schema(tables: dict[str, pa.Table]) -> Schema:
    """Keys and links by their names."""
    keys = {
        "people": "person_id",
        "artists": "artist_id",
        "tracks": "track_id",
        "podcasts": "podcast_id",
        "playlists": "playlist_id",
    }
    owner = {key: table for table, key in keys.items()}
    made, links = {}, []
    for name, table in tables.items():
        columns = tuple(
            Column(f.name, str(f.type), SType.ID if f.name.endswith("_id") else SType.CATEGORICAL)
            for f in table.schema
        )
        made[name] = Table(
            name, columns, len(table), key=keys.get(name), time="at" if "at" in table.column_names else None
        )
        links += [
            Link(name, c.name, owner[c.name]) for c in columns if c.name in owner and c.name != keys.get(name)
        ]
    return Schema(made, tuple(links))


def timed(work: Callable[[int], Any], people: int) -> dict[str, float]:
    """Milliseconds of processor time for each of many people, after a warm-up."""
    for row in range(5):
        work(row)
    spent = []
    for row in range(people):
        began = time.process_time()
        work(row)
        spent.append((time.process_time() - began) * 1e3)
    return {"p50_ms": round(float(np.median(spent)), 3), "p99_ms": round(float(np.quantile(spent, 0.99)), 3)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    tables = make_tables(options.items, 0)
    schema, answers = make_schema(tables), Ready(tables, 1)
    project = parse_project(PROJECT, "project.yaml", schema)
    began = time.process_time()
    surfaces = Surfaces.build(project, schema, answers, until=NOW)
    built = time.process_time() - began

    def page(row: int) -> Any:
        return home(answers, surfaces, surfaces.catalogue.person(row), NOW)

    person = surfaces.catalogue.person
    found = {
        "items": options.items,
        "people": options.people,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "build_surfaces_seconds": round(built, 2),
        "home_first_of_the_week": timed(page, options.people),
        "home": timed(page, options.people),
        "recommendations": timed(
            lambda row: for_person(answers, surfaces, person(row), "tracks", NOW, 20), options.people
        ),
        "search": timed(
            lambda row: for_text(answers, surfaces, person(row), f"song {row}", NOW, 20, "tracks"), options.people
        ),
        "curated_list": timed(
            lambda row: curated_list(answers, surfaces, person(row), NOW, "new-to-you"), options.people
        ),
        "shelves": len(page(7).shelves),
        "things": sum(len(shelf.things) for shelf in page(7).shelves),
    }
    text = json.dumps(found, indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
