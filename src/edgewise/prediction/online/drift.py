"""Whether what a ranking reads of people, and how it scores, is still what it was when its world was built."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.models.candidates.asof import AsOf
from edgewise.models.ranking_tables import RankingTable
from edgewise.state.pair import PairReading

__all__ = ["SCORE", "columns_read", "people_about"]

#: The column of the scores, after those of the features.
SCORE: Final = "score"
#: People whose candidates are looked at, and among how many those who are about are looked for.
_PEOPLE: Final = 200
_LOOKED_AT: Final = 4_000
_LATELY: Final = PairReading((28,), rhythm=False)


def people_about(world: AsOf, at: int, static: bool) -> Int64[np.ndarray, " people"]:
    """Some of the people who did something in the last 28 days; at any time, where time means nothing."""
    rows = np.random.default_rng(0).permutation(world.evidence.entities)[:_LOOKED_AT].astype(np.int64)
    did = world.entity.read(rows, np.zeros_like(rows), np.full(len(rows), at, dtype=np.int64), _LATELY)
    return np.sort(rows[did[:, 0 if static else 1] > 0][:_PEOPLE])


def columns_read(
    table: RankingTable, columns: Int64[np.ndarray, " columns"], scores: Float32[np.ndarray, " candidates"]
) -> Float32[np.ndarray, "candidates columns_plus_1"]:
    """The features that trees read of each candidate, and its score."""
    return np.column_stack([table.features[:, columns], scores]).astype(np.float32)
