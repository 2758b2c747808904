"""Weeks, as lists that change on Mondays count them, and what is kept of a week."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from edgewise.clock import DAY

__all__ = ["Outline", "Weekly", "monday"]


def monday(at: int) -> int:
    """The beginning of the week that a moment is in: Monday, 00:00 UTC, in microseconds."""
    day = at // DAY
    return (day - (day + 3) % 7) * DAY  # day 0, 1970-01-01, was a Thursday


@dataclass(frozen=True, slots=True)
class Outline:
    """A list before its things are chosen. `start` are rows that a mix is made around, the dearest first."""

    name: str
    list: str
    title: str
    about: str
    start: Int64[np.ndarray, " n"]


class Weekly:
    """The outlines of a week by person, so that lists stay the same until Monday whatever happens meanwhile.

    Those that had to go are found out again, from what was known on Monday.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[int, int, int], tuple[Outline, ...]] = OrderedDict()

    def get(self, key: tuple[int, int, int]) -> tuple[Outline, ...] | None:
        """What was kept for a (person, moment, seed)."""
        return self._kept.get(key)

    def keep(self, key: tuple[int, int, int], made: tuple[Outline, ...]) -> None:
        """Keep outlines; the oldest go when there are too many."""
        self._kept[key] = made
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
