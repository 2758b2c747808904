"""Chance that is counted, not remembered: the same counters give the same draw, in any order and process.

splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014) over the counters.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit, uint64

__all__ = ["draw", "jitter", "mix", "uniform"]

_STEP: Final = 0x9E3779B97F4A7C15
_MASK: Final = 0xFFFFFFFFFFFFFFFF


def draw(*counters: int) -> int:
    """64 random bits for a tuple of counters: a seed, a person, a day, a place."""
    state = 0
    for counter in counters:
        state = _mixed((state + _STEP + (counter & _MASK)) & _MASK)
    return state


def _mixed(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


@njit(cache=True)
def mix(state: int, counter: int) -> int:
    """`draw` one counter further, for kernels: `draw(a, b)` is `mix(draw(a), b)`."""
    x = uint64(state) + uint64(0x9E3779B97F4A7C15) + uint64(counter)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


@njit(cache=True)
def uniform(bits: int) -> float:
    """A number in [0, 1) from 64 random bits."""
    return (uint64(bits) >> uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def _jitter(state: int, counters: np.ndarray) -> np.ndarray:
    drawn = np.empty(len(counters))
    for i in range(len(counters)):
        drawn[i] = uniform(mix(state, counters[i]))
    return drawn


def jitter(state: int, counters: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """A number in [0, 1) for each counter."""
    return _jitter(np.uint64(state), np.asarray(counters, dtype=np.int64))
