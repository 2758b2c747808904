"""Pairs of a user and a candidate item at an anchor, with the features that a hand would make, by SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from kit import Job, matrix
from neighbours import ItemKNN

__all__ = ["Pairs", "Part"]

_WINDOWS = (7, 14, 28, 56, 91, 182)
_NEIGHBOUR_ITEMS = 4_000  # items among which neighbours are looked for

_PAIR = ", ".join(
    [
        "count(*) AS n", "count(DISTINCT basket) AS baskets", "min(age) AS age_last", "max(age) AS age_first",
        "sum(weight) AS weight", *(f"count(*) FILTER (age < {w}) AS n{w}" for w in _WINDOWS),
        *(f"sum(pow(2.0, -age / {h})) AS decayed{h}" for h in (7, 30, 120)),
        "(max(age) - min(age)) / greatest(count(DISTINCT basket) - 1, 1) AS gap",
    ]
)  # fmt: skip
_ITEM = ", ".join(
    [
        *(f"count(DISTINCT user) FILTER (age < {w}) AS item_users{w}" for w in (7, 28, 91)),
        "count(DISTINCT user) AS item_users", "count(*) / count(DISTINCT user) AS item_repeats",
        "min(age) AS item_age_last", "max(age) AS item_age_first", "avg(weight) AS item_weight",
    ]
)  # fmt: skip
_USER = ", ".join(
    [
        "count(DISTINCT basket) AS user_baskets", "count(DISTINCT basket) FILTER (age < 28) AS user_baskets28",
        "count(DISTINCT item) AS user_items", "count(*) / count(DISTINCT item) AS user_repeats",
        "min(age) AS user_age_last", "max(age) AS user_age_first",
        "(max(age) - min(age)) / greatest(count(DISTINCT basket) - 1, 1) AS user_gap",
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Pairs sorted by user: features, labels, pairs of each user, and what each user wanted, reachable or not."""

    user: np.ndarray
    item: np.ndarray
    x: np.ndarray
    y: np.ndarray
    sizes: np.ndarray
    wanted: dict[int, np.ndarray]


class Pairs:
    """Makes tables of pairs from a job's history."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.names: list[str] = []
        new = job.said["exclude_seen"]
        self.own, self.common, self.near = (0, 300, 200) if new else (250, 60, 40)
        events = job.events
        self._con = duckdb.connect()
        columns = {name: getattr(events, name) for name in ("user", "item", "day", "basket", "weight")}
        self._con.register("given", pa.table(columns))
        self._con.execute("CREATE TABLE events AS SELECT * FROM given")

    def popular(self, at: float) -> np.ndarray:
        """The items with most users in the 28 days before the anchor."""
        sql = (
            f"SELECT item FROM events WHERE day <= {at} AND day > {at - 28} GROUP BY item "
            "ORDER BY count(DISTINCT user) DESC, item"
        )
        return self._con.execute(sql).fetchnumpy()["item"].astype(np.int64)

    def table(self, at: float, *, labelled: bool, users: np.ndarray | None = None) -> Part:
        """The pairs at an anchor: of users with something in the window (labelled), or of the users named."""
        wanted = self._wanted(at) if labelled else {}
        asked = np.array(sorted(wanted)) if labelled else users
        asked = np.zeros(0, np.int64) if asked is None else asked
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE past AS SELECT *, {at} - day AS age FROM events WHERE day <= {at}"
        )
        candidates = self._candidates(at, asked)
        self._con.register("found", candidates)
        self._con.execute("CREATE OR REPLACE TEMP TABLE candidates AS SELECT * FROM found")
        columns = self._con.execute(
            f"WITH pair AS (SELECT user, item, {_PAIR} FROM past GROUP BY user, item), "
            f"item AS (SELECT item, {_ITEM} FROM past GROUP BY item), "
            f"who AS (SELECT user, {_USER} FROM past GROUP BY user) "
            "SELECT c.user, c.item, c.near, pair.* EXCLUDE (user, item), item.* EXCLUDE (item), "
            "who.* EXCLUDE (user), pair.age_last / pair.gap AS due, pair.baskets / who.user_baskets AS share "
            "FROM candidates c LEFT JOIN pair USING (user, item) LEFT JOIN item USING (item) "
            "LEFT JOIN who USING (user) ORDER BY c.user, c.item"
        ).fetchnumpy()
        return self._part(columns, wanted)

    def _part(self, columns: dict[str, Any], wanted: dict[int, np.ndarray]) -> Part:
        user, item = np.asarray(columns.pop("user")), np.asarray(columns.pop("item"))
        self.names = list(columns)
        x = np.empty((len(user), len(columns)), dtype=np.float32)
        for j, column in enumerate(columns.values()):
            x[:, j] = np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
        width = self.job.shape[1]
        positive = [u * width + items for u, items in wanted.items()]
        y = np.isin(user * width + item, np.concatenate(positive) if positive else []).astype(np.float32)
        return Part(user, item, x, y, np.unique(user, return_counts=True)[1], wanted)

    def _wanted(self, at: float) -> dict[int, np.ndarray]:
        """What each user with a past had in the window after the anchor."""
        new = "AND NOT EXISTS (FROM events p WHERE p.user = e.user AND p.item = e.item AND p.day <= {0})"
        step = self.job.said["horizon_days"]
        found = self._con.execute(
            f"SELECT DISTINCT user, item FROM events e WHERE day > {at} AND day <= {at + step} "
            f"AND user IN (SELECT user FROM events WHERE day <= {at}) "
            f"{new.format(at) if self.job.said['exclude_seen'] else ''} ORDER BY user, item"
        ).fetchnumpy()
        users, start = np.unique(found["user"], return_index=True)
        return dict(zip(users.tolist(), np.split(found["item"].astype(np.int64), start[1:]), strict=True))

    def _candidates(self, at: float, users: np.ndarray) -> pa.Table:
        """user, item, near: own items by decayed count, popular ones, neighbours of the own ones by score."""
        events = self.job.events
        past = events.take(events.day <= at)
        common = self.popular(at)[: self.common]
        kept = self.popular(at)[:_NEIGHBOUR_ITEMS]
        seen = matrix(past, self.job.shape)
        recent = matrix(past, self.job.shape, np.exp2(-(at - past.day) / 60.0))
        similar = ItemKNN(50, 10.0).fit(seen[:, kept])
        similar.setdiag(0.0)
        keys, near = [], []
        for first in range(0, len(users), 512):
            block = users[first : first + 512]
            score = (recent[block][:, kept] @ similar).toarray()
            own = recent[block].toarray()
            blank = np.zeros((len(block), self.job.shape[1]), dtype=np.float32)
            blank[:, kept] = score
            chosen = np.zeros(blank.shape, dtype=bool)
            chosen[:, common] = True
            for values, count in ((own, self.own), (blank, self.near)):
                top = np.argpartition(-values, count, axis=1)[:, :count]
                chosen[np.arange(len(block))[:, None], top] |= np.take_along_axis(values, top, axis=1) > 0
            if self.job.said["exclude_seen"]:
                chosen &= own == 0
            row, item = np.nonzero(chosen)
            keys.append((block[row], item))
            near.append(blank[row, item])
        user, item = (np.concatenate(of) for of in zip(*keys, strict=True))
        return pa.table({"user": user, "item": item, "near": np.concatenate(near)})
