"""Items for lists that are too short: what is popular, without what was met where nothing repeats."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.popular import Popular
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_tables import forget_met

__all__ = ["spare_items"]

#: How many popular items beyond k are read, to have enough after those already listed are passed over.
BEYOND = 100


def spare_items(
    setup: Setup, asof: AsOf, rows: np.ndarray, at: np.ndarray, k: int
) -> Int64[np.ndarray, "n width"]:
    """Popular items as of each anchor, best first; MISSING where the entity has met one that cannot come again."""
    items = Popular(width=min(k + BEYOND, asof.evidence.items), half_life=2).propose(asof, rows, at).items
    return items if setup.again else forget_met(asof, rows, at, items)
