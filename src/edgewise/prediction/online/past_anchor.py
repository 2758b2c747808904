"""Probabilities from a past anchor: what a ranking would have proposed one horizon ago, and what came true."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int64

from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.ranker_mix import Mix, mixed
from edgewise.models.ranking_lists import positives
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_tables import make_table
from edgewise.prediction.online.calibrate import Curve, activity, fit_curve, signs
from edgewise.prediction.online.trees import PackedTrees
from edgewise.tasks.nouns import Ragged, TaskSpec

__all__ = ["curve_of", "met_between"]

#: People of whom probabilities are learnt.
PEOPLE = 1000


def curve_of(
    world: AsOf, setup: Setup, channels: list[Channel], spec: TaskSpec, trees: PackedTrees,
    columns: tuple[int, ...], mix: Mix, moment: int,
) -> tuple[Curve | None, dict[str, Any]]:  # fmt: skip
    """The curve of a ranking's probabilities, and a few facts; None where the past is too short to tell.

    The trees may have learnt from this anchor's labels, so probabilities lean to the high side.
    """
    at = moment - spec.start - spec.horizon
    history = world.history
    seen = np.unique(history.left[history.at <= at])
    if setup.static or spec.horizon <= 0 or len(seen) == 0:
        return None, {}
    rows = np.sort(np.random.default_rng(0).permutation(seen)[:PEOPLE]).astype(np.int64)
    moments = np.full(len(rows), at, dtype=np.int64)
    table = make_table(setup, world, channels, rows, moments)
    scored = trees.predict(table.features[:, list(columns)])
    scores = mixed(mix, table, scored, np.zeros(len(scored), dtype=np.float32))
    came = positives(table.pool, met_between(history, rows, at + spec.start, moment))
    rank = _ranks(table.pool.indptr, scores)
    active = activity(world, rows, moments)[table.pool.seed_of]
    curve = fit_curve(signs(scores, rank, active), came)
    facts = {"anchor": at, "people": len(rows), "came true": int(came.sum()), "candidates": len(came)}
    return curve, facts


def met_between(history: Meetings, rows: Int64[np.ndarray, " n"], after: int, until: int) -> Ragged:
    """The distinct items that each entity met in (after, until]; `rows` ascend."""
    there = (history.at > after) & (history.at <= until) & (history.right >= 0) & np.isin(history.left, rows)
    place = np.searchsorted(rows, history.left[there])
    width = int(history.right.max(initial=0)) + 1
    pairs = np.unique(place * width + history.right[there].astype(np.int64))
    indptr = np.searchsorted(pairs // width, np.arange(len(rows) + 1)).astype(np.int64)
    return Ragged(indptr, pairs % width)


def _ranks(indptr: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Each candidate's place in its list, from 1."""
    seed = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    order = np.lexsort((-scores, seed))
    rank = np.empty(len(scores))
    rank[order] = np.arange(len(scores)) - indptr[seed[order]] + 1
    return rank
