"""Which windows and half-lives suit the data: seconds, days or decades."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.clock import DAY, HOUR, MINUTE, SECOND

__all__ = ["Grid", "grid_for"]

YEAR = 365 * DAY

#: The lengths that windows are taken from. The seven longest that the data's span can fill are used.
LADDER: tuple[int, ...] = (
    SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY,
    YEAR, 3 * YEAR, 10 * YEAR, 30 * YEAR, 100 * YEAR,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grid:
    """Window lengths, ascending, and half-lives, in microseconds; `unit` is what gaps are measured in."""

    windows: tuple[int, ...]
    half_lives: tuple[int, ...]
    unit: int

    def name(self, length: int) -> str:
        """A length in words: `28d`, `3y`, `10m`."""
        for unit, letter in ((YEAR, "y"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
            if length % unit == 0:
                return f"{length // unit}{letter}"
        return f"{length / SECOND:g}s"


def grid_for(span: int, horizon: int, count: int = 7) -> Grid:
    """Windows that the visible span can fill: {1, 3, 7, 14, 28, 91, 365} days for a year of data.

    `span` and `horizon` are microseconds. Where the ladder's choice has nothing within a factor of two of the
    horizon, the horizon takes the place of the shortest window. Half-lives are the third and fifth window and
    half of the last: 7, 28 and 182 days for a year of data.
    """
    fits = [w for w in LADDER if w <= max(span, SECOND) * 1.2]
    windows = fits[-count:] or [LADDER[0]]
    if 0 < horizon <= span and not any(horizon / 2 <= w <= horizon * 2 for w in windows):
        windows = sorted({horizon, *windows[1:]})
    last = len(windows) - 1
    longest = max(windows[-1] // 2, 1)
    half_lives = (windows[min(2, last)], windows[min(4, last)], longest // DAY * DAY or longest)
    unit = DAY if windows[-1] >= 28 * DAY else windows[0]
    return Grid(tuple(windows), tuple(sorted(set(half_lives))), unit)
