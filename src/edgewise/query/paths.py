"""Ways from a row to another table over links, one row to one row at each step."""

from __future__ import annotations

from typing import Final

from edgewise.errors import InternalError
from edgewise.schema.model import Link, Schema

__all__ = ["describe", "forward_paths", "nearest_hubs"]

_DEEPEST: Final = 6


def forward_paths(schema: Schema, source: str, target: str) -> list[tuple[Link, ...]]:
    """The ways from `source` to `target` along foreign keys, many to one at each step.

    Direct links alone where there are any; otherwise every way that visits no table twice.
    """
    direct = [(link,) for link in schema.links_from(source) if link.to == target]
    if direct:
        return list(direct)
    found: list[tuple[Link, ...]] = []
    trails: list[tuple[Link, ...]] = [(link,) for link in schema.links_from(source) if link.to != source]
    for _ in range(_DEEPEST):
        found += [t for t in trails if t[-1].to == target]
        trails = [
            (*trail, link)
            for trail in trails
            if trail[-1].to != target
            for link in schema.links_from(trail[-1].to)
            if link.to != source and all(link.to != step.to for step in trail)
        ]
    return found


def describe(path: tuple[Link, ...]) -> str:
    """A path in words: `results.raceId → races.circuitId → circuits`."""
    if not path:
        raise InternalError("an empty path has no description")
    return " → ".join([link.name for link in path] + [path[-1].to])


def nearest_hubs(schema: Schema, source: str, target: str) -> list[str]:
    """Tables whose rows refer to both tables, directly or over further links: where the two meet."""
    return [
        table.name
        for table in schema
        if table.name not in (source, target)
        and forward_paths(schema, table.name, source)
        and forward_paths(schema, table.name, target)
    ]
