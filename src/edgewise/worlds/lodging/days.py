"""A day of the marketplace, compiled: cancellations and reviews, looks and requests, searches in the evening."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Int64
from numba import njit

from edgewise.clock import DAY, SECOND
from edgewise.worlds.lodging import luck
from edgewise.worlds.lodging.liking import accept, cancels, fits, free, leaves_a_night, odds, request
from edgewise.worlds.lodging.parts import LONGEST_LEAD, LONGEST_STAY, Guests, Listings, Planted, State

__all__ = ["LOOKS_ON", "answer", "dawn", "evening", "house_lists"]

LOOKS_ON: Final = 0.85  # the chance to look at the next place of a list
_AGAIN: Final = 0.75  # how often somebody without a place searches again the next evening
_PATIENCE: Final = 0.75  # how often somebody who was declined does not give up at once
_REVIEWS: Final = 0.6
_FADES: Final = 0.5 ** (1.0 / 30.0)  # bookings count half after a month
DAY_SECONDS: Final = DAY // SECOND
_MORNING: Final = 6 * 3600
_LOOKING: Final = 14 * 3600
_LONGEST_ANSWER: Final = 4 * 3600 - 60
_EVENING: Final = 20 * 3600


@njit(cache=True, error_model="numpy")
def season(day: float) -> float:
    """How many more trips come up than on average: most in the middle of July."""
    return 1.0 + 0.45 * np.sin(2.0 * np.pi * (day - 105.0) / 365.0)


@njit(cache=True, error_model="numpy")
def dawn(day: int, listings: Listings, state: State, out: Int64[np.ndarray, "pending 2"]) -> tuple[int, int]:
    """What earlier bookings bring on a day: cancellations free their nights, reviews add stars.

    `out[:, 0]` gets the rows of `state.stay` that are cancelled, `out[:, 1]` those that are reviewed.

    Returns:
        How many of each.
    """
    off, said = 0, 0
    for row in range(len(state.stay)):
        listing, first, nights = state.stay[row, 1], state.stay[row, 3], state.stay[row, 4]
        if state.stay[row, 5] == day:
            out[off, 0] = row
            off += 1
            for night in range(first, first + nights):
                state.taken[listing, night] -= 1
            state.stays[state.stay[row, 2]] -= 1
        elif state.stay[row, 6] == day:
            out[said, 1] = row
            said += 1
            state.stars[listing] += state.stay[row, 7]
            state.reviews[listing] += 1
    for listing in range(len(listings.since)):
        state.booked[listing] *= _FADES
    return off, said


@njit(cache=True, error_model="numpy")
def _plan(seed: int, guest: int, day: int, guests: Guests, trip: Int64[np.ndarray, "guests 6"]) -> None:
    """A trip comes up: where, when, how long, how many."""
    place = luck.pick(guests.where[guest], luck.uniform(seed, luck.WHERE, guest, day, 0))
    lead = -np.log(1.0 - luck.uniform(seed, luck.LEAD, guest, day, 0)) * guests.lead[guest]
    first = day + 2 + min(int(lead), LONGEST_LEAD - 10)
    if luck.uniform(seed, luck.LEAD, guest, day, 1) < 0.5:
        first += (4 - first) % 7  # a Friday
    nights = 1 + luck.poisson(guests.nights[guest], luck.uniform(seed, luck.NIGHTS, guest, day, 0))
    extra = luck.poisson(1.2, luck.uniform(seed, luck.PARTY, guest, day, 0))
    party = guests.party[guest]
    people = (
        1 + min(party, 1) + (1 + min(extra, 2) if party == 2 else 0) + (2 + min(extra, 4) if party == 3 else 0)
    )
    trip[guest, 0], trip[guest, 1], trip[guest, 2] = day, place, first
    trip[guest, 3], trip[guest, 4] = min(nights, LONGEST_STAY), people


@njit(cache=True, error_model="numpy")
def evening(
    seed: int, day: int, guests: Guests, state: State, who: Int64[np.ndarray, " guests"],
    at: Int64[np.ndarray, " guests"],
) -> int:  # fmt: skip
    """Who searches in the evening of a day, and when (in seconds since START); the lists come next morning."""
    n = 0
    for guest in range(len(guests.rate)):
        trip = state.trip[guest]
        if trip[0] >= 0:
            again = luck.uniform(seed, luck.AGAIN, guest, day, 0) < _AGAIN
            if not again or trip[2] < day + 2:
                trip[0] = -1
        elif guests.joined[guest] <= day and (
            luck.uniform(seed, luck.BEGINS, guest, day, 0) < guests.rate[guest] * season(day)
        ):
            _plan(seed, guest, day, guests, state.trip)
        if trip[0] >= 0:
            who[n] = guest
            moment = luck.uniform(seed, luck.EVENING, guest, day, 0)
            at[n] = day * DAY_SECONDS + _EVENING + int(moment * (4 * 3600 - 1))
            n += 1
    return n


@njit(cache=True, error_model="numpy")
def house_lists(
    seed: int, day: int, k: int, who: Int64[np.ndarray, " waiting"], planted: Planted,
    near_first: Int64[np.ndarray, " places_plus_1"], near: Int64[np.ndarray, " entries"], state: State,
    out: Int64[np.ndarray, "waiting k"],
) -> None:  # fmt: skip
    """The lists that the marketplace made in the past: booked and praised, near the place, and much chance.

    Rows of `out` are filled from the left; -1 where nothing is left.
    """
    listings, places = planted.listings, planted.places
    best = np.empty(k)
    for i in range(len(who)):
        guest = who[i]
        trip = state.trip[guest]
        best[:] = -np.inf
        out[i, :] = -1
        for entry in range(near_first[trip[1]], near_first[trip[1] + 1]):
            item = near[entry]
            if not fits(item, trip[4], day, listings):
                continue
            if not free(state.taken, item, listings.units[item], trip[2], trip[3]):
                continue
            u = luck.uniform(seed, luck.HOUSE, guest, day, item)
            known = (state.stars[item] + 3.0 * 4.3) / (state.reviews[item] + 3.0)
            score = 0.8 * np.log(1.0 + state.booked[item]) + 0.8 * known - 0.8 * np.log(-np.log(u + 1e-12))
            score -= places.distance[trip[1], listings.place[item]] / 25.0
            place = k
            while place > 0 and score > best[place - 1]:
                place -= 1
            if place < k:
                best[place + 1 :] = best[place:-1].copy()
                out[i, place + 1 :] = out[i, place:-1].copy()
                best[place], out[i, place] = score, item


@njit(cache=True, error_model="numpy")
def look_at(seed: int, guest: int, day: int) -> int:
    """The second of the day at which a guest looks at the list."""
    return day * DAY_SECONDS + _MORNING + int(luck.uniform(seed, luck.LOOK, guest, day, 0) * _LOOKING)


@njit(cache=True, error_model="numpy")
def _stay(
    seed: int, day: int, guest: int, listing: int, number: int, trip: Int64[np.ndarray, " 6"], planted: Planted,
    row: Int64[np.ndarray, " 8"],
) -> None:  # fmt: skip
    """What comes of a booking: called off on a day, or lived, and perhaps reviewed."""
    first, nights = trip[2], trip[3]
    row[0], row[1], row[2], row[3], row[4] = number, listing, guest, first, nights
    row[5], row[6], row[7] = -1, -1, 0
    ahead = first - day
    off = luck.uniform(seed, luck.CANCEL, guest, trip[0], listing) < cancels(guest, ahead, planted.guests)
    if off and ahead > 1:
        row[5] = day + 1 + int(luck.uniform(seed, luck.CANCEL_DAY, guest, trip[0], listing) * (ahead - 1))
    elif luck.uniform(seed, luck.REVIEW, guest, trip[0], listing) < _REVIEWS:
        noise = luck.normal(seed, luck.RATING, guest * 4096 + trip[0], listing)
        row[6] = first + nights + 1 + int(3 * luck.uniform(seed, luck.REVIEW, guest, trip[0], listing + 1))
        row[7] = int(min(max(np.round(4.2 + 0.5 * planted.listings.quality[listing] + 0.6 * noise), 1.0), 5.0))


@njit(cache=True, error_model="numpy")
def answer(
    seed: int, day: int, first_row: Int64[np.ndarray, " lists_plus_1"], who: Int64[np.ndarray, " lists"],
    listing: Int64[np.ndarray, " rows"], position: Int64[np.ndarray, " rows"], planted: Planted, state: State,
    asked: Int64[np.ndarray, "lists 6"], stays: Int64[np.ndarray, "lists 8"],
) -> tuple[int, int]:  # fmt: skip
    """Guests look at their lists in order of time, ask for one listing at most, and its host answers.

    `asked` gets row of the list, guest, listing, second of the request, second of the answer, yes or no;
    `stays` what was booked.

    Returns:
        How many requests and how many bookings.
    """
    guests, listings, places = planted.guests, planted.listings, planted.places
    n, booked = 0, 0
    for i in range(len(who)):
        guest = who[i]
        trip = state.trip[guest]
        depth = 1 + int(np.log(1.0 - luck.uniform(seed, luck.DEPTH, guest, day, 0)) / np.log(LOOKS_ON))
        at = look_at(seed, guest, day)
        for r in range(first_row[i], first_row[i + 1]):
            item = listing[r]
            if position[r] > depth:
                break
            if not free(state.taken, item, listings.units[item], trip[2], trip[3]):
                continue
            chance = odds(
                request(
                    guest, item, trip[1], trip[4], guests, listings, places, state.stars[item], state.reviews[item]
                )
            )
            if luck.uniform(seed, luck.WANTS, guest, day, item) >= chance:
                continue
            alone = leaves_a_night(state.taken, item, listings.units[item], trip[2], trip[3])
            value = accept(
                guest, item, trip[2] - day, trip[3], alone, state.stays[guest], guests, listings, planted.hosts
            )
            yes = luck.uniform(seed, luck.ANSWER, guest, day, item) < odds(value)
            delay = 60 + int(luck.uniform(seed, luck.DELAY, guest, day, item) ** 2 * _LONGEST_ANSWER)
            asked[n, 0], asked[n, 1], asked[n, 2] = r, guest, item
            asked[n, 3], asked[n, 4], asked[n, 5] = at, at + delay, yes
            n += 1
            if yes:
                for night in range(trip[2], trip[2] + trip[3]):
                    state.taken[item, night] += 1
                _stay(seed, day, guest, item, state.counts[2], trip, planted, stays[booked])
                state.counts[2] += 1
                state.booked[item] += 1.0
                state.stays[guest] += 1
                booked += 1
                trip[0] = -1
            elif luck.uniform(seed, luck.AGAIN, guest, day, 1) >= _PATIENCE:
                trip[0] = -1
            break
    return n, booked
