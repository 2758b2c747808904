"""The nouns of a simulation: what a policy sees, the policies, and how they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

__all__ = ["Compared", "Kind", "Policy", "Seen", "Simulated", "Spread"]

#: Where a policy comes from: a baseline of the world, its oracle, a decision of Edgewise, or a user's function.
Kind = Literal["baseline", "oracle", "edgewise", "own"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a policy may see of a world: its tables up to `now` (microseconds since the epoch), never its truth.

    `waiting` holds the rows that wait for an answer now, in worlds that have such; None in the others.
    """

    tables: Mapping[str, pa.Table]
    now: int
    waiting: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A function that says what to do, as a table that the world's `step` takes; None does nothing.

    `act` is given the world itself if `knows`, else what is seen of it. What it returns may also be a function:
    then `act` is called once, before the first week, to learn what can be learnt, and the function does the rest.
    """

    name: str
    kind: Kind
    act: Callable[[Any], Any]
    knows: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over futures with the bounds of its 95% interval, which are None for a single future."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of one policy minus that of another, future by future; and the ratio of the two, less one.

    `share` is None where the other's figure is zero.
    """

    policy: str
    against: str
    figure: str
    difference: Spread
    share: Spread | None


@dataclass(frozen=True, slots=True)
class Simulated:
    """How policies did in the same simulated futures. Figures are means a week.

    Attributes:
        world: the world's name, its size included.
        about: what the world is.
        weeks: how many weeks each future has.
        random_seed: what the futures are drawn from.
        goal: the figure that decides.
        kinds: where each policy comes from, by name, in the order asked for.
        figures: by policy and figure, one value a future; the same place is the same future.
        against: the policy that the others are compared with.
    """

    world: str
    about: str
    weeks: int
    random_seed: int
    goal: str
    kinds: Mapping[str, Kind]
    figures: Mapping[str, Mapping[str, Float64[np.ndarray, " futures"]]]
    against: str

    @property
    def futures(self) -> int:
        """How many futures there are."""
        return len(next(iter(self.figures[self.against].values())))
