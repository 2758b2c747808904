"""A plan as tables, keys as users write them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY, HOUR, MINUTE, iso
from edgewise.decisions.notify.allocate import CurvePoint
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import local_hour
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.plan import Plan
from edgewise.decisions.notify.planned import Planned
from edgewise.decisions.notify.sequence import LEVEL

__all__ = ["tables_of"]


def tables_of(past: Past, entry: NotifyEntry, plan: Plan, curve: list[CurvePoint]) -> dict[str, pa.Table]:
    """`sends` is the decision, `withheld` what chance held back of it; `curve`, `calendar`, `offers` (what live
    answers rest on) and `unsent` stand beside."""
    return {
        "sends": _sends(past, plan, plan.planned),
        "withheld": _sends(past, plan, plan.held),
        "curve": _curve(entry, curve),
        "calendar": _calendar(past, plan),
        "offers": _offers(past, plan),
        "tiredness": _tiredness(past, plan),
        "recent": _recent(past),
        "unsent": _unsent(past, plan),
    }


def _names(past: Past, channel: np.ndarray) -> pa.Array:
    return pa.array([past.channels[c] for c in channel.tolist()], pa.string())


def _time(at: np.ndarray) -> pa.Array:
    return pa.array(at.astype(np.int64)).cast(pa.timestamp("us"))


def _sends(past: Past, plan: Plan, planned: Planned) -> pa.Table:
    hour = local_hour(past, planned.user, planned.at)
    return pa.table(
        {
            "user": past.users.keys.keys(planned.user),
            "send_at": _time(planned.at),
            "local_hour": pa.array(hour, pa.int64()),
            "channel": _names(past, planned.channel),
            "message": past.messages.keys.keys(planned.message),
            "gain": planned.gain,
            "hazard": planned.risk,
            "channel_worth": planned.worth,
            "cost": plan.cost[planned.channel],
            "priority": planned.settled,
            "propensity": planned.chance,
            "choice_propensity": planned.choice,
        }
    )


def _curve(entry: NotifyEntry, curve: list[CurvePoint]) -> pa.Table:
    """Points that change nothing are left out; the declared care is at the last one up to it."""
    here = max((i for i, p in enumerate(curve) if p.care <= entry.care), default=0)
    return pa.table(
        {
            "care": [float(p.care) for p in curve],
            "multiplier": [float(p.price) for p in curve],
            "sends": [int(p.sends) for p in curve],
            "gain": [float(p.gain) for p in curve],
            "lost_channels": [float(p.lost) for p in curve],
            "spent": [float(p.spent) for p in curve],
            "chosen": [i == here for i in range(len(curve))],
        }
    )


def _calendar(past: Past, plan: Plan) -> pa.Table:
    planned = plan.planned
    cell = np.stack([planned.at // DAY, planned.at // HOUR % 24, planned.channel], axis=1)
    cells, inverse = np.unique(cell, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    return pa.table(
        {
            "day": pa.array([iso(int(d) * DAY) for d in cells[:, 0]], pa.string()),
            "hour": pa.array(cells[:, 1], pa.int64()),
            "channel": _names(past, cells[:, 2]),
            "sends": np.bincount(inverse, minlength=len(cells)).astype(np.int64),
            "gain": np.bincount(inverse, planned.gain, len(cells)),
        }
    )


def _offers(past: Past, plan: Plan) -> pa.Table:
    """The best messages of each channel for each user: their effect and hazard for somebody not messaged
    lately."""
    menu, offers = plan.menu, plan.menu.offers
    row, channel, rank = np.nonzero(menu.message >= 0)
    ahead = past.users.zones.ahead(past.users.zone[menu.users[row]], np.full(len(row), past.at))
    hours = pa.array(menu.hours[row, channel].ravel(), pa.float32())
    return pa.table(
        {
            "user": past.users.keys.keys(menu.users[row]),
            "channel": _names(past, channel),
            "rank": pa.array(rank + 1, pa.int64()),
            "message": past.messages.keys.keys(menu.message[row, channel, rank].astype(np.int64)),
            "gain": offers.effect[row, channel, rank].astype(np.float64),
            "hazard": offers.hazard[row, channel, rank].astype(np.float64),
            "channel_worth": offers.loss[row, channel].astype(np.float64),
            "tiredness": offers.fatigue[row, channel].astype(np.float64),
            "cost": plan.cost[channel],
            "zone_minutes": pa.array(ahead // MINUTE),
            "hours": pa.FixedSizeListArray.from_arrays(hours, 24),
        }
    )


def _tiredness(past: Past, plan: Plan) -> pa.Table:
    """What tiredness does to effect and hazard, by channel and level."""
    offers = plan.menu.offers
    channel, level = np.indices(offers.tired.shape).reshape(2, -1)
    return pa.table(
        {
            "channel": _names(past, channel),
            "level": level * LEVEL,
            "effect": offers.tired[channel, level].astype(np.float64),
            "hazard": offers.wear[channel, level].astype(np.float64),
        }
    )


def _recent(past: Past) -> pa.Table:
    """What was sent in the week before, for the caps of live answers."""
    sends = past.sends
    rows = np.flatnonzero(sends.sent & (sends.channel >= 0) & (sends.at > past.at - 7 * DAY))
    return pa.table(
        {
            "user": past.users.keys.keys(sends.user[rows]),
            "channel": _names(past, sends.channel[rows]),
            "sent_at": _time(sends.at[rows]),
        }
    )


def _unsent(past: Past, plan: Plan) -> pa.Table:
    """How many users get nothing, and why."""
    sent = np.unique(plan.planned.user)
    waiting = np.setdiff1d(plan.held.user, sent)
    left = np.setdiff1d(plan.menu.users, np.union1d(sent, waiting))
    row = np.searchsorted(plan.menu.users, left)
    offers = plan.menu.offers
    open_ = (offers.when[row] > 0).any(axis=(1, 2)) if len(row) else np.zeros(0, bool)
    room = (offers.past[row] < offers.cap).any(axis=1) if len(row) else np.zeros(0, bool)
    some = (plan.menu.message[row, :, 0] >= 0).any(axis=1) if len(row) else np.zeros(0, bool)
    blocked = ~open_ | ~room
    held = past.users.held_out[plan.closed]
    reasons = {
        "held out to measure": len(plan.apart) + int(held.sum()),
        "held back by chance this time": len(waiting),
        "no channel they agreed to": int((~held).sum()),
        "sent enough lately: caps, spacing or quiet hours": int(blocked.sum()),
        "no message that would gain anything": int((~blocked & ~some).sum()),
        "others gain more for the price": int((~blocked & some).sum()),
    }
    return pa.table({"reason": list(reasons), "users": list(reasons.values())})
