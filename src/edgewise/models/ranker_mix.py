"""How scorers are mixed, and what stands in when they do not earn their place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from edgewise.models.candidates.merge import Pool
from edgewise.models.ranking_lists import mean_average_precision, ranked, within_pool
from edgewise.models.ranking_tables import RankingTable
from edgewise.tasks.nouns import Ragged

__all__ = ["SIMPLE", "Mix", "choose_mix", "mixed", "reciprocal_ranks"]

#: Weights of the network against the trees that are tried.
WEIGHTS = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)
#: Features that make a ranking of their own.
SIMPLE = ("own decay 120d", "own decay 30d", "item decay 7d", "item decay 30d")


@dataclass(frozen=True, slots=True)
class Mix:
    """The network's weight against the trees'; or one column of the table; or reciprocal-rank fusion."""

    kind: str  # "scorers", "column", "fusion"
    network: float = 0.0
    column: str = ""
    tried: tuple[tuple[str, float], ...] = ()  # what was tried, with MAP@k on validation

    @property
    def asks_network(self) -> bool:
        """Whether the network has a say."""
        return self.kind == "scorers" and self.network > 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Mix:
        """The inverse of `to_json`."""
        return cls(**{**content, "tried": tuple((name, value) for name, value in content["tried"])})


def choose_mix(table: RankingTable, trees: np.ndarray, network: np.ndarray, target: Ragged, k: int) -> Mix:
    """The mixture with the highest MAP@k on validation; a simple rule wins only where no mixture beats it."""
    options = [Mix("scorers", network=w) for w in WEIGHTS]
    options += [Mix("fusion")]
    options += [Mix("column", column=name) for name in table.names if name in SIMPLE]
    options += [Mix("column", column=name) for name in table.names if name.startswith("score ")]
    found = [
        mean_average_precision(ranked(table.pool, mixed(option, table, trees, network), k), target, k)
        for option in options
    ]
    best = options[int(np.argmax(found))]
    tried = tuple((_named(option), float(value)) for option, value in zip(options, found, strict=True))
    return Mix(best.kind, best.network, best.column, tried)


def mixed(
    mix: Mix, table: RankingTable, trees: np.ndarray, network: np.ndarray
) -> Float32[np.ndarray, " candidates"]:
    """The scores that the mix gives. They are rounded, so that sums in another order give the same list."""
    if mix.kind == "fusion":
        scores = reciprocal_ranks(table.pool)
    elif mix.kind == "column":
        scores = np.nan_to_num(table.features[:, table.names.index(mix.column)])
    else:
        scores = (1.0 - mix.network) * within_pool(table.pool, trees)
        scores = scores + mix.network * within_pool(table.pool, network)
    return np.round(np.asarray(scores, dtype=np.float64), 5).astype(np.float32)


def reciprocal_ranks(pool: Pool) -> Float32[np.ndarray, " candidates"]:
    """Reciprocal-rank fusion of the channels (Cormack, Clarke and Büttcher, 2009), with their constant 60."""
    return np.nansum(1.0 / (60.0 + pool.ranks), axis=1).astype(np.float32)


def _named(mix: Mix) -> str:
    if mix.kind == "column":
        return mix.column
    return "reciprocal-rank fusion" if mix.kind == "fusion" else f"network weight {mix.network:g}"
