"""What an explanation is made of, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Evidence", "Explanation"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that the model looked at, and what it is worth.

    `kind` is "links" (rows linked to the entity) or "column" (a value of the entity itself). `path` says how the
    rows are reached, `group` which of them are meant ("all" or a linked row or category), `rows` how many, `last`
    the time of the latest (microseconds). `effect` is the answer as it is minus the answer without this thing, in
    `Explanation.unit`: positive evidence raised the answer. `rank` is the item's place without this thing, where
    the answer is a ranking that still holds it.
    """

    kind: str
    path: str
    group: str
    rows: int
    effect: float
    last: int | None = None
    words: str = ""
    rank: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one entity (and one item) got its answer at one anchor (None where nothing has a time).

    `answer` is what the model says, `without` what it would say of an entity with no evidence at all, both in
    `unit`. `rank` is the item's place among all. `predicted` is the class whose probability the answer is, where
    the task has classes. `channels` are the candidate channels that proposed the item,
    with its place in each. `evidence` is ordered by the size of its effect.
    """

    entity: Any
    anchor_time: str | None
    item: Any
    answer: float
    without: float
    unit: str
    rank: int | None
    evidence: tuple[Evidence, ...]
    channels: dict[str, int] = field(default_factory=dict)
    sentence: str = ""
    predicted: Any = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "evidence": [e.to_json() for e in self.evidence]}
