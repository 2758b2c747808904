"""Learn both sides' probabilities from the past of a market."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.match.chance import Chance, fit_chance
from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.match.features import accept_rows, keep_rows, newness, request_rows
from edgewise.decisions.match.gather import Encoders, fit_encoders, gather
from edgewise.decisions.match.market import Market
from edgewise.decisions.match.past import Past, look_weights, past_of
from edgewise.decisions.match.reading import Reader

__all__ = ["Learned", "learn", "learn_from"]

_MOST_ROWS: Final = 120_000


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learnt up to a moment.

    `looks` is the chance of a look at each position, that of the first being 1. `spread` is how much offers differ
    from what is expected of them: the shape of the gamma distribution of the ratio (mean 1).
    """

    encoders: Encoders
    looks: Float64[np.ndarray, " positions"]
    request: Chance
    accept: Chance
    keep: Chance
    spread: float


def learn(reader: Reader, entry: MatchEntry, at: int) -> tuple[Learned, Market]:
    """Learn from everything visible at a moment.

    Raises:
        DecisionError: see `gather`.
    """
    encoders = fit_encoders(reader, entry, at)
    market = gather(reader, entry, at, encoders)
    return learn_from(market, encoders, entry.random_seed), market


def learn_from(market: Market, encoders: Encoders, random_seed: int) -> Learned:
    """Learn from a market."""
    looks = look_weights(market)
    past = past_of(market, looks)
    return Learned(
        encoders=encoders,
        looks=looks,
        request=_request(market, past, random_seed),
        accept=_accept(market, past, random_seed),
        keep=_keep(market, random_seed),
        spread=_spread(market, past),
    )


def _request(market: Market, past: Past, random_seed: int) -> Chance:
    """From what was shown; what stands below the offer asked for was not looked at."""
    shown, requests = market.shown, market.requests
    many = len(market.offers.since)
    wanted = np.isin(shown.ask * many + shown.offer, requests.ask * many + requests.offer)
    stop = np.full(len(market.asks.at), np.iinfo(np.int64).max)
    np.minimum.at(stop, shown.ask[wanted], shown.position[wanted])
    rows = np.flatnonzero(shown.position <= stop[shown.ask])
    settled = shown.at[rows] < market.at - DAY  # a list of today may still be answered
    rows = rows[settled]
    if len(rows) > _MOST_ROWS:
        rng = np.random.default_rng(random_seed)
        rows = np.sort(rng.choice(rows, _MOST_ROWS, replace=False))
    made = request_rows(market, past, shown.ask[rows], shown.offer[rows], shown.at[rows], shown.position[rows])
    return fit_chance(made, wanted[rows].astype(np.float64), shown.at[rows], random_seed)


def _accept(market: Market, past: Past, random_seed: int) -> Chance:
    requests = market.requests
    rows = np.flatnonzero(requests.answered != NEVER)
    made = accept_rows(market, past, requests.ask[rows], requests.offer[rows], requests.at[rows])
    return fit_chance(made, requests.accepted[rows].astype(np.float64), requests.at[rows], random_seed)


def _keep(market: Market, random_seed: int) -> Chance:
    """From bookings whose first day has come: they are settled."""
    requests = market.requests
    settled = market.asks.begins[requests.ask] * DAY <= market.at
    rows = np.flatnonzero((requests.answered != NEVER) & requests.accepted & settled)
    made = keep_rows(market, requests.ask[rows], requests.at[rows])
    kept = (requests.cancelled[rows] == NEVER).astype(np.float64)
    return fit_chance(made, kept, requests.at[rows], random_seed)


def _spread(market: Market, past: Past) -> float:
    """By moments: the variance of requests beyond what their expectation explains, among offers with a past."""
    everyone: Int64[np.ndarray, " offers"] = np.arange(len(market.offers.since))
    looks, asked, prior = newness(market, past, everyone, np.full(len(everyone), market.at))
    expected = looks * prior
    seen = expected > 1.0
    if seen.sum() < 10:
        return 2.0
    extra = ((asked[seen] - expected[seen]) ** 2 - expected[seen]).sum() / (expected[seen] ** 2).sum()
    return float(np.clip(1.0 / max(extra, 1e-3), 0.5, 20.0))
