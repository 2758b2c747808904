"""Luck that is a function of what it is drawn for, not of what was drawn before.

Every draw is a hash of the world's seed, a stream (what the draw decides) and up to three numbers that say for
whom, when and for which thing. Two courses of events that differ in one place therefore meet the same luck
everywhere else: common random numbers (Glasserman and Yao, 1992). The hash is SplitMix64's (Steele, Lea and
Flood, 2014).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit, uint64

__all__ = ["normal", "pick", "poisson", "uniform"]

_GOLDEN: Final = 0x9E3779B97F4A7C15


@njit(cache=True, error_model="numpy")
def _mix(x: int) -> int:
    x = uint64(x)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


@njit(cache=True, error_model="numpy")
def _hash(seed: int, stream: int, a: int, b: int, c: int) -> int:
    x = _mix(uint64(seed) + uint64(stream) * uint64(_GOLDEN))
    x = _mix(x + uint64(a) * uint64(_GOLDEN))
    return _mix(_mix(x + uint64(b) * uint64(_GOLDEN)) + uint64(c) * uint64(_GOLDEN))


@njit(cache=True, error_model="numpy")
def uniform(seed: int, stream: int, a: int, b: int, c: int) -> float:
    """A number in [0, 1) for this decision about `a` (a listener), `b` (a time) and `c` (a thing)."""
    return float(_hash(seed, stream, a, b, c) >> uint64(11)) * 2.0**-53


@njit(cache=True, error_model="numpy")
def normal(seed: int, stream: int, a: int, b: int) -> float:
    """A nearly normal number (Irwin-Hall of four; mean 0, variance 1) for how two things stand to each other."""
    x = _hash(seed, stream, a, b, 0)
    total = 0.0
    for k in range(4):
        total += float((x >> uint64(16 * k)) & uint64(0xFFFF))
    return (total / 65536.0 - 2.0) * np.sqrt(3.0)


@njit(cache=True, error_model="numpy")
def poisson(mean: float, u: float) -> int:
    """How many, by inversion: for the same `u`, a larger mean never gives fewer."""
    chance = np.exp(-mean)
    upto = chance
    n = 0
    while u > upto and n < 30:
        n += 1
        chance *= mean / n
        upto += chance
    return n


@njit(cache=True, error_model="numpy")
def pick(upto: np.ndarray, u: float) -> int:
    """The first index whose cumulative weight exceeds `u` of the total."""
    target = u * upto[-1]
    low, high = 0, len(upto) - 1
    while low < high:
        middle = (low + high) // 2
        if upto[middle] > target:
            high = middle
        else:
            low = middle + 1
    return low
