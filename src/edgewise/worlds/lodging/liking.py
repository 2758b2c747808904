"""How guests stand to listings and hosts to requests: the log odds that everything else follows from."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from edgewise.worlds.lodging import luck
from edgewise.worlds.lodging.parts import Guests, Hosts, Listings, Places, Planted, State

__all__ = [
    "accept",
    "accept_chances",
    "cancels",
    "fits",
    "free",
    "free_all",
    "keep_chances",
    "leaves_a_night",
    "odds",
    "request",
    "request_chances",
]

NEVER_ASKED: Final = -50.0
_REQUEST: Final = -2.9  # an average listing at the place that is wanted
_BOND: Final = 0.6
_UNREVIEWED: Final = -0.35
_USUAL_STARS: Final = 4.4
_STARS_PRIOR: Final = 3.0  # reviews that an average is worth in the eyes of guests
_CANCEL: Final = -3.1


@njit(cache=True, error_model="numpy")
def odds(x: float) -> float:
    """The probability of log odds."""
    return 1.0 / (1.0 + np.exp(-x))


@njit(cache=True, error_model="numpy")
def free(taken: np.ndarray, listing: int, units: int, first: int, nights: int) -> bool:
    """Whether a unit is free on all the nights."""
    return bool((taken[listing, first : first + nights] < units).all())


@njit(cache=True, error_model="numpy")
def fits(listing: int, people: int, day: float, listings: Listings) -> bool:
    """Whether a listing is there and has beds enough."""
    return listings.since[listing] <= day and listings.sleeps[listing] >= people


@njit(cache=True, error_model="numpy")
def request(
    guest: int, listing: int, place: int, people: int, guests: Guests, listings: Listings, places: Places,
    stars: float, reviews: int,
) -> float:  # fmt: skip
    """Log odds that a guest asks for a listing when they look at it."""
    if listings.sleeps[listing] < people:
        return NEVER_ASKED
    value = _REQUEST + listings.appeal[listing]
    for k in range(guests.taste.shape[1]):
        value += guests.taste[guest, k] * listings.traits[listing, k]
    dear = listings.price[listing] - guests.budget[guest] - 0.35 * np.log(people)
    value -= guests.thrift[guest] * max(dear, -0.6)
    value -= guests.roam[guest] * places.distance[place, listings.place[listing]] / 100.0
    value -= 0.12 * max(listings.sleeps[listing] - people - 2, 0)
    value += _BOND * luck.normal(guests.bonds, luck.BOND, guest, listing)
    if reviews == 0:
        return value + _UNREVIEWED
    known = (stars + _STARS_PRIOR * _USUAL_STARS) / (reviews + _STARS_PRIOR)
    return value + 1.6 * (known - _USUAL_STARS)


@njit(cache=True, error_model="numpy")
def accept(
    guest: int, listing: int, ahead: int, nights: int, alone: bool, stays: int, guests: Guests, listings: Listings,
    hosts: Hosts,
) -> float:  # fmt: skip
    """Log odds that a host says yes. `ahead` is in days; `alone` says that a single night is left over."""
    host = listings.host[listing]
    if hosts.instant[host]:
        return 50.0
    value = hosts.base[host] - hosts.length[host] * abs(np.log(nights) - hosts.wanted[host])
    if ahead < 7:
        value -= hosts.rush[host] * (7 - ahead) / 7.0
    value += hosts.party[host, guests.party[guest]] + hosts.stays[host] * min(stays, 3) / 3.0
    if guests.verified[guest]:
        value += hosts.verified[host]
    return value - hosts.gap[host] if alone else value


@njit(cache=True, error_model="numpy")
def leaves_a_night(taken: np.ndarray, listing: int, units: int, first: int, nights: int) -> bool:
    """Whether a stay would leave a single free night between itself and what is taken already."""
    before = first >= 2 and taken[listing, first - 1] < units and taken[listing, first - 2] >= units
    end = first + nights
    return before or (taken[listing, end] < units and taken[listing, end + 1] >= units)


@njit(cache=True, error_model="numpy")
def cancels(guest: int, ahead: int, guests: Guests) -> float:
    """The probability that a booking is called off."""
    return odds(_CANCEL + guests.whim[guest] + 0.02 * ahead)


@njit(cache=True, error_model="numpy")
def _requests(
    guest: Int64[np.ndarray, " n"], listing: Int64[np.ndarray, " n"], place: Int64[np.ndarray, " n"],
    people: Int64[np.ndarray, " n"], planted: Planted, state: State, out: Float64[np.ndarray, " n"],
) -> None:  # fmt: skip
    for i in range(len(guest)):
        item = listing[i]
        value = request(
            guest[i], item, place[i], people[i], planted.guests, planted.listings, planted.places,
            state.stars[item], state.reviews[item],
        )  # fmt: skip
        out[i] = odds(value)


@njit(cache=True, error_model="numpy")
def _accepts(
    day: int, guest: Int64[np.ndarray, " n"], listing: Int64[np.ndarray, " n"], first: Int64[np.ndarray, " n"],
    nights: Int64[np.ndarray, " n"], planted: Planted, state: State, out: Float64[np.ndarray, " n"],
) -> None:  # fmt: skip
    listings = planted.listings
    for i in range(len(guest)):
        item = listing[i]
        if not free(state.taken, item, listings.units[item], first[i], nights[i]):
            out[i] = 0.0
            continue
        alone = leaves_a_night(state.taken, item, listings.units[item], first[i], nights[i])
        stays = state.stays[guest[i]]
        value = accept(
            guest[i], item, first[i] - day, nights[i], alone, stays, planted.guests, listings, planted.hosts
        )
        out[i] = odds(value)


def request_chances(
    planted: Planted, state: State, guest: Int64[np.ndarray, " n"], listing: Int64[np.ndarray, " n"],
    place: Int64[np.ndarray, " n"], people: Int64[np.ndarray, " n"],
) -> Float64[np.ndarray, " n"]:  # fmt: skip
    """The probability of a request on a look, pair by pair (row numbers)."""
    out = np.zeros(len(guest))
    _requests(guest, listing, place, people, planted, state, out)
    return out


def accept_chances(
    planted: Planted, state: State, day: int, guest: Int64[np.ndarray, " n"], listing: Int64[np.ndarray, " n"],
    first: Int64[np.ndarray, " n"], nights: Int64[np.ndarray, " n"],
) -> Float64[np.ndarray, " n"]:  # fmt: skip
    """The probability of a yes to a request on `day`, pair by pair (row numbers); 0 where nights are taken."""
    out = np.zeros(len(guest))
    _accepts(day, guest, listing, first, nights, planted, state, out)
    return out


def keep_chances(
    planted: Planted, guest: Int64[np.ndarray, " n"], ahead: Int64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """The probability that a booking is not called off; one for tomorrow no longer is."""
    return np.array(
        [
            1.0 - cancels(g, days, planted.guests) if days > 1 else 1.0
            for g, days in zip(guest, ahead, strict=True)
        ],
        dtype=np.float64,
    )


@njit(cache=True, error_model="numpy")
def _free_all(
    listing: Int64[np.ndarray, " n"], first: Int64[np.ndarray, " n"], nights: Int64[np.ndarray, " n"],
    units: Int64[np.ndarray, " listings"], state: State, out: Bool[np.ndarray, " n"],
) -> None:  # fmt: skip
    for i in range(len(listing)):
        out[i] = free(state.taken, listing[i], units[listing[i]], first[i], nights[i])


def free_all(
    planted: Planted, state: State, listing: Int64[np.ndarray, " n"], first: Int64[np.ndarray, " n"],
    nights: Int64[np.ndarray, " n"],
) -> Bool[np.ndarray, " n"]:  # fmt: skip
    """Whether a unit is free on all the nights, pair by pair."""
    out = np.zeros(len(listing), dtype=np.bool_)
    _free_all(listing, first, nights, planted.listings.units, state, out)
    return out
