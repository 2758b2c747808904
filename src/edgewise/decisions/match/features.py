"""What is said about a pair of somebody who looks and an offer, as it was at a moment."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.clock import DAY
from edgewise.decisions.match.chance import Rows
from edgewise.decisions.match.market import Market
from edgewise.decisions.match.past import Past, pair_of

__all__ = ["accept_rows", "keep_rows", "newness", "request_rows", "shrunk"]

_SHRINK: Final = 20.0  # looks that the rate of offers like it is worth
_MONTH: Final = 28 * DAY


def shrunk(
    hits: Float64[np.ndarray, " n"], tries: Float64[np.ndarray, " n"], prior: Float64[np.ndarray, " n"] | float,
    worth: float,
) -> Float64[np.ndarray, " n"]:  # fmt: skip
    """A rate pulled towards its prior, which is worth so many tries (empirical Bayes)."""
    return (hits + worth * prior) / (tries + worth)


def _logit(p: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p / (1.0 - p))


def newness(
    market: Market, past: Past, offer: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Looks and requests of each offer so far, and the request rate that offers like it promise."""
    k = past.like.shape[1]
    like, when = past.like[offer].ravel(), np.repeat(at, k)
    looks = past.looks(like, when)[:, 0].reshape(-1, k).sum(axis=1)
    asked = past.asked(like, when)[:, 0].reshape(-1, k).sum(axis=1)
    prior = shrunk(asked, looks, past.rate, 3.0 * _SHRINK)
    return past.looks(offer, at)[:, 0], past.asked(offer, at)[:, 0], prior


def _wish(
    market: Market, ask: Int64[np.ndarray, " n"], offer: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
) -> list[Float64[np.ndarray, " n"]]:
    asks, offers = market.asks, market.offers
    ahead = asks.begins[ask] - at / DAY
    room = np.where(np.isfinite(offers.size[offer]), offers.size[offer] - asks.size[ask], 0.0)
    return [
        np.log(asks.length[ask]),
        np.log(np.maximum(asks.size[ask], 1.0)),
        np.log(np.maximum(ahead, 0.5)),
        np.clip(7.0 - ahead, 0.0, 7.0) / 7.0,
        ((asks.begins[ask] + 3) % 7 >= 4).astype(np.float64),  # Friday to Sunday; the epoch was a Thursday
        np.minimum(room, 6.0),
        np.maximum(room - 2.0, 0.0),
    ]


def request_rows(
    market: Market, past: Past, ask: Int64[np.ndarray, " n"], offer: Int64[np.ndarray, " n"],
    at: Int64[np.ndarray, " n"], position: Int64[np.ndarray, " n"],
) -> Rows:  # fmt: skip
    """Will somebody ask for an offer that stands at a position of their list?"""
    asks, offers = market.asks, market.offers
    asker, owner = asks.asker[ask], offers.owner[offer]
    looks, asked, prior = newness(market, past, offer, at)
    stars, reviews = past.rated(offer, at).T
    owner_stars, owner_reviews = past.owner_rated(owner, at).T
    mine = shrunk(asked, looks, prior, _SHRINK)
    owners = shrunk(past.owner_asked(owner, at)[:, 0], past.looked(owner, at)[:, 0], prior, _SHRINK)
    lately = shrunk(past.asked(offer, at, _MONTH)[:, 0], past.looks(offer, at, _MONTH)[:, 0], mine, _SHRINK)
    wanted = past.wanted(asker, at)
    times = wanted[:, 0]
    middle = offers.x.mean(axis=0)
    taste = np.einsum("ij,ij->i", wanted[:, 1:] - times[:, None] * middle, offers.x[offer] - middle)
    met = past.met(pair_of(market, asker, offer), at - 1)  # before this list
    seen = past.asker_looks(asker, at - 1)[:, 0]
    away = np.linalg.norm(asks.spot[ask] - offers.spot[offer], axis=1)
    known = np.isfinite(away)
    x = [
        position - 1.0,
        np.where(known, away, 0.0),
        (known & (away == 0.0)).astype(np.float64),
        *_wish(market, ask, offer, at),
        np.log1p(looks),
        np.log1p(asked),
        np.log(mine),
        np.log(prior),
        np.log(owners),
        np.log(lately),
        shrunk(stars, reviews, past.rating, 3.0) - past.rating,
        (reviews == 0).astype(np.float64),
        np.log1p(reviews),
        shrunk(owner_stars, owner_reviews, past.rating, 3.0) - past.rating,
        np.log1p(np.maximum(at - np.maximum(offers.since[offer], 0), 0) / DAY),
        np.log1p(times),
        taste / (times + 2.0),
        np.log1p(met[:, 0]),
        np.log1p(met[:, 1]),
        np.log(shrunk(times, seen, past.rate, _SHRINK)),
        np.log1p(seen),
    ]
    one = np.column_stack(
        [market.askers.x[asker], np.log(np.maximum(asks.size[ask], 1.0)), np.log(asks.length[ask])]
    )
    return Rows(np.column_stack([*x, offers.x[offer]]), one, offers.x[offer])


def accept_rows(
    market: Market, past: Past, ask: Int64[np.ndarray, " n"], offer: Int64[np.ndarray, " n"],
    at: Int64[np.ndarray, " n"],
) -> Rows:  # fmt: skip
    """Will the other side say yes to a request?"""
    asks, offers = market.asks, market.offers
    asker, owner = asks.asker[ask], offers.owner[offer]
    history = past.answers(owner, at)
    answers, yes, lengths, unusual = history[:, 0], history[:, 1], history[:, 2], history[:, 3:]
    usual = past.yes
    like = np.einsum("ij,ij->i", unusual, market.askers.x[asker]) / (answers + 5.0)
    length = np.log(asks.length[ask])
    suits = shrunk(lengths, yes, float(np.log(asks.length).mean()), 2.0)
    stays = np.minimum(past.stayed(asker, at)[:, 0], 3.0)
    kind = market.owners.x[owner] if len(market.owners.keys) else np.zeros((len(ask), 0))
    openness = _logit(shrunk(yes, answers, usual, 4.0))
    x = [
        *_wish(market, ask, offer, at),
        openness,
        np.log1p(answers),
        np.abs(length - suits),
        np.abs(length - suits) * np.minimum(yes, 10.0) / 10.0,
        like,
        stays,
        np.log1p(past.met(pair_of(market, asker, offer), at - 1)[:, 1]),
    ]
    one = np.column_stack([market.askers.x[asker], length, np.clip(asks.begins[ask] - at / DAY, 0.0, 7.0) / 7.0])
    other = np.column_stack([openness, kind])
    return Rows(np.column_stack([*x, market.askers.x[asker], kind, offers.x[offer]]), one, other)


def keep_rows(market: Market, ask: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Rows:
    """Will a booking not be called off?"""
    asks = market.asks
    ahead = np.maximum(asks.begins[ask] - at / DAY, 0.0)
    x = np.column_stack([ahead, np.log1p(ahead), np.log(asks.length[ask]), market.askers.x[asks.asker[ask]]])
    nothing = np.zeros((len(ask), 0))
    return Rows(x, nothing, nothing)
