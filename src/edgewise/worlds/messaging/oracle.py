"""The best sends within a budget, for one who knows the truth.

A send is worth its uplift, less what its fatigue takes from the sends after it, less the hazard of losing the
channel times what the channel will still bring. Whatever is worth more than the price of the budget is sent, and
the price is the one at which the sends fit the budget. Each user's days are gone through in order, so that a send
counts with the fatigue of those planned before it. This is greedy in time and hence no upper bound, but it is told
everything.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int16, Int64
from numba import njit

from edgewise.worlds.messaging.chances import DAY_SECONDS, EARLY, LATE, remember, respond
from edgewise.worlds.messaging.parts import CHANNEL_COUNT, Messages, People, Planted, Products, State

__all__ = ["HORIZON_WEEKS", "Plan", "plan_best"]

HORIZON_WEEKS: Final = 26  # for which a channel that is kept is of use
_LISTED: Final = 5  # messages that are looked at for each user
_SHARED: Final = 0.6  # of a channel's worth that another channel of the user would make up for
_STEPS: Final = 10
_SENDS_A_WEEK: Final = 1.5  # to users who are worth sending to

#: Columns: user, message, channel, second.
Plan = Int64[np.ndarray, "sends 4"]


@njit(cache=True, error_model="numpy")
def _at_best(who: int, day: int, people: People, offset: Int16[np.ndarray, "zones days"]) -> int:
    """The second of a UTC day at which it is nearest to the user's favourite hour, nights left out."""
    hour = min(max(people.peak[who], EARLY), LATE - 0.05)
    return day * DAY_SECONDS + int((hour * 60.0 - offset[people.zone[who], day]) % 1440.0) * 60


@njit(cache=True, error_model="numpy")
def _best_messages(
    live: Int64[np.ndarray, " live"],
    day: int,
    people: People,
    products: Products,
    messages: Messages,
    offset: Int16[np.ndarray, "zones days"],
    state: State,
    listed: Int64[np.ndarray, "users listed"],
    worth: Float64[np.ndarray, "users channels"],
) -> None:
    """Each user's best messages, the best first, and what the best is worth on each channel after a rest."""
    score = np.zeros(len(live))
    tired = state.fatigue.copy()
    state.fatigue[:] = 0.0
    for who in range(len(people.rate)):
        at = _at_best(who, day, people, offset)
        for k in range(len(live)):
            one = respond(who, live[k], 0, at, people, products, messages, offset, state)
            score[k] = -one.net / one.opened
        order = np.argsort(score)
        for k in range(listed.shape[1]):
            listed[who, k] = live[order[k]]
        for channel in range(CHANNEL_COUNT):
            one = respond(who, listed[who, 0], channel, at, people, products, messages, offset, state)
            worth[who, channel] = max(one.net, 0.0)
    state.fatigue[:] = tired


@njit(cache=True, error_model="numpy")
def _may(who: int, channel: int, at: int, people: People, state: State) -> bool:
    agreed = max(people.consented[who, channel], people.joined[who])
    return agreed <= at < state.lost[who, channel] and not people.held_out[who]


@njit(cache=True, error_model="numpy")
def _still_worth(
    who: int,
    channel: int,
    at: int,
    price: float,
    weeks: float,
    people: People,
    state: State,
    worth: Float64[np.ndarray, "users channels"],
) -> float:
    """What a channel will bring above the price of its sends, less what others of the user would make up for."""
    mine = max(0.8 * worth[who, channel] - price, 0.0)
    other = 0.0
    for c in range(CHANNEL_COUNT):
        if c != channel and _may(who, c, at, people, state):
            other = max(other, min(max(0.8 * worth[who, c] - price, 0.0), mine))
    return weeks * _SENDS_A_WEEK * (mine - _SHARED * other)


@njit(cache=True, error_model="numpy")
def _plan(
    price: float,
    weeks: float,
    tiring: float,
    first_day: int,
    days: int,
    listed: Int64[np.ndarray, "users listed"],
    worth: Float64[np.ndarray, "users channels"],
    people: People,
    products: Products,
    messages: Messages,
    offset: Int16[np.ndarray, "zones days"],
    state: State,
    out: Int64[np.ndarray, "room 4"],
    gain: Float64[np.ndarray, " room"],
) -> int:
    """All sends that are worth more than the price, at most one a day and user; `state` takes them as sent."""
    n = 0
    for who in range(len(people.rate)):
        if worth[who].max() <= price:
            continue
        for day in range(first_day, first_day + days):
            at = _at_best(who, day, people, offset)
            best, best_message, best_channel = price, -1, -1
            for channel in range(CHANNEL_COUNT):
                if not _may(who, channel, at, people, state):
                    continue
                loss = _still_worth(who, channel, at, price, weeks, people, state, worth)
                for k in range(listed.shape[1]):
                    one = respond(who, listed[who, k], channel, at, people, products, messages, offset, state)
                    net = one.net - one.hazard * loss - tiring * people.tires[who] * worth[who, channel]
                    if net > best:
                        best, best_message, best_channel = net, listed[who, k], channel
            if best_message >= 0:
                remember(who, best_message, best_channel, at, state)
                out[n, 0], out[n, 1], out[n, 2], out[n, 3] = who, best_message, best_channel, at
                gain[n] = best
                n += 1
    return n


def plan_best(
    planted: Planted,
    state: State,
    first_day: int,
    days: int,
    budget: int,
    weeks: float = HORIZON_WEEKS,
    tiring: float = 1.0,
) -> Plan:
    """At most `budget` sends within the days, at most one a day and user.

    `weeks` is for how long a channel that is kept is of use, `tiring` how much of a rested send's worth is lost to
    later ones for each unit of how easily the user tires.
    """
    live = np.flatnonzero((planted.messages.created <= first_day) & (planted.messages.topic >= 0))
    people, users = planted.people, len(planted.people.rate)
    listed = np.zeros((users, min(_LISTED, len(live))), np.int64)
    worth = np.zeros((users, CHANNEL_COUNT))
    world = (people, planted.products, planted.messages, planted.offset)
    _best_messages(live, first_day, *world, state.copy(), listed, worth)
    out, gain = np.zeros((users * days, 4), np.int64), np.zeros(users * days)
    low, high = 0.0, float(np.quantile(worth.max(axis=1), 0.99))

    def planned(price: float) -> int:
        return int(_plan(price, weeks, tiring, first_day, days, listed, worth, *world, state.copy(), out, gain))

    n = planned(low)
    if n <= budget:
        return out[:n].copy()
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if planned(middle) > budget else (low, middle)
    n = planned(low)
    # a little more than the budget: the least worth of them stay behind
    kept = np.sort(np.argsort(-gain[:n], kind="stable")[:budget])
    return out[kept]
