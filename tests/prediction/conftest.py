"""A planted shop for live answers: what is there at first, and rows that come later, new people and things too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY, HOUR
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.store import GraphStore
from edgewise.models.candidates.shelf import Liking
from edgewise.models.ranker_mix import Mix
from edgewise.models.ranker_parts import RankerParts
from edgewise.models.ranker_trees import TreeSettings, binned, fit_trees, useful_columns
from edgewise.models.ranking_setup import Setup, ranking_target
from edgewise.models.ranking_tables import channels_for, make_table
from edgewise.prediction.nouns import Event
from edgewise.query.bind import bind
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import History, Labels, Ragged, Seeds, TaskSpec

USERS, ITEMS, STORES, DAYS, CUT, K = 50, 40, 3, 90, 75 * DAY, 6
QUERY = "PREDICT LIST_DISTINCT(buys.item_id WHERE buys.quantity > 0, 0, 7, days) RANK TOP 6 FOR EACH users.user_id"


def _column(name: str, dtype: str, stype: SType) -> Column:
    return Column(name, dtype, stype)


def _table(name: str, *columns: Column, key: str | None = None, time: str | None = None) -> Table:
    return Table(name, columns, 0, key=key, time=time)


AT = _column("at", "int64", SType.TIMESTAMP)
SCHEMA = Schema(
    {
        "users": _table(
            "users", _column("user_id", "int64", SType.ID), _column("town", "string", SType.CATEGORICAL),
            key="user_id",
        ),
        "items": _table(
            "items", _column("item_id", "string", SType.ID), _column("shelf", "string", SType.CATEGORICAL),
            _column("brand", "string", SType.CATEGORICAL), key="item_id",
        ),
        "stores": _table("stores", _column("store_id", "int64", SType.ID), key="store_id"),
        "buys": _table(
            "buys", _column("user_id", "int64", SType.ID), _column("item_id", "string", SType.ID),
            _column("store_id", "int64", SType.ID), _column("quantity", "int64", SType.NUMERICAL), AT, time="at",
        ),
        "offers": _table(
            "offers", _column("item_id", "string", SType.ID), _column("store_id", "int64", SType.ID), AT,
            time="at",
        ),
    },
    (
        Link("buys", "user_id", "users"), Link("buys", "item_id", "items"), Link("buys", "store_id", "stores"),
        Link("offers", "item_id", "items"), Link("offers", "store_id", "stores"),
    ),
)  # fmt: skip


def planted_rows(random_seed: int = 0) -> dict[str, dict[str, np.ndarray]]:
    """People with staples and a store of their own; the last fifth of people and things comes after the cut."""
    rng = np.random.default_rng(random_seed)
    user_key, item_key = 100 + rng.permutation(USERS), np.array([f"i{n:03d}" for n in rng.permutation(ITEMS)])
    staples = rng.integers(0, ITEMS, (USERS, 3))
    home = rng.integers(0, STORES, USERS)
    skew = (1.0 / (1 + np.arange(ITEMS))) / (1.0 / (1 + np.arange(ITEMS))).sum()
    rows = []
    for user in range(USERS):
        day = rng.uniform(0, 3) + (76 if user >= USERS - 8 else 0)
        while day < DAYS:
            at = int(day * DAY) // HOUR * HOUR  # hours make ties
            every = {int(staples[user, rng.integers(3)]) for _ in range(2)}
            every |= {int(rng.choice(ITEMS, p=skew)) for _ in range(rng.integers(0, 3))}
            late = at <= CUT
            rows += [(user, i, home[user], rng.integers(0, 4), at) for i in every if not (late and i >= ITEMS - 6)]
            day += rng.exponential(3.0) + 0.2
    buys = np.array(sorted(rows, key=lambda r: r[4]), dtype=np.int64)
    offers = np.array(
        sorted([(i, s, d * DAY) for d in range(0, DAYS, 7) for s in range(STORES) for i in rng.integers(0, 30, 4)],
               key=lambda r: r[2]), dtype=np.int64,
    )  # fmt: skip
    return {
        "users": {"user_id": user_key, "town": np.array([f"t{u % 3}" for u in range(USERS)])},
        "items": {
            "item_id": item_key, "shelf": np.array([f"s{i % 7}" for i in range(ITEMS)]),
            "brand": np.array([f"b{(i * 7) % 11}" for i in range(ITEMS)]),
        },
        "stores": {"store_id": np.arange(STORES)},
        "buys": {
            "user_id": user_key[buys[:, 0]], "item_id": item_key[buys[:, 1]], "store_id": buys[:, 2],
            "quantity": buys[:, 3], "at": buys[:, 4],
        },
        "offers": {"item_id": item_key[offers[:, 0]], "store_id": offers[:, 1], "at": offers[:, 2]},
    }  # fmt: skip


def first_rows(rows: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """What is there at the cut."""
    keep = {"users": USERS - 8, "items": ITEMS - 6}
    found = {}
    for name, columns in rows.items():
        size = len(next(iter(columns.values())))
        mask = columns["at"] <= CUT if "at" in columns else np.arange(size) < keep.get(name, size)
        found[name] = {column: values[mask] for column, values in columns.items()}
    return found


def graph_and_spec(rows: dict[str, dict[str, np.ndarray]]) -> tuple[GraphStore, TaskSpec]:
    """The graph, and the history of the query's rows as the query sorts it."""
    tables = {name: pa.table({c: pa.array(v) for c, v in columns.items()}) for name, columns in rows.items()}
    graph = graph_from_arrays(tables, SCHEMA)
    buys = {column: values[rows["buys"]["quantity"] > 0] for column, values in rows["buys"].items()}
    who = graph.vocabulary("users").rows(buys["user_id"])
    what = graph.vocabulary("items").rows(pa.array(buys["item_id"]))
    order = np.lexsort((buys["item_id"], buys["at"], who))
    order = order[who[order] >= 0]
    indptr = np.searchsorted(who[order], np.arange(graph.rows("users") + 1)).astype(np.int64)
    history = History(indptr, buys["at"][order], what[order])
    return graph, TaskSpec(TaskKind.RANKING, "users", 7 * DAY, item="items", k=K, history=history)


