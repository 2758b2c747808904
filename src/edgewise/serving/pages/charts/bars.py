"""Bars that lie, so that their names can be read: one a name or several, with whiskers for intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgewise.evaluation.svg import Canvas, Scale, ticks
from edgewise.serving.pages.charts.nouns import Cell, Sheet, known, per_row
from edgewise.serving.pages.charts.pen import bounds, cut, filled, key, said, wide_of

__all__ = ["BarChart", "Bars"]

_SLIM: Final = 480
_TALL: Final = 13
#: An interval is shown up to so many times the longest bar.
_BEYOND: Final = 2.5


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar a name, those of a kind: last year's, this year's. `low` and `high` bound their intervals."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None

    def __post_init__(self) -> None:
        """What is no finite number is nothing."""
        for name in ("values", "low", "high"):
            object.__setattr__(self, name, known(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars by name; several kinds of bars stand below one another, told apart by their filling."""

    name: str
    title: str
    description: str
    labels: Sequence[str]
    bars: Sequence[Bars]
    unit: str
    along: str = "name"

    def draw(self, width: int) -> Canvas:
        """Names to the left, figures at the end of each bar; where it is narrow, names above."""
        slim, kinds = width < _SLIM, len(self.bars)
        each = kinds * (_TALL + 3) + (26 if slim else 8)
        above = 24 * (1 + (len(self.bars) - 1) // 2 if slim else 1) if kinds > 1 else 0
        canvas = Canvas(width, int(above + 26 + each * len(self.labels) + 6), self.title, self.description)
        top = key(canvas, [b.name for b in self.bars], width, left=2, top=14, lines=False) if kinds > 1 else 0.0
        top = max(top, above) + 20
        longest = max(map(wide_of, self.labels), default=0.0)
        left = 4.0 if slim else min(longest + 12, width * 0.4)
        figures = max(
            (wide_of(self._figure(b, i)) for b in self.bars for i in range(len(self.labels))), default=0.0
        )
        edges = [edge for b in self.bars for edge in (*(b.low or ()), *(b.high or ()))]
        values = _within([value for b in self.bars for value in b.values], edges)
        x = Scale(bounds(values, zero=True), (left + (figures if _below(values) else 0.0), width - figures - 12))
        for tick in ticks(x.low, x.high, 3 if slim else 5):
            canvas.line(x(tick), top - 4, x(tick), canvas.height - 4, "axis" if tick == 0 else "grid")
            anchor = "start" if x(tick) - wide_of(said(tick, self.unit)) / 2 < 0 else "middle"
            canvas.text(x(tick), top - 8, said(tick, "share" if self.unit == "share" else ""), anchor=anchor)
        for i, label in enumerate(self.labels):
            y = top + i * each + (18 if slim else 4)
            if slim:
                canvas.text(2, y - 4, cut(label, width - 4), "ink")
            else:
                canvas.text(left - 8, y + kinds * (_TALL + 3) / 2 + 3, cut(label, left - 10), "ink", anchor="end")
            for kind, bars in enumerate(self.bars):
                self._bar(canvas, bars, kind, i, y + kind * (_TALL + 3), x)
        return canvas

    def sheet(self) -> Sheet:
        """A row a name."""
        columns, sides = [self.along], []
        for bars in self.bars:
            columns.append(bars.name)
            sides.append(bars.values)
            if bars.low is not None:
                columns += [f"{bars.name}, low", f"{bars.name}, high"]
                sides += [bars.low, per_row(bars.high, len(self.labels))]
        rows: list[tuple[Cell, ...]] = [(name, *(side[i] for side in sides)) for i, name in enumerate(self.labels)]
        return Sheet(tuple(columns), tuple(rows))

    def _bar(self, canvas: Canvas, bars: Bars, kind: int, i: int, y: float, x: Scale) -> None:
        value = bars.values[i]
        if value is None:
            return
        begin, end = sorted((x(0.0), x(value)))
        filled(
            canvas,
            begin,
            y,
            max(end - begin, 1.0),
            _TALL,
            kind,
            f"{self.labels[i]}, {bars.name}: {self._figure(bars, i)}",
        )
        low = bars.low[i] if bars.low is not None else None
        high = bars.high[i] if bars.high is not None else None
        if low is not None and high is not None:
            middle = y + _TALL / 2
            canvas.line(x(low), middle, x(high), middle, "whisker")
            for edge in (low, high):
                if x.low <= edge <= x.high:  # one that goes on beyond the axis has no end
                    canvas.line(x(edge), middle - 4, x(edge), middle + 4, "whisker")
            begin, end = min(begin, x(low)), max(end, x(high))
        if value < 0:
            canvas.text(begin - 5, y + _TALL - 2, self._figure(bars, i), anchor="end")
        else:
            canvas.text(end + 5, y + _TALL - 2, self._figure(bars, i))

    def _figure(self, bars: Bars, i: int) -> str:
        return said(bars.values[i], self.unit if self.unit == "share" else "")


def _within(values: Sequence[float | None], edges: Sequence[float | None]) -> list[float | None]:
    """Values and the edges of intervals, these as far as they leave the bars some room."""
    most = _BEYOND * max((abs(value) for value in values if value is not None), default=0.0)
    return [*values, *(None if edge is None else min(max(edge, -most), most) for edge in edges)]


def _below(values: Sequence[float | None]) -> bool:
    return any(value is not None and value < 0 for value in values)
