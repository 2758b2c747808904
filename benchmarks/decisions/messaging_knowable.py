"""What can be known: sends by one who knows how the messaging world works, but of users only their history.

Nobody who learns from the tables knows more than the laws by which users come by what they are and answer, and
what each did. Here the laws are given, to the last coefficient, and the charm of each message. Users are
inferred: tastes from what they looked at and bought by themselves (the likeliest), the hour they like from when
they were about (the mean of the posterior), and how they open, click, buy and tire by importance sampling over
people whom the laws make, with every answer of theirs as evidence. The oracle's own planner then plans for the
users so inferred. What it gains below the oracle is what no table tells. The planner is greedy and one value
stands for each user, so that this is a mark and no proven bound.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64
from numba import njit

from edgewise.clock import SECOND
from edgewise.worlds.messaging import Messaging, MessagingTruth, laws
from edgewise.worlds.messaging.chances import (
    DAY_SECONDS,
    FORWARD,
    INSTEAD,
    buying,
    clicking,
    local_hour,
    opening,
    remember,
    seen_before,
    taste_of_hour,
    tired,
)
from edgewise.worlds.messaging.parts import CHANNEL_COUNT, START, Messages, State, fresh_state
from edgewise.worlds.messaging.referee import DAYS, budget
from edgewise.worlds.messaging.sending import codes_of
from edgewise.worlds.messaging.words import TOPICS

__all__ = ["plan_knowable"]

PARTICLES: Final = 4000
_HOURS: Final = np.arange(2.0, 26.0, 0.25)


class _History(NamedTuple):
    """Sends by user and time, what became of them, and what they met: all of it known or inferred."""

    first: Int64[np.ndarray, " users_plus_1"]
    message: Int64[np.ndarray, " sends"]
    channel: Int64[np.ndarray, " sends"]
    at: Int64[np.ndarray, " sends"]  # second
    opened: Bool[np.ndarray, " sends"]
    clicked: Bool[np.ndarray, " sends"]
    bought: Bool[np.ndarray, " sends"]
    relevance: Float64[np.ndarray, " sends"]
    of_hour: Float64[np.ndarray, " sends"]


class _Particles(NamedTuple):
    """People whom the laws make, as one user may be."""

    kind: Int64[np.ndarray, " n"]
    visits: Float64[np.ndarray, " n"]
    rate: Float64[np.ndarray, " n"]
    opens: Float64[np.ndarray, "n channels"]
    clicks: Float64[np.ndarray, " n"]
    buys: Float64[np.ndarray, " n"]
    saves: Float64[np.ndarray, " n"]
    tires: Float64[np.ndarray, " n"]


def plan_knowable(world: Messaging, particles: int = PARTICLES) -> pa.Table:
    """The sends of the days after now, as the world's `step` takes them."""
    people = world.planted.people
    alone = {name: _alone(world, name) for name in ("visits", "purchases")}
    taste = _tastes(world, alone)
    peak = _peaks(world, alone["visits"])
    people = people._replace(
        taste=taste, relevance=laws.relevance(taste), spends=taste @ world.planted.products.mean_price, peak=peak
    )
    world_so_far = world.planted._replace(people=people)
    history = _history(world, people.relevance, peak)
    inferred = _infer(world, people.relevance, history, alone, particles)
    planted = world_so_far._replace(people=people._replace(**inferred))
    state = world.state._replace(brought_forward=np.zeros_like(world.state.brought_forward))
    return MessagingTruth(planted, state, world.now).best(budget(world), DAYS)


def _alone(world: Messaging, name: str) -> pa.Table:
    """Visits or purchases that no message led to."""
    table = world.tables[name]
    return table.filter(pc.is_null(table.column("send_id")))


