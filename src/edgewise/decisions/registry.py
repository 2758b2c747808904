"""The batch decisions by name. Each is a package of this one, loaded when it is asked for.

A package `NAME` has `entry.py` with its section of the project file, `propose.py` with one read off a schema,
and `decide.py` with the decision itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from pydantic import BaseModel

from edgewise.decisions.decided.nouns import Decided
from edgewise.errors import ArgumentError, proposal
from edgewise.schema.model import Schema
from edgewise.sources.database import Database

__all__ = ["NAMES", "Kind", "kind_of"]

#: The decisions there are, sorted.
NAMES: Final[tuple[str, ...]] = ("assort", "forecast", "match", "notify", "trends")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of batch decision.

    Attributes:
        name: what commands and project files call it.
        entry: its section of the project file.
        propose: a section for the tables of a schema; a UserError says what they lack.
        decide: the decision on tables at a moment; sees nothing after it.
    """

    name: str
    entry: type[BaseModel]
    propose: Callable[[Schema], BaseModel]
    decide: Callable[[Database, BaseModel, int], Decided]


def kind_of(name: str) -> Kind:
    """The decision of that name.

    Raises:
        ArgumentError: there is none.
    """
    if name not in NAMES:
        raise ArgumentError(
            f"there is no decision '{name}'", hint=proposal(name, NAMES, f"there are: {', '.join(NAMES)}")
        )
    rooms = {room: import_module(f"edgewise.decisions.{name}.{room}") for room in ("entry", "propose", "decide")}
    return Kind(
        name=name,
        entry=getattr(rooms["entry"], f"{name.capitalize()}Entry"),
        propose=rooms["propose"].propose,
        decide=rooms["decide"].decide,
    )
