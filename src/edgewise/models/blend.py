"""How two members become one answer, chosen on rows that neither has learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.evaluation.calibration import Calibrator, fit_binary, fit_multiclass, fit_multilabel
from edgewise.evaluation.conformal import QuantileOffset, fit_quantile_offset
from edgewise.models.scale import Scale
from edgewise.models.targets import Family

__all__ = ["Blend", "Offsets", "calibrate", "choose_blend", "loss_of", "mixture", "steadied"]

#: The shares of the graph network that are tried.
SHARES: Final = tuple(i / 10 for i in range(11))
#: The shares of a steady level that are tried.
STEADY: Final = (0.0, 0.125, 0.25, 0.375, 0.5)
#: More classes than this are not calibrated one by one.
MANY_CLASSES: Final = 50
EDGE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Blend:
    """The graph network's share; `losses` is the loss on the choosing rows by share.

    Numbers lean on a steady level, the mean of the entity's own past: `steady` is its share, `level` which one.
    """

    share: float
    losses: dict[str, float]
    steady: float = 0.0
    level: int = 0
    steady_losses: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    def __call__(
        self, family: Family, trees: Float64[np.ndarray, "..."], net: Float64[np.ndarray, "..."]
    ) -> Float64[np.ndarray, "..."]:
        """Numbers are mixed as they are, probabilities as log-odds or logarithms."""
        return mixture(family, trees, net, self.share)

    def calmed(
        self, score: Float64[np.ndarray, "n outputs"], levels: Float64[np.ndarray, "n levels"]
    ) -> Float64[np.ndarray, "n outputs"]:
        """The score drawn to the steady level, where that is known."""
        level = levels[:, self.level : self.level + 1]
        return np.where(np.isfinite(level), (1 - self.steady) * score + self.steady * level, score)


@dataclass(frozen=True, slots=True)
class Offsets:
    """What the outer quantiles are moved by, in the scale that the model learns in."""

    scale: Scale
    offset: QuantileOffset

    def __call__(
        self, quantiles: dict[float, Float64[np.ndarray, "n outputs"]], value: Float64[np.ndarray, "n outputs"]
    ) -> dict[float, Float64[np.ndarray, "n outputs"]]:
        """Shifted quantiles around the value, none crossing it."""
        moved = self.offset({q: self.scale.to(v) for q, v in quantiles.items() if q != 0.5})
        out = {0.5: value}
        for q, v in moved.items():
            back = self.scale.back(v)
            out[q] = np.minimum(back, value) if q < 0.5 else np.maximum(back, value)
        return {q: out[q] for q in sorted(out)}

    @classmethod
    def fit(
        cls,
        scale: Scale,
        y: Float64[np.ndarray, "n outputs"],
        quantiles: dict[float, Float64[np.ndarray, "n outputs"]],
    ) -> Offsets:
        """Conformal offsets from held-out rows."""
        outer = {q: scale.to(v) for q, v in quantiles.items() if q != 0.5}
        return cls(scale, fit_quantile_offset(scale.to(y), outer))


def choose_blend(
    family: Family,
    y: Float64[np.ndarray, "n outputs"],
    weight: Float64[np.ndarray, " n"],
    trees: Float64[np.ndarray, "n outputs"],
    net: Float64[np.ndarray, "n outputs"],
) -> Blend:
    """The share with the lowest loss: absolute error for numbers, log loss for the rest."""
    losses = {f"{s:.1f}": loss_of(family, y, weight, mixture(family, trees, net, s)) for s in SHARES}
    best = min(SHARES, key=lambda s: (losses[f"{s:.1f}"], s))
    return Blend(best, losses)


def steadied(
    blend: Blend,
    y: Float64[np.ndarray, "n outputs"],
    weight: Float64[np.ndarray, " n"],
    score: Float64[np.ndarray, "n outputs"],
    levels: Float64[np.ndarray, "n levels"],
    at: Int64[np.ndarray, " n"],
) -> Blend:
    """The blend with the largest share of a steady level whose loss is no worse than the best, give or take.

    Give or take is one standard error of the difference over anchors (the one-standard-error rule: Breiman et al.
    1984, section 3.4.3): of answers that differ by chance, the one that moves least with the last few weeks.
    """
    moments, position = np.unique(at, return_inverse=True)
    if len(moments) < 2 or not np.isfinite(levels).any():
        return blend
    trials = [replace(blend, steady=s, level=j) for s in STEADY for j in range(levels.shape[1])]
    count = np.bincount(position, weights=weight)
    loss = [
        np.bincount(position, weights=weight * np.abs(y - trial.calmed(score, levels)).mean(axis=1)) / count
        for trial in trials
    ]  # by trial and anchor
    means = [float(each.mean()) for each in loss]
    best = int(np.argmin(means))
    near = [
        i for i, each in enumerate(loss)
        if (each - loss[best]).mean() <= (each - loss[best]).std(ddof=1) / np.sqrt(len(moments))
    ]  # fmt: skip
    chosen = max(near, key=lambda i: (trials[i].steady, -means[i]))
    told = {
        f"{s:.2f}": min(m for m, t in zip(means, trials, strict=True) if t.steady == s) for s in STEADY
    }  # fmt: skip
    return replace(trials[chosen], steady_losses=told)


def calibrate(
    family: Family,
    y: Float64[np.ndarray, "n outputs"],
    probability: Float64[np.ndarray, "n outputs"],
    entities: Int64[np.ndarray, " n"],
) -> Calibrator | None:
    """A map to probabilities that mean what they say; None where there is nothing to calibrate."""
    if family is Family.NUMBERS or len(y) == 0:
        return None
    if family is Family.BINARY:
        return fit_binary(y[:, 0], probability[:, 0], groups=entities)
    if family is Family.CLASSES:
        return fit_multiclass(y[:, 0].astype(np.int64), probability, groups=entities)
    if y.shape[1] > MANY_CLASSES:
        return None
    return fit_multilabel(y > 0, probability, groups=entities)


def mixture(family: Family, trees: np.ndarray, net: np.ndarray, share: float) -> np.ndarray:
    """Two answers as one, the second with a share: probabilities as log-odds or logarithms."""
    if family is Family.NUMBERS:
        return (1 - share) * trees + share * net
    a, b = np.clip(trees, EDGE, 1 - EDGE), np.clip(net, EDGE, 1 - EDGE)
    if family is Family.CLASSES:
        mixed = np.exp((1 - share) * np.log(a) + share * np.log(b))
        return mixed / mixed.sum(axis=1, keepdims=True)
    odds = (1 - share) * (np.log(a) - np.log1p(-a)) + share * (np.log(b) - np.log1p(-b))
    return 1.0 / (1.0 + np.exp(-odds))


def loss_of(family: Family, y: np.ndarray, weight: np.ndarray, score: np.ndarray) -> float:
    """The mean loss by weight: absolute error for numbers, log loss for the rest."""
    if len(y) == 0:
        return 0.0
    if family is Family.NUMBERS:
        losses = np.abs(y - score).mean(axis=1)
    elif family is Family.CLASSES:
        picked = np.take_along_axis(score, np.maximum(y, 0).astype(np.int64), axis=1)[:, 0]
        losses = np.where(y[:, 0] >= 0, -np.log(np.clip(picked, EDGE, 1)), 0.0)
    else:
        p = np.clip(score, EDGE, 1 - EDGE)
        losses = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=1)
    return float(np.average(losses, weights=weight))
