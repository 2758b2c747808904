"""Items for short lists and for strangers: what is popular, without what was met where nothing repeats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int64

from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Proposed
from edgewise.models.candidates.popular import Popular
from edgewise.models.ranking_lists import filled, mean_average_precision
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_tables import RankingTable, forget_met, newcomers_for
from edgewise.state.pair import PairReading
from edgewise.tasks.nouns import Ragged, Ranked

__all__ = ["Propose", "in_turn", "popular_serves_strangers", "spare_items", "strangers", "with_spare"]

#: How many popular items beyond k are read, to have enough after those already listed are passed over.
BEYOND = 100
#: Proposes items for rows as of their anchors.
Propose = Callable[[np.ndarray, np.ndarray], Proposed]
#: Strangers with labels from which on validation says what serves them; with fewer, it is what is popular.
STRANGERS = 30


def spare_items(
    setup: Setup, asof: AsOf, rows: np.ndarray, at: np.ndarray, k: int
) -> Int64[np.ndarray, "n width"]:
    """Popular items as of each anchor, best first; MISSING where the entity has met one that cannot come again."""
    items = Popular(width=min(k + BEYOND, asof.evidence.items), half_life=1).propose(asof, rows, at).items
    return items if setup.again else forget_met(asof, rows, at, items)


def strangers(asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Bool[np.ndarray, " n"]:
    """Which entities have met nothing by their anchors."""
    return asof.entity.read(rows, np.zeros_like(rows), at, PairReading(rhythm=False))[:, 0] == 0


def with_spare(
    setup: Setup, asof: AsOf, rows: np.ndarray, at: np.ndarray, found: Ranked, *,
    popular_for_strangers: bool, elsewhere: Propose | None = None,
) -> Ranked:  # fmt: skip
    """Lists filled up with what the chosen walk reaches further out and what is popular, by turns with newcomers.

    Strangers' lists are what `elsewhere` proposes for their rows as of their anchors. Those for whom it has
    nothing get popular items alone, where these serve them best, or what was found. Of newcomers nothing tells
    which of them a stranger would like: they come after what is popular.
    """
    items, scores, k = found.items, found.scores, found.items.shape[1]
    unknown = strangers(asof, rows, at)
    if unknown.any():
        items, scores, mine = items.copy(), scores.copy(), np.flatnonzero(unknown)
        reached = np.zeros(len(mine), dtype=bool)
        if elsewhere is not None:
            proposed = elsewhere(rows[mine], at[mine])
            reached = proposed.items[:, 0] != MISSING
            items[mine[reached]], scores[mine[reached]] = proposed.items[reached, :k], proposed.scores[reached, :k]
        if popular_for_strangers:
            items[mine[~reached]], scores[mine[~reached]] = MISSING, -np.inf
    short = np.flatnonzero(items[:, -1] == MISSING)
    if len(short) == 0:
        return Ranked(items, scores)
    whole = _filled(setup, asof, rows[short], at[short], Ranked(items[short], scores[short]), unknown[short])
    items, scores = items.copy(), scores.copy()
    items[short], scores[short] = whole.items, whole.scores
    return Ranked(items, scores)


def _filled(
    setup: Setup, asof: AsOf, rows: np.ndarray, at: np.ndarray, found: Ranked, unknown: Bool[np.ndarray, " n"]
) -> Ranked:
    """Short lists filled up; `unknown` says whose rows are strangers'."""
    k = found.items.shape[1]
    spare, new = spare_items(setup, asof, rows, at, k), _new(setup, asof, rows, at, k)
    further, liked = (np.where(unknown[:, None], MISSING, i) for i in (_further(setup, asof, rows, at, k), new))
    turns = in_turn(np.concatenate([further, spare], axis=1), liked)
    return filled(found, np.concatenate([turns, new], axis=1))


def _further(setup: Setup, asof: AsOf, rows: np.ndarray, at: np.ndarray, k: int) -> Int64[np.ndarray, "n width"]:
    """What the chosen walk reaches beyond the candidates, for lists that are longer than pools are wide."""
    if setup.walks is None:
        return np.full((len(rows), 0), MISSING, dtype=np.int64)
    width = min(k + BEYOND, asof.evidence.items)
    items = replace(setup.walks.together, width=width, depth=0).propose(asof, rows, at).items
    return items if setup.again else forget_met(asof, rows, at, items)


def _new(setup: Setup, asof: AsOf, rows: np.ndarray, at: np.ndarray, k: int) -> Int64[np.ndarray, "n width"]:
    """Items that few have met, by what they are like, as of each anchor."""
    nothing = np.full((len(rows), 0), MISSING, dtype=np.int64)
    found = [channel.propose(asof, rows, at).items for channel in newcomers_for(setup, k)]
    return np.concatenate([nothing, *found], axis=1)


def in_turn(
    first: Int64[np.ndarray, "n width"], second: Int64[np.ndarray, "n other"]
) -> Int64[np.ndarray, "n both"]:
    """Lists of items taken from two by turns, the rest of the longer one last."""
    width = min(first.shape[1], second.shape[1])
    turns = np.stack([first[:, :width], second[:, :width]], axis=2).reshape(len(first), 2 * width)
    return np.concatenate([turns, first[:, width:], second[:, width:]], axis=1)


def popular_serves_strangers(
    setup: Setup, asof: AsOf, judged: RankingTable, found: Ranked, target: Ragged,
    elsewhere: Propose | None = None,
) -> bool:  # fmt: skip
    """Whether what is popular serves those who have met nothing, here and `elsewhere`, as well as `found` does.

    Where validation has too few of them, training has had too few to learn from, and a scorer's word on them is
    worth little.
    """
    mine = np.flatnonzero(strangers(asof, judged.rows, judged.at) & (target.lengths > 0))
    if elsewhere is not None and len(mine):
        mine = mine[elsewhere(judged.rows[mine], judged.at[mine]).items[:, 0] == MISSING]
    if len(mine) < STRANGERS:
        return True
    k, wanted = found.items.shape[1], target.take(mine)
    ours = Ranked(found.items[mine], found.scores[mine])
    theirs = with_spare(setup, asof, judged.rows[mine], judged.at[mine], ours, popular_for_strangers=True)
    return mean_average_precision(theirs, wanted, k) >= mean_average_precision(ours, wanted, k)
