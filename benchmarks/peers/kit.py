"""What every peer's script shares: reading a job, holding out a slice, tuning on it, writing what was answered.

Needs numpy, scipy and pyarrow alone: it runs in the environments of the peers.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

__all__ = [
    "Events", "Job", "Tuned", "main", "matrix", "settings", "top_lists", "tune", "versions", "write_lists",
]  # fmt: skip

DAY = 86_400_000_000  # microseconds
_USERS_AT_ONCE = 256


@dataclass(frozen=True)
class Events:
    """Who had what, when: dense ids of users and items, days (float, NaN without time), baskets."""

    user: np.ndarray
    item: np.ndarray
    day: np.ndarray
    basket: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.user)

    def take(self, mask: np.ndarray) -> Events:
        """The events where the mask is true."""
        return Events(self.user[mask], self.item[mask], self.day[mask], self.basket[mask], self.weight[mask])


@dataclass(frozen=True)
class Job:
    """A job's folder, read: `said` is job.json; `users` and `items` are the keys behind the dense ids.

    `now` is the cut, in days. `seeds` are the users asked about (-1: never seen).
    """

    folder: Path
    said: dict[str, Any]
    users: pa.Array
    items: pa.Array
    events: Events
    seeds: np.ndarray
    seed_table: pa.Table
    now: float
    allowed: np.ndarray | None  # a mask of the items that may be listed; None for all

    @classmethod
    def read(cls, folder: Path) -> Job:
        """Read a ranking's job."""
        said = json.loads((folder / "job.json").read_text())
        table = pq.read_table(folder / "events.parquet")
        seeds = pq.read_table(folder / "seeds.parquet")
        catalogue = pq.read_table(folder / "catalogue.parquet", columns=["item"]).column("item").combine_chunks()
        users = pc.unique(table.column("user"))
        day = table.column("at").cast(pa.int64()).to_numpy(zero_copy_only=False) / DAY
        events = Events(
            _codes(table.column("user"), users), _codes(table.column("item"), catalogue), day.astype(np.float64),
            table.column("basket").to_numpy(), table.column("weight").to_numpy(),
        )  # fmt: skip
        now = float(np.datetime64(said["cut"], "us").astype(np.int64) / DAY) if said["cut"] else 0.0
        allowed = None
        if (folder / "only.parquet").exists():
            only = pq.read_table(folder / "only.parquet").column("item").combine_chunks()
            allowed = pc.is_in(catalogue, only.cast(catalogue.type)).to_numpy(zero_copy_only=False)
        known = _codes(seeds.column("entity"), users)
        return cls(folder, said, users, catalogue, events, known, seeds, now, allowed)

    @property
    def shape(self) -> tuple[int, int]:
        """How many users and items."""
        return len(self.users), len(self.items)

    def held_out(self) -> tuple[Events, float, np.ndarray, list[np.ndarray]]:
        """A slice to tune on: the events before it, its moment, its users, and what each of them had in it."""
        events, split = self.events, self.said["split"]
        rng = np.random.default_rng(self.said["random_seed"])
        moment = self.now
        if split == "time":
            moment = self.now - self.said["horizon_days"]
            held = events.day > moment
        elif split == "last":
            held = _last_of_each(events)
        else:
            held = rng.random(len(events)) < 0.1
        before, after = events.take(~held), events.take(held)
        users = np.intersect1d(np.unique(after.user), np.unique(before.user))
        users = np.sort(rng.permutation(users)[:3000])
        order = np.argsort(after.user, kind="stable")
        bounds = np.searchsorted(after.user[order], np.stack([users, users + 1]))
        lists = [np.unique(after.item[order[a:b]]) for a, b in bounds.T]
        return before, moment, users, lists


@dataclass(frozen=True)
class Tuned:
    """The best setting, its score on the held-out slice, and all that was tried."""

    best: dict[str, Any]
    tried: list[dict[str, Any]]
    seconds: float


def _codes(column: pa.ChunkedArray, values: pa.Array) -> np.ndarray:
    found = pc.index_in(column.combine_chunks().cast(values.type), values).fill_null(-1)
    return found.to_numpy(zero_copy_only=False).astype(np.int64)


def _last_of_each(events: Events) -> np.ndarray:
    order = np.lexsort((events.day, events.user))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = events.user[order][1:] != events.user[order][:-1]
    held = np.zeros(len(order), dtype=bool)
    held[order[last]] = True
    return held


def matrix(events: Events, shape: tuple[int, int], weight: np.ndarray | None = None) -> sp.csr_matrix:
    """Users by items; repeated pairs are added."""
    values = np.ones(len(events)) if weight is None else weight
    return sp.csr_matrix((values.astype(np.float32), (events.user, events.item)), shape=shape)


