"""What had happened to offers, owners and askers by a moment, as sums that are looked up; and who is like whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.clock import NEVER
from edgewise.decisions.match.asof import Tally
from edgewise.decisions.match.market import Market, Offers

__all__ = ["LIKE", "Past", "look_weights", "pair_of", "past_of"]

LIKE: Final = 10  # neighbours of an offer
_PLACE: Final = 2.0  # what another place counts among the attributes, in standard deviations


@dataclass(frozen=True, slots=True)
class Past:
    """Sums over the past of a market.

    Attributes:
        looks: expected looks, by offer.
        asked: requests, by offer.
        booked: accepted requests, by offer.
        rated: sum of ratings and their number, by offer.
        owner_rated: the same, by owner.
        answers: of owners: answers, yes, yes times log length, and askers' features times what was unusual.
        looked, owner_asked, owner_booked: looks, requests and accepted requests, by owner.
        met: by asker and offer (see `pair_of`): looks and requests.
        asker_looks: looks, by asker.
        wanted: of askers: requests, and the features of what they asked for.
        stayed: bookings, by asker.
        like: the offers most like each one.
        rate: requests a look, over all.
        yes: accepted requests, as a share.
        rating: the mean rating.
    """

    looks: Tally
    asked: Tally
    booked: Tally
    rated: Tally
    owner_rated: Tally
    answers: Tally
    looked: Tally
    owner_asked: Tally
    owner_booked: Tally
    met: Tally
    asker_looks: Tally
    wanted: Tally
    stayed: Tally
    like: Int64[np.ndarray, "offers like"]
    rate: float
    yes: float
    rating: float


def look_weights(market: Market, longest: int = 50) -> Float64[np.ndarray, " positions"]:
    """The chance of a look at each position, that of the first being 1, as far as requests tell.

    The chance to look on is one number for all positions, the one most likely given where requests were made in
    lists: a geometric distribution cut at the end of the list.
    """
    shown, requests = market.shown, market.requests
    pair = shown.ask * len(market.offers.since) + shown.offer
    order = np.argsort(pair, kind="stable")
    wanted = requests.ask * len(market.offers.since) + requests.offer
    at = np.minimum(np.searchsorted(pair[order], wanted), max(len(pair) - 1, 0))
    found = pair[order][at] == wanted if len(pair) else np.zeros(0, dtype=bool)
    position = shown.position[order][at][found]
    grid = np.linspace(0.5, 0.99, 50)
    steps = np.arange(1, longest + 1)
    end = int(np.quantile(shown.position, 0.95)) if len(shown.position) else 1
    position = position[position <= end]
    weight = grid[:, None] ** (steps[:end] - 1)
    likelihood = (np.log(grid)[:, None] * (position - 1)).sum(axis=1) - len(position) * np.log(weight.sum(axis=1))
    best = grid[int(np.argmax(likelihood))] if len(position) else 0.85
    return best ** (steps - 1.0)


def past_of(market: Market, weights: Float64[np.ndarray, " positions"]) -> Past:
    """Sum up the past of a market."""
    shown, requests, reviews, offers = market.shown, market.requests, market.reviews, market.offers
    looks = weights[np.minimum(shown.position, len(weights)) - 1][:, None]
    one = np.ones((len(requests.at), 1))
    asker = market.asks.asker[requests.ask]
    done = np.flatnonzero(requests.answered != NEVER)
    yes = done[requests.accepted[done]]
    share = (len(yes) + 1.0) / (len(done) + 2.0)
    rating = float(reviews.rating.mean()) if len(reviews.rating) else 0.0
    rated = np.column_stack([reviews.rating, np.ones(len(reviews.at))])
    total = float(looks.sum())
    return Past(
        looks=Tally(shown.offer, shown.at, looks),
        asked=Tally(requests.offer, requests.at, one),
        booked=Tally(requests.offer[yes], requests.answered[yes], one[yes]),
        rated=Tally(reviews.offer, reviews.at, rated),
        owner_rated=Tally(offers.owner[reviews.offer], reviews.at, rated),
        answers=Tally(offers.owner[requests.offer[done]], requests.answered[done], _answers(market, done, share)),
        looked=Tally(offers.owner[shown.offer], shown.at, looks),
        owner_asked=Tally(offers.owner[requests.offer], requests.at, one),
        owner_booked=Tally(offers.owner[requests.offer[yes]], requests.answered[yes], one[yes]),
        met=_met(market, looks),
        asker_looks=Tally(market.asks.asker[shown.ask], shown.at, looks),
        wanted=Tally(asker, requests.at, np.concatenate([one, offers.x[requests.offer]], axis=1)),
        stayed=Tally(asker[yes], requests.answered[yes], one[yes]),
        like=neighbours(offers),
        rate=(len(requests.at) + 1.0) / (total + 20.0),
        yes=share,
        rating=rating,
    )


def pair_of(
    market: Market, asker: Int64[np.ndarray, " n"], offer: Int64[np.ndarray, " n"]
) -> Int64[np.ndarray, " n"]:
    """One number for an asker and an offer."""
    return asker * len(market.offers.since) + offer


def _met(market: Market, looks: Float64[np.ndarray, "shown 1"]) -> Tally:
    shown, requests, asker = market.shown, market.requests, market.asks.asker
    pair = np.concatenate(
        [pair_of(market, asker[shown.ask], shown.offer), pair_of(market, asker[requests.ask], requests.offer)]
    )
    values = np.zeros((len(pair), 2))
    values[: len(looks), 0], values[len(looks) :, 1] = looks[:, 0], 1.0
    return Tally(pair, np.concatenate([shown.at, requests.at]), values)


def _answers(market: Market, done: Int64[np.ndarray, " n"], share: float) -> Float64[np.ndarray, "n columns"]:
    requests, asks = market.requests, market.asks
    ask = requests.ask[done]
    yes = requests.accepted[done].astype(np.float64)
    length = np.log(asks.length[ask])
    unusual = (yes - share)[:, None] * market.askers.x[asks.asker[ask]]
    return np.column_stack([np.ones(len(done)), yes, yes * length, unusual])


def neighbours(offers: Offers, k: int = LIKE) -> Int64[np.ndarray, "offers like"]:
    """The offers most like each one by attributes and place; fewer than `k` where there are not so many."""
    from scipy.spatial import cKDTree

    parts = [offers.x]
    spot = offers.spot
    if np.isfinite(spot).any():
        scale = np.nanstd(spot, axis=0)
        parts.append(
            _PLACE
            * np.where(np.isfinite(spot), spot - np.nanmean(spot, axis=0), 0.0)
            / np.where(scale > 0, scale, 1.0)
        )
    points = np.concatenate(parts, axis=1)
    k = min(k + 1, len(points))
    found = cKDTree(points).query(points, k=k)[1].reshape(len(points), k).astype(np.int64)
    own = found == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True  # among many of one kind, the offer itself may not be the nearest
    return found[~own].reshape(len(points), k - 1)
