"""A small share of a plan is left to chance, and the chance written down, so that what is learnt from it later
rests on draws and not on what was thought best now.

Two draws for each send, by hashes of user and moment that know nothing of each other. One may put another of the
user's good messages, on a channel they agreed to and at an hour of the same part of their day, in the place of
what was planned; the other may hold the send back, whatever it is by then. So what is held back is what could
have been sent, with one chance for all: the controls of the next trial.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float64, Int64

from edgewise.clock import HOUR
from edgewise.decisions.notify.chance import drawn
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.making_offers import Menu
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.planned import Planned

__all__ = ["explored"]

_AT_ONCE: Final = 20_000
_NEVER: Final = 1 << 40


def explored(
    past: Past, menu: Menu, planned: Planned, entry: NotifyEntry, cost: Float64[np.ndarray, " channels"]
) -> tuple[Planned, Planned]:
    """What goes out and what is held back, both with their chances.

    At most one send of each user is replaced: by none that costs more where there is a budget, nor at another hour
    where hours may be full. What is settled stays as it is.
    """
    half = entry.explore / 2
    if half == 0 or len(planned) == 0:
        return planned, planned.of(np.zeros(0, np.int64))
    users = past.users.keys.keys(planned.user).to_pylist()
    keys = pa.array([f"{user} {at}" for user, at in zip(users, planned.at.tolist(), strict=True)])
    seed, free = entry.random_seed, ~planned.settled
    room = _Room(menu, planned, entry, cost)
    count = np.zeros(len(planned), np.int64)
    for first in range(0, len(planned), _AT_ONCE):
        some = np.arange(first, min(first + _AT_ONCE, len(planned)))
        count[some] = room.messages(some).sum(axis=(1, 2)) * room.hours(some).sum(axis=1) - 1
    able = free & (count > 0)
    done, later = _first_of_each(planned.user, able & (drawn(keys, "replace", seed) < half))
    choice = np.where(able & ~later, np.where(done, half / np.maximum(count, 1), 1.0 - half), 1.0)
    mixed = _replaced(room, np.flatnonzero(done), drawn(keys, "replacement", seed)[done])
    mixed = replace(mixed, chance=np.where(free, 1.0 - half, 1.0), choice=choice)
    held = free & (drawn(keys, "hold back", seed) < half)
    order = np.lexsort((mixed.user, mixed.at))
    return mixed.of(order[~held[order]]), mixed.of(order[held[order]])


class _Room:
    """What else could stand in the place of each send: any of its messages at any of its hours."""

    def __init__(self, menu: Menu, planned: Planned, entry: NotifyEntry, cost: np.ndarray) -> None:
        self.menu, self.planned, self.entry, self.cost = menu, planned, entry, cost
        self.row = np.searchsorted(menu.users, planned.user)
        self.hour = (planned.at - menu.start) // HOUR
        n = len(planned)
        order = np.lexsort((planned.at, planned.user))
        same = np.diff(planned.user[order]) == 0
        begins = np.flatnonzero(np.concatenate([[True], ~same]))
        nth = np.arange(n) - np.repeat(begins, np.diff(np.append(begins, n)))
        self.nth = np.empty(n, np.int64)
        self.nth[order] = nth
        self.total = np.bincount(self.row, minlength=len(menu.users))
        self.taken = np.full((len(menu.users), int(nth.max(initial=0)) + 1), -2)
        self.taken[self.row, self.nth] = planned.message
        self.before, self.after = np.full(n, -_NEVER), np.full(n, _NEVER)
        self.before[order[1:][same]] = self.hour[order[:-1][same]]
        self.after[order[:-1][same]] = self.hour[order[1:][same]]

    def messages(self, some: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, "n channels ranks"]:
        """Which of the best messages of each channel may stand there, the planned one included where it is one of
        them: none that another send of the user brings, none on a channel whose cap might then be too low."""
        menu, offers, row, channel = self.menu, self.menu.offers, self.row[some], self.planned.channel[some]
        option = menu.message[row]
        other = np.arange(self.taken.shape[1])[None, :] != self.nth[some][:, None]
        taken = ((option[:, :, :, None] == self.taken[row][:, None, None, :]) & other[:, None, None, :]).any(
            axis=3
        )
        slot = menu.slots.slot[row, self.hour[some]]
        held = offers.past_by[row, :, slot] + self.total[row][:, None] <= offers.caps[None, :]
        free = (offers.caps >= offers.cap)[None, :] | held
        free |= np.arange(len(offers.caps))[None, :] == channel[:, None]
        if self.entry.budget.sends is not None or self.entry.budget.money is not None:
            free &= self.cost[None, :] <= self.cost[channel][:, None]
        return (option >= 0) & ~taken & free[:, :, None]

    def hours(self, some: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, "n hours"]:
        """At which hours: open ones of the same part of the user's day, apart from the sends around it."""
        slots, row, hour = self.menu.slots, self.row[some], self.hour[some]
        every = np.arange(slots.hour.shape[1])[None, :]
        if self.entry.most_per_hour is not None:
            return every == hour[:, None]
        same = slots.slot[row] == slots.slot[row, hour][:, None]
        near = self.entry.spacing_hours
        apart = (every - self.before[some][:, None] >= near) & (self.after[some][:, None] - every >= near)
        return slots.open[row] & same & apart

    def standing(self, some: np.ndarray, channel: np.ndarray, rank: np.ndarray, hour: np.ndarray) -> np.ndarray:
        """Gain and hazard of a message at an hour, to somebody not messaged lately."""
        row, offers = self.row[some], self.menu.offers
        factor = self.menu.hours[row, channel, self.menu.slots.hour[row, hour]]
        return np.stack([offers.effect[row, channel, rank] * factor, offers.hazard[row, channel, rank]])


