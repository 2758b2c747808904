"""A simulated marketplace for lodging whose truth is known: a planted world, not real data."""

from edgewise.worlds.lodging.options import SIZES, LodgingOptions
from edgewise.worlds.lodging.truth import Chances, LodgingTruth, examined
from edgewise.worlds.lodging.world import Lodging, Step, lodging

__all__ = ["SIZES", "Chances", "Lodging", "LodgingOptions", "LodgingTruth", "Step", "examined", "lodging"]
