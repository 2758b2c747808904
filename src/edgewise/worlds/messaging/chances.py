"""What a message does to someone: whether it is opened, clicked, bought from, or answered by leaving.

All are logistic in what the user is like, what the message is about, the hour of the user's own day, and what
they were sent lately. A purchase that a message brings may have been made anyway: then it stands in for the next
one that the user would have made, if that would have come within FORWARD days. So a sure buyer opens, clicks and
buys, and yet little is gained (the difference between response and uplift; Radcliffe and Surry, 2011).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Int16
from numba import njit

from edgewise.clock import DAY, SECOND
from edgewise.worlds.messaging.parts import Messages, People, Products, State

__all__ = ["DAY_SECONDS", "FORWARD", "INSTEAD", "Response", "fatigue_of", "local_hour", "respond", "tired"]

DAY_SECONDS: Final = DAY // SECOND
FORWARD: Final = 14.0  # days within which a purchase that a message brought may stand in for another
INSTEAD: Final = 0.95  # the chance that it does, if there is another
FADES: Final = 3.0  # days in which half of the fatigue is gone
SEEN_FADES: Final = 21.0  # days in which half of having seen the same message is gone
ELSEWHERE: Final = 0.4  # what a message on another channel counts towards fatigue on this one
EARLY: Final = 7.0  # hours of the night end and begin
LATE: Final = 22.0
_BREADTH: Final = 2.2  # hours around the peak


class Response(NamedTuple):
    """The chances of one message to one user on one channel at one moment."""

    opened: float
    clicked: float  # given that it is opened
    bought: float  # given that it is clicked
    net: float  # expected amount gained, net of what would have been bought anyway
    hazard: float  # of leaving the channel
    hazard_opened: float  # given that it is opened
    hazard_closed: float
    kept: float  # the share of purchases that would not have been made anyway


@njit(cache=True, error_model="numpy")
def logistic(x: float) -> float:
    """The inverse of log odds."""
    return 1.0 / (1.0 + np.exp(-x))


@njit(cache=True, error_model="numpy")
def local_hour(zone: int, at: int, offset: Int16[np.ndarray, "zones days"]) -> float:
    """The hour of the user's own day, in [0, 24), at a second."""
    day = min(max(at // DAY_SECONDS, 0), offset.shape[1] - 1)
    return ((at % DAY_SECONDS) / 60.0 + offset[zone, day]) % 1440.0 / 60.0


@njit(cache=True, error_model="numpy")
def fatigue_of(who: int, channel: int, at: int, state: State) -> float:
    """Recent messages on a channel, faded by half every FADES days."""
    days = max(at - state.fatigue_at[who, channel], 0) / DAY_SECONDS
    return state.fatigue[who, channel] * 0.5 ** (days / FADES)


@njit(cache=True, error_model="numpy")
def tired(who: int, channel: int, at: int, state: State) -> float:
    """How tired of messages on this channel: those on it count 1, those on others ELSEWHERE."""
    total = 0.0
    for other in range(state.fatigue.shape[1]):
        total += fatigue_of(who, other, at, state) * (1.0 if other == channel else ELSEWHERE)
    return total


@njit(cache=True, error_model="numpy")
def seen_before(who: int, message: int, at: int, state: State) -> float:
    """How often they were sent this very message, faded by half every SEEN_FADES days."""
    days = max(at / DAY_SECONDS - state.seen_at[who, message], 0.0)
    return state.seen[who, message] * 0.5 ** (days / SEEN_FADES)


@njit(cache=True, error_model="numpy")
def taste_of_hour(peak: float, hour: float) -> float:
    """Log odds of opening by the hour of the user's own day; nights are worse still."""
    apart = abs((hour - peak + 12.0) % 24.0 - 12.0)
    out = 1.1 * np.exp(-0.5 * (apart / _BREADTH) ** 2) - 0.4
    return out - (0.8 if hour < EARLY or hour >= LATE else 0.0)


@njit(cache=True, error_model="numpy")
def opening(own: float, relevance: float, of_hour: float, worn: float) -> float:
    """Log odds of opening."""
    return own + 0.3 * relevance + of_hour - worn


@njit(cache=True, error_model="numpy")
def clicking(
    own: float, channel: int, relevance: float, charm: float, offer: float, seen: float, worn: float
) -> float:
    """Log odds of clicking what is opened."""
    of_channel = -1.7 if channel == 0 else -2.0 if channel == 1 else -0.2
    return own + 0.7 * relevance + charm + 2.5 * offer - seen - 0.5 * worn + of_channel


@njit(cache=True, error_model="numpy")
def buying(own: float, relevance: float, offer: float) -> float:
    """Log odds of buying after a click."""
    return own + 0.4 * relevance + 3.0 * offer - 1.7


@njit(cache=True, error_model="numpy")
def at_least(n: int, mean: float) -> float:
    """The chance that a Poisson number is at least n."""
    term, below = np.exp(-mean), 0.0
    for k in range(n):
        below += term
        term *= mean / (k + 1)
    return max(1.0 - below, 0.0)


@njit(cache=True, error_model="numpy")
def respond(
    who: int,
    message: int,
    channel: int,
    at: int,
    people: People,
    products: Products,
    messages: Messages,
    offset: Int16[np.ndarray, "zones days"],
    state: State,
) -> Response:
    """The chances of a message to a user on a channel at a second, given what they were sent before."""
    topic, offer = messages.topic[message], messages.offer[message] * people.saves[who]
    relevance = people.relevance[who, topic] if topic >= 0 else 0.0
    hour = local_hour(people.zone[who], at, offset)
    tiredness = tired(who, channel, at, state)
    worn = people.tires[who] * tiredness
    seen = seen_before(who, message, at, state)
    opened = logistic(opening(people.opens[who, channel], relevance, taste_of_hour(people.peak[who], hour), worn))
    charm = messages.charm[message]
    clicked = logistic(clicking(people.clicks[who], channel, relevance, charm, offer, seen, worn))
    bought = logistic(buying(people.buys[who], relevance, offer)) if topic >= 0 else 0.0
    leaves = people.leaves[who, channel] + 0.45 * tiredness - 0.45 * relevance + 0.3 * seen
    leaves = np.exp(leaves + (0.9 if hour < EARLY or hour >= LATE else 0.0))
    hazard_opened, hazard_closed = 1 - np.exp(-leaves * people.annoyed[who]), 1 - np.exp(-0.5 * leaves)
    hazard = opened * hazard_opened + (1 - opened) * hazard_closed
    waiting = state.brought_forward[who] if at <= state.forward_until[who] else 0
    anyway = INSTEAD * at_least(waiting + 1, people.rate[who] * FORWARD)
    paid = products.mean_price[max(topic, 0)] * (1.0 - messages.offer[message])
    net = opened * clicked * bought * (paid - anyway * people.spends[who])
    return Response(opened, clicked, bought, net, hazard, hazard_opened, hazard_closed, 1.0 - anyway)


@njit(cache=True, error_model="numpy")
def remember(who: int, message: int, channel: int, at: int, state: State) -> None:
    """A message was sent: it counts towards fatigue from now on."""
    state.fatigue[who, channel] = fatigue_of(who, channel, at, state) + 1.0
    state.fatigue_at[who, channel] = at
    state.seen[who, message] = seen_before(who, message, at, state) + 1.0
    state.seen_at[who, message] = at / DAY_SECONDS
