"""Messages: a slider along value against unsubscribes, when and over what they go out, who gets what and why."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.curve import Curve, Point
from edgewise.serving.pages.charts.heat import Heat
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.charts.pen import short
from edgewise.serving.pages.decided.nouns import Look, View, chosen, day, distinct, of, rows, table

__all__ = ["view"]

_EVERY: Final = "all"
_USERS: Final = 60
_MESSAGES: Final = 12


def view(decided: Decided, look: Look) -> View:
    """The curve with the point that is asked for, the calendar, the messages, and sends of one user or of many."""
    sends = table(decided, "sends", "user", "message", "channel", "day", "hour", "why")
    curve = rows(table(decided, "curve", "care", "sends", "value", "unsubscribes"))
    now = _now(decided, curve)
    point = int(chosen(look, "point", range(len(curve)), str(now)) or 0)
    channels = [_EVERY, *sorted(map(str, distinct(sends, "channel")))]
    channel = chosen(look, "channel", channels)
    shown = sends if channel == _EVERY else of(sends, channel=channel)
    charts: list[Chart] = []
    if curve:
        charts.append(_curve(curve, point))
    if shown.num_rows:
        charts += [_calendar(shown, channel), _messages(shown, channel)]
    user = look.get("user", "")
    found = of(shown, user=user) if user else shown
    values = {
        "curve": curve, "point": point, "at": curve[point] if curve else None, "now": now,
        "channels": channels, "channel": channel, "user": user, "found": rows(found, _USERS),
        "count": found.num_rows, "people": len(distinct(found, "user")), "left": _left(decided, user),
    }  # fmt: skip
    return View(charts, values)


def _now(decided: Decided, curve: list[dict[str, Any]]) -> int:
    """The point of the curve that the decision was made at: that of the nearest care."""
    care = float(decided.settings.get("care", 1.0))
    return min(range(len(curve)), key=lambda i: abs(float(curve[i]["care"]) - care), default=0)


def _curve(curve: list[dict[str, Any]], point: int) -> Curve:
    points = [
        Point(f"care {short(row['care'])}", row["unsubscribes"], row["value"], row.get("low"), row.get("high"))
        for row in curve
    ]
    words = "Each point weighs a lost channel differently; to the right more is gained and more people leave."
    return Curve(
        "curve",
        "Value against unsubscribes",
        words,
        points,
        "unsubscribes expected",
        "value expected",
        chosen=point,
    )


def _calendar(sends: pa.Table, channel: str) -> Heat:
    """Sends by day and hour."""
    days = sorted({day(one) for one in distinct(sends, "day")})
    hours = sorted(int(hour) for hour in distinct(sends, "hour"))
    counts: dict[tuple[str, int], float] = {}
    grouped = sends.group_by(["day", "hour"]).aggregate([([], "count_all")])
    for row in grouped.to_pylist():
        counts[day(row["day"]), int(row["hour"])] = float(row["count_all"])
    every = range(min(hours), max(hours) + 1)
    words = f"Messages by day and hour{'' if channel == _EVERY else f' over {channel}'}, in the users' own time."
    return Heat(
        "calendar", "Calendar", words, days, [f"{hour:02d}" for hour in every],
        [[counts.get((one, hour), 0.0) for hour in every] for one in days], "messages", along="day",
    )  # fmt: skip


def _messages(sends: pa.Table, channel: str) -> BarChart:
    grouped = sends.group_by(["message", "channel"]).aggregate([([], "count_all")]).to_pylist()
    totals: dict[str, float] = {}
    for row in grouped:
        totals[str(row["message"])] = totals.get(str(row["message"]), 0.0) + row["count_all"]
    names = sorted(totals, key=lambda name: (-totals[name], name))[:_MESSAGES]
    kinds = sorted({str(row["channel"]) for row in grouped})[:5]
    counts = {(str(row["message"]), str(row["channel"])): float(row["count_all"]) for row in grouped}
    words = f"The {len(names)} messages that most people get, by channel."
    return BarChart(
        "messages", "Which messages", words, names,
        [Bars(kind, [counts.get((name, kind), 0.0) for name in names]) for kind in kinds],
        "messages", along="message",
    )  # fmt: skip


def _left(decided: Decided, user: str) -> list[dict[str, Any]]:
    """Those who get nothing, and why: how many for each reason, or what holds for one user."""
    found = decided.tables.get("left_out")
    if found is None or "why" not in found.column_names:
        return []
    if user and "user" in found.column_names:
        return rows(of(found, user=user), _USERS)
    grouped = found.group_by("why").aggregate([([], "count_all")]).sort_by([("count_all", "descending")])
    return [{"why": row["why"], "users": row["count_all"]} for row in grouped.to_pylist()]
