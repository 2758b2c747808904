"""Maps from scores that only order to probabilities that mean what they say, chosen by cross-fitted log loss.

Fit them on scores of rows that the model did not learn from. The simplest map within one standard error of the
best wins, so that little data does not buy a wiggly curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.errors import InternalError
from edgewise.evaluation.binary import FLOOR, log_loss
from edgewise.evaluation.classes import multiclass_log_loss
from edgewise.evaluation.isotonic import isotonic

__all__ = ["Calibrator", "fit_binary", "fit_multiclass", "fit_multilabel"]

_FOLDS: Final = 5
_FEWEST: Final = 50  # labels of the rarer kind that any map but the identity needs
_FEWEST_ISOTONIC: Final = 300


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A map from probabilities to probabilities, as plain numbers.

    `kind`: identity, beta, isotonic, temperature, temperature+isotonic, or columns (one map a column).
    `losses` are the cross-fitted log losses of every kind that was tried.
    """

    kind: str
    numbers: dict[str, list[float]]
    losses: dict[str, float]
    columns: tuple[Calibrator, ...] = ()

    def __call__(self, probability: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
        """Calibrated probabilities of the same shape: [n] for a binary map, [n, c] for the others.

        Raises:
            InternalError: a kind that this version does not know.
        """
        p = np.asarray(probability, dtype=np.float64)
        if self.kind == "identity":
            return p
        if self.kind == "beta":
            return _beta(p, np.asarray(self.numbers["abc"]))
        if self.kind == "isotonic":
            return np.interp(p, self.numbers["x"], self.numbers["y"])
        if self.kind == "temperature":
            return _tempered(p, self.numbers["temperature"][0])
        if self.kind == "temperature+isotonic":
            tempered = _tempered(p, self.numbers["temperature"][0])
            return _normalised(np.stack([m(tempered[:, c]) for c, m in enumerate(self.columns)], axis=1))
        if self.kind == "columns":
            return np.stack([m(p[:, c]) for c, m in enumerate(self.columns)], axis=1)
        raise InternalError(f"there is no calibration '{self.kind}'")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "kind": self.kind,
            "numbers": self.numbers,
            "losses": self.losses,
            "columns": [c.to_json() for c in self.columns],
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Calibrator:
        """The inverse of `to_json`."""
        return cls(
            found["kind"], found["numbers"], found["losses"], tuple(cls.from_json(c) for c in found["columns"])
        )


def fit_binary(
    positive: Float64[np.ndarray, " n"],
    probability: Float64[np.ndarray, " n"],
    *,
    groups: Int64[np.ndarray, " n"] | None = None,
    random_seed: int = 0,
) -> Calibrator:
    """Identity, beta or isotonic for a yes or no. `groups` (entities) never straddle two folds."""
    rare = int(min(positive.sum(), len(positive) - positive.sum()))
    fits: dict[str, Callable[[np.ndarray, np.ndarray], Calibrator]] = {"identity": _fit_identity}
    if rare >= _FEWEST:
        fits["beta"] = _fit_beta
    if rare >= _FEWEST_ISOTONIC:
        fits["isotonic"] = _fit_isotonic
    return _choose(fits, log_loss, positive, probability, groups, random_seed)


def fit_multiclass(
    target: Int64[np.ndarray, " n"],
    probability: Float64[np.ndarray, "n c"],
    *,
    groups: Int64[np.ndarray, " n"] | None = None,
    random_seed: int = 0,
) -> Calibrator:
    """Identity, a temperature, or a temperature and an isotonic map per class, normalised.

    Rows whose class is MISSING teach nothing and are left out.
    """
    known = target >= 0
    fits: dict[str, Callable[[np.ndarray, np.ndarray], Calibrator]] = {"identity": _fit_identity}
    if known.sum() >= _FEWEST:
        fits["temperature"] = _fit_temperature
    if known.any() and np.bincount(target[known], minlength=probability.shape[1]).min() >= _FEWEST_ISOTONIC:
        fits["temperature+isotonic"] = _fit_temperature_isotonic
    return _choose(
        fits,
        multiclass_log_loss,
        target[known],
        probability[known],
        None if groups is None else groups[known],
        random_seed,
    )


def fit_multilabel(
    truth: np.ndarray,
    probability: Float64[np.ndarray, "n c"],
    *,
    groups: Int64[np.ndarray, " n"] | None = None,
    random_seed: int = 0,
) -> Calibrator:
    """A binary map for each class of its own. `truth` is a table of true and false (see `membership`)."""
    maps = tuple(
        fit_binary(truth[:, c].astype(np.float64), probability[:, c], groups=groups, random_seed=random_seed)
        for c in range(probability.shape[1])
    )
    return Calibrator("columns", {}, {}, maps)


def _choose(
    fits: dict[str, Callable[[np.ndarray, np.ndarray], Calibrator]],
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray],
    target: np.ndarray,
    probability: np.ndarray,
    groups: np.ndarray | None,
    random_seed: int,
) -> Calibrator:
    """The first kind of `fits` whose cross-fitted loss is within one standard error of the best."""
    fold = _folds(len(target), groups, random_seed)
    per_row: dict[str, np.ndarray] = {}
    for kind, fit in fits.items():
        losses = np.zeros(len(target))
        for f in range(_FOLDS):
            held = fold == f
            if held.any() and not held.all():
                losses[held] = loss(target[held], fit(target[~held], probability[~held])(probability[held]))
        per_row[kind] = losses
    means = {kind: float(v.mean()) if len(v) else 0.0 for kind, v in per_row.items()}
    best = min(means, key=lambda kind: means[kind])
    for kind, fit in fits.items():
        gap = per_row[kind] - per_row[best]
        error = gap.std() / np.sqrt(max(len(gap), 1))
        if kind == best or means[kind] - means[best] <= error:
            chosen = fit(target, probability)
            return Calibrator(chosen.kind, chosen.numbers, means, chosen.columns)
    raise InternalError("no calibration was chosen")


