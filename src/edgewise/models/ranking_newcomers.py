"""How newcomers are told apart: weights of what items are like, learnt on the training labels.

Few items are new at any anchor, and the few that are may be odd. So taste is learnt on items that are looked away
from: all meetings of a random tenth of the items are hidden, and what came true among them is to be told from
their values alone. What newness itself is worth is learnt on the items that were new at each anchor. Both are
conditional logits of what came true against random others (McFadden, 1974).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.evidence import Evidence
from edgewise.models.candidates.newcomers import pair_tastes, tastes_of
from edgewise.models.candidates.shelf import (
    Liking,
    ValueState,
    ages,
    item_traits,
    newcomers,
    value_state,
    weighted,
)
from edgewise.models.ranking_setup import Setup, links_of, ranking_target
from edgewise.tasks.nouns import Labels, Ragged, TaskSpec

__all__ = ["drawn", "learn_liking", "with_liking"]

#: The latest anchors that are learnt from, pairs of each, and items that a pair is told from.
ANCHORS: Final = 3
MOST_PAIRS: Final = 1500
OTHERS: Final = 60
#: The share of the items that are looked away from at once, and how many times: a few items make up much.
HIDDEN: Final = 0.1
DRAWS: Final = 6
#: With fewer pairs nothing is learnt.
FEWEST: Final = 50
#: What weights cost, in units of half a squared deviation.
RIDGE: Final = 2.0
STEPS: Final = 25
#: Newcomers proposed: this many for a percent of what came true being new, within bounds.
WIDTH_A_PERCENT: Final = 3
WIDTHS: Final = (5, 40)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """What came true (first) beside random others: features [n, 1 + others, f]."""

    features: Float32[np.ndarray, "n candidates features"]

    def __len__(self) -> int:
        return len(self.features)


def with_liking(
    setup: Setup, graph: GraphStore, spec: TaskSpec, train: Labels, random_seed: int
) -> tuple[Setup, dict[str, Any]]:
    """The setup with what tells newcomers apart, and what was learnt of it. A static task has no newcomers, nor
    has a model that is to do without them (`models.contract.PARTS`).
    """
    if setup.static or not setup.plan.content.sources or "newcomers" in setup.without:
        return setup, {}
    links = links_of(spec, train) if spec.history is None else None
    asof = setup.world(graph, spec, train.seeds, links, whole=True)
    liking, told = learn_liking(
        asof, train.seeds.rows, train.seeds.at, ranking_target(train),
        lately=spec.horizon, grid=setup.block, random_seed=random_seed,
    )  # fmt: skip
    return replace(setup, liking=liking), told


def learn_liking(
    asof: AsOf, rows: np.ndarray, at: np.ndarray, target: Ragged, *, lately: int, grid: int, random_seed: int
) -> tuple[Liking | None, dict[str, Any]]:
    """Weights from labels of entity rows at anchors, and what was learnt, by name; None where there is nothing to
    learn from. An item counts as new for `lately` microseconds after somebody first met it."""
    evidence = asof.evidence
    content = evidence.content
    if content is None or len(target.values) == 0:
        return None, {}
    stamp = at // grid * grid
    parts = [
        _Moment(asof, int(m), lately, *_labels(rows, at, target, stamp == m)) for m in np.unique(stamp)[-ANCHORS:]
    ]
    away = _joined([part.looked_away(random_seed, draw) for part in parts for draw in range(DRAWS)])
    if len(away) < FEWEST:
        return None, {}
    groups = len(content.names) + len(content.said)
    weights = _weighed(away, positive=groups)
    liking = Liking(tuple(weights[:groups].tolist()), tuple(weights[groups:].tolist()), lately=lately)
    new = _joined([part.new(liking, random_seed) for part in parts])
    share = sum(part.share_new for part in parts) / len(parts)
    if len(new) >= FEWEST:
        age, met = _weighed(_Pairs(new.features[:, :, 1:]), new.features[:, :, 0], positive=0)
        liking = replace(liking, age=float(age), met=float(met))
    liking = replace(liking, width=int(np.clip(round(100 * share * WIDTH_A_PERCENT), *WIDTHS)))
    return liking, _told(evidence, liking, share, len(away), len(new))


def _told(evidence: Evidence, liking: Liking, share: float, away: int, new: int) -> dict[str, Any]:
    content = evidence.content
    assert content is not None
    traits = (*content.names, *(f"many {name}" for name in content.names), *evidence.signals)
    return {
        "share of what came true that was new": share,
        "taste": dict(zip((*content.names, *content.said_names), liking.taste, strict=True)),
        "traits": dict(zip(traits, liking.traits, strict=True)),
        "age": liking.age, "met": liking.met, "pairs": away, "new pairs": new, "proposed": liking.width,
    }  # fmt: skip


def _labels(
    rows: np.ndarray, at: np.ndarray, target: Ragged, here: Bool[np.ndarray, " n"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The (entity, anchor, item) of labels of some seeds."""
    some = target.take(here)
    who, when = np.repeat(rows[here], some.lengths), np.repeat(at[here], some.lengths)
    known = (some.values != MISSING) & (who >= 0)
    return who[known], when[known], some.values[known]


