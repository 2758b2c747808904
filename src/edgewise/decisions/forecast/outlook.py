"""What is expected of each node in each week ahead, with quantiles, and how well the same way did lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.decisions.forecast.combine import Weights, choose, combine
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.features import Kit
from edgewise.decisions.forecast.learn import Forecasts, Grown, grow_at
from edgewise.decisions.forecast.levels import CELL, summing
from edgewise.decisions.forecast.nouns import Level
from edgewise.decisions.forecast.quantiles import Spread, fit_spread, interval_probabilities

__all__ = ["Outlook", "Tried", "look_ahead", "shape_of"]

#: The last so many weeks are kept from the trees that are tried, and measured on every so many weeks.
HELD_OUT: Final = 12
STEP: Final = 2
#: With fewer weeks there are no trees: smoothing alone, and quantiles from all nodes together.
ENOUGH: Final = 24
_WEIGHED: Final = (CELL, "store", "category", "department", "total")


@dataclass(frozen=True, slots=True)
class Tried:
    """Forecasts and outcomes of one past origin, by cell, in hundredths; `median` is the trees' own."""

    origin: int
    forecast: Float64[np.ndarray, "cells ahead"]
    median: Float64[np.ndarray, "cells ahead"]
    outcome: Float64[np.ndarray, "cells ahead"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected, all in hundredths.

    Attributes:
        cells: the expected demand of cells, whole hundredths, so that sums agree exactly.
        quantiles: by level, [nodes, horizon, probabilities]; the entry's quantiles, ascending.
        low, high: by level, [nodes, horizon]: the interval.
        tried: forecasts of past origins made without their weeks.
        weights: what was chosen on them.
        trees: whether there were enough weeks for trees.
    """

    cells: Int64[np.ndarray, "cells horizon"]
    median: Float64[np.ndarray, "cells horizon"]
    quantiles: Mapping[str, Float64[np.ndarray, "nodes horizon p"]]
    low: Mapping[str, Float64[np.ndarray, "nodes horizon"]]
    high: Mapping[str, Float64[np.ndarray, "nodes horizon"]]
    tried: tuple[Tried, ...]
    weights: Weights
    trees: bool


def look_ahead(kit: Kit, levels: Sequence[Level], entry: ForecastEntry) -> Outlook:
    """Grow without the last weeks, weigh and measure on them, grow again with all, and look ahead."""
    held = min(HELD_OUT, kit.weeks // 3)
    trees = kit.weeks >= ENOUGH
    cut = kit.weeks - held
    grown = grow_at(kit, cut, entry.random_seed) if trees else Grown(cut, None, None, None)
    origins = range(max(cut, 4), kit.weeks, STEP)
    past = {origin: grown.at(kit, origin) for origin in origins}
    sums = [summing(level) for level in levels if level.name in _WEIGHED]
    weights = choose(past, kit.cells.values, kit.panel, sums)
    tried = tuple(_tried(kit, origin, parts, weights) for origin, parts in past.items())
    final = grow_at(kit, kit.weeks, entry.random_seed) if trees else grown
    parts = final.at(kit, kit.weeks)
    cells = np.rint(combine(parts, kit.panel, weights)).astype(np.int64)
    tables: dict[str, dict[str, np.ndarray]] = {"quantiles": {}, "low": {}, "high": {}}
    for level in levels:
        found = _bands(level, tried, cells.astype(np.float64), parts.median, entry)
        for table, values in zip(tables.values(), found, strict=True):
            table[level.name] = values
    return Outlook(cells, parts.median, tables["quantiles"], tables["low"], tables["high"], tried, weights, trees)


def _tried(kit: Kit, origin: int, parts: Forecasts, weights: Weights) -> Tried:
    ahead = min(kit.horizon, kit.weeks - origin)
    forecast = combine(parts, kit.panel, weights)[:, :ahead]
    return Tried(origin, forecast, parts.median[:, :ahead], kit.cells.values[:, origin : origin + ahead])


def _bands(
    level: Level, tried: Sequence[Tried], cells: Float64[np.ndarray, "cells horizon"],
    median: Float64[np.ndarray, "cells horizon"], entry: ForecastEntry,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Quantiles and interval of a level's nodes."""
    low, high, above_nothing = interval_probabilities(entry.interval)
    wanted = np.array(sorted({*entry.quantiles, low, high, above_nothing}))
    spread = spread_of(level, tried, wanted)
    forecast = cells if level.name == CELL else summing(level) @ cells
    ahead = np.broadcast_to(np.arange(1.0, cells.shape[1] + 1), forecast.shape)
    found = spread.at(forecast, shape_of(forecast, median) if level.name == CELL else ahead)
    place = {p: i for i, p in enumerate(wanted)}
    bottom = found[..., place[low]]
    top = np.where(bottom <= 0, found[..., place[above_nothing]], found[..., place[high]])
    return found[..., [place[q] for q in sorted(entry.quantiles)]], bottom, top


def spread_of(level: Level, tried: Sequence[Tried], wanted: Float64[np.ndarray, " p"]) -> Spread:
    """How outcomes spread around a level's forecasts."""
    forecast, shape, outcome = [], [], []
    for one in tried:
        if level.name == CELL:
            made, out, like = one.forecast, one.outcome, shape_of(one.forecast, one.median)
        else:
            sums = summing(level)
            made, out = sums @ one.forecast, sums @ one.outcome
            like = np.broadcast_to(np.arange(1.0, made.shape[1] + 1), made.shape)
        some = made > 0
        forecast.append(made[some])
        shape.append(like[some])
        outcome.append(out[some])
    sizes, shapes = (20, 4) if level.name == CELL else (4, 2)
    made, like, out = (np.concatenate(x) for x in (forecast, shape, outcome))
    return fit_spread(made, like, out, wanted, sizes, shapes)


def shape_of(forecast: np.ndarray, median: np.ndarray) -> np.ndarray:
    """The trees' median against the mean: how much of the demand comes in few large sales."""
    return np.divide(median, forecast, out=np.zeros_like(forecast), where=forecast > 0)
