"""The state of seeds as a matrix with names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

__all__ = ["StateTable"]


@dataclass(frozen=True, slots=True)
class StateTable:
    """What was known about each seed at its anchor.

    `values` is NaN where there is nothing to say (the last value of an entity without events). `groups[j]` is
    where column `j` comes from: `label history`, `calendar`, `own columns`, or a hop in words.
    """

    values: Float32[np.ndarray, "n features"]
    names: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Float32[np.ndarray, " n"]:
        """One feature by name."""
        return self.values[:, self.names.index(name)]
