"""How long live answers take: one person's list, things like another, an event; and how fast a state opens.

    python benchmarks/serving/online.py --users 100000 --items 50000 --events 3000000 --out online.json

A synthetic shop with known sizes: people with a few favourite categories, things with a long tail, stores, offers.
Trees are grown on a sample of people. Everything runs on one thread. Prints JSON: p50 and p99 in milliseconds,
events a second one by one and in bulk, seconds to write and to open the snapshot, memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pyarrow as pa

from edgewise.clock import DAY
from edgewise.graph.memory import graph_from_arrays
from edgewise.models.ranker_mix import Mix
from edgewise.models.ranker_parts import RankerParts
from edgewise.models.ranker_trees import TreeSettings, binned, fit_trees, useful_columns
from edgewise.models.ranking_setup import Setup, ranking_target
from edgewise.models.ranking_tables import channels_for, make_table
from edgewise.prediction.nouns import Event
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.query.bind import bind
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import History, Labels, Ragged, Seeds, TaskSpec

DAYS, HORIZON, STORES = 180, 7 * DAY, 40
QUERY = "PREDICT LIST_DISTINCT(buys.item_id, 0, 7, days) RANK TOP 50 FOR EACH users.user_id"


def schema() -> Schema:
    """Users, items, stores, and what was bought where."""

    def table(name: str, key: str | None, time_column: str | None, **columns: tuple[str, SType]) -> Table:
        made = tuple(Column(column, *kind) for column, kind in columns.items())
        return Table(name, made, 0, key=key, time=time_column)

    key, kind, at = ("int64", SType.ID), ("string", SType.CATEGORICAL), ("int64", SType.TIMESTAMP)
    return Schema(
        {
            "users": table("users", "user_id", None, user_id=key, town=kind),
            "items": table("items", "item_id", None, item_id=key, category=kind, brand=kind),
            "stores": table("stores", "store_id", None, store_id=key),
            "buys": table("buys", None, "at", user_id=key, item_id=key, store_id=key, at=at),
        },
        (Link("buys", "user_id", "users"), Link("buys", "item_id", "items"), Link("buys", "store_id", "stores")),
    )


@dataclass(frozen=True)
class Shop:
    """Sizes and rows."""

    users: int
    items: int
    buys: dict[str, np.ndarray]


def make_shop(users: int, items: int, events: int, random_seed: int = 0) -> Shop:
    """Two of three purchases fall in a person's five categories, half of them repeat one of ten staples."""
    rng = np.random.default_rng(random_seed)
    weight = 1.0 / (1 + np.arange(items)) ** 0.8
    who = np.sort((users * rng.random(events) ** 1.5).astype(np.int64))
    staples = rng.choice(items, (users, 10), p=weight / weight.sum())
    what = rng.choice(items, events, p=weight / weight.sum())
    usual = rng.random(events) < 0.5
    what[usual] = staples[who[usual], rng.integers(0, 10, usual.sum())]
    at = rng.integers(0, DAYS * 24 * 4, events) * (DAY // 96)
    order = np.lexsort((what, who, at))
    home = rng.integers(0, STORES, users)
    columns = {"user_id": who, "item_id": what, "store_id": home[who], "at": at}
    return Shop(users, items, {name: values[order] for name, values in columns.items()})


def fitted(shop: Shop, seeds: int) -> Any:
    """A run with trees grown on a sample of people at one anchor."""
    rng = np.random.default_rng(1)
    category, brand = np.arange(shop.items) % 223, rng.integers(0, 1500, shop.items)
    tables = {
        "users": pa.table({"user_id": np.arange(shop.users), "town": [f"t{u % 12}" for u in range(shop.users)]}),
        "items": pa.table({
            "item_id": np.arange(shop.items), "category": [f"c{c}" for c in category],
            "brand": [f"b{b}" for b in brand],
        }),
        "stores": pa.table({"store_id": np.arange(STORES)}),
        "buys": pa.table({name: pa.array(values) for name, values in shop.buys.items()}),
    }  # fmt: skip
    graph = graph_from_arrays(tables, schema())
    order = np.lexsort((shop.buys["item_id"], shop.buys["at"], shop.buys["user_id"]))
    indptr = np.searchsorted(shop.buys["user_id"][order], np.arange(shop.users + 1)).astype(np.int64)
    history = History(indptr, shop.buys["at"][order], shop.buys["item_id"][order])
    spec = TaskSpec(TaskKind.RANKING, "users", HORIZON, item="items", k=50, history=history)
    labels = _labels(spec, rng.choice(shop.users, seeds, replace=False), (DAYS - 7) * DAY)
    setup = Setup.fit(graph, spec, labels)
    asof = setup.world(graph, spec, labels.seeds, whole=True)
    table = make_table(
        setup, asof, channels_for(setup, asof), labels.seeds.rows, labels.seeds.at, ranking_target(labels), 0.5
    )
    columns = useful_columns(table)
    trees = fit_trees(binned(table, columns), 50, TreeSettings(rounds=100), 0)
    parts = RankerParts(setup, tuple(columns), 100, Mix("scorers"), trees, None)
    return SimpleNamespace(
        graph=SimpleNamespace(store=graph), spec=spec, facts={},
        question=SimpleNamespace(query=bind(QUERY, schema())),
        model=SimpleNamespace(name="trees", parts=lambda: parts),
    )  # fmt: skip


def _labels(spec: TaskSpec, rows: np.ndarray, anchor: int) -> Labels:
    assert spec.history is not None
    lists = []
    for row in rows:
        mine = slice(spec.history.indptr[row], spec.history.indptr[row + 1])
        lists.append(np.unique(spec.history.value[mine][spec.history.at[mine] > anchor]))
    indptr = np.concatenate([[0], np.cumsum([len(x) for x in lists])]).astype(np.int64)
    seeds = Seeds("users", rows.astype(np.int64), np.full(len(rows), anchor))
    return Labels(seeds, Ragged(indptr, np.concatenate(lists).astype(np.int64)))


def later_events(shop: Shop, count: int, random_seed: int = 2) -> list[Event]:
    """Purchases after the data end, one every five milliseconds, some by new people, some of new things."""
    rng = np.random.default_rng(random_seed)
    who = rng.integers(0, int(shop.users * 1.01), count)
    what = (shop.items * 1.005 * rng.random(count) ** 2).astype(np.int64)
    store = rng.integers(0, STORES, count)
    begin = DAYS * DAY
    return [
        Event(str(n), "buys", {"user_id": w, "item_id": i, "store_id": s}, begin + n * 5000)
        for n, (w, i, s) in enumerate(zip(who.tolist(), what.tolist(), store.tolist(), strict=True))
    ]  # fmt: skip


def timed(job: Callable[[int], Any], count: int) -> dict[str, float]:
    """Milliseconds of each of so many calls, after ten that do not count; `cpu` is the processor's time alone.

    On a machine that does other things too, the wall's time is theirs as well.
    """
    for n in range(10):
        job(n)
    took, cpu = np.empty(count), np.empty(count)
    for n in range(count):
        began, busy = time.perf_counter(), time.thread_time()
        job(n)
        took[n], cpu[n] = time.perf_counter() - began, time.thread_time() - busy
    figures = {"p50": (took, 0.5), "p99": (took, 0.99), "cpu p50": (cpu, 0.5), "cpu p99": (cpu, 0.99)}
    return {name: round(float(np.quantile(values, level) * 1e3), 3) for name, (values, level) in figures.items()}


def measure(shop: Shop, run: Any, folder: Path, calls: int, events: int) -> dict[str, Any]:
    """All figures."""
    found: dict[str, Any] = {}

    def clocked(name: str, job: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = job()
        found[name] = round(time.perf_counter() - began, 3)
        return result

    made = clocked("build seconds", lambda: OnlineAnswers.from_run(run))
    clocked("write seconds", lambda: made.save(folder))
    found["snapshot MB"] = round(sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6)
    made = None
    answers = clocked("open seconds", lambda: OnlineAnswers.open(folder))
    clocked("first answer seconds", lambda: answers.for_user("items", 0, DAYS * DAY, 50))
    rng = np.random.default_rng(3)
    users, items = rng.integers(0, shop.users, calls + 10), rng.integers(0, shop.items, calls + 10)
    came = later_events(shop, 2 * events + 10)
    at = came[-1].at + 1
    found["for_user ms"] = timed(lambda n: answers.for_user("items", int(users[n]), at, 50), calls)
    found["observe ms"] = timed(lambda n: answers.observe(came[n]), events)
    found["for_user ms, after events"] = timed(lambda n: answers.for_user("items", int(users[n]), at, 50), calls)
    found["cold for_user ms"] = timed(lambda n: answers.for_user("items", -1, at, 50), calls)
    for how in ("similar", "complement", "substitute"):
        found[f"like ms, {how}"] = timed(
            lambda n, how=how: answers.like("items", int(items[n]), at, 50, how), calls
        )
    found["for_items ms"] = timed(lambda n: answers.for_items("items", items[n : n + 3], at, 50), calls)
    found["popular ms"] = timed(lambda n: answers.popular("items", at, 50, int(users[n])), calls)
    found["past ms"] = timed(lambda n: answers.past("items", int(users[n]), at, 50), calls)
    found["events a second, one by one"] = round(1e3 / found["observe ms"]["p50"])
    bulk = came[events + 10 :]
    began = time.perf_counter()
    answers.replay(bulk)
    found["events a second, in bulk"] = round(len(bulk) / (time.perf_counter() - began))
    found["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def main() -> None:
    """Read the sizes, measure, print."""
    numba.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--seeds", type=int, default=1_500, help="people whose lists the trees learn from")
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--arrivals", type=int, default=20_000, help="events that arrive")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    shop = make_shop(args.users, args.items, args.events)
    run = fitted(shop, args.seeds)
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"users": args.users, "items": args.items, "events": args.events}
        found = sizes | measure(shop, run, Path(folder) / "snapshot", args.calls, args.arrivals)
    text = json.dumps(found, indent=2)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
