"""Anchors and windows as rows of integers, and the joins that put events into windows.

A slot is one anchor, or one timeframe of one anchor; slots are numbered in the order of the anchors, timeframes
of an anchor next to each other. An engine compares each event with each window of a join over inequalities alone,
which is slow for many rows. So windows also carry the bins of time that they touch: bins are as long as the widest
window (rounded up to a power of two, since a shift is exact in every dialect), an event lies in one bin, and the
join is one over equal bins first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlglot import expressions as exp

from edgewise.query.sql.parts import AT, both, column, integer, values_cte
from edgewise.query.window import Window

__all__ = ["SLOT", "Slots", "WindowJoin"]

SLOT = "slot"


@dataclass(frozen=True, slots=True)
class WindowJoin:
    """How events meet the slots of one window.

    `table` names the windows (alias w), `on` joins them to events (alias ev), `within` keeps of all events those
    that any window can hold, given the expression of their time.
    """

    table: str
    on: exp.Expression
    after: int | None
    until: int

    def within(self, at: exp.Expression) -> exp.Expression:
        """Whether a time lies between the first window's start and the last one's end."""
        last = exp.LTE(this=at.copy(), expression=integer(self.until))
        if self.after is None:
            return last
        return exp.And(this=exp.GT(this=at.copy(), expression=integer(self.after)), expression=last)


class Slots:
    """The slots of one statement. Ask for joins first; `ctes` then writes the rows that they need."""

    def __init__(self, anchors: Sequence[int], timeframes: int) -> None:
        self._anchors = np.asarray(anchors, dtype=np.int64)
        self._frames = timeframes
        self._joins: dict[tuple[Window, bool], WindowJoin] = {}
        self._windows: list[exp.CTE] = []

    def __bool__(self) -> bool:
        return len(self._anchors) > 0

    def join(self, window: Window, framed: bool) -> WindowJoin:
        """The join of a window. `framed` windows move along with the timeframes of a forecast, others do not."""
        if (window, framed) not in self._joins:
            self._joins[window, framed] = self._add(window, framed)
        return self._joins[window, framed]

    def ctes(self) -> list[exp.CTE]:
        """The anchors (columns slot, at) and the windows that were asked for."""
        if not self:
            return []
        at = np.repeat(self._anchors, self._frames)
        rows = np.stack([np.arange(len(at)), at], axis=1).tolist()
        return [values_cte("ew_anchors", (SLOT, "at"), rows), *self._windows]

    def _add(self, window: Window, framed: bool) -> WindowJoin:
        name = f"ew_window_{len(self._joins) + 1}"
        bounds = [window.frame(i if framed else 0).bounds(self._anchors) for i in range(self._frames)]
        low = np.stack([b[0] for b in bounds], axis=1).ravel()
        high = np.stack([b[1] for b in bounds], axis=1).ravel()
        slot = np.arange(len(low))
        until = int(high.max())
        at = column(AT, "ev")
        before_end = exp.LTE(this=at.copy(), expression=column("high", "w"))
        if window.start is None:
            rows = np.stack([slot, high], axis=1).tolist()
            self._windows.append(values_cte(name, (SLOT, "high"), rows))
            return WindowJoin(name, before_end, None, until)
        after = int(low.min())
        shift = max(int((high - low).max()) - 1, 1).bit_length()
        rows = _touched(slot, low, high, after, shift)
        self._windows.append(values_cte(name, (SLOT, "low", "high", "bin"), rows))
        since = exp.Paren(this=exp.Sub(this=at.copy(), expression=integer(after)))
        own_bin = exp.Paren(this=exp.BitwiseRightShift(this=since, expression=integer(shift)))
        same_bin = exp.EQ(this=column("bin", "w"), expression=own_bin)
        after_start = exp.GT(this=at, expression=column("low", "w"))
        return WindowJoin(name, both([same_bin, after_start, before_end]), after, until)


def _touched(slot: np.ndarray, low: np.ndarray, high: np.ndarray, origin: int, shift: int) -> list[list[int]]:
    """A row for each window and each bin that it touches: two at most, since a bin is as long as any window."""
    first, last = (low + 1 - origin) >> shift, (high - origin) >> shift
    once = np.stack([slot, low, high, first], axis=1)
    again = np.stack([slot, low, high, last], axis=1)[last > first]
    return np.concatenate([once, again]).tolist()