def _tastes(world: Messaging, alone: dict[str, pa.Table]) -> Float64[np.ndarray, "users topics"]:
    """Each user's likeliest shares of topics, from draws of a multinomial and a normal prior of its log shares.

    What people of a place and an age like is a law: it is read off the planted tastes, as their mean.
    """
    people, topics = world.planted.people, len(TOPICS)
    counts = np.zeros((len(people.rate), topics))
    for table in alone.values():
        product = table.column("product_id").to_numpy() - 1
        np.add.at(counts, (table.column("user_id").to_numpy() - 1, world.planted.products.topic[product]), 1)
    design = np.column_stack([people.zone[:, None] == np.arange(people.zone.max() + 1), laws.elder_of(people.age)])
    logs = np.log(people.taste)
    mean = design @ np.linalg.lstsq(design, logs - logs.mean(axis=1, keepdims=True), rcond=None)[0]
    liking, weight = mean.copy(), 1 / laws.TASTE_SPREAD**2
    for _ in range(30):
        share = np.exp(liking - liking.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        slope = counts - counts.sum(axis=1, keepdims=True) * share - weight * (liking - mean)
        curve = counts.sum(axis=1)[:, None, None] * (
            share[:, :, None] * np.eye(topics) - share[:, :, None] * share[:, None, :]
        )
        liking += np.linalg.solve(curve + weight * np.eye(topics), slope[:, :, None])[:, :, 0]
    return np.asarray(share)


def _peaks(world: Messaging, visits: pa.Table) -> Float64[np.ndarray, " users"]:
    """The mean of the posterior of the hour each user likes, on a grid: three visits in four are near it."""
    people = world.planted.people
    who, at = visits.column("user_id").to_numpy() - 1, _seconds(visits, "visited_at")
    hour = _hours(people.zone[who], at, world.planted.offset)
    apart = np.abs((hour[:, None] - _HOURS + 12) % 24 - 12)
    near, spread, first, last = laws.ABOUT
    around = near * np.exp(-0.5 * (apart / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    likelihood = np.log(around + (1 - near) / (last - first) * (hour[:, None] >= first))
    total = np.zeros((len(people.rate), len(_HOURS)))
    np.add.at(total, who, likelihood)
    prior = sum(
        share * np.exp(-0.5 * ((_HOURS - peak) / laws.PEAK_SPREAD) ** 2)
        for peak, share in zip(laws.PEAKS, laws.PEAK_SHARE, strict=True)
    )
    total += np.log(prior)
    chance = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(chance @ _HOURS / chance.sum(axis=1))


def _seconds(table: pa.Table, column: str) -> Int64[np.ndarray, " rows"]:
    return np.asarray((table.column(column).cast(pa.int64()).to_numpy() - START) // SECOND)


@njit(cache=True, error_model="numpy")
def _hours(zone: np.ndarray, at: np.ndarray, offset: np.ndarray) -> Float64[np.ndarray, " rows"]:
    out = np.zeros(len(zone))
    for row in range(len(zone)):
        out[row] = local_hour(zone[row], at[row], offset)
    return out


@njit(cache=True, error_model="numpy")
def _likes(peak: np.ndarray, hour: np.ndarray) -> Float64[np.ndarray, " rows"]:
    out = np.zeros(len(hour))
    for row in range(len(hour)):
        out[row] = taste_of_hour(peak[row], hour[row])
    return out


def _history(
    world: Messaging, relevance: Float64[np.ndarray, "users topics"], peak: Float64[np.ndarray, " users"]
) -> _History:
    tables, planted = world.tables, world.planted
    sends = tables["sends"].sort_by([("user_id", "ascending"), ("sent_at", "ascending")])
    user, message = (sends.column(name).to_numpy() - 1 for name in ("user_id", "message_id"))
    send, at = sends.column("send_id").to_numpy(), _seconds(sends, "sent_at")
    topic = planted.messages.topic[message]
    clicked = np.isin(send, tables["clicks"].column("send_id").to_numpy())
    brought = tables["purchases"].column("send_id").drop_null().to_numpy()
    return _History(
        first=np.searchsorted(user, np.arange(len(relevance) + 1)),
        message=message,
        channel=codes_of(sends.column("channel")),
        at=at,
        opened=np.isin(send, tables["opens"].column("send_id").to_numpy()),
        clicked=clicked,
        bought=clicked & np.isin(send, brought),
        relevance=np.where(topic >= 0, relevance[user, np.maximum(topic, 0)], 0.0),
        of_hour=_likes(peak[user], _hours(planted.people.zone[user], at, planted.offset)),
    )


def _infer(
    world: Messaging,
    relevance: Float64[np.ndarray, "users topics"],
    history: _History,
    alone: dict[str, pa.Table],
    particles: int,
) -> dict[str, np.ndarray]:
    """What stands for each user: means of the posterior; clicks so that the mean gain of a send comes out."""
    people, messages = world.planted.people, world.planted.messages
    users = len(people.rate)
    counted = {
        name: np.bincount(table.column("user_id").to_numpy() - 1, minlength=users) for name, table in alone.items()
    }
    counted["visits"] = np.maximum(counted["visits"] - counted["purchases"], 0)  # each purchase is a visit, too
    days = (world.now - START) / (DAY_SECONDS * SECOND) - np.maximum(people.joined, 0) / DAY_SECONDS
    state = fresh_state(1, len(messages.topic))
    rng = np.random.default_rng(0)
    fields = ("rate", "opens", "clicks", "buys", "saves", "tires")
    out = {name: np.zeros_like(getattr(people, name)) for name in (*fields, "leaves", "annoyed")}
    elder = laws.elder_of(people.age)
    for who in range(users):
        drawn = _draw(rng, particles, float(elder[who]))
        weight = _evidence(who, history, messages, state, drawn)
        weight += counted["visits"][who] * np.log(drawn.visits) - drawn.visits * days[who]
        weight += counted["purchases"][who] * np.log(drawn.rate) - drawn.rate * days[who]
        member = np.array(laws.MEMBER_SHARE)[drawn.kind]
        weight += np.log(member if people.member[who] else 1 - member)
        weight = np.exp(weight - weight.max())
        for name, value in _mean(weight / weight.sum(), drawn, float(relevance[who].max())).items():
            out[name][who] = value
    return out


def _draw(rng: np.random.Generator, n: int, elder: float) -> _Particles:
    """People of an age, as the laws make them."""
    kind = rng.choice(3, size=n, p=laws.KIND_SHARE)
    active = laws.activity(kind, rng.normal(0, 1, n))
    willing = laws.willingness(active, rng.normal(0, 1, n))
    age = np.full(n, elder)
    return _Particles(
        kind=kind,
        visits=laws.visits(active),
        rate=laws.rates(kind, rng.normal(0, 1, n)),
        opens=laws.opening(kind, age, rng.normal(0, 1, (n, 1)), rng.normal(0, 1, (n, CHANNEL_COUNT))),
        clicks=laws.clicking(kind, willing),
        buys=laws.buying(kind, willing),
        saves=laws.saving(age, rng.normal(0, 1, n)),
        tires=laws.tiring(rng.normal(0, 1, n)),
    )


@njit(cache=True, error_model="numpy")
def _evidence(
    who: int, history: _History, messages: Messages, state: State, drawn: _Particles
) -> Float64[np.ndarray, " n"]:
    """The log likelihood of a user's answers for each of the people they may be; `state` is for scratch."""
    state.fatigue[:] = 0.0
    state.seen[:] = 0.0
    total = np.zeros(len(drawn.clicks))
    for row in range(history.first[who], history.first[who + 1]):
        message, channel, at = history.message[row], history.channel[row], history.at[row]
        tiredness, seen = tired(0, channel, at, state), seen_before(0, message, at, state)
        relevance, charm = history.relevance[row], messages.charm[message]
        for k in range(len(total)):
            worn, offer = drawn.tires[k] * tiredness, messages.offer[message] * drawn.saves[k]
            odds = opening(drawn.opens[k, channel], relevance, history.of_hour[row], worn)
            total[k] -= np.log1p(np.exp(-odds if history.opened[row] else odds))
            if not history.opened[row]:
                continue
            odds = clicking(drawn.clicks[k], channel, relevance, charm, offer, seen, worn)
            total[k] -= np.log1p(np.exp(-odds if history.clicked[row] else odds))
            if history.clicked[row] and messages.topic[message] >= 0:
                odds = buying(drawn.buys[k], relevance, offer)
                total[k] -= np.log1p(np.exp(-odds if history.bought[row] else odds))
        remember(0, message, channel, at, state)
    return total


def _mean(weight: Float64[np.ndarray, " n"], drawn: _Particles, relevance: float) -> dict[str, np.ndarray]:
    """Means over the people one may be, clicks such that they give the mean gain of an offer they like."""
    found = {name: weight @ getattr(drawn, name) for name in ("opens", "buys", "saves", "tires")}
    anyway = 1 - np.exp(-FORWARD * drawn.rate)
    found["rate"] = -np.log1p(-(weight @ anyway)) / FORWARD
    found["leaves"] = weight @ laws.leaving(drawn.kind, np.zeros((len(weight), 1)), np.zeros((1, CHANNEL_COUNT)))
    found["annoyed"] = weight @ np.array(laws.ANNOYED)[drawn.kind]
    channel = int(
        np.argmax(found["opens"] + [clicking(0.0, c, 0.0, 0.0, 0.0, 0.0, 0.0) for c in range(CHANNEL_COUNT)])
    )
    offer = 0.2

    def chance(log_odds: np.ndarray) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-log_odds)))

    def around(opens: np.ndarray, buys: np.ndarray, saves: np.ndarray, lost: np.ndarray) -> np.ndarray:
        opened = chance(opening(opens, relevance, 0.7, 0.0))
        return opened * chance(buying(buys, relevance, offer * saves)) * (1 - INSTEAD * lost)

    clicked = chance(clicking(drawn.clicks, channel, relevance, 0.0, offer * drawn.saves, 0.0, 0.0))
    gain = weight @ (clicked * around(drawn.opens[:, channel], drawn.buys, drawn.saves, anyway))
    rest = around(found["opens"][channel], found["buys"], found["saves"], weight @ anyway)
    share = np.clip(gain / rest, 1e-5, 1 - 1e-5)
    found["clicks"] = np.log(share / (1 - share)) - clicking(
        0.0, channel, relevance, 0.0, offer * found["saves"], 0.0, 0.0
    )
    return found
