"""A plan read back from JSON."""

from __future__ import annotations

from typing import Any

from edgewise.graph.relation import Hop
from edgewise.state.grid import Grid
from edgewise.state.plan import Category, Nested, Path, Plan, RelationPlan

__all__ = ["grid_from_json", "plan_from_json"]


def grid_from_json(found: dict[str, Any]) -> Grid:
    """The inverse of `dataclasses.asdict` for a grid."""
    return Grid(tuple(found["windows"]), tuple(found["half_lives"]), found["unit"])


def plan_from_json(found: dict[str, Any]) -> Plan:
    """The inverse of `dataclasses.asdict` for a plan."""
    return Plan(
        grid=grid_from_json(found["grid"]),
        relations=tuple(_relation(r) for r in found["relations"]),
        nested=tuple(
            Nested(
                None if n["hop"] is None else Hop(*n["hop"]),
                Hop(*n["via"]),
                tuple(_relation(r) for r in n["relations"]),
            )
            for n in found["nested"]
        ),
        own_numbers=tuple(Path(**p) for p in found["own_numbers"]),
        own_moments=tuple(Path(**p) for p in found["own_moments"]),
        own_categories=tuple(_category(c) for c in found["own_categories"]),
    )


def _relation(found: dict[str, Any]) -> RelationPlan:
    return RelationPlan(
        hop=Hop(*found["hop"]),
        timed=found["timed"],
        numbers=tuple(Path(**p) for p in found["numbers"]),
        categories=tuple(_category(c) for c in found["categories"]),
        linked=tuple(found["linked"]),
    )


def _category(found: dict[str, Any]) -> Category:
    return Category(Path(**found["path"]), tuple(found["values"]))
