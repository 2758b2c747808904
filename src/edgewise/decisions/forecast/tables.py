"""A forecast as tables that people read, and what it expects in words and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from edgewise.clock import HOUR, iso
from edgewise.decisions.decided.nouns import Expected
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.levels import CELL, summing
from edgewise.decisions.forecast.nouns import WEEK, Level, Panel
from edgewise.decisions.forecast.outlook import Outlook

__all__ = ["accuracy_table", "cents", "expected", "forecast_table", "notes", "region_table"]


def cents(hundredths: np.ndarray) -> pa.Array:
    """Whole hundredths as decimals with two places, exactly."""
    values = np.asarray(hundredths, dtype=np.int64)
    scaled = pa.array(values).cast(pa.decimal128(19, 0))
    buffers = pa.Array.from_buffers(pa.decimal128(19, 2), len(scaled), scaled.buffers(), scaled.null_count)
    return buffers


def forecast_table(
    panel: Panel, levels: Sequence[Level], regions: list[str], outlook: Outlook, entry: ForecastEntry
) -> pa.Table:
    """A row for each node of each level and week ahead. `forecast` sums up exactly; quantiles do not add up."""
    parts = [_level(panel, level, regions, outlook, entry) for level in levels]
    return pa.concat_tables(parts)


def _level(panel: Panel, level: Level, regions: list[str], outlook: Outlook, entry: ForecastEntry) -> pa.Table:
    total = level.total(outlook.cells)
    kept = np.flatnonzero((total > 0).any(axis=1))
    horizon = total.shape[1]
    starts = panel.end + WEEK * np.arange(horizon)
    days = pa.array((starts + 12 * HOUR).astype("datetime64[us]")).cast(pa.date32())

    def named(ids: np.ndarray | None, names: pa.Array) -> pa.Array:
        if ids is None:
            return pa.nulls(len(kept) * horizon, names.type)
        return names.take(pa.array(np.repeat(ids[kept], horizon)))

    columns = {
        "level": pa.array([level.name]).take(pa.array(np.zeros(len(kept) * horizon, dtype=np.int64))),
        "store": named(level.store, panel.stores),
        "region": named(level.region, pa.array(regions, pa.string())),
        "department": named(level.department, pa.array(panel.departments, pa.string())),
        "category": named(level.category, pa.array(panel.categories, pa.string())),
        "week": days.take(pa.array(np.tile(np.arange(horizon), len(kept)))),
        "horizon": pa.array(np.tile(np.arange(1, horizon + 1), len(kept))),
        "forecast": cents(total[kept].ravel()),
    }
    quantiles = outlook.quantiles[level.name][kept]
    bands = {f"q{round(q * 100, 2):g}": quantiles[..., i] for i, q in enumerate(sorted(entry.quantiles))}
    bands |= {"low": outlook.low[level.name][kept], "high": outlook.high[level.name][kept]}
    columns |= {name: pa.array(np.rint(values).ravel() / 100.0) for name, values in bands.items()}
    return pa.table(columns)


def accuracy_table(outlook: Outlook, levels: Sequence[Level]) -> pa.Table:
    """How far forecasts were off on weeks kept out, by level: the sum of errors as a share of what was sold."""
    rows = []
    for level in levels:
        sums, off, sold, bias = summing(level), 0.0, 0.0, 0.0
        for one in outlook.tried:
            made, out = sums @ one.forecast, sums @ one.outcome
            off, sold = off + float(np.abs(made - out).sum()), sold + float(out.sum())
            bias += float((made - out).sum())
        share = off / sold if sold else float("nan")
        rows.append({"level": level.name, "wape": share, "bias": bias / sold if sold else float("nan")})
    return pa.Table.from_pylist(rows)


def region_table(panel: Panel, names: list[str], region: np.ndarray) -> pa.Table:
    """The region of each store."""
    return pa.table({"store": panel.stores, "region": pa.array(names).take(pa.array(region))})


def expected(outlook: Outlook, levels: Sequence[Level], entry: ForecastEntry) -> tuple[Expected, ...]:
    """The demand of all stores over all weeks ahead, and how far forecasts were off at past origins.

    Intervals reach from the lowest to the highest of those origins.
    """
    whole = float(outlook.cells.sum()) / 100
    ratios = [one.outcome.sum() / one.forecast.sum() for one in outlook.tried if one.forecast.sum() > 0]
    name = f"demand of the {entry.horizon} weeks ahead"
    figures = [
        Expected(
            name, whole, entry.value, "held out", whole * min([1.0, *map(float, ratios)]),
            whole * max([1.0, *map(float, ratios)]), entry.interval,
        )
    ]  # fmt: skip
    for level in levels:
        if level.name in (CELL, "category", "total"):
            sums = summing(level)
            off = np.array([np.abs(sums @ (one.forecast - one.outcome)).sum() for one in outlook.tried])
            sold = np.array([one.outcome.sum() for one in outlook.tried])
            if (sold > 0).all() and len(sold):
                each, error = off / sold, float(off.sum() / sold.sum())
                low, high = float(each.min()), float(each.max())
                what = f"error by {level.name}"
                figures.append(Expected(what, error, "share of sales", "held out", low, high, entry.interval))
    return tuple(figures)


def notes(panel: Panel, entry: ForecastEntry, outlook: Outlook, at: int) -> tuple[str, ...]:
    """What a person should know before acting on a forecast."""
    said = [
        f"Weeks are counted from {iso(panel.first)}; the last whole week before {iso(at)} ends {iso(panel.end)}.",
        f"Forecast is {entry.value}; forecasts of levels are sums of those below, quantiles are each node's own.",
    ]
    if entry.promotions is not None and entry.promotions.known_ahead:
        said.append(
            f"Promotions of the next {entry.promotions.known_ahead} weeks are taken as planned and known: "
            "set promotions.known_ahead to 0 where they are not."
        )
    if panel.without_store:
        said.append(f"{panel.without_store:,} rows of '{entry.sales}' name no store and are left out.")
    if panel.unlisted:
        said.append(f"{panel.unlisted:,} rows of '{entry.sales}' name no product that is listed: category (none).")
    if panel.censored is None:
        said.append("No table of stock levels: sales are taken for demand; what had run out looks like no demand.")
    if not outlook.trees:
        said.append("There are too few weeks to learn from: levels are smoothed, nothing more.")
    if entry.region is None and panel.visits is not None:
        said.append("Regions are groups of stores that share shoppers.")
    return tuple(said)
