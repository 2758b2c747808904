"""A plan: everyone's sends for the days ahead, chosen within what is allowed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.clock import HOUR
from edgewise.decisions.notify.allocate import Allocation, CurvePoint, allocate, care_curve, channel_worth
from edgewise.decisions.notify.chance import drawn
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.exploring import explored
from edgewise.decisions.notify.features import Features
from edgewise.decisions.notify.fitted import Fitted
from edgewise.decisions.notify.making_offers import Menu, make_menu, may_reach
from edgewise.decisions.notify.pacing import pace
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.planned import Planned
from edgewise.decisions.notify.priority import Settled, budget_of, settle
from edgewise.decisions.notify.slots import make_slots

__all__ = ["CARES", "Plan", "make_plan", "with_care"]

#: The weights of a lost channel that the curve has points for, beside the declared one.
CARES: Final = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)
_ROUNDS: Final = 2
_STAYS: Final = 0.5
_CURVE_USERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What was chosen, from what.

    `apart` are users held out by their hash, `closed` those held out by their table or without any channel; `held`
    are sends that chance held back. `cost` is by channel, and `budget` what was left after the priority messages.
    """

    menu: Menu
    allocation: Allocation
    settled: Settled
    planned: Planned
    held: Planned
    apart: Int64[np.ndarray, " apart"]
    closed: Int64[np.ndarray, " closed"]
    cost: Float64[np.ndarray, " channels"]
    budget: float | None
    dropped: int


def make_plan(features: Features, fitted: Fitted, entry: NotifyEntry) -> Plan:
    """Choose the sends.

    Raises:
        Infeasible: the priority messages do not fit what is allowed.
    """
    past, fitted = features.past, fitted.on(features.past)
    here = np.flatnonzero(past.users.joined <= past.at)
    luck = drawn(past.users.keys.keys(here), "holdout", entry.random_seed)
    closed = past.users.held_out[here]
    apart = (luck < entry.holdout) & ~closed
    reached = may_reach(features, here).any(axis=1)
    users = here[reached & ~closed & ~apart]
    cost = costs_of(past, entry)
    hours = [h for h in entry.quiet.allowed() if h in fitted.hours] or entry.quiet.allowed()
    settled = settle(past, entry, users, may_reach(features, users), make_slots(past, entry, users, hours), cost)
    menu = make_menu(features, fitted, entry, users, settled.minute)
    budget = budget_of(entry)
    if budget is not None:
        spent = cost[settled.channel[settled.minute >= 0]].sum()
        budget = max(budget - float(spent), 0.0)
    menu = _with_worth(menu, entry, past, cost, budget)
    allocation = allocate(menu.offers, cost, budget, entry.care)
    planned, dropped = _planned(menu, allocation, settled, entry)
    planned, held = explored(past, menu, planned, entry, cost)
    return Plan(
        menu, allocation, settled, planned, held, here[apart], here[~reached | closed], cost, budget, dropped
    )


def costs_of(past: Past, entry: NotifyEntry) -> Float64[np.ndarray, " channels"]:
    """What a send uses of the budget, by channel: one each where sends are counted."""
    money = np.array([entry.channels[c].cost if c in entry.channels else 0.0 for c in past.channels])
    return money if entry.budget.money is not None else np.ones(len(past.channels))


def _with_worth(menu: Menu, entry: NotifyEntry, past: Past, cost: np.ndarray, budget: float | None) -> Menu:
    """Offers that know what each channel is worth to keep: declared, or what it brings beyond the price in the
    weeks for which it is of use. What it brings depends on the price, and the price on it: a few rounds."""
    times = entry.weeks * 7 / entry.days
    for _ in range(_ROUNDS):
        price = allocate(menu.offers, cost, budget, entry.care).price
        own = channel_worth(menu.offers, cost, price, times, entry.care)
        reached = menu.message[:, :, 0] >= 0
        mean = own.sum(axis=0) / np.maximum(reached.sum(axis=0), 1)
        # what somebody is worth changes, towards what people are worth
        worth = np.where(reached, _STAYS * own + (1 - _STAYS) * mean, own)
        for c, name in enumerate(past.channels):
            declared = entry.channels[name].worth if name in entry.channels else None
            worth[:, c] = worth[:, c] if declared is None else declared
        menu = replace(menu, offers=replace(menu.offers, loss=worth.astype(np.float32)))
    return menu


