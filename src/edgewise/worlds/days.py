"""How far a planted world can go on."""

from __future__ import annotations

from edgewise.clock import DAY
from edgewise.errors import ArgumentError

__all__ = ["today_of"]


def today_of(now: int, start: int, weeks: int, days: int) -> int:
    """The day that begins at `now` (both moments in microseconds), counted from the start, for going on `days`.

    Raises:
        ArgumentError: no day at all, or more than are left of the weeks that are planned.
    """
    today = (now - start) // DAY
    left = 7 * weeks - today
    if not 1 <= days <= left:
        raise ArgumentError(f"the world cannot go on for {days} days", hint=f"from 1 to {left} days")
    return today
