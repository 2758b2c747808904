"""What a messaging world is made of, as groups of arrays that compiled loops can read.

Row i of a group is thing i; days and seconds are counted from START, a Monday, in UTC. Nothing in here is a table:
these are the planted truths, and the tables show only what a shop would know.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int16, Int64

from edgewise.clock import to_micros

__all__ = ["CHANNEL_COUNT", "NEVER", "START", "Messages", "People", "Products", "State", "fresh_state"]

START: Final = to_micros("2024-01-01")  # a Monday
CHANNEL_COUNT: Final = 3  # e-mail, SMS, push
NEVER: Final = 1 << 60  # a second that does not come


class People(NamedTuple):
    """Users: what is known of them, and what only the planter knows."""

    zone: Int64[np.ndarray, " users"]
    age: Int64[np.ndarray, " users"]
    member: Bool[np.ndarray, " users"]
    held_out: Bool[np.ndarray, " users"]
    joined: Int64[np.ndarray, " users"]  # second
    consented: Int64[np.ndarray, "users channels"]  # second; NEVER where they did not agree
    kind: Int64[np.ndarray, " users"]  # 0 sure buyer, 1 ordinary, 2 dormant
    taste: Float64[np.ndarray, "users topics"]  # shares
    relevance: Float64[np.ndarray, "users topics"]  # how far a topic's share lies above an even one, in [-2, 2]
    visits: Float64[np.ndarray, " users"]  # a day
    rate: Float64[np.ndarray, " users"]  # purchases a day that nothing has to bring about
    spends: Float64[np.ndarray, " users"]  # expected amount of such a purchase
    peak: Float64[np.ndarray, " users"]  # the hour of their own day that they like best
    opens: Float64[np.ndarray, "users channels"]  # log odds of opening
    clicks: Float64[np.ndarray, " users"]  # log odds of clicking, beyond the channel's
    buys: Float64[np.ndarray, " users"]  # log odds of buying after a click
    saves: Float64[np.ndarray, " users"]  # how much an offer counts, in [0, 1]
    tires: Float64[np.ndarray, " users"]  # log odds lost by each recent message
    leaves: Float64[np.ndarray, "users channels"]  # log hazard of leaving the channel at a message
    annoyed: Float64[np.ndarray, " users"]  # factor on that hazard when the message is opened


class Products(NamedTuple):
    """Products in order of their topic."""

    topic: Int64[np.ndarray, " products"]
    price: Float64[np.ndarray, " products"]
    first: Int64[np.ndarray, " topics_plus_1"]  # where each topic's products begin
    mean_price: Float64[np.ndarray, " topics"]


class Messages(NamedTuple):
    """Messages in order of creation. Those of service have topic -1: they go to everyone and bring nothing."""

    topic: Int64[np.ndarray, " messages"]
    offer: Float64[np.ndarray, " messages"]  # share of the price
    charm: Float64[np.ndarray, " messages"]  # log odds of a click, beyond the topic's
    created: Float64[np.ndarray, " messages"]  # day


class Planted(NamedTuple):
    """Everything that is fixed before anything happens."""

    random_seed: int
    people: People
    products: Products
    messages: Messages
    offset: Int16[np.ndarray, "zones days"]  # minutes that each zone's clock is ahead of UTC on each day


class State(NamedTuple):
    """What happened so far, as far as it changes what happens next.

    `fatigue` and `seen` are counts of messages that fade by half in a few days or weeks, as they stood at the
    moment beside them.
    """

    fatigue: Float64[np.ndarray, "users channels"]
    fatigue_at: Int64[np.ndarray, "users channels"]
    seen: Float32[np.ndarray, "users messages"]
    seen_at: Float32[np.ndarray, "users messages"]  # day
    lost: Int64[np.ndarray, "users channels"]  # second at which they left the channel, or NEVER
    brought_forward: Int64[np.ndarray, " users"]  # purchases made early, because of a message
    forward_until: Int64[np.ndarray, " users"]  # second up to which one of them stands in for a later one
    clicked_at: Int64[np.ndarray, " users"]  # the last click: a purchase within a day names its message
    clicked: Int64[np.ndarray, " users"]  # its send_id
    gained: Float64[
        np.ndarray, " users"
    ]  # bought from messages so far, less what is expected to be forgone for it

    def copy(self) -> State:
        """The same state, to go on from without touching this one."""
        return State(*(array.copy() for array in self))


def fresh_state(users: int, messages: int) -> State:
    """Before the first event."""
    by_channel = (users, CHANNEL_COUNT)
    return State(
        fatigue=np.zeros(by_channel),
        fatigue_at=np.zeros(by_channel, np.int64),
        seen=np.zeros((users, messages), np.float32),
        seen_at=np.zeros((users, messages), np.float32),
        lost=np.full(by_channel, NEVER),
        brought_forward=np.zeros(users, np.int64),
        forward_until=np.zeros(users, np.int64),
        clicked_at=np.full(users, -NEVER),
        clicked=np.full(users, -1),
        gained=np.zeros(users),
    )
