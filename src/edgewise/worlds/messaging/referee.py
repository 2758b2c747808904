"""Policies to compare with in the messaging world, and what is counted. All but the oracle read the tables alone.

Each plans the sends of a week, and all of them have the same budget: as many sends as there are users. `rotation`
sends to everyone in turn whatever is next in turn. `opens` sends what is most likely opened, up to one message a
day and user: open rates of user and channel, of the message, and of the hour, from the whole history. `capped`
does the same with at most two messages a week and user. `nothing` sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64

from edgewise.clock import DAY, HOUR
from edgewise.worlds.messaging.sending import codes_of
from edgewise.worlds.messaging.words import CHANNELS
from edgewise.worlds.messaging.world import Messaging, Step

__all__ = ["DAYS", "GOAL", "ORACLE", "POLICIES", "budget", "figures"]

Policy = Callable[[Messaging], pa.Table]

DAYS: Final = 7  # that a policy plans for
GOAL: Final = "gained"
_CAP: Final = 2  # messages a week and user, under `capped`
_PRIOR: Final = 10.0  # sends that a rate is shrunk by
_TEN: Final = 10  # o'clock, when `rotation` sends
_FROM, _TO = 7, 22  # hours in which anything is sent


def budget(world: Messaging) -> int:
    """How many sends a week a policy may plan: one for each user."""
    return world.options.users


def nothing(world: Messaging) -> pa.Table:
    """Nobody is written to."""
    return _sends(world, *(np.zeros(0, np.int64) for _ in range(5)))


def rotation(world: Messaging) -> pa.Table:
    """Everyone who may be written to in turn, the next message in turn, at ten o'clock on a channel in turn."""
    pairs = _open_channels(world)
    week = int(world.now // (DAYS * DAY))
    user, first, channels = np.unique(pairs.user, return_index=True, return_counts=True)
    turn = np.arange(budget(world)) + week * budget(world)
    row, time_round = turn % len(user), turn // len(user)
    message = _ordinary(world)
    day = np.arange(len(turn)) * DAYS // len(turn)
    channel = pairs.channel[first[row] + time_round % channels[row]]
    which = message[(time_round + row) % len(message)]
    return _sends(world, user[row], which, channel, day, np.full(len(turn), _TEN))


def opens(world: Messaging) -> pa.Table:
    """What is most likely opened."""
    return _likeliest(world, DAYS)


def capped(world: Messaging) -> pa.Table:
    """What is most likely opened, with at most two messages a week and user."""
    return _likeliest(world, _CAP)


def oracle(world: Messaging) -> pa.Table:
    """The sends of a knower of the truth; see `MessagingTruth.best`."""
    return world.truth.best(budget(world), DAYS)


POLICIES: Final[dict[str, Policy]] = {"nothing": nothing, "rotation": rotation, "opens": opens, "capped": capped}
ORACLE: Final[Policy] = oracle


def figures(before: Messaging, step: Step) -> dict[str, float]:
    """What a step came to.

    `gained`: the value of purchases that messages brought, less what is expected of those that would have been
    made anyway. It is what sending adds to `value`, later than the step included; only a simulation knows it.
    `value`: the value of all purchases. `left`: channels lost, by unsubscribing or muting. `sends`, `opens`,
    `clicks`: how many.
    """
    new = step.new
    return {
        "gained": float((step.world.state.gained - before.state.gained).sum()),
        "value": float(pc.sum(new["purchases"].column("amount")).as_py() or 0.0),
        "left": float(new["unsubscribes"].num_rows + new["mutes"].num_rows),
        "sends": float(new["sends"].num_rows),
        "opens": float(new["opens"].num_rows),
        "clicks": float(new["clicks"].num_rows),
    }


class _Pairs(NamedTuple):
    user: Int64[np.ndarray, " pairs"]  # row, ascending
    channel: Int64[np.ndarray, " pairs"]  # number, ascending within a user


def _open_channels(world: Messaging) -> _Pairs:
    """Users and the channels on which they may be written to, as the tables say."""
    tables = world.tables
    may = np.zeros((tables["users"].num_rows, len(CHANNELS)), bool)
    for name, value in (("consents", True), ("unsubscribes", False), ("mutes", False)):
        user, channel = tables[name].column("user_id").to_numpy() - 1, codes_of(tables[name].column("channel"))
        may[user, channel] = value
    may[tables["users"].column("held_out").to_numpy(zero_copy_only=False)] = False
    return _Pairs(*np.nonzero(may))


def _ordinary(world: Messaging) -> Int64[np.ndarray, " messages"]:
    messages = world.tables["messages"]
    return messages.filter(pc.equal(messages.column("priority"), 0)).column("message_id").to_numpy() - 1


def _likeliest(world: Messaging, most: int) -> pa.Table:
    """Up to `most` messages for each user, one a day, in order of the likelihood that they are opened."""
    pairs, message = _open_channels(world), _ordinary(world)
    sends = world.tables["sends"]
    user, which = sends.column("user_id").to_numpy() - 1, sends.column("message_id").to_numpy() - 1
    channel = codes_of(sends.column("channel"))
    opened = np.isin(sends.column("send_id").to_numpy(), world.tables["opens"].column("send_id").to_numpy())
    hour = _local_hours(world, user, sends.column("sent_at"))
    by_channel = _rates(channel, opened, len(CHANNELS), opened.mean())
    key = pairs.user * len(CHANNELS) + pairs.channel
    rate = _rates(user * len(CHANNELS) + channel, opened, world.options.users * len(CHANNELS), by_channel[channel])
    rate = np.where(rate > 0, rate, np.tile(by_channel, world.options.users))[key]
    hour_rate = _rates(hour, opened, 24, opened.mean())
    best_hour = _FROM + int(np.argmax(hour_rate[_FROM:_TO]))
    liked = message[
        np.argsort(-_rates(which, opened, int(message.max()) + 1, opened.mean())[message], kind="stable")
    ]
    best = np.lexsort((-rate, pairs.user))
    best = best[np.unique(pairs.user[best], return_index=True)[1]]  # each user's best channel
    best = best[np.argsort(-rate[best], kind="stable")]
    row = np.repeat(best, most)[: budget(world)]
    nth = np.tile(np.arange(most), len(best))[: budget(world)]
    week = int(world.now // (DAYS * DAY))
    sent = liked[(nth + most * week) % len(liked)]
    day = nth * DAYS // most
    return _sends(world, pairs.user[row], sent, pairs.channel[row], day, np.full(len(row), best_hour))


def _rates(
    group: Int64[np.ndarray, " n"], hit: np.ndarray, groups: int, prior: float | Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " groups"]:
    """The rate of each group, shrunk towards the prior rate of its rows; 0 where it has none."""
    n = np.bincount(group, minlength=groups)
    expected = np.bincount(group, np.broadcast_to(prior, len(group)), groups) / np.maximum(n, 1)
    return (np.bincount(group, hit, groups) + _PRIOR * expected) / (n + _PRIOR)


def _local_hours(world: Messaging, user: Int64[np.ndarray, " n"], at: pa.ChunkedArray) -> Int64[np.ndarray, " n"]:
    zone, out = (
        world.tables["users"].column("time_zone").to_numpy(zero_copy_only=False)[user],
        np.zeros(len(user), np.int64),
    )
    for name in np.unique(zone):
        rows = zone == name
        local = pc.assume_timezone(at.filter(pa.array(rows)), "UTC").cast(pa.timestamp("us", tz=str(name)))
        out[rows] = pc.hour(local).to_numpy()
    return out


def _sends(
    world: Messaging,
    user: Int64[np.ndarray, " n"],
    message: Int64[np.ndarray, " n"],
    channel: Int64[np.ndarray, " n"],
    day: Int64[np.ndarray, " n"],
    hour: Int64[np.ndarray, " n"],
) -> pa.Table:
    """A table of sends at an hour of the users' own day, on the given days after `now`."""
    zone = world.tables["users"].column("time_zone").to_numpy(zero_copy_only=False)[user]
    start, ahead = world.now + day * DAY, np.zeros(len(user), np.int64)
    for name in np.unique(zone):
        rows = zone == name
        noon = pa.array(start[rows] + 12 * HOUR).cast(pa.timestamp("us"))
        local = pc.assume_timezone(noon, "UTC").cast(pa.timestamp("us", tz=str(name)))
        ahead[rows] = pc.local_timestamp(local).cast(pa.int64()).to_numpy() - noon.cast(pa.int64()).to_numpy()
    at = start + (hour * HOUR - ahead) % DAY
    return pa.table(
        {
            "user_id": user + 1,
            "message_id": message + 1,
            "channel": pa.array(CHANNELS).take(pa.array(channel)),
            "send_at": pa.array(at).cast(pa.timestamp("us")),
        }
    )
