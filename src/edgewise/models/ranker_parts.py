"""The part of a fitted ranker that scores with trees alone: no network, and so no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgewise.models.candidates.evidence import Meetings
from edgewise.models.ranker_mix import Mix
from edgewise.models.ranking_setup import Setup

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["RankerParts"]


@dataclass(frozen=True, slots=True)
class RankerParts:
    """What to read, which features the trees see, how many trees count, and the mixture that was chosen.

    `links` are what a model without a history of its own knows of entities.
    """

    setup: Setup
    columns: tuple[int, ...]
    rounds: int
    mix: Mix
    trees: lgb.Booster
    links: Meetings | None
