"""Small multiples: many small lines of one shape, so that shapes can be compared at a glance.

Each has its own height unless `shared`: the figures beside a line say how high it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgewise.evaluation.svg import Canvas, Scale
from edgewise.serving.pages.charts.nouns import Cell, Sheet, known
from edgewise.serving.pages.charts.pen import bounds, cut, said, wide_of

__all__ = ["Multiples", "Panel"]

_LEAST: Final = 165
_TALL: Final = 118
_GAP: Final = 18


@dataclass(frozen=True, slots=True)
class Panel:
    """One small line. `low` and `high` bound what was expected; `marked` is the place that the eye should find."""

    title: str
    values: Sequence[float | None]
    note: str = ""
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    marked: int | None = None

    def __post_init__(self) -> None:
        """What is no finite number is nothing."""
        for name in ("values", "low", "high"):
            object.__setattr__(self, name, known(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Multiples:
    """Panels over the same places; as many in a row as there is room for."""

    name: str
    title: str
    description: str
    labels: Sequence[str]
    panels: Sequence[Panel]
    unit: str
    along: str = "week"
    shared: bool = False

    def draw(self, width: int) -> Canvas:
        """A grid of panels, row by row."""
        across = max(1, min(int((width + _GAP) // (_LEAST + _GAP)), 4, len(self.panels) or 1))
        each = (width - (across - 1) * _GAP) / across
        rows = -(-len(self.panels) // across)
        canvas = Canvas(width, max(rows * (_TALL + _GAP), 10), self.title, self.description)
        every = bounds([v for panel in self.panels for v in panel.values], zero=True) if self.shared else None
        for i, panel in enumerate(self.panels):
            self._panel(canvas, panel, (i % across) * (each + _GAP), (i // across) * (_TALL + _GAP), each, every)
        return canvas

    def sheet(self) -> Sheet:
        """A row a panel and place."""
        rows: list[tuple[Cell, ...]] = [
            (panel.title, label, panel.values[i], _at(panel.low, i), _at(panel.high, i))
            for panel in self.panels
            for i, label in enumerate(self.labels)
        ]
        return Sheet(("name", self.along, self.unit or "value", "expected, low", "expected, high"), tuple(rows))

    def _panel(
        self, canvas: Canvas, panel: Panel, left: float, top: float, width: float,
        every: tuple[float, float] | None,
    ) -> None:  # fmt: skip
        canvas.text(left, top + 14, cut(panel.title, width * 0.93), "ink strong")
        canvas.text(left, top + 29, cut(panel.note, width - 4))
        values = [*panel.values, *(panel.low or ()), *(panel.high or ())]
        y = Scale(every or bounds(values, zero=True), (top + _TALL - 16, top + 38))
        known = [i for i, value in enumerate(panel.values) if value is not None]
        last = said(panel.values[known[-1]], self.unit if self.unit == "share" else "") if known else ""
        right = left + width - wide_of(last) - 12
        x = Scale((0, max(len(self.labels) - 1, 1)), (left + 2, right))
        canvas.line(left, y(0.0), right, y(0.0), "axis")
        self._band(canvas, panel, x, y)
        points = [(x(i), y(value)) for i, value in enumerate(panel.values) if value is not None]
        if points:
            canvas.path(points, "c0 stroke d0")
            canvas.text(right + 6, points[-1][1] + 4, last, "ink")
            canvas.dot(*points[-1], 2.6, "c0 mark")
        if panel.marked is not None and 0 <= panel.marked < len(panel.values):
            value = panel.values[panel.marked]
            at = x(panel.marked)
            canvas.line(at, y.places[1], at, y.places[0], "now")
            if value is not None:
                words = f"{panel.title}, {self.labels[panel.marked]}: {said(value, self.unit)}"
                canvas.dot(at, y(value), 5.2, "ring", words)
        if self.labels:
            canvas.text(left, top + _TALL, self.labels[0], "tiny")
            canvas.text(right, top + _TALL, self.labels[-1], "tiny", anchor="end")

    def _band(self, canvas: Canvas, panel: Panel, x: Scale, y: Scale) -> None:
        if panel.low is None or panel.high is None:
            return
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(panel.low, panel.high, strict=True))]
        upper = [(x(i), y(b)) for i, a, b in pairs if a is not None and b is not None]
        lower = [(x(i), y(a)) for i, a, b in pairs if a is not None and b is not None]
        if upper:
            canvas.path([*upper, *reversed(lower)], "c4 band", closed=True)
            canvas.path(upper, "c4 edge")
            canvas.path(lower, "c4 edge")


def _at(values: Sequence[float | None] | None, i: int) -> float | None:
    return None if values is None else values[i]
