"""Trends that were found, held against those that were planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgewise.clock import DAY
from edgewise.decisions.trends.families import Family
from edgewise.decisions.trends.looks import Found
from edgewise.worlds.trending.truth import PlantedTrend, TrendingTruth
from edgewise.worlds.trending.world import AGES, START, Trending

__all__ = ["Scored", "score"]

#: A listed trend is real if what was due had changed by so much, in its direction.
_REAL = 1.02
_STRICT = 1.05  # a second opinion: what was held to be real before, told beside it
_WITHIN_DAYS = 14


@dataclass(frozen=True)
class Scored:
    """One world: what was listed at all looks, how much of it false, and what was found of what was planted."""

    listed: int
    false: int
    false_strictly: int
    planted: list[dict[str, Any]]
    weeks_of_false: list[int]


def score(world: Trending, found: list[Found], families: tuple[Family, ...], weeks: int, since: int = 0) -> Scored:
    """Judge what looks from week `since` on listed."""
    told = [f for f in found if f.explained_by is None and f.week >= since]
    wrong = [f for f in told if not _real(world, f, families[f.family])]
    strictly = sum(not _real(world, f, families[f.family], _STRICT) for f in told)
    planted = [
        {"level": _level(trend), "factor": max(trend.factor, 1 / trend.factor), "rises": trend.factor > 1,
         "weekly": _weekly(world.truth, trend), **_found_at(world, trend, told, families)}
        for trend in world.truth.planted
        if trend.first // 7 >= since
    ]  # fmt: skip
    return Scored(len(told), len(wrong), strictly, planted, [f.week for f in wrong])


def _place(family: Family, row: int) -> tuple[int | None, int | None] | None:
    """The store and age that a family's row is in; None for a region, which is several stores."""
    level, value = (family.cell, family.cells[row]) if family.cell else (family.level, family.values[row])
    if level == "store_id":
        return int(value) - 1, None
    if level == "shoppers.age":
        return None, AGES.index(value)
    return None if level in ("stores.region", "shoppers.since") else (None, None)


def _products(truth: TrendingTruth, family: Family, row: int) -> np.ndarray:
    value = family.values[row]
    if family.level == "product_id":
        return np.array([int(value) - 1])
    if family.level == "products.category":
        return np.flatnonzero(truth.category == truth.categories.index(value))
    if family.level == "products.department":
        return np.flatnonzero(truth.category % 3 == ["fresh", "pantry", "home"].index(value))
    return np.arange(len(truth.category))


def _real(world: Trending, found: Found, family: Family, least: float = _REAL) -> bool:
    """Whether trends changed what was due in the window, by enough and in the direction."""
    first, last = (found.week - found.window + 1) * 7, (found.week + 1) * 7
    products = _products(world.truth, family, found.row)
    place = _place(family, found.row)
    if place is not None:
        ratios = [world.truth.ratio(products, first, last, *place)]
    elif family.cell == "stores.region" or family.level == "stores.region":
        value = family.cells[found.row] or family.values[found.row]
        side = ["north", "south"].index(value)
        ratios = [
            world.truth.ratio(products, first, last, store) for store in range(side, world.truth.due.shape[1], 2)
        ]
    else:
        ratios = [world.truth.ratio(products, first, last)]
    return any((r if found.rises else 1 / max(r, 1e-9)) > least for r in ratios)


def _level(trend: PlantedTrend) -> str:
    where = "store" if trend.store is not None else "age" if trend.age is not None else ""
    return f"{trend.level} in one {where}" if where else trend.level


def _weekly(truth: TrendingTruth, trend: PlantedTrend) -> float:
    """How many a week are due of what a trend is of."""
    due = truth.due[truth.products_of(trend)]
    due = due if trend.store is None else due[:, [trend.store]]
    due = due if trend.age is None else due[:, :, [trend.age]]
    return float(due.sum() * 7)


def _found_at(
    world: Trending, trend: PlantedTrend, told: list[Found], families: tuple[Family, ...]
) -> dict[str, Any]:
    """After how many days it was found, if within two weeks; and whether at its own level and place."""
    own = set(world.truth.products_of(trend).tolist())
    hits = []
    for found in told:
        family = families[found.family]
        days = (found.week + 1) * 7 - trend.first
        if found.rises != (trend.factor > 1) or not 0 < days <= _WITHIN_DAYS:
            continue
        if not own & set(_products(world.truth, family, found.row).tolist()) or not _meets(
            trend, family, found.row
        ):
            continue
        if _real(world, found, family):
            hits.append((days, _exact(trend, family, found.row)))
    return {
        "found": bool(hits),
        "days": min((d for d, _ in hits), default=None),
        "at_its_level": any(exact for _, exact in hits),
    }


def _meets(trend: PlantedTrend, family: Family, row: int) -> bool:
    """Whether the places of a trend and of what was found have any in common."""
    place = _place(family, row)
    if place is None:
        side = ["north", "south"]
        value = family.cells[row] or family.values[row]
        return value not in side or trend.store is None or trend.store % 2 == side.index(value)
    store, age = place
    return (store is None or trend.store in (None, store)) and (age is None or trend.age in (None, age))


def _exact(trend: PlantedTrend, family: Family, row: int) -> bool:
    level = "product_id" if trend.level == "product_id" else "products.category"
    return (
        family.level == level
        and family.values[row] == trend.value
        and _place(family, row)
        == (
            trend.store,
            trend.age,
        )
    )


def moment(world: Trending) -> int:
    """The end of a world's history, the last moment that is in it."""
    return START + world.options.weeks * 7 * DAY - 1
