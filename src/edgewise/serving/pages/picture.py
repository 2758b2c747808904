"""Tables and links as one SVG picture. All places are computed here; colours come from the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from edgewise.evaluation.svg import shortened
from edgewise.schema.model import Link, Schema, Table
from edgewise.serving.pages.layout import GAP, WIDE, Layout, Place, lay_out

__all__ = ["draw"]

_LINE: Final = 17
_PAD: Final = 12
_LONGEST: Final = 26
_TIP: Final = 8

Lines = Sequence[tuple[str, str]]


def draw(schema: Schema) -> Markup:
    """The picture; each box leads to the part of the page about its table."""
    lines = {table.name: _lines(schema, table) for table in schema}
    layout = lay_out(schema, {name: _tall(found) for name, found in lines.items()})
    wires = "".join(_wire(layout, schema, link) for link in schema.links)
    boxes = "".join(_box(schema.table(name), place, lines[name]) for name, place in layout.tables.items())
    words = f"{len(schema.tables)} tables and {len(schema.links)} links between them; the same follows as text."
    return Markup(
        f'<svg viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" width="{layout.width:.0f}" '
        f'height="{layout.height:.0f}" role="group" aria-label="{escape(words)}">'
        f'<g aria-hidden="true">{wires}</g>{boxes}</svg>'
    )


def _lines(schema: Schema, table: Table) -> Lines:
    """What a box says below the name of its table, each line with its style."""
    lines = [("fact", f"{table.rows:,} rows")]
    if table.key is not None:
        lines.append(("fact", f"key {table.key}"))
    if table.timed:
        lines.append(("fact", f"time {table.time or (table.clock.column if table.clock else '')}"))
    found = sum(1 for problem in schema.problems if problem.table == table.name)
    if found:
        lines.append(("problem", f"{found} problem{'s' if found > 1 else ''}"))
    return lines


def _tall(lines: Lines) -> float:
    return _PAD * 2 + _LINE * (len(lines) + 1) - 4


def _box(table: Table, place: Place, lines: Lines) -> str:
    event = " event" if table.timed and table.key is None else ""
    said = ", ".join([table.name, *(text for _, text in lines)])
    texts = "".join(
        f'<text x="{place.x + _PAD:.0f}" y="{place.y + _PAD + 10 + _LINE * i:.1f}" class="{style}">'
        f"{escape(shortened(text, _LONGEST))}</text>"
        for i, (style, text) in enumerate([("title", table.name), *lines])
    )
    return (
        f'<a href="#table-{escape(table.name)}" aria-label="{escape(said)}"><rect x="{place.x:.0f}" '
        f'y="{place.y:.1f}" width="{WIDE}" height="{place.height:.0f}" rx="9" class="box{event}"/>{texts}</a>'
    )


def _wire(layout: Layout, schema: Schema, link: Link) -> str:
    """A curve from a table to the one it refers to, through the lanes of the layers between."""
    start, end = layout.tables[link.table], layout.tables[link.to]
    leaving = sorted(schema.links_from(link.table), key=lambda one: _way(layout, one)[1].middle)
    coming = sorted(schema.links_to(link.to), key=lambda one: _way(layout, one)[-2].middle)
    x, y = start.x + WIDE, start.y + start.height * _share(leaving, link)
    into = end.y + end.height * _share(coming, link)
    hint = f"<title>{escape(link.name)} → {escape(link.to)}</title>"
    if end.x <= start.x:  # to itself, or back: around the right side
        far, bend = end.x + WIDE + _TIP, GAP * 0.6
        into += 10 if link.table == link.to else 0
        curve = f"M{x:.0f} {y:.1f} C{x + bend:.0f} {y:.1f} {far + bend:.0f} {into:.1f} {far:.0f} {into:.1f}"
        return _drawn(curve, hint, f"M{far - _TIP:.0f} {into:.1f} l8 -4 v8z")
    curve = f"M{x:.0f} {y:.1f}"
    for lane in layout.lanes[link.name]:
        curve += _bent(x, y, lane.x, lane.middle) + f" H{lane.x + WIDE:.0f}"
        x, y = lane.x + WIDE, lane.middle
    curve += _bent(x, y, end.x - _TIP, into)
    return _drawn(curve, hint, f"M{end.x:.0f} {into:.1f} l-8 -4 v8z")


def _drawn(curve: str, hint: str, tip: str) -> str:
    return f'<path class="wire" d="{curve}">{hint}</path><path class="tip" d="{tip}"/>'


def _way(layout: Layout, link: Link) -> Sequence[Place]:
    """What a link passes: the table it is of, its lanes, the table it refers to."""
    return (layout.tables[link.table], *layout.lanes[link.name], layout.tables[link.to])


def _bent(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (to_x - x) / 2
    return f" C{x + half:.0f} {y:.1f} {to_x - half:.0f} {to_y:.1f} {to_x:.0f} {to_y:.1f}"


def _share(links: Sequence[Link], link: Link) -> float:
    """Where on the side of a box a link begins or ends, from 0 at the top to 1: the ends of several are spread."""
    return (links.index(link) + 1) / (len(links) + 1)
