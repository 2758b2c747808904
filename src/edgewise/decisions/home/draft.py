"""A shelf that might be: its candidates, best first, and what to say about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32, Int16, Int64

from edgewise.decisions.asked import Asked, worths
from edgewise.decisions.project.file import ShelfEntry
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Scored

__all__ = ["DEEPEST", "WIDE", "WISHED", "Draft", "from_items", "from_scored"]

#: How many candidates a shelf has at most, before the rules and after them.
DEEPEST: Final = 200
WIDE: Final = 36
#: What a shelf that was asked for in words (a search, "more like this") counts beside others.
WISHED: Final = 2.5


@dataclass(frozen=True, slots=True)
class Draft:
    """Candidates of one shelf. `words` fill its title; `attribute` is a column and a value that they share.

    `because[i]` is a row of `because_kind`, MISSING for none; `channel[i]` indexes `channels`.
    """

    entry: ShelfEntry
    kind: str
    items: Int64[np.ndarray, " n"]
    value: Float32[np.ndarray, " n"]
    channels: tuple[str, ...]
    channel: Int16[np.ndarray, " n"]
    because: Int64[np.ndarray, " n"]
    because_kind: str
    title: str
    words: dict[str, str] = field(default_factory=dict)
    attribute: tuple[str, str] | None = None
    calibrated: bool = True
    #: How much it counts beside the others: what was asked for in so many words counts more.
    weight: float = 1.0
    #: Titles of things that are no rows of a table: lists made for the person.
    titles: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.items)


def from_scored(
    asked: Asked,
    entry: ShelfEntry,
    scored: Scored,
    title: str,
    *,
    own: bool = False,
    calibrated: bool = True,
    because_kind: str | None = None,
    attribute: tuple[str, str] | None = None,
    **words: str,
) -> Draft:
    """A draft of scored things. `own`: their values are the person's; otherwise they are looked up."""
    scored = scored.take(np.arange(min(len(scored), DEEPEST)))
    value = worths(scored) if own else asked.worth(entry.kind, scored.items)
    return Draft(
        entry, entry.kind, scored.items, value, scored.channels, scored.channel, scored.because,
        because_kind or entry.kind, title, words, attribute, calibrated,
    )  # fmt: skip


def from_items(
    asked: Asked,
    entry: ShelfEntry,
    items: Int64[np.ndarray, " n"],
    title: str,
    channel: str,
    *,
    kind: str | None = None,
    value: np.ndarray | None = None,
    because: np.ndarray | int = MISSING,
    because_kind: str | None = None,
    calibrated: bool = True,
    attribute: tuple[str, str] | None = None,
    **words: str,
) -> Draft:
    """A draft of rows that one thought leads to. Without `value`, theirs are looked up."""
    items, kind = items[:DEEPEST], kind or entry.kind
    n = len(items)
    led = np.full(n, because, dtype=np.int64) if isinstance(because, int) else because[:n]
    worth = asked.worth(kind, items) if value is None else value[:n].astype(np.float32)
    return Draft(
        entry, kind, items, worth, (channel,), np.zeros(n, dtype=np.int16), led,
        because_kind or kind, title, words, attribute, calibrated,
    )  # fmt: skip
