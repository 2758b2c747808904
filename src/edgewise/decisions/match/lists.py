"""From shares of looks to lists: whole places, in the order in which they gain most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.decisions.match.allocate import Allocation, Terms, allocate, cascade, looks_on, order
from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.match.learn import Learned
from edgewise.decisions.match.market import Market
from edgewise.decisions.match.pairs import Newness, Pairs, calendar, pairs_of
from edgewise.decisions.match.past import Past, past_of

__all__ = ["Matched", "match", "one_sided", "terms_of"]


@dataclass(frozen=True, slots=True)
class Matched:
    """The lists of a moment.

    Attributes:
        asks: the rows of the asks that wait; lists count them from 0.
        pairs: what was weighed.
        place: the place of each pair on its list, from 0; -1 for none.
        look: the chance of a look at each pair.
        bookings: expected of each list.
        allocation: what the places were shared out by.
        past: what was known.
    """

    asks: Int64[np.ndarray, " lists"]
    pairs: Pairs
    place: Int64[np.ndarray, " pairs"]
    look: Float64[np.ndarray, " pairs"]
    bookings: Float64[np.ndarray, " lists"]
    allocation: Allocation
    past: Past


def terms_of(entry: MatchEntry) -> Terms:
    """What an entry asks of lists."""
    return Terms(
        length=entry.list_length,
        load=entry.load,
        exposure=entry.exposure,
        most_looks=entry.most_looks,
        regret=entry.newcomers.regret,
        newcomer_quota=entry.newcomers.quota,
    )


def _weighed(market: Market, learned: Learned, entry: MatchEntry) -> tuple[np.ndarray, Past, Pairs]:
    asks = market.waiting(entry.asks.hours)
    past = past_of(market, learned.looks)
    given = entry.newcomers
    new = Newness(given.looks, given.bookings, given.optimism)
    return asks, past, pairs_of(market, past, learned, asks, new, entry.candidates)


def match(market: Market, learned: Learned, entry: MatchEntry, *, explain: bool = False) -> Matched:
    """Lists for all who wait.

    Raises:
        Infeasible: the constraints conflict; it names them.
    """
    asks, past, pairs = _weighed(market, learned, entry)
    begins, length = market.asks.begins[asks], market.asks.length[asks]
    made = allocate(pairs, begins, length, calendar(market, asks), learned.looks, terms_of(entry), explain=explain)
    # a pair with more of a look stands higher; what is alike is put in the best order of a cascade
    on = looks_on(pairs, learned.looks)
    index = pairs.request * pairs.worth / (1.0 - on * (1.0 - pairs.request))
    place = order(pairs, made.share + 1e-3 * index, entry.list_length)
    look, bookings = cascade(pairs, place, on, entry.list_length)
    many = np.zeros(len(asks))
    many[: len(bookings)] = bookings
    return Matched(asks, pairs, place, look, many, made, past)


def one_sided(market: Market, learned: Learned, entry: MatchEntry) -> Matched:
    """Lists by the chance of a request alone, whatever the other side says: what most rankings do."""
    asks, past, pairs = _weighed(market, learned, entry)
    place = order(pairs, pairs.request, entry.list_length)
    look, bookings = cascade(pairs, place, looks_on(pairs, learned.looks), entry.list_length)
    many = np.zeros(len(asks))
    many[: len(bookings)] = bookings
    return Matched(asks, pairs, place, look, many, Allocation(look, float(many.sum()), float(many.sum())), past)
