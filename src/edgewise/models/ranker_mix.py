"""How scorers are mixed, and what stands in when they do not earn their place."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float32

from edgewise.models.candidates.merge import Pool, part_of_pool
from edgewise.models.ranking_lists import mean_average_precision, places, ranked, within_pool
from edgewise.models.ranking_tables import RankingTable
from edgewise.tasks.nouns import Ragged

__all__ = ["SIMPLE", "Mix", "choose_mix", "leaning", "mixed", "reciprocal_ranks"]

#: Weights of the network against the trees that are tried.
WEIGHTS = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)
#: Weights that a part may join a blend with, how many parts may join, and by how much each has to better it.
BLEND = (0.15, 0.4, 1.0)
MOST_PARTS = 5
BETTER = 1.002
#: Mixtures of trees and network within half a percent of each other are level: trees vary less between fits.
CLOSE = 1.005
#: Validation seeds that a blend's weights are found on, at most.
BLEND_SEEDS = 3_000
#: Features that make a ranking of their own.
SIMPLE = ("own decay 120d", "own decay 30d", "item decay 7d", "item decay 30d")
#: What settles a rule's ties, of which there are many: most people have met most of their items once.
TIES = "item in 28d"


@dataclass(frozen=True, slots=True)
class Mix:
    """The network's weight against the trees'; or one column of the table; or reciprocal-rank fusion; or a blend.

    A blend weighs columns, "trees" and "network" by name, each scaled within its pool. With `rule_weight`, the
    order that this gives leans on the order by a column, `rule`; see `leaning`.
    """

    kind: str  # "scorers", "column", "fusion", "blend"
    network: float = 0.0
    column: str = ""
    tried: tuple[tuple[str, float], ...] = ()  # what was tried, with MAP@k on validation
    blend: tuple[tuple[str, float], ...] = ()
    popular_for_strangers: bool = True  # those who have met nothing get what is popular
    rule: str = ""
    rule_weight: float = 0.0

    @property
    def asks_network(self) -> bool:
        """Whether the network has a say."""
        return (self.kind == "scorers" and self.network > 0) or "network" in dict(self.blend)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Mix:
        """The inverse of `to_json`."""
        pairs = {part: tuple((name, value) for name, value in content[part]) for part in ("tried", "blend")}
        return cls(**{**content, **pairs})


def choose_mix(
    table: RankingTable, trees: np.ndarray, network: np.ndarray, target: Ragged, k: int, blend: bool = False
) -> Mix:
    """The mixture with the highest MAP@k on validation; a simple rule wins only where no mixture beats it.

    With `blend`, columns of the channels' scores may be weighed against the scorers.
    """
    options = [Mix("scorers", network=w) for w in WEIGHTS]
    options += [Mix("fusion")]
    options += [Mix("column", column=name) for name in table.names if name in SIMPLE]
    options += [Mix("column", column=name) for name in table.names if name.startswith("score ")]
    found = [
        mean_average_precision(ranked(table.pool, mixed(option, table, trees, network), k), target, k)
        for option in options
    ]
    if blend:
        options.append(_blended(table, trees, network, target, k))
        scores = mixed(options[-1], table, trees, network)
        found.append(mean_average_precision(ranked(table.pool, scores, k), target, k))
    best = options[_steadiest(options, found)]
    tried = tuple((_named(option), float(value)) for option, value in zip(options, found, strict=True))
    return Mix(best.kind, best.network, best.column, tried, best.blend)


def _steadiest(options: list[Mix], found: list[float]) -> int:
    """The best option; of mixtures that differ by next to nothing from it, the one closest to the trees."""
    top = int(np.argmax(found))
    if options[top].kind != "scorers":
        return top
    near = [i for i, o in enumerate(options) if o.kind == "scorers" and found[i] * CLOSE >= found[top]]
    return min(near, key=lambda i: options[i].network)


def _blended(table: RankingTable, trees: np.ndarray, network: np.ndarray, target: Ragged, k: int) -> Mix:
    """Weights found by adding, one after the other, what helps most."""
    pool, sample = table.pool, _sample(table)
    inside = np.isin(pool.seed_of, sample)
    some = part_of_pool(pool, inside)
    few = replace(some, indptr=np.append(some.indptr[sample], len(some.items)))
    wanted = target.take(sample)
    names = ["trees", "network", *(n for n in table.names if n in SIMPLE or n.startswith("score "))]
    parts = {name: _part(name, table, trees, network)[inside] for name in names}

    def worth(scores: np.ndarray) -> float:
        return mean_average_precision(ranked(few, np.round(scores, 5), k), wanted, k)

    alone = {name: worth(scores) for name, scores in parts.items()}
    first = max(alone, key=lambda name: alone[name])
    weights, scores, best = {first: 1.0}, parts[first], alone[first]
    for _ in range(MOST_PARTS):
        step = [(worth(scores + np.float32(w) * part), name, w) for name, part in parts.items() for w in BLEND]
        value, name, weight = max(step)
        if value <= best * BETTER:
            break
        weights[name] = weights.get(name, 0.0) + weight
        scores, best = scores + np.float32(weight) * parts[name], value
    return Mix("blend", blend=tuple(weights.items()))


def _sample(table: RankingTable) -> np.ndarray:
    """The seeds that weights are found on."""
    if len(table) <= BLEND_SEEDS:
        return np.arange(len(table))
    return np.sort(np.random.default_rng(0).choice(len(table), BLEND_SEEDS, replace=False))


def _part(
    name: str, table: RankingTable, trees: np.ndarray, network: np.ndarray
) -> Float32[np.ndarray, " candidates"]:
    if name in ("trees", "network"):
        return within_pool(table.pool, trees if name == "trees" else network)
    return within_pool(table.pool, np.nan_to_num(table.features[:, table.names.index(name)]))


def mixed(
    mix: Mix, table: RankingTable, trees: np.ndarray, network: np.ndarray
) -> Float32[np.ndarray, " candidates"]:
    """The scores that the mix gives. They are rounded, so that sums in another order give the same list."""
    if mix.kind == "fusion":
        scores = reciprocal_ranks(table.pool)
    elif mix.kind == "blend":
        parts = [np.float32(w) * _part(name, table, trees, network) for name, w in mix.blend]
        scores = np.sum(parts, axis=0)
    elif mix.kind == "column":
        scores = np.nan_to_num(table.features[:, table.names.index(mix.column)])
    else:
        scores = (1.0 - mix.network) * within_pool(table.pool, trees)
        scores = scores + mix.network * within_pool(table.pool, network)
    scores = np.round(np.asarray(scores, dtype=np.float64), 5).astype(np.float32)
    return scores if mix.rule_weight == 0 else leaning(table, scores, mix.rule, mix.rule_weight)


def leaning(
    table: RankingTable, scores: Float32[np.ndarray, " candidates"], rule: str, weight: float
) -> Float32[np.ndarray, " candidates"]:
    """Scores in whose order the places by `scores` and by a column are multiplied, the latter to a power `weight`.

    Places count rather than values: the first of either order comes far up, however much or little sets it apart.
    The scores are those given, scaled within each pool and handed out anew, so that they still say how far the
    best are ahead; a step of 1e-5 a place keeps equal ones in their order.
    """
    pool = table.pool
    column = np.nan_to_num(table.features[:, table.names.index(rule)])
    ties = np.nan_to_num(table.features[:, table.names.index(TIES)]) if TIES in table.names else None
    by_rule, by_scores = places(pool, column, ties), places(pool, scores)
    joint = places(pool, np.round(-np.log(by_scores) - weight * np.log(by_rule), 9))
    begin = pool.indptr[pool.seed_of]
    handed = np.empty(len(scores), dtype=np.float64)
    handed[begin + by_scores - 1] = np.round(within_pool(pool, scores), 5)
    return (handed[begin + joint - 1] - 1e-5 * joint).astype(np.float32)


def reciprocal_ranks(pool: Pool) -> Float32[np.ndarray, " candidates"]:
    """Reciprocal-rank fusion of the channels (Cormack, Clarke and Büttcher, 2009), with their constant 60."""
    return np.nansum(1.0 / (60.0 + pool.ranks), axis=1).astype(np.float32)


def _named(mix: Mix) -> str:
    if mix.kind == "column":
        return mix.column
    if mix.kind == "blend":
        return " + ".join(f"{weight:g} {name}" for name, weight in mix.blend)
    return "reciprocal-rank fusion" if mix.kind == "fusion" else f"network weight {mix.network:g}"
