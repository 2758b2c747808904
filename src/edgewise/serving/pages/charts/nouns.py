"""What every chart is: a drawing at any width, and the same figures as a sheet of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edgewise.evaluation.svg import Canvas

__all__ = ["NARROW", "WIDE", "Cell", "Chart", "Sheet", "known", "per_row"]

#: The widths that a page draws at, in CSS pixels: a telephone shows the narrow one.
WIDE = 760
NARROW = 330

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The figures of a chart, for its table and its CSV file."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def numeric(self, column: int) -> bool:
        """Whether a column holds numbers and nothing else."""
        return any(row[column] is not None for row in self.rows) and all(
            row[column] is None or isinstance(row[column], int | float) for row in self.rows
        )


class Chart(Protocol):
    """A chart. `name` is the file name of its exports; `description` says in a sentence what is to be seen."""

    @property
    def name(self) -> str:
        """Letters, digits and dashes."""

    @property
    def title(self) -> str:
        """What it shows."""

    @property
    def description(self) -> str:
        """What is to be seen, in a sentence."""

    def draw(self, width: int) -> Canvas:
        """The drawing at a width in pixels."""

    def sheet(self) -> Sheet:
        """The same as rows."""


def known(values: Sequence[float | None] | None) -> list[float | None] | None:
    """Values with None for what is no finite number."""
    if values is None:
        return None
    return [None if value is None or not math.isfinite(value) else value for value in values]


def per_row(values: Sequence[float | None] | None, count: int) -> Sequence[float | None]:
    """Values, or as many Nones where there are none."""
    return values if values is not None else [None] * count
