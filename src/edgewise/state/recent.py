"""The latest visible links of each seed, latest first."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64
from numba import njit

from edgewise.clock import NEVER
from edgewise.graph.relation import Relation
from edgewise.ids import MISSING
from edgewise.state.fixed import fixed

__all__ = ["recent"]


def recent(
    relation: Relation, rows: Int64[np.ndarray, " n"], anchors: Int64[np.ndarray, " n"], count: int
) -> tuple[Int64[np.ndarray, "n count"], Int64[np.ndarray, "n count"]]:
    """Row ids and times of the `count` latest links up to each anchor; padding is MISSING and the anchor."""
    found = np.full((len(rows), count), MISSING, dtype=np.int64)
    at = np.repeat(anchors[:, None], count, axis=1)
    _recent(
        fixed(relation.indptr), fixed(relation.dst), fixed(relation.at), fixed(rows),
        fixed(np.minimum(anchors, NEVER - 1)), found, at,
    )  # fmt: skip
    return found, at


@njit(cache=True, nogil=True)
def _recent(
    indptr: np.ndarray,
    dst: np.ndarray,
    at: np.ndarray,
    rows: np.ndarray,
    anchors: np.ndarray,
    found: np.ndarray,
    found_at: np.ndarray,
) -> None:
    for i in range(len(rows)):
        if rows[i] < 0 or rows[i] + 1 >= len(indptr):
            continue
        a, b = indptr[rows[i]], indptr[rows[i] + 1]
        seen = np.searchsorted(at[a:b], anchors[i], side="right")
        for j in range(min(seen, found.shape[1])):
            found[i, j] = dst[a + seen - 1 - j]
            found_at[i, j] = at[a + seen - 1 - j]
