"""Run the compiled loops day by day, and gather what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Int64

from edgewise.worlds.lodging.days import DAY_SECONDS, answer, dawn, evening, house_lists, look_at
from edgewise.worlds.lodging.making import near_listings
from edgewise.worlds.lodging.parts import Planted, State

__all__ = ["Course", "Events", "Lists", "empty_events"]

Columns = dict[str, np.ndarray]
PLACES_OF_HOUSE: Final = 10
_LISTS_AT: Final = 5 * 3600  # lists are there at five in the morning, before anybody looks

_NAMES: Final = {
    "searches": ("search", "guest", "place", "first", "nights", "people", "at"),
    "shown": ("search", "listing", "position", "at"),
    "requests": ("request", "search", "guest", "listing", "first", "nights", "people", "at"),
    "answers": ("request", "accepted", "at"),
    "bookings": ("booking", "request", "guest", "listing", "first", "nights", "at"),
    "cancellations": ("booking", "at"),
    "reviews": ("review", "booking", "guest", "listing", "rating", "at"),
}


@dataclass(frozen=True, slots=True)
class Lists:
    """What guests are shown: row numbers of guests and listings, places from 1; sorted by guest and place."""

    guest: Int64[np.ndarray, " rows"]
    listing: Int64[np.ndarray, " rows"]
    position: Int64[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True)
class Events:
    """What happened, table by table, in order of time. `at` is in seconds since START, things are row numbers."""

    tables: dict[str, Columns]

    @staticmethod
    def joined(parts: list[Events]) -> Events:
        """Several events as one, each part later than the one before it."""
        parts = parts or [empty_events()]
        return Events(
            {
                table: {name: np.concatenate([part.tables[table][name] for part in parts]) for name in names}
                for table, names in _NAMES.items()
            }
        )


def empty_events() -> Events:
    """Nothing happened."""
    return Events({t: {name: np.zeros(0, np.int64) for name in names} for t, names in _NAMES.items()})


class Course:
    """Moves a state through the days of one world. `seed` is that of the luck."""

    def __init__(self, planted: Planted, seed: int) -> None:
        self._planted, self._seed = planted, seed
        self._near_first, self._near = near_listings(planted.listings, planted.places)

    def day(self, state: State, day: int, lists: Lists | None) -> tuple[State, Events]:
        """One day from midnight to midnight: the state after it, and what happened. Arrays of `state` are reused.

        Those who wait look at `lists`, or at the marketplace's own where there are none.
        """
        earlier = np.zeros((len(state.stay), 2), dtype=np.int64)
        off, said = dawn(day, self._planted.listings, state, earlier)
        events = _dawn_events(state, day, earlier[:off, 0], earlier[:said, 1])
        who = np.flatnonzero(state.trip[:, 0] >= 0)
        lists = self._house(state, day, who) if lists is None else lists
        stays = self._answers(state, day, lists, events)
        searching, at = np.zeros(len(state.trip), np.int64), np.zeros(len(state.trip), np.int64)
        n = evening(self._seed, day, self._planted.guests, state, searching, at)
        events["searches"] = _searches(state, searching[:n], at[:n])
        later = (state.stay[:, 5] > day) | (state.stay[:, 6] > day)
        return state._replace(stay=np.concatenate([state.stay[later], stays])), Events(events)

    def _house(self, state: State, day: int, who: Int64[np.ndarray, " waiting"]) -> Lists:
        out = np.empty((len(who), PLACES_OF_HOUSE), dtype=np.int64)
        house_lists(self._seed, day, PLACES_OF_HOUSE, who, self._planted, self._near_first, self._near, state, out)
        row, place = np.nonzero(out >= 0)
        return Lists(who[row], out[row, place], place + 1)

    def _answers(
        self, state: State, day: int, lists: Lists, events: dict[str, Columns]
    ) -> Int64[np.ndarray, "bookings 8"]:
        """Let the guests of the lists look, in order of time; fills in shown, requests, answers and bookings."""
        who, begins = np.unique(lists.guest, return_index=True)
        moment = np.array([look_at(self._seed, guest, day) for guest in who], dtype=np.int64)
        order = np.lexsort((who, moment))
        ends = np.append(begins[1:], len(lists.guest))
        rows = np.concatenate([np.arange(begins[i], ends[i]) for i in order] or [np.zeros(0, np.int64)])
        first_row = np.concatenate([[0], np.cumsum((ends - begins)[order])])
        asked, stays = np.zeros((len(who), 6), np.int64), np.zeros((len(who), 8), np.int64)
        trip, booking = state.trip.copy(), int(state.counts[2])
        looked = lists.listing[rows], lists.position[rows]
        n, booked = answer(
            self._seed, day, first_row, who[order], *looked, self._planted, state, asked, stays
        )  # fmt: skip
        request = state.counts[1] + np.arange(n)
        state.counts[1] += n
        events["shown"] = _shown(trip[lists.guest, 5], lists, day)
        events |= _asked(trip, asked[:n], request, booking)
        return stays[:booked]


def _shown(search: Int64[np.ndarray, " rows"], lists: Lists, day: int) -> Columns:
    order = np.lexsort((lists.position, search))
    return {
        "search": search[order],
        "listing": lists.listing[order],
        "position": lists.position[order],
        "at": np.full(len(order), day * DAY_SECONDS + _LISTS_AT),
    }


def _asked(
    trip: Int64[np.ndarray, "guests 6"], asked: Int64[np.ndarray, "n 6"], request: Int64[np.ndarray, " n"],
    booking: int,
) -> dict[str, Columns]:  # fmt: skip
    """Requests, answers and bookings; `trip` is as it was in the morning, `booking` the first new number."""
    guest, listing = asked[:, 1], asked[:, 2]
    wish = {"guest": guest, "listing": listing, "first": trip[guest, 2], "nights": trip[guest, 3]}
    answers = {"request": request, "accepted": asked[:, 5], "at": asked[:, 4]}
    yes = np.flatnonzero(asked[:, 5] == 1)
    booked = {name: column[yes] for name, column in {"request": request, **wish, "at": asked[:, 4]}.items()}
    return {
        "requests": {
            "request": request,
            "search": trip[guest, 5],
            **wish,
            "people": trip[guest, 4],
            "at": asked[:, 3],
        },
        "answers": _sorted(answers),
        "bookings": _sorted({"booking": booking + np.arange(len(yes)), **booked}),
    }


def _sorted(columns: Columns) -> Columns:
    order = np.argsort(columns["at"], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def _dawn_events(
    state: State, day: int, off: Int64[np.ndarray, " n"], said: Int64[np.ndarray, " m"]
) -> dict[str, Columns]:
    """Cancellations and reviews of a day come between midnight and five."""
    begin = day * DAY_SECONDS
    review = state.counts[3] + np.arange(len(said))
    state.counts[3] += len(said)
    stay = state.stay
    return {
        "cancellations": {"booking": stay[off, 0], "at": begin + 60 + np.sort(31 * np.arange(len(off)) % 17000)},
        "reviews": {
            "review": review,
            "booking": stay[said, 0],
            "guest": stay[said, 2],
            "listing": stay[said, 1],
            "rating": stay[said, 7],
            "at": begin + 60 + np.sort(37 * np.arange(len(said)) % 17000),
        },
    }


def _searches(state: State, who: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Columns:
    order = np.lexsort((who, at))
    who, at = who[order], at[order]
    number = state.counts[0] + np.arange(len(who))
    state.counts[0] += len(who)
    state.trip[who, 5] = number
    trip = state.trip[who]
    return {
        "search": number, "guest": who, "place": trip[:, 1], "first": trip[:, 2], "nights": trip[:, 3],
        "people": trip[:, 4], "at": at,
    }  # fmt: skip
