"""Messages that go out before all others: to whom, on which channel; and whether everything allowed leaves
room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64

from edgewise.clock import DAY, MINUTE
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.slots import Slots
from edgewise.decisions.notify.timeline import Timeline
from edgewise.decisions.solve.program import constraints, program
from edgewise.decisions.solve.solve import solve

__all__ = ["Settled", "budget_of", "settle"]


@dataclass(frozen=True, slots=True)
class Settled:
    """Sends that are settled before anything is weighed; -1 for users without one."""

    minute: Int32[np.ndarray, " n"]
    message: Int64[np.ndarray, " n"]
    channel: Int64[np.ndarray, " n"]

    @property
    def count(self) -> int:
        """How many there are."""
        return int((self.minute >= 0).sum())


def settle(
    past: Past, entry: NotifyEntry, users: Int64[np.ndarray, " n"], reach: Bool[np.ndarray, "n channels"],
    slots: Slots, cost: Float64[np.ndarray, " channels"],
) -> Settled:  # fmt: skip
    """The priority message that each user is still to get, the latest one, at the first permitted hour.

    Raises:
        Infeasible: the budget does not leave room for them.
    """
    n = len(users)
    none = Settled(np.full(n, -1, np.int32), np.full(n, -1), np.full(n, -1))
    messages = past.messages
    fresh = (messages.begins <= past.at) & (messages.begins > past.at - _days(entry) * DAY)
    wanted = np.flatnonzero(messages.priority & fresh & (messages.ends > past.at))
    if len(wanted) == 0 or n == 0:
        return none
    message = np.full(n, -1)
    sent = np.flatnonzero(past.sends.sent)
    pair = Timeline(past.sends.user[sent] * len(messages) + past.sends.message[sent], past.sends.at[sent])
    end = np.full(n, past.at + MINUTE)
    for m in wanted[np.argsort(messages.begins[wanted], kind="stable")]:
        missing = pair.before(users * len(messages) + m, end) == 0
        message[missing] = m
    channel = _channel(past, entry, reach, cost)
    first = np.where(slots.open.any(axis=1), slots.open.argmax(axis=1), -1)
    chosen = (message >= 0) & (channel >= 0) & (first >= 0)
    settled = Settled(
        np.where(chosen, first * 60, -1).astype(np.int32),
        np.where(chosen, message, -1),
        np.where(chosen, channel, -1),
    )
    _check_room(entry, settled, cost)
    return settled


def _days(entry: NotifyEntry) -> int:
    return 7 if entry.messages is None else entry.messages.priority_days


def _channel(past: Past, entry: NotifyEntry, reach: np.ndarray, cost: np.ndarray) -> Int64[np.ndarray, " n"]:
    """The declared channel, or the cheapest that each user can be reached on; -1 for none."""
    given = None if entry.messages is None else entry.messages.priority_channel
    price = np.where(reach, cost[None, :] + 1e-9 * np.arange(len(cost))[None, :], np.inf)
    if given is not None and given in past.channels:
        c = past.channels.index(given)
        price[:, np.arange(len(cost)) != c] = np.inf
    return np.where(np.isfinite(price).any(axis=1), price.argmin(axis=1), -1)


def _check_room(entry: NotifyEntry, settled: Settled, cost: np.ndarray) -> None:
    """Refuse what cannot be: the program of the priority messages alone, whose constraints have the users'
    names."""
    chosen = settled.minute >= 0
    many = np.bincount(settled.channel[chosen], minlength=len(cost)).astype(np.float64)
    total = float(many.sum())
    if total == 0:
        return
    columns = np.arange(len(cost))
    groups = [
        constraints("priority messages", 0, columns, low=total, unit="messages"),
        constraints("users to reach", columns, columns, high=many, hard=True),
    ]
    budget = budget_of(entry)
    if budget is not None:
        weight = np.ones(len(cost)) if entry.budget.sends is not None else cost
        unit = "messages" if entry.budget.sends is not None else "of cost"
        groups.append(constraints("budget", 0, columns, weight, high=budget, unit=unit))
    solve(program(np.ones(len(cost)), groups, high=np.maximum(many, 0.0), whole=False))


def budget_of(entry: NotifyEntry) -> float | None:
    """What may be spent over the days that are planned; None where there is no budget."""
    given = entry.budget
    whole = given.sends if given.sends is not None else given.money
    return None if whole is None else float(whole) * entry.days / given.days
