"""The entity's own columns at an anchor, and those of the rows that it refers to."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.clock import NEVER
from edgewise.graph.columns import codes_of, moments, numbers
from edgewise.graph.store import GraphStore
from edgewise.state.plan import Path, Plan

__all__ = ["own_columns", "own_names"]


def own_names(plan: Plan) -> list[str]:
    """The names of the columns that `own_columns` gives, in its order."""
    names = [f"own {p}" for p in plan.own_numbers] + [f"age of {p}" for p in plan.own_moments]
    return names + [f"own {c.path}={v}" for c in plan.own_categories for v in c.values]


def own_columns(
    graph: GraphStore, entity: str, plan: Plan, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
) -> Float32[np.ndarray, "n columns"]:
    """Numbers as they are, moments as age at the anchor in the grid's unit, categories as 0 and 1.

    NaN for an unknown entity, for a null, and for columns of a row that is not yet visible, the entity's included.
    """
    blocks = [np.zeros((len(rows), 0), np.float32)]
    for path in plan.own_numbers:
        blocks.append(
            _picked(graph, entity, path, rows, at, numbers(graph.column(path.table, path.column)))[:, None]
        )
    for path in plan.own_moments:
        found = moments(graph.column(path.table, path.column))
        age = np.where(found == NEVER, np.nan, found.astype(np.float64))
        age = (at.astype(np.float64) - _picked(graph, entity, path, rows, at, age)) / plan.grid.unit
        blocks.append(np.where(np.abs(age) < 1e12, age, np.nan)[:, None])
    for category in plan.own_categories:
        codes = codes_of(graph.column(category.path.table, category.path.column), list(category.values))
        code = _picked(graph, entity, category.path, rows, at, codes.astype(np.float64))
        blocks.append((code[:, None] == np.arange(len(category.values))[None, :]).astype(np.float32))
    return np.concatenate(blocks, axis=1).astype(np.float32)


def _picked(
    graph: GraphStore,
    entity: str,
    path: Path,
    rows: Int64[np.ndarray, " n"],
    at: Int64[np.ndarray, " n"],
    values: np.ndarray,
) -> np.ndarray:
    """The value of each seed's row, or of the row it refers to, where that is visible; else NaN."""
    if len(values) == 0:
        return np.full(len(rows), np.nan)
    there = rows
    if path.via is not None:
        far = graph.forward(entity, path.via)
        there = np.where(rows >= 0, far[np.maximum(rows, 0)], -1)
    known = (there >= 0) & (graph.times(path.table)[np.maximum(there, 0)] <= at)
    return np.where(known, values[np.maximum(there, 0)], np.nan)
