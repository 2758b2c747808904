"""The target, replayed over windows of the past.

A history holds what the target aggregates, not how. How is found by replaying it: each aggregate over the
labels' own windows is compared with the labels, and the one that agrees is the target's. Where none does
(arithmetic, labels that users bring), past labels themselves are the history, known once their window has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.models.targets import Family, family_of, target_array
from edgewise.state.lags import Windows, history_of_labels, past_windows
from edgewise.tasks.nouns import History, Labels, TaskSpec

__all__ = ["Replay", "find_replay", "label_history", "replayed"]

#: The share of labels that an aggregate has to reproduce.
AGREES: Final = 0.98


@dataclass(frozen=True, slots=True)
class Replay:
    """How past labels are computed: `aggregate` of the history, 1 minus it if `negated`.

    `own` says that the history is made of the labels themselves.
    """

    aggregate: str
    negated: bool
    own: bool


def find_replay(spec: TaskSpec, labels: Labels) -> Replay:
    """The aggregate that reproduces the labels from `spec.history`; past labels themselves where none does."""
    own = Replay("last", False, True)
    if spec.history is None or spec.horizon == 0 or len(labels) == 0:
        return own
    if family_of(spec) not in (Family.NUMBERS, Family.BINARY):
        return own
    at = labels.seeds.at + spec.start
    windows = past_windows(spec.history, labels.seeds.rows, at[:, None], at[:, None] + spec.horizon)
    target = target_array(spec, labels)[:, 0]
    best, found = 0.0, own
    for name, values in windows.named().items():
        for negated in (False, True) if family_of(spec) is Family.BINARY else (False,):
            value = 1.0 - values[:, 0] if negated else values[:, 0]
            agrees = float(np.isclose(np.nan_to_num(value, nan=-1e300), target, rtol=1e-6, atol=1e-6).mean())
            if agrees > max(best, AGREES):
                best, found = agrees, Replay(name, negated, False)
    return found


def label_history(spec: TaskSpec, labels: Labels, entities: int) -> History:
    """Past labels as a history, each known when its window has ended."""
    return history_of_labels(labels, entities, spec.start + spec.horizon * max(spec.timeframes, 1))


def replayed(
    replay: Replay,
    history: History,
    rows: Int64[np.ndarray, " n"],
    begins: Int64[np.ndarray, "n w"],
    ends: Int64[np.ndarray, "n w"],
) -> Float64[np.ndarray, "n w"]:
    """The target over windows (begin, end] of the past; NaN where it has no value there."""
    windows: Windows = past_windows(history, rows, begins, ends)
    value = windows.named()[replay.aggregate]
    return 1.0 - value if replay.negated else value
