"""The worlds that can go on, each with its policies to compare with and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from edgewise.decisions.simulate.nouns import Policy
from edgewise.errors import ArgumentError, proposal
from edgewise.worlds.catalogue import WORLDS, make_world, split_name

__all__ = ["OURS", "Referee", "referee_of", "worlds"]

#: The decision that acts in a world, by the world.
OURS = {"lodging": "match", "messaging": "notify"}


@dataclass(frozen=True, slots=True)
class Referee:
    """A world at its start, the policies that come with it, and what it counts.

    `figures(before, step)` are numbers by name, and `goal` is the one that decides.
    """

    name: str
    about: str
    world: Any
    policies: Mapping[str, Policy]
    goal: str
    figures: Callable[[Any, Any], dict[str, float]]


def worlds() -> list[str]:
    """The names of the worlds that can go on."""
    return sorted(
        name for name, world in WORLDS.items() if world.simulated and _has(f"edgewise.worlds.{name}", "referee")
    )


def referee_of(name: str) -> Referee:
    """The referee of a world by its name, a size behind it included.

    Raises:
        ArgumentError: there is no such world, or it is no planted one that can go on.
        SourceError: it has no such size or option.
    """
    bare, options = split_name(name)
    known = worlds()
    if bare not in known:
        real = f"'{bare}' cannot be simulated" if bare in WORLDS else f"there is no world '{bare}'"
        raise ArgumentError(real, hint=proposal(bare, known, f"worlds that can go on: {', '.join(known)}"))
    room = import_module(f"edgewise.worlds.{bare}.referee")
    policies = {n: Policy(n, "baseline", act, knows=True) for n, act in room.POLICIES.items()}
    policies |= {n: Policy(n, "edgewise", act) for n, act in _ours(bare).items()}
    policies["oracle"] = Policy("oracle", "oracle", room.ORACLE, knows=True)
    world = make_world(bare, options)
    about = WORLDS[bare].about.partition(":")[0]  # what follows is the default size
    return Referee(name, about, world, policies, room.GOAL, room.figures)


def _ours(world: str) -> dict[str, Callable[[Any], Any]]:
    decision = OURS.get(world)
    if decision is None or not _has(f"edgewise.decisions.{decision}", "policy"):
        return {}
    return dict(import_module(f"edgewise.decisions.{decision}.policy").POLICIES)


def _has(package: str, room: str) -> bool:
    try:
        return find_spec(f"{package}.{room}") is not None
    except ModuleNotFoundError:
        return False
