"""How the item-item graphs of a ranking are weighed: chosen on validation, one setting after the other.

What is best depends on the data: whether long lists should count less, whether the popular or the rare neighbours
say more, whether the latest items do. Each choice is a few walks over validation seeds; the same search serves
every data set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
from jaxtyping import Int64

from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.lowpass import MOST_ITEMS
from edgewise.models.candidates.neighbours import Next, Together
from edgewise.models.contract import Budget
from edgewise.models.ranking_lists import mean_average_precision
from edgewise.tasks.nouns import Ragged, Ranked

__all__ = ["BETTER", "Walks", "choose_walks", "climb"]

SettingsT = TypeVar("SettingsT")

#: Validation seeds that settings are compared on.
MOST_SEEDS: Final = 3_000
#: Neighbours kept of each item, as many as fit in so many slots.
MOST_SLOTS: Final = 33_000_000
MOST_NEIGHBOURS: Final = 800
#: GF-CF's own settings (Shen et al., 2021), and how well it has to do beside the best walk to be kept.
GF_CF: Final[dict[str, Any]] = {"alpha": 0.5, "beta": 0.5, "beta_to": 0.5, "power": 1.0, "ideal": 0.3}
NEARLY: Final = 0.8
#: Items beyond those proposed that a walk scores.
DEPTH: Final = 450
#: A setting replaces another if it is better by so much of it.
BETTER: Final = 1.002

#: What is tried, in this order; each entry changes one thing.
TOGETHER: Final[tuple[dict[str, float], ...]] = (
    {"alpha": 0.5},
    {"alpha": 0.15},
    {"fade": 0.9},
    {"fade": 0.7},
    {"beta": 0.6, "beta_to": 0.4},
    {"beta": 0.7, "beta_to": 0.3},
    {"beta": 0.5, "beta_to": 0.2},
    {"beta": 0.7, "beta_to": 0.1},
    {"power": 0.7},
)
NEXT: Final[tuple[dict[str, float], ...]] = (
    {"fade": 0.9},
    {"fade": 0.6},
    {"window": 5, "reach": 1.0},
    {"back": 0.0},
    {"back": 1.0},
    {"beta": 0.5, "beta_to": 0.5},
    {"beta": 0.6, "beta_to": 0.2},
    {"beta": 0.7, "beta_to": 0.1},
    {"beta": 0.8, "beta_to": 0.0},
    {"fade": 0.45},
)


@dataclass(frozen=True, slots=True)
class Walks:
    """The walks that were chosen. `ordered`: whether the latest items say more than the first ones.

    `tastes` walks a low-pass filter, where that says nearly as much as the others or more.
    """

    together: Together
    after: Next | None
    ordered: bool
    tastes: Together | None = None

    @property
    def channels(self) -> list[Channel]:
        """All of them."""
        return [walk for walk in (self.together, self.after, self.tastes) if walk is not None]

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Walks:
        """The inverse of `dataclasses.asdict`."""
        after, tastes = content["after"], content["tastes"]
        return cls(
            Together(**content["together"]),
            None if after is None else Next(**after),
            content["ordered"],
            None if tastes is None else Together(**tastes),
        )


def choose_walks(
    asof: AsOf, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], target: Ragged, k: int, budget: Budget
) -> tuple[Walks, dict[str, float]]:
    """The walks with the highest MAP@k on validation seeds, and what each setting that was tried gave.

    The search stops early when the budget is over; what it has by then is used.
    """
    if len(rows) > MOST_SEEDS:
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), MOST_SEEDS, replace=False))
        rows, at, target = rows[chosen], at[chosen], target.take(chosen)
    wide = max(20, min(MOST_NEIGHBOURS, MOST_SLOTS // max(asof.evidence.items, 1)))
    tried: dict[str, float] = {}

    def worth(walk: Together | Next) -> float:
        found = replace(walk, width=k, depth=0).propose(asof, rows, at)
        value = mean_average_precision(Ranked(found.items, found.scores), target, k)
        tried[_named(walk)] = value
        return value

    together = Together(
        width=150, depth=DEPTH, recent=400, cap=400, neighbours=wide, alpha=0.3, beta=0.5, beta_to=0.5,
        name="graph filter",
    )  # fmt: skip
    together, best = climb(together, TOGETHER, worth, budget)
    after = Next(
        width=150, depth=DEPTH, recent=20, fade=0.75, neighbours=min(wide, 200), window=20, reach=0.5, back=0.5,
        beta=0.7, beta_to=0.3,
    )  # fmt: skip
    after, alone = climb(after, NEXT, worth, budget)
    ordered = together.fade < 1.0 or alone > best
    tastes = replace(together, fade=1.0, **GF_CF, name="low-pass filter")
    small = asof.evidence.items <= MOST_ITEMS and budget.left > 0.0
    low = small and worth(tastes) > NEARLY * max(best, alone)
    return Walks(together, after if ordered else None, ordered, tastes if low else None), tried


def climb(
    start: SettingsT, options: Iterable[dict[str, float]], worth: Callable[[SettingsT], float], budget: Budget
) -> tuple[SettingsT, float]:
    """Take each change that makes the settings better, until the budget is over; and what they are worth."""
    settings, best = start, worth(start)
    for change in options:
        if budget.left <= 0.0:
            break
        other = replace(settings, **change)  # type: ignore[type-var]  # settings are dataclasses, which have no base
        value = worth(other)
        if value > best * BETTER:
            settings, best = other, value
    return settings, best


def _named(walk: Together | Next) -> str:
    """The setting in words."""
    enter = walk.beta if walk.beta_to is None else walk.beta_to
    plain = f"{walk.name}: beta {walk.beta:g} to {enter:g}, fade {walk.fade:g}"
    if isinstance(walk, Next):
        return f"{plain}, window {walk.window}, reach {walk.reach:g}, back {walk.back:g}"
    return f"{plain}, alpha {walk.alpha:g}, power {walk.power:g}, ideal {walk.ideal:g}"
