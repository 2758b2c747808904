"""Items that were not chosen, sampled for a softmax over a part of the catalogue."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

__all__ = ["Negatives"]


class Negatives:
    """Draws items with probability proportional to `popularity ** power`, mixed with a uniform share.

    `popularity` counts each item up to the training cut. `uniform` in 0..1 is the share drawn evenly, so that
    every item can be drawn. `log_q` of a draw goes into `losses.multi_positive_softmax`.
    """

    def __init__(self, popularity: Float[Tensor, " items"], *, power: float = 0.75, uniform: float = 0.2) -> None:
        shaped = popularity.double().clamp(min=0) ** power
        even = torch.full_like(shaped, 1 / max(len(shaped), 1))
        total = shaped.sum()
        self._q = even if float(total) == 0 else (1 - uniform) * shaped / total + uniform * even
        self._edges = self._q.cumsum(0)

    def draw(
        self, count: int, generator: torch.Generator
    ) -> tuple[Int64[Tensor, " count"], Float[Tensor, " count"]]:
        """Item row ids, drawn with replacement, and the log of the expected number of times each is drawn."""
        u = torch.rand(count, generator=generator, dtype=torch.float64) * self._edges[-1]
        items = torch.searchsorted(self._edges, u, right=True).clamp(max=len(self._q) - 1)
        return items, (self._q[items] * count).log().float()
