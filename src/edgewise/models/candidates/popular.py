"""Channels that count: the entity's own items, and what is popular everywhere, in a cohort, in a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel, Proposed
from edgewise.models.candidates.evidence import codes_over

__all__ = ["CohortPopular", "Own", "PlacePopular", "Popular"]


@dataclass(frozen=True)
class Own(Channel):
    """Items that the entity has met before, by decayed count."""

    width: int = 120
    half_life: int = 2
    name: str = "own items"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By the entity's own decayed counts."""
        return Proposed(*asof.own.best(rows, at, self.half_life, self.width))


@dataclass(frozen=True)
class Popular(Channel):
    """Items that everybody meets now."""

    width: int = 60
    half_life: int = 1
    name: str = "popular"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By everybody's decayed counts."""
        return Proposed(*asof.item.best(np.zeros_like(rows), at, self.half_life, self.width))


@dataclass(frozen=True)
class CohortPopular(Channel):
    """Items that the entity's cohort meets now. A cohort is a value of a categorical column of the entity."""

    column: str
    width: int = 30
    half_life: int = 1

    @property
    def name(self) -> str:  # type: ignore[override]  # a property fills the interface's attribute
        """The reason in words."""
        return f"popular by {self.column}"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By the cohort's decayed counts."""
        cohort = codes_over(asof.evidence.cohorts[self.column], rows)
        return Proposed(*asof.cohort(self.column).best(cohort, at, self.half_life, self.width))


@dataclass(frozen=True)
class PlacePopular(Channel):
    """Items that are popular in the place that the entity frequents."""

    place: str
    width: int = 40
    half_life: int = 1

    @property
    def name(self) -> str:  # type: ignore[override]  # a property fills the interface's attribute
        """The reason in words."""
        return f"popular in {self.place}"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By the place's decayed counts."""
        place = asof.place_of(self.place, rows, at)
        return Proposed(*asof.stocked(self.place).best(place, at, self.half_life, self.width))
