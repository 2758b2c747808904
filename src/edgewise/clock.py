"""Time inside the engine: int64 microseconds since 1970-01-01, UTC, and the text around it.

Rows with `time <= anchor` are visible. A row of a table without time is always visible: its time is `ALWAYS`.
A row whose time is missing in a table that has time is never visible: its time is `NEVER`.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Final

import numpy as np
from jaxtyping import Int64

from edgewise.errors import ArgumentError

__all__ = [
    "ALWAYS", "DAY", "HOUR", "MINUTE", "NEVER", "SECOND", "from_micros", "iso", "latest_past", "now", "to_micros",
]  # fmt: skip

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

ALWAYS: Final = int(np.iinfo(np.int64).min)
NEVER: Final = int(np.iinfo(np.int64).max)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def to_micros(moment: str | dt.datetime | dt.date | np.datetime64 | int) -> int:
    """A moment as microseconds since the epoch. Text is ISO 8601; without a zone it is read as UTC.

    Raises:
        ArgumentError: text that is no ISO date or time.
    """
    if isinstance(moment, (int, np.integer)):
        return int(moment)
    if isinstance(moment, np.datetime64):
        return int(moment.astype("datetime64[us]").astype(np.int64))
    if isinstance(moment, str):
        try:
            moment = dt.datetime.fromisoformat(moment.strip())
        except ValueError:
            raise ArgumentError(
                f"'{moment}' is not a time", hint="write it as 2017-12-18 or 2017-12-18T06:30:00"
            ) from None
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def now() -> int:
    """The computer's clock."""
    return int(time.time() * SECOND)


def latest_past(times: Int64[np.ndarray, " rows"]) -> int:
    """The latest of some times not after the computer's clock; the latest of all where every one is after it.

    A wrong date far ahead (2099-12-31) must not become the moment that questions about the present are asked at.
    ALWAYS where there is no time.
    """
    there = times[(times < NEVER) & (times > ALWAYS)]
    past = there[there <= now()]
    return int((past if len(past) else there).max(initial=ALWAYS))


def from_micros(micros: int) -> dt.datetime:
    """The inverse of `to_micros`: a naive datetime in UTC."""
    return (_EPOCH + dt.timedelta(microseconds=int(micros))).replace(tzinfo=None)


def iso(micros: int) -> str:
    """A moment as short ISO text: the date alone at midnight."""
    moment = from_micros(micros)
    return moment.date().isoformat() if micros % DAY == 0 else moment.isoformat(sep=" ")
