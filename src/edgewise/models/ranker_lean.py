"""How much a ranking leans on a simple rule, found over many windows rather than one.

What trees learn from a few windows is in part what happened to be on offer in them: an item that everybody bought
in a promotion and nobody since is a poor candidate until the promotion comes back. How often one has met an item
says less, but the same in every window. One validation window cannot tell what such a rule is worth, so that each
training window is judged by trees grown on others.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float32, Float64

from edgewise.models.candidates.merge import part_of_pool
from edgewise.models.ranker_mix import Mix, choose_mix, leaning, mixed
from edgewise.models.ranker_trees import TreeSettings, binned, fit_trees, score_trees
from edgewise.models.ranking_lists import places
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_tables import RankingTable
from edgewise.tasks.nouns import Ragged

__all__ = ["choose_over_windows", "lean", "precision_by_window"]

#: The rules among which the windows choose.
RULES = ("own count", "own decay 365d", "own decay 120d", "own decay 30d")
#: Weights of a rule that are tried. It counts for no more than what was learnt: the trees that judge the windows
#: have seen half of them, and are leant away from too easily.
WEIGHTS = (0.25, 0.5, 1.0)
#: A rule has to better the windows by half a percent. Weights that are level within as much are settled for the
#: rule: having learnt nothing, it varies less from window to window than what was learnt.
CLOSE = 1.005
#: Trees that judge a window they have not seen.
ROUNDS = 30
#: Seeds of a window that are judged, at most.
JUDGED = 1_000


#: A table of seeds, and the scores of the trees for its candidates.
_Window = tuple[RankingTable, Float32[np.ndarray, " candidates"]]


def choose_over_windows(
    table: RankingTable | None, judged: RankingTable, trees: Float32[np.ndarray, " candidates"],
    network: Float32[np.ndarray, " candidates"], target: Ragged, k: int, setup: Setup, columns: list[int],
    random_seed: int,
) -> tuple[Mix, dict[str, float]]:  # fmt: skip
    """The mixture that validation (`judged`) likes best, with the rule it leans on, and what rules are worth.

    The windows of training (`table`; anchors of one block of the set-up are one) come in two halves, each scored
    by trees grown on the other. Without a table nothing is leant on.
    """
    mix = choose_mix(judged, trees, network, target, k, not setup.again)
    if table is None:
        return mix, {}
    before = _unseen(table, k, setup.block, columns, random_seed)
    return lean(mix, [_few(judged, mixed(mix, judged, trees, network)), *before], k, setup)


def lean(mix: Mix, windows: list[_Window], k: int, setup: Setup) -> tuple[Mix, dict[str, float]]:
    """The mixture with the rule that it leans on, and what was tried: MAP@k over that without a rule.

    The gain is the mean of the windows' gains, each counting the same: what is on offer is shared by all seeds of
    a window.
    """
    block, names = setup.block, windows[0][0].names
    rules = [name for name in RULES if name in names]
    plain = np.concatenate([precision_by_window(t, s, k, block) for t, s in windows])
    some = plain > 0
    if not rules or not some.any():
        return mix, {}

    def gain(rule: str, weight: float) -> float:
        found = [precision_by_window(t, leaning(t, s, rule, weight), k, block) for t, s in windows]
        return float((np.concatenate(found)[some] / plain[some]).mean())

    rule = max(rules, key=lambda name: gain(name, 1.0))
    tried = {weight: gain(rule, weight) for weight in WEIGHTS}
    facts = {f"{weight:g} {rule}": value for weight, value in tried.items()}
    best = max(tried.values())
    if best < CLOSE:
        return mix, facts
    return replace(mix, rule=rule, rule_weight=max(w for w, v in tried.items() if v * CLOSE >= best)), facts


def precision_by_window(
    table: RankingTable, scores: Float32[np.ndarray, " candidates"], k: int, block: int
) -> Float64[np.ndarray, " windows"]:
    """MAP@k of the seeds of each block of anchors with anything that came true, reached or not."""
    seed, place = table.pool.seed_of, places(table.pool, scores)
    order = np.lexsort((place, seed))
    came = table.came[order]
    hits = np.cumsum(came)
    before = np.concatenate([[0], hits])[table.pool.indptr[:-1]]
    worth = np.where(came & (place[order] <= k), (hits - before[seed]) / place[order], 0.0)
    precision = np.bincount(seed, worth, minlength=len(table)) / np.maximum(np.minimum(table.wanted, k), 1)
    some = table.wanted > 0
    _, window = np.unique(table.at[some] // block, return_inverse=True)
    return np.bincount(window, precision[some]) / np.maximum(np.bincount(window), 1)


def _unseen(table: RankingTable, k: int, block: int, columns: list[int], random_seed: int) -> list[_Window]:
    """Seeds of the training windows with the scores of trees that have not seen their window."""
    _, window = np.unique(table.at // block, return_inverse=True)
    found = []
    for half in (0, 1):
        mine = window % 2 == half
        others = _seeds(table, ~mine)
        if mine.any() and others.came.any():
            trees = fit_trees(binned(others, columns), k, TreeSettings(rounds=ROUNDS), random_seed)
            some = _seeds(table, mine & _drawn(window))
            found.append((some, score_trees(trees, some, columns, ROUNDS)))
    return found


def _few(table: RankingTable, scores: Float32[np.ndarray, " candidates"]) -> _Window:
    kept = _drawn(np.zeros(len(table), dtype=np.int64))
    return _seeds(table, kept), scores[kept[table.pool.seed_of]]


def _drawn(window: np.ndarray) -> Bool[np.ndarray, " n"]:
    """At most so many seeds of each window, spread over it."""
    order = np.argsort(window, kind="stable")
    count = np.bincount(window)
    place = np.empty(len(window), dtype=np.int64)
    place[order] = np.arange(len(window)) - (np.cumsum(count) - count)[window[order]]
    return place % -(-count // JUDGED)[window] == 0


def _seeds(table: RankingTable, keep: Bool[np.ndarray, " n"]) -> RankingTable:
    """The part of a table that is about some of its seeds."""
    inside = keep[table.pool.seed_of]
    part = part_of_pool(table.pool, inside)
    pool = replace(part, indptr=np.append(part.indptr[:-1][keep], len(part.items)))
    return RankingTable(
        table.rows[keep], table.at[keep], pool, table.names, table.features[inside], table.came[inside],
        table.wanted[keep], table.share,
    )  # fmt: skip
