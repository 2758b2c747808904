"""Users' own clocks: how far they are ahead of UTC at a moment, summer time included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from jaxtyping import Int64

from edgewise.clock import HOUR, MINUTE, from_micros

__all__ = ["Zones"]


class Zones:
    """Time zones by name; one that is unknown counts as UTC and is in `unknown`."""

    def __init__(self, names: Sequence[str | None]) -> None:
        self.unknown: list[str] = []
        self._zones = [self._zone(name) for name in names]

    def _zone(self, name: str | None) -> dt.tzinfo:
        if not name:
            return dt.UTC
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.unknown.append(name)
            return dt.UTC

    def ahead(self, zone: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """How many microseconds each zone's clock is ahead of UTC; exact to the hour at which it changes."""
        hour = at // HOUR
        first = int(hour.min()) if len(hour) else 0
        width = (int(hour.max()) - first + 1) if len(hour) else 1
        cells, inverse = np.unique(zone * width + (hour - first), return_inverse=True)
        found = [self._ahead(int(cell // width), (first + int(cell % width)) * HOUR) for cell in cells]
        return np.array(found, dtype=np.int64)[inverse] if len(found) else np.zeros(0, np.int64)

    def _ahead(self, zone: int, at: int) -> int:
        if self._zones[zone] is dt.UTC:
            return 0
        offset = from_micros(at).replace(tzinfo=dt.UTC).astimezone(self._zones[zone]).utcoffset()
        return 0 if offset is None else int(offset.total_seconds() // 60) * MINUTE
