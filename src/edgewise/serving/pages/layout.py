"""Where the tables of a picture stand, and where the links between them pass.

Tables stand in layers, each to the left of all that it refers to; a link that crosses layers has a lane of its own
in each, so that no link passes behind a box. Within a layer, boxes and lanes are ordered by where their neighbours
stand: Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", 1981.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edgewise.schema.model import Schema

__all__ = ["GAP", "WIDE", "Layout", "Place", "lay_out", "layers_of"]

#: The width of a box, and of the room between two layers, in pixels.
WIDE: Final = 190
GAP: Final = 84
_PAD: Final = 12
_BETWEEN: Final = 16
_LANE: Final = 2.0
_SWEEPS: Final = 12

#: A table by name, or the lane of a link: its name and that of its link.
Node = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """The left upper corner of a box, and its height."""

    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of the tables, the lanes of each link from left to right, and the size of the whole."""

    tables: Mapping[str, Place]
    lanes: Mapping[str, Sequence[Place]]
    width: float
    height: float


def layers_of(schema: Schema) -> list[list[str]]:
    """The names of the tables by layer; those that refer to nothing come last."""
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
    return layers


def lay_out(schema: Schema, heights: Mapping[str, float]) -> Layout:
    """Place every table, given how tall its box is."""
    layers, links = _with_lanes(layers_of(schema), schema)
    layers = _ordered(layers, links)
    tall = [sum(_tall(node, heights) + _BETWEEN for node in layer) - _BETWEEN for layer in layers]
    places: dict[Node, Place] = {}
    for number, layer in enumerate(layers):
        y = _PAD + (max(tall) - tall[number]) / 2
        for node in layer:
            places[node] = Place(_PAD + number * (WIDE + GAP), y, _tall(node, heights))
            y += places[node].height + _BETWEEN
    lanes: dict[str, list[Place]] = {link.name: [] for link in schema.links}
    for node in sorted((n for n in places if isinstance(n, tuple)), key=lambda n: places[n].x):
        lanes[node[1]].append(places[node])
    width = 2 * _PAD + len(layers) * WIDE + (len(layers) - 1) * GAP
    tables = {node: place for node, place in places.items() if isinstance(node, str)}
    return Layout(tables, lanes, width, max(tall, default=0) + 2 * _PAD)


def _with_lanes(tables: list[list[str]], schema: Schema) -> tuple[list[list[Node]], list[tuple[Node, Node]]]:
    """The layers with the lanes of long links in them, and which nodes stand side by side on a way."""
    layers: list[list[Node]] = [list(layer) for layer in tables]
    at = {name: number for number, layer in enumerate(tables) for name in layer}
    ways: list[tuple[Node, Node]] = []
    for link in schema.links:
        before: Node = link.table
        for number in range(at[link.table] + 1, at[link.to]):
            lane = (f"lane {number}", link.name)
            layers[number].append(lane)
            ways.append((before, lane))
            before = lane
        ways.append((before, link.to))
    return layers, ways


def _ordered(layers: list[list[Node]], ways: Sequence[tuple[Node, Node]]) -> list[list[Node]]:
    """Sweeps to and fro that put each node at the mean height of its neighbours on one side."""
    sides: tuple[dict[Node, list[Node]], dict[Node, list[Node]]] = ({}, {})
    for left, right in ways:
        sides[0].setdefault(right, []).append(left)
        sides[1].setdefault(left, []).append(right)
    best, fewest = layers, _crossings(layers, ways)
    for sweep in range(_SWEEPS):
        near, at = sides[sweep % 2], _ranks(layers)
        layers = [list(layer) for layer in layers]
        for number in range(len(layers)) if sweep % 2 == 0 else reversed(range(len(layers))):
            means = {n: _mean([at[m] for m in near.get(n, ())], at[n]) for n in layers[number]}
            layers[number].sort(key=lambda node, means=means: (means[node], str(node)))  # type: ignore[misc]  # bound
            at |= _ranks([layers[number]])
        if (found := _crossings(layers, ways)) < fewest:
            best, fewest = layers, found
    return best


def _ranks(layers: Sequence[Sequence[Node]]) -> dict[Node, float]:
    return {node: (i + 0.5) / len(layer) for layer in layers for i, node in enumerate(layer)}


def _mean(heights: Sequence[float], otherwise: float) -> float:
    return sum(heights) / len(heights) if heights else otherwise


def _crossings(layers: Sequence[Sequence[Node]], ways: Sequence[tuple[Node, Node]]) -> int:
    """How many pairs of ways cross between two layers."""
    at = _ranks(layers)
    column = {node: number for number, layer in enumerate(layers) for node in layer}
    return sum(
        1
        for i, (a, b) in enumerate(ways)
        for c, d in ways[i + 1 :]
        if column[a] == column[c] and (at[a] - at[c]) * (at[b] - at[d]) < 0
    )


def _tall(node: Node, heights: Mapping[str, float]) -> float:
    return heights[node] if isinstance(node, str) else _LANE
