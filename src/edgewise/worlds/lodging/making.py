"""Make the planted things: places, hosts and their listings, guests, closed nights."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.worlds.lodging.options import LodgingOptions
from edgewise.worlds.lodging.parts import (
    ATTRIBUTES,
    BEYOND,
    Guests,
    Hosts,
    Listings,
    Places,
    Planted,
    State,
)
from edgewise.worlds.lodging.words import AGES, AMENITIES, COUNTRIES, KINDS, LANDSCAPES, PARTIES

__all__ = ["AHEAD_WEEKS", "calendar_days", "fresh_state", "plant"]

AHEAD_WEEKS: Final = 26  # what the world can step forward: hosts and closed nights are planned that far
_KIND_SHARE: Final = (0.22, 0.36, 0.2, 0.12, 0.1)
_KIND_PRICE: Final = (-0.45, 0.0, 0.25, 0.05, -0.1)
_AMENITY_SHARE: Final = (0.7, 0.15, 0.55, 0.4, 0.2, 0.35, 0.3, 0.45)
_AMENITY_PRICE: Final = (0.05, 0.25, 0.03, 0.05, 0.2, 0.0, 0.03, 0.05)
_MOST_BEDS: Final = (3, 6, 10, 7, 4)
_ANNOUNCED: Final = 110  # days before closed nights begin, more than anybody searches ahead


def calendar_days(options: LodgingOptions) -> int:
    """Nights that are kept count of."""
    return 7 * (options.weeks + AHEAD_WEEKS) + BEYOND


def _places(rng: np.random.Generator, n: int) -> Places:
    x, y = rng.uniform(0, 60 * np.sqrt(n), n), rng.uniform(0, 60 * np.sqrt(n), n)
    landscape = rng.integers(len(LANDSCAPES), size=n)
    pull = -0.6 * np.log(1.0 + rng.permutation(n))
    level = 0.25 * pull + 0.5 + rng.normal(0, 0.12, n)
    return Places(x, y, landscape, pull, level, np.hypot(x[:, None] - x, y[:, None] - y))


def _hosts(rng: np.random.Generator, options: LodgingOptions) -> Hosts:
    weeks = options.weeks + AHEAD_WEEKS
    n = options.hosts + options.new_hosts * weeks
    new = np.repeat(7.0 * np.arange(weeks), options.new_hosts)
    joined = np.concatenate([-rng.uniform(1, 400, options.hosts), new + rng.uniform(0, 7, len(new))])
    return Hosts(
        joined=np.sort(joined),
        base=rng.normal(1.1, 0.9, n),
        instant=rng.random(n) < 0.12,
        wanted=np.log(rng.choice([2.0, 3.0, 5.0, 7.0], size=n, p=(0.35, 0.3, 0.2, 0.15))),
        length=rng.gamma(2.0, 0.5, n),
        rush=rng.gamma(1.5, 0.6, n),
        party=rng.normal((0.1, 0.3, 0.0, -0.6), 0.6, (n, len(PARTIES))),
        verified=rng.gamma(1.5, 0.25, n),
        stays=rng.gamma(1.5, 0.3, n),
        gap=rng.gamma(1.5, 0.5, n),
        care=rng.normal(0, 1, n),
        country=rng.choice(len(COUNTRIES), size=n, p=(0.3, 0.25, 0.2, 0.15, 0.1)),
    )


def _listings(rng: np.random.Generator, hosts: Hosts, places: Places) -> Listings:
    host = np.repeat(
        np.arange(len(hosts.joined)), rng.choice([1, 2, 3], size=len(hosts.joined), p=(0.72, 0.2, 0.08))
    )
    n = len(host)
    weight = np.exp(places.pull)
    home = rng.choice(len(weight), size=len(hosts.joined), p=weight / weight.sum())
    place = np.where(rng.random(n) < 0.9, home[host], rng.choice(len(weight), size=n, p=weight / weight.sum()))
    kind = rng.choice(len(KINDS), size=n, p=_KIND_SHARE)
    sea = places.landscape[place] == LANDSCAPES.index("coast")
    share = np.tile(_AMENITY_SHARE, (n, 1))
    share[:, AMENITIES.index("sea_view")] = np.where(sea, 0.5, 0.06)
    has = rng.random((n, len(AMENITIES))) < share
    most = np.array(_MOST_BEDS)[kind]
    sleeps = np.minimum(1 + rng.integers(1, most + 1), most)
    quality = 0.6 * hosts.care[host] + rng.normal(0, 0.7, n)
    appeal = 0.35 * quality + rng.normal(0, 0.5, n)
    price = 4.1 + places.level[place] + np.array(_KIND_PRICE)[kind] + 0.45 * np.log(sleeps)
    price += has @ np.array(_AMENITY_PRICE) + 0.08 * quality + rng.normal(0, 0.22, n)
    return Listings(
        host=host,
        place=place,
        kind=kind,
        traits=np.column_stack([np.eye(len(KINDS))[kind], has]).astype(np.float64),
        sleeps=sleeps,
        units=np.where(kind == KINDS.index("guesthouse"), rng.integers(2, 7, n), 1),
        price=price,
        photos=np.clip(rng.poisson(np.maximum(11 + 4 * appeal, 1)), 1, 40),
        appeal=appeal,
        quality=quality,
        since=hosts.joined[host] + 0.04,
    )


def _guests(rng: np.random.Generator, options: LodgingOptions, listings: Listings, places: Places) -> Guests:
    n = options.guests
    party = rng.choice(len(PARTIES), size=n, p=(0.2, 0.4, 0.27, 0.13))
    age = rng.choice(len(AGES), size=n, p=(0.28, 0.34, 0.26, 0.12))
    of_party, of_age = (
        rng.normal(0, 0.45, (len(PARTIES), ATTRIBUTES)),
        rng.normal(0, 0.25, (len(AGES), ATTRIBUTES)),
    )
    liking = 0.8 * rng.normal(size=(n, len(LANDSCAPES)))
    where = np.exp(places.pull + liking[:, places.landscape] + 0.5 * rng.normal(size=(n, len(places.pull))))
    late = 7.0 * (options.weeks + AHEAD_WEEKS) * rng.random(n)
    return Guests(
        bonds=int(rng.integers(2**31)),
        taste=of_party[party] + of_age[age] + rng.normal(0, 0.35, (n, ATTRIBUTES)),
        budget=listings.price.mean() - 0.3 + np.array((-0.15, 0.0, 0.05, 0.0))[party] + rng.normal(0, 0.3, n),
        thrift=rng.lognormal(0.5, 0.35, n),
        where=np.cumsum(where, axis=1),
        roam=rng.lognormal(1.2, 0.4, n),
        party=party,
        verified=rng.random(n) < 0.6,
        rate=rng.lognormal(np.log(1 / 35) - 0.18, 0.6, n),
        nights=np.clip(rng.gamma(3.0, 0.9, n), 0.3, 9.0),
        lead=np.clip(rng.gamma(2.0, 11.0, n), 2.0, 50.0),
        whim=rng.normal(0, 0.6, n),
        joined=np.where(rng.random(n) < 0.7, -rng.uniform(1, 400, n), late),
        country=rng.choice(len(COUNTRIES), size=n, p=(0.25, 0.2, 0.15, 0.15, 0.25)),
        age=age,
    )


def _closures(rng: np.random.Generator, listings: Listings, days: int) -> Int64[np.ndarray, "closures 4"]:
    """A few days now and then, and for some the winter."""
    n = len(listings.since)
    listing = np.repeat(np.arange(n), rng.poisson(days / 60.0, n))
    first = rng.integers(0, days - 12, len(listing))
    last = first + rng.integers(2, 10, len(listing))
    winter = np.flatnonzero(rng.random(n) < 0.15)
    years = np.arange(-1, days // 365 + 1)
    begins = (365 * years[:, None] + 305 + rng.integers(0, 20, len(winter))).ravel()
    listing = np.concatenate([listing, np.tile(winter, len(years))])
    first, last = np.concatenate([first, begins]), np.concatenate([last, begins + 135])
    first, last = np.maximum(first, 0), np.minimum(last, days)
    since = np.ceil(listings.since[listing]).astype(np.int64)
    first = np.maximum(first, since)
    keep = first < last
    rows = np.column_stack([listing, first, last, np.maximum(first - _ANNOUNCED, since - 1)])[keep].astype(
        np.int64
    )
    return rows[np.lexsort((rows[:, 1], rows[:, 0], rows[:, 3]))]


def plant(options: LodgingOptions) -> Planted:
    """What is fixed before anything happens. Each part has random numbers of its own."""
    rng = [np.random.default_rng([options.random_seed, part]) for part in range(20, 25)]
    places = _places(rng[0], options.places)
    hosts = _hosts(rng[1], options)
    listings = _listings(rng[2], hosts, places)
    guests = _guests(rng[3], options, listings, places)
    closures = _closures(rng[4], listings, calendar_days(options))
    return Planted(options.random_seed, places, hosts, listings, guests, closures)


def fresh_state(planted: Planted, days: int) -> State:
    """Before the first day: nothing is booked; nights that hosts keep for themselves are taken."""
    listings, guests = len(planted.listings.since), len(planted.guests.rate)
    taken = np.zeros((listings, days), dtype=np.int16)
    for listing, first, last, _ in planted.closures:
        taken[listing, first:last] = planted.listings.units[listing]
    return State(
        taken=taken,
        trip=np.full((guests, 6), -1, dtype=np.int64),
        booked=np.zeros(listings),
        stars=np.zeros(listings),
        reviews=np.zeros(listings, dtype=np.int64),
        stays=np.zeros(guests, dtype=np.int64),
        stay=np.zeros((0, 8), dtype=np.int64),
        counts=np.zeros(4, dtype=np.int64),
    )


def near_listings(listings: Listings, places: Places) -> tuple[Float64[np.ndarray, " n"], Int64[np.ndarray, " m"]]:
    """For each place, the listings at most 60 km away: where they begin, and which."""
    reach = places.distance[:, listings.place] <= 60.0
    place, listing = np.nonzero(reach)
    return np.searchsorted(place, np.arange(len(places.x) + 1)), listing
