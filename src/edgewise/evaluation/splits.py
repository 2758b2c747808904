"""Splits by time: training anchors, then validation, then test, with no label window across a border."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from edgewise.clock import iso
from edgewise.errors import ArgumentError, LabelError

__all__ = ["Split", "by_time", "check_split", "rolling_origins"]


@dataclass(frozen=True, slots=True)
class Split:
    """Anchors in microseconds, ascending. `dropped` would have had a label window across a border."""

    train: Int64[np.ndarray, " train"]
    valid: Int64[np.ndarray, " valid"]
    test: Int64[np.ndarray, " test"]
    dropped: Int64[np.ndarray, " dropped"]


def by_time(
    anchors: Int64[np.ndarray, " anchors"], *, horizon: int, start: int = 0, valid: int = 1, test: int = 1
) -> Split:
    """The last `test` anchors test, the `valid` usable ones before them validate, the earlier ones train.

    Usable: the label window (anchor + start, anchor + start + horizon] has ended by the next part's first anchor,
    so that the label was known then. `test` may be 0.

    Raises:
        ArgumentError: a negative number of anchors, or no validation anchor asked for.
        LabelError: nothing is left to train or to validate on.
    """
    if valid < 1 or test < 0:
        raise ArgumentError(
            f"a split of {valid} validation and {test} test anchors is not possible", hint="1 and 1"
        )
    every = np.unique(anchors)
    ends = every + start + horizon
    testing = every[len(every) - test :]
    usable = every[(ends <= testing[0]) & (every < testing[0])] if len(testing) else every
    validating = usable[max(len(usable) - valid, 0) :]
    training = every[(ends <= validating[0]) & (every < validating[0])] if len(validating) else every[:0]
    if len(validating) < valid or len(training) == 0:
        raise LabelError(
            f"{len(every)} anchors are too few for {valid} to validate, {test} to test and one to train on",
            hint="give earlier anchors, or a shorter horizon",
        )
    kept = np.concatenate([training, validating, testing])
    return Split(training, validating, testing, every[~np.isin(every, kept)])


def rolling_origins(
    anchors: Int64[np.ndarray, " anchors"], *, horizon: int, start: int = 0, origins: int = 3, valid: int = 1
) -> list[Split]:
    """Several splits whose test anchor moves forward: each of the last `origins` anchors tests once.

    Evaluation on a rolling origin: Tashman, Int. J. Forecasting 16, 2000.

    Raises:
        LabelError: the first origin has nothing to train on.
    """
    every = np.unique(anchors)
    last = range(max(len(every) - origins, 0), len(every))
    return [by_time(every[: i + 1], horizon=horizon, start=start, valid=valid, test=1) for i in last]


def check_split(split: Split, *, horizon: int, start: int = 0) -> None:
    """Raise if the parts are out of order, or a label was not yet known at the first anchor of a later part.

    Raises:
        LabelError: names the two anchors.
    """
    parts = [
        (n, a) for n, a in (("train", split.train), ("validation", split.valid), ("test", split.test)) if len(a)
    ]
    for (earlier, first), (later, second) in itertools.pairwise(parts):
        last, begin = int(first.max()), int(second.min())
        if last >= begin:
            raise LabelError(
                f"the {earlier} anchor {iso(last)} is not before the {later} anchor {iso(begin)}",
                hint="splits go by time: train, then validation, then test",
            )
        if last + start + horizon > begin:
            raise LabelError(
                f"the label window of the {earlier} anchor {iso(last)} ends on {iso(last + start + horizon)}, "
                f"after the {later} anchor {iso(begin)}",
                hint=f"the last {earlier} anchor can be {iso(begin - start - horizon)}",
            )
