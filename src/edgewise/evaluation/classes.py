"""Probabilities over classes against what came true: one class a seed (multiclass) or several (multilabel).

A class outside the vocabulary is MISSING in the labels: no prediction can be right there, and it counts so.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from edgewise.evaluation.binary import FLOOR
from edgewise.evaluation.reliability import calibration_error
from edgewise.evaluation.statistics import Macro, Moments, Ordered, Statistic, auroc, average_precision, mean
from edgewise.ids import MISSING
from edgewise.tasks.nouns import Ragged

__all__ = ["MOST_CLASSES", "membership", "multiclass_log_loss", "multiclass_statistics", "multilabel_statistics"]

#: Averages of one curve a class are taken over at most so many classes, the most frequent ones.
MOST_CLASSES: Final = 100


def multiclass_log_loss(
    target: Int64[np.ndarray, " n"], probability: Float64[np.ndarray, "n c"]
) -> Float64[np.ndarray, " n"]:
    """-log p(class that came true), in nats, with p cut at 1e-7; a MISSING class has p = 0."""
    known = target != MISSING
    p = probability[np.arange(len(target)), np.where(known, target, 0)]
    return -np.log(np.clip(np.where(known, p, 0.0), FLOOR, 1.0))


def multiclass_statistics(
    target: Int64[np.ndarray, " n"],
    probability: Float64[np.ndarray, "n c"],
    weight: Float64[np.ndarray, " n"] | None = None,
) -> dict[str, Statistic]:
    """The multiclass metrics by key.

    accuracy = share of argmax p = y; macro F1 = mean over classes that occur or are predicted of
    2 TP / (2 TP + FP + FN) (Opitz and Burst, 2019); AUROC = mean of one against the rest (Hand and Till, 2001,
    in its one-against-rest form); ECE of the top class (Guo et al., ICML 2017) over equal-mass bins.
    """
    chosen = probability.argmax(axis=1)
    right = chosen == target
    truth = target[:, None] == np.arange(probability.shape[1])
    guess = chosen[:, None] == np.arange(probability.shape[1])
    return {
        "accuracy": mean(right.astype(np.float64), weight=weight),
        "macro_f1": _f1(truth, guess, (target == MISSING).astype(np.float64), weight, macro=True),
        "log_loss": mean(multiclass_log_loss(target, probability), weight=weight),
        "macro_auroc": _macro("auroc", truth, probability, weight),
        "ece": calibration_error(right.astype(np.float64), probability.max(axis=1), weight=weight),
    }


def multilabel_statistics(
    target: Ragged, probability: Float64[np.ndarray, "n c"], weight: Float64[np.ndarray, " n"] | None = None
) -> dict[str, Statistic]:
    """The multilabel metrics by key; a class is predicted where its probability is above one half.

    F1 over all decisions (micro) and averaged over classes (macro); average precision and AUROC averaged over
    the classes that occur (Zhang and Zhou, IEEE TKDE 26, 2014).
    """
    truth = membership(target, probability.shape[1])
    guess = probability > 0.5
    unknown = target.values == MISSING
    lost = np.add.reduceat(np.append(unknown, False).astype(np.int64), target.indptr[:-1]) * (target.lengths > 0)
    lost = lost.astype(np.float64)
    return {
        "macro_map": _macro("average_precision", truth, probability, weight),
        "macro_auroc": _macro("auroc", truth, probability, weight),
        "micro_f1": _f1(truth, guess, lost, weight, macro=False),
        "macro_f1": _f1(truth, guess, lost, weight, macro=True),
    }


def membership(target: Ragged, classes: int) -> Bool[np.ndarray, "n c"]:
    """Label lists as a table of true and false; MISSING classes have no column."""
    table = np.zeros((len(target), classes), dtype=bool)
    owner = np.repeat(np.arange(len(target)), target.lengths)
    known = target.values != MISSING
    table[owner[known], target.values[known]] = True
    return table


def _macro(kind: str, truth: np.ndarray, probability: np.ndarray, weight: np.ndarray | None) -> Macro:
    curve = auroc if kind == "auroc" else average_precision
    frequency = truth.sum(axis=0)
    order = np.argsort(-frequency, kind="stable")[:MOST_CLASSES]
    members: tuple[Ordered, ...] = tuple(
        curve(truth[:, c], probability[:, c], weight) for c in order if frequency[c] > 0
    )
    return Macro(members, len(truth))


def _f1(
    truth: np.ndarray, guess: np.ndarray, lost: np.ndarray, weight: np.ndarray | None, *, macro: bool
) -> Moments:
    """F1 from true positives and errors (false positives + false negatives) per class; `lost` is a class more."""
    weight = np.ones(len(truth)) if weight is None else weight
    hits = (truth & guess) * weight[:, None]
    errors = (truth ^ guess) * weight[:, None]
    lost = lost * weight
    everyone = np.ones(len(truth), dtype=bool)
    if not macro:
        parts = np.stack([hits.sum(axis=1), errors.sum(axis=1) + lost], axis=1)
        return Moments(parts, _f1_of_sums, everyone)
    parts = np.concatenate([hits, np.zeros((len(truth), 1)), errors, lost[:, None]], axis=1)
    return Moments(parts, _macro_f1_of_sums, everyone)


def _f1_of_sums(sums: Float64[np.ndarray, "... 2"]) -> Float64[np.ndarray, "..."]:
    doubled, below = 2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1]
    return np.divide(doubled, below, out=np.full(np.shape(below), np.nan), where=below > 0)


def _macro_f1_of_sums(sums: Float64[np.ndarray, "... p"]) -> Float64[np.ndarray, "..."]:
    half = sums.shape[-1] // 2
    doubled = 2 * sums[..., :half]
    below = doubled + sums[..., half:]
    f1 = np.divide(doubled, below, out=np.zeros(below.shape), where=below > 0)
    present = (below > 0).sum(axis=-1)
    return np.divide(f1.sum(axis=-1), present, out=np.full(np.shape(present), np.nan), where=present > 0)
