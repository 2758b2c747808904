"""How much of what came true each candidate channel reached, alone and beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from numba import njit

from edgewise.errors import InternalError
from edgewise.tasks.nouns import Labels, Ragged

__all__ = ["ChannelRecall", "channel_recall"]


@dataclass(frozen=True, slots=True)
class ChannelRecall:
    """One channel. `recall`: share of all label items among its candidates; `only`: share that no other channel
    reached; `candidates`: mean number per seed. The row named "all channels" is their union.
    """

    channel: str
    recall: float
    only: float
    candidates: float


def channel_recall(labels: Labels, candidates: Mapping[str, Ragged]) -> tuple[ChannelRecall, ...]:
    """The recall of each channel's candidate lists (one list a seed, any order), the union first.

    Every label item counts, MISSING ones and those of seeds without candidates included.

    Raises:
        InternalError: no ranking, or more or fewer lists than labels.
    """
    target = labels.target
    if not isinstance(target, Ragged) or any(len(c) != len(labels) for c in candidates.values()):
        raise InternalError("candidates are one list for each label list of a ranking")
    if not candidates:
        return ()
    reached = np.stack([_reached(target, lists) for lists in candidates.values()])
    times, total = reached.sum(axis=0), max(len(target.values), 1)
    seeds = max(len(labels), 1)
    rows = [
        ChannelRecall(name, float(own.sum() / total), float((own & (times == 1)).sum() / total), size / seeds)
        for (name, own), size in zip(
            zip(candidates, reached, strict=True), (len(c.values) for c in candidates.values()), strict=True
        )
    ]
    everything = ChannelRecall(
        "all channels", float((times > 0).sum() / total), float("nan"), _distinct(candidates) / seeds
    )
    return (everything, *sorted(rows, key=lambda r: -r.recall))


def _distinct(candidates: Mapping[str, Ragged]) -> int:
    owner = np.concatenate([np.repeat(np.arange(len(c)), c.lengths) for c in candidates.values()])
    value = np.concatenate([c.values for c in candidates.values()])
    order = np.lexsort((value, owner))
    owner, value = owner[order], value[order]
    return int(len(owner) > 0) + int(((owner[1:] != owner[:-1]) | (value[1:] != value[:-1])).sum())


def _reached(target: Ragged, lists: Ragged) -> Bool[np.ndarray, " total"]:
    owner = np.repeat(np.arange(len(lists)), lists.lengths)
    ordered = lists.values[np.lexsort((lists.values, owner))]
    return _found(target.indptr, target.values, lists.indptr, ordered)


@njit(cache=True)
def _found(indptr: np.ndarray, values: np.ndarray, list_ptr: np.ndarray, lists: np.ndarray) -> np.ndarray:
    found = np.zeros(len(values), dtype=np.bool_)
    for i in range(len(indptr) - 1):
        own = lists[list_ptr[i] : list_ptr[i + 1]]
        for j in range(indptr[i], indptr[i + 1]):
            at = np.searchsorted(own, values[j])
            found[j] = values[j] >= 0 and at < len(own) and own[at] == values[j]
    return found
