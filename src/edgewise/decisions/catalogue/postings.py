"""In which collections a thing, or a creator, or a category is: what a taste finds collections by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from numba import njit

from edgewise.decisions.catalogue.catalogue import Catalogue

__all__ = ["Postings", "postings_of"]


@dataclass(frozen=True, slots=True)
class Postings:
    """For each code, the collections it occurs in and which share of each it makes up.

    Three ways of one collection table: by thing, by creator, by category, each as CSR.
    """

    lists: int
    items: tuple[Int64[np.ndarray, " a"], Int32[np.ndarray, " b"], Float32[np.ndarray, " b"]]
    creators: tuple[Int64[np.ndarray, " c"], Int32[np.ndarray, " d"], Float32[np.ndarray, " d"]]
    categories: tuple[Int64[np.ndarray, " e"], Int32[np.ndarray, " f"], Float32[np.ndarray, " f"]]

    def score(self, way: str, codes: np.ndarray, weight: np.ndarray) -> Float64[np.ndarray, " lists"]:
        """For each collection, the mean weight of the things in it; codes that are not given weigh nothing."""
        indptr, lists, share = getattr(self, way)
        inside = (codes >= 0) & (codes < len(indptr) - 1)
        return _score(
            indptr, lists, share, codes[inside].astype(np.int64), weight[inside].astype(np.float64), self.lists
        )


def postings_of(catalogue: Catalogue, name: str) -> Postings:
    """The postings of a table of collections."""
    collections = catalogue.collections[name]
    members, kind = collections.items, catalogue.kinds[collections.kind]
    owner = np.repeat(np.arange(len(members)), members.lengths())
    share = 1.0 / np.maximum(members.lengths(), 1)[owner]

    def way(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = codes >= 0
        pairs, back = np.unique(codes[known].astype(np.int64) * len(members) + owner[known], return_inverse=True)
        weight = np.bincount(back, weights=share[known], minlength=len(pairs)).astype(np.float32)
        indptr = np.searchsorted(pairs // max(len(members), 1), np.arange(size + 1))
        return indptr.astype(np.int64), (pairs % max(len(members), 1)).astype(np.int32), weight

    rows = members.rows
    return Postings(
        lists=len(members),
        items=way(rows, len(kind)),
        creators=way(kind.creator.codes[rows], len(kind.creator.labels)),
        categories=way(kind.category.codes[rows], len(kind.category.labels)),
    )


@njit(cache=True)
def _score(
    indptr: np.ndarray, lists: np.ndarray, share: np.ndarray, codes: np.ndarray, weight: np.ndarray, size: int
) -> np.ndarray:
    score = np.zeros(size)
    for i in range(len(codes)):
        for j in range(indptr[codes[i]], indptr[codes[i] + 1]):
            score[lists[j]] += weight[i] * share[j]
    return score
