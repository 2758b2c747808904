"""How large a lodging world is, and how its size is said in its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgewise.worlds.options import SEEDS, sized

__all__ = ["SIZES", "LodgingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class LodgingOptions:
    """The size of a lodging world; the same options give the same world.

    `weeks` is the length of its history. `hosts` are there when it begins; `new_hosts` more join every week.
    """

    guests: int = 8000
    hosts: int = 260
    new_hosts: int = 6
    places: int = 10
    weeks: int = 26
    random_seed: int = 0


SIZES: Final = {
    "small": LodgingOptions(guests=2000, hosts=70, new_hosts=3, places=5, weeks=16),
    "medium": LodgingOptions(),
    "large": LodgingOptions(guests=40_000, hosts=1_500, new_hosts=30, places=30, weeks=30),
}

_RANGES: Final = {
    "guests": (20, 200_000),
    "hosts": (5, 20_000),
    "new_hosts": (0, 500),
    "places": (2, 200),
    "weeks": (2, 104),
    "random_seed": SEEDS,
}


def read_options(text: str) -> LodgingOptions:
    """The options in a world's name: `:large`, `?guests=2000&weeks=26`, `:large?weeks=10`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    return sized("lodging", SIZES, _RANGES, text)
