"""Trends that are listed, with their size as of now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64
from scipy.special import betaincinv

from edgewise.decisions.trends.explain import Explainer
from edgewise.decisions.trends.families import Family
from edgewise.decisions.trends.looks import Found, Looks
from edgewise.decisions.trends.scan import Scan

__all__ = ["BAND", "Listed", "Size", "listed"]

#: The nominal coverage of intervals, before it is widened for having been chosen.
BAND: Final = 0.9


@dataclass(frozen=True, slots=True)
class Size:
    """How many there were since a trend began, how many there would have been, and the bounds of the ratio."""

    recent: float
    expected: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Listed:
    """A trend that lasts.

    `began` is the first week of it, `course` its weeks, `due` what they would be without it, week by week from the
    first on. `shadows` are the trends that it explains.
    """

    found: Found
    family: Family
    began: int
    size: Size
    course: Float64[np.ndarray, " weeks"]
    due: Float64[np.ndarray, " weeks"]
    shadows: tuple[Found, ...]

    @property
    def value(self) -> str:
        """The value that the trend is of."""
        return self.family.values[self.found.row]

    @property
    def cell(self) -> str:
        """The place or group within which it is."""
        return self.family.cells[self.found.row]


def listed(
    looks: Looks, families: tuple[Family, ...], scans: list[Scan], weeks: int, explainer: Explainer
) -> list[Listed]:
    """The trends that last and are nobody's shadow, the clearest first.

    Intervals of their sizes are wider than those of things that nobody chose: at level 1 − 0.1 · listed / tested,
    so that of those listed about one in ten misses (Benjamini and Yekutieli, 2005).
    """
    still = [found for found in looks.found if found.ended is None]
    settled = {f.key: f for f in explainer.settle(weeks - 1, [f for f in still if f.explained_by is None])}
    lasting = [settled.get(found.key, found) for found in still]
    told = sorted((f for f in lasting if f.explained_by is None), key=lambda f: (-abs(f.z), f.key))
    level = 1 - (1 - BAND) * max(len(told), 1) / max(looks.tested, len(told), 1)
    return [
        _one(found, families[found.family], scans[found.family], weeks, level,
             tuple(f for f in lasting if f.explained_by == found.key))
        for found in told
    ]  # fmt: skip


def bounds(recent: float, before: float, spread: float, level: float) -> tuple[float, float]:
    """The interval of the ratio of two counts: that of Clopper and Pearson for their share, counts over spread."""
    hits, rest, tail = recent / spread, before / spread, (1 - level) / 2
    low = float(betaincinv(hits, rest + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, max(rest, 1e-9), 1 - tail))
    return low / (1 - low), high / max(1 - high, 1e-12)


def _one(found: Found, family: Family, scan: Scan, weeks: int, level: float, shadows: tuple[Found, ...]) -> Listed:
    began = found.week - found.window + 1
    at_look = float(scan.due(found.row, began)[began : found.week + 1].sum())
    due = scan.due(found.row, began, whole=True) * (
        found.expected / at_look if at_look > 0 else 1.0
    )  # what the look knew of season and common level
    course = scan.whole[found.row]
    recent, expected = float(course[began:weeks].sum()), float(due[began:weeks].sum())
    low, high = bounds(recent, found.before, found.spread, level)
    scale = found.before / max(expected, 1e-9)
    size = Size(recent, expected, recent / max(expected, 1e-9), low * scale, high * scale)
    return Listed(found, family, began, size, course, due, shadows)
