"""The built-in worlds by name. A world is files or tables in memory; `sources.open_source` serves either."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from edgewise.errors import SourceError
from edgewise.worlds.completejourney import completejourney_files
from edgewise.worlds.planted import shop

__all__ = ["WORLDS", "World", "is_world", "load_world", "make_world", "names", "split_name"]

Tables = Mapping[str, tuple[Path, ...]] | Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class World:
    """Data to start with. `load` gives, by table name, its Parquet files or an Arrow table.

    `load_sized` does the same for a name with a size or options behind it, such as `:small?weeks=8`; worlds of one
    size have none.
    """

    name: str
    about: str
    simulated: bool
    load: Callable[[], Tables]
    load_sized: Callable[[str], Tables] | None = None


def make_world(name: str, options: str = "") -> Any:
    """The planted world of a bare name, at the size that stands behind it: `:small`, `?weeks=8`, or nothing.

    Raises:
        SourceError: there is no such size or option.
    """
    # compiled loops are loaded with the world, not with the list of worlds
    package = import_module(f"edgewise.worlds.{name}")
    read_options = import_module(f"edgewise.worlds.{name}.options").read_options
    return getattr(package, name)(read_options(options))


def _planted(name: str, about: str) -> World:
    def load(options: str = "") -> Tables:
        tables: Mapping[str, pa.Table] = make_world(name, options).tables
        return tables

    return World(name, about, simulated=True, load=load, load_sized=load)


WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        World(
            name="completejourney",
            about="The Complete Journey: 2,469 households, 1.5M purchases in 457 grocery stores, 2017 (real data)",
            simulated=False,
            load=completejourney_files,
        ),
        _planted(
            "lodging",
            "A marketplace for lodging: 6,800 guests, 570 listings, half a year (simulated data)",
        ),
        _planted(
            "messaging",
            "A shop that writes to 5,000 users: half a year, 170,000 randomised messages (simulated data)",
        ),
        World(
            name="shop",
            about="A chain of stores over a year: 300 customers, 120 products, 18,000 purchases (simulated data)",
            simulated=True,
            load=lambda: shop().tables,
        ),
        _planted(
            "streaming",
            "A music and podcast service: 1,000 listeners, half a year, 350,000 listens (simulated data)",
        ),
        _planted(
            "trending",
            "A chain with planted trends: 1,500 shoppers, 40 weeks, 130,000 purchases (simulated data)",
        ),
    )
}


def names() -> list[str]:
    """The names of the built-in worlds, sorted."""
    return sorted(WORLDS)


def is_world(name: str) -> bool:
    """Whether the name is that of a built-in world, a size or options behind it included."""
    return _parts(name) is not None


def load_world(name: str) -> Tables:
    """The tables of the world of that name: `shop`, `streaming`, `streaming:small`, `streaming?weeks=8`.

    Raises:
        SourceError: there is no such size or option.
    """
    found = _parts(name)
    if found is None:
        raise SourceError(f"there is no world '{name}'", hint=f"built-in worlds: {', '.join(names())}")
    world, options = found
    if not options:
        return world.load()
    if world.load_sized is None:
        raise SourceError(f"the world '{world.name}' has one size", hint=f"write {world.name}")
    return world.load_sized(options)


def split_name(name: str) -> tuple[str, str]:
    """A world's bare name, and what stands behind it from `:` or `?` on."""
    cut = re.search("[:?]", name)
    bare = name[: cut.start()] if cut else name
    return bare, name[len(bare) :]


def _parts(name: str) -> tuple[World, str] | None:
    bare, options = split_name(name)
    return (WORLDS[bare], options) if bare in WORLDS else None
