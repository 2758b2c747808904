"""A small pen for plots: SVG text whose colours come from the page's style sheet."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup, escape

__all__ = ["Canvas", "Scale", "shortened", "ticks"]

_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Scale:
    """A linear map from values to places on the canvas."""

    def __init__(self, values: tuple[float, float], places: tuple[float, float]) -> None:
        low, high = values
        self.low, self.high = (low, high) if high > low else (low - 0.5, low + 0.5)
        self.places = places

    def __call__(self, value: float) -> float:
        """The place of a value; values outside stay at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.places[0] + share * (self.places[1] - self.places[0])


class Canvas:
    """Marks added in order, then rendered once. Coordinates are CSS pixels at the canvas's own width."""

    def __init__(self, width: int, height: int, title: str, description: str) -> None:
        self.width, self.height = width, height
        self._title, self._description = title, description
        self._marks: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        """A straight line."""
        self._marks.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>')

    def rect(self, x: float, y: float, width: float, height: float, style: str, hint: str = "") -> None:
        """A filled rectangle; `hint` shows when pointed at."""
        self._marks.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
            f'class="{style}">{_hint(hint)}</rect>'
        )

    def dot(self, x: float, y: float, radius: float, style: str, hint: str = "") -> None:
        """A filled circle."""
        self._marks.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{style}">{_hint(hint)}</circle>'
        )

    def text(self, x: float, y: float, words: str, style: str = "", anchor: str = "start") -> None:
        """One line of text, its baseline at y."""
        self._marks.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">{escape(words)}</text>'
        )

    def path(self, points: Iterable[tuple[float, float]], style: str, *, closed: bool = False) -> None:
        """A line through points, or the area inside them."""
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._marks.append(f'<{"polygon" if closed else "polyline"} points="{steps}" class="{style}"/>')

    def render(self) -> Markup:
        """The whole as SVG, with its title and description for those who cannot see it."""
        return Markup(
            f'<svg viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-label="{escape(self._title)}. {escape(self._description)}" '
            f'preserveAspectRatio="xMidYMid meet">{"".join(self._marks)}</svg>'
        )

    def file(self, style: str) -> str:
        """The whole as a file of its own: with its style in it, and a white ground."""
        marks = _printable("".join(self._marks))
        title, description = (escape(_printable(words)) for words in (self._title, self._description))
        head = escape(shortened(_printable(self._title), self.width // 8))
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" class="chart" '
            f'viewBox="-12 -36 {self.width + 24} {self.height + 48}" width="{self.width + 24}" '
            f'height="{self.height + 48}" role="img"><title>{title}</title><desc>{description}</desc>'
            f'<style>{style}</style><rect x="-12" y="-36" width="{self.width + 24}" height="{self.height + 48}" '
            f'fill="#ffffff"/><text x="0" y="-14" class="ink strong">{head}</text>{marks}</svg>\n'
        )


def _printable(words: str) -> str:
    """Words without the characters that XML cannot hold."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", words)


def ticks(low: float, high: float, count: int = 4) -> Sequence[float]:
    """Round values between two ends, about `count` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def shortened(words: str, most: int) -> str:
    """Words cut to a length, with an ellipsis where something is left out."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _hint(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
