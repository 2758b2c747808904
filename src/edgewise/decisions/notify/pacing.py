"""Hours that would be too full: who gives way to which other hour, those who lose least first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

__all__ = ["Paced", "pace"]

_HOUR = 60
_DAY = 24


@dataclass(frozen=True, slots=True)
class Paced:
    """The hour of each send from the start on, what is left of its gain, and whether it goes out at all."""

    hour: Int64[np.ndarray, " sends"]
    factor: Float32[np.ndarray, " sends"]
    kept: Bool[np.ndarray, " sends"]


def pace(
    hour: Int64[np.ndarray, " sends"],
    gain: Float32[np.ndarray, " sends"],
    worth: Float32[np.ndarray, "sends hours"],
    most: float | None,
) -> Paced:
    """Spread sends over hours so that none holds more than its share of a day's.

    Args:
        hour: the hour of each send, counted from the start.
        gain: what each is expected to gain there.
        worth: the factor of each hour for each send; 0 where it may not go out then. Hours of
            the same day compete.
        most: the share of a day's sends that one hour may hold; None for no limit.
    """
    n = len(hour)
    hour, kept = hour.copy(), np.ones(n, bool)
    rows = np.arange(n)
    first = worth[rows, hour] if n else np.zeros(0, np.float32)
    if most is not None:
        for day in range(-(-worth.shape[1] // _DAY)):
            hours = np.arange(day * _DAY, min((day + 1) * _DAY, worth.shape[1]))
            mine = np.flatnonzero((hour >= hours[0]) & (hour <= hours[-1]))
            _spread(hour, kept, gain, worth, mine, hours, most)
    now = worth[rows, hour] if n else first
    factor = np.where(first > 0, now / np.where(first > 0, first, 1.0), 1.0)
    return Paced(hour, factor.astype(np.float32), kept)


def _spread(
    hour: np.ndarray, kept: np.ndarray, gain: np.ndarray, worth: np.ndarray, mine: np.ndarray, hours: np.ndarray,
    most: float,
) -> None:  # fmt: skip
    """Move sends of one day out of full hours; those that fit nowhere are left out, the least gainful first."""
    room = max(int(np.floor(most * len(mine) + 1e-9)), 1)
    for _ in range(len(hours)):
        count = np.bincount(hour[mine[kept[mine]]] - hours[0], minlength=len(hours))
        full = int(count.argmax())
        if count[full] <= room:
            return
        inside = mine[kept[mine] & (hour[mine] == hours[full])]
        left = np.where(count < room, worth[inside][:, hours], 0.0)
        left[:, full] = 0.0
        best = left.max(axis=1)
        here = worth[inside, hours[full]]
        losing = gain[inside] * (1.0 - best / np.where(here > 0, here, 1.0))
        order = inside[np.argsort(losing, kind="stable")]
        place = dict(zip(inside.tolist(), range(len(inside)), strict=True))
        _move(hour, kept, order, place, left, count, full, hours, room)


def _move(
    hour: np.ndarray, kept: np.ndarray, order: np.ndarray, place: dict[int, int], left: np.ndarray, count:
    np.ndarray, full: int, hours: np.ndarray, room: int,
) -> None:  # fmt: skip
    for send in order.tolist():
        if count[full] <= room:
            return
        options = np.where(count < room, left[place[send]], 0.0)
        to = int(options.argmax())
        count[full] -= 1
        if options[to] > 0:
            hour[send] = hours[to]
            count[to] += 1
        else:
            kept[send] = False
