"""A small shop that answers from memory, for tests and the load benchmark."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY, to_micros
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event, Likeness, Past, Scored
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.serving.desk import PlainDesk
from edgewise.serving.live import Live
from edgewise.stypes import SType

START = to_micros("2025-01-06")
USERS, TRACKS, PODCASTS = 40, 60, 20


def schema() -> Schema:
    """Listeners, tracks, podcasts, and what was listened to."""

    def key(name: str) -> Column:
        return Column(name, "int64", SType.ID)

    thing = Column("title", "string", SType.TEXT)
    return Schema(
        {
            "users": Table(
                "users", (key("user_id"), Column("country", "string", SType.CATEGORICAL)), USERS, "user_id"
            ),
            "tracks": Table("tracks", (key("track_id"), thing), TRACKS, "track_id"),
            "podcasts": Table("podcasts", (key("podcast_id"), thing), PODCASTS, "podcast_id"),
            "listens": Table(
                "listens",
                (
                    key("user_id"),
                    key("track_id"),
                    Column("seconds", "double", SType.NUMERICAL),
                    Column("at", "timestamp[us]", SType.TIMESTAMP),
                ),
                0,
                time="at",
            ),
        },
        (Link("listens", "user_id", "users"), Link("listens", "track_id", "tracks")),
    )


class MemoryAnswers:
    """Answers by counting: what a person heard most, then what everyone did."""

    kinds = ("tracks", "podcasts")

    def __init__(self) -> None:
        self.heard: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.all: Counter[int] = Counter()
        self.seen: list[str] = []
        self.broken: set[str] = set()

    def _size(self, kind: str) -> int:
        return TRACKS if kind == "tracks" else PODCASTS

    def _scored(self, kind: str, order: Sequence[int], k: int, channel: str) -> Scored:
        rest = [i for i in range(self._size(kind)) if i not in set(order)]
        items = np.array([*order, *rest][:k], dtype=np.int64)
        n = len(items)
        scores = np.linspace(1.0, 0.1, n, dtype=np.float32) if n else np.zeros(0, np.float32)
        rows = np.full(n, MISSING, dtype=np.int64)
        return Scored(kind, items, scores, scores / 2, np.zeros(n, np.int16), (channel,), rows)

    def for_user(self, kind: str, row: int, at: int, k: int) -> Scored:
        if "for_user" in self.broken:
            raise RuntimeError("the model fell over")
        if row == MISSING or kind != "tracks":
            return self.popular(kind, at, k)
        counts = Counter(item for item, when in self.heard[row] if when <= at)
        return self._scored(kind, [i for i, _ in counts.most_common()], k, "repeat")

    def for_items(self, kind: str, items: np.ndarray, at: int, k: int) -> Scored:
        near = [int((items[-1] + step) % self._size(kind)) for step in range(1, 5)] if len(items) else []
        return self._scored(kind, near, k, "together")

    def like(self, kind: str, item: int, at: int, k: int, how: Likeness = "similar") -> Scored:
        return self.for_items(kind, np.array([item]), at, k)

    def popular(self, kind: str, at: int, k: int, row: int = MISSING) -> Scored:
        if "popular" in self.broken or ("segment" in self.broken and row != MISSING):
            raise RuntimeError("the counts fell over")
        return self._scored(kind, [i for i, _ in self.all.most_common()] if kind == "tracks" else [], k, "popular")

    def past(self, kind: str, row: int, at: int, n: int) -> Past:
        heard = [p for p in self.heard[row] if p[1] <= at][-n:][::-1] if kind == "tracks" else []
        return Past(np.array([i for i, _ in heard], np.int64), np.array([t for _, t in heard], np.int64))

    def column(self, kind: str, name: str) -> pa.Array:
        if name != "title":
            raise KeyError(name)
        return pa.array([f"{kind[:-1].title()} {i}" for i in range(self._size(kind))])

    def people(self, kind: str, at: int) -> np.ndarray:
        heard = sorted(row for row, events in self.heard.items() if any(when <= at for _, when in events))
        return np.array(heard if kind == "tracks" else [], dtype=np.int64)

    def read_of(self, kind: str, rows: np.ndarray, at: int) -> np.ndarray:
        return np.array([[len(self.heard[int(row)]), 0.5] for row in rows], dtype=np.float32)

    def moved(self, kind: str, read: np.ndarray) -> dict[str, float]:
        return {"songs heard": 0.1 * float(read[:, 0].sum()), "score": 0.0}

    def observe(self, event: Event) -> None:
        self.seen.append(event.id)
        if event.table == "listens" and event.values.get("user_id") is not None:
            self.heard[int(event.values["user_id"])].append((int(event.values["track_id"]), event.at))
            self.all[int(event.values["track_id"])] += 1

    def forget(self, row: int) -> None:
        for item, _ in self.heard.pop(row, []):
            self.all[item] -= 1


class MemoryKeys:
    """Keys that are the row ids."""

    sizes: ClassVar = {"users": USERS, "tracks": TRACKS, "podcasts": PODCASTS}

    def row(self, table: str, key: Any) -> int:
        try:
            row = int(str(key))
        except ValueError:
            return MISSING
        return row if 0 <= row < self.sizes[table] else MISSING

    def keys(self, table: str, rows: np.ndarray) -> list[Any]:
        return [int(r) if r >= 0 else None for r in rows]


def make_live(version: str = "v1") -> Live:
    """A fresh model over the small shop."""
    answers = MemoryAnswers()
    titles = {"tracks": "title", "podcasts": "title"}
    return Live(
        version=version,
        answers=answers,
        desk=PlainDesk(answers, titles),
        keys=MemoryKeys(),
        schema=schema(),
        users="users",
        latest=START + 7 * DAY,
    )


def wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)
