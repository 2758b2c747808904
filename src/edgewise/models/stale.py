"""Learning to answer from data that ends long before the anchor.

A table of labels may ask about anchors that lie months or years after the last row (a database frozen at a cut).
Trained on fresh data, a model then meets states of an age that it has never seen. So each label is learned from
several times, each time with the data ending at another moment before its anchor.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from edgewise.tasks.nouns import Labels, Seeds, TaskSpec

__all__ = ["as_stale", "copies_of"]

#: How many endings of the data each label is learned from.
COPIES: Final = 6


def copies_of(spec: TaskSpec) -> int:
    """How many times each label is learned from."""
    return COPIES if spec.staleness > 0 else 1


def as_stale(spec: TaskSpec, labels: Labels, random_seed: int) -> Labels:
    """Labels of a task that is asked of stale data: each several times, its data ending before the anchor.

    The endings are spread evenly over `spec.staleness`, one drawn at random in each part; the copies share the
    label's weight. Labels of other tasks stay as they are.
    """
    if spec.staleness <= 0:
        return labels
    seeds = labels.seeds
    share = (np.arange(COPIES) + np.random.default_rng(random_seed).random((len(labels), COPIES))) / COPIES
    every = np.repeat(np.arange(len(labels)), COPIES)
    known = seeds.at[every] - (share.reshape(-1) * spec.staleness).astype(np.int64)
    copied = labels.take(every)
    weight = np.ones(len(every)) if copied.weight is None else copied.weight
    return Labels(Seeds(seeds.table, seeds.rows[every], seeds.at[every], known), copied.target, weight / COPIES)
