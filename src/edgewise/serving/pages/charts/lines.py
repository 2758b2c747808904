"""Lines over time with bands for intervals; what lies ahead of now stands apart from what was."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from edgewise.evaluation.svg import Canvas, Scale, ticks
from edgewise.serving.pages.charts.nouns import Cell, Sheet, known, per_row
from edgewise.serving.pages.charts.pen import (
    STYLES,
    bounds,
    cut,
    floor_axis,
    key,
    mark,
    said,
    short,
    spread,
    wide_of,
    y_axis,
)

__all__ = ["Line", "LineChart"]

_SLIM: Final = 480
_MARKS: Final = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A line: one value a place, None where there is none; `low` and `high` bound its interval."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None

    def __post_init__(self) -> None:
        """What is no finite number is nothing."""
        for name in ("values", "low", "high"):
            object.__setattr__(self, name, known(getattr(self, name)))

    @property
    def banded(self) -> bool:
        """Whether it has an interval anywhere."""
        return self.low is not None and self.high is not None


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over the same places.

    Attributes:
        labels: the places from left to right, as they are said: weeks, days.
        now: the first place that lies ahead; None where all is past.
        zero: whether the axis begins at zero.
        level: what the bands are, such as `80% interval`.
    """

    name: str
    title: str
    description: str
    labels: Sequence[str]
    lines: Sequence[Line]
    unit: str
    now: int | None = None
    zero: bool = True
    level: str = "interval"
    along: str = "week"

    def draw(self, width: int) -> Canvas:
        """Lines with their names at their ends; where it is narrow, in a key above."""
        slim = width < _SLIM
        canvas = Canvas(width, 280 if slim else 320, self.title, self.description)
        names = [line.name for line in self.lines]
        keyed = slim or len(names) > 1
        top = key(canvas, names, width, left=2, top=14, lines=True) if keyed else 4.0
        canvas.text(2, top + 12, self.unit if self.unit != "share" else "")
        values = [v for line in self.lines for v in (*line.values, *(line.low or ()), *(line.high or ()))]
        y = Scale(bounds(values, zero=self.zero), (canvas.height - 30.0, top + 24))
        left = 12 + max(
            wide_of(said(t, "share") if self.unit == "share" else short(t)) for t in ticks(y.low, y.high)
        )
        ends = 0.0 if slim else min(150.0, max(map(wide_of, names), default=0) * 1.08 + 16)
        right = width - 8 - ends
        x = Scale((0, max(len(self.labels) - 1, 1)), (left + 4, right - 4))
        y_axis(canvas, y, left, right, self.unit)
        floor_axis(canvas, self.labels, x, y.places[0], right - left)
        self._ahead(canvas, x, y, right)
        for i, line in enumerate(self.lines):
            self._band(canvas, line, i, x, y)
        for i, line in enumerate(self.lines):
            self._line(canvas, line, i, x, y)
        if not slim:
            self._ends(canvas, x, y, ends)
        return canvas

    def sheet(self) -> Sheet:
        """A row a place; a band adds two columns."""
        columns, sides = [self.along], []
        for line in self.lines:
            columns.append(line.name)
            sides.append(line.values)
            if line.banded:
                columns += [f"{line.name}, low", f"{line.name}, high"]
                sides += [per_row(line.low, len(self.labels)), per_row(line.high, len(self.labels))]
        rows: list[tuple[Cell, ...]] = [
            (label, *(side[i] for side in sides)) for i, label in enumerate(self.labels)
        ]
        return Sheet(tuple(columns), tuple(rows))

    def _ahead(self, canvas: Canvas, x: Scale, y: Scale, right: float) -> None:
        """A wash over what lies ahead, and the word for it."""
        if self.now is None or not 0 < self.now < len(self.labels):
            return
        at = (x(self.now - 1) + x(self.now)) / 2
        canvas.rect(at, y.places[1], right - at, y.places[0] - y.places[1], "ahead")
        canvas.line(at, y.places[1], at, y.places[0], "now")
        if right - at > wide_of("ahead") + 8:
            canvas.text(at + 5, y.places[1] - 3, "ahead")

    def _band(self, canvas: Canvas, line: Line, style: int, x: Scale, y: Scale) -> None:
        if line.low is None or line.high is None:
            return
        for run in _runs([None if b is None else a for a, b in zip(line.low, line.high, strict=True)]):
            lower = [(x(i), y(_known(line.low[i]))) for i in run]
            upper = [(x(i), y(_known(line.high[i]))) for i in run]
            canvas.path([*upper, *reversed(lower)], f"c{style % STYLES} band", closed=True)
            canvas.path(upper, f"c{style % STYLES} edge")
            canvas.path(lower, f"c{style % STYLES} edge")

    def _line(self, canvas: Canvas, line: Line, style: int, x: Scale, y: Scale) -> None:
        every = max(1, math.ceil(len(self.labels) / _MARKS))
        for run in _runs(line.values):
            points = [(x(i), y(_known(line.values[i]))) for i in run]
            canvas.path(points, f"c{style % STYLES} stroke d{style % STYLES}")
            for i, (px, py) in zip(run, points, strict=True):
                if i % every == 0 or len(run) == 1 or i == run[-1]:
                    mark(canvas, px, py, style, self._hint(line, i), 3.2)

    def _hint(self, line: Line, i: int) -> str:
        words = f"{self.labels[i]}, {line.name}: {said(line.values[i], self.unit)}"
        if line.low is None or line.high is None or line.low[i] is None:
            return words
        return f"{words} ({self.level} {said(line.low[i], self.unit)} to {said(line.high[i], self.unit)})"

    def _ends(self, canvas: Canvas, x: Scale, y: Scale, room: float) -> None:
        """The name of each line where it ends."""
        ends = []
        for i, line in enumerate(self.lines):
            known = [j for j, value in enumerate(line.values) if value is not None]
            if known:
                ends.append((i, x(known[-1]), y(_known(line.values[known[-1]])), line.name))
        heights = spread([end[2] for end in ends], 14, y.places[1], y.places[0])
        for (style, at, _, name), height in zip(ends, heights, strict=True):
            if at > x(len(self.labels) - 1) - 1:
                canvas.text(at + 9, height + 4, cut(name, room - 12), f"c{style % STYLES} name")


def _runs(values: Sequence[float | None]) -> Iterator[list[int]]:
    """The stretches of places that have a value."""
    run: list[int] = []
    for i, value in enumerate(values):
        if value is not None:
            run.append(i)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _known(value: float | None) -> float:
    assert value is not None
    return value