def _replaced(room: _Room, some: Int64[np.ndarray, " n"], luck: Float64[np.ndarray, " n"]) -> Planned:
    """The plan with some sends replaced, each by one of its options drawn evenly. What is expected changes as the
    two stand to each other when nobody is tired."""
    old, menu = room.planned, room.menu
    if len(some) == 0:
        return old
    pairs, hours, row, now = room.messages(some), room.hours(some), room.row[some], room.hour[some]
    ranks = pairs.shape[2]
    here = menu.message[row, old.channel[some]] == old.message[some][:, None]
    rank = here.argmax(axis=1)
    both = (pairs.reshape(len(some), -1)[:, :, None] & hours[:, None, :]).reshape(len(some), -1)
    planned = (old.channel[some] * ranks + rank) * hours.shape[1] + now
    both[np.arange(len(some)), planned] = False
    nth = (luck * both.sum(axis=1)).astype(np.int64)
    pick = (np.cumsum(both, axis=1) > nth[:, None]).argmax(axis=1)
    pair, hour = pick // hours.shape[1], pick % hours.shape[1]
    channel, best = pair // ranks, pair % ranks
    before = room.standing(some, old.channel[some], rank, now)
    scale = room.standing(some, channel, best, hour) / np.where(before > 0, before, 1.0)
    changed = {
        "at": menu.start + hour * HOUR, "channel": channel, "message": menu.message[row, channel, best],
        "gain": old.gain[some] * scale[0], "risk": np.minimum(old.risk[some] * scale[1], 1.0),
        "worth": menu.offers.loss[row, channel],
    }  # fmt: skip
    fields = {name: getattr(old, name).copy() for name in changed}
    for name, values in changed.items():
        fields[name][some] = values
    return replace(old, **fields)


def _first_of_each(
    user: Int64[np.ndarray, " n"], wanted: Bool[np.ndarray, " n"]
) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """The first wanted row of each user, in order of time; and all rows of the same user after it."""
    rows = np.flatnonzero(wanted)
    whose, first = np.unique(user[rows], return_index=True)
    done = np.zeros(len(user), bool)
    done[rows[first]] = True
    at = np.full(int(user.max(initial=0)) + 1, len(user))
    at[whose] = rows[first]
    return done, np.arange(len(user)) > at[user]
