"""A person's own mix: how much of each category and creator was in what they did lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64

from edgewise.clock import DAY
from edgewise.decisions.catalogue.kind import Kind
from edgewise.prediction.nouns import Past

__all__ = ["Taste", "mix_of", "taste_of"]


@dataclass(frozen=True, slots=True)
class Taste:
    """What a person did with things of one kind: `items`, latest first, each with a weight in (0, 1] that halves
    with age. `category` and `creator` are shares by code, adding up to 1 (all 0 where nothing is known).
    """

    items: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]
    weight: Float32[np.ndarray, " n"]
    category: Float32[np.ndarray, " categories"]
    creator: Float32[np.ndarray, " creators"]
    #: Half of each share beside the dearest: what nearness adds up. Codes of -1 read the 0 at the end.
    near: tuple[Float32[np.ndarray, " categories_plus_1"], Float32[np.ndarray, " creators_plus_1"]]

    def __len__(self) -> int:
        return len(self.items)

    def knows(self, creators: Int32[np.ndarray, " m"]) -> Bool[np.ndarray, " m"]:
        """Which creators, by code, the past holds something of; none that is MISSING."""
        known = creators >= 0
        known[known] = self.creator[creators[known]] > 0
        return known

    def affinity(self, kind: Kind, items: Int64[np.ndarray, " m"]) -> Float32[np.ndarray, " m"]:
        """How near things are to the taste, 0 to 1: half by creator, half by category, beside the dearest."""
        return self.near[0][kind.category.codes[items]] + self.near[1][kind.creator.codes[items]]


def taste_of(kind: Kind, past: Past, half_life: float) -> Taste:
    """The taste that a past tells of. `half_life` in days, counted back from the latest event."""
    known = past.items < len(kind)
    items, at = past.items[known], past.at[known]
    age = (at[0] - at if len(at) else at).astype(np.float64)
    weight = np.exp2(-age / (half_life * DAY)).astype(np.float32)
    category = mix_of(kind.category.codes[items], weight, len(kind.category.labels))
    creator = mix_of(kind.creator.codes[items], weight, len(kind.creator.labels))
    return Taste(items, at, weight, category, creator, (_halves(category), _halves(creator)))


def _halves(shares: Float32[np.ndarray, " codes"]) -> Float32[np.ndarray, " codes_plus_1"]:
    top = float(shares.max(initial=0.0))
    return np.append(shares * np.float32(0.5 / top if top > 0 else 0.0), np.float32(0.0))


def mix_of(codes: np.ndarray, weight: np.ndarray, size: int) -> Float32[np.ndarray, " codes"]:
    """The share of each code by weight; codes below 0 do not count."""
    known = codes >= 0
    total = np.bincount(codes[known], weights=weight[known], minlength=size)[:size]
    return (total / max(float(total.sum()), 1e-12)).astype(np.float32)
