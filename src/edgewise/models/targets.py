"""Labels as arrays, by family of task, and which rows choose."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Labels, Ragged, TaskSpec

__all__ = ["ENTITY_KINDS", "Family", "choosing_rows", "family_of", "outputs_of", "target_array"]

ENTITY_KINDS: Final = (
    TaskKind.BINARY,
    TaskKind.MULTICLASS,
    TaskKind.MULTILABEL,
    TaskKind.MULTILABEL_RANKING,
    TaskKind.REGRESSION,
    TaskKind.FORECASTING,
)
#: Rounds, mixtures and calibration are chosen on at least this many of the latest anchors, where there are enough.
CHOOSING_ANCHORS: Final = 4
#: With fewer anchors than this to learn from, only the validation labels choose.
FEWEST_ANCHORS: Final = 8


class Family(StrEnum):
    """How an answer is shaped: one probability, one of many classes, many yes-or-nos, or numbers."""

    BINARY = "binary"
    CLASSES = "classes"
    LABELS = "labels"
    NUMBERS = "numbers"


def family_of(spec: TaskSpec) -> Family:
    """The family of a task for entities."""
    if spec.kind is TaskKind.BINARY:
        return Family.BINARY
    if spec.kind is TaskKind.MULTICLASS:
        return Family.CLASSES
    if spec.kind in (TaskKind.MULTILABEL, TaskKind.MULTILABEL_RANKING):
        return Family.LABELS
    return Family.NUMBERS


def outputs_of(spec: TaskSpec) -> int:
    """How many numbers answer one seed."""
    family = family_of(spec)
    if family in (Family.CLASSES, Family.LABELS):
        return len(spec.classes) if spec.classes is not None else 0
    return spec.timeframes if spec.kind is TaskKind.FORECASTING else 1


def target_array(spec: TaskSpec, labels: Labels) -> Float64[np.ndarray, "n outputs"]:
    """Numbers [n, timeframes], yes-or-no [n, 1], classes [n, 1] as indices, labels [n, classes] of 0 and 1."""
    target = labels.target
    if isinstance(target, Ragged):
        table = np.zeros((len(labels), outputs_of(spec)))
        row = np.repeat(np.arange(len(labels)), target.lengths)
        known = target.values >= 0
        table[row[known], target.values[known]] = 1.0
        return table
    return np.asarray(target, dtype=np.float64).reshape(len(labels), -1)


def choosing_rows(train: Labels, valid: Labels) -> Bool[np.ndarray, " train"]:
    """The training rows that choose together with validation: the latest anchors, where validation has few.

    One validation week may be Christmas; what is chosen on four weeks holds longer.
    """
    anchors = np.unique(train.seeds.at)
    wanted = CHOOSING_ANCHORS - len(np.unique(valid.seeds.at))
    if wanted <= 0 or len(anchors) < FEWEST_ANCHORS:
        return np.zeros(len(train), dtype=bool)
    return np.asarray(train.seeds.at >= anchors[-wanted])
