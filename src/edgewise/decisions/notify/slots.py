"""When something may be sent: the parts of each person's own days, their permitted hours, and what was sent
before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Int8, Int32, Int64

from edgewise.clock import DAY, HOUR, MINUTE
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.timeline import Timeline

__all__ = ["Slots", "make_slots"]


WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Slots:
    """For each user and hour of the days ahead: the user's own hour, and whether something may be sent.

    Attributes:
        hour: the hour of the user's own day of each hour from the moment on.
        slot: which part of the user's own days it belongs to.
        open: whether quiet hours and spacing to what was sent before allow it.
        count: how many slots there are.
        past, past_by: sends in the week before each slot, in all and by channel.
    """

    hour: Int8[np.ndarray, "users hours"]
    slot: Int8[np.ndarray, "users hours"]
    open: Bool[np.ndarray, "users hours"]
    count: int
    past: Int8[np.ndarray, "users slots"]
    past_by: Int8[np.ndarray, "users channels slots"]

    def best(
        self, rank: Float32[np.ndarray, "users channels 24"]
    ) -> tuple[Float32[np.ndarray, "users channels slots"], Int32[np.ndarray, "users channels slots"]]:
        """The factor and the minute of the best open hour of each slot; a factor of 0 where none is open."""
        users, channels, _ = rank.shape
        when = np.zeros((users, channels, self.count), np.float32)
        minute = np.zeros((users, channels, self.count), np.int32)
        rows = np.arange(users)
        for h in range(self.hour.shape[1]):
            slot, hour = self.slot[:, h], self.hour[:, h]
            for c in range(channels):
                factor = np.where(self.open[:, h], rank[rows, c, hour], 0.0)
                better = factor > when[rows, c, slot]
                when[rows[better], c, slot[better]] = factor[better]
                minute[rows[better], c, slot[better]] = h * 60
        return when, minute


def make_slots(past: Past, entry: NotifyEntry, users: Int64[np.ndarray, " users"], hours: list[int]) -> Slots:
    """The slots of some users from `past.at` on, for `entry.days` days; `hours` of their own day are permitted."""
    start = -(-past.at // HOUR) * HOUR
    n, ahead = len(users), 24 * entry.days
    zone = past.users.zone[users]
    moments = start + np.arange(ahead) * HOUR
    zones = np.unique(zone)
    shift = np.zeros((int(zones.max(initial=0)) + 1, ahead), np.int64)
    for z in zones:
        shift[z] = past.users.zones.ahead(np.full(ahead, z), moments)
    local = moments[None, :] + shift[zone]
    hour, day = local // HOUR % 24, local // DAY
    part = _part_of(hours, entry.per_day)
    slot = (day - day[:, :1]) * entry.per_day + part[hour]
    count = (entry.days + 1) * entry.per_day
    sends = past.sends
    sent = np.flatnonzero(sends.sent)
    timeline = Timeline(sends.user[sent], sends.at[sent])
    last = timeline.last(users, np.full(n, past.at), same=True)
    last_at = np.where(last >= 0, sends.at[sent][np.maximum(last, 0)] if len(sent) else 0, -(1 << 62))
    allowed = np.isin(hour, hours) & (moments[None, :] - last_at[:, None] >= entry.spacing_hours * HOUR)
    today = _today(past, entry, users, zone, shift, day, start)
    allowed &= today < entry.per_day
    past_all, past_by = _week_before(past, entry, users, slot, moments, count)
    return Slots(hour.astype(np.int8), slot.astype(np.int8), allowed, count, past_all, past_by)


def _part_of(hours: list[int], parts: int) -> Int64[np.ndarray, " 24"]:
    """Which of the day's parts each hour belongs to: as many permitted hours in each as can be."""
    part = np.zeros(24, np.int64)
    for i, some in enumerate(np.array_split(np.array(sorted(hours), np.int64), parts)):
        part[some[0] if len(some) else 24 :] = i
    return part


def _today(
    past: Past, entry: NotifyEntry, users: np.ndarray, zone: np.ndarray, shift: np.ndarray, day: np.ndarray,
    start: int
) -> Int64[np.ndarray, "users hours"]:  # fmt: skip
    """How many were sent already on the first of the user's own days, for the hours of that day."""
    begins = day[:, 0] * DAY - shift[zone, 0]
    sends = past.sends
    sent = np.flatnonzero(sends.sent)
    timeline = Timeline(sends.user[sent], sends.at[sent])
    count = timeline.between(users, begins, np.full(len(users), start + MINUTE))
    return np.where(day == day[:, :1], count[:, None], 0)


def _week_before(
    past: Past, entry: NotifyEntry, users: np.ndarray, slot: np.ndarray, moments: np.ndarray, count: int
) -> tuple[Int8[np.ndarray, "users slots"], Int8[np.ndarray, "users channels slots"]]:  # fmt: skip
    """What was sent in the week before the first hour of each slot."""
    sends, n, width = past.sends, len(users), len(past.channels)
    first = np.full((n, count), int(moments[-1]) + HOUR)
    rows = np.arange(n)
    for h in range(len(moments) - 1, -1, -1):
        first[rows, slot[:, h]] = moments[h]
    sent = np.flatnonzero(sends.sent & (sends.channel >= 0))
    end = np.full(n, past.at + MINUTE)
    every = Timeline(sends.user[sent], sends.at[sent])
    by = Timeline(sends.user[sent] * width + sends.channel[sent], sends.at[sent])
    past_all, past_by = np.zeros((n, count), np.int8), np.zeros((n, width, count), np.int8)
    for s in range(count):
        begin = np.minimum(first[:, s] - WEEK, end)
        past_all[:, s] = np.minimum(every.between(users, begin, end), 100)
        for c in range(width):
            past_by[:, c, s] = np.minimum(by.between(users * width + c, begin, end), 100)
    return past_all, past_by