class _Moment:
    """The labels of one moment, to be told from random others."""

    def __init__(
        self, asof: AsOf, moment: int, lately: int, rows: np.ndarray, at: np.ndarray, items: np.ndarray
    ) -> None:
        self.evidence, self.moment = asof.evidence, moment
        self.crowd = asof.crowd.evidence
        self.asof, self.rows, self.at, self.items = asof, rows, at, items
        self.state = value_state(self.crowd, moment)
        self.fresh = newcomers(self.crowd, moment, lately)

    @property
    def share_new(self) -> float:
        """The share of the labels that nobody had met until lately."""
        return float(np.isin(self.items, self.fresh).mean()) if len(self.items) else 0.0

    def looked_away(self, random_seed: int, draw: int) -> _Pairs:
        """Labels whose items are hidden, among others that are: tastes by group, then traits."""
        content = self.evidence.content
        assert content is not None
        hidden = drawn(self.evidence.items, HIDDEN, random_seed * DRAWS + draw)
        there = np.flatnonzero(hidden & (content.listed <= self.moment))
        state = value_state(self.crowd, self.moment, hidden)
        return self._beside(there, state, hidden, MOST_PAIRS // DRAWS, np.random.default_rng([random_seed, draw]))

    def new(self, liking: Liking, random_seed: int) -> _Pairs:
        """Labels that were new, among others that were: what is said of them so far, their age and meetings."""
        content = self.evidence.content
        assert content is not None
        nothing = np.zeros(0, dtype=bool)
        rng = np.random.default_rng(random_seed)
        told = self._beside(self.fresh, self.state, nothing, MOST_PAIRS, rng, ages_too=True)
        known = len(liking.taste) + len(liking.traits)
        base = weighted(told.features[:, :, :known], (*liking.taste, *liking.traits))
        return _Pairs(np.concatenate([base[:, :, None], told.features[:, :, known:]], axis=2))

    def _beside(
        self, among: Int64[np.ndarray, " items"], state: ValueState, hidden: np.ndarray, most: int,
        rng: np.random.Generator, ages_too: bool = False,
    ) -> _Pairs:  # fmt: skip
        content = self.evidence.content
        assert content is not None
        mine = np.flatnonzero(np.isin(self.items, among)) if len(among) > 1 else np.zeros(0, dtype=np.int64)
        if len(mine) > most:
            mine = np.sort(rng.choice(mine, most, replace=False))
        items = np.empty((len(mine), 1 + OTHERS), dtype=np.int64)
        items[:, 0] = self.items[mine]
        if len(mine):
            items[:, 1:] = rng.choice(among, (len(mine), OTHERS))
        taste = pair_tastes(
            tastes_of(self.asof, self.rows[mine]), content, state.expected, self.at[mine], items, hidden
        )
        told = item_traits(self.crowd, state, self.moment, among)
        if ages_too:
            met = np.log1p(state.met[among]).astype(np.float32)
            told = np.concatenate([told, ages(content, self.moment, among)[:, None], met[:, None]], axis=1)
        traits = told[np.minimum(np.searchsorted(among, items), max(len(among) - 1, 0))]
        return _Pairs(np.concatenate([taste, traits.reshape(*items.shape, told.shape[1])], axis=2))


def drawn(rows: int, share: float, random_seed: int) -> Bool[np.ndarray, " rows"]:
    """A share of the rows, each drawn by itself (SplitMix64): rows that come later change nothing for others."""
    state = (np.arange(1, rows + 1, dtype=np.uint64) + np.uint64(random_seed << 32)) * np.uint64(
        0x9E3779B97F4A7C15
    )
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((state ^ (state >> np.uint64(31))) >> np.uint64(11)) < share * 2.0**53


def _joined(parts: list[_Pairs]) -> _Pairs:
    return _Pairs(np.concatenate([part.features for part in parts]))


def _weighed(
    pairs: _Pairs, base: Float32[np.ndarray, "n candidates"] | None = None, *, positive: int
) -> Float64[np.ndarray, " features"]:
    """Weights under which what came true stands out most; of the first `positive` none is below 0."""
    features = pairs.features.astype(np.float64)
    spread = features.std(axis=(0, 1))
    used = spread > 1e-6
    while True:
        weights = np.zeros(features.shape[2])
        weights[used] = _newton(features[:, :, used] / spread[used], base) / spread[used]
        below = used & (weights < 0) & (np.arange(len(used)) < positive)
        if not below.any():
            return weights
        used &= ~below


def _newton(
    features: Float64[np.ndarray, "n candidates used"], base: Float32[np.ndarray, "n candidates"] | None
) -> Float64[np.ndarray, " used"]:
    """A conditional logit with a small ridge, by Newton's steps."""
    size = features.shape[2]
    weights = np.zeros(size)
    flat = features.reshape(-1, size)
    for _ in range(STEPS):
        score = features @ weights + (0.0 if base is None else base)
        chance = np.exp(score - score.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        mean = np.einsum("nc,ncf->nf", chance, features)
        slope = (features[:, 0] - mean).sum(axis=0) - RIDGE * weights
        bend = (flat * chance.reshape(-1, 1)).T @ flat - mean.T @ mean + RIDGE * np.eye(size)
        step = np.linalg.solve(bend, slope)
        weights += step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-4:
            break
    return weights
