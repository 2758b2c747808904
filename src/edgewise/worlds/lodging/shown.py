"""What a policy shows, as a table, read and checked."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from edgewise.errors import ArgumentError
from edgewise.worlds.lodging.course import Lists
from edgewise.worlds.lodging.parts import Planted, State

__all__ = ["SHOWN", "read_shown"]

SHOWN: Final = ("search_id", "listing_id", "position")


def read_shown(shown: pa.Table, planted: Planted, state: State, day: int) -> Lists:
    """Rows of guests and listings, and positions, sorted by guest and position.

    Raises:
        ArgumentError: a column is missing or empty in places, a search does not wait for a list, a listing is
            unknown or not there yet, a position is below 1, or a list names a listing twice.
    """
    for name in SHOWN:
        if name not in shown.column_names:
            raise ArgumentError(f"the shown table has no column '{name}'", hint=f"columns: {', '.join(SHOWN)}")
        if shown.column(name).null_count:
            raise ArgumentError(f"the shown table has rows without {name}", hint="leave those rows out")
    search, listing, position = (shown.column(name).to_numpy().astype(np.int64) for name in SHOWN)
    waiting = np.flatnonzero(state.trip[:, 0] >= 0)
    waiting = waiting[np.argsort(state.trip[waiting, 5])]
    number = state.trip[waiting, 5]
    at = np.minimum(np.searchsorted(number, search - 1), max(len(number) - 1, 0))
    unknown = search if len(number) == 0 else search[number[at] != search - 1]
    if len(unknown):
        raise ArgumentError(
            f"the search {unknown[0]} does not wait for a list", hint="world.waiting has the searches that do"
        )
    there = (listing >= 1) & (listing <= len(planted.listings.since))
    there[there] = planted.listings.since[listing[there] - 1] < day
    if not there.all():
        raise ArgumentError(f"there is no listing {listing[~there][0]} yet", hint="show what the tables hold")
    if len(position) and position.min() < 1:
        raise ArgumentError(f"position {position.min()} is not on a list", hint="positions count from 1")
    guest = waiting[at] if len(number) else search
    order = np.lexsort((listing - 1, guest))
    twice = (np.diff(guest[order]) == 0) & (np.diff(listing[order]) == 0)
    if twice.any():
        raise ArgumentError(
            f"a list names the listing {listing[order][1:][twice][0]} twice", hint="name it once in each list"
        )
    order = np.lexsort((listing, position, guest))
    return Lists(guest[order], listing[order] - 1, position[order])
