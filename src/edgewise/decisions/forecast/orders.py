"""What to order for each store and category, and what to make of each category, from forecasts and costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from edgewise.clock import HOUR
from edgewise.decisions.decided.nouns import Expected, GaveUp
from edgewise.decisions.forecast.entry import CostEntry, ForecastEntry
from edgewise.decisions.forecast.levels import CELL, summing
from edgewise.decisions.forecast.newsvendor import Stocked, order, profit_of, whole_packs
from edgewise.decisions.forecast.nouns import WEEK, Level, Panel
from edgewise.decisions.forecast.outlook import Outlook, Tried, shape_of
from edgewise.decisions.forecast.quantiles import Spread, fit_spread
from edgewise.errors import DecisionError, proposal

__all__ = ["Ordered", "check_orders", "ordered"]

#: Demand is taken as so many equally likely values.
_VALUES: Final = 39
_MORE: Final = "more than by ordering what is expected"
_COSTS: Final = "'cost of the orders' has no interval: it is what these orders cost at the margins above."


@dataclass(frozen=True, slots=True)
class Ordered:
    """The tables of orders and of production, what they are expected to bring, and what a budget takes."""

    orders: pa.Table
    production: pa.Table
    expects: tuple[Expected, ...]
    gave_up: tuple[GaveUp, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """What orders of one level are decided from, in the unit of the forecast."""

    demand: Float64[np.ndarray, "n k"]
    expected: Float64[np.ndarray, " n"]
    on_hand: Float64[np.ndarray, " n"]
    price: Float64[np.ndarray, " n"]
    margin: Float64[np.ndarray, " n"]
    waste: Float64[np.ndarray, " n"]


def check_orders(panel: Panel, entry: ForecastEntry) -> None:
    """Whether orders can be decided.

    Raises:
        DecisionError: a setting of orders that the tables or the horizon do not allow.
    """
    orders = entry.orders
    window = orders.lead_weeks + orders.review_weeks
    if window > entry.horizon:
        raise DecisionError(
            f"forecast.orders: {orders.lead_weeks} weeks of lead and {orders.review_weeks} to the next order are "
            f"more than the {entry.horizon} weeks forecast",
            hint=f"set horizon to {window}",
        )
    if orders.pack > 1 and panel.units is None:
        raise DecisionError("forecast.orders.pack needs a column of units", hint="set forecast.units")
    for name in orders.by_department:
        if name not in panel.departments:
            listed = proposal(name, panel.departments, f"departments: {', '.join(panel.departments[:12])}")
            raise DecisionError(f"forecast.orders.by_department: there is no department '{name}'", hint=listed)


def ordered(
    panel: Panel, levels: Sequence[Level], regions: list[str], outlook: Outlook, entry: ForecastEntry
) -> Ordered:
    """Decide orders by cell, within the budget, and production by category."""
    by_name = {level.name: level for level in levels}
    cell, category = by_name[CELL], by_name["category"]
    spread = _spread(cell, outlook.tried, entry)
    case = _case(panel, cell, spread, outlook.cells.astype(float), outlook.median, entry)
    free = order(case.demand, case.on_hand, case.margin, case.waste)
    held = order(case.demand, case.on_hand, case.margin, case.waste, entry.orders.budget)
    bound = held.price > 0
    best, kept = _packed(case, free, entry, True), _packed(case, held, entry, not bound)
    brings, could = (profit_of(case.on_hand + q, case.demand, case.margin, case.waste) for q in (kept, best))
    made = _case(
        panel, category, _spread(category, outlook.tried, entry), outlook.cells.astype(float), None, entry
    )
    production = _packed(made, order(made.demand, made.on_hand, made.margin, made.waste), entry, True)
    expects = _expects(panel, cell, spread, outlook, entry, brings, case, kept)
    lost = float(could.sum() - brings.sum())
    cut = int((kept < best - 1e-9).sum())
    notes = [_assumed(entry), f"'{_MORE}' has no interval: it is what the spread of demand alone says.", _COSTS]
    if bound:
        notes.append(f"One more {entry.value} of budget would bring {held.price:.2f} of profit.")
    return Ordered(
        _table(panel, cell, regions, entry, case, kept, brings),
        _table(panel, category, regions, entry, made, production, None),
        expects,
        (GaveUp("budget", max(lost, 0.0), entry.value, cut),) if entry.orders.budget is not None else (),
        tuple(notes),
    )


def _assumed(entry: ForecastEntry) -> str:
    orders = entry.orders
    return (
        f"Orders arrive after {_weeks(orders.lead_weeks)} and must last {_weeks(orders.review_weeks)} more; "
        f"a margin of {orders.costs.margin:.0%} and a loss of {orders.costs.waste:.0%} of the cost of what is "
        "left over are assumed where orders.costs and orders.by_department say nothing else."
    )


def _weeks(count: int) -> str:
    return "1 week" if count == 1 else f"{count} weeks"


def _window(entry: ForecastEntry) -> int:
    return entry.orders.lead_weeks + entry.orders.review_weeks


def _spread(level: Level, tried: Sequence[Tried], entry: ForecastEntry) -> Spread:
    """How demand summed over the weeks that an order must last spreads around its forecast.

    Sums are measured as sums, so that errors that last from week to week count.
    """
    window = _window(entry)
    made, shape, out = [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for one in tried:
        if one.forecast.shape[1] >= window:
            forecast, outcome = one.forecast[:, :window].sum(axis=1), one.outcome[:, :window].sum(axis=1)
            like = shape_of(forecast, one.median[:, :window].sum(axis=1))
            if level.name != CELL:
                sums = summing(level)
                forecast, outcome = sums @ forecast, sums @ outcome
                like = np.zeros(len(forecast))
            some = forecast > 0
            made, shape, out = [*made, forecast[some]], [*shape, like[some]], [*out, outcome[some]]
    sizes, shapes = (20, 4) if level.name == CELL else (4, 1)
    values = (np.arange(_VALUES) + 0.5) / _VALUES
    return fit_spread(np.concatenate(made), np.concatenate(shape), np.concatenate(out), values, sizes, shapes)


def _case(
    panel: Panel, level: Level, spread: Spread, cells: Float64[np.ndarray, "cells horizon"],
    median: Float64[np.ndarray, "cells horizon"] | None, entry: ForecastEntry,
) -> _Case:  # fmt: skip
    window = _window(entry)
    due = cells[:, :window].sum(axis=1)
    shape = np.zeros(level.nodes) if median is None else shape_of(due, median[:, :window].sum(axis=1))
    expected = due if median is not None else summing(level) @ due
    price = _price(panel, level)
    on_hand = np.zeros(level.nodes)
    if panel.on_hand is not None:
        on_hand = np.nan_to_num(level.total(panel.on_hand) * price)
    margin, waste = _costs(panel, level, entry)
    return _Case(spread.at(expected, shape) / 100, expected / 100, on_hand, price, margin, waste)


def _price(panel: Panel, level: Level) -> Float64[np.ndarray, " nodes"]:
    """What a unit of each node brings: over the last half year; where little sold, that of the category."""
    if panel.units is None:
        return np.full(level.nodes, np.nan)
    value = panel.sales[:, -26:].sum(axis=1) / 100.0
    known = np.bincount(panel.category, value, len(panel.categories))
    units = np.bincount(panel.category, panel.units, len(panel.categories))
    chain = np.divide(known, units, out=np.full(len(known), np.nan), where=units > 0)
    of_node = chain[level.category] if level.category is not None else np.full(level.nodes, np.nan)
    sold, own = level.total(panel.units), level.total(value)
    enough = sold >= 10
    return np.where(enough & (own > 0), own / np.where(sold > 0, sold, 1.0), of_node)


def _costs(panel: Panel, level: Level, entry: ForecastEntry) -> tuple[np.ndarray, np.ndarray]:
    """Margin, and what a unit left over loses, by node."""
    costs: list[CostEntry] = [
        entry.orders.by_department.get(name, entry.orders.costs) for name in panel.departments
    ]
    margin = np.array([c.margin for c in costs])
    waste = np.array([c.waste * (1 - c.margin) for c in costs])
    of = level.department if level.department is not None else np.zeros(level.nodes, dtype=np.int64)
    return margin[of], waste[of]


def _packed(case: _Case, found: Stocked, entry: ForecastEntry, up: bool) -> Float64[np.ndarray, " n"]:
    pack = np.nan_to_num(case.price * entry.orders.pack) if entry.orders.pack > 1 else np.zeros(len(case.price))
    return whole_packs(found.quantity, pack, case.on_hand, case.demand, case.margin, case.waste, up)


def _expects(
    panel: Panel, cell: Level, spread: Spread, outlook: Outlook, entry: ForecastEntry,
    brings: Float64[np.ndarray, " n"], case: _Case, kept: Float64[np.ndarray, " n"],
) -> tuple[Expected, ...]:  # fmt: skip
    """Profit, with the range that the same orders had at past origins, and against ordering what is expected."""
    window, ratios = _window(entry), []
    for one in outlook.tried:
        if one.forecast.shape[1] >= window:
            past = _case(panel, cell, spread, one.forecast, one.median, entry)
            nothing = np.zeros(len(past.expected))
            stock = order(past.demand, nothing, past.margin, past.waste).quantity
            came = one.outcome[:, :window].sum(axis=1, keepdims=True) / 100
            due = profit_of(stock, past.demand, past.margin, past.waste).sum()
            ratios.append(profit_of(stock, came, past.margin, past.waste).sum() / max(due, 1e-9))
    total = float(brings.sum())
    plain = profit_of(np.maximum(case.expected, case.on_hand), case.demand, case.margin, case.waste).sum()
    ends = sorted([total, *(total * float(r) for r in ratios)])
    cost = float((kept * (1 - case.margin)).sum())
    return (
        Expected("profit of the orders", total, entry.value, "held out", ends[0], ends[-1], entry.interval),
        Expected(_MORE, total - float(plain), entry.value, "model"),
        Expected("cost of the orders", cost, entry.value, "model"),
    )


def _table(
    panel: Panel, level: Level, regions: list[str], entry: ForecastEntry, case: _Case,
    quantity: Float64[np.ndarray, " n"], brings: Float64[np.ndarray, " n"] | None,
) -> pa.Table:  # fmt: skip
    """A row for each node with an order."""
    kept = np.flatnonzero(quantity >= 0.005)
    named = {"store": (level.store, panel.stores), "region": (level.region, pa.array(regions, pa.string())),
             "department": (level.department, pa.array(panel.departments, pa.string())),
             "category": (level.category, pa.array(panel.categories, pa.string()))}  # fmt: skip
    columns = {k: names.take(pa.array(ids[kept])) for k, (ids, names) in named.items() if ids is not None}
    arrives = (panel.end + entry.orders.lead_weeks * WEEK + 12 * HOUR) // (24 * HOUR)
    columns["arrives"] = pa.array(np.full(len(kept), arrives, dtype=np.int32)).cast(pa.date32())
    columns["expected"] = pa.array(np.round(case.expected[kept], 2))
    columns["on_hand"] = pa.array(np.round(case.on_hand[kept], 2))
    columns["order"] = pa.array(np.round(quantity[kept], 2))
    columns["cost"] = pa.array(np.round((quantity * (1 - case.margin))[kept], 2))
    if panel.units is not None:
        units = quantity[kept] / case.price[kept]
        columns["units"] = pa.array(np.round(units, 1), mask=~np.isfinite(units))
    stock = (case.on_hand + quantity)[kept]
    columns["suffices"] = pa.array(np.round((case.demand[kept] <= stock[:, None] + 1e-9).mean(axis=1), 3))
    if brings is not None:
        columns["profit"] = pa.array(np.round(brings[kept], 2))
    return pa.table(columns)
