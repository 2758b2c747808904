"""Sums over events of a group up to a moment, for many groups and moments at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64

__all__ = ["Tally"]


class Tally:
    """Events of groups in order of time, with values that add up. A question costs two binary searches."""

    def __init__(
        self, group: Int64[np.ndarray, " events"], at: Int64[np.ndarray, " events"],
        values: Float64[np.ndarray, "events columns"],
    ) -> None:  # fmt: skip
        order = np.lexsort((at, group))
        self._moments = np.unique(at)
        self._many = len(self._moments) + 1
        self._key = group[order] * self._many + np.searchsorted(self._moments, at[order]) + 1
        zero = np.zeros((1, values.shape[1]))
        self._upto = np.concatenate([zero, np.cumsum(values[order], axis=0, dtype=np.float64)])

    def __call__(
        self, group: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], since: int | None = None
    ) -> Float64[np.ndarray, "n columns"]:
        """The sum of the values of each group's events at or before each moment.

        With `since`, of those of the last `since` microseconds only.
        """
        stop = self._place(group, at)
        begin = np.searchsorted(self._key, group * self._many) if since is None else self._place(group, at - since)
        return self._upto[stop] - self._upto[begin]

    def _place(self, group: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        moment = np.searchsorted(self._moments, at, side="right")
        return np.searchsorted(self._key, group * self._many + moment, side="right")
