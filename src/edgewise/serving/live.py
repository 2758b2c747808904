"""What the service needs of a loaded model: who proposes, and keys in and out. One `Live` answers at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

import numpy as np

from edgewise.prediction.nouns import Answers, Event
from edgewise.schema.model import Schema
from edgewise.serving.desk import Desk

__all__ = ["FEEDBACK", "Deciding", "Forgets", "Keys", "Live", "Rebases", "Replays", "Snapshots", "Watched"]

#: The table of events that say what a person thinks of a thing. No table of a database has such a name.
FEEDBACK: Final = "@feedback"


class Keys(Protocol):
    """Keys to row ids and back, for every table of a model. Things that events bring get rows of their own."""

    def row(self, table: str, key: Any) -> int:
        """The row id of a key, MISSING where it is unknown."""

    def keys(self, table: str, rows: np.ndarray) -> Sequence[Any]:
        """The key of each row id, in Python's own types."""


@runtime_checkable
class Forgets(Protocol):
    """Answers that can drop all they hold of a person."""

    def forget(self, row: int) -> None:
        """Drop a person's state, by row id."""


@runtime_checkable
class Replays(Protocol):
    """Answers that take many events faster together than one by one."""

    def replay(self, events: Iterable[Event]) -> None:
        """Let many events happen. Where one cannot, those before it have happened."""


@runtime_checkable
class Snapshots(Protocol):
    """Answers whose state can be kept in a folder, so that a restart replays only what came after."""

    def save_state(self, folder: Path) -> None:
        """Write the state into an empty folder."""

    def load_state(self, folder: Path) -> None:
        """Take the state from a folder that `save_state` wrote."""


@runtime_checkable
class Rebases(Protocol):
    """Answers whose memory holds what came since their state was kept, and can be told that it was kept anew."""

    def on(self, folder: Path, events: Iterable[Event]) -> Any:
        """Answers that stand on the state in a folder, which another one wrote, and have seen the events after it.
        Called on any thread.
        """

    def adopt(self, other: Any, events: Iterable[Event]) -> None:
        """Become them, once they have seen these events too."""


@runtime_checkable
class Watched(Protocol):
    """Answers that can tell how far what they read of people has moved since they were made."""

    def people(self, kind: str, at: int) -> np.ndarray:
        """Some of the people who are about, by row id."""

    def read_of(self, kind: str, rows: np.ndarray, at: int) -> np.ndarray:
        """What is read of these people's candidates: a row each, the score its last column."""

    def moved(self, kind: str, read: np.ndarray) -> dict[str, float]:
        """The population stability index of each column of what was read, by its name."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """A project that only decides: tables without a model. `schema` is empty where they could not be opened.

    `users` is the table of those whom decisions are about, "" where nothing says which it is; `latest` the time of
    the latest row, in microseconds, 0 where no row has one; `fit` the commands that make a model of these tables.
    """

    kinds: ClassVar[tuple[str, ...]] = ()

    schema: Schema
    users: str
    latest: int
    fit: str


@dataclass(frozen=True, slots=True)
class Live:
    """A model that answers. `version` names it in every answer and in the exposure log.

    `users` is the table of those who are answered; `latest` the time of the latest row it was made from, in
    microseconds; `name` that of the run it was loaded from, "" for what the service began with.
    """

    version: str
    answers: Answers
    desk: Desk
    keys: Keys
    schema: Schema
    users: str
    latest: int
    name: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The item tables it proposes from."""
        return self.answers.kinds

    def observe_all(self, events: Iterable[Event]) -> None:
        """Let events change the state, together where that is faster."""
        rows = (event for event in events if self._row(event))
        if isinstance(self.answers, Replays):
            self.answers.replay(rows)
        else:
            for event in rows:
                self.answers.observe(event)
        self.desk.heard()

    def _row(self, event: Event) -> bool:
        """Tell the desk of an event; whether it is a row of a table too."""
        self.desk.observe(event)
        return event.table != FEEDBACK
