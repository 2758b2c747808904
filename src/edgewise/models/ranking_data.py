"""Which seeds a ranking model learns from, and their tables, anchor by anchor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.ranking_setup import Setup, links_of, moments_of, ranking_target
from edgewise.models.ranking_tables import RankingTable, joined, make_table, parted
from edgewise.tasks.nouns import Labels, Ragged, TaskSpec

__all__ = ["HeldOut", "TableCache", "hidden_share", "hold_out", "latest_anchors"]

#: Seeds whose pools are made at once.
SEEDS_AT_ONCE = 2048


def latest_anchors(labels: Labels, anchors: int, most: int, random_seed: int) -> Labels:
    """The seeds of the latest anchors with any label, at most `most` of them, drawn evenly."""
    some = np.flatnonzero(ranking_target(labels).lengths > 0)
    moments = np.unique(labels.seeds.at[some])[-anchors:]
    chosen = some[np.isin(labels.seeds.at[some], moments)]
    if len(np.unique(labels.seeds.at[some])) > 4 * anchors and len(chosen) < most:
        chosen = some[np.argsort(-labels.seeds.at[some], kind="stable")][:most]  # every seed has its own anchor
    if len(chosen) > most:
        chosen = np.sort(np.random.default_rng(random_seed).choice(chosen, most, replace=False))
    return labels.take(np.sort(chosen))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Links of a static task parted in two: `known` may be read, `labels` are to be found."""

    known: Meetings
    labels: Labels


def hold_out(spec: TaskSpec, labels: Labels, share: float, random_seed: int, last: bool = False) -> HeldOut:
    """Hide a share of each entity's links, at random or the `last`: in a static task the links are the labels."""
    target = ranking_target(labels)
    if last:
        lengths = np.repeat(target.lengths, target.lengths)
        place = np.arange(len(target.values)) - np.repeat(target.indptr[:-1], target.lengths)
        hidden = (lengths > 1) & (place >= lengths - np.maximum(1, np.rint(share * lengths)))
    else:
        hidden = np.random.default_rng(random_seed).random(len(target.values)) < share
    return HeldOut(
        links_of(spec, Labels(labels.seeds, part(target, ~hidden))), Labels(labels.seeds, part(target, hidden))
    )


def hidden_share(train: Labels, valid: Labels) -> float:
    """The share of links that validation hides from training, so that training can hide as many from itself."""
    known, hidden = len(ranking_target(train).values), len(ranking_target(valid).values)
    return float(np.clip(hidden / max(known + hidden, 1), 0.05, 0.3))


def part(target: Ragged, keep: np.ndarray) -> Ragged:
    """The lists with only the entries where `keep` is true."""
    indptr = np.concatenate([[0], np.cumsum(keep)])[target.indptr].astype(np.int64)
    return Ragged(indptr, target.values[keep])


class TableCache:
    """Tables of the anchors learnt from last, so that a refit need not make them again.

    They are parts of the joined table that was given out: kept beside it they would take its memory once more.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, bytes], RankingTable] = {}

    def tables(
        self, setup: Setup, asof: AsOf, channels: list[Channel], labels: Labels, share: float, random_seed: int
    ) -> RankingTable:
        """One joined table, with the seeds in the order of their anchors (see `in_order`)."""
        target = ranking_target(labels)
        at = moments_of(setup, labels.seeds)
        made, keys = [], []
        for moment, here in _batches(at // setup.block):
            block = labels.take(here)
            keys.append((moment, block.seeds.rows.tobytes() + block.seeds.at.tobytes()))
            table = self._kept.get(keys[-1])
            if table is None or table.share != share:
                wanted = target.take(here)
                table = make_table(setup, asof, channels, block.seeds.rows, at[here], wanted, share, random_seed)
            made.append(table)
        whole, lengths = joined(made), [len(table) for table in made]
        if share < 1.0 and not setup.static:
            self._kept = dict(zip(keys, parted(whole, lengths), strict=True))
        return whole

    @staticmethod
    def in_order(setup: Setup, labels: Labels) -> Labels:
        """Labels in the order that `tables` keeps."""
        return labels.take(np.argsort(moments_of(setup, labels.seeds) // setup.block, kind="stable"))

    def clear(self) -> None:
        """Forget all tables."""
        self._kept.clear()


def _batches(block_of: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """The positions of each block's seeds, in order, not too many at once."""
    found = []
    for moment in np.unique(block_of):
        here = np.flatnonzero(block_of == moment)
        parts = np.array_split(here, max(1, -(-len(here) // SEEDS_AT_ONCE)))
        found += [(int(moment), part) for part in parts]
    return found
