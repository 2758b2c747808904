"""Arrays of scores as predictions, by kind of task."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from edgewise.ids import MISSING
from edgewise.models.targets import Family, family_of
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, Prediction, Ranked, TaskSpec

__all__ = ["answer"]


def answer(
    spec: TaskSpec,
    score: Float64[np.ndarray, "n outputs"],
    quantiles: dict[float, Float64[np.ndarray, "n outputs"]] | None = None,
    k: int | None = None,
) -> Prediction:
    """Scores as the prediction of the task's kind.

    `score` holds probabilities ([n, 1] of true; [n, classes]) or values ([n, timeframes]).
    """
    family = family_of(spec)
    if family is Family.NUMBERS:
        flat = spec.kind is not TaskKind.FORECASTING
        found = {level: q[:, 0] if flat else q for level, q in (quantiles or {}).items()}
        return Estimated(score[:, 0] if flat else score, found)
    if family is Family.BINARY:
        true = np.clip(score[:, 0], 0.0, 1.0)
        return Classified(np.stack([1.0 - true, true], axis=1))
    if spec.kind is TaskKind.MULTILABEL_RANKING:
        return _best(score, k or spec.k)
    if family is Family.CLASSES:
        score = score / np.maximum(score.sum(axis=1, keepdims=True), 1e-12)
    return Classified(np.clip(score, 0.0, 1.0))


def _best(score: Float64[np.ndarray, "n classes"], k: int) -> Ranked:
    """The k best classes of each seed; equal scores stand in the order of the classes."""
    n, classes = score.shape
    order = np.argsort(-score, axis=1, kind="stable")[:, :k].astype(np.int64)
    items = np.full((n, k), MISSING, dtype=np.int64)
    scores = np.full((n, k), -np.inf, dtype=np.float32)
    items[:, : min(k, classes)] = order
    scores[:, : min(k, classes)] = np.take_along_axis(score, order, axis=1)
    return Ranked(items, scores)
