"""Linear and mixed-integer programs whose constraints have names that a user knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from edgewise.errors import InternalError

__all__ = ["Constraints", "Program", "constraints", "program"]


@dataclass(frozen=True, slots=True)
class Constraints:
    """A named group: in each row, `low <= sum of weight * value <= high`. `constraints` makes one.

    Attributes:
        name: what the user calls it: "space", "at most 3 messages a week".
        row, column, weight: the entries of the sparse matrix; entries of one place add up.
        low, high: the bounds of each row; infinite where there is none.
        unit: what the bounds are counted in: "m", "EUR", "messages".
        label: what a row is about, such as "store 31742"; None where the group has one row.
        hard: part of what the variables mean, nobody's wish: never relaxed, never named. A program must have
            answers when all groups that are not hard are left out.
    """

    name: str
    row: Int64[np.ndarray, " entries"]
    column: Int64[np.ndarray, " entries"]
    weight: Float64[np.ndarray, " entries"]
    low: Float64[np.ndarray, " rows"]
    high: Float64[np.ndarray, " rows"]
    unit: str = ""
    label: Callable[[int], str] | None = None
    hard: bool = False

    @property
    def rows(self) -> int:
        """How many rows the group has."""
        return len(self.low)


@dataclass(frozen=True, slots=True)
class Program:
    """Maximise `gain . values` where `low <= values <= high`, some of them whole numbers. `program` makes one.

    What is to be minimised has a negative gain. Bounds are finite: every amount has an end.
    """

    gain: Float64[np.ndarray, " columns"]
    groups: tuple[Constraints, ...]
    low: Float64[np.ndarray, " columns"]
    high: Float64[np.ndarray, " columns"]
    whole: Bool[np.ndarray, " columns"]

    @property
    def columns(self) -> int:
        """How many variables there are."""
        return len(self.gain)

    def without(self, *names: str) -> Program:
        """The same program without some groups: what they cost is the difference of the two gains."""
        return replace(self, groups=tuple(group for group in self.groups if group.name not in names))


def constraints(
    name: str, row: Any, column: Any, weight: Any = 1.0, *, low: Any = -np.inf, high: Any = np.inf,
    rows: int | None = None, unit: str = "", label: Callable[[int], str] | None = None, hard: bool = False,
) -> Constraints:  # fmt: skip
    """A group of constraints. One number for `weight`, `low` or `high` holds for all entries or rows.

    `rows` is needed where the last rows have no entries and both bounds are single numbers.
    """
    entries = np.asarray(column, dtype=np.int64).ravel()
    at = np.broadcast_to(np.asarray(row, dtype=np.int64), entries.shape)
    least = int(at.max(initial=-1)) + 1
    many = max(rows or 0, least, *(np.size(bound) for bound in (low, high) if np.ndim(bound)), 0)
    least_of, most_of = (np.broadcast_to(np.asarray(b, dtype=np.float64), (many,)).copy() for b in (low, high))
    weights = np.broadcast_to(np.asarray(weight, dtype=np.float64), entries.shape).copy()
    return Constraints(name, at.copy(), entries, weights, least_of, most_of, unit=unit, label=label, hard=hard)


def program(
    gain: Any, groups: list[Constraints] | tuple[Constraints, ...], *, low: Any = 0.0, high: Any = 1.0,
    whole: Any = True,
) -> Program:  # fmt: skip
    """A program; by default each value is 0 or 1.

    Raises:
        InternalError: numbers that are not finite, a column that does not exist, two groups of one name.
    """
    gains = np.array(gain, dtype=np.float64).ravel()
    n = gains.shape
    lows, highs = (np.broadcast_to(np.asarray(b, dtype=np.float64), n).copy() for b in (low, high))
    made = Program(gains, tuple(groups), lows, highs, np.broadcast_to(np.asarray(whole, dtype=bool), n).copy())
    _check(made)
    return made


def _check(made: Program) -> None:
    for what, numbers in (("gain", made.gain), ("low", made.low), ("high", made.high)):
        if not np.isfinite(numbers).all():
            raise InternalError(f"'{what}' of a program has numbers that are not finite")
    names = [group.name for group in made.groups]
    if len(set(names)) < len(names):
        raise InternalError(f"two groups of constraints share a name: {sorted(names)}")
    for group in made.groups:
        outside = len(group.column) and not 0 <= group.column.min() <= group.column.max() < made.columns
        numbers = np.concatenate([group.low, group.high, np.where(np.isfinite(group.weight), 0.0, np.nan)])
        if outside or np.isnan(numbers).any():
            raise InternalError(f"the group '{group.name}' names a column that is not there, or no number")