def _folds(n: int, groups: np.ndarray | None, random_seed: int) -> Int64[np.ndarray, " n"]:
    ids = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    of_group = np.random.default_rng(random_seed).permutation(int(ids.max()) + 1 if n else 0) % _FOLDS
    return of_group[ids]


def _fit_identity(target: np.ndarray, probability: np.ndarray) -> Calibrator:
    return Calibrator("identity", {}, {})


def _fit_isotonic(positive: np.ndarray, probability: np.ndarray) -> Calibrator:
    """Isotonic, kept half an observation away from 0 and 1."""
    x, y = isotonic(probability, positive.astype(np.float64))
    least = 0.5 / (len(positive) + 1)
    return Calibrator("isotonic", {"x": x.tolist(), "y": np.clip(y, least, 1 - least).tolist()}, {})


def _fit_beta(positive: np.ndarray, probability: np.ndarray) -> Calibrator:
    """logit = a ln p - b ln(1 - p) + c with a, b >= 0 (Kull, Silva Filho and Flach, AISTATS 2017)."""
    columns = _beta_columns(probability)
    kept = [0, 1]
    while True:
        found = _logistic(columns[:, [*kept, 2]], positive)
        bad = [k for k, slope in zip(kept, found, strict=False) if slope < 0]
        if not bad:
            break
        kept = [k for k in kept if k not in bad[:1]]
    abc = np.zeros(3)
    abc[[*kept, 2]] = found
    return Calibrator("beta", {"abc": abc.tolist()}, {})


def _fit_temperature(target: np.ndarray, probability: np.ndarray) -> Calibrator:
    """softmax(log p / T), T by golden-section search over log T (Guo et al., ICML 2017)."""
    low, high = np.log(0.05), np.log(20.0)
    step = (np.sqrt(5) - 1) / 2

    def cost(log_t: float) -> float:
        return float(multiclass_log_loss(target, _tempered(probability, float(np.exp(log_t)))).mean())

    left, right = high - step * (high - low), low + step * (high - low)
    at_left, at_right = cost(left), cost(right)
    for _ in range(40):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - step * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + step * (high - low)
            at_right = cost(right)
    return Calibrator("temperature", {"temperature": [float(np.exp((low + high) / 2))]}, {})


def _fit_temperature_isotonic(target: np.ndarray, probability: np.ndarray) -> Calibrator:
    temperature = _fit_temperature(target, probability).numbers["temperature"]
    tempered = _tempered(probability, temperature[0])
    columns = tuple(
        _fit_isotonic((target == c).astype(np.float64), tempered[:, c]) for c in range(tempered.shape[1])
    )
    return Calibrator("temperature+isotonic", {"temperature": temperature}, {}, columns)


def _beta_columns(p: np.ndarray) -> Float64[np.ndarray, "n 3"]:
    p = np.clip(p, FLOOR, 1 - FLOOR)
    return np.stack([np.log(p), -np.log1p(-p), np.ones_like(p)], axis=-1)


def _beta(p: np.ndarray, abc: np.ndarray) -> Float64[np.ndarray, "..."]:
    return _sigmoid(_beta_columns(p) @ abc)


def _sigmoid(z: np.ndarray) -> Float64[np.ndarray, "..."]:
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def _logistic(x: Float64[np.ndarray, "n p"], y: np.ndarray) -> Float64[np.ndarray, " p"]:
    """Logistic regression by Newton's method with a whisper of ridge, so that separable data has an answer."""
    beta = np.zeros(x.shape[1])
    ridge = 1e-3 * np.eye(x.shape[1])

    def cost(b: np.ndarray) -> float:
        return float(np.logaddexp(0.0, x @ b).sum() - y @ (x @ b) + 0.5 * b @ ridge @ b)

    now = cost(beta)
    for _ in range(50):
        p = _sigmoid(x @ beta)
        gradient = x.T @ (y - p) - ridge @ beta
        curvature = (x * (p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(curvature, gradient)
        while cost(beta + step) > now and np.abs(step).max() > 1e-10:
            step = step / 2
        beta, before, now = beta + step, now, cost(beta + step)
        if before - now < 1e-9 * max(abs(now), 1.0):
            break
    return beta


def _tempered(p: Float64[np.ndarray, "n c"], temperature: float) -> Float64[np.ndarray, "n c"]:
    z = np.log(np.clip(p, FLOOR, 1.0)) / temperature
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


def _normalised(p: Float64[np.ndarray, "n c"]) -> Float64[np.ndarray, "n c"]:
    return p / p.sum(axis=1, keepdims=True)
