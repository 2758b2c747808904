"""The built-in worlds by name. A world is files or tables in memory; `sources.open_source` serves either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from edgewise.worlds.completejourney import completejourney_files
from edgewise.worlds.planted import shop

__all__ = ["WORLDS", "World", "names"]

Tables = Mapping[str, tuple[Path, ...]] | Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class World:
    """Data to start with. `load` gives, by table name, its Parquet files or an Arrow table."""

    name: str
    about: str
    simulated: bool
    load: Callable[[], Tables]


WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        World(
            name="completejourney",
            about="The Complete Journey: 2,469 households, 1.5M purchases in 457 grocery stores, 2017 (real data)",
            simulated=False,
            load=completejourney_files,
        ),
        World(
            name="shop",
            about="A chain of stores over a year: 300 customers, 120 products, 18,000 purchases (simulated data)",
            simulated=True,
            load=lambda: shop().tables,
        ),
    )
}


def names() -> list[str]:
    """The names of the built-in worlds, sorted."""
    return sorted(WORLDS)
