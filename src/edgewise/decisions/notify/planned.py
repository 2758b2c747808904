"""The sends of a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

__all__ = ["Planned"]


@dataclass(frozen=True, slots=True)
class Planned:
    """Sends, in order of moment and user. `gain` and `risk` are what is expected of each, `worth` what the channel
    is worth to keep; `settled` are the priority messages, whose gain is not asked after. `chance` is that of going
    out rather than being held back, `choice` that of this message, channel and hour among those possible."""

    user: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]
    message: Int64[np.ndarray, " n"]
    channel: Int64[np.ndarray, " n"]
    gain: Float64[np.ndarray, " n"]
    risk: Float64[np.ndarray, " n"]
    worth: Float64[np.ndarray, " n"]
    settled: Bool[np.ndarray, " n"]
    chance: Float64[np.ndarray, " n"]
    choice: Float64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.at)

    def of(self, rows: np.ndarray) -> Planned:
        """Some of the sends, in the order given."""
        return Planned(*(getattr(self, name)[rows] for name in Planned.__dataclass_fields__))
