"""What a lodging world is made of, as groups of arrays that compiled loops can read.

Row i of a group is thing i; days are counted from START, a Monday. Nothing in here is a table: these are the
planted truths, and the tables show only what a marketplace would know.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int16, Int64

from edgewise.clock import to_micros
from edgewise.worlds.lodging.words import AMENITIES, KINDS

__all__ = ["ATTRIBUTES", "BEYOND", "START", "Guests", "Hosts", "Listings", "Places", "Planted", "State"]

START: Final = to_micros("2024-01-01")  # a Monday
ATTRIBUTES: Final = len(KINDS) + len(AMENITIES)
LONGEST_LEAD: Final = 75  # days from a search to the stay
LONGEST_STAY: Final = 14  # nights
BEYOND: Final = LONGEST_LEAD + LONGEST_STAY + 7  # days that the calendar reaches beyond the last one lived


class Places(NamedTuple):
    """Where listings are. Distances are in kilometres."""

    x: Float64[np.ndarray, " places"]
    y: Float64[np.ndarray, " places"]
    landscape: Int64[np.ndarray, " places"]
    pull: Float64[np.ndarray, " places"]  # log weight among all places
    level: Float64[np.ndarray, " places"]  # what everything costs there, in logs
    distance: Float64[np.ndarray, "places places"]


class Hosts(NamedTuple):
    """Hosts in the order in which they joined, and how they answer requests (in log odds)."""

    joined: Float64[np.ndarray, " hosts"]
    base: Float64[np.ndarray, " hosts"]
    instant: Bool[np.ndarray, " hosts"]  # says yes to everything
    wanted: Float64[np.ndarray, " hosts"]  # log of the nights that suit best
    length: Float64[np.ndarray, " hosts"]  # what a stay of another length costs, for each unit of log
    rush: Float64[np.ndarray, " hosts"]  # what a request less than a week ahead costs
    party: Float64[np.ndarray, "hosts parties"]
    verified: Float64[np.ndarray, " hosts"]
    stays: Float64[np.ndarray, " hosts"]  # what a guest's earlier stays add, up to three
    gap: Float64[np.ndarray, " hosts"]  # what a stay costs that leaves a single night before or after it
    care: Float64[np.ndarray, " hosts"]  # a part of the quality of all their listings
    country: Int64[np.ndarray, " hosts"]


class Listings(NamedTuple):
    """Listings in the order in which they appeared. Each of its `units` takes one party a night."""

    host: Int64[np.ndarray, " listings"]
    place: Int64[np.ndarray, " listings"]
    kind: Int64[np.ndarray, " listings"]
    traits: Float64[np.ndarray, "listings attributes"]  # kind and amenities as 0 and 1
    sleeps: Int64[np.ndarray, " listings"]
    units: Int64[np.ndarray, " listings"]
    price: Float64[np.ndarray, " listings"]  # log of the price of a night
    photos: Int64[np.ndarray, " listings"]
    appeal: Float64[np.ndarray, " listings"]  # what guests see and no column says
    quality: Float64[np.ndarray, " listings"]  # what a stay is like
    since: Float64[np.ndarray, " listings"]  # day


class Guests(NamedTuple):
    """Guests, and what they want."""

    bonds: int  # the seed of what no attribute explains: how single guests stand to single listings
    taste: Float64[np.ndarray, "guests attributes"]
    budget: Float64[np.ndarray, " guests"]  # log of the price of a night that they are used to
    thrift: Float64[np.ndarray, " guests"]  # what each unit of log price above it costs
    where: Float64[np.ndarray, "guests places"]  # cumulative weights
    roam: Float64[np.ndarray, " guests"]  # what 100 km from the place they want cost
    party: Int64[np.ndarray, " guests"]
    verified: Bool[np.ndarray, " guests"]
    rate: Float64[np.ndarray, " guests"]  # trips a day in an average season
    nights: Float64[np.ndarray, " guests"]  # mean nights beyond the first
    lead: Float64[np.ndarray, " guests"]  # mean days from the first search to the stay
    whim: Float64[np.ndarray, " guests"]  # log odds of calling a stay off
    joined: Float64[np.ndarray, " guests"]
    country: Int64[np.ndarray, " guests"]
    age: Int64[np.ndarray, " guests"]


class Planted(NamedTuple):
    """Everything that is fixed from the start. `closed` are the nights on which a host lets nobody in."""

    random_seed: int
    places: Places
    hosts: Hosts
    listings: Listings
    guests: Guests
    closures: Int64[np.ndarray, "closures 4"]  # listing, first day, day after the last, day of its announcement


class State(NamedTuple):
    """What happened so far, as far as it changes what happens next.

    `trip` holds, for each guest, the trip that they are looking for a place for: the day on which it came up (-1:
    none), the place, the first night, the nights, the people, and the number of its search (from 0). `stay` holds
    the bookings that a cancellation or a review may still follow: booking, listing, guest, first night, nights,
    day of its cancellation (-1: none), day of its review (-1: none), rating.
    """

    taken: Int16[np.ndarray, "listings days"]  # units that are not free, by night
    trip: Int64[np.ndarray, "guests 6"]
    booked: Float64[np.ndarray, " listings"]  # bookings, halved every 30 days
    stars: Float64[np.ndarray, " listings"]  # sum of ratings
    reviews: Int64[np.ndarray, " listings"]
    stays: Int64[np.ndarray, " guests"]  # bookings so far
    stay: Int64[np.ndarray, "pending 8"]
    counts: Int64[np.ndarray, " 4"]  # searches, requests, bookings, reviews so far

    def copy(self) -> State:
        """The same state, to go on from without touching this one."""
        return State(*(array.copy() for array in self))
