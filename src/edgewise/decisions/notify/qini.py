"""How well scores put those first whom a message moves: the Qini curve of a randomised trial.

With the n people of a trial in falling order of a score, sent to with chance e each,

    gain(k) = sum over the first k of  y (D - e) / (e (1 - e)) / n

is without bias what sending to the first k brings, a person of the trial (transformed outcome: Athey and Imbens,
2015). The outcome is taken less its mean, which changes nothing on average and lowers the variance. The Qini
coefficient is the area between the curve and the straight line of sending to as many by chance (Radcliffe, 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.evaluation.bootstrap import Bootstrap, Interval, interval

__all__ = ["Qini", "qini", "qini_curve"]


@dataclass(frozen=True, slots=True)
class Qini:
    """The coefficient of each score, and the differences of each later one from the first, paired."""

    coefficients: tuple[Interval, ...]
    above_first: tuple[Interval, ...]


def gains(
    outcome: Float64[np.ndarray, " n"], sent: np.ndarray, chance: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """The transformed outcome: on average what a message brings to each person."""
    return (outcome - outcome.mean()) * (sent - chance) / (chance * (1.0 - chance))


def qini_curve(
    score: Float64[np.ndarray, " n"], gain: Float64[np.ndarray, " n"], points: int = 20
) -> tuple[Float64[np.ndarray, " points_plus_1"], Float64[np.ndarray, " points_plus_1"]]:
    """Shares of people sent to, and the gain a person of the trial; ties are taken in the order given."""
    order = np.argsort(-score, kind="stable")
    upto = np.concatenate([[0.0], np.cumsum(gain[order])]) / len(gain)
    at = np.linspace(0, len(gain), points + 1).astype(np.int64)
    return at / len(gain), upto[at]


def qini(
    scores: Sequence[Float64[np.ndarray, " n"]],
    outcome: Float64[np.ndarray, " n"],
    sent: np.ndarray,
    chance: Float64[np.ndarray, " n"],
    *,
    cluster: Int64[np.ndarray, " n"] | None = None,
    resamples: int = 1000,
    random_seed: int = 0,
) -> Qini:
    """Qini coefficients with bootstrap intervals; the same resamples for every score.

    Args:
        scores: a score each by several models; higher means sent to sooner.
        outcome: what was measured.
        sent: whether each was sent to.
        chance: with which chance.
        cluster: who belongs together and is drawn together; by default everyone alone.
        resamples: how many resamples.
        random_seed: what they are drawn from, and the order of ties.
    """
    gain = gains(outcome, sent, chance)
    cluster = np.arange(len(gain)) if cluster is None else cluster
    boot = Bootstrap.over(cluster, resamples=resamples, random_seed=random_seed)
    shuffled = np.random.default_rng(random_seed).permutation(len(gain))
    orders = [shuffled[np.argsort(-np.asarray(s)[shuffled], kind="stable")] for s in scores]
    everyone = np.ones(len(gain))
    values = np.array([_area(gain[o], everyone) for o in orders])
    draws = np.empty((len(scores), boot.resamples))
    for b in range(boot.resamples):
        weight = boot.counts[b][boot.cluster].astype(np.float64)
        for i, order in enumerate(orders):
            draws[i, b] = _area(gain[order], weight[order])
    found = tuple(interval(float(v), d) for v, d in zip(values, draws, strict=True))
    above = tuple(interval(float(values[i] - values[0]), draws[i] - draws[0]) for i in range(1, len(scores)))
    return Qini(found, above)


def _area(gain: Float64[np.ndarray, " n"], weight: Float64[np.ndarray, " n"]) -> float:
    """Between the curve and the straight line, in gain a person; people count `weight` times."""
    total = weight.sum()
    upto = np.cumsum(weight * gain) / total
    return float((weight @ upto) / total - upto[-1] / 2)