def top_lists(
    scores: Callable[[np.ndarray], np.ndarray],
    users: np.ndarray,
    depth: int,
    seen: sp.csr_matrix | None,
    allowed: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The best items of some users, best first, in blocks: items [users, depth] and scores.

    `scores` gives a dense [users, items] array; what is in `seen` or not `allowed` is left out.
    """
    for first in range(0, len(users), _USERS_AT_ONCE):
        block = users[first : first + _USERS_AT_ONCE]
        found = np.array(scores(block), dtype=np.float32)
        if seen is not None:
            rows = seen[block]
            found[np.repeat(np.arange(len(block)), np.diff(rows.indptr)), rows.indices] = -np.inf
        if allowed is not None:
            found[:, ~allowed] = -np.inf
        width = min(depth, found.shape[1])
        top = np.argpartition(-found, width - 1, axis=1)[:, :width]
        value = np.take_along_axis(found, top, axis=1)
        order = np.argsort(-value, axis=1, kind="stable")
        yield np.take_along_axis(top, order, axis=1), np.take_along_axis(value, order, axis=1)


def quality(metric: str, lists: np.ndarray, truth: list[np.ndarray], k: int) -> float:
    """The mean of a metric over users, to choose settings by. What is reported is computed elsewhere."""
    total = 0.0
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    for row, wanted in zip(lists[:, :k], truth, strict=True):
        hit = np.isin(row, wanted)
        places = np.arange(1, len(row) + 1)
        if metric == "map":
            total += float((np.cumsum(hit) / places * hit).sum()) / min(k, len(wanted))
        elif metric == "ndcg":
            total += float((hit * discount[: len(row)]).sum()) / float(discount[: min(k, len(wanted))].sum())
        elif metric == "hit_rate":
            total += float(hit.any())
        else:
            total += float(hit.sum()) / len(wanted)
    return total / max(len(truth), 1)


Fit = Callable[[Events, float, dict[str, Any]], Callable[[np.ndarray], np.ndarray]]


def settings(grid: dict[str, list[Any]], said: dict[str, Any]) -> list[dict[str, Any]]:
    """Settings of a grid to try, at random, as many as the job has trials; or those of another part.

    `TUNED_KNOBS` in the environment holds what was chosen there, as JSON; what is no knob of the grid is left out.
    """
    before = json.loads(os.environ.get("TUNED_KNOBS", "{}"))
    if before:
        return [{name: before[name] for name in grid}]
    every = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    rng = np.random.default_rng(said["random_seed"])
    return [every[i] for i in rng.permutation(len(every))[: said["trials"]]]


def spent() -> float:
    """Seconds of work so far: the process's CPU time over its cores. A busy machine takes none of a budget."""
    return time.process_time() / int(os.environ.get("OMP_NUM_THREADS", "1"))


def tune(job: Job, fit: Fit, grid: dict[str, list[Any]]) -> Tuned:
    """Try settings of a grid at random on the held-out slice, within the job's trials and seconds."""
    chosen = settings(grid, job.said)
    if len(chosen) == 1:
        return Tuned(chosen[0], [], 0.0)
    before, moment, users, truth = job.held_out()
    seen = matrix(before, job.shape) if job.said["exclude_seen"] else None
    began, tried = spent(), []
    for knobs in chosen:
        scores = fit(before, moment, knobs)
        lists = np.concatenate([items for items, _ in top_lists(scores, users, job.said["k"], seen)])
        tried.append({"knobs": knobs, "score": quality(job.said["metric"], lists, truth, job.said["k"])})
        print(json.dumps(tried[-1]), flush=True)
        if spent() - began > job.said["tuning_seconds"]:
            break
    best = max(tried, key=lambda t: t["score"])
    return Tuned(best["knobs"], tried, spent() - began)


def write_lists(job: Job, out: Path, blocks: Iterator[tuple[np.ndarray, np.ndarray]], cold: np.ndarray) -> None:
    """Write the lists of the known seeds, in their order, and `cold` (one list of items) for the unknown ones."""
    known = np.flatnonzero(job.seeds >= 0)
    found = list(blocks)
    depth = job.said["depth"]
    items = np.full((len(job.seeds), depth), -1, dtype=np.int64)
    scores = np.full((len(job.seeds), depth), -np.inf, dtype=np.float32)
    if found:
        width = found[0][0].shape[1]
        items[known, :width] = np.concatenate([i for i, _ in found])
        scores[known, :width] = np.concatenate([s for _, s in found])
    strange = job.seeds < 0
    cold = cold if job.allowed is None else cold[job.allowed[cold]]
    items[strange, : len(cold[:depth])] = cold[:depth]
    scores[strange, : len(cold[:depth])] = -np.arange(len(cold[:depth]))
    keep = (items >= 0) & np.isfinite(scores)
    row, place = np.nonzero(keep)
    taken = pa.array(row)
    table = pa.table(
        {
            "entity": job.seed_table.column("entity").take(taken),
            "anchor_time": job.seed_table.column("anchor_time").take(taken),
            "rank": pa.array(_ranks(keep)[keep], pa.int32()),
            "item": job.items.take(pa.array(items[row, place])),
            "score": pa.array(scores[row, place]),
        }
    )
    pq.write_table(table, out / "predictions.parquet", compression="zstd")


def _ranks(keep: np.ndarray) -> np.ndarray:
    return np.cumsum(keep, axis=1)


def versions(*names: str) -> dict[str, str]:
    """The versions of some packages, where they are installed."""
    found = {"python": sys.version.split()[0]}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main(run: Callable[[Path, Path, list[str]], dict[str, Any]]) -> None:
    """Read the command line `JOB OUT ARGUMENTS`, run, and write `facts.json`."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    facts = run(folder, out, sys.argv[3:])
    (out / "facts.json").write_text(json.dumps(facts, indent=1, default=float), encoding="utf-8")
