"""Policies to compare with in the streaming world, and what is counted. None of them needs a fitted model.

A page has ten places, and everyone looks at it once, on the first day of a week. `nothing` shows no page: what
people do by themselves. `popular` shows everyone what most people played in four weeks, `habits` each listener
their own most played tracks. The oracle knows what each listener most likely takes, of all kinds of things.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, get_args

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from edgewise.clock import DAY
from edgewise.worlds.streaming.liking import Kind
from edgewise.worlds.streaming.world import Step, Streaming

__all__ = ["GOAL", "ORACLE", "PLACES", "POLICIES", "figures"]

Policy = Callable[[Streaming], pa.Table | None]

PLACES: Final = 10  # of a page
GOAL: Final = "taken"
_RECENT: Final = 28  # days of listens that make a track popular
_EACH: Final = 3  # of the places on the popular page, those for podcasts


def nothing(world: Streaming) -> None:
    """No page: what people do by themselves."""


def popular(world: Streaming) -> pa.Table:
    """The tracks and podcasts with most listeners in four weeks, the same page for everyone."""
    tracks = _most(world, "listens", "track_id")[: PLACES - _EACH]
    podcasts = _most(world, "podcast_listens", "podcast_id")[:_EACH]
    kind = np.repeat(["track", "podcast"], [len(tracks), len(podcasts)])
    item = np.concatenate([tracks, podcasts])
    everyone = world.tables["listeners"].column("listener_id").to_numpy()
    return _page(
        np.repeat(everyone, len(item)), np.tile(kind, len(everyone)), np.tile(item, len(everyone)),
        np.tile(np.arange(1, len(item) + 1), len(everyone)),
    )  # fmt: skip


def habits(world: Streaming) -> pa.Table:
    """Each listener's own tracks of four weeks, most played first."""
    plays = _recent(world, "listens")
    pairs, count = np.unique(
        np.stack([plays.column("listener_id").to_numpy(), plays.column("track_id").to_numpy()]), axis=1,
        return_counts=True,
    )  # fmt: skip
    order = np.lexsort((pairs[1], -count, pairs[0]))
    listener, track = pairs[0][order], pairs[1][order]
    position = np.arange(len(listener)) - np.searchsorted(listener, listener) + 1
    top = position <= PLACES
    return _page(listener[top], np.repeat("track", top.sum()), track[top], position[top])


def oracle(world: Streaming) -> pa.Table:
    """What each listener most likely takes when it is shown, by the truth, best first."""
    best = [(kind, world.truth.best(kind, world.now, k=PLACES, by="utility")) for kind in get_args(Kind)]
    listener = np.concatenate([table.column("entity").to_numpy() for _, table in best])
    kinds = np.concatenate([np.repeat(kind, table.num_rows) for kind, table in best])
    item = np.concatenate([table.column("item").to_numpy() for _, table in best])
    score = np.concatenate([table.column("score").to_numpy() for _, table in best])
    order = np.lexsort((item, kinds, -score, listener))
    listener, kinds, item = listener[order], kinds[order], item[order]
    position = np.arange(len(listener)) - np.searchsorted(listener, listener) + 1
    top = position <= PLACES
    return _page(listener[top], kinds[top], item[top], position[top])


POLICIES: Final[dict[str, Policy]] = {"nothing": nothing, "popular": popular, "habits": habits}
ORACLE: Final[Policy] = oracle


def figures(before: Streaming, step: Step) -> dict[str, float]:
    """What a step came to.

    `taken`: things on the page that were taken. `listens`, `skips` and `podcast_listens`: as the tables say, with
    or without the page. `first_podcasts`: listeners who heard their first podcast.
    """
    taken = 0 if step.responses is None else int(np.sum(step.responses.column("taken").to_numpy()))
    heard = np.unique(before.tables["podcast_listens"].column("listener_id").to_numpy())
    hear = np.unique(step.new["podcast_listens"].column("listener_id").to_numpy())
    return {
        "taken": float(taken),
        "listens": float(step.new["listens"].num_rows),
        "skips": float(step.new["skips"].num_rows),
        "podcast_listens": float(step.new["podcast_listens"].num_rows),
        "first_podcasts": float(len(np.setdiff1d(hear, heard))),
    }


def _recent(world: Streaming, table: str) -> pa.Table:
    rows = world.tables[table]
    late = rows.column("listened_at").cast("int64").to_numpy() > world.now - _RECENT * DAY
    return rows.filter(pa.array(late))


def _most(world: Streaming, table: str, column: str) -> Int64[np.ndarray, " things"]:
    """Things by how many listeners they had in four weeks, most first."""
    rows = _recent(world, table)
    pairs = np.unique(np.stack([rows.column(column).to_numpy(), rows.column("listener_id").to_numpy()]), axis=1)
    thing, listeners = np.unique(pairs[0], return_counts=True)
    return thing[np.lexsort((thing, -listeners))]


def _page(listener: np.ndarray, kind: np.ndarray, item: np.ndarray, position: np.ndarray) -> pa.Table:
    return pa.table(
        {"listener_id": listener, "kind": pa.array(kind, pa.string()), "item": item, "position": position}
    )
