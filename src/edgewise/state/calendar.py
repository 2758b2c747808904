"""Where an anchor stands in the day, the week and the year, and where its window lies."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.clock import ALWAYS, DAY, NEVER

__all__ = ["CALENDAR", "calendar"]

#: Names of the calendar's columns, in order.
CALENDAR: tuple[str, ...] = ("hour", "day of week", "day of month", "month", "day of year", "window's month")


def calendar(anchors: Int64[np.ndarray, " n"], ahead: int) -> Float32[np.ndarray, "n 6"]:
    """The calendar in UTC; `ahead` is how many microseconds after the anchor the window's middle lies.

    NaN for an anchor of a static task. Monday is 0, January is 1.
    """
    known = (anchors != ALWAYS) & (anchors < NEVER - ahead)
    moment = np.where(known, anchors, 0).astype("datetime64[us]")
    day = moment.astype("datetime64[D]")
    month = moment.astype("datetime64[M]")
    later = (moment + np.timedelta64(ahead, "us")).astype("datetime64[M]")
    columns = [
        (moment - day).astype(np.int64) / (DAY / 24),
        (day.astype(np.int64) + 3) % 7,
        (day - month).astype(np.int64) + 1,
        month.astype(np.int64) % 12 + 1,
        (day - moment.astype("datetime64[Y]")).astype(np.int64) + 1,
        later.astype(np.int64) % 12 + 1,
    ]
    return np.where(known[:, None], np.stack(columns, axis=1), np.nan).astype(np.float32)
