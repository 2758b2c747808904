"""Kernels that turn foreign keys into lists in time order. Compiled; no Python objects inside."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32, Int64
from numba import njit

__all__ = ["group", "group_timed", "locate", "merge"]


@njit(cache=True, nogil=True)
def group(
    parent: Int32[np.ndarray, " rows"], owners: int
) -> tuple[Int64[np.ndarray, " owners_plus_1"], Int32[np.ndarray, " links"]]:
    """Lists of rows by the row they refer to, each in the order of its row ids (a counting sort).

    `parent[i]` is the row that row `i` refers to, or negative for none.
    """
    indptr = _degrees(parent, owners)
    free = indptr[:-1].copy()
    rows = np.empty(indptr[owners], dtype=np.int32)
    for row in range(len(parent)):
        p = parent[row]
        if p >= 0:
            rows[free[p]] = row
            free[p] += 1
    return indptr, rows


@njit(cache=True, nogil=True)
def group_timed(
    parent: Int32[np.ndarray, " rows"], times: Int64[np.ndarray, " rows"], owners: int
) -> tuple[Int64[np.ndarray, " owners_plus_1"], Int32[np.ndarray, " links"], Int64[np.ndarray, " links"]]:
    """`group`, and beside each row its time: lists are in time order when the rows are."""
    indptr = _degrees(parent, owners)
    free = indptr[:-1].copy()
    rows = np.empty(indptr[owners], dtype=np.int32)
    at = np.empty(indptr[owners], dtype=np.int64)
    for row in range(len(parent)):
        p = parent[row]
        if p >= 0:
            rows[free[p]] = row
            at[free[p]] = times[row]
            free[p] += 1
    return indptr, rows, at


@njit(cache=True, nogil=True)
def _degrees(parent: Int32[np.ndarray, " rows"], owners: int) -> Int64[np.ndarray, " owners_plus_1"]:
    """Where each owner's list begins, and where the last one ends."""
    indptr = np.zeros(owners + 1, dtype=np.int64)
    for p in parent:
        if p >= 0:
            indptr[p + 1] += 1
    for owner in range(owners):
        indptr[owner + 1] += indptr[owner]
    return indptr


@njit(cache=True, nogil=True)
def locate(
    values: Int64[np.ndarray, " n"], first: int, table: Int32[np.ndarray, " span"]
) -> Int32[np.ndarray, " n"]:
    """`table[value - first]` for each value; -1 outside the table."""
    found = np.empty(len(values), dtype=np.int32)
    for i in range(len(values)):
        at = values[i] - first
        found[i] = table[at] if 0 <= at < len(table) else np.int32(-1)
    return found


@njit(cache=True, nogil=True)
def merge(
    old_indptr: Int64[np.ndarray, " old_owners_plus_1"],
    old_rows: Int32[np.ndarray, " old_links"],
    old_at: Int64[np.ndarray, " old_links"],
    owner: Int32[np.ndarray, " new_links"],
    new_rows: Int32[np.ndarray, " new_links"],
    new_at: Int64[np.ndarray, " new_links"],
    owners: int,
    timed: bool,
) -> tuple[Int64[np.ndarray, " owners_plus_1"], Int32[np.ndarray, " all_links"], Int64[np.ndarray, " all_links"]]:
    """Lists with further links sorted in: one pass that copies old lists whole and merges the touched ones.

    The new links come sorted by owner, time, row. Lists stay ascending in time, then row id. Owners from
    `len(old_indptr) - 1` on have no old list. Without `timed` the time arrays are empty.
    """
    old_owners = len(old_indptr) - 1
    total = len(old_rows) + len(new_rows)
    indptr = np.empty(owners + 1, dtype=np.int64)
    rows = np.empty(total, dtype=np.int32)
    at = np.empty(total if timed else 0, dtype=np.int64)
    indptr[0] = 0
    free, new = np.int64(0), 0
    for o in range(owners):
        old, stop = (old_indptr[o], old_indptr[o + 1]) if o < old_owners else (np.int64(0), np.int64(0))
        while new < len(new_rows) and owner[new] == o:
            while old < stop and _before(old_rows, old_at, old, new_rows, new_at, new, timed):
                rows[free] = old_rows[old]
                if timed:
                    at[free] = old_at[old]
                old += 1
                free += 1
            rows[free] = new_rows[new]
            if timed:
                at[free] = new_at[new]
            new += 1
            free += 1
        rest = stop - old
        rows[free : free + rest] = old_rows[old:stop]
        if timed:
            at[free : free + rest] = old_at[old:stop]
        free += rest
        indptr[o + 1] = free
    return indptr, rows, at


@njit(cache=True, inline="always")
def _before(
    rows: np.ndarray, at: np.ndarray, i: int, other_rows: np.ndarray, other_at: np.ndarray, j: int, timed: bool
) -> bool:
    if timed and at[i] != other_at[j]:
        return at[i] < other_at[j]
    return rows[i] < other_rows[j]
