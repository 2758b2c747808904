"""Who a page is for: what is known of them beside their past, and what they said about things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from edgewise.ids import MISSING
from edgewise.prediction.nouns import Past

__all__ = ["Feedback", "Person", "Word"]

#: What a person can say about a thing; `clear` takes back what was said.
Word = Literal["more", "less", "hide", "clear"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said about things: row ids by kind. The latest word about a thing counts."""

    more: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    less: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    hidden: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def said(self, word: Word, kind: str, item: int) -> Feedback:
        """With one more word."""
        words = {"more": self.more, "less": self.less, "hide": self.hidden}
        changed = {}
        for name, by_kind in words.items():
            rows = tuple(row for row in by_kind.get(kind, ()) if row != item)
            changed[name] = {**by_kind, kind: (*rows, item) if name == word else rows}
        return Feedback(changed["more"], changed["less"], changed["hide"])


@dataclass(frozen=True, slots=True)
class Person:
    """One person at one moment.

    `row` is MISSING for someone unknown. `name` is a number of their own that chance is drawn from: the row id,
    or a hash of a session's id. `session` are (kind, row) pairs of what an unknown person met, the last one
    last; `searches` are texts, the latest first; `shown` is what pages showed them, by kind.
    """

    row: int = MISSING
    name: int = 0
    age: float = float("nan")
    region: str | None = None
    session: tuple[tuple[str, int], ...] = ()
    searches: tuple[str, ...] = ()
    shown: Mapping[str, Past] = field(default_factory=dict)
    feedback: Feedback = field(default_factory=Feedback)

    def saying(self, word: Word, kind: str, item: int) -> Person:
        """The same person after a word about a thing."""
        return replace(self, feedback=self.feedback.said(word, kind, item))
