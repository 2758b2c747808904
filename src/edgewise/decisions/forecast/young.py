"""New stores and new categories: what they sold so far, drawn towards what their neighbours sell.

A store that opened a few weeks ago has hardly sold half of what it will. Its level in a category is its own
mean since both were there, drawn towards (what the store sells in all) x (the category's share of what the stores
of its region sell); with `HALF` weeks of its own both count the same (empirical Bayes, one ratio of variances).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from edgewise.decisions.forecast.nouns import Panel

__all__ = ["HALF", "YOUNG", "Young", "with_room"]

#: Younger than this many weeks counts as new.
YOUNG: Final = 13
#: Weeks of its own past after which a cell's own mean counts as much as that of its neighbours.
HALF: Final = 4
#: A new store counts once it has sold in so many weeks.
_OPEN: Final = 2


def with_room(panel: Panel) -> Panel:
    """The panel with cells for what new stores and new categories have not sold yet but may."""
    weeks, categories = panel.weeks, len(panel.categories)
    store, category = _first(panel, panel.store), _first(panel, panel.category)
    sold = _sold(panel, panel.store)
    lately = panel.sales[:, max(0, weeks - YOUNG) :].any(axis=1)
    selling = np.unique(panel.category[lately])
    open_stores = np.unique(panel.store[lately])
    steady = (sold >= _OPEN) & (2 * sold >= weeks - store)
    new_stores = np.flatnonzero((store > 0) & (weeks - store < YOUNG) & steady)
    new_categories = np.flatnonzero((category > 0) & (weeks - category < YOUNG) & (category < weeks))
    wanted = np.concatenate(
        [
            (new_stores[:, None] * categories + selling).ravel(),
            (open_stores[:, None] * categories + new_categories).ravel(),
        ]
    )
    have = panel.store * categories + panel.category
    extra = np.setdiff1d(wanted, have)
    if len(extra) == 0:
        return panel
    order = np.argsort(np.concatenate([have, extra]), kind="stable")

    def wider(values: np.ndarray | None) -> np.ndarray | None:
        if values is None:
            return None
        return np.concatenate([values, np.zeros((len(extra), *values.shape[1:]), values.dtype)])[order]

    cell = np.concatenate([have, extra])[order]
    sales = wider(panel.sales)
    assert sales is not None
    return replace(
        panel, store=cell // categories, category=cell % categories, sales=sales, units=wider(panel.units),
        censored=wider(panel.censored), on_hand=wider(panel.on_hand),
    )  # fmt: skip


def _first(panel: Panel, node: Int64[np.ndarray, " cells"]) -> Int64[np.ndarray, " nodes"]:
    """The first week in which each node sold; the number of weeks for one that never did."""
    first = np.where(panel.sales.any(axis=1), (panel.sales > 0).argmax(axis=1), panel.weeks)
    out = np.full(int(node.max()) + 1, panel.weeks)
    np.minimum.at(out, node, first)
    return out


def _sold(panel: Panel, node: Int64[np.ndarray, " cells"]) -> Int64[np.ndarray, " nodes"]:
    """In how many weeks each node sold."""
    some = np.zeros((int(node.max()) + 1, panel.weeks), dtype=bool)
    np.logical_or.at(some, node, panel.sales > 0)
    return np.asarray(some.sum(axis=1))


class Young:
    """The levels of young cells at any origin. `region` is by store."""

    def __init__(
        self, panel: Panel, demand: Float64[np.ndarray, "cells weeks"], region: Int64[np.ndarray, " stores"]
    ) -> None:
        self._panel, self._demand, self._region = panel, demand, region
        begun = np.maximum(_first(panel, panel.store)[panel.store], _first(panel, panel.category)[panel.category])
        self._begun: Int64[np.ndarray, " cells"] = begun
        self._opened = _first(panel, panel.store)

    def levels(self, origin: int) -> tuple[Bool[np.ndarray, " cells"], Float64[np.ndarray, " cells"]]:
        """Which cells are young at an origin, and their levels (zero for the others)."""
        panel, begun = self._panel, self._begun
        age = origin - begun
        young = (begun > 0) & (age > 0) & (age < YOUNG)
        out = np.zeros(len(begun))
        if not young.any():
            return young, out
        low = max(0, origin - YOUNG)
        late = self._demand[:, low:origin].sum(axis=1)
        since = np.where(young, age, min(YOUNG, origin))
        rate = late / np.maximum(np.minimum(since, origin - low), 1)
        old = np.where(origin - self._opened[panel.store] >= YOUNG, rate, 0.0)
        stores = len(panel.stores)
        size = np.bincount(panel.store, late, stores) / np.clip(origin - self._opened[:stores], 1, YOUNG)
        place = self._region[panel.store]
        cross = place * len(panel.categories) + panel.category
        by_cross = np.bincount(cross, old)
        by_place = np.bincount(place, old)
        chain = np.bincount(panel.category, old, len(panel.categories)) / max(old.sum(), 1e-9)
        share = (by_cross[cross] + 0.1 * by_place[place] * chain[panel.category]) / np.maximum(
            1.1 * by_place[place], 1e-9
        )
        near = size[panel.store] * np.where(by_place[place] > 0, share, chain[panel.category])
        out[young] = ((age * rate + HALF * near) / np.maximum(age + HALF, 1))[young]
        return young, out
