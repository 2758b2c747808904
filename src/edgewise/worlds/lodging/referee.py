"""Policies to compare with in the lodging world, and what is counted. None of them needs a fitted model.

`popularity` and `requests` look at one side: what is booked most, and what this guest most likely asks for.
`requests` is the strongest of its kind, as it knows the true probability of a request; it ignores whether the host
will accept and what other guests are shown. The oracle knows both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float64

from edgewise.clock import DAY
from edgewise.worlds.lodging.truth import examined
from edgewise.worlds.lodging.world import Lodging, Step

__all__ = ["GOAL", "ORACLE", "PLACES", "POLICIES", "figures", "top_lists"]

Policy = Callable[[Lodging], pa.Table]

PLACES: Final = 10  # of a list
GOAL: Final = "stays"
_RECENT: Final = 28  # days in which bookings make a listing popular, and for which hosts are new


def top_lists(
    world: Lodging, score: Float64[np.ndarray, "searches listings"], free: Bool[np.ndarray, "searches listings"]
) -> pa.Table:
    """Lists of the highest scores among what is free; the rows of `score` are the searches that wait."""
    score = np.where(free, score, -np.inf)
    top = np.argsort(-score, axis=1, kind="stable")[:, :PLACES]
    row, place = np.nonzero(np.take_along_axis(score, top, axis=1) > -np.inf)
    search = world.waiting.column("search_id").to_numpy()
    listing = world.tables["listings"].column("listing_id").to_numpy()
    return pa.table({"search_id": search[row], "listing_id": listing[top[row, place]], "position": place + 1})


def popularity(world: Lodging) -> pa.Table:
    """What was booked most often in four weeks, at the place that is wanted before all others."""
    bookings = world.tables["bookings"]
    late = bookings.column("booked_at").cast("int64").to_numpy() >= world.now - _RECENT * DAY
    listings = world.tables["listings"].num_rows
    count = np.bincount(bookings.column("listing_id").to_numpy()[late] - 1, minlength=listings)
    return top_lists(world, count - world.truth.near(), world.truth.free())


def requests(world: Lodging) -> pa.Table:
    """What each guest most likely asks for, by the truth; whether the host accepts is not looked at."""
    chances = world.truth.chances()
    return top_lists(world, chances.request, chances.free)


def oracle(world: Lodging) -> pa.Table:
    """The lists of a knower of both sides; see `LodgingTruth.best`."""
    return world.truth.best(PLACES)


POLICIES: Final[dict[str, Policy]] = {"popularity": popularity, "requests": requests}
ORACLE: Final[Policy] = oracle


def figures(before: Lodging, step: Step) -> dict[str, float]:
    """What a step came to.

    `stays`: bookings made that are not called off, later than the step included. `bookings`, `requests` and
    `accepted` (the share of requests): as the tables say. `first_booking`: days that a new host waits for a first
    booking, of 28 at most: the days that hosts in their first 28 spent without one, for each host that came.
    `gini`: how unequal the looks are that listings may expect, 0 for all alike.
    """
    new, state = step.new, step.world.state
    booked = new["bookings"].column("booking_id").to_numpy()
    off = np.isin(booked, new["cancellations"].column("booking_id").to_numpy())
    off |= np.isin(booked - 1, state.stay[state.stay[:, 5] >= 0, 0])
    requested = new["requests"].num_rows
    return {
        "stays": float(len(booked) - off.sum()),
        "bookings": float(len(booked)),
        "requests": float(requested),
        "accepted": len(booked) / max(requested, 1),
        "first_booking": _first_booking(before, step),
        "gini": _gini(_looks(step)),
    }


def _first_booking(before: Lodging, step: Step) -> float:
    world = step.world
    joined = world.tables["hosts"].column("joined_at").cast("int64").to_numpy()
    bookings = world.tables["bookings"]
    host = world.tables["listings"].column("host_id").to_numpy()[bookings.column("listing_id").to_numpy() - 1] - 1
    first = np.full(len(joined), np.iinfo(np.int64).max)
    np.minimum.at(first, host, bookings.column("booked_at").cast("int64").to_numpy())
    until = np.minimum(np.minimum(first, joined + _RECENT * DAY), world.now)
    waited = np.maximum(until - np.maximum(joined, before.now), 0).sum() / DAY
    came = world.options.new_hosts * (world.now - before.now) / (7 * DAY)
    return float(waited / came) if came else 0.0


def _looks(step: Step) -> Float64[np.ndarray, " listings"]:
    shown = step.new["impressions"]
    weight = examined(shown.column("position").to_numpy())
    listing = shown.column("listing_id").to_numpy() - 1
    return np.bincount(listing, weights=weight, minlength=step.world.tables["listings"].num_rows)


def _gini(amount: Float64[np.ndarray, " n"]) -> float:
    ordered = np.sort(amount)
    total, n = ordered.sum(), len(ordered)
    if total == 0.0:
        return 0.0
    return float((2.0 * np.arange(1, n + 1) - n - 1.0) @ ordered / (n * total))
