"""Demand: weeks behind and ahead with intervals at every level, the largest parts of a level, and the orders."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.lines import Line, LineChart
from edgewise.serving.pages.charts.multiples import Multiples, Panel
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.decided.nouns import Look, View, chosen, column, day, distinct, of, rows, table

__all__ = ["view"]

_KEYS: Final = ("store", "region", "department", "category")
_PARTS: Final = 12
_OFFERED: Final = 400
_ORDERS: Final = 60
_ORDERED: Final = (("ordered", "order"), ("expected to sell", "expected"))
_WEEK: Final = dt.timedelta(weeks=1)

Row = dict[str, Any]


def view(decided: Decided, look: Look) -> View:
    """One node of the hierarchy as a chart, the largest nodes of its level as small ones, its orders."""
    ahead = table(decided, "forecast", "level", "week", "forecast", "low", "high")
    levels = distinct(ahead, "level")
    level = chosen(look, "level", levels, "total")
    ahead = _named(of(ahead, level=level), level)
    nodes = _largest(ahead)
    node = chosen(look, "node", nodes)
    behind = _behind(decided, level, [node, *nodes[:_PARTS]])
    unit = str(decided.settings.get("value", "")).replace("_", " ")
    due = {name: found for name in (node, *nodes[:_PARTS]) if (found := _due(ahead, name))}
    charts: list[Chart] = []
    if node in due:
        charts.append(_demand(node, level, due[node], behind.get(node), unit))
    if len(due) > 1:
        charts.append(_parts(level, due, behind, unit))
    lists = []
    for name in ("orders", "production"):
        made = _of_node(decided, name, _at(ahead, "node", node))
        if made is not None and made.num_rows:
            drawn = _orders(made, unit) if name == "orders" else None
            charts += [drawn] if drawn is not None else []
            lists.append((name, rows(made, _ORDERS), made.num_rows))
    values = {
        "levels": levels, "level": level, "nodes": nodes[:_OFFERED], "node": node, "count": len(nodes),
        "lists": lists, "accuracy": rows(decided.tables["accuracy"])
        if "accuracy" in decided.tables else [],
    }  # fmt: skip
    return View(charts, values)


def _named(found: pa.Table, level: str) -> pa.Table:
    """A table with the node of each row in words, such as `21 · GROCERY · CHEESE`: the keys of its level.

    Categories of two departments may have one name, so that a category is said with its department.
    """
    by = level.replace("category", "department × category").split(" × ")
    by = [key for key in by if key in found.column_names and found[key].null_count < found.num_rows]
    if not by:
        return found.append_column("node", pa.array(["everything"] * found.num_rows, pa.string()))
    keys = [pc.fill_null(pc.cast(found[key], pa.string()), "none") for key in by]
    return found.append_column("node", pc.binary_join_element_wise(*keys, " · "))


def _at(found: pa.Table, name: str, value: str) -> pa.Table:
    return found.filter(pc.equal(found[name], value))


def _largest(ahead: pa.Table) -> list[str]:
    sums = ahead.group_by("node").aggregate([("forecast", "sum")])
    order = sums.sort_by([("forecast_sum", "descending"), ("node", "ascending")])
    return [str(name) for name in order["node"].to_pylist()]


def _behind(decided: Decided, level: str, nodes: list[str]) -> dict[str, Row]:
    """The weeks behind of some nodes: the first of them, and what was sold in each."""
    if "past" not in decided.tables:
        return {}
    found = _named(of(decided.tables["past"], level=level), level)
    found = found.filter(pc.is_in(found["node"], pa.array(nodes, pa.string())))
    return {row["node"]: row for row in rows(found.select(["node", "first_week", "sold"]))}


def _due(ahead: pa.Table, node: str) -> list[Row]:
    """The weeks ahead of a node, in order; exact decimals become floats."""
    found = rows(_at(ahead, "node", node).sort_by("week"))
    return [{**row, "forecast": float(row["forecast"])} for row in found]


def _weeks(past: Row | None, due: list[Row]) -> list[str]:
    before = [] if past is None else [past["first_week"] + i * _WEEK for i in range(len(past["sold"]))]
    return [day(week) for week in (*before, *(row["week"] for row in due))]


def _demand(node: str, level: str, due: list[Row], past: Row | None, unit: str) -> LineChart:
    sold: list[float | None] = [] if past is None else list(past["sold"])
    none: list[float | None] = [None] * len(sold)
    value, low, high = ([*none, *(row[name] for row in due)] for name in ("forecast", "low", "high"))
    lines = [Line("forecast", value, low, high)]
    if sold:
        lines = [Line("sold", [*sold, *([None] * len(due))]), *lines]
    words = f"{len(sold)} weeks behind and {len(due)} ahead, with the interval of the forecast."
    title = "Demand of everything" if level == "total" else f"Demand: {node}"
    return LineChart(
        "demand", title, words, _weeks(past, due), lines, f"{unit} a week".strip(), now=len(sold),
        level="interval",
    )  # fmt: skip


def _parts(level: str, due: dict[str, list[Row]], behind: dict[str, Row], unit: str) -> Multiples:
    """The largest nodes of a level, each with the weeks behind and ahead."""
    long = max((len(row["sold"]) for row in behind.values()), default=0)
    panels, labels = [], [""]
    for node, ahead in due.items():
        past = behind.get(node)
        sold = [None] * long if past is None else list(past["sold"])
        none: list[float | None] = [None] * long
        low, high = ([*none, *(row[side] for row in ahead)] for side in ("low", "high"))
        panels.append(Panel(node, [*sold, *(row["forecast"] for row in ahead)], "", low, high, marked=long))
        labels = max(labels, _weeks(past, ahead), key=len)
    words = "Each with a height of its own; the ring is the first week ahead."
    return Multiples("parts", f"The largest by {level}", words, labels, panels, unit)


def _of_node(decided: Decided, name: str, ahead: pa.Table) -> pa.Table | None:
    """The rows of a table that belong to a node, the largest orders first."""
    found = decided.tables.get(name)
    if found is None:
        return None
    first = ahead.slice(0, 1)
    for key in _KEYS:
        value = column(first, key)[:1]
        if value and value[0] is not None:
            if key not in found.column_names:
                return None
            found = found.filter(pc.equal(found[key], value[0]))
    return found.sort_by([("order", "descending")])


def _orders(orders: pa.Table, unit: str) -> BarChart | None:
    """What is ordered beside what is expected, by the widest key of which a node has several."""
    for key in ("department", "category", "store"):
        if key in orders.column_names and len(distinct(orders, key)) > 1:
            sums = orders.group_by(key).aggregate([("order", "sum"), ("expected", "sum")])
            sums = sums.sort_by([("order_sum", "descending")]).slice(0, _PARTS)
            names = [str(name) for name in sums[key].to_pylist()]
            words = "Beside what is expected to sell until the order after it arrives."
            bars = [Bars(word, sums[f"{name}_sum"].to_pylist()) for word, name in _ORDERED]
            return BarChart("orders", f"Orders by {key}", words, names, bars, unit, along=key)
    return None
