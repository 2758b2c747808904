"""False discoveries held down over many things watched at once, and over the looks of many weeks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float64

__all__ = ["Ledger", "step_up", "weighted"]

#: How many looks the first wealth is spread over.
_FAR = 10_000


def weighted(p: Float64[np.ndarray, " n"], family: np.ndarray) -> Float64[np.ndarray, " n"]:
    """P-values divided by weights of mean 1 that fall with the root of a family's size.

    Otherwise a family of thousands of cells would drown one of thirty categories (Genovese, Roeder and Wasserman,
    "False discovery control with p-value weighting", 2006). `family` has a number for each p-value.
    """
    if not len(p):
        return p
    _, which, size = np.unique(family, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(size)
    return np.minimum(p / (weight * len(p) / (weight * size).sum())[which], 1.0)


def step_up(p: Float64[np.ndarray, " n"], level: float) -> Bool[np.ndarray, " n"]:
    """What Benjamini and Hochberg (1995) reject at a level."""
    order = np.sort(p)
    below = np.flatnonzero(order <= level * np.arange(1, len(p) + 1) / max(len(p), 1))
    return p <= order[below[-1]] if len(below) else np.zeros(len(p), dtype=bool)


@dataclass(frozen=True, slots=True)
class _Past:
    level: float
    found: int
    most: int  # how many would have been found, had one more p-value been zero


class Ledger:
    """Batches of tests, week after week, with the false discovery rate over all of them at most `rate`.

    BatchBH of Zrnic, Jiang, Ramdas and Jordan, "The Power of Batching in Multiple Hypothesis Testing" (AISTATS
    2020): each batch is a Benjamini-Hochberg test at a level that its estimate of the false discovery proportion
    so far leaves open. Discoveries earn level for the looks to come. The guarantee asks for batches that are
    independent, and positively dependent p-values within; with `any_dependence`, levels are divided by
    1 + 1/2 + … + 1/n (Benjamini and Yekutieli, 2001), which serves for whatever dependence within a batch.
    """

    def __init__(self, rate: float, any_dependence: bool = False) -> None:
        self.rate = rate
        self._any = any_dependence
        self._past: list[_Past] = []

    def test(self, p: Float64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """What is found in the next batch. An empty batch is a look, too."""
        level = self._level(len(p))
        used = level / float(np.sum(1 / np.arange(1, len(p) + 1))) if self._any and len(p) else level
        found = step_up(p, used)
        self._past.append(_Past(level, int(found.sum()), _at_most(p, used)))
        return found

    @property
    def spent(self) -> float:
        """The estimate of the false discovery proportion over all looks so far: at most the rate."""
        found = sum(past.found for past in self._past)
        return sum(past.level * past.most / max(past.most + found - past.found, 1) for past in self._past)

    def _level(self, n: int) -> float:
        if n == 0:
            return 0.0
        open_now = self.rate * float(_wealth()[: len(self._past) + 1].sum()) - self.spent
        found = sum(past.found for past in self._past)
        return min(max(open_now, 0.0) * (n + found) / n, 0.5)


def _at_most(p: Float64[np.ndarray, " n"], level: float) -> int:
    """How many are found when the p-value that counts most is set to zero."""
    if not len(p):
        return 0
    lowered = p.copy()
    lowered[np.argmax(p)] = 0.0  # the largest: setting it to zero moves every other one up
    return max(int(step_up(lowered, level).sum()), 1)


@cache
def _wealth() -> Float64[np.ndarray, " looks"]:
    """How the rate is spread over looks, summing to one: two thirds within the first forty."""
    raw = np.arange(1, _FAR + 1) ** -1.2
    return raw / raw.sum()
