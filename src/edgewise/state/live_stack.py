"""Live timelines handed to a kernel together. Python takes each array of an argument apart, which costs more than
most readings: a list of timelines is one argument, and only what has changed is put into it anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba as nb
import numpy as np

from edgewise.state.live_arrays import Base, Overlay
from edgewise.state.live_top import Top

__all__ = ["Held", "Stack", "appended", "listed", "replaced"]


class Held(NamedTuple):
    """A live timeline as kernels read it; half-lives in days and in microseconds."""

    base: Base
    overlay: Overlay
    top: Top
    halves: np.ndarray
    micros: np.ndarray


class Stack:
    """Tuples of arrays in a list that a kernel reads: `now` puts those in that have changed since."""

    def __init__(self, every: Sequence[tuple[Any, ...]]) -> None:
        self._every = list(every)
        self.list = listed(self._every[0])
        for one in self._every[1:]:
            appended(self.list, one)

    def now(self, every: Sequence[tuple[Any, ...]]) -> None:
        """Tell what they are now, in the same order: tuples that changed are new ones."""
        for place, (old, new) in enumerate(zip(self._every, every, strict=True)):
            if old is not new:
                self._every[place] = new
                replaced(self.list, place, new)


@nb.njit(cache=True)
def listed(first: Any) -> Any:
    """A list for kernels, of one thing."""
    found = nb.typed.List()
    found.append(first)
    return found


@nb.njit(cache=True)
def appended(found: Any, one: Any) -> None:
    """One thing more."""
    found.append(one)


@nb.njit(cache=True)
def replaced(found: Any, place: int, one: Any) -> None:
    """Another thing in a place."""
    found[place] = one
