"""Podcasts for listeners who never opened one: from their music, beside what is popular, against the truth.

    python benchmarks/serving/crossing.py [--size small] [--k 10] [--out benchmarks/results/crossing.json]

The streaming world knows how likely each listener takes each podcast that is shown to them. Three lists of k
podcasts for each listener without a podcast: the most heard of the last 28 days, those that the listener's music
leads to (`decisions.across`, counted on listeners with both kinds), and the best there are. Figures are the summed
utility of a list, the mean over listeners, with the standard error of the difference to popularity.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import edgewise
from edgewise.clock import DAY
from edgewise.decisions.across.crossing import Uses, fit_crossing
from edgewise.decisions.across.uses import uses_of
from edgewise.decisions.catalogue.catalogue import Catalogue
from edgewise.decisions.catalogue.columns import Reader
from edgewise.decisions.project.read import parse_project
from edgewise.decisions.taste import taste_of
from edgewise.prediction.nouns import Past
from edgewise.schema.model import Schema
from edgewise.worlds.streaming import SIZES, streaming

PAST = 200
PROJECT = """
name: music
source: streaming
people: {table: listeners}
items:
  tracks: {title: title, creator: artists.name, category: genre}
  podcasts: {title: title, category: topic}
"""


class Tables:
    """Columns of a world's tables."""

    def __init__(self, tables: dict[str, pa.Table]) -> None:
        self._tables = tables

    def column(self, table: str, name: str) -> pa.Array:
        """A column, by row."""
        return self._tables[table].column(name).combine_chunks()


def popular(uses: Uses, at: int, items: int, k: int) -> np.ndarray:
    """The rows that most meetings of the last 28 days are with."""
    late = (uses.at > at - 28 * DAY) & (uses.at <= at)
    return np.argsort(-np.bincount(uses.item[late], minlength=items), kind="stable")[:k]


def past_of(uses: Uses, row: int) -> Past:
    """The latest things of a person, each once."""
    mine = np.flatnonzero(uses.person == row)
    mine = mine[np.argsort(-uses.at[mine], kind="stable")]
    first = np.sort(np.unique(uses.item[mine], return_index=True)[1])[:PAST]
    return Past(uses.item[mine][first], uses.at[mine][first])


def measure(size: str, k: int) -> dict[str, Any]:
    """All figures."""
    world = streaming(SIZES[size])
    schema: Schema = edgewise.open(f"streaming:{size}").schema
    columns = Tables(dict(world.tables))
    reader = Reader(schema, columns)
    catalogue = Catalogue.build(parse_project(PROJECT, "project.yaml", schema), schema, columns)
    tracks, podcasts = catalogue.kinds["tracks"], catalogue.kinds["podcasts"]
    heard, talks = uses_of(reader, "listeners", "tracks"), uses_of(reader, "listeners", "podcasts")
    crossing = fit_crossing(tracks, heard, podcasts, talks, world.now)
    listener = columns.column("listeners", "listener_id").to_numpy()
    podcast = columns.column("podcasts", "podcast_id").to_numpy()
    never = world.truth.without_podcasts(world.now)
    rows = np.flatnonzero(np.isin(listener, never))
    same = popular(talks, world.now, len(podcast), k)
    lists: dict[str, list[np.ndarray]] = {"popular": [], "across": [], "best": []}
    every = np.arange(len(podcast))
    utility = np.zeros((len(rows), len(podcast)))
    for i, row in enumerate(rows.tolist()):
        who = np.full(len(podcast), listener[row])
        utility[i] = world.truth.utility("podcast", who, podcast, world.now)
        found = crossing.across(taste_of(tracks, past_of(heard, row), 30.0), tracks, world.now, k).items
        rest = same[~np.isin(same, found)]
        lists["popular"].append(same)
        lists["across"].append(np.concatenate([found, rest])[:k])
        lists["best"].append(every[np.argsort(-utility[i], kind="stable")[:k]])
    worth = {
        name: np.array([utility[i][items].sum() for i, items in enumerate(made)]) for name, made in lists.items()
    }
    gain = worth["across"] - worth["popular"]
    return {
        "world": f"streaming:{size}, simulated",
        "k": k,
        "listeners without a podcast": len(rows),
        "listeners with both": crossing.people,
        "utility": {name: round(float(values.mean()), 4) for name, values in worth.items()},
        "gain over popular": round(float(gain.mean()), 4),
        "standard error": round(float(gain.std(ddof=1) / np.sqrt(len(gain))), 4),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=sorted(SIZES), default="medium")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = json.dumps(measure(options.size, options.k), indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
