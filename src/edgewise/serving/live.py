"""What the service needs of a loaded model: who proposes, and keys in and out. One `Live` answers at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from edgewise.prediction.nouns import Answers, Event
from edgewise.schema.model import Schema
from edgewise.serving.desk import Desk

__all__ = ["Forgets", "Keys", "Live", "Snapshots"]


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
class Snapshots(Protocol):
    """Answers whose state can be kept in a folder, so that a restart replays only what came after."""

    def save_state(self, folder: Path) -> None:
        """Write the state into an empty folder."""

    def load_state(self, folder: Path) -> None:
        """Take the state from a folder that `save_state` wrote."""


@dataclass(frozen=True, slots=True)
class Live:
    """A model that answers. `version` names it in every answer and in the exposure log.

    `users` is the table of those who are answered; `titles` the column by which a thing of each kind is shown;
    `latest` the time of the latest row it was made from, in microseconds.
    """

    version: str
    answers: Answers
    desk: Desk
    keys: Keys
    schema: Schema
    users: str
    titles: Mapping[str, str]
    latest: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """The item tables it proposes from."""
        return self.answers.kinds

    def title(self, kind: str, row: int) -> str | None:
        """How a thing is shown; None where nothing says."""
        column = self.titles.get(kind)
        if column is None or row < 0:
            return None
        titles = self.answers.column(kind, column)
        title = titles[row].as_py() if row < len(titles) else None
        return None if title is None else str(title)

    def observe(self, event: Event) -> None:
        """Let an event change the state."""
        self.answers.observe(event)
