"""A simulated chain in which rises and falls were planted: a planted world, not real data."""

from edgewise.worlds.trending.options import SIZES, TrendingOptions
from edgewise.worlds.trending.truth import TrendingTruth
from edgewise.worlds.trending.world import Trending, trending

__all__ = ["SIZES", "Trending", "TrendingOptions", "TrendingTruth", "trending"]
