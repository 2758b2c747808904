"""Kernels that turn foreign keys into lists in time order. Compiled; no Python objects inside."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32, Int64
from numba import njit

__all__ = ["group", "locate"]


@njit(cache=True)
def group(
    parent: Int32[np.ndarray, "rows"], owners: int
) -> tuple[Int64[np.ndarray, "owners_plus_1"], Int32[np.ndarray, "links"]]:
    """Lists of rows by the row they refer to, each in the order of its row ids (a counting sort).

    `parent[i]` is the row that row `i` refers to, or negative for none.
    """
    indptr = np.zeros(owners + 1, dtype=np.int64)
    for p in parent:
        if p >= 0:
            indptr[p + 1] += 1
    for owner in range(owners):
        indptr[owner + 1] += indptr[owner]
    free = indptr[:-1].copy()
    rows = np.empty(indptr[owners], dtype=np.int32)
    for row in range(len(parent)):
        p = parent[row]
        if p >= 0:
            rows[free[p]] = row
            free[p] += 1
    return indptr, rows


@njit(cache=True)
def locate(values: Int64[np.ndarray, "n"], first: int, table: Int32[np.ndarray, "span"]) -> Int32[np.ndarray, "n"]:
    """`table[value - first]` for each value; -1 outside the table."""
    found = np.empty(len(values), dtype=np.int32)
    for i in range(len(values)):
        at = values[i] - first
        found[i] = table[at] if 0 <= at < len(table) else np.int32(-1)
    return found
