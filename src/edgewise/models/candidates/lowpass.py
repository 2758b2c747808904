"""Item-item graphs filtered without training: what is met together, plus an ideal low-pass filter.

The plain co-occurrence graph is a linear filter: each taste counts by its eigenvalue. The ideal filter keeps the
strongest tastes as they are and nothing else; their sum is GF-CF (Shen et al., 2021). It is written down as an
item-item graph again, so that whoever can walk one needs nothing new.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import scipy.sparse as sp
from jaxtyping import Float32, Float64

from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.item_graph import ItemGraph, Lists, latest_lists, transposed

__all__ = ["MOST_ITEMS", "low_pass_graph", "strongest_tastes"]

#: With more items than this the ideal filter, which compares all pairs, costs too much.
MOST_ITEMS = 60_000
#: Rows that are dense at once.
BLOCK = 512


def low_pass_graph(
    history: Meetings,
    entities: int,
    items: int,
    *,
    neighbours: int,
    cap: int,
    alpha: float,
    beta: float,
    beta_to: float,
    ideal: float,
    rank: int,
) -> ItemGraph:
    """`co_graph` plus `ideal` times the low-pass filter of the `rank` strongest tastes.

    The ideal filter is scaled by the co-occurrence graph's largest eigenvalue, so that the strongest taste counts
    `1 + ideal` times as much as in the plain graph, whatever the exponents.
    """
    lists = latest_lists(history, entities, cap)
    users = transposed(lists, items)
    length = np.maximum(np.diff(lists.indptr), 1).astype(np.float64)
    degree = np.maximum(np.diff(users.indptr), 1).astype(np.float64)
    tastes = strongest_tastes(_scaled(lists, items, length**-0.5, degree**-0.5), rank)
    largest = _largest(_scaled(lists, items, length**-alpha, degree ** (-0.5 * (beta + beta_to))))
    root = np.sqrt(degree).astype(np.float32)
    left, right = tastes / root, tastes * root
    out_items = np.full((items, neighbours), -1, dtype=np.int32)
    out_weights = np.zeros((items, neighbours), dtype=np.float32)
    for first in range(0, items, BLOCK):
        here = slice(first, min(first + BLOCK, items))
        dense = np.float32(ideal * largest) * (left[:, here].T @ right)
        _add_co(
            lists.indptr, lists.items, users.indptr, users.items, length ** (-2.0 * alpha), degree**-beta,
            degree**-beta_to, first, dense,
        )  # fmt: skip
        _keep_rows(dense, first, out_items, out_weights)
    return ItemGraph(out_items, out_weights)


def strongest_tastes(matrix: sp.csr_array, rank: int) -> Float32[np.ndarray, "rank items"]:
    """The leading right singular vectors, by subspace iteration (Halko, Martinsson and Tropp, 2011).

    There are fewer of them where the matrix has not so many.
    """
    rank = max(1, min(rank, *matrix.shape))
    width = min(rank + 16, *matrix.shape)
    transpose = matrix.T.tocsr()
    basis = np.random.default_rng(0).standard_normal((matrix.shape[1], width)).astype(np.float32)
    for _ in range(4):
        basis, _ = np.linalg.qr(transpose @ (matrix @ basis))
    _, strength, rotation = np.linalg.svd(matrix @ basis, full_matrices=False)
    rank = min(rank, int((strength > 1e-3 * strength[0]).sum()))
    found: np.ndarray = np.ascontiguousarray((basis @ rotation.T).T[:rank], dtype=np.float32)
    return found


def _scaled(
    lists: Lists, items: int, rows: Float64[np.ndarray, " entities"], columns: Float64[np.ndarray, " items"]
) -> sp.csr_array:
    entity = np.repeat(np.arange(len(rows)), np.diff(lists.indptr))
    data = (rows[entity] * columns[lists.items]).astype(np.float32)
    return sp.csr_array((data, lists.items, lists.indptr), shape=(len(rows), items))


def _largest(matrix: sp.csr_array) -> float:
    """The largest eigenvalue of `matrix.T @ matrix`, by power iteration: all its entries are positive."""
    vector = np.full(matrix.shape[1], matrix.shape[1] ** -0.5, dtype=np.float32)
    value = 1.0
    for _ in range(20):
        vector = matrix.T @ (matrix @ vector)
        value = float(np.linalg.norm(vector))
        if value == 0.0:
            return 1.0
        vector = vector / np.float32(value)
    return value


@nb.njit(cache=True, parallel=True)
def _add_co(
    list_ptr: np.ndarray, lists: np.ndarray, user_ptr: np.ndarray, users: np.ndarray, length: np.ndarray,
    leave: np.ndarray, enter: np.ndarray, first: int, dense: np.ndarray,
) -> None:  # fmt: skip
    """Add the co-occurrence weights of items `first` and on to dense rows; an item is no neighbour of its own."""
    for row in nb.prange(len(dense)):
        i = first + row
        for p in range(user_ptr[i], user_ptr[i + 1]):
            worth = length[users[p]] * leave[i]
            for q in range(list_ptr[users[p]], list_ptr[users[p] + 1]):
                dense[row, lists[q]] += np.float32(worth * enter[lists[q]])
        dense[row, i] = 0.0


@nb.njit(cache=True, parallel=True)
def _keep_rows(dense: np.ndarray, first: int, items: np.ndarray, weights: np.ndarray) -> None:
    """The largest positive weights of each dense row, ties to the smaller id."""
    width = items.shape[1]
    for row in nb.prange(len(dense)):
        negative = -dense[row]
        least = np.partition(negative, width - 1)[width - 1] if width < len(negative) else np.float32(0.0)
        kept = np.flatnonzero((negative <= least) & (negative < 0.0))
        order = np.argsort(negative[kept], kind="mergesort")
        for r in range(min(width, len(order))):
            items[first + row, r] = kept[order[r]]
            weights[first + row, r] = -negative[kept[order[r]]]
