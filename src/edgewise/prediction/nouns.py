"""The nouns of live answers: an event that arrives, what is proposed to whom, and who proposes it.

Pages, lists and the service are written against `Answers`; how the answers come about (a live state over a fitted
run) is behind it. Keys stay outside: everything here is row ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int16, Int64

from edgewise.ids import MISSING

__all__ = ["Answers", "Event", "Likeness", "Past", "Scored"]

#: How a thing may be like another: much the same, bought with it, or bought instead of it.
Likeness = Literal["similar", "complement", "substitute"]


@dataclass(frozen=True, slots=True)
class Event:
    """A row that arrives for a table: `values` by column, at a time in microseconds (UTC).

    `id` names it: a second event of the same id is the same event.
    """

    id: str
    table: str
    values: Mapping[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class Scored:
    """Things of one kind for one person (or for nobody in particular), best first.

    `scores` order the things of this answer and compare with nothing else. `value` is the probability that the
    person takes the thing within the task's horizon, which compares between kinds; NaN where nothing is known.
    `channel[i]` indexes `channels`: the candidate channel that speaks most for thing `i`; `because[i]` is the
    row of the thing in the person's past that led to it, MISSING where there is none.
    """

    kind: str  # the item table
    items: Int64[np.ndarray, " n"]
    scores: Float32[np.ndarray, " n"]
    value: Float32[np.ndarray, " n"]
    channel: Int16[np.ndarray, " n"]
    channels: tuple[str, ...]
    because: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.items)

    def take(self, index: np.ndarray) -> Scored:
        """The things at the given positions (or where a mask is true), in that order."""
        return Scored(
            self.kind, self.items[index], self.scores[index], self.value[index], self.channel[index],
            self.channels, self.because[index],
        )  # fmt: skip

    @staticmethod
    def none(kind: str) -> Scored:
        """Nothing to propose."""
        rows, numbers = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return Scored(kind, rows, numbers, numbers, np.zeros(0, dtype=np.int16), (), rows)


class Past(NamedTuple):
    """What a person did with things of one kind, latest first."""

    items: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]


class Answers(Protocol):
    """Who proposes: the live state and the models over it. Every answer is as of `at` and sees nothing later.

    `row` is the person's row id, MISSING for someone unknown: what is popular answers then.
    """

    kinds: tuple[str, ...]  # the item tables it can propose from

    def for_user(self, kind: str, row: int, at: int, k: int) -> Scored:
        """The best k things of a kind for a person."""

    def for_items(self, kind: str, items: Int64[np.ndarray, " m"], at: int, k: int) -> Scored:
        """The best k things to go with a basket or an anonymous session, its last thing last."""

    def like(self, kind: str, item: int, at: int, k: int, how: Likeness = "similar") -> Scored:
        """The k things most like one thing."""

    def popular(self, kind: str, at: int, k: int, row: int = MISSING) -> Scored:
        """The k most popular things, among people like the person where one is named."""

    def past(self, kind: str, row: int, at: int, n: int) -> Past:
        """The last n things of a kind that a person met, each once."""

    def column(self, kind: str, name: str) -> pa.Array:
        """A column of an item table, by row id.

        Raises:
            KeyError: no such column.
        """

    def observe(self, event: Event) -> None:
        """Let an event change the state, in O(1). The next answer has seen it."""
