"""What is expected of each node in each week ahead, with quantiles, and how well the same way did lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.decisions.forecast.apart import Apart, pairs
from edgewise.decisions.forecast.combine import choose, mixed
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.features import Kit
from edgewise.decisions.forecast.learn import Forecasts, Grown, grow_at
from edgewise.decisions.forecast.levels import CELL, summing
from edgewise.decisions.forecast.nouns import Level
from edgewise.decisions.forecast.quantiles import fit_spread, interval_probabilities
from edgewise.decisions.forecast.reconcile import reconcile
from edgewise.decisions.forecast.usual import Usual, usual_errors

__all__ = ["Outlook", "Tried", "bands_of_cells", "bands_of_sums", "look_ahead", "shape_of"]

#: The last so many weeks are kept from the trees that are tried, and measured on every so many weeks.
HELD_OUT: Final = 12
STEP: Final = 2
#: With fewer weeks there are no trees: smoothing alone, and quantiles from all nodes together.
ENOUGH: Final = 24
#: Levels with fewer nodes have quantiles that lie as far below as above.
MIRRORED: Final = 100
#: Levels with more are grouped by what is expected: one group for so many past cases, up to so many groups.
_PER_GROUP, _GROUPS = 1500, 8
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
    made = _agreed(kit, levels, past, final, trees)
    tried = tuple(_tried(kit, origin, made[origin], parts) for origin, parts in past.items())
    cells = np.rint(made[kit.weeks]).astype(np.int64)
    tables: dict[str, dict[str, np.ndarray]] = {"quantiles": {}, "low": {}, "high": {}}
    for level in levels:
        if level.name == CELL:
            found = bands_of_cells(tried, cells.astype(np.float64), final.median, entry)
        else:
            usual = usual_errors(level.total(kit.cells.values), kit.calendar, kit.horizon)
            found = bands_of_sums(level, tried, usual, cells.astype(np.float64), entry)
        for table, values in zip(tables.values(), found, strict=True):
            table[level.name] = values
    return Outlook(cells, final.median, tables["quantiles"], tables["low"], tables["high"], tried, trees)


def _agreed(
    kit: Kit, levels: Sequence[Level], past: Mapping[int, Forecasts], final: Forecasts, trees: bool
) -> dict[int, Float64[np.ndarray, "cells horizon"]]:
    """Cells at past origins and now, with which all levels agree."""
    parts = {**past, kit.weeks: final}
    if not trees:
        return {origin: mixed(one, 0.0) for origin, one in parts.items()}
    sums = [summing(level) for level in levels if level.name in _WEIGHED]
    share = choose(past, kit.cells.values, sums)
    cells = {origin: mixed(one, share) for origin, one in parts.items()}
    apart = Apart(kit, levels, past)
    errors = apart.errors(kit.weeks, {origin: cells[origin] for origin in past})
    return {o: reconcile(cells[o], apart.at(o, one), apart.sums, errors) for o, one in parts.items()}


def _tried(kit: Kit, origin: int, made: Float64[np.ndarray, "cells horizon"], parts: Forecasts) -> Tried:
    ((forecast, outcome),) = pairs({origin: made}, kit.cells.values)
    return Tried(origin, forecast, parts.median[:, : forecast.shape[1]], outcome)


def bands_of_cells(
    tried: Sequence[Tried], cells: Float64[np.ndarray, "cells horizon"],
    median: Float64[np.ndarray, "cells horizon"], entry: ForecastEntry,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Quantiles and interval of cells: as outcomes spread where as much was expected, and as unevenly."""
    some = [one.forecast > 0 for one in tried]
    made = np.concatenate([one.forecast[s] for one, s in zip(tried, some, strict=True)])
    came = np.concatenate([one.outcome[s] for one, s in zip(tried, some, strict=True)])
    shape = np.concatenate([shape_of(one.forecast, one.median)[s] for one, s in zip(tried, some, strict=True)])
    wanted = _wanted(entry)
    spread = fit_spread(made, shape, came, wanted, 20, 4)
    return _read(spread.at(cells, shape_of(cells, median)), wanted, entry)


def bands_of_sums(
    level: Level, tried: Sequence[Tried], usual: Usual, cells: Float64[np.ndarray, "cells horizon"],
    entry: ForecastEntry,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Quantiles and interval of a level's nodes: errors in units of what is usual for each.

    What all nodes share is seen once a week: with few of them, quantiles are wider. And that past forecasts were
    too high or too low is then no reason to expect it again: errors count to both sides.
    """
    sums, wanted = summing(level), _wanted(entry)
    tries = [sums @ one.forecast for one in tried]
    some = [made > 0 for made in tries]
    made = np.concatenate([made[s] for made, s in zip(tries, some, strict=True)])
    came = np.concatenate([(sums @ one.outcome)[s] for one, s in zip(tried, some, strict=True)])
    unit = np.concatenate([usual.at(made)[s] for made, s in zip(tries, some, strict=True)])
    groups = min(max(len(made) // _PER_GROUP, 1), _GROUPS)
    if level.nodes < MIRRORED:
        made, came, unit, groups = np.tile(made, 2), np.concatenate([came, 2 * made - came]), np.tile(unit, 2), 1
    spread = fit_spread(made, np.ones(len(made)), came, wanted, groups, 1, unit)
    spans = (STEP * (len(tried) - 1) + 1) / max(made.shape[1] for made in tries)
    forecast = sums @ cells
    found = spread.wider(level.nodes * spans).at(forecast, np.ones(forecast.shape), usual.at(forecast))
    return _read(found, wanted, entry)


def _wanted(entry: ForecastEntry) -> Float64[np.ndarray, " p"]:
    return np.array(sorted({*entry.quantiles, *interval_probabilities(entry.interval)}))


def _read(
    found: Float64[np.ndarray, "nodes horizon p"], wanted: Float64[np.ndarray, " p"], entry: ForecastEntry
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The entry's quantiles, and the interval: from 0 and to its full share where nothing is likely enough."""
    low, high, above_nothing = interval_probabilities(entry.interval)
    place = {p: i for i, p in enumerate(wanted)}
    bottom = found[..., place[low]]
    top = np.where(bottom <= 0, found[..., place[above_nothing]], found[..., place[high]])
    return found[..., [place[q] for q in sorted(entry.quantiles)]], bottom, top


def shape_of(forecast: np.ndarray, median: np.ndarray) -> np.ndarray:
    """The trees' median against the mean: how much of the demand comes in few large sales."""
    return np.divide(median, forecast, out=np.zeros_like(forecast), where=forecast > 0)
