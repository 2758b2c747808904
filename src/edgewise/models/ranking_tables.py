"""Seeds turned into what scorers read: pools, features and what came true, one block of anchors at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float32, Int64

from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel, Proposed
from edgewise.models.candidates.merge import Pool, merge, part_of_pool
from edgewise.models.candidates.neighbours import Next, Together
from edgewise.models.candidates.newcomers import Newcomers
from edgewise.models.candidates.popular import CohortPopular, Own, PlacePopular, Popular
from edgewise.models.candidates.siblings import Siblings
from edgewise.models.ranker_features import feature_table, told_without
from edgewise.models.ranking_lists import positives
from edgewise.models.ranking_setup import Setup, was_met
from edgewise.tasks.nouns import Ragged

__all__ = [
    "RankingTable",
    "channels_for",
    "forget_met",
    "joined",
    "make_pool",
    "make_table",
    "newcomers_for",
    "parted",
]


@dataclass(frozen=True, slots=True)
class RankingTable:
    """Candidates of n seeds with their features. `came` marks the positives; `wanted` counts all labels of each
    seed, those that no candidate reaches included (0 and all false where labels are not known). `share` of the
    negatives are in the table: each stands for 1 / share of them.
    """

    rows: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]
    pool: Pool
    names: list[str]
    features: Float32[np.ndarray, "candidates features"]
    came: Bool[np.ndarray, " candidates"]
    wanted: Int64[np.ndarray, " n"]
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.rows)


def channels_for(setup: Setup, asof: AsOf) -> list[Channel]:
    """The channels that make sense for this evidence; none has a setting for one data set."""
    if setup.static or asof.evidence.static:
        return [
            *_walks(setup),
            Together(width=100, recent=400, alpha=0.0, beta=0.5, neighbours=100, cap=400, name="item neighbours"),
            Popular(width=30, half_life=3),
            *(Siblings(name) for name in asof.evidence.attributes),
        ]
    new = not setup.again
    return [
        *([Own()] if setup.again else []),
        Popular(width=120 if new else 50, half_life=2),
        Popular(width=60 if new else 30, half_life=1, name="popular now"),
        *(CohortPopular(name, width=30 if new else 15) for name in asof.evidence.cohorts),
        *(PlacePopular(name) for name in asof.evidence.stocked),
        *_walks(setup),
        *(Siblings(name, width=30 if new else 20) for name in list(asof.evidence.attributes)[:2]),
        *newcomers_for(setup),
    ]


def newcomers_for(setup: Setup, width: int | None = None) -> list[Newcomers]:
    """The channel of items that few have met, where they can be told apart; it proposes `width` of them."""
    liking = setup.liking
    if liking is None:
        return []
    grid = max(1, min(setup.block, liking.lately))
    return [Newcomers(liking, liking.width if width is None else width, grid)]


def _walks(setup: Setup) -> list[Channel]:
    """The walks over item-item graphs: those chosen on validation, or simple ones."""
    if setup.walks is not None:
        return setup.walks.channels
    if setup.static:
        return [Together(width=150, recent=400, power=0.7, neighbours=200, cap=400, name="graph filter")]
    width = 30 if setup.again else 100
    return [Next(width=width), Together(width=width, neighbours=30, most_events=400_000)]


def forget_met(asof: AsOf, rows: np.ndarray, at: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Items (n, width) with those that the entity has met replaced by MISSING."""
    width = items.shape[1]
    met = was_met(asof, np.repeat(rows, width), items.reshape(-1), np.repeat(at, width))
    return np.where(met.reshape(items.shape), MISSING, items)


def make_pool(setup: Setup, asof: AsOf, channels: list[Channel], rows: np.ndarray, at: np.ndarray) -> Pool:
    """All channels' proposals, merged; without what was met before where nothing repeats."""
    proposals = [channel.propose(asof, rows, at) for channel in channels]
    if not setup.again:
        proposals = [Proposed(forget_met(asof, rows, at, p.items), p.scores) for p in proposals]
    return merge(proposals, len(rows), [channel.width for channel in channels])


def make_table(
    setup: Setup,
    asof: AsOf,
    channels: list[Channel],
    rows: Int64[np.ndarray, " n"],
    at: Int64[np.ndarray, " n"],
    target: Ragged | None = None,
    share: float = 1.0,
    random_seed: int = 0,
) -> RankingTable:
    """Pool and features of seeds, and what came true where it is known.

    With `share` below 1 only so much of the negatives is kept, drawn evenly: enough to learn from.
    """
    pool = make_pool(setup, asof, channels, rows, at)
    if target is not None and share < 1.0:
        drawn = np.random.default_rng(random_seed).random(len(pool.items)) < share
        pool = part_of_pool(pool, positives(pool, target) | drawn)
    found = feature_table(asof, rows, at, pool, [c.name for c in channels])
    names, values = told_without(found, setup.without)
    came = np.zeros(len(pool.items), dtype=bool) if target is None else positives(pool, target)
    wanted = np.zeros(len(rows), dtype=np.int64) if target is None else target.lengths
    return RankingTable(rows, at, pool, names, values, came, wanted, share)


def joined(tables: list[RankingTable]) -> RankingTable:
    """Tables with the same columns, one after the other."""
    if len(tables) == 1:
        return tables[0]
    offsets = np.cumsum([0, *(t.pool.indptr[-1] for t in tables)])
    indptr = [tables[0].pool.indptr[:1], *(t.pool.indptr[1:] + o for t, o in zip(tables, offsets, strict=False))]
    pool = Pool(
        np.concatenate(indptr),
        np.concatenate([t.pool.items for t in tables]),
        np.concatenate([t.pool.scores for t in tables]),
        np.concatenate([t.pool.ranks for t in tables]),
    )
    return RankingTable(
        np.concatenate([t.rows for t in tables]),
        np.concatenate([t.at for t in tables]),
        pool,
        tables[0].names,
        np.concatenate([t.features for t in tables]),
        np.concatenate([t.came for t in tables]),
        np.concatenate([t.wanted for t in tables]),
        tables[0].share,
    )


def parted(table: RankingTable, lengths: list[int]) -> list[RankingTable]:
    """Tables of so many seeds each: the inverse of `joined`. They share the table's memory."""
    parts, pool = [], table.pool
    for first, last in pairwise(np.cumsum([0, *lengths]).tolist()):
        seeds, indptr = slice(first, last), pool.indptr[first : last + 1]
        here = slice(int(indptr[0]), int(indptr[-1]))
        own = Pool(indptr - indptr[0], pool.items[here], pool.scores[here], pool.ranks[here])
        parts.append(
            RankingTable(
                table.rows[seeds], table.at[seeds], own, table.names, table.features[here], table.came[here],
                table.wanted[seeds], table.share,
            )
        )  # fmt: skip
    return parts
