"""Put a market together from the tables of an entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.match.market import Asks, Closed, Market, Offers, Requests, Reviews, Shown, Side
from edgewise.decisions.match.reading import Encoder, Reader, Rows, days, numbers, traits_of, vocabulary
from edgewise.errors import DecisionError
from edgewise.ids import MISSING, Vocabulary
from edgewise.schema.model import Schema

__all__ = ["Encoders", "fit_encoders", "gather"]

_NOTHING: Final = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Encoders:
    """How the columns of the three sides become numbers."""

    askers: Encoder
    offers: Encoder
    owners: Encoder | None


def target(schema: Schema, table: str, column: str) -> str:
    """The table that a column links to.

    Raises:
        DecisionError: it links to none.
    """
    schema.table(table).column(column)
    for link in schema.links_from(table):
        if link.column == column:
            return link.to
    links = ", ".join(link.column for link in schema.links_from(table)) or "none"
    raise DecisionError(
        f"'{table}.{column}' does not link to a table", hint=f"columns of '{table}' that do: {links}"
    )


def _key(schema: Schema, table: str) -> str:
    key = schema.table(table).key
    if key is None:
        raise DecisionError(f"table '{table}' has no key", hint="name its key column in the graph file")
    return key


def _tables(schema: Schema, entry: MatchEntry) -> tuple[str, str | None]:
    owner = entry.offers.owner
    return target(schema, entry.asks.table, entry.asks.asker), (
        None if owner is None else target(schema, entry.offers.table, owner)
    )


def fit_encoders(reader: Reader, entry: MatchEntry, at: int) -> Encoders:
    """Learn from what is visible how columns become numbers."""
    schema = reader.schema
    askers, owners = _tables(schema, entry)

    def fit(table: str) -> Encoder:
        return Encoder.fit(*traits_of(schema.table(table), reader, at))

    return Encoders(fit(askers), fit(entry.offers.table), None if owners is None else fit(owners))


def gather(reader: Reader, entry: MatchEntry, at: int, encoders: Encoders) -> Market:
    """The market as it was visible at a moment.

    Raises:
        SchemaError: the entry names a table or column that is not there.
        DecisionError: a column does not link where it has to, or nothing was offered or looked for yet.
    """
    schema = reader.schema
    asker_table, owner_table = _tables(schema, entry)
    asker_keys, askers = _side(reader, asker_table, at, encoders.askers)
    owner_keys, owners = Vocabulary(pa.array([], pa.int64())), Side(pa.array([], pa.int64()), np.zeros((0, 0)), ())
    if owner_table is not None and encoders.owners is not None:
        owner_keys, owners = _side(reader, owner_table, at, encoders.owners)
    places = _places(reader, entry, at)
    offer_keys, offers = _offers(reader, entry, at, encoders.offers, owner_keys, places)
    ask_keys, asks = _asks(reader, entry, at, asker_keys, places)
    if len(asks.at) == 0 or len(offers.since) == 0:
        raise DecisionError("nothing was looked for or offered by then", hint="choose a later moment with at=")
    return Market(
        at=at,
        askers=askers,
        owners=owners,
        offers=offers,
        asks=asks,
        shown=_shown(reader, entry, at, ask_keys, offer_keys),
        requests=_requests(reader, entry, at, ask_keys, offer_keys),
        reviews=_reviews(reader, entry, at, offer_keys),
        closed=_closed(reader, entry, at, offer_keys),
    )


def _side(reader: Reader, table: str, at: int, encoder: Encoder) -> tuple[Vocabulary, Side]:
    roles = {"key": _key(reader.schema, table), **{name: name for name in encoder.columns}}
    rows = reader.rows(table, roles, at)
    keys, order = vocabulary(rows)
    x, names = encoder(rows)
    return keys, Side(rows["key"].take(pa.array(order)), x[order], names)


Places = tuple[Vocabulary, Float64[np.ndarray, "places 2"]]


def _places(reader: Reader, entry: MatchEntry, at: int) -> Places | None:
    if entry.places is None:
        return None
    given = entry.places
    rows = reader.rows(given.table, {"key": _key(reader.schema, given.table), "x": given.x, "y": given.y}, at)
    spots = np.column_stack([numbers(rows["x"], np.nan), numbers(rows["y"], np.nan)])
    return Vocabulary(rows["key"]), spots


def _spot(rows: Rows, places: Places | None) -> tuple[Int64[np.ndarray, " n"], Float64[np.ndarray, "n 2"]]:
    if places is None or "place" not in rows.columns:
        return np.full(len(rows), MISSING), np.full((len(rows), 2), np.nan)
    place = places[0].rows(rows["place"])
    return place, np.where((place == MISSING)[:, None], np.nan, places[1][np.maximum(place, 0)])


def _offers(
    reader: Reader, entry: MatchEntry, at: int, encoder: Encoder, owners: Vocabulary, places: Places | None
) -> tuple[Vocabulary, Offers]:
    given, schema = entry.offers, reader.schema
    roles = {name: name for name in encoder.columns} | {
        "key": _key(schema, given.table), "owner": given.owner, "place": given.place, "capacity": given.capacity,
        "size": given.size,
    }  # fmt: skip
    rows = reader.rows(given.table, roles, at)
    keys, order = vocabulary(rows)
    x, names = encoder(rows)
    n = len(rows)
    place, spot = _spot(rows, places)
    owner = owners.rows(rows["owner"]) if given.owner is not None else np.arange(n)
    capacity = np.maximum(numbers(rows["capacity"], 1.0), 0.0) if given.capacity is not None else np.ones(n)
    size = numbers(rows["size"], np.inf) if given.size is not None else np.full(n, np.inf)
    return keys, Offers(
        keys=rows["key"].take(pa.array(order)),
        x=x[order],
        names=names,
        owner=owner[order],
        spot=spot[order],
        place=place[order],
        capacity=capacity[order].astype(np.int64),
        size=size[order],
        since=rows.at[order],
    )


def _asks(
    reader: Reader, entry: MatchEntry, at: int, askers: Vocabulary, places: Places | None
) -> tuple[Vocabulary, Asks]:
    given = entry.asks
    roles = {
        "key": _key(reader.schema, given.table), "asker": given.asker, "place": given.place,
        "begins": given.begins, "length": given.length, "size": given.size,
    }  # fmt: skip
    rows = reader.rows(given.table, roles, at)
    asker = askers.rows(rows["asker"])
    begins = days(rows["begins"]) if given.begins is not None else rows.at // DAY + 1
    good = np.flatnonzero((asker != MISSING) & (begins != NEVER))
    rows = Rows({role: column.take(pa.array(good)) for role, column in rows.columns.items()}, rows.at[good])
    keys, order = vocabulary(rows)
    order = order[np.argsort(rows.at[order], kind="stable")]
    rows = Rows({role: column.take(pa.array(order)) for role, column in rows.columns.items()}, rows.at[order])
    place, spot = _spot(rows, places)
    length = numbers(rows["length"], 1.0) if given.length is not None else np.ones(len(rows))
    size = numbers(rows["size"], 1.0) if given.size is not None else np.ones(len(rows))
    keys = Vocabulary(rows["key"])
    return keys, Asks(
        keys=rows["key"],
        asker=asker[good][order],
        spot=spot,
        place=place,
        begins=begins[good][order],
        length=np.maximum(length, 1.0).astype(np.int64),
        size=size,
        at=rows.at,
    )


def _shown(reader: Reader, entry: MatchEntry, at: int, asks: Vocabulary, offers: Vocabulary) -> Shown:
    given = entry.shown
    rows = reader.rows(given.table, {"ask": given.ask, "offer": given.offer, "position": given.position}, at)
    ask, offer = asks.rows(rows["ask"]), offers.rows(rows["offer"])
    position = np.maximum(numbers(rows["position"], 1.0), 1.0).astype(np.int64)
    good = np.flatnonzero((ask != MISSING) & (offer != MISSING))
    order = good[np.lexsort((offer[good], position[good], ask[good], rows.at[good]))]
    return Shown(ask[order], offer[order], position[order], rows.at[order])


def _requests(reader: Reader, entry: MatchEntry, at: int, asks: Vocabulary, offers: Vocabulary) -> Requests:
    given, schema = entry.requests, reader.schema
    rows = reader.rows(given.table, {"key": _key(schema, given.table), "ask": given.ask, "offer": given.offer}, at)
    keys = Vocabulary(rows["key"])
    answers = reader.rows(
        entry.answers.table, {"request": entry.answers.request, "accepted": entry.answers.accepted}, at
    )
    n = len(rows)
    answered, accepted, cancelled = np.full(n, NEVER), np.zeros(n, dtype=bool), np.full(n, NEVER)
    which = keys.rows(answers["request"])
    known = which != MISSING
    answered[which[known]] = answers.at[known]
    accepted[which[known]] = numbers(answers["accepted"], 0.0)[known] > 0.5
    booked = entry.bookings
    if booked is not None and booked.cancelled is not None:
        made = reader.rows(booked.table, {"key": _key(schema, booked.table), "request": booked.request}, at)
        off = reader.rows(booked.cancelled, {"booking": booked.cancelled_booking}, at)
        booking = Vocabulary(made["key"]).rows(off["booking"])
        known = booking != MISSING
        request = keys.rows(made["request"])[booking[known]]
        cancelled[request[request != MISSING]] = off.at[known][request != MISSING]
    ask, offer = asks.rows(rows["ask"]), offers.rows(rows["offer"])
    good = np.flatnonzero((ask != MISSING) & (offer != MISSING))
    order = good[np.lexsort((offer[good], ask[good], rows.at[good]))]
    return Requests(ask[order], offer[order], rows.at[order], answered[order], accepted[order], cancelled[order])


def _reviews(reader: Reader, entry: MatchEntry, at: int, offers: Vocabulary) -> Reviews:
    given = entry.reviews
    if given is None:
        return Reviews(_NOTHING, np.zeros(0), _NOTHING)
    rows = reader.rows(given.table, {"offer": given.offer, "rating": given.rating}, at)
    offer, rating = offers.rows(rows["offer"]), numbers(rows["rating"], np.nan)
    good = np.flatnonzero((offer != MISSING) & np.isfinite(rating))
    order = good[np.lexsort((rating[good], offer[good], rows.at[good]))]
    return Reviews(offer[order], rating[order], rows.at[order])


def _closed(reader: Reader, entry: MatchEntry, at: int, offers: Vocabulary) -> Closed:
    given = entry.closed
    if given is None:
        return Closed(_NOTHING, _NOTHING, _NOTHING)
    rows = reader.rows(given.table, {"offer": given.offer, "begins": given.begins, "ends": given.ends}, at)
    offer, begins, ends = offers.rows(rows["offer"]), days(rows["begins"]), days(rows["ends"])
    good = np.flatnonzero((offer != MISSING) & (begins != NEVER) & (ends != NEVER))
    return Closed(offer[good], begins[good], ends[good])
