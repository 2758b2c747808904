"""Decide whom to offer to whom: lists for all who wait, what they promise, and what the constraints cost."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int64

from edgewise.decisions.decided.nouns import Decided, Expected, GaveUp
from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.match.learn import Learned, learn
from edgewise.decisions.match.lists import Matched, match
from edgewise.decisions.match.market import Market
from edgewise.decisions.match.pairs import calendar
from edgewise.decisions.match.reading import DatabaseReader
from edgewise.errors import DecisionError
from edgewise.sources.database import Database

__all__ = ["decide"]

_LEVEL: Final = 0.9
_NORMAL: Final = 1.645  # quantile of the normal distribution for that level, both sides


def decide(db: Database, entry: MatchEntry, at: int) -> Decided:
    """Lists for everybody who waits at a moment; see `MatchEntry` for what they keep to.

    Raises:
        SchemaError: the entry names a table or column that is not there.
        DecisionError: nobody waits, or the tables cannot say what is needed.
        Infeasible: the constraints conflict; it names them and what to relax.
    """
    learned, market = learn(DatabaseReader(db), entry, at)
    if not len(market.waiting(entry.asks.hours)):
        raise DecisionError(
            f"nobody has looked for anything in the {entry.asks.hours} hours before",
            hint="choose another moment with at=, or set asks.hours higher",
        )
    made = match(market, learned, entry, explain=True)
    keys = {
        "ask": _key(db, entry.asks.table),
        "asker": entry.asks.asker,
        "offer": _key(db, entry.offers.table),
    }
    return Decided(
        decision="match",
        source=db.name,
        at=at,
        settings=entry.model_dump(mode="json"),
        tables={
            "lists": _lists(market, made, keys),
            "offers": _offers(market, made, keys),
            "asks": _asks(market, made, keys),
        },
        expects=_expects(made, learned),
        gave_up=_gave_up(made),
        notes=_notes(market, made, learned, entry),
    )


def _key(db: Database, table: str) -> str:
    return str(db.schema.table(table).key)


def _lists(market: Market, made: Matched, keys: dict[str, str]) -> pa.Table:
    """A row for each offer on a list, in order of list and position."""
    pairs = made.pairs
    rows = np.flatnonzero(made.place >= 0)
    rows = rows[np.lexsort((made.place[rows], pairs.ask[rows]))]
    ask = made.asks[pairs.ask[rows]]
    booking = (pairs.request * pairs.worth)[rows]
    return pa.table(
        {
            keys["ask"]: market.asks.keys.take(pa.array(ask)),
            keys["asker"]: market.askers.keys.take(pa.array(market.asks.asker[ask])),
            "position": (made.place[rows] + 1).astype(np.int32),
            keys["offer"]: market.offers.keys.take(pa.array(pairs.offer[rows])),
            "look": made.look[rows],
            "request": pairs.request[rows],
            "accept": pairs.accept[rows],
            "keep": pairs.keep[rows],
            "booking": booking,
            "newcomer": pairs.newcomer[rows],
            "left": calendar(market, made.asks).left(
                pairs.offer[rows], market.asks.begins[ask], market.asks.length[ask]
            ),
            "why": _why(made, rows),
        }
    )


def _why(made: Matched, rows: Int64[np.ndarray, " n"]) -> pa.Array:
    """A sentence a row: what speaks most for it."""
    pairs = made.pairs
    usual = {"request": np.median(pairs.request), "accept": np.median(pairs.accept)}
    asks_more = pairs.request[rows] / max(float(usual["request"]), 1e-9)
    says_more = pairs.accept[rows] / max(float(usual["accept"]), 1e-9)
    texts = np.where(
        asks_more >= says_more,
        "it is likely to be asked for",
        "the other side is likely to accept",
    )
    texts = np.where((asks_more < 1.0) & (says_more < 1.0), "nothing that suits better is open", texts)
    return pa.array(np.where(pairs.newcomer[rows], "a newcomer: little is known about it yet", texts))


def _offers(market: Market, made: Matched, keys: dict[str, str]) -> pa.Table:
    """A row for each offer that is there: its expected looks, requests and bookings, and how new it is."""
    pairs, n = made.pairs, len(market.offers.since)
    everyone, now = np.arange(n), np.full(n, market.at)
    new = np.zeros(n, dtype=bool)
    new[pairs.offer] = pairs.newcomer
    return pa.table(
        {
            keys["offer"]: market.offers.keys,
            "newcomer": new,
            "lists": np.bincount(pairs.offer[made.place >= 0], minlength=n),
            "looks": np.bincount(pairs.offer, made.look, n),
            "requests": np.bincount(pairs.offer, made.look * pairs.request, n),
            "bookings": np.bincount(pairs.offer, made.look * pairs.request * pairs.worth, n),
            "looks_so_far": made.past.looks(everyone, now)[:, 0],
            "requests_so_far": made.past.asked(everyone, now)[:, 0].astype(np.int64),
            "bookings_so_far": made.past.booked(everyone, now)[:, 0].astype(np.int64),
            "free_days": (calendar(market, made.asks).free > 0).sum(axis=1),
        }
    )


def _asks(market: Market, made: Matched, keys: dict[str, str]) -> pa.Table:
    """A row for each list: what was open for it, and the chance that it ends in a booking."""
    n = len(made.asks)
    return pa.table(
        {
            keys["ask"]: market.asks.keys.take(pa.array(made.asks)),
            keys["asker"]: market.askers.keys.take(pa.array(market.asks.asker[made.asks])),
            "weighed": np.bincount(made.pairs.ask, minlength=n),
            "offers": np.bincount(made.pairs.ask[made.place >= 0], minlength=n),
            "booking": made.bookings,
            "begins": pa.array(market.asks.begins[made.asks].astype(np.int32)).cast(pa.date32()),
            "days": market.asks.length[made.asks],
        }
    )


def _expects(made: Matched, learned: Learned) -> tuple[Expected, ...]:
    pairs = made.pairs
    requests = made.look * pairs.request
    by_list = np.bincount(pairs.ask, requests, len(made.asks))
    new = np.bincount(pairs.ask, requests * pairs.worth * pairs.newcomer, len(made.asks))
    off = _doubt(learned.request.checked), _doubt(learned.request.checked) + _doubt(learned.accept.checked)
    return (
        _expected("bookings", made.bookings, off[1]),
        _expected("requests", by_list, off[0]),
        _expected("bookings of newcomers", new, off[1]),
    )


def _doubt(checked: tuple[float, float]) -> float:
    """The variance of the ratio of outcomes to what was expected, as far as held-out rows tell."""
    came, expected = checked
    if expected <= 0:
        return 1.0
    return float((came / expected - 1.0) ** 2 + max(came, 1.0) / expected**2)


def _expected(name: str, chance: Float64[np.ndarray, " lists"], doubt: float) -> Expected:
    """A sum of chances: its outcomes vary, and the chances themselves are somewhat off."""
    total = float(chance.sum())
    error = _NORMAL * float(np.sqrt((chance * (1.0 - chance)).sum() + doubt * total**2))
    return Expected(name, total, name.split()[0], "model", max(total - error, 0.0), total + error, _LEVEL)


def _gave_up(made: Matched) -> tuple[GaveUp, ...]:
    told = [GaveUp(name, value, "bookings", many) for name, (value, many) in made.allocation.gave_up.items()]
    lost = made.allocation.best - made.allocation.gain
    if made.pairs.newcomer.any():
        new = len(np.unique(made.pairs.offer[made.pairs.newcomer]))
        told.append(GaveUp("newcomers", max(lost, 0.0), "bookings", new))
    return tuple(told)


def _notes(market: Market, made: Matched, learned: Learned, entry: MatchEntry) -> tuple[str, ...]:
    new = len(np.unique(made.pairs.offer[made.pairs.newcomer]))
    empty = int((made.bookings == 0).sum())
    shown, asked = len(market.shown.at), len(market.requests.at)
    came, expected = learned.request.checked
    notes = [
        f"Chances were learnt from {shown:,} offers shown and {asked:,} requests; of the latest fifth {came:,.0f} "
        f"led to a request where {expected:,.0f} were expected before calibration.",
        "What was shown in the past was not drawn by chance: so many bookings are what a model expects of "
        "these lists.",
        f"{new:,} offers are new (fewer than {entry.newcomers.looks:g} expected looks and "
        f"{entry.newcomers.bookings} bookings); for them at most {entry.newcomers.regret:.1%} of the bookings are "
        f"given up.",
    ]
    if empty:
        notes.append(f"For {empty:,} of {len(made.asks):,} who wait nothing is open that suits them.")
    return tuple(notes)
