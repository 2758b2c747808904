"""A curve of what is gained against what it costs, with the point that was chosen and others beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgewise.evaluation.svg import Canvas, Scale, ticks
from edgewise.serving.pages.charts.nouns import Cell, Sheet
from edgewise.serving.pages.charts.pen import bounds, mark, said, short, spread, wide_of, y_axis

__all__ = ["Curve", "Point"]

_SLIM: Final = 480


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the plane: what it costs (x), what it gains (y)."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None

    @property
    def known(self) -> bool:
        """Whether it can be drawn."""
        return all(value is None or math.isfinite(value) for value in (self.x, self.y, self.low, self.high))


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in order along a curve.

    Attributes:
        points: along the curve, from the least cost; `low` and `high` bound their gain.
        chosen: which of them is marked; None for a mere scatter.
        others: points beside the curve, each with its name.
        joined: whether the points are joined by a line.
    """

    name: str
    title: str
    description: str
    points: Sequence[Point]
    across: str
    up: str
    chosen: int | None = None
    others: Sequence[Point] = ()
    units: tuple[str, str] = ("", "")
    joined: bool = True
    zero: bool = True

    def draw(self, width: int) -> Canvas:
        """The curve, its band, and the chosen point with lines to both axes."""
        slim = width < _SLIM
        canvas = Canvas(width, 300 if slim else 360, self.title, self.description)
        every = [p for p in (*self.points, *self.others) if p.known]
        heights = [v for p in every for v in (p.y, p.low, p.high)]
        y = Scale(bounds(heights, zero=self.zero), (canvas.height - 46.0, 26))
        left = 12 + max(wide_of(self._tick(t, 1)) for t in ticks(y.low, y.high))
        right = width - 14.0
        x = Scale(bounds([p.x for p in every], zero=self.zero), (left + 4, right))
        canvas.text(2, 14, self.up)
        y_axis(canvas, y, left, right, self.units[1])
        for tick in ticks(x.low, x.high, 3 if slim else 6):
            canvas.line(x(tick), y.places[0], x(tick), y.places[0] + 4, "axis")
            canvas.text(x(tick), y.places[0] + 18, self._tick(tick, 0), anchor="middle")
        canvas.text(right, canvas.height - 6, self.across, anchor="end")
        self._curve(canvas, x, y)
        self._others(canvas, x, y, right)
        if self.chosen is not None and 0 <= self.chosen < len(self.points) and self.points[self.chosen].known:
            self._chosen(canvas, self.points[self.chosen], x, y, right)
        return canvas

    def sheet(self) -> Sheet:
        """A row a point."""
        rows: list[tuple[Cell, ...]] = [
            (p.name, p.x, p.y, p.low, p.high, "chosen" if i == self.chosen else "")
            for i, p in enumerate([*self.points, *self.others])
        ]
        return Sheet(("point", self.across, self.up, "low", "high", ""), tuple(rows))

    def _curve(self, canvas: Canvas, x: Scale, y: Scale) -> None:
        points = [p for p in self.points if p.known]
        banded = [(p.x, p.low, p.high) for p in points if p.low is not None and p.high is not None]
        if self.joined and len(banded) > 1:
            upper = [(x(at), y(high)) for at, _, high in banded]
            lower = [(x(at), y(low)) for at, low, _ in banded]
            canvas.path([*upper, *reversed(lower)], "c0 band", closed=True)
            canvas.path(upper, "c0 edge")
            canvas.path(lower, "c0 edge")
        if self.joined and len(points) > 1:
            canvas.path([(x(p.x), y(p.y)) for p in points], "c0 stroke d0")
        for p in points:
            canvas.dot(x(p.x), y(p.y), 3.0, "c0 mark", self._hint(p))

    def _others(self, canvas: Canvas, x: Scale, y: Scale, right: float) -> None:
        others = [p for p in self.others if p.known]
        heights = spread([y(p.y) for p in others], 15, y.places[1] + 6, y.places[0] - 6)
        for i, (p, height) in enumerate(zip(others, heights, strict=True)):
            mark(canvas, x(p.x), y(p.y), i + 1, self._hint(p), 5.0)
            before = x(p.x) + 12 + wide_of(p.name) > right
            canvas.text(x(p.x) + (-10 if before else 10), height + 4, p.name, "ink", "end" if before else "start")

    def _chosen(self, canvas: Canvas, p: Point, x: Scale, y: Scale, right: float) -> None:
        canvas.line(x(p.x), y(p.y), x(p.x), y.places[0], "now")
        canvas.line(x.places[0], y(p.y), x(p.x), y(p.y), "now")
        canvas.dot(x(p.x), y(p.y), 8.0, "ring", self._hint(p))
        canvas.dot(x(p.x), y(p.y), 3.6, "c0 mark")
        words = f"{p.name}: {self._tick(p.y, 1)} for {self._tick(p.x, 0)}"
        if canvas.width < _SLIM or x(p.x) + 16 + 1.1 * wide_of(words) > right:
            canvas.text(right, 14, words, "ink strong", "end")
        else:
            below = y(p.y) + 22 < y.places[0] - 4
            canvas.text(x(p.x) + 12, y(p.y) + (22 if below else -12), words, "ink strong halo")

    def _tick(self, value: float, side: int) -> str:
        return said(value, "share") if self.units[side] == "share" else short(value)

    def _hint(self, p: Point) -> str:
        return f"{p.name}: {self.up} {said(p.y, self.units[1])}, {self.across} {said(p.x, self.units[0])}"
