"""Demand: weeks behind and ahead with intervals at every level, the largest parts of a level, and the orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.pages.charts.lines import Line, LineChart
from edgewise.serving.pages.charts.multiples import Multiples, Panel
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.decided.nouns import Look, View, chosen, column, day, distinct, rows, table

__all__ = ["view"]

_KEYS: Final = ("store", "region", "department", "category")
#: What stands between the keys of a node while they are joined.
_MARK: Final = "\x1f"
_PARTS: Final = 12
_BEHIND: Final = 26
_OFFERED: Final = 400
_ORDERS: Final = 60


def view(decided: Decided, look: Look) -> View:
    """One node of the hierarchy as a chart, the largest nodes of its level as small ones, its orders."""
    ahead = _named(table(decided, "forecast", "level", "week", "value", "low", "high"))
    past = _named(table(decided, "past", "level", "week", "value"))
    levels = distinct(ahead, "level")
    level = chosen(look, "level", levels, "total")
    ahead, past = _at(ahead, "level", level), _at(past, "level", level)
    nodes = _largest(ahead)
    node = chosen(look, "node", nodes)
    unit = str(decided.settings.get("unit") or decided.settings.get("value", ""))
    charts: list[Chart] = [_demand(node, level, _at(ahead, "node", node), _at(past, "node", node), unit)]
    if len(nodes) > 1:
        charts.append(_parts(level, nodes[:_PARTS], ahead, past, unit))
    orders, ordered = _orders(decided, level, node, _at(ahead, "node", node))
    values = {
        "levels": levels, "level": level, "nodes": nodes[:_OFFERED], "node": node, "count": len(nodes),
        "orders": orders, "ordered": ordered,
    }  # fmt: skip
    return View(charts, values)


def _named(found: pa.Table) -> pa.Table:
    """A table with the node of each row in words, such as `21 · GROCERY`."""
    keys = [pc.fill_null(pc.cast(found[key], pa.string()), "") for key in _KEYS if key in found.column_names]
    if not keys:
        return found.append_column("node", pa.array(["all"] * found.num_rows))
    joined = pc.utf8_trim(pc.binary_join_element_wise(*keys, "", _MARK), _MARK)
    words = pc.replace_substring_regex(joined, f"{_MARK}+", " · ")
    return found.append_column("node", pc.if_else(pc.equal(words, ""), "all", words))


def _at(found: pa.Table, name: str, value: str) -> pa.Table:
    return found.filter(pc.equal(found[name], value))


def _largest(ahead: pa.Table) -> list[str]:
    sums = ahead.group_by("node").aggregate([("value", "sum")])
    order = sums.sort_by([("value_sum", "descending"), ("node", "ascending")])
    return [str(name) for name in order["node"].to_pylist()]


def _series(found: pa.Table, *names: str) -> dict[str, list[Any]]:
    found = found.sort_by("week")
    return {name: found[name].to_pylist() for name in names}


def _demand(node: str, level: str, ahead: pa.Table, past: pa.Table, unit: str) -> LineChart:
    behind = _series(past, "week", "value")
    weeks, sold = behind["week"][-_BEHIND:], behind["value"][-_BEHIND:]
    due = _series(ahead, "week", "value", "low", "high")
    none: list[float | None] = [None] * len(weeks)
    empty: list[float | None] = [None] * len(due["week"])
    lines = [
        Line("sold", [*sold, *empty]),
        Line("forecast", [*none, *due["value"]], [*none, *due["low"]], [*none, *due["high"]]),
    ]
    words = f"{len(weeks)} weeks behind and {len(due['week'])} ahead; the band holds the interval of the forecast."
    return LineChart(
        "demand", f"Demand: {node}" if level != "total" else "Demand: all together", words,
        [day(week) for week in (*weeks, *due["week"])], lines, f"{unit} a week".strip(), now=len(weeks),
        level="interval",
    )  # fmt: skip


def _parts(level: str, nodes: Sequence[str], ahead: pa.Table, past: pa.Table, unit: str) -> Multiples:
    """The largest nodes of a level, each with the weeks behind and ahead."""
    weeks = sorted({*distinct(past, "week"), *distinct(ahead, "week")})
    first = len(weeks) - len(distinct(ahead, "week"))
    weeks = weeks[max(0, first - _BEHIND) :]
    panels = []
    for node in nodes:
        sold, due = (_by_week(_at(found, "node", node)) for found in (past, ahead))
        values = [(sold.get(week) or due.get(week) or {}).get("value") for week in weeks]
        low, high = ([due.get(week, {}).get(side) for week in weeks] for side in ("low", "high"))
        panels.append(Panel(node, values, "", low, high, marked=min(first, _BEHIND)))
    words = "Each with a height of its own; the ring is the first week ahead."
    title = f"The largest: {level.replace('_', ' ')}"
    return Multiples("parts", title, words, [day(week) for week in weeks], panels, unit)


def _by_week(found: pa.Table) -> dict[Any, dict[str, Any]]:
    return {row["week"]: row for row in rows(found)}


def _orders(decided: Decided, level: str, node: str, ahead: pa.Table) -> tuple[list[dict[str, Any]], int]:
    """The orders of a node, the largest first."""
    if "orders" not in decided.tables:
        return [], 0
    orders = decided.tables["orders"]
    if level != "total" and ahead.num_rows:
        first = ahead.slice(0, 1)
        for key in _KEYS:
            value = column(first, key)[0]
            if value is not None and key in orders.column_names:
                orders = orders.filter(pc.equal(orders[key], value))
    amount = next((name for name in ("order", "quantity", "value") if name in orders.column_names), None)
    if amount is not None:
        orders = orders.sort_by([(amount, "descending")])
    return rows(orders, _ORDERS), orders.num_rows
