"""Time columns: which column says when a row came about.

Births, ends, deadlines and marks of the last change are times, but not the row's own. Where several columns
could be it, the one that comes first in a row's life is taken, because all else in the row may still change;
the choice and the others are stated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from edgewise.clock import iso
from edgewise.errors import SchemaError
from edgewise.schema.given import Given
from edgewise.schema.names import singular, words
from edgewise.schema.profile import ColumnProfile, Evidence, Kind, TableProfile, TimeReading
from edgewise.schema.words import BAD_TIMES, EVENT_TIMES, LATE_TIMES, START_TIMES, TIME_WORDS

__all__ = ["TimeChoice", "choose_time", "looks_like_time_text", "other_time_format"]

_ISO: Final = re.compile(
    r"\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?\s*$"
)
_OTHER: Final = re.compile(
    r"\s*(\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4})([ T]\d{1,2}:\d{2}.*)?\s*$"
)
#: Epoch numbers of 1980 to 2100 in seconds, milliseconds, microseconds, nanoseconds.
_EPOCHS: Final = tuple((315_532_800 * f, 4_102_444_800 * f) for f in (1, 10**3, 10**6, 10**9))
#: Share of a sample that must look like time for text to be read as time.
_MOSTLY: Final = 0.5


class Worth(IntEnum):
    """How likely a time column is the row's own, best first."""

    OWN = 0
    EVENT = 1
    PLAIN = 2
    START = 3
    OTHER = 4
    LATE = 5
    NEVER = 6


_WHY: Final = {
    Worth.OWN: "named after the table", Worth.EVENT: "says when the row came about",
    Worth.PLAIN: "the plain time of the row", Worth.START: "says when it begins", Worth.OTHER: "a time",
    Worth.LATE: "the only time; it comes late in the row's life",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeChoice:
    """A table's time column (None where it has none) and why. `readings` holds every column that is a time."""

    column: str | None
    reason: str
    readings: Mapping[str, TimeReading]


def looks_like_time_text(column: ColumnProfile) -> bool:
    """Whether most values of a text column look like ISO 8601 dates or times."""
    return column.kind is Kind.TEXT and _share(column, _ISO) >= _MOSTLY


def other_time_format(column: ColumnProfile) -> bool:
    """Whether most values of a text column look like dates in a format that is not ISO 8601."""
    return column.kind is Kind.TEXT and _share(column, _OTHER) >= 0.9


def choose_time(profile: TableProfile, table: tuple[str, ...], evidence: Evidence, given: Given) -> TimeChoice:
    """The time column of a table whose name has these words."""
    candidates = [c for c in profile.columns if (profile.name, c.name) not in given.dropped and _may_be_time(c)]
    said = given.times.get(profile.name)
    if said is not None and said[0] is not None and said[0] not in [c.name for c in candidates]:
        candidates.append(profile.column(said[0]))
    readings = {c.name: evidence.times(profile.name, c.name) for c in sorted(candidates, key=lambda c: c.name)}
    readings = {name: r for name, r in readings.items() if _readable(r) or (said is not None and said[0] == name)}
    if said is not None:
        reading = readings.get(said[0] or "")
        if reading is not None and reading.present and not reading.read:
            raise SchemaError(
                f"'{said[0]}' cannot be the time of '{profile.name}': none of its values is a time",
                hint="write times as ISO 8601, or define the table by sql",
            )
        return TimeChoice(said[0], said[1], readings)
    if profile.name in given.clocks and given.clocks[profile.name] is not None:
        return TimeChoice(None, "a clock is set instead", readings)
    return _pick(profile, table, readings)


def _pick(profile: TableProfile, table: tuple[str, ...], readings: Mapping[str, TimeReading]) -> TimeChoice:
    ranked = sorted((_order(profile.column(name), table, r), name) for name, r in readings.items())
    usable = [(order, name) for order, name in ranked if order[0] < Worth.NEVER]
    if not usable:
        if not readings:
            return TimeChoice(None, "no column holds times", readings)
        return TimeChoice(None, f"{', '.join(sorted(readings))}: no time at which the row came about", readings)
    name = usable[0][1]
    others = sorted(other for other in readings if other != name)
    reason = _WHY[_worth(name, table)] + _form(profile.column(name), readings[name])
    if others:
        reason += f"; other times, not the row's own: {', '.join(others)}"
    return TimeChoice(name, reason, readings)


def _form(column: ColumnProfile, reading: TimeReading) -> str:
    how = {Kind.TEXT: ", ISO text", Kind.INTEGER: ", epoch numbers", Kind.FLOAT: ", epoch numbers"}.get(
        column.kind, ""
    )
    span = (
        f", {iso(reading.low)} to {iso(reading.high)}"
        if reading.low is not None and reading.high is not None
        else ""
    )
    return how + span


def _order(column: ColumnProfile, table: tuple[str, ...], reading: TimeReading) -> tuple[int, float, int, str]:
    """Sorts candidates: worth first, then few missing values, then the earliest."""
    worth = _worth(column.name, table)
    missing = 1 - reading.read / column.rows if column.rows else 0.0
    constant = column.rows > 1 and reading.low == reading.high
    if worth is Worth.LATE and missing > 0:
        worth = Worth.NEVER
    if missing > 0.5 and worth > Worth.PLAIN:
        worth = Worth.NEVER
    penalty = (2 if missing > 0.05 else 0) + (2 if constant else 0)
    worth_now = worth if worth >= Worth.LATE else min(worth + penalty, Worth.OTHER)
    return (worth_now, round(missing, 2), reading.low or 0, column.name)


def _worth(name: str, table: tuple[str, ...]) -> Worth:
    said = set(words(name))
    nouns = {singular(w) for w in said} & set(table[-1:])
    if said & BAD_TIMES:
        return Worth.NEVER
    if said & LATE_TIMES:
        return Worth.LATE
    if nouns:
        return Worth.OWN
    if said & EVENT_TIMES:
        return Worth.EVENT
    if said <= TIME_WORDS | {"utc", "local", "ms", "us", "event"}:
        return Worth.PLAIN
    return Worth.START if said & START_TIMES else Worth.OTHER


def _may_be_time(column: ColumnProfile) -> bool:
    if column.kind is Kind.TIME:
        return True
    if column.kind is Kind.TEXT:
        return looks_like_time_text(column)
    if column.kind not in (Kind.INTEGER, Kind.FLOAT) or column.present == 0:
        return False
    said = set(words(column.name))
    named = bool(said & (TIME_WORDS | EVENT_TIMES | LATE_TIMES)) or bool(said & BAD_TIMES)
    return named and any(low <= column.high <= high and column.low >= 0 for low, high in _EPOCHS)


def _readable(reading: TimeReading) -> bool:
    return reading.present == 0 or reading.read >= _MOSTLY * reading.present


def _share(column: ColumnProfile, pattern: re.Pattern[str]) -> float:
    texts = [v for v in column.sample if isinstance(v, str) and v.strip()]
    return sum(1 for v in texts if pattern.match(v)) / len(texts) if texts else 0.0
