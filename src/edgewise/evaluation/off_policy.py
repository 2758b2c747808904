"""What another policy would have earned, from a log of what one policy showed and what came of it.

A log has, for each place that showed something: what it showed, the chance with which it did (its propensity), and
the reward. With `w = target's chance / propensity`, for n places:

    IPS    mean(w r)                                    unbiased, of high variance
    SNIPS  sum(c r) / sum(c), c = min(w, clip)          Swaminathan and Joachims, NeurIPS 2015; the clip is
                                                        sqrt(n) by default (Ionides, JCGS 17, 2008)
    DR     mean(q(target) + c (r - q(shown)))           Dudik, Langford, Li, ICML 2011, eq. 2; right where the
                                                        propensities or the reward model q are

Places of one page are taken as independent of each other given their position (the item-position model of Li et
al., KDD 2018); intervals resample whole users or pages. The effective sample size `sum(c)^2 / sum(c^2)` says how
many places of the log speak for the target; with too few, there is no estimate, only a refusal.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from edgewise.errors import ArgumentError
from edgewise.evaluation.bootstrap import Bootstrap, Interval
from edgewise.evaluation.statistics import mean

__all__ = ["FEWEST", "Log", "OffPolicy", "Target", "off_policy"]

#: An effective sample below this many places is refused.
FEWEST: Final = 100
#: The mean of a cell of the reward model counts as this many places of the level above it.
_PRIOR: Final = 20.0
_FOLDS: Final = 2


@dataclass(frozen=True, slots=True)
class Log:
    """What was shown at n places, and what came of it.

    `item` and `position` are codes from 0; `cluster` groups places that belong together (a user, a page).
    """

    item: Int64[np.ndarray, " n"]
    position: Int64[np.ndarray, " n"]
    propensity: Float64[np.ndarray, " n"]
    reward: Float64[np.ndarray, " n"]
    cluster: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.item)

    def check(self) -> None:
        """Refuse a log that no estimate can rest on.

        Raises:
            ArgumentError: it is empty, or a propensity is no chance, or a reward no number.
        """
        if len(self) == 0:
            raise ArgumentError("the log shows nothing", hint="let the service run for a while")
        wrong = ~((self.propensity > 0) & (self.propensity <= 1))
        if wrong.any():
            raise ArgumentError(
                f"{int(wrong.sum())} of {len(self)} propensities are no chances (above 0, at most 1)",
                hint="log the chance with which a place shows what it shows",
            )
        if not np.isfinite(self.reward).all():
            raise ArgumentError("some rewards are no numbers", hint="a place without a reward has the reward 0")


@dataclass(frozen=True, slots=True)
class Target:
    """The policy in question. `chance[i]` is the chance with which it shows at place i what the log shows there.

    `choice[i]` is what it would show there if it leaves nothing to chance, -1 where nothing of the log's items;
    `table[p, a]` its chances by position and item, if they depend on nothing else. One of the two is needed for
    DR.
    """

    chance: Float64[np.ndarray, " n"]
    choice: Int64[np.ndarray, " n"] | None = None
    table: Float64[np.ndarray, "positions items"] | None = None

    @classmethod
    def choosing(cls, log: Log, choice: Int64[np.ndarray, " n"]) -> Target:
        """A policy that shows `choice[i]` at place i."""
        return cls((choice == log.item).astype(np.float64), choice=choice)

    @classmethod
    def by_position(cls, log: Log, table: Float64[np.ndarray, "positions items"]) -> Target:
        """A policy with the same chances everywhere, by position and item."""
        return cls(table[log.position, log.item], table=table)

    def where(self, rows: Bool[np.ndarray, " n"]) -> Target:
        """The policy at some of the places."""
        return Target(self.chance[rows], None if self.choice is None else self.choice[rows], self.table)


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """The estimates, each with its interval, beside what the log itself earned (`logged`) a place."""

    places: int
    clusters: int
    matched: int
    effective: float
    clip: float
    logged: Interval
    ips: Interval
    snips: Interval
    dr: Interval | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def off_policy(
    log: Log, target: Target, *, clip: float | None = None, fewest: float = FEWEST, resamples: int = 1000,
    random_seed: int = 0,
) -> OffPolicy:  # fmt: skip
    """Estimate what a target policy would have earned a place.

    Args:
        log: what was shown and what came of it.
        target: the policy in question.
        clip: the largest weight of SNIPS and DR; by default the square root of the number of places.
        fewest: the smallest effective sample that is answered for.
        resamples: how many bootstrap resamples the intervals rest on.
        random_seed: what the resamples are drawn from.

    Raises:
        ArgumentError: a log that cannot be, or too small an effective sample.
    """
    log.check()
    weight = target.chance / log.propensity
    limit = math.sqrt(len(log)) if clip is None else clip
    clipped = np.minimum(weight, limit)
    effective = _effective(clipped)
    matched = int((weight > 0).sum())
    if effective < fewest:
        raise ArgumentError(
            f"the log says too little about this policy: {matched} of {len(log)} places show what it would show, "
            f"an effective sample of {effective:.0f} where {fewest:.0f} are needed",
            hint="explore more (a larger epsilon), log for longer, or compare in an experiment",
        )
    statistics = [mean(log.reward), mean(weight * log.reward), mean(log.reward, weight=clipped)]
    scores = _doubly_robust(log, target, clipped)
    if scores is not None:
        statistics.append(mean(scores))
    bootstrap = Bootstrap.over(log.cluster, resamples=resamples, random_seed=random_seed)
    found = bootstrap.intervals(statistics)
    return OffPolicy(
        len(log), bootstrap.clusters, matched, effective, limit, found[0], found[1], found[2],
        found[3] if scores is not None else None,
    )  # fmt: skip


def _effective(weight: Float64[np.ndarray, " n"]) -> float:
    """The effective sample size (Kish, Survey Sampling, 1965)."""
    total = float(weight.sum())
    return total * total / float(weight @ weight) if total > 0 else 0.0


def _doubly_robust(log: Log, target: Target, weight: Float64[np.ndarray, " n"]) -> np.ndarray | None:
    """The score of each place; the reward model is fitted on the other half of the clusters, so that no place
    judges itself. None where the target does not say what it would show.
    """
    if target.choice is None and target.table is None:
        return None
    scores = np.empty(len(log))
    fold = np.unique(log.cluster, return_inverse=True)[1] % _FOLDS
    for k in range(_FOLDS):
        here, there = fold == k, fold != k
        model = _RewardModel(log, there if there.any() else here)
        own = target.where(here)
        expected = model.expected(log.position[here], own)
        shown = model.of(log.position[here], log.item[here])
        scores[here] = expected + weight[here] * (log.reward[here] - shown)
    return scores


class _RewardModel:
    """The mean reward by position and item, drawn towards the position's mean, and that towards the whole's."""

    def __init__(self, log: Log, rows: Bool[np.ndarray, " n"]) -> None:
        positions, items = int(log.position.max()) + 1, int(log.item.max()) + 1
        reward, position = log.reward[rows], log.position[rows]
        whole = float(reward.mean())
        count = np.bincount(position, minlength=positions)
        place = (np.bincount(position, reward, positions) + _PRIOR * whole) / (count + _PRIOR)
        cell = position * items + log.item[rows]
        total = np.bincount(cell, reward, positions * items).reshape(positions, items)
        seen = np.bincount(cell, minlength=positions * items).reshape(positions, items)
        self._mean = (total + _PRIOR * place[:, None]) / (seen + _PRIOR)
        self._place = place

    def of(self, position: np.ndarray, item: np.ndarray) -> Float64[np.ndarray, " n"]:
        """The expected reward of items at positions; that of the position for an item of -1."""
        return np.where(item >= 0, self._mean[position, np.maximum(item, 0)], self._place[position])

    def expected(self, position: np.ndarray, target: Target) -> Float64[np.ndarray, " n"]:
        """The expected reward of what the target would show."""
        if target.choice is not None:
            return self.of(position, target.choice)
        assert target.table is not None
        value = np.einsum("pa,pa->p", target.table, self._mean[: len(target.table), : target.table.shape[1]])
        return value[position]
