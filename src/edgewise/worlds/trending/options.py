"""How large a trending world is and what is planted in it, and how that is said in its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgewise.worlds.options import SEEDS, sized

__all__ = ["SIZES", "TrendingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class TrendingOptions:
    """The size of a trending world; the same options give the same world.

    Attributes:
        shoppers: how many people there are.
        products: how many products, in categories of about ten.
        stores: how many stores.
        weeks: the length of the history.
        events: purchases a week, on the average.
        trends: how many rises and falls are planted.
        size: the factor of a rise; of a fall, its inverse.
        season: how far categories swing with the year, as a share of their mean.
        bursts: the share of purchases that begin a spell in which one person buys the same thing day after day,
            and the share of days on which a product has a peak.
        random_seed: what chance is drawn from.
    """

    shoppers: int = 1500
    products: int = 200
    stores: int = 8
    weeks: int = 40
    events: int = 3000
    trends: int = 12
    size: float = 2.5
    season: float = 0.0
    bursts: float = 0.003
    random_seed: int = 0


SIZES: Final = {
    "small": TrendingOptions(shoppers=500, products=120, stores=4, weeks=26, events=1500, trends=4, size=3.0),
    "medium": TrendingOptions(),
    "years": TrendingOptions(weeks=110, season=0.3),
}

_RANGES: Final = {
    "shoppers": (50, 1_000_000),
    "products": (20, 1_000_000),
    "stores": (2, 1_000_000),
    "weeks": (14, 1_000_000),
    "events": (100, 1_000_000),
    "trends": (0, 1_000_000),
    "size": (1.0, 1_000_000.0),
    "season": (0.0, 1.0),
    "bursts": (0.0, 1.0),
    "random_seed": SEEDS,
}


def read_options(text: str) -> TrendingOptions:
    """The options in a world's name: `:small`, `?weeks=60&trends=0`, `:years?random_seed=4`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    return sized("trending", SIZES, _RANGES, text)
