"""Messages: a slider along value against unsubscribes, when and over what they go out, who gets what and why."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.curve import Curve, Point
from edgewise.serving.pages.charts.heat import Heat
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.charts.pen import short
from edgewise.serving.pages.decided.nouns import Look, View, chosen, distinct, of, rows, table

__all__ = ["view"]

_EVERY: Final = "all"
_SENDS: Final = 60
_MESSAGES: Final = 12
_KINDS: Final = 5

Row = dict[str, Any]


def view(decided: Decided, look: Look) -> View:
    """The curve with the point that is asked for, the calendar, the messages, and sends of one user or of many."""
    names = ("user", "send_at", "local_hour", "channel", "message", "gain", "hazard", "channel_worth", "cost")
    sends = table(decided, "sends", *names, "priority")
    calendar = table(decided, "calendar", "day", "hour", "channel", "sends")
    curve = rows(table(decided, "curve", "care", "sends", "gain", "lost_channels", "chosen"))
    now = next((i for i, row in enumerate(curve) if row["chosen"]), 0)
    point = int(chosen(look, "point", range(len(curve)), str(now)) or 0)
    channels = [_EVERY, *sorted(map(str, distinct(sends, "channel")))]
    channel = chosen(look, "channel", channels)
    if channel != _EVERY:
        sends, calendar = of(sends, channel=channel), of(calendar, channel=channel)
    user = look.get("user", "")
    found = of(sends, user=user) if user else sends
    multiplier = float(decided.settings.get("multiplier") or 0.0)
    charts: list[Chart] = [_curve(curve, point, decided)] if curve else []
    if sends.num_rows:
        charts += [_calendar(calendar, channel), _hours(sends), _messages(sends)]
    values = {
        "curve": curve, "point": point, "at": curve[point] if curve else None, "now": now,
        "channels": channels, "channel": channel, "user": user, "count": found.num_rows,
        "people": pc.count_distinct(found["user"]).as_py(),
        "found": [_said(row, multiplier) for row in rows(found, _SENDS)],
        "unsent": rows(decided.tables["unsent"]) if "unsent" in decided.tables else [], "unit": _unit(decided),
    }  # fmt: skip
    return View(charts, values)


def _unit(decided: Decided) -> str:
    """What gains are counted in."""
    return next((one.unit for one in decided.expects if one.name == "gain"), "")


def _said(row: Row, multiplier: float) -> Row:
    """A send with the sum that speaks for it."""
    risk = row["hazard"] * row["channel_worth"]
    why = "priority: it goes out whatever it brings" if row["priority"] else (
        f"gains {short(row['gain'])}, less {short(risk)} for the risk of losing the channel"
        + (f" and {short(row['cost'] * multiplier)} for what it takes of the budget" if multiplier else "")
    )  # fmt: skip
    at = {
        "user": row["user"],
        "message": row["message"],
        "channel": row["channel"],
        "goes out (UTC)": f"{row['send_at']:%Y-%m-%d %H:%M}",
    }
    figures = {"hour there": f"{row['local_hour']:02d}", "gain": row["gain"], "risk of leaving": row["hazard"]}
    return {**at, **figures, "why": why}


def _curve(curve: list[Row], point: int, decided: Decided) -> Curve:
    points = [Point(f"care {short(row['care'])}", row["lost_channels"], row["gain"]) for row in curve]
    words = "Each point weighs a lost channel differently: to the right more is gained, and more people leave."
    unit = _unit(decided)
    return Curve(
        "curve", "Value against unsubscribes", words, points, "channels lost",
        f"gain expected, {unit}" if unit else "gain expected", chosen=point,
    )  # fmt: skip


def _calendar(calendar: pa.Table, channel: str) -> Heat:
    """Sends by day and hour."""
    found = rows(calendar)
    days = _days(sorted({str(row["day"]) for row in found}))
    hours = sorted({int(row["hour"]) for row in found})
    every = range(min(hours, default=0), max(hours, default=0) + 1)
    counts: dict[tuple[str, int], float] = {}
    for row in found:
        cell = str(row["day"]), int(row["hour"])
        counts[cell] = counts.get(cell, 0.0) + float(row["sends"])
    words = f"Messages by day and hour (UTC){'' if channel == _EVERY else f' over {channel}'}."
    return Heat(
        "calendar", "Calendar", words, days, [f"{hour:02d}" for hour in every],
        [[counts.get((one, hour), 0.0) for hour in every] for one in days], "messages", along="day",
    )  # fmt: skip


def _days(some: list[str]) -> list[str]:
    """All days from the first to the last: one without messages is a day, too."""
    if not some:
        return []
    first, last = dt.date.fromisoformat(some[0]), dt.date.fromisoformat(some[-1])
    return [(first + dt.timedelta(days=i)).isoformat() for i in range((last - first).days + 1)]


def _hours(sends: pa.Table) -> Heat:
    """Sends by channel and by the hour where the user is."""
    counts = _counted(sends, "channel", "local_hour")
    hours = [int(hour) for hour in distinct(sends, "local_hour")]
    every = range(min(hours), max(hours) + 1)
    channels = sorted({name for name, _ in counts})
    return Heat(
        "hours", "Hours where the users are", "Messages by channel and the hour of the user's own day.", channels,
        [f"{hour:02d}" for hour in every],
        [[counts.get((name, str(hour)), 0.0) for hour in every] for name in channels], "messages", along="channel",
    )  # fmt: skip


def _messages(sends: pa.Table) -> BarChart:
    counts = _counted(sends, "message", "channel")
    totals: dict[str, float] = {}
    for (name, _), count in counts.items():
        totals[name] = totals.get(name, 0.0) + count
    names = sorted(totals, key=lambda name: (-totals[name], name))[:_MESSAGES]
    kinds = sorted({kind for _, kind in counts})[:_KINDS]
    words = f"The {len(names)} messages that go out most, by channel."
    return BarChart(
        "messages", "Which messages", words, names,
        [Bars(kind, [counts.get((name, kind), 0.0) for name in names]) for kind in kinds],
        "messages", along="message",
    )  # fmt: skip


def _counted(sends: pa.Table, *by: str) -> dict[tuple[str, str], float]:
    grouped = sends.group_by(list(by)).aggregate([([], "count_all")]).to_pylist()
    return {(str(row[by[0]]), str(row[by[1]])): float(row["count_all"]) for row in grouped}
