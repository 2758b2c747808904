"""The one owner of the window `(anchor + start, anchor + end]` and of every step through time.

Seconds to weeks are exact; months, quarters and years are calendar steps in UTC: the day of the month is kept
where the new month has it and is its last day otherwise, the time of day is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Int64

from edgewise.clock import DAY, HOUR, MINUTE, SECOND
from edgewise.query.nodes import Unit

__all__ = ["BEGINNING", "LONGEST", "Offset", "Window"]

#: Earlier than every time: the lower bound of a window that starts at -INF.
BEGINNING: Final = -(2**62)
#: The farthest that an offset may reach, in microseconds: a thousand years.
LONGEST: Final = 366_000 * DAY

_EXACT: Final = {
    Unit.SECONDS: SECOND,
    Unit.MINUTES: MINUTE,
    Unit.HOURS: HOUR,
    Unit.DAYS: DAY,
    Unit.WEEKS: 7 * DAY,
}
_MONTHS: Final = {Unit.MONTHS: 1, Unit.QUARTERS: 3, Unit.YEARS: 12}


@dataclass(frozen=True, slots=True)
class Offset:
    """A signed step through time: `count` units."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        unit = self.unit.value
        return f"{self.count} {unit[:-1] if abs(self.count) == 1 else unit}"

    def __mul__(self, times: int) -> Offset:
        return Offset(self.count * times, self.unit)

    def __neg__(self) -> Offset:
        return Offset(-self.count, self.unit)

    @property
    def calendar(self) -> bool:
        """Whether the step's length depends on where it starts."""
        return self.unit in _MONTHS

    @property
    def micros(self) -> int:
        """The length in microseconds; a calendar month counts as 30.436875 days (the Gregorian mean)."""
        if self.calendar:
            return self.count * _MONTHS[self.unit] * (146_097 * DAY // 4_800)
        return self.count * _EXACT[self.unit]

    def shift(self, at: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Each time moved by this step. Times are microseconds since the epoch, UTC."""
        at = np.asarray(at, dtype=np.int64)
        if not self.calendar:
            return at + np.int64(self.count * _EXACT[self.unit])
        day, within = np.divmod(at, DAY)
        date = day.astype("datetime64[D]")
        month = date.astype("datetime64[M]")
        day_of_month = date - month.astype("datetime64[D]")
        landed = month + np.timedelta64(self.count * _MONTHS[self.unit], "M")
        length = (landed + 1).astype("datetime64[D]") - landed.astype("datetime64[D]")
        moved = landed.astype("datetime64[D]") + np.minimum(day_of_month, length - np.timedelta64(1, "D"))
        return moved.astype(np.int64) * DAY + within

    def after(self, at: int) -> int:
        """One time moved by this step."""
        return int(self.shift(np.array([at], dtype=np.int64))[0])


@dataclass(frozen=True, slots=True)
class Window:
    """The times t with `anchor + start < t <= anchor + end`; a start of None is -INF."""

    start: Offset | None
    end: Offset

    def __str__(self) -> str:
        start = "-INF" if self.start is None else str(self.start.count)
        return f"({start}, {self.end.count}] {self.end.unit.value}"

    @property
    def width(self) -> Offset:
        """From start to end.

        Raises:
            ValueError: the window has no start.
        """
        if self.start is None:
            raise ValueError("a window from -INF has no width")
        return Offset(self.end.count - self.start.count, self.end.unit)

    def frame(self, index: int) -> Window:
        """The window `index` widths later: the timeframes of a forecast follow each other without a gap."""
        if index == 0 or self.start is None:
            return self
        step = self.width.count * index
        unit = self.end.unit
        return Window(Offset(self.start.count + step, unit), Offset(self.end.count + step, unit))

    def bounds(self, anchors: Int64[np.ndarray, " n"]) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
        """The exclusive lower and the inclusive upper bound at each anchor."""
        anchors = np.asarray(anchors, dtype=np.int64)
        low = np.full(len(anchors), BEGINNING) if self.start is None else self.start.shift(anchors)
        return low, self.end.shift(anchors)
