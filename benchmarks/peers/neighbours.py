"""Nearest items by cosine, block by block, so that memory stays bounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

__all__ = ["ItemKNN", "keep_largest"]

_ITEMS_AT_ONCE = 1024


def keep_largest(block: sp.csr_matrix, count: int) -> sp.csr_matrix:
    """The `count` largest entries of each row."""
    rows, data, indices, indptr = block.shape[0], block.data, block.indices, block.indptr
    lengths = np.diff(indptr)
    if lengths.max(initial=0) <= count:
        return block
    order = np.lexsort((-data, np.repeat(np.arange(rows), lengths)))
    place = np.arange(len(data)) - np.repeat(indptr[:-1], lengths)
    keep = np.sort(order[place < count])
    kept = np.minimum(lengths, count)
    return sp.csr_matrix((data[keep], indices[keep], np.concatenate([[0], np.cumsum(kept)])), shape=block.shape)


@dataclass(frozen=True)
class ItemKNN:
    """Similarity s(i, j) = |users of both| / (sqrt(|users of i| |users of j|) + shrink)."""

    neighbours: int
    shrink: float

    def fit(self, seen: sp.csr_matrix) -> sp.csr_matrix:
        """Items by items, each row with its nearest, itself among them."""
        binary = seen.copy()
        binary.data = np.ones_like(binary.data)
        columns = binary.tocsc().T.tocsr()
        size = np.sqrt(np.asarray(binary.sum(axis=0)).ravel())
        found = []
        for first in range(0, columns.shape[0], _ITEMS_AT_ONCE):
            block = (columns[first : first + _ITEMS_AT_ONCE] @ binary).tocsr()
            own = np.repeat(np.arange(first, first + block.shape[0]), np.diff(block.indptr))
            block.data = block.data / (size[own] * size[block.indices] + self.shrink)
            found.append(keep_largest(block, self.neighbours + 1))
        return sp.vstack(found).astype(np.float32).tocsr()


def nearest_users(vectors: sp.csr_matrix, users: np.ndarray, count: int) -> sp.csr_matrix:
    """[users, all users] with 1 / count at the nearest others by Euclidean distance."""
    squares = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    distance = squares[None, :] - 2.0 * (vectors[users] @ vectors.T).toarray()
    distance[np.arange(len(users)), users] = np.inf
    near = np.argpartition(distance, count - 1, axis=1)[:, :count]
    rows = np.repeat(np.arange(len(users)), count)
    weight = np.full(near.size, 1.0 / count, dtype=np.float32)
    return sp.csr_matrix((weight, (rows, near.ravel())), shape=(len(users), vectors.shape[0]))
