"""Trees over all categories, and trees over all cells, grown on every origin that was past at a cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import lightgbm as lgb
import numpy as np
from jaxtyping import Float32, Float64

from edgewise.decisions.forecast.features import Kit

__all__ = ["FIRST", "Forecasts", "Grown", "grow_at"]

#: The first origin that is learnt from: before it, levels mean little.
FIRST: Final = 8
#: So many latest origins are learnt from at most.
ORIGINS: Final = 52
#: So many rows of cells, drawn by chance, are learnt from at most.
ROWS: Final = 120_000
_COMMON: Final = {
    "num_threads": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True, "bagging_freq": 1,
    "bagging_fraction": 0.7,
    "max_bin": 63,
}  # fmt: skip
_CATEGORY: Final = {
    "objective": "l1", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 30, "feature_fraction": 0.3,
}  # fmt: skip
_CELL: Final = {"learning_rate": 0.09, "num_leaves": 31, "min_data_in_leaf": 150, "feature_fraction": 0.5}
_CATEGORY_ROUNDS: Final = 300
_CELL_ROUNDS: Final = 110
#: Ratios to the level are cut here: one week of a wedding is no pattern.
_MOST_CATEGORY: Final = 6.0
_MOST_CELL: Final = 20.0


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What each part says at an origin, in hundredths.

    `category` the trees of categories, `tie` what makes those sum to what all stores should sell; `mean` and
    `median` the trees of cells; `level` and `category_level` smoothing.
    """

    category: Float64[np.ndarray, "categories horizon"]
    tie: Float64[np.ndarray, " horizon"]
    category_level: Float64[np.ndarray, " categories"]
    mean: Float64[np.ndarray, "cells horizon"]
    median: Float64[np.ndarray, "cells horizon"]
    level: Float64[np.ndarray, " cells"]


@dataclass(frozen=True, slots=True)
class Grown:
    """Trees grown on weeks before `cut`; None where there was too little past."""

    cut: int
    category: lgb.Booster | None
    mean: lgb.Booster | None
    median: lgb.Booster | None

    def at(self, kit: Kit, origin: int) -> Forecasts:
        """What the parts say at an origin; smoothing speaks where there are no trees."""
        cells, horizon = kit.cells.scale(origin), kit.horizon
        young, own = kit.young.levels(origin)
        level = np.where(young, own, np.where(cells > 1e-6, cells, 0.0))
        scale = kit.categories.scale(origin)
        category = np.repeat(scale[:, None], horizon, axis=1)
        mean = np.repeat(level[:, None], horizon, axis=1)
        median, tie = np.zeros_like(mean), np.ones(horizon)
        if self.category is not None and self.mean is not None and self.median is not None:
            tide = kit.tide_ahead(origin)
            category = _applied(self.category, kit.category_rows(origin)) * scale[:, None]
            category *= tide
            tie = tide * scale.sum() / np.maximum(category.sum(axis=0), 1e-9)
            active = kit.active(origin)
            rows = kit.cell_rows(origin, active, kit.kept(origin))
            mean[active] = _applied(self.mean, rows) * cells[active, None] * tide
            median[active] = _applied(self.median, rows) * cells[active, None] * tide
            mean[young] = level[young, None]
        level_of_category = 0.5 * (kit.categories.fast(origin) + kit.categories.mean(origin, 8))
        return Forecasts(category, tie, level_of_category, mean, median, level)


def grow_at(kit: Kit, cut: int, random_seed: int) -> Grown:
    """Grow all trees on what was seen after `cut` weeks: each origin with the weeks between it and the cut."""
    if cut < FIRST + 4:
        return Grown(cut, None, None, None)
    x, y, weight = _joined(_cell_examples(kit, cut, random_seed))
    whole = _joined(_category_examples(kit, cut))
    if len(x) == 0 or len(whole[0]) == 0:
        return Grown(cut, None, None, None)
    category = _grow(whole[0], np.clip(whole[1], 0, _MOST_CATEGORY), whole[2], _CATEGORY, _CATEGORY_ROUNDS,
                     random_seed)  # fmt: skip
    y = np.clip(y, 0, _MOST_CELL)
    tweedie = {**_CELL, "objective": "tweedie", "tweedie_variance_power": 1.3}
    mean = _grow(x, y, weight, tweedie, _CELL_ROUNDS, random_seed)
    median = _grow(x, y, weight, {**_CELL, "objective": "l1"}, _CELL_ROUNDS, random_seed)
    return Grown(cut, category, mean, median)


def _origins(cut: int) -> range:
    return range(max(FIRST, cut - ORIGINS), cut)


def _category_examples(kit: Kit, cut: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    for origin in _origins(cut):
        ahead = min(kit.horizon, cut - origin)
        scale = kit.categories.scale(origin)
        kept = scale > 1.0
        x = kit.category_rows(origin)[kept, :ahead]
        y = kit.categories.values[kept, origin : origin + ahead] / scale[kept, None] / kit.tide(origin, ahead)
        yield _flat(x), y.ravel(), np.repeat(scale[kept], ahead)


def _cell_examples(kit: Kit, cut: int, random_seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows of cells: at each origin, each cell is drawn with the same chance, for one week ahead."""
    draw = np.random.default_rng(random_seed)
    active = {origin: kit.active(origin) for origin in _origins(cut)}
    chance = min(1.0, ROWS / max(sum(map(len, active.values())), 1))
    for origin, cells in active.items():
        chosen = cells[draw.random(len(cells)) < chance]
        ahead = draw.integers(0, min(kit.horizon, cut - origin), len(chosen))
        x = kit.cell_rows(origin, chosen, kit.kept(origin))[np.arange(len(chosen)), ahead]
        scale = kit.cells.scale(origin)[chosen]
        tide = kit.tide(origin, kit.horizon)
        yield x, kit.cells.values[chosen, origin + ahead] / scale / tide[ahead], scale


def _joined(
    parts: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y, weight = zip(*parts, strict=True)
    return np.concatenate(x), np.concatenate(y), np.concatenate(weight)


def _grow(
    x: Float32[np.ndarray, "n features"], y: Float64[np.ndarray, " n"], weight: Float64[np.ndarray, " n"],
    settings: dict[str, object], rounds: int, random_seed: int,
) -> lgb.Booster:  # fmt: skip
    data = lgb.Dataset(x, y, weight=weight / weight.mean(), params={"verbosity": -1})
    return lgb.train({**_COMMON, **settings, "seed": random_seed}, data, rounds)


def _flat(x: Float32[np.ndarray, "n horizon features"]) -> Float32[np.ndarray, "rows features"]:
    return x.reshape(-1, x.shape[2])


def _applied(trees: lgb.Booster, x: Float32[np.ndarray, "n horizon features"]) -> Float64[np.ndarray, "n horizon"]:
    if len(x) == 0:
        return np.zeros(x.shape[:2])
    said = np.asarray(trees.predict(_flat(x), num_threads=1))
    return np.maximum(said, 0.0).reshape(x.shape[:2])
