"""What a page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from edgewise.decisions.rules.report import Report

__all__ = ["Page", "Shelf", "Thing"]


class Thing(NamedTuple):
    """One thing in its place, and why it is there.

    `item` is a row of the table `kind`. `value` is the probability that the person takes it (NaN where unknown).
    `reason` is one sentence; the data behind it are `channel`, `because` (a row of another thing, by kind) and
    `attribute` (a column and its value). `propensity` is the probability that this thing had of being here, given
    all else on the page; 1 where chance has no part. `pinned` is the rule that put it here, "" for none.
    """

    kind: str
    item: int
    title: str
    value: float
    reason: str
    channel: str
    because: tuple[str, int] | None = None
    attribute: tuple[str, str] | None = None
    propensity: float = 1.0
    pinned: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A row of a page: things of one kind under a title that says why."""

    shelf: str  # the kind of shelf: for_you, because, …
    kind: str
    title: str
    things: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page for one person at one moment (microseconds). `value` is what it is expected to bring: the sum of its
    things' values, discounted by their places.
    """

    shelves: tuple[Shelf, ...]
    at: int
    random_seed: int
    value: float
    report: Report
