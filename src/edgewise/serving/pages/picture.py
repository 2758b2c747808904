"""Tables and links as a picture: boxes in layers, links as curves, all places computed here.

A table stands one layer to the left of the nearest of those that it refers to, so that links point to the right;
within a layer, boxes are ordered by where their neighbours stand (the barycentre heuristic of Sugiyama, Tagawa and
Toda, 1981).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from edgewise.evaluation.svg import shortened
from edgewise.schema.model import Schema, Table

__all__ = ["draw", "layers_of", "places_of"]

_WIDE: Final = 196
_GAP: Final = 90
_LINE: Final = 17
_PAD: Final = 12
_BETWEEN: Final = 22
_SWEEPS: Final = 6
_LONGEST: Final = 26


@dataclass(frozen=True, slots=True)
class Box:
    """A table's place: its left upper corner and its size, in pixels; its lines of text below the name."""

    table: Table
    x: float
    y: float
    height: float
    lines: tuple[tuple[str, str], ...]

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y + self.height / 2


def layers_of(schema: Schema) -> list[list[str]]:
    """The names of the tables by layer, from those that nothing refers to, to those that refer to nothing."""
    depth: dict[str, int] = {}

    def deep(name: str, above: frozenset[str]) -> int:
        if name not in depth:
            to = {link.to for link in schema.links_from(name)} - above - {name}
            depth[name] = 1 + max((deep(one, above | {name}) for one in sorted(to)), default=-1)
        return depth[name]

    for table in schema:
        deep(table.name, frozenset())
    most = max(depth.values(), default=0)
    layers: list[list[str]] = [[] for _ in range(most + 1)]
    for name in sorted(depth):
        layers[most - depth[name]].append(name)
    return _ordered(layers, schema)


def places_of(schema: Schema) -> dict[str, Box]:
    """Where each table stands."""
    layers = layers_of(schema)
    columns = [[_lines(schema, schema.table(name)) for name in layer] for layer in layers]
    heights = [sum(_tall(lines) + _BETWEEN for lines in column) - _BETWEEN for column in columns]
    tallest = max(heights, default=0)
    places = {}
    for number, (layer, column) in enumerate(zip(layers, columns, strict=True)):
        y = _PAD + (tallest - heights[number]) / 2
        for name, lines in zip(layer, column, strict=True):
            places[name] = Box(schema.table(name), _PAD + number * (_WIDE + _GAP), y, _tall(lines), lines)
            y += _tall(lines) + _BETWEEN
    return places


def draw(schema: Schema) -> Markup:
    """The picture as SVG; each box leads to the part of the page about its table."""
    places = places_of(schema)
    width = max((box.x + _WIDE for box in places.values()), default=0) + _PAD
    height = max((box.y + box.height for box in places.values()), default=0) + _PAD
    wires = "".join(_wire(places[link.table], places[link.to], number, link.name, link.to)
                    for number, link in enumerate(schema.links))  # fmt: skip
    boxes = "".join(_box(box) for box in places.values())
    words = f"{len(schema.tables)} tables and {len(schema.links)} links between them; the same follows as text."
    return Markup(
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="group" aria-label="{escape(words)}">'
        f'<g aria-hidden="true">{wires}</g>{boxes}</svg>'
    )


def _ordered(layers: Sequence[Sequence[str]], schema: Schema) -> list[list[str]]:
    near: dict[str, list[str]] = {table.name: [] for table in schema}
    for link in schema.links:
        near[link.table].append(link.to)
        near[link.to].append(link.table)
    made = [list(layer) for layer in layers]
    for _ in range(_SWEEPS):
        at = _heights(made)
        made = [sorted(layer, key=lambda name: (_mean(near[name], at, name), name)) for layer in made]
    return made


def _heights(layers: Sequence[Sequence[str]]) -> dict[str, float]:
    return {name: (i + 0.5) / len(layer) for layer in layers for i, name in enumerate(layer)}


def _mean(names: Sequence[str], at: Mapping[str, float], name: str) -> float:
    return sum(at[one] for one in names) / len(names) if names else at[name]


def _lines(schema: Schema, table: Table) -> tuple[tuple[str, str], ...]:
    lines = [("fact", f"{table.rows:,} rows")]
    if table.key is not None:
        lines.append(("fact", f"key {table.key}"))
    if table.timed:
        lines.append(("fact", f"time {table.time or (table.clock.column if table.clock else '')}"))
    found = sum(1 for problem in schema.problems if problem.table == table.name)
    if found:
        lines.append(("problem", f"{found} problem{'s' if found > 1 else ''}"))
    return tuple(lines)


def _tall(lines: Sequence[object]) -> float:
    return _PAD * 2 + _LINE * (len(lines) + 1) - 4


def _box(box: Box) -> str:
    name, event = box.table.name, " event" if box.table.timed and box.table.key is None else ""
    said = ", ".join([name, *(text for _, text in box.lines)])
    lines = "".join(
        f'<text x="{box.x + _PAD:.0f}" y="{box.y + _PAD + 10 + _LINE * i:.0f}" class="{style}">'
        f"{escape(shortened(text, _LONGEST))}</text>"
        for i, (style, text) in enumerate([("title", name), *box.lines])
    )
    return (
        f'<a href="#table-{escape(name)}" aria-label="{escape(said)}"><rect x="{box.x:.0f}" y="{box.y:.1f}" '
        f'width="{_WIDE}" height="{box.height:.0f}" rx="9" class="box{event}"/>{lines}</a>'
    )


def _wire(start: Box, end: Box, number: int, name: str, to: str) -> str:
    """A curve from a table to the one it refers to; ends are spread a little, so that few lie on each other."""
    shift = (number % 5 - 2) * 6
    y1, y2 = start.middle + shift, end.middle + shift / 2
    x1, x2 = start.x + _WIDE, end.x - 7
    bend = max(40.0, (x2 - x1) / 2)
    if end.x <= start.x:  # a table that refers to itself or back: around the right side
        x2, bend = end.x + _WIDE + 7, 60.0
        curve = f"M{x1:.0f} {y1:.1f} C{x1 + bend:.0f} {y1:.1f} {x2 + bend:.0f} {y2:.1f} {x2:.0f} {y2:.1f}"
        tip = f"M{x2:.0f} {y2:.1f} l8 -4 v8z"
    else:
        curve = f"M{x1:.0f} {y1:.1f} C{x1 + bend:.0f} {y1:.1f} {x2 - bend:.0f} {y2:.1f} {x2:.0f} {y2:.1f}"
        tip = f"M{x2 + 7:.0f} {y2:.1f} l-8 -4 v8z"
    return (
        f'<path class="wire" d="{curve}"><title>{escape(name)} → {escape(to)}</title></path>'
        f'<path class="tip" d="{tip}"/>'
    )
