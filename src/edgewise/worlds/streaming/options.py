"""How large a streaming world is, and how its size is said in its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgewise.worlds.options import SEEDS, sized

__all__ = ["SIZES", "StreamingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class StreamingOptions:
    """The size of a streaming world; the same options give the same world.

    `weeks` is the length of its history. A listener makes about 3 plays a day.
    """

    listeners: int = 1000
    weeks: int = 26
    artists: int = 400
    playlists: int = 200
    podcasts: int = 120
    random_seed: int = 0


SIZES: Final = {
    "small": StreamingOptions(listeners=150, weeks=10, artists=80, playlists=60, podcasts=40),
    "medium": StreamingOptions(),
    "large": StreamingOptions(listeners=10_000, weeks=26, artists=1500, playlists=1000, podcasts=500),
}

_RANGES: Final = {
    "listeners": (10, 200_000),
    "weeks": (2, 156),
    "artists": (20, 20_000),
    "playlists": (5, 20_000),
    "podcasts": (13, 10_000),
    "random_seed": SEEDS,
}


def read_options(text: str) -> StreamingOptions:
    """The options in a world's name: `:large`, `?listeners=2000&weeks=26`, `:large?weeks=10`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    return sized("streaming", SIZES, _RANGES, text)
