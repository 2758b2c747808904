"""The levels of the hierarchy, from cells to everything, and sums that agree because they are sums."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64
from scipy import sparse

from edgewise.decisions.forecast.nouns import Level, Panel

__all__ = ["CELL", "levels_of", "summing"]

#: The level of cells.
CELL = "store × category"


def levels_of(panel: Panel, region: Int64[np.ndarray, " stores"]) -> tuple[Level, ...]:
    """Levels from the finest to the whole: places crossed with products."""
    store, category = panel.store, panel.category
    department, place = panel.department[category], region[store]
    n = len(store)
    return (
        Level(CELL, np.arange(n), n, store=store, region=place, department=department, category=category),
        _crossed(
            "store × department", store=store, region=place, department=department, by=("store", "department")
        ),
        _crossed("store", store=store, region=place, by=("store",)),
        _crossed(
            "region × category", region=place, department=department, category=category, by=("region", "category")
        ),
        _crossed("region × department", region=place, department=department, by=("region", "department")),
        _crossed("region", region=place, by=("region",)),
        _crossed("category", department=department, category=category, by=("category",)),
        _crossed("department", department=department, by=("department",)),
        Level("total", np.zeros(n, dtype=np.int64), 1),
    )


def _crossed(name: str, by: tuple[str, ...], **of: Int64[np.ndarray, " cells"]) -> Level:
    """A level whose nodes are the combinations that occur of the columns `by`."""
    code = np.zeros(len(of[by[0]]), dtype=np.int64)
    for column in by:
        code = code * (int(of[column].max()) + 1) + of[column]
    _, first, node = np.unique(code, return_index=True, return_inverse=True)
    return Level(name, node, len(first), **{column: values[first] for column, values in of.items()})


def summing(level: Level) -> sparse.csr_array:
    """The matrix that sums cells by node: [nodes, cells]."""
    n = len(level.node)
    return sparse.csr_array((np.ones(n), (level.node, np.arange(n))), shape=(level.nodes, n))
