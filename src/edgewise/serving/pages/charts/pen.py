"""What charts are drawn with: figures in few letters, marks that differ in shape, axes, keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from edgewise.evaluation.svg import Canvas, Scale, shortened, ticks

__all__ = [
    "STYLES",
    "bounds",
    "cut",
    "floor_axis",
    "key",
    "mark",
    "said",
    "short",
    "spread",
    "steps",
    "wide_of",
    "y_axis",
]

#: How many lines or bars can be told apart by dash, mark or filling.
STYLES: Final = 5
_LETTERS: Final = dict.fromkeys("fijlrtI .,:;'|!()[]-/", 4.6) | dict.fromkeys("mwMW@%<>+=~#", 10.6)
_MOST: Final = 200
#: A share below this is rounding.
_NOTHING: Final = 1e-9
_SIZES: Final = ((1e9, "bn"), (1e6, "M"), (1e4, "k"))


def short(value: float) -> str:
    """A figure in few letters: 12.3k, 4.56M, 0.012."""
    if not math.isfinite(value):
        return "–"
    for size, letter in _SIZES:
        if abs(value) >= size:
            return f"{value / min(size, 1e3 if letter == 'k' else size):.3g}{letter}".replace("-", "−")
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return text.replace("-", "−")


def said(value: float | None, unit: str = "") -> str:
    """A figure with its unit; shares are said in percent."""
    if value is None:
        return "–"
    if unit == "share" or unit.startswith("share "):
        percent = 0.0 if abs(value) < _NOTHING else 100 * value
        return f"{percent:.3g}%{unit[5:]}".replace("-", "−")
    return f"{short(value)} {unit}".rstrip()


def wide_of(words: str) -> float:
    """About how wide words are at the size of the charts' letters."""
    return sum(_LETTERS.get(letter, 7.9 if letter.isupper() else 6.9) for letter in words)


def cut(words: str, room: float) -> str:
    """Words that fit into a room, with an ellipsis where something is left out."""
    words = words[:_MOST]
    if wide_of(words) <= room:
        return words
    most = len(words)
    while most > 1 and wide_of(words[: most - 1]) + 9 > room:
        most -= 1
    return shortened(words, most)


def bounds(values: Iterable[float | None], *, zero: bool) -> tuple[float, float]:
    """The least and the greatest of some values, a little room above; with zero where it is asked for."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + (abs(low) or 1.0)
    room = 0.04 * (high - low)
    return (low if zero and low == 0 else low - room), (high if zero and high == 0 else high + room)


def y_axis(canvas: Canvas, scale: Scale, left: float, right: float, unit: str) -> None:
    """Lines across at round values, each with its figure to the left; the unit stands above them."""
    for tick in ticks(scale.low, scale.high):
        canvas.line(left, scale(tick), right, scale(tick), "axis" if tick == 0 else "grid")
        canvas.text(
            left - 6, scale(tick) + 4, said(tick, "share") if unit == "share" else short(tick), anchor="end"
        )


def floor_axis(
    canvas: Canvas, labels: Sequence[str], place: Callable[[int], float], y: float, room: float
) -> None:
    """As many labels below the plot as there is room for, evenly apart."""
    for i in range(0, len(labels), steps(labels, room)):
        half = wide_of(labels[i]) / 2
        canvas.line(place(i), y, place(i), y + 4, "axis")
        canvas.text(min(max(place(i), half), canvas.width - half), y + 18, labels[i], anchor="middle")


def steps(labels: Sequence[str], room: float) -> int:
    """Every how many labels one is shown, so that none touches the next."""
    if not labels:
        return 1
    each = max(map(wide_of, labels)) + 14
    return max(1, math.ceil((len(labels) - 1) * each / max(room, 1.0)))


def mark(canvas: Canvas, x: float, y: float, style: int, hint: str = "", size: float = 4.0) -> None:
    """A mark whose shape goes with a style: disc, square, triangle, diamond, cross."""
    kind = style % STYLES
    if kind == 0:
        canvas.dot(x, y, size, f"c{kind} mark", hint)
        return
    if kind == 1:
        canvas.rect(x - size + 0.5, y - size + 0.5, 2 * size - 1, 2 * size - 1, f"c{kind} mark", hint)
        return
    if kind == 4:
        canvas.path([(x - size, y - size), (x + size, y + size)], "c4 stroke")
        canvas.path([(x - size, y + size), (x + size, y - size)], "c4 stroke")
        return
    outline = {
        2: [(0.0, -1.2), (1.15, 0.9), (-1.15, 0.9)],
        3: [(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
    }[kind]
    canvas.path([(x + size * dx, y + size * dy) for dx, dy in outline], f"c{kind} mark", closed=True)


def key(canvas: Canvas, names: Sequence[str], width: float, *, left: float, top: float, lines: bool) -> float:
    """What dash, mark or filling each name has, in as many rows as needed; returns the height below them."""
    x, y = left, top
    for i, name in enumerate(names):
        words = cut(name, width - left - 40)
        need = 34 + wide_of(words) + 14
        if x > left and x + need > width:
            x, y = left, y + 20
        if lines:
            canvas.path([(x, y - 4), (x + 26, y - 4)], f"c{i % STYLES} stroke d{i % STYLES}")
            mark(canvas, x + 13, y - 4, i)
        else:
            filled(canvas, x, y - 10, 24, 12, i)
        canvas.text(x + 32, y, words)
        x += need
    return y + 12 if names else top


def filled(canvas: Canvas, x: float, y: float, width: float, height: float, style: int, hint: str = "") -> None:
    """A bar whose filling goes with a style: full, hollow, striped, barred, half."""
    kind = style % STYLES
    canvas.rect(x, y, width, height, f"c{kind} {'full' if kind == 0 else 'hollow'}", hint)
    if kind == 2:
        for i in range(1, int(width // 5) + 1):
            if 5 * i < width:
                canvas.line(x + 5 * i, y, x + 5 * i, y + height, f"c{kind} stripe")
    if kind == 3:
        for i in range(1, 4):
            canvas.line(x, y + height * i / 4, x + width, y + height * i / 4, f"c{kind} stripe")
    if kind == 4:
        canvas.rect(x, y + height / 2, width, height / 2, f"c{kind} full")


def spread(places: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Places moved as little as need be so that neighbours are `apart`, within bounds where there is room."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    floor = low
    for i in order:
        moved[i] = max(moved[i], floor)
        floor = moved[i] + apart
    ceiling = high
    for i in reversed(order):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - apart
    return moved
