"""Channels' proposals merged into one pool a seed, each candidate with every channel's score and rank."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from jaxtyping import Bool, Float32, Int64

from edgewise.ids import MISSING
from edgewise.models.candidates.channel import Proposed

__all__ = ["Pool", "merge", "part_of_pool"]


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates of seeds: those of seed `i` are rows `indptr[i]:indptr[i + 1]`, items ascending.

    `scores[c, j]` is channel `j`'s score of candidate `c` (0 where it did not propose it) and `ranks[c, j]` its
    rank from 1 (NaN where it did not).
    """

    indptr: Int64[np.ndarray, " n_plus_1"]
    items: Int64[np.ndarray, " candidates"]
    scores: Float32[np.ndarray, "candidates channels"]
    ranks: Float32[np.ndarray, "candidates channels"]

    @property
    def seed_of(self) -> Int64[np.ndarray, " candidates"]:
        """The position of each candidate's seed."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))


def merge(proposals: list[Proposed], seeds: int, widths: list[int] | None = None) -> Pool:
    """The union of proposals for each seed.

    With `widths`, only the first so many items of each proposal are candidates; the further ones give scores to
    candidates of other channels.
    """
    if not proposals or seeds == 0:
        empty = np.zeros((0, len(proposals)), dtype=np.float32)
        return Pool(np.zeros(seeds + 1, dtype=np.int64), np.zeros(0, dtype=np.int64), empty, empty)
    items = np.concatenate([p.items for p in proposals], axis=1)
    scores = np.concatenate([p.scores for p in proposals], axis=1)
    lengths = [p.items.shape[1] for p in proposals]
    channel = np.repeat(np.arange(len(proposals)), lengths)
    rank = np.concatenate([np.arange(1, w + 1) for w in lengths]).astype(np.float32)
    most = np.repeat(lengths if widths is None else widths, lengths)
    order = np.argsort(items, axis=1, kind="stable")
    if widths is not None:
        _drop_unproposed(items, order, rank <= most)
    indptr = np.zeros(seeds + 1, dtype=np.int64)
    np.cumsum(_distinct(items, order), out=indptr[1:])
    out = np.full(indptr[-1], MISSING, dtype=np.int64)
    out_scores = np.zeros((indptr[-1], len(proposals)), dtype=np.float32)
    out_ranks = np.full((indptr[-1], len(proposals)), np.nan, dtype=np.float32)
    _fill(items, scores, order, channel, rank, indptr, out, out_scores, out_ranks)
    return Pool(indptr, out, out_scores, out_ranks)


def part_of_pool(pool: Pool, keep: Bool[np.ndarray, " candidates"]) -> Pool:
    """The candidates where `keep` is true; their scores and ranks stay those of the whole pool."""
    indptr = np.concatenate([[0], np.cumsum(keep)])[pool.indptr].astype(np.int64)
    return Pool(indptr, pool.items[keep], pool.scores[keep], pool.ranks[keep])


@nb.njit(cache=True)
def _drop_unproposed(items: np.ndarray, order: np.ndarray, proposed: np.ndarray) -> None:
    """Mark as MISSING the items that no channel has among its first ones."""
    for i in range(len(items)):
        begin = 0
        while begin < items.shape[1]:
            item, end, some = items[i, order[i, begin]], begin, False
            while end < items.shape[1] and items[i, order[i, end]] == item:
                some |= proposed[order[i, end]]
                end += 1
            if not some:
                for p in range(begin, end):
                    items[i, order[i, p]] = MISSING
            begin = end


@nb.njit(cache=True)
def _distinct(items: np.ndarray, order: np.ndarray) -> np.ndarray:
    counts = np.zeros(len(items), dtype=np.int64)
    for i in range(len(items)):
        last = -1
        for o in order[i]:
            if items[i, o] > last:
                last = items[i, o]
                counts[i] += 1
    return counts


@nb.njit(cache=True)
def _fill(
    items: np.ndarray, scores: np.ndarray, order: np.ndarray, channel: np.ndarray, rank: np.ndarray,
    indptr: np.ndarray, out: np.ndarray, out_scores: np.ndarray, out_ranks: np.ndarray,
) -> None:  # fmt: skip
    for i in range(len(items)):
        at = indptr[i] - 1
        last = -1
        for o in order[i]:
            if items[i, o] < 0:
                continue
            if items[i, o] > last:
                last = items[i, o]
                at += 1
                out[at] = last
            out_scores[at, channel[o]] = scores[i, o]
            out_ranks[at, channel[o]] = rank[o]
