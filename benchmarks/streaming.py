"""How close a fit comes to the truth of the streaming world, and how far popularity stays behind.

    python -m benchmarks.streaming tracks podcasts --out benchmarks/results/streaming.json
    python -m benchmarks.streaming podcasts --world streaming:small --budget 20s      try it out
    python -m benchmarks.streaming tracks podcasts --no-fit                         the oracle and popularity

Lists of 20 of the oracle (`truth.best`), of a fit and of the last 28 days' popularity at the end of the tables,
for everyone. Each is compared with the seven days that `world.step` brings, and with the truth: hits are expected
ones (`truth.regret`). `exploring` is the MAP of the same lists where only things new to the listener count. Of
podcasts, `worth` is the utility of the first ten to those who never heard one. Beside these, the MAP of the oracle
and of the fit's models at the test anchor of the fit (a week before the end, without a fit).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from benchmarks.harness.score import Part, statistics

import edgewise
from edgewise.clock import DAY, to_micros
from edgewise.worlds.streaming import Streaming, streaming
from edgewise.worlds.streaming.options import read_options

K, DAYS, WORTH = 20, 7, 10
KINDS = {"tracks": ("track", "listens"), "podcasts": ("podcast", "podcast_listens")}
COLUMNS = ["entity", "anchor_time", "rank", "item"]


class Week:
    """The seven days after a moment: whom to ask about, what came true, and what was met before."""

    def __init__(self, world: Streaming, kind: str, at: int, rows: pa.Table) -> None:
        self.world, self.at = world, at
        self.name, table = KINDS[kind]
        named = {"listener_id": "entity", f"{self.name}_id": "item", "listened_at": "at"}
        rows, past = (
            t.select(list(named)).rename_columns(list(named.values())) for t in (rows, world.tables[table])
        )
        self.met, self.past = _between(rows, at, at + DAYS * DAY), _between(past, 0, at)
        truth = self.met.group_by("entity").aggregate([("item", "distinct")])
        truth = self._stamped(truth.rename_columns(["entity", "target"]))
        pairs = self.past.select(["entity", "item"]).rename_columns(["user", "item"])
        self.part = Part("ranking", truth, pairs, k=K)

    def oracle(self) -> pa.Table:
        """The best lists there are."""
        return self.world.truth.best(self.name, self.at, k=K)

    def popular(self) -> pa.Table:
        """The same list for everyone: what most listens of the last 28 days were to."""
        late = _between(self.past, self.at - 28 * DAY, self.at).column("item").to_numpy()
        items, count = np.unique(late, return_counts=True)
        top = items[np.argsort(-count, kind="stable")[:K]]
        n = self.world.options.listeners
        lists = {
            "entity": np.repeat(np.arange(1, n + 1), len(top)),
            "rank": np.tile(np.arange(1, len(top) + 1), n),
        }
        return self._stamped(pa.table(lists | {"item": np.tile(top, n)}))

    def scores(self, lists: pa.Table) -> dict[str, float]:
        """How good lists are, by what came true and by the truth."""
        truth, lists = self.world.truth, lists.select(COLUMNS)
        found = statistics(self.part, lists)
        value = truth.regret(lists, self.name, k=K).column("value")
        said = {"map": found["map"].value(), "exploring": found["explore_map"].value()}
        said["hits"] = pc.mean(value).as_py()
        if self.name == "podcast":
            worth = truth.regret(lists, self.name, k=WORTH, by="utility")
            never = np.isin(worth.column("entity").to_numpy(), truth.without_podcasts(self.at))
            said["worth"] = worth.column("value").to_numpy()[never].mean()
        return {name: round(float(score), 4) for name, score in said.items()}

    def share_new(self) -> float:
        """The share of the week's pairs of listener and thing that were not met before."""
        pairs = self.met.select(["entity", "item"]).group_by(["entity", "item"]).aggregate([])
        again = pairs.join(self.past.select(["entity", "item"]), ["entity", "item"], join_type="left semi")
        return round(1 - again.num_rows / pairs.num_rows, 4)

    def _stamped(self, table: pa.Table) -> pa.Table:
        at = pa.repeat(pa.scalar(self.at).cast(pa.timestamp("us")), table.num_rows)
        return table.append_column("anchor_time", at)


def _between(rows: pa.Table, after: int, upto: int) -> pa.Table:
    at = rows.column("at").cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return rows.filter(pa.array((at > after) & (at <= upto)))


def measure(name: str, world: Streaming, kind: str, budget: str | None) -> dict[str, Any]:
    """All figures of one kind; the fit is left out where there is no budget."""
    thing, table = KINDS[kind]
    query = (
        f"PREDICT LIST_DISTINCT({table}.{thing}_id, 0, {DAYS}, days) RANK TOP {K} FOR EACH listeners.listener_id"
    )
    week = Week(world, kind, world.now, world.step(days=DAYS).new[table])
    lists, test, before = {"oracle": week.oracle(), "popular": week.popular()}, {}, world.now - DAYS * DAY
    if budget is not None:
        run = edgewise.Graph.build(edgewise.open(name)).task(query).fit(budget=budget)
        lists["fitted"] = run.predict(at=world.now)
        before = to_micros(run.facts["cut"])
        test = {row.model: round(row.score.value, 4) for row in run.report().comparison("map").rows}
    last = Week(world, kind, before, world.tables[table])
    return {
        "query": query,
        "week to come": {who: week.scores(made) for who, made in lists.items()},
        "share of pairs that are new": week.share_new(),
        "test anchor": {"oracle": last.scores(last.oracle())["map"]} | test,
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="+", choices=sorted(KINDS))
    parser.add_argument("--world", default="streaming", help="streaming, streaming:small, …")
    parser.add_argument("--budget", default="60s", help="of each fit")
    parser.add_argument("--no-fit", action="store_true", help="the oracle and popularity only")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    world = streaming(read_options(asked.world.removeprefix("streaming")))
    budget = None if asked.no_fit else asked.budget
    found = {kind: measure(asked.world, world, kind, budget) for kind in asked.kinds}
    text = json.dumps({"world": f"{asked.world}, simulated", "budget": budget} | found, indent=2)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
