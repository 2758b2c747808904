"""The nouns of a batch decision, the same for messages, assortments, orders, matches and trends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

__all__ = ["Basis", "Decided", "Expected", "GaveUp"]

#: What an expectation rests on. `randomised`: chance decided who got what in the past. `propensity`: the past was
#: corrected for who got what. `held out`: measured on weeks that nothing was fitted on. `model`: a model's own
#: word. `association`: who got what went with the outcome, which is no cause.
Basis = Literal["randomised", "propensity", "held out", "model", "association"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A figure that a decision expects: `value` in `unit`, with the bounds of an interval (None where unknown).

    `level` is the interval's nominal coverage.
    """

    name: str
    value: float
    unit: str
    basis: Basis
    low: float | None = None
    high: float | None = None
    level: float = 0.9


@dataclass(frozen=True, slots=True)
class GaveUp:
    """What a constraint costs: how much more of `unit` there would be without it.

    `binding` counts the places where it held back.
    """

    constraint: str
    value: float
    unit: str
    binding: int


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision at a moment (microseconds since the epoch).

    Attributes:
        decision: notify, assort, forecast, match or trends.
        source: where the tables are.
        settings: the entry of the project file that it was made with, as JSON values.
        tables: the answers by name; the first is the decision itself, keys as users write them.
        expects: what it expects to gain, how sure, on what basis.
        gave_up: what each constraint costs; empty where nothing was constrained.
        notes: what a person should know before acting on it, one sentence each.
    """

    decision: str
    source: str
    at: int
    settings: Mapping[str, Any]
    tables: Mapping[str, pa.Table]
    expects: tuple[Expected, ...]
    gave_up: tuple[GaveUp, ...] = ()
    notes: tuple[str, ...] = field(default=())
