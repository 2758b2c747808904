"""A channel over attributes: what is popular among things of the kind that the entity likes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel, Proposed

__all__ = ["Siblings"]


@dataclass(frozen=True)
class Siblings(Channel):
    """Popular items of the entity's favourite values of one of the item's categorical columns."""

    column: str
    width: int = 30
    values: int = 10
    each: int = 6

    @property
    def name(self) -> str:  # type: ignore[override]  # a property fills the interface's attribute
        """The reason in words."""
        return f"same {self.column}"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By taste for the value times the item's share of what is met within the value."""
        liked, taste = asof.attribute(self.column).best(rows, at, 1, self.values)
        flat, moment = liked.reshape(-1), np.repeat(at, self.values)
        within, popularity = asof.within(self.column).best(flat, moment, 0, self.each)
        share = popularity / np.maximum(popularity.sum(axis=1, keepdims=True), 1e-9)
        worth = (taste.reshape(-1, 1) * share).reshape(len(rows), self.values * self.each)
        items = within.reshape(worth.shape)
        order = np.argsort(np.where(items == MISSING, np.inf, -worth), axis=1, kind="stable")[:, : self.width]
        chosen = np.take_along_axis(items, order, axis=1)
        return Proposed(chosen, np.take_along_axis(worth, order, axis=1).astype(np.float32))
