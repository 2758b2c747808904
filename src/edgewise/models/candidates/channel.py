"""What a channel is: it proposes items for seeds, read as of each anchor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.models.candidates.asof import AsOf

__all__ = ["Channel", "Proposed"]


class Proposed(NamedTuple):
    """Items for each seed, best first, with the channel's own scores; MISSING fills up."""

    items: Int64[np.ndarray, "n width"]
    scores: Float32[np.ndarray, "n width"]


class Channel(ABC):
    """One reason why an item may be next.

    A channel holds settings and no state: what it knows it reads from the timelines as of each anchor, so the
    same seed gets the same proposal in training, in a batch and alone.
    """

    #: The reason in words: "bought before".
    name: str
    #: How many items it proposes at most.
    width: int
    #: How many further items it scores, in case another channel proposes them.
    depth: int = 0

    @abstractmethod
    def propose(self, asof: AsOf, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Proposed:
        """Items for entity rows at anchors. A row may be MISSING: an entity that is not known."""
