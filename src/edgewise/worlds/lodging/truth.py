"""What was planted in a lodging world, beside the tables: both sides' chances, quality, and the best lists."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float64, Int64
from numba import njit

from edgewise.worlds.lodging.days import LOOKS_ON
from edgewise.worlds.lodging.liking import accept_chances, free_all, keep_chances, request_chances
from edgewise.worlds.lodging.parts import Planted, State

__all__ = ["Chances", "LodgingTruth", "examined"]


def examined(position: Float64[np.ndarray, " n"] | int) -> Float64[np.ndarray, " n"] | float:
    """The probability that a guest who asks for nothing before it looks at a place of the list (from 1)."""
    return LOOKS_ON ** (np.asarray(position) - 1.0)


@dataclass(frozen=True, slots=True)
class Chances:
    """Of searches (rows) and all listings there are (columns), today.

    `request` given a look, `accept` given a request (0 where a night is taken), `keep` that a booking is not
    called off, `free` whether the listing is there, large enough and free on all the nights.
    """

    search_id: Int64[np.ndarray, " searches"]
    listing_id: Int64[np.ndarray, " listings"]
    request: Float64[np.ndarray, "searches listings"]
    accept: Float64[np.ndarray, "searches listings"]
    keep: Float64[np.ndarray, " searches"]
    free: Bool[np.ndarray, "searches listings"]

    @property
    def booking(self) -> Float64[np.ndarray, "searches listings"]:
        """The probability of a stay that takes place, given a look."""
        return self.request * self.accept * self.keep[:, None] * self.free


@dataclass(frozen=True, slots=True)
class LodgingTruth:
    """Answers about a world at midnight of `day` (since START)."""

    planted: Planted = field(repr=False)
    state: State = field(repr=False)
    day: int

    def quality(self) -> pa.Table:
        """listing_id, quality (around 0; what stays are like), appeal (what guests see), and reviews so far."""
        there = self._there()
        listings = self.planted.listings
        return pa.table(
            {
                "listing_id": there + 1,
                "quality": listings.quality[there],
                "appeal": listings.appeal[there],
                "reviews": self.state.reviews[there],
            }
        )

    def chances(self) -> Chances:
        """Both sides' probabilities for those who wait for a list, now."""
        who, there = self._waiting(), self._there()
        guest, listing = np.repeat(who, len(there)), np.tile(there, len(who))
        trip = self.state.trip[guest]
        planted, state, shape = self.planted, self.state, (len(who), len(there))
        first, nights = trip[:, 2], trip[:, 3]
        accept = accept_chances(planted, state, self.day, guest, listing, first, nights)
        return Chances(
            search_id=state.trip[who, 5] + 1,
            listing_id=there + 1,
            request=request_chances(planted, state, guest, listing, trip[:, 1], trip[:, 4]).reshape(shape),
            accept=accept.reshape(shape),
            keep=keep_chances(planted, who, state.trip[who, 2] - self.day),
            free=self.free(),
        )

    def free(self) -> Bool[np.ndarray, "searches listings"]:
        """Whether each listing can be booked for each search that waits: it is there, large enough and free."""
        who, there = self._waiting(), self._there()
        trip = np.repeat(self.state.trip[who], len(there), axis=0)
        listing = np.tile(there, len(who))
        fits = self.planted.listings.sleeps[listing] >= trip[:, 4]
        free = fits & free_all(self.planted, self.state, listing, trip[:, 2], trip[:, 3])
        return free.reshape(len(who), len(there))

    def near(self) -> Float64[np.ndarray, "searches listings"]:
        """Kilometres from the place that each search names to each listing."""
        wanted = self.state.trip[self._waiting(), 1]
        return self.planted.places.distance[np.ix_(wanted, self.planted.listings.place[self._there()])]

    def best(self, k: int = 10) -> pa.Table:
        """The oracle's lists for those who wait: search_id, listing_id, position.

        It knows both sides' chances. Lists are ordered by p·r / (1 - λ(1 - p)), the best order where a request
        ends the looking (p: a request on a look, r: what it is worth, λ: the chance to look on; Kempe and Mahdian,
        2008); what others probably take on the same nights counts less, place by place.
        """
        chances = self.chances()
        request = chances.request * chances.free
        worth = chances.accept * chances.keep[:, None]
        trip = self.state.trip[self._waiting()]
        units = self.planted.listings.units[chances.listing_id - 1].astype(np.float64)
        load = np.zeros((len(units), self.state.taken.shape[1]))
        out = np.full((len(trip), min(k, len(units))), -1, dtype=np.int64)
        _fill(request, worth, trip, units, load, LOOKS_ON, out)
        row, place = np.nonzero(out >= 0)
        columns = chances.search_id[row], chances.listing_id[out[row, place]], place + 1
        return pa.table(dict(zip(("search_id", "listing_id", "position"), columns, strict=True)))

    def _waiting(self) -> Int64[np.ndarray, " searches"]:
        """Those who wait, in the order of their searches."""
        who = np.flatnonzero(self.state.trip[:, 0] >= 0)
        return who[np.argsort(self.state.trip[who, 5])]

    def _there(self) -> Int64[np.ndarray, " listings"]:
        return np.flatnonzero(self.planted.listings.since < self.day)


@njit(cache=True, error_model="numpy")
def _fill(
    request: Float64[np.ndarray, "searches listings"], worth: Float64[np.ndarray, "searches listings"],
    trip: Int64[np.ndarray, "searches 6"], units: Float64[np.ndarray, " listings"],
    load: Float64[np.ndarray, "listings days"], looks_on: float, out: Int64[np.ndarray, "searches k"],
) -> None:  # fmt: skip
    """Fill lists place by place; `load` gathers the bookings expected on each night. `request` is used up."""
    left = np.ones(len(trip))
    for place in range(out.shape[1]):
        for row in range(len(trip)):
            first, end = trip[row, 2], trip[row, 2] + trip[row, 3]
            best, item = 0.0, -1
            for i in range(len(units)):
                p = request[row, i]
                index = p * worth[row, i] / (1.0 - looks_on * (1.0 - p))
                if index > best:
                    index *= max(1.0 - load[i, first:end].max() / units[i], 0.05)
                if index > best:
                    best, item = index, i
            if item < 0:
                continue
            p = request[row, item]
            out[row, place] = item
            load[item, first:end] += left[row] * p * worth[row, item]
            left[row] *= looks_on * (1.0 - p)
            request[row, item] = 0.0
