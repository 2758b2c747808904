"""The tables of a lodging world: what a marketplace would know, and nothing of what was planted."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64

from edgewise.clock import DAY, SECOND
from edgewise.worlds.lodging.course import Events
from edgewise.worlds.lodging.parts import START, Planted
from edgewise.worlds.lodging.words import (
    AGES,
    AMENITIES,
    COUNTRIES,
    KINDS,
    LANDSCAPES,
    PARTIES,
    PLACE_BACK,
    PLACE_FRONT,
    TITLE_BACK,
    TITLE_FRONT,
)

__all__ = ["SIMULATED", "event_tables", "people_tables", "place_table"]

SIMULATED: Final = {"simulated": "true", "about": "planted by edgewise.worlds.lodging; not real data"}


def _moments(day: Float64[np.ndarray, " n"]) -> pa.Array:
    return pa.array(START + np.floor(day * (DAY // SECOND)).astype(np.int64) * SECOND).cast(pa.timestamp("us"))


def _seconds(at: Int64[np.ndarray, " n"]) -> pa.Array:
    return pa.array(START + at * SECOND).cast(pa.timestamp("us"))


def _dates(day: Int64[np.ndarray, " n"]) -> pa.Array:
    return pa.array((START // DAY + day).astype(np.int32)).cast(pa.date32())


def _named(names: tuple[str, ...], codes: np.ndarray) -> pa.Array:
    return pa.array(names).take(pa.array(codes))


def _table(columns: dict[str, object]) -> pa.Table:
    return pa.table(columns).replace_schema_metadata(SIMULATED)


def place_table(planted: Planted) -> pa.Table:
    """All places."""
    places = planted.places
    n = np.arange(len(places.x))
    rng = np.random.default_rng([planted.random_seed, 29])
    pair = rng.permutation(len(PLACE_FRONT) * len(PLACE_BACK))[n % (len(PLACE_FRONT) * len(PLACE_BACK))]
    ends = ("", " North", " South")
    name = pc.binary_join_element_wise(
        _named(PLACE_FRONT, pair // len(PLACE_BACK)),
        _named(PLACE_BACK, pair % len(PLACE_BACK)),
        _named(ends, np.minimum(n // 100, 2)),
        "",
    )
    return _table(
        {
            "place_id": n + 1,
            "name": name,
            "landscape": _named(LANDSCAPES, places.landscape),
            "east_km": np.round(places.x, 1),
            "north_km": np.round(places.y, 1),
        }
    )


def people_tables(planted: Planted, since: float, until: float) -> dict[str, pa.Table]:
    """Hosts, listings, closures and guests that appeared on days in [since, until), each in order of its key."""
    hosts, listings, guests = planted.hosts, planted.listings, planted.guests
    host = np.flatnonzero((hosts.joined >= since) & (hosts.joined < until))
    item = np.flatnonzero((listings.since >= since) & (listings.since < until))
    order = np.argsort(guests.joined, kind="stable")
    guest = order[(guests.joined[order] >= since) & (guests.joined[order] < until)]
    return {
        "hosts": _table(
            {
                "host_id": host + 1,
                "country": _named(COUNTRIES, hosts.country[host]),
                "answers_at_once": hosts.instant[host],
                "joined_at": _moments(hosts.joined[host]),
            }
        ),
        "listings": _listings(planted, item),
        "closures": _closures(planted, since, until),
        "guests": _table(
            {
                "guest_id": guest + 1,
                "age": _named(AGES, guests.age[guest]),
                "country": _named(COUNTRIES, guests.country[guest]),
                "travels_as": _named(PARTIES, guests.party[guest]),
                "verified": guests.verified[guest],
                "joined_at": _moments(guests.joined[guest]),
            }
        ),
    }


def _listings(planted: Planted, item: Int64[np.ndarray, " n"]) -> pa.Table:
    listings = planted.listings
    title = pc.binary_join_element_wise(
        _named(TITLE_FRONT, (7 * item + listings.kind[item]) % len(TITLE_FRONT)),
        _named(KINDS, listings.kind[item]),
        _named(TITLE_BACK, (5 * item + listings.place[item]) % len(TITLE_BACK)),
        " ",
    )
    return _table(
        {
            "listing_id": item + 1,
            "host_id": listings.host[item] + 1,
            "place_id": listings.place[item] + 1,
            "title": title,
            "kind": _named(KINDS, listings.kind[item]),
            "sleeps": listings.sleeps[item],
            "units": listings.units[item],
            "price": np.round(np.exp(listings.price[item]), 2),
            "photos": listings.photos[item],
            **{name: listings.traits[item, len(KINDS) + k] > 0 for k, name in enumerate(AMENITIES)},
            "listed_at": _moments(listings.since[item]),
        }
    )


def _closures(planted: Planted, since: float, until: float) -> pa.Table:
    rows = planted.closures
    announced = np.maximum(rows[:, 3], planted.listings.since[rows[:, 0]])  # with the listing, or later
    now = (announced >= since) & (announced < until)
    rows, announced = rows[now], announced[now]
    return _table(
        {
            "listing_id": rows[:, 0] + 1,
            "closed_from": _dates(rows[:, 1]),
            "closed_until": _dates(rows[:, 2]),
            "announced_at": _moments(announced),
        }
    )


def event_tables(planted: Planted, events: Events) -> dict[str, pa.Table]:
    """What happened, each table in order of time."""
    return _looking(events) | _staying(planted, events)


def _looking(events: Events) -> dict[str, pa.Table]:
    """Searches, what they were shown, requests and their answers."""
    e = events.tables
    searches, shown, requests = e["searches"], e["shown"], e["requests"]
    return {
        "searches": _table(
            {
                "search_id": searches["search"] + 1,
                "guest_id": searches["guest"] + 1,
                "place_id": searches["place"] + 1,
                "check_in": _dates(searches["first"]),
                "nights": searches["nights"],
                "people": searches["people"],
                "searched_at": _seconds(searches["at"]),
            }
        ),
        "impressions": _table(
            {
                "search_id": shown["search"] + 1,
                "listing_id": shown["listing"] + 1,
                "position": shown["position"],
                "shown_at": _seconds(shown["at"]),
            }
        ),
        "requests": _table(
            {
                "request_id": requests["request"] + 1,
                "search_id": requests["search"] + 1,
                "guest_id": requests["guest"] + 1,
                "listing_id": requests["listing"] + 1,
                "check_in": _dates(requests["first"]),
                "nights": requests["nights"],
                "people": requests["people"],
                "requested_at": _seconds(requests["at"]),
            }
        ),
        "answers": _table(
            {
                "request_id": e["answers"]["request"] + 1,
                "accepted": e["answers"]["accepted"] == 1,
                "answered_at": _seconds(e["answers"]["at"]),
            }
        ),
    }


def _staying(planted: Planted, events: Events) -> dict[str, pa.Table]:
    """Bookings, and what comes of them."""
    e = events.tables
    bookings = e["bookings"]
    price = np.round(np.exp(planted.listings.price[bookings["listing"]]), 2)
    return {
        "bookings": _table(
            {
                "booking_id": bookings["booking"] + 1,
                "request_id": bookings["request"] + 1,
                "guest_id": bookings["guest"] + 1,
                "listing_id": bookings["listing"] + 1,
                "check_in": _dates(bookings["first"]),
                "nights": bookings["nights"],
                "total": np.round(price * bookings["nights"], 2),
                "booked_at": _seconds(bookings["at"]),
            }
        ),
        "cancellations": _table(
            {
                "booking_id": e["cancellations"]["booking"] + 1,
                "cancelled_at": _seconds(e["cancellations"]["at"]),
            }
        ),
        "reviews": _table(
            {
                "review_id": e["reviews"]["review"] + 1,
                "booking_id": e["reviews"]["booking"] + 1,
                "guest_id": e["reviews"]["guest"] + 1,
                "listing_id": e["reviews"]["listing"] + 1,
                "rating": e["reviews"]["rating"],
                "reviewed_at": _seconds(e["reviews"]["at"]),
            }
        ),
    }
