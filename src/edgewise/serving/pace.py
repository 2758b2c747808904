"""Which questions are still worth beginning: with more than can be answered, time goes to those that can be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["Overdue", "Pace"]

T = TypeVar("T")
#: How much the latest job counts in what jobs usually take.
_LATEST: Final = 0.1


class Overdue(Exception):
    """The deadline is over, or so much is waiting that it would be."""


class Pace:
    """How long jobs usually take where they are done, one after the other."""

    def __init__(self) -> None:
        self.usual = 0.0  # seconds

    def within(self, job: Callable[[], T], seconds: float, end: float) -> T:
        """Do a job that was given `seconds` and must be done by `end` on the monotonic clock.

        Raises:
            Overdue: it would not be; it is not begun.
        """
        began = time.monotonic()
        if began + min(self.usual, seconds / 2) > end:  # half: a slow one must not keep all others from trying
            raise Overdue
        try:
            return job()
        finally:
            self.usual += _LATEST * (time.monotonic() - began - self.usual)