def with_care(plan: Plan, entry: NotifyEntry) -> list[CurvePoint]:
    """The curve of value against lost channels at the same budget; of every so manieth person where there are
    many, scaled to all."""
    offers, budget = plan.menu.offers, plan.budget
    cares = sorted({*CARES, entry.care})
    every = max(1, offers.people // _CURVE_USERS)
    if every == 1:
        return care_curve(offers, plan.cost, budget, cares)
    some = offers.of(np.arange(0, offers.people, every))
    scale = offers.people / some.people
    points = care_curve(some, plan.cost, None if budget is None else budget / scale, cares)
    return [
        CurvePoint(p.care, p.price, round(p.sends * scale), p.gain * scale, p.lost * scale, p.spent * scale)
        for p in points
    ]


def _planned(menu: Menu, allocation: Allocation, settled: Settled, entry: NotifyEntry) -> tuple[Planned, int]:
    """The sends as rows: hours that are not too full, and no message twice to one person."""
    sent = allocation.sent
    row, k = np.nonzero(sent.slot >= 0)
    slot, channel = sent.slot[row, k].astype(np.int64), sent.channel[row, k].astype(np.int64)
    hour = menu.offers.minute[row, channel, slot].astype(np.int64) // 60
    gain = sent.gains[row, k]
    worth = _hours_worth(menu, row, channel, slot, hour, entry)
    paced = pace(hour, gain, worth, entry.most_per_hour)
    message = _messages(menu, row, k, channel)
    kept = paced.kept & (message >= 0)
    moment = menu.start + paced.hour * HOUR
    fixed = np.flatnonzero(settled.minute >= 0)
    both = Planned(
        user=np.concatenate([menu.users[row[kept]], menu.users[fixed]]),
        at=np.concatenate([moment[kept], menu.start + settled.minute[fixed].astype(np.int64) * 60_000_000]),
        message=np.concatenate([message[kept], settled.message[fixed]]),
        channel=np.concatenate([channel[kept], settled.channel[fixed]]),
        gain=np.concatenate([(gain * paced.factor)[kept], np.zeros(len(fixed))]).astype(np.float64),
        risk=np.concatenate([sent.risks[row, k][kept], _first_risk(menu, settled, fixed)]).astype(np.float64),
        worth=np.concatenate(
            [menu.offers.loss[row, channel][kept], menu.offers.loss[fixed, settled.channel[fixed]]]
        ).astype(np.float64),
        settled=np.concatenate([np.zeros(int(kept.sum()), bool), np.ones(len(fixed), bool)]),
        chance=np.ones(int(kept.sum()) + len(fixed)),
        choice=np.ones(int(kept.sum()) + len(fixed)),
    )
    return both.of(np.lexsort((both.user, both.at))), int((~kept).sum())


def _first_risk(menu: Menu, settled: Settled, fixed: np.ndarray) -> np.ndarray:
    return menu.offers.hazard[fixed, settled.channel[fixed], 0]


def _messages(menu: Menu, row: np.ndarray, k: np.ndarray, channel: np.ndarray) -> Int64[np.ndarray, " sends"]:
    """The best message of the channel that the person is not sent already in this plan."""
    found = np.full(len(row), -1)
    ranks = menu.message.shape[2]
    taken = np.full((menu.offers.people, max(int(k.max(initial=0)) + 1, 1)), -2)
    for step in range(int(k.max(initial=-1)) + 1):
        at = np.flatnonzero(k == step)
        r, c = row[at], channel[at]
        for rank in range(ranks):
            option = menu.message[r, c, rank].astype(np.int64)
            free = (found[at] < 0) & (option >= 0) & ~(taken[r] == option[:, None]).any(axis=1)
            found[at[free]] = option[free]
        taken[r, step] = found[at]
    return found


def _hours_worth(
    menu: Menu, row: np.ndarray, channel: np.ndarray, slot: np.ndarray, hour: np.ndarray, entry: NotifyEntry
) -> Float32[np.ndarray, "sends hours"]:  # fmt: skip
    """The factor of each hour for each send: 1 where it is planned, less elsewhere in the same part of the day, 0
    where it may not go out or would come too near to the person's other sends."""
    slots, n = menu.slots, len(row)
    if entry.most_per_hour is None:
        worth = np.zeros((n, slots.hour.shape[1]), np.float32)
        worth[np.arange(n), hour] = 1.0
        return worth
    hours = np.arange(slots.hour.shape[1])
    same = (slots.slot[row] == slot[:, None]) & slots.open[row]
    slack = np.full(n, 24.0)
    order = np.lexsort((hour, row))
    gap = np.diff(hour[order]) - entry.spacing_hours
    near = np.diff(row[order]) == 0
    room = np.where(near, gap / 2, 24.0)
    slack[order[:-1]] = np.minimum(slack[order[:-1]], room)
    slack[order[1:]] = np.minimum(slack[order[1:]], room)
    fixed = menu.offers.fixed[row]
    apart = np.abs(hours[None, :] * 60 - fixed[:, None]) >= entry.spacing_hours * 60
    away = np.abs(hours[None, :] - hour[:, None])
    allowed = same & (away <= np.maximum(slack, 0.0)[:, None]) & (apart | (fixed < 0)[:, None])
    return np.where(allowed, np.exp(-0.05 * away), 0.0).astype(np.float32)
