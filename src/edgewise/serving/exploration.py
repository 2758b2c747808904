"""Small, seeded exploration: now and then one place of a list's tail shows something from just beyond its end.

With probability `epsilon` a list explores: one of its tail places (chosen evenly) shows one thing of the reserve
(chosen evenly) instead of its own. The chance that a place shows what it shows is then known exactly, and logged:

    its own thing      1 - epsilon / tail
    one of the reserve epsilon / (tail * reserve)

so that what another policy would have earned can be estimated from the log (`evaluation.off_policy`). The head of
a list is never touched: its chance is 1. Randomness comes from a hash of the list's own id, so that a logged list
can be made again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.errors import ArgumentError

__all__ = ["Exploration", "Explored"]

_OWN: Final = 1.0


@dataclass(frozen=True, slots=True)
class Explored:
    """The positions of a ranking that are shown, in order, and the chance with which each place shows its own."""

    order: Int64[np.ndarray, " shown"]
    propensity: Float32[np.ndarray, " shown"]


@dataclass(frozen=True, slots=True)
class Exploration:
    """How much is explored: the share of lists (`epsilon`), the places of the head that stay as they are, and
    how many things beyond the end take part.
    """

    epsilon: float = 0.05
    head: int = 2
    reserve: int = 10
    random_seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon <= 0.5:
            raise ArgumentError(
                f"epsilon = {self.epsilon} is no small share", hint="it is between 0 (off) and 0.5; 0.05 is usual"
            )

    def show(self, ranked: int, shown: int, list_id: str) -> Explored:
        """Which of `ranked` things, best first, the `shown` places of the list `list_id` show."""
        shown = min(shown, ranked)
        order = np.arange(shown, dtype=np.int64)
        propensity = np.full(shown, _OWN, dtype=np.float32)
        tail, reserve = shown - self.head, min(self.reserve, ranked - shown)
        if self.epsilon == 0 or tail < 1 or reserve < 1:
            return Explored(order, propensity)
        propensity[self.head :] = 1 - self.epsilon / tail
        digest = hashlib.blake2b(f"{self.random_seed}\0{list_id}".encode(), digest_size=16).digest()
        coin = int.from_bytes(digest[:8], "little") / 2.0**64
        if coin < self.epsilon:
            draw = int.from_bytes(digest[8:], "little")
            place, other = self.head + draw % tail, shown + (draw // tail) % reserve
            order[place] = other
            propensity[place] = self.epsilon / (tail * reserve)
        return Explored(order, propensity)
