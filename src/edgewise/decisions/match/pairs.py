"""Which offers can be on which list: open on all the days, large enough, and likely enough to be weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.match.features import accept_rows, keep_rows, newness, request_rows
from edgewise.decisions.match.learn import Learned
from edgewise.decisions.match.market import Market
from edgewise.decisions.match.past import Past

__all__ = ["Calendar", "Pairs", "calendar", "pairs_of"]

_ASKS_AT_ONCE: Final = 100
_EACH_OFFER: Final = 8  # lists that an offer is weighed for at least, its most likely ones


@dataclass(frozen=True, slots=True)
class Calendar:
    """How many of each offer are free, by day from `first` (days since the epoch)."""

    first: int
    free: Int64[np.ndarray, "offers days"]

    def open(
        self, offer: Int64[np.ndarray, " n"], begins: Int64[np.ndarray, " n"], length: Int64[np.ndarray, " n"]
    ) -> Bool[np.ndarray, " n"]:
        """Whether something is free on all the days."""
        full = np.zeros((self.free.shape[0], self.free.shape[1] + 1), dtype=np.int32)
        np.cumsum(self.free <= 0, axis=1, out=full[:, 1:])
        begin = np.clip(begins - self.first, 0, self.free.shape[1])
        end = np.clip(begins + length - self.first, 0, self.free.shape[1])
        return full[offer, end] == full[offer, begin]

    def left(
        self, offer: Int64[np.ndarray, " n"], begins: Int64[np.ndarray, " n"], length: Int64[np.ndarray, " n"]
    ) -> Int64[np.ndarray, " n"]:
        """How many are free on all the days."""
        step = np.arange(int(length.max(initial=1)))
        day = np.clip((begins - self.first)[:, None] + np.minimum(step, (length - 1)[:, None]), 0, None)
        return self.free[offer[:, None], np.minimum(day, self.free.shape[1] - 1)].min(axis=1)


def calendar(market: Market, asks: Int64[np.ndarray, " waiting"]) -> Calendar:
    """What is free on the days that the asks are about: capacity less what was booked and is not called off."""
    wish = market.asks
    first = int(market.at // DAY)
    last = int((wish.begins[asks] + wish.length[asks]).max(initial=first + 1)) + 1
    change = np.zeros((len(market.offers.since), last - first + 1), dtype=np.int64)
    requests = market.requests
    held = requests.accepted & (requests.answered != NEVER) & (requests.cancelled == NEVER)
    held |= requests.answered == NEVER  # a request that waits for its answer holds its days
    begin = np.clip(wish.begins[requests.ask[held]] - first, 0, last - first)
    end = np.clip(wish.begins[requests.ask[held]] + wish.length[requests.ask[held]] - first, 0, last - first)
    np.add.at(change, (requests.offer[held], begin), 1)
    np.add.at(change, (requests.offer[held], end), -1)
    free = market.offers.capacity[:, None] - np.cumsum(change[:, :-1], axis=1)
    closed = np.zeros_like(change)
    np.add.at(closed, (market.closed.offer, np.clip(market.closed.begins - first, 0, last - first)), 1)
    np.add.at(closed, (market.closed.offer, np.clip(market.closed.ends - first, 0, last - first)), -1)
    return Calendar(first, np.where(np.cumsum(closed[:, :-1], axis=1) > 0, 0, free))


@dataclass(frozen=True, slots=True)
class Pairs:
    """An offer that may be on a list, row by row, sorted by list. `ask` counts the lists from 0.

    `request` is the chance of a request on a look, `accept` that of a yes to it, `keep` that of a booking to last;
    `optimism` is how many times its expectation a newcomer's booking counts: what its request rate may well be,
    fading as looks gather. `newcomer` says that too little is known about the offer and its owner.
    """

    ask: Int64[np.ndarray, " pairs"]
    offer: Int64[np.ndarray, " pairs"]
    request: Float64[np.ndarray, " pairs"]
    accept: Float64[np.ndarray, " pairs"]
    keep: Float64[np.ndarray, " pairs"]
    optimism: Float64[np.ndarray, " pairs"]
    newcomer: Bool[np.ndarray, " pairs"]

    @property
    def worth(self) -> Float64[np.ndarray, " pairs"]:
        """What a request is worth: the chance that it becomes a booking that lasts."""
        return self.accept * self.keep

    def take(self, rows: np.ndarray) -> Pairs:
        """Some of the pairs."""
        return Pairs(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Newness:
    """When an offer is new: with fewer looks and bookings than these."""

    looks: float
    bookings: int
    optimism: float


def pairs_of(
    market: Market, past: Past, learned: Learned, asks: Int64[np.ndarray, " waiting"], new: Newness, most: int
) -> Pairs:
    """The pairs worth weighing: the most likely `most` of each list, and the most likely lists of each offer."""
    open_days = calendar(market, asks)
    everyone = np.arange(len(market.offers.since))
    now = np.full(len(everyone), market.at)
    looks, asked, _ = newness(market, past, everyone, now)
    booked = past.owner_booked(market.offers.owner, now)[:, 0]
    newcomer = (booked < new.bookings) & (looks < new.looks)
    # what may well be, and less of it the more is known
    optimism = (1.0 + new.optimism / np.sqrt(learned.spread + asked)) * np.maximum(1.0 - looks / new.looks, 0.0)
    parts = []
    for begin in range(0, len(asks), _ASKS_AT_ONCE):
        some = asks[begin : begin + _ASKS_AT_ONCE]
        row, offer = np.repeat(np.arange(len(some)), len(everyone)), np.tile(everyone, len(some))
        wish = market.asks
        ask = some[row]
        fits = market.offers.size[offer] >= wish.size[ask]
        good = np.flatnonzero(fits & open_days.open(offer, wish.begins[ask], wish.length[ask]))
        parts.append((row[good] + begin, ask[good], offer[good]))
    row, ask, offer = (np.concatenate([part[i] for part in parts]) if parts else everyone[:0] for i in range(3))
    request, accept, keep = _chances(market, past, learned, ask, offer)
    made = Pairs(row, offer, request, accept, keep, optimism[offer], newcomer[offer])
    return made.take(_chosen(made, most))


def _chances(
    market: Market, past: Past, learned: Learned, ask: Int64[np.ndarray, " n"], offer: Int64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    parts: list[list[np.ndarray]] = [[np.zeros(0)], [np.zeros(0)], [np.zeros(0)]]
    step = 100_000
    for begin in range(0, len(ask), step):
        who, what = ask[begin : begin + step], offer[begin : begin + step]
        at = np.full(len(who), market.at)
        parts[0].append(learned.request(request_rows(market, past, who, what, at, np.ones_like(who))))
        parts[1].append(learned.accept(accept_rows(market, past, who, what, at)))
        parts[2].append(learned.keep(keep_rows(market, who, at)))
    request, accept, keep = (np.concatenate(part) for part in parts)
    return request, accept, keep


def _chosen(pairs: Pairs, most: int) -> Int64[np.ndarray, " kept"]:
    value = pairs.request * pairs.worth
    of_list = np.lexsort((pairs.offer, -value, pairs.ask)) if len(value) else np.zeros(0, np.int64)
    of_offer = np.lexsort((pairs.ask, -value, pairs.offer)) if len(value) else np.zeros(0, np.int64)
    keep = np.zeros(len(value), dtype=bool)
    keep[of_list[_rank(pairs.ask[of_list]) < most]] = True
    keep[of_offer[_rank(pairs.offer[of_offer]) < _EACH_OFFER]] = True
    return np.flatnonzero(keep)


def _rank(group: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The place of each row within its group, from 0; rows of a group stand together."""
    begins = np.flatnonzero(np.concatenate([[True], np.diff(group) != 0])) if len(group) else group
    size = np.diff(np.append(begins, len(group)))
    return np.arange(len(group)) - np.repeat(begins, size)
