"""Live answers over one or several fitted rankings: every event changes what they propose next."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int64

from edgewise.errors import ArgumentError, InternalError, RunError, nearest
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event, Likeness, Past, Scored
from edgewise.prediction.online.build import build
from edgewise.prediction.online.data import FittedRun, SnapshotData
from edgewise.prediction.online.feeding import Feeder, Tables, feed
from edgewise.prediction.online.kind import LiveKind
from edgewise.prediction.online.likeness import alike
from edgewise.prediction.online.snapshot import load_snapshot, save_snapshot, write_into

__all__ = ["OnlineAnswers"]

#: Popular lists kept at once: one for each kind, length and cohort.
_MOST_CROWDS: Final = 1_000
#: People who are asked for before a state is used.
_ASKED: Final = 3


class OnlineAnswers:
    """Rankings that answer for the present, one for each kind of things. See `prediction.nouns.Answers`.

    `users` is the table of the people it answers for, `latest` the moment until which the data were read.
    With `steady`, what is popular stands for so many microseconds: it is the same for many people, and a few
    events among thousands do not change it. Not for several threads at once.
    """

    steady: int = 0
    _compiled: bool = True

    def __init__(self, data: SnapshotData) -> None:
        self._take(data)

    def _take(self, data: SnapshotData) -> None:
        self.schema = data.schema
        self.users = data.users
        self.latest = data.until
        self.kinds: tuple[str, ...] = tuple(data.kinds)
        self._data = data
        self._popular: dict[Hashable, tuple[int, Scored]] = {}
        self._tables = Tables(data)
        self._live = {name: LiveKind(kind) for name, kind in data.kinds.items()}
        self.compiled = self._compiled
        self._feeders = [Feeder(kind, self._tables) for kind in self._live.values()]

    @classmethod
    def from_run(cls, *runs: FittedRun, until: int | None = None) -> OnlineAnswers:
        """Live answers over fitted runs, in memory. Rows after `until` (microseconds) are not read.

        Raises:
            ArgumentError: no run, one that ranks no item table, two for one table, or for different people.
        """
        return cls(build(runs, until))

    @classmethod
    def open(cls, path: str | Path, *, compiled: bool = True) -> OnlineAnswers:
        """Live answers from a snapshot, memory-mapped: no run is read and no network loaded. `compiled` is the
        property's.

        Raises:
            RunError: no snapshot there, a damaged or half-written one, or one of another version.
        """
        found = cls(load_snapshot(Path(path)))
        found.compiled = compiled
        found._try(Path(path))
        return found

    @property
    def compiled(self) -> bool:
        """Whether one person's candidates are read by their kernel, which takes long to compile when it never was;
        the code of the batch gives the same, more slowly.
        """
        return self._compiled

    @compiled.setter
    def compiled(self, compiled: bool) -> None:
        self._compiled = compiled
        for kind in self._live.values():
            kind.compiled = compiled

    def save(self, path: str | Path) -> Path:
        """Write the state as it is now into a folder, which appears whole or not at all; see `snapshot`.

        Raises:
            RunError: `path` exists and is no snapshot.
        """
        return save_snapshot(self.fold(), Path(path))

    def save_state(self, folder: Path) -> None:
        """Write the state as it is now into an empty folder."""
        write_into(self.fold(), folder)

    def load_state(self, folder: Path) -> None:
        """Take the state from a folder that `save_state` or `save` wrote.

        Raises:
            RunError: no snapshot there, a damaged or half-written one, or one of another version.
        """
        self._take(load_snapshot(folder))
        self._try(folder)

    def on(self, folder: Path, events: Iterable[Event]) -> OnlineAnswers:
        """Answers that stand on a state which one like this wrote into a folder a moment ago, and have seen what
        came after it. Its files are mapped, and shared with whoever maps them too; in memory are these events.
        Reads nothing of this one, so that another thread may make them.

        Raises:
            RunError: no snapshot there, a half-written one, or one of another version.
            ArgumentError: an event that no table could hold.
        """
        found = OnlineAnswers(load_snapshot(folder, checked=False))
        found.compiled = self._compiled
        events = list(events)
        found.replay(events)
        at = max((event.at for event in events), default=found.latest)
        for row in (MISSING, *range(_ASKED)):  # what is put in order when it is first asked for
            for kind in found.kinds:
                found.for_user(kind, row, at, 1)
                found.popular(kind, at, 1, row)
        return found

    def adopt(self, other: OnlineAnswers, events: Iterable[Event]) -> None:
        """Become another, made by `on`, once that has seen `events` too: nothing has changed then but what is in
        memory. Who was forgotten here stays so.

        Raises:
            RunError: its rows are others; it is left as it was.
            ArgumentError: an event that no table could hold.
        """
        other.compiled = self._compiled
        other.replay(events)
        mine, theirs = self._tables.keys, other._tables.keys
        if set(mine) != set(theirs) or not all(mine[name].agrees(theirs[name]) for name in mine):
            raise RunError("the rows of the state that was kept are not those of this one")
        for row in mine[self.users].dropped:
            other.forget(row)
        self._data, self._tables, self._live, self._feeders = (
            other._data, other._tables, other._live, other._feeders
        )  # fmt: skip

    def fold(self) -> SnapshotData:
        """All that answers, as it is now: what a batch would build of all events, with the graphs of the start."""
        return replace(
            self._data,
            kinds={feeder.kind.data.kind: feeder.fold() for feeder in self._feeders},
            tables=self._tables.fold(),
        )

    def facts(self) -> dict[str, dict[str, Any]]:
        """How each kind is answered: plain JSON values."""
        return {name: kind.data.facts for name, kind in self._live.items()}

    def for_user(self, kind: str, row: int, at: int, k: int) -> Scored:
        """The best k things of a kind for a person."""
        return self._kind(kind).for_user(row, at, k)

    def for_items(self, kind: str, items: Int64[np.ndarray, " m"], at: int, k: int) -> Scored:
        """The best k things to go with a basket or an anonymous session, its last thing last."""
        return self._kind(kind).for_items(np.asarray(items, dtype=np.int64), at, k)

    def like(self, kind: str, item: int, at: int, k: int, how: Likeness = "similar") -> Scored:
        """The k things most like one thing."""
        live = self._kind(kind)
        items, scores = alike(live.world, live.data.likeness, item, at, how, k)
        return Scored(
            kind, items, scores.astype(np.float32), np.full(len(items), np.nan, dtype=np.float32),
            np.zeros(len(items), dtype=np.int16), (how,), np.full(len(items), item, dtype=np.int64),
        )  # fmt: skip

    def popular(self, kind: str, at: int, k: int, row: int = MISSING) -> Scored:
        """The k most popular things, among people like the person where one is named."""
        live = self._kind(kind)
        if self.steady <= 0:
            return live.popular(at, k, row)
        crowd = kind, k, live.crowd_of(row)
        kept = self._popular.get(crowd)
        if kept is None or not kept[0] <= at < kept[0] + self.steady:
            if len(self._popular) >= _MOST_CROWDS:
                self._popular.clear()
            kept = self._popular[crowd] = at, live.popular(at, k, row)
        return kept[1]

    def past(self, kind: str, row: int, at: int, n: int) -> Past:
        """The last n things of a kind that a person met, each once."""
        return self._kind(kind).past(row, at, n)

    def people(self, kind: str, at: int) -> Int64[np.ndarray, " people"]:
        """Some of the people who are about, by row id."""
        return self._kind(kind).people(at)

    def read_of(
        self, kind: str, rows: Int64[np.ndarray, " people"], at: int
    ) -> Float32[np.ndarray, "candidates columns_plus_1"]:
        """What a ranking reads of these people's candidates, and the scores, the last column."""
        return self._kind(kind).read_of(np.asarray(rows, dtype=np.int64), at)

    def moved(self, kind: str, read: Float32[np.ndarray, "candidates columns_plus_1"]) -> dict[str, float]:
        """How far what was read has moved since the state was built: the population stability index by column."""
        return self._kind(kind).moved(read)

    def column(self, kind: str, name: str) -> pa.Array:
        """A column of an item table, by row id.

        Raises:
            KeyError: no such column.
        """
        self._kind(kind)
        return self._tables.column(kind, name)

    def observe(self, event: Event) -> None:
        """Let an event change the state, in O(1). The next answer has seen it.

        Raises:
            ArgumentError: an unknown table or column, or a key of another type.
        """
        feed([event], self._tables, self._feeders)

    def replay(self, events: Iterable[Event]) -> None:
        """Let many events happen, faster than one by one: the state is the same."""
        feed(events, self._tables, self._feeders)

    def forget(self, row: int) -> None:
        """Drop a person: their key, and all that they did. Snapshots written before still hold them.

        What many make up together (what is popular, what is met together) keeps the counts, and knows no one.
        """
        if not 0 <= row < len(self._tables.keys[self.users]):
            return
        for feeder in self._feeders:
            feeder.forget(row)
        self._tables.drop(self.users, row)

    def row(self, table: str, key: Any) -> int:
        """The row id of a key, MISSING where it is unknown."""
        return self._tables.keys[table].row(key) if table in self._tables.keys else MISSING

    def size(self, table: str) -> int | None:
        """How many rows a table has by now; None where no ranking reads it."""
        return len(self._tables.keys[table]) if table in self._tables.keys else None

    def keys(self, table: str, rows: np.ndarray) -> Sequence[Any]:
        """The key of each row id, in Python's own types; None for MISSING."""
        return self._tables.keys[table].of(np.asarray(rows))

    def _try(self, path: Path) -> None:
        """Answer once for nobody: what another version of the code wrote fails here, and kernels are loaded."""
        try:
            for kind in self._live.values():
                kind.for_user(MISSING, self.latest, 1)
        except InternalError as error:
            raise RunError(
                f"the snapshot in '{path}' is of another version: {error}", hint="write it again from its runs"
            ) from None

    def _kind(self, kind: str) -> LiveKind:
        if kind not in self._live:
            near = ", ".join(nearest(kind, self.kinds) or self.kinds)
            raise ArgumentError(f"nothing ranks '{kind}'", hint=f"kinds: {near}")
        return self._live[kind]