def labels_of_week(spec: TaskSpec, anchors: list[int], users: int) -> Labels:
    """The distinct items of the week after each anchor."""
    assert spec.history is not None
    lists, rows, at = [], [], []
    for anchor in anchors:
        for user in range(users):
            mine = slice(spec.history.indptr[user], spec.history.indptr[user + 1])
            when = spec.history.at[mine]
            lists.append(np.unique(spec.history.value[mine][(when > anchor) & (when <= anchor + 7 * DAY)]))
            rows.append(user)
            at.append(anchor)
    indptr = np.concatenate([[0], np.cumsum([len(x) for x in lists])]).astype(np.int64)
    seeds = Seeds("users", np.array(rows, dtype=np.int64), np.array(at, dtype=np.int64))
    return Labels(seeds, Ragged(indptr, np.concatenate(lists).astype(np.int64)))


@dataclass
class TreesOnly:
    """A ranker that has learnt its trees and nothing else."""

    fitted: RankerParts
    name: str = "trees"

    def parts(self) -> RankerParts:
        return self.fitted


@dataclass
class LiveShop:
    """All rows, a run fitted on those before the cut, and the later ones as events."""

    rows: dict[str, dict[str, np.ndarray]]
    run: Any
    later: list[Event]

    def whole(self) -> tuple[GraphStore, TaskSpec]:
        """The graph of all rows. Rows of people and things are numbered as their events come."""
        return graph_and_spec(self.rows)


def make_run(rows: dict[str, dict[str, np.ndarray]], mix: Mix | None = None) -> Any:
    """Trees fitted on some rows."""
    graph, spec = graph_and_spec(rows)
    labels = labels_of_week(spec, [d * DAY for d in (40, 47, 54, 61)], graph.rows("users"))
    # One graph moment for all anchors, so that a batch at a later anchor reads the graphs of the snapshot.
    setup = replace(Setup.fit(graph, spec, labels), grid=CUT)
    sources, signals = len(setup.plan.content.sources), len(setup.plan.signals)
    traits = (*[0.2] * sources, *[-0.1] * sources, *[0.3] * signals)
    setup = replace(setup, liking=Liking((0.5,) * sources, traits, met=0.2, lately=1000 * DAY, width=6))
    asof = setup.world(graph, spec, labels.seeds, whole=True)
    table = make_table(
        setup, asof, channels_for(setup, asof), labels.seeds.rows, labels.seeds.at, ranking_target(labels)
    )
    columns = useful_columns(table)
    trees = fit_trees(binned(table, columns), K, TreeSettings(rounds=20), 0)
    parts = RankerParts(setup, tuple(columns), 15, mix or Mix("scorers"), trees, None)
    return SimpleNamespace(
        graph=SimpleNamespace(store=graph), spec=spec, model=TreesOnly(parts), facts={},
        question=SimpleNamespace(query=bind(QUERY, SCHEMA)),
    )  # fmt: skip


def as_events(rows: dict[str, dict[str, np.ndarray]], first: dict[str, dict[str, np.ndarray]]) -> list[Event]:
    """The rows that are not among the first, by time; people and things before anything about them."""
    found = []
    for name, columns in rows.items():
        begin, size = len(next(iter(first[name].values()))), len(next(iter(columns.values())))
        for row in range(begin, size):
            values = {c: v[row].item() for c, v in columns.items() if c != "at"}
            at = int(columns["at"][row]) if "at" in columns else CUT + 1
            found.append(Event(f"{name}-{row}", name, values, at))
    return sorted(found, key=lambda e: e.at)


@pytest.fixture(scope="session")
def live_shop() -> LiveShop:
    rows = planted_rows()
    first = first_rows(rows)
    return LiveShop(rows, make_run(first), as_events(rows, first))
