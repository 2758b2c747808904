"""Events of groups (a user, a user on a channel) in order of time: how many came before, and which was the
last."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from edgewise.clock import ALWAYS, NEVER, SECOND

__all__ = ["Timeline", "fading"]

#: Seconds of any moment from 1901 to 2038 and beyond fit beside a group's number.
_WIDTH = 1 << 33
_HALF = 1 << 32


def _seconds(at: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    bounded = np.clip(at, -_HALF * SECOND + SECOND, (_HALF - 1) * SECOND)
    return np.where(at == ALWAYS, -_HALF, np.where(at == NEVER, _HALF - 1, bounded // SECOND))


class Timeline:
    """Events sorted by group and time, to the second. `order[i]` is the event at place i."""

    def __init__(self, group: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> None:
        key = group * _WIDTH + _seconds(at)
        self.order = np.argsort(key, kind="stable")
        self._keys = key[self.order]

    def _places(self, group: np.ndarray, at: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
        key = group * _WIDTH
        first = np.searchsorted(self._keys, key - _HALF, side="left")
        return first, np.searchsorted(self._keys, key + _seconds(at), side="left" if side == "left" else "right")

    def before(self, group: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """How many events of each group came before each moment."""
        first, upto = self._places(group, at, "left")
        return upto - first

    def between(self, group: np.ndarray, start: np.ndarray, end: np.ndarray) -> Int64[np.ndarray, " n"]:
        """How many events of each group came from `start` on and before `end`."""
        return self._places(group, end, "left")[1] - self._places(group, start, "left")[1]

    def last(
        self, group: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], *, same: bool = False
    ) -> Int64[np.ndarray, " n"]:
        """The last event of each group before each moment (`same`: or at it); -1 for none."""
        first, upto = self._places(group, at, "right" if same else "left")
        if len(self.order) == 0:
            return np.full(len(group), -1)
        return np.where(upto > first, self.order[np.maximum(upto - 1, 0)], -1)

    def sums(
        self, value: Float64[np.ndarray, " events"], group: np.ndarray, start: np.ndarray | None, end: np.ndarray
    ) -> Float64[np.ndarray, " n"]:
        """The sum of the values of a group's events from `start` (None: the first) on and before `end`."""
        upto = np.concatenate([[0.0], np.cumsum(value[self.order])])
        first, last = self._places(group, end, "left")
        if start is not None:
            first = self._places(group, start, "left")[1]
        return upto[last] - upto[first]


def fading(
    group: Int64[np.ndarray, " events"],
    at: Int64[np.ndarray, " events"],
    asked_group: Int64[np.ndarray, " n"],
    asked_at: Int64[np.ndarray, " n"],
    half_life: float,
) -> Float64[np.ndarray, " n"]:
    """How many events a group had before each moment, each faded by half every `half_life` microseconds."""
    events = np.lexsort((at, group))
    asked = np.lexsort((asked_at, asked_group))
    found = np.empty(len(asked))
    found[asked] = _fading(group[events], at[events], asked_group[asked], asked_at[asked], half_life)
    return found


@njit(cache=True)
def _fading(
    group: np.ndarray, at: np.ndarray, asked_group: np.ndarray, asked_at: np.ndarray, half_life: float
) -> np.ndarray:
    found = np.zeros(len(asked_group))
    event, total, now, current = 0, 0.0, 0, -1
    for i in range(len(asked_group)):
        if asked_group[i] != current:
            current, total, now = asked_group[i], 0.0, asked_at[i]
            while event < len(group) and group[event] < current:
                event += 1
        while event < len(group) and group[event] == current and at[event] < asked_at[i]:
            total = total * 0.5 ** (max(at[event] - now, 0) / half_life) + 1.0 if total > 0 else 1.0
            now = at[event]
            event += 1
        if total > 0:
            found[i] = total * 0.5 ** ((asked_at[i] - now) / half_life)
    return found
