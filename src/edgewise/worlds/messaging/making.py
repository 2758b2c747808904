"""Make the planted things: users with their tastes and tempers, products, messages, time zones."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from jaxtyping import Float64, Int16, Int64

from edgewise.clock import DAY, SECOND, from_micros
from edgewise.worlds.messaging import laws
from edgewise.worlds.messaging.options import MessagingOptions
from edgewise.worlds.messaging.parts import CHANNEL_COUNT, NEVER, START, Messages, People, Planted, Products
from edgewise.worlds.messaging.words import TOPICS, ZONES

__all__ = ["AHEAD_WEEKS", "SERVICE_DAYS", "SURE", "plant"]

AHEAD_WEEKS: Final = 26  # what the world can step forward: messages are planned that far
SERVICE_DAYS: Final = (25, 109)  # when the messages of service go out
SURE, ORDINARY, DORMANT = 0, 1, 2
DAY_SECONDS: Final = DAY // SECOND

_HELD_OUT: Final = 0.05
_CONSENT: Final = (0.86, 0.38, 0.58)


def plant(options: MessagingOptions) -> Planted:
    """What is fixed before anything happens. Each part has random numbers of its own."""
    rng = [np.random.default_rng([options.random_seed, part]) for part in range(3)]
    products = _products(rng[0], options.products)
    days = 7 * (options.weeks + AHEAD_WEEKS)
    return Planted(
        random_seed=options.random_seed,
        people=_people(rng[1], options, products),
        products=products,
        messages=_messages(rng[2], options),
        offset=_offsets(days),
    )


def _products(rng: np.random.Generator, n: int) -> Products:
    topic = np.sort(np.arange(n) % len(TOPICS))
    price = np.round(np.clip(rng.lognormal(3.0, 0.4, n), 4, 120), 2)
    first = np.searchsorted(topic, np.arange(len(TOPICS) + 1))
    return Products(topic, price, first, np.add.reduceat(price, first[:-1]) / np.diff(first))


def _messages(rng: np.random.Generator, options: MessagingOptions) -> Messages:
    """Half are there from the start, the others come until the end of what is planned; and those of service."""
    n = options.messages
    span = 7.0 * (options.weeks + AHEAD_WEEKS)
    created = np.where(rng.random(n) < 0.5, -rng.integers(1, 30, n), np.floor(rng.uniform(1, span, n)))
    created[: len(TOPICS)] = -1  # each topic can be written about from the first day on
    topic = np.arange(n) % len(TOPICS)
    offer = rng.choice((0.0, 0.1, 0.2, 0.3), size=n, p=(0.55, 0.15, 0.2, 0.1))
    charm = rng.normal(0, 0.3, n)
    service = np.array([day for day in SERVICE_DAYS if day < 7 * options.weeks], np.float64)
    created = np.concatenate([created, service])
    order = np.argsort(created, kind="stable")
    return Messages(
        topic=np.concatenate([topic, np.full(len(service), -1)])[order],
        offer=np.concatenate([offer, np.zeros(len(service))])[order],
        charm=np.concatenate([charm, np.zeros(len(service))])[order],
        created=created[order],
    )


def _offsets(days: int) -> Int16[np.ndarray, "zones days"]:
    """Minutes ahead of UTC at noon of each day, summer time included."""
    noon = [from_micros(START + day * DAY + DAY // 2).replace(tzinfo=dt.UTC) for day in range(days + 2)]
    zones = [ZoneInfo(name) for name, _, _ in ZONES]
    minutes = [[_minutes(moment.astimezone(zone)) for moment in noon] for zone in zones]
    return np.array(minutes, np.int16)


def _minutes(moment: dt.datetime) -> int:
    ahead = moment.utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds()) // 60


def _people(rng: np.random.Generator, options: MessagingOptions, products: Products) -> People:
    n = options.users
    kind = rng.choice(3, size=n, p=laws.KIND_SHARE)
    zone = rng.choice(len(ZONES), size=n, p=[share for _, _, share in ZONES])
    age = np.clip(np.round(rng.gamma(7, 3.4, n) + 17), 18, 88).astype(np.int64)
    member = rng.random(n) < np.array(laws.MEMBER_SHARE)[kind]
    elder = laws.elder_of(age)
    active = laws.activity(kind, rng.normal(0, 1, n))
    taste = _taste(rng, n, zone, elder)
    willing = laws.willingness(active, rng.normal(0, 1, n))
    late = rng.normal(0, laws.PEAK_SPREAD, n)
    return People(
        zone=zone,
        age=age,
        member=member,
        held_out=rng.random(n) < _HELD_OUT,
        joined=(joined := _joined(rng, n, options.weeks)),
        consented=_consented(rng, joined, elder, options.weeks),
        kind=kind,
        taste=taste,
        relevance=laws.relevance(taste),
        visits=laws.visits(active),
        rate=laws.rates(kind, rng.normal(0, 1, n)),
        spends=taste @ products.mean_price,
        peak=np.array(laws.PEAKS)[rng.choice(3, size=n, p=laws.PEAK_SHARE)] + late,
        opens=laws.opening(kind, elder, rng.normal(0, 1, (n, 1)), rng.normal(0, 1, (n, CHANNEL_COUNT))),
        clicks=laws.clicking(kind, willing),
        buys=laws.buying(kind, willing),
        saves=laws.saving(elder, rng.normal(0, 1, n)),
        tires=laws.tiring(rng.normal(0, 1, n)),
        leaves=laws.leaving(kind, rng.normal(0, 1, (n, 1)), rng.normal(0, 1, (n, CHANNEL_COUNT))),
        annoyed=np.array(laws.ANNOYED)[kind],
    )


def _taste(
    rng: np.random.Generator, n: int, zone: Int64[np.ndarray, " users"], elder: Float64[np.ndarray, " users"]
) -> Float64[np.ndarray, "users topics"]:
    """Shares of the topics: what people of an age and a place like, and what each likes by themselves."""
    of_place = rng.normal(0, 0.35, (len(ZONES), len(TOPICS)))
    of_age = rng.normal(0, 0.45, len(TOPICS))
    liking = of_place[zone] + elder[:, None] * of_age + laws.TASTE_SPREAD * rng.normal(0, 1, (n, len(TOPICS)))
    shares = np.exp(liking)
    return shares / shares.sum(axis=1, keepdims=True)


def _joined(rng: np.random.Generator, n: int, weeks: int) -> Int64[np.ndarray, " users"]:
    """Seconds: most were there before the history begins, a fifth come during its first three quarters."""
    before = -rng.exponential(400, n) - 0.5
    day = np.where(rng.random(n) < 0.2, rng.uniform(0, 0.75 * 7 * weeks, n), before)
    return np.floor(day * DAY_SECONDS).astype(np.int64)


def _consented(
    rng: np.random.Generator, joined: Int64[np.ndarray, " users"], elder: Float64[np.ndarray, " users"], weeks: int
) -> Int64[np.ndarray, "users channels"]:
    """Most agree when they join, one in eight later, some never."""
    n = len(joined)
    odds = np.log(np.array(_CONSENT) / (1 - np.array(_CONSENT))) + np.outer(elder, laws.AGE_LEANS)
    agrees = rng.random((n, CHANNEL_COUNT)) < 1 / (1 + np.exp(-odds))
    end = 7 * weeks * DAY_SECONDS
    start = np.maximum(joined, 0)[:, None]
    later = start + np.floor(rng.random((n, CHANNEL_COUNT)) * (end - start)).astype(np.int64)
    at = np.where(rng.random((n, CHANNEL_COUNT)) < 0.125, later, joined[:, None])
    return np.where(agrees, at, NEVER)
