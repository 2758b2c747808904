"""Trends: each as a small line beside what was expected, how large it is, what drives it, and rows of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.lines import Line, LineChart
from edgewise.serving.pages.charts.multiples import Multiples, Panel
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.charts.pen import short
from edgewise.serving.pages.decided.nouns import Look, View, chosen, day, distinct, of, rows, table

__all__ = ["view"]

_EVERY: Final = "all"
_PANELS: Final = 16
_SIZES: Final = 20
_LISTED: Final = 200
_EXAMPLES: Final = 20

Row = dict[str, Any]


def view(decided: Decided, look: Look) -> View:
    """The trends that are asked for, and one of them in full."""
    trends = table(
        decided, "trends", "trend", "direction", "title", "kind", "ratio", "low", "high", "began", "p", "where"
    )
    directions, kinds = [_EVERY, *distinct(trends, "direction")], [_EVERY, *distinct(trends, "kind")]
    direction, kind = chosen(look, "direction", directions), chosen(look, "kind", kinds)
    shown = trends if direction == _EVERY else of(trends, direction=direction)
    listed = rows(shown if kind == _EVERY else of(shown, kind=kind), _LISTED)
    weeks = table(decided, "weeks", "trend", "week_until", "count", "expected", "low", "high")
    charts: list[Chart] = []
    numbers = [str(row["trend"]) for row in listed]
    trend = chosen(look, "trend", numbers)
    one = next((row for row in listed if str(row["trend"]) == trend), None)
    if listed:
        charts += [_small(listed[:_PANELS], weeks), _sizes(listed[:_SIZES])]
    if one is not None:
        charts += [_course(one, weeks), *_drivers(decided, one)]
    values = {
        "directions": directions, "direction": direction, "kinds": kinds, "kind": kind, "listed": listed,
        "numbers": numbers, "trend": trend, "one": one, "examples": _examples(decided, trend),
        "titles": {str(row["trend"]): f"{row['trend']}: {row['title']}" for row in listed},
        "holidays": rows(decided.tables["holidays"], _LISTED) if "holidays" in decided.tables else [],
    }  # fmt: skip
    return View(charts, values)


def _weeks(weeks: pa.Table, row: Row) -> dict[str, list[Any]]:
    found = of(weeks, trend=str(row["trend"])).sort_by("week_until")
    return {name: found[name].to_pylist() for name in ("week_until", "count", "expected", "low", "high")}


def _began(row: Row, until: Sequence[Any]) -> int | None:
    """The first week of a trend: the first that ends after it began."""
    return next((i for i, week in enumerate(until) if week > row["began"]), None)


def _small(listed: Sequence[Row], weeks: pa.Table) -> Multiples:
    panels, labels = [], [""]
    for row in listed:
        made = _weeks(weeks, row)
        labels = max(labels, [day(week) for week in made["week_until"]], key=len)
        note = f"{_times(row)}{', ' + row['where'] if row['where'] else ''}"
        panels.append(
            Panel(row["title"], made["count"], note, made["low"], made["high"], _began(row, made["week_until"]))
        )
    long = max(len(panel.values) for panel in panels)
    words = "Weeks, with the band of what was expected; the ring is the week in which a trend began."
    return Multiples("trends", "What rises and falls", words, labels[-long:], panels, "a week")


def _sizes(listed: Sequence[Row]) -> BarChart:
    words = "Times as many as were expected, with intervals; 1 is as expected."
    return BarChart(
        "sizes", "How large", words, [row["title"] for row in listed],
        [Bars("times as expected", *([row[name] for row in listed] for name in ("ratio", "low", "high")))],
        "", along="trend",
    )  # fmt: skip


def _course(row: Row, weeks: pa.Table) -> LineChart:
    made = _weeks(weeks, row)
    lines = [Line("counted", made["count"]), Line("expected", made["expected"], made["low"], made["high"])]
    words = f"Counted each week against what the weeks before led to expect; it began on {day(row['began'])}."
    return LineChart(
        "course", str(row["title"]), words, [day(week) for week in made["week_until"]], lines, "a week",
        level="90% interval",
    )  # fmt: skip


def _drivers(decided: Decided, row: Row) -> list[Chart]:
    """What share of the surplus each place, group and item adds."""
    if "drivers" not in decided.tables:
        return []
    found = rows(of(decided.tables["drivers"], trend=str(row["trend"])))
    if not found:
        return []
    labels = [
        f"{one['column'].rpartition('.')[2]} = {one['value']}{' *' if one['stands_out'] else ''}" for one in found
    ]
    words = (
        "Share of what came beyond expectation, with 90% intervals; a star: it goes further than the rest does."
    )
    bars = Bars("share", *([one[name] for one in found] for name in ("share", "low", "high")))
    return [BarChart("drivers", "Where, and with whom", words, labels, [bars], "share", along="where")]


def _examples(decided: Decided, trend: str) -> list[dict[str, Any]]:
    """Rows of a trend, each with its time."""
    if "examples" not in decided.tables:
        return []
    found = rows(of(decided.tables["examples"], trend=trend), _EXAMPLES)
    return [{"time": one["time"], **json.loads(one["row"])} for one in found]


def _times(row: Row) -> str:
    return f"×{short(row['ratio'])} ({short(row['low'])} to {short(row['high'])})"
