"""Cells in rows and columns: the stronger the shade, the greater the figure, which stands in the cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgewise.evaluation.svg import Canvas
from edgewise.serving.pages.charts.nouns import Cell, Sheet, known
from edgewise.serving.pages.charts.pen import cut, said, wide_of

__all__ = ["SHADES", "Heat"]

#: Shades from none to the greatest.
SHADES: Final = 6
_TALL: Final = 24
_LEAST: Final = 40


@dataclass(frozen=True, slots=True)
class Heat:
    """A figure a row and column; None where there is none. Shades begin at zero and end at the greatest."""

    name: str
    title: str
    description: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]
    unit: str = ""
    along: str = "row"

    def __post_init__(self) -> None:
        """What is no finite number is nothing."""
        object.__setattr__(self, "values", [known(row) for row in self.values])

    def draw(self, width: int) -> Canvas:
        """Row by row; where columns do not fit side by side, they go on below."""
        left = min(max(map(wide_of, self.rows), default=0.0) + 16, width * 0.42)
        figures = max((wide_of(self._said(v)) for row in self.values for v in row), default=0.0)
        heads = max(map(wide_of, self.columns), default=0.0)
        least = max(min(max(figures, heads) + 8, 90.0), _LEAST if len(self.columns) < 12 else 24.0)
        across = max(1, min(len(self.columns), int((width - left) // least)))
        blocks = -(-len(self.columns) // across) if self.columns else 1
        across = -(-len(self.columns) // blocks) if self.columns else 1
        each = min((width - left) / max(across, 1), 96.0)
        tall = len(self.rows) * _TALL + 30
        canvas = Canvas(width, blocks * tall, self.title, self.description)
        most = max((abs(v) for row in self.values for v in row if v is not None), default=0.0)
        for block in range(blocks):
            columns = range(block * across, min((block + 1) * across, len(self.columns)))
            for place, j in enumerate(columns):
                head = cut(self.columns[j], each - 2)
                canvas.text(left + (place + 0.5) * each, block * tall + 16, head, anchor="middle")
            for i, row in enumerate(self.rows):
                top = block * tall + 22 + i * _TALL
                canvas.text(left - 8, top + 16, cut(row, left - 8), "ink", anchor="end")
                for place, j in enumerate(columns):
                    self._cell(canvas, i, j, left + place * each, top, each, most)
        return canvas

    def sheet(self) -> Sheet:
        """The same rows and columns."""
        rows: list[tuple[Cell, ...]] = [(name, *self.values[i]) for i, name in enumerate(self.rows)]
        return Sheet((self.along, *self.columns), tuple(rows))

    def _cell(self, canvas: Canvas, i: int, j: int, x: float, y: float, width: float, most: float) -> None:
        value = self.values[i][j]
        shade = 0 if value is None or not most else min(int(abs(value) / most * (SHADES - 1) + 0.999), SHADES - 1)
        hint = f"{self.rows[i]}, {self.columns[j]}: {said(value, self.unit)}"
        canvas.rect(x + 1, y + 1, width - 2, _TALL - 2, f"cell h{shade}", hint)
        words = self._said(value)
        if value is not None and wide_of(words) <= width:
            canvas.text(x + width / 2, y + 16, words, f"figure h{shade}", "middle")

    def _said(self, value: float | None) -> str:
        return "" if value is None or value == 0 else said(value, self.unit if self.unit == "share" else "")
