"""What is expected of each node in each week ahead, with quantiles, and how well the same way did lately."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.decisions.forecast.apart import Apart, Pair, pairs
from edgewise.decisions.forecast.combine import choose, mixed
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.features import Kit
from edgewise.decisions.forecast.learn import Forecasts, Grown, grow_at
from edgewise.decisions.forecast.levels import CELL, summing
from edgewise.decisions.forecast.nouns import Level
from edgewise.decisions.forecast.quantiles import Spread, fit_spread, interval_probabilities
from edgewise.decisions.forecast.reconcile import reconcile

__all__ = ["Outlook", "Tried", "look_ahead", "shape_of"]

#: The last so many weeks are kept from the trees that are tried, and measured on every so many weeks.
HELD_OUT: Final = 12
STEP: Final = 2
#: With fewer weeks there are no trees: smoothing alone, and quantiles from all nodes together.
ENOUGH: Final = 24
#: Levels with fewer nodes have quantiles that lie as far below as above.
MIRRORED: Final = 100
#: What trees of cells are weighed on.
_WEIGHED: Final = (CELL, "store")


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
        trees: whether there were enough weeks for trees.
    """

    cells: Int64[np.ndarray, "cells horizon"]
    median: Float64[np.ndarray, "cells horizon"]
    quantiles: Mapping[str, Float64[np.ndarray, "nodes horizon p"]]
    low: Mapping[str, Float64[np.ndarray, "nodes horizon"]]
    high: Mapping[str, Float64[np.ndarray, "nodes horizon"]]
    tried: tuple[Tried, ...]
    trees: bool


def look_ahead(kit: Kit, levels: Sequence[Level], entry: ForecastEntry) -> Outlook:
    """Grow without the last weeks, weigh and measure on them, grow again with all, and look ahead."""
    held = min(HELD_OUT, kit.weeks // 3)
    trees = kit.weeks >= ENOUGH
    cut = kit.weeks - held
    grown = grow_at(kit, cut, entry.random_seed) if trees else Grown(cut, None, None, None)
    past = {origin: grown.at(kit, origin) for origin in range(max(cut, 4), kit.weeks, STEP)}
    final = grow_at(kit, kit.weeks, entry.random_seed).at(kit, kit.weeks) if trees else grown.at(kit, kit.weeks)
    made, apart = _agreed(kit, levels, past, final, trees)
    tried = tuple(_tried(kit, origin, made[origin], parts) for origin, parts in past.items())
    cells = np.rint(made[kit.weeks]).astype(np.int64)
    tables: dict[str, dict[str, np.ndarray]] = {"quantiles": {}, "low": {}, "high": {}}
    for level in levels:
        spread = partial(spread_of, level, tried, apart)
        found = _bands(level, spread, cells.astype(np.float64), final.median, entry)
        for table, values in zip(tables.values(), found, strict=True):
            table[level.name] = values
    return Outlook(cells, final.median, tables["quantiles"], tables["low"], tables["high"], tried, trees)


def _agreed(
    kit: Kit, levels: Sequence[Level], past: Mapping[int, Forecasts], final: Forecasts, trees: bool
) -> tuple[dict[int, Float64[np.ndarray, "cells horizon"]], Apart | None]:
    """Cells at past origins and now, with which all levels agree, and the levels' own forecasts."""
    parts = {**past, kit.weeks: final}
    if not trees:
        return {origin: mixed(one, 0.0) for origin, one in parts.items()}, None
    sums = [summing(level) for level in levels if level.name in _WEIGHED]
    share = choose(past, kit.cells.values, sums)
    cells = {origin: mixed(one, share) for origin, one in parts.items()}
    apart = Apart(kit, levels, past)
    errors = apart.errors(kit.weeks, {origin: cells[origin] for origin in past})
    made = {o: reconcile(cells[o], apart.at(o, one), apart.sums, errors) for o, one in parts.items()}
    return made, apart


def _tried(kit: Kit, origin: int, made: Float64[np.ndarray, "cells horizon"], parts: Forecasts) -> Tried:
    ((forecast, outcome),) = pairs({origin: made}, kit.cells.values)
    return Tried(origin, forecast, parts.median[:, : forecast.shape[1]], outcome)


def _bands(
    level: Level, fitted: Callable[[np.ndarray], Spread], cells: Float64[np.ndarray, "cells horizon"],
    median: Float64[np.ndarray, "cells horizon"], entry: ForecastEntry,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Quantiles and interval of a level's nodes."""
    low, high, above_nothing = interval_probabilities(entry.interval)
    wanted = np.array(sorted({*entry.quantiles, low, high, above_nothing}))
    spread = fitted(wanted)
    forecast = cells if level.name == CELL else summing(level) @ cells
    ahead = np.broadcast_to(np.arange(1.0, cells.shape[1] + 1), forecast.shape)
    found = spread.at(forecast, shape_of(forecast, median) if level.name == CELL else ahead)
    place = {p: i for i, p in enumerate(wanted)}
    bottom = found[..., place[low]]
    top = np.where(bottom <= 0, found[..., place[above_nothing]], found[..., place[high]])
    return found[..., [place[q] for q in sorted(entry.quantiles)]], bottom, top


def spread_of(
    level: Level, tried: Sequence[Tried], apart: Apart | None, wanted: Float64[np.ndarray, " p"]
) -> Spread:
    """How outcomes spread around a level's forecasts.

    Where a level has a forecast of its own that needs no trees, all weeks since its first count, not only the
    last: what all nodes share is seen once a week, and few weeks say little of it. With few nodes, that past
    forecasts were too high or too low is no reason to expect it again: errors count to both sides.
    """
    if level.name == CELL:
        shapes = [shape_of(one.forecast, one.median) for one in tried]
        return _fitted([(one.forecast, one.outcome) for one in tried], shapes, wanted, (20, 4))
    sums = summing(level)
    both: list[Pair] = [(sums @ one.forecast, sums @ one.outcome) for one in tried]
    weeks = STEP * (len(both) - 1) + 1
    alone = apart.tried(level.name) if apart is not None else []
    if len(alone) > len(both):
        both, weeks = alone, len(alone)
    if level.nodes < MIRRORED:
        both = [(np.concatenate([m, m]), np.concatenate([c, np.maximum(2 * m - c, 0.0)])) for m, c in both]
    ahead = [np.broadcast_to(np.arange(1.0, made.shape[1] + 1), made.shape) for made, _ in both]
    spread = _fitted(both, ahead, wanted, (4, 2))
    return spread.wider(level.nodes * weeks / max(max(made.shape[1] for made, _ in both), 1))


def _fitted(
    both: Sequence[Pair], shapes: Sequence[np.ndarray], wanted: np.ndarray, groups: tuple[int, int]
) -> Spread:
    some = [made > 0 for made, _ in both]
    made = np.concatenate([m[s] for (m, _), s in zip(both, some, strict=True)])
    came = np.concatenate([c[s] for (_, c), s in zip(both, some, strict=True)])
    shape = np.concatenate([x[s] for x, s in zip(shapes, some, strict=True)])
    return fit_spread(made, shape, came, wanted, *groups)


def shape_of(forecast: np.ndarray, median: np.ndarray) -> np.ndarray:
    """The trees' median against the mean: how much of the demand comes in few large sales."""
    return np.divide(median, forecast, out=np.zeros_like(forecast), where=forecast > 0)
