"""An entry read off a schema: who looks, what is offered, who asked, who accepted."""

from __future__ import annotations

import re
from typing import Final

from edgewise.decisions.match.entry import (
    AnswersEntry,
    AsksEntry,
    BookingsEntry,
    ClosedEntry,
    MatchEntry,
    OffersEntry,
    PlacesEntry,
    RequestsEntry,
    ReviewsEntry,
    ShownEntry,
)
from edgewise.errors import DecisionError
from edgewise.schema.model import Schema, Table
from edgewise.stypes import SType

__all__ = ["propose"]

_YES: Final = ("accepted", "accept", "approved", "confirmed", "agreed", "answer", "response", "matched")
_POSITION: Final = ("position", "rank", "slot", "place", "order")
_CAPACITY: Final = ("units", "capacity", "seats", "slots", "spots", "openings", "rooms")
_ROOM: Final = ("sleeps", "accommodates", "guests", "people", "persons", "size", "beds")
_SIZE: Final = ("people", "guests", "persons", "party", "adults", "travellers", "size", "group")
_LENGTH: Final = ("nights", "days", "length", "duration", "stay")
_BEGINS: Final = ("check", "begin", "begins", "start", "starts", "from", "arrival", "first", "on")
_RATING: Final = ("rating", "stars", "score", "grade")
_CANCEL: Final = ("cancel", "cancelled", "canceled", "cancellation", "cancellations", "withdrawn")
_X: Final = ("east", "x", "longitude", "lon", "lng")
_Y: Final = ("north", "y", "latitude", "lat")


def propose(schema: Schema) -> MatchEntry:
    """An entry for a market of two sides.

    Answers name a request and have a column that is true or false; requests name what was looked for and an offer;
    what was shown names the same two and a position.

    Raises:
        DecisionError: a part is missing; the message says which.
    """
    answers = _answers(schema)
    requests = schema.table(_link(schema, answers.table, answers.request))
    asks, asker, ask, offer = _sides(schema, requests)
    offers = schema.table(_link(schema, requests.name, offer))
    placed = _places(schema, asks, offers)
    place_of = {table: column for table, column in placed[1].items()} if placed else {}
    return MatchEntry(
        asks=AsksEntry(
            table=asks.name,
            asker=asker,
            place=place_of.get(asks.name),
            begins=_begins(asks),
            length=_column(asks, _LENGTH, SType.NUMERICAL),
            size=_column(asks, _SIZE, SType.NUMERICAL),
        ),
        offers=OffersEntry(
            table=offers.name,
            owner=_owner(schema, offers, placed[0].table if placed else None),
            place=place_of.get(offers.name),
            capacity=_column(offers, _CAPACITY, SType.NUMERICAL),
            size=_column(offers, _ROOM, SType.NUMERICAL),
        ),
        requests=RequestsEntry(table=requests.name, ask=ask, offer=offer),
        shown=_shown(schema, asks, offers, requests),
        answers=answers,
        bookings=_bookings(schema, requests, answers.table),
        reviews=_reviews(schema, offers),
        closed=_closed(schema, offers),
        places=placed[0] if placed else None,
    )


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())


def _column(table: Table, words: tuple[str, ...], stype: SType) -> str | None:
    for word in words:
        for column in table.columns:
            if column.stype is stype and word in _words(column.name):
                return column.name
    return None


def _link(schema: Schema, table: str, column: str) -> str:
    return next(link.to for link in schema.links_from(table) if link.column == column)


def _answers(schema: Schema) -> AnswersEntry:
    found = []
    for table in schema:
        flags = [c.name for c in table.columns if c.stype is SType.BOOLEAN]
        for link in schema.links_from(table.name):
            if len(schema.links_from(link.to)) < 2 or schema.table(link.to).key is None or not flags:
                continue
            said = next((f for word in _YES for f in flags if word in _words(f)), None)
            if said is not None:
                found.append((len(table.columns), table.name, link.column, said))
    if not found:
        raise DecisionError(
            "the tables do not say what the other side answered to requests",
            hint="a table with a column like 'accepted' (true or false) that links to a table of requests",
        )
    _, name, request, accepted = min(found)
    return AnswersEntry(table=name, request=request, accepted=accepted)


def _sides(schema: Schema, requests: Table) -> tuple[Table, str, str, str]:
    """What was looked for, who looked (a column there), and the columns of a request with the two sides."""
    links = schema.links_from(requests.name)
    ends = {link.to for link in links}
    for link in links:
        inside = [other for other in schema.links_from(link.to) if other.to in ends]
        others = [other for other in links if other.to not in {link.to, *(o.to for o in inside)}]
        if inside and others and schema.table(link.to).timed:
            return schema.table(link.to), inside[0].column, link.column, others[0].column
    raise DecisionError(
        f"the requests in '{requests.name}' do not name what was looked for, and an offer",
        hint="a table of searches that links to those who search, and requests that link to it and to the offers",
    )


def _shown(schema: Schema, asks: Table, offers: Table, requests: Table) -> ShownEntry:
    for table in schema:
        ask = next((k.column for k in schema.links_from(table.name) if k.to == asks.name), None)
        offer = next((k.column for k in schema.links_from(table.name) if k.to == offers.name), None)
        position = _column(table, _POSITION, SType.NUMERICAL)
        if table.name != requests.name and ask is not None and offer is not None and position is not None:
            return ShownEntry(table=table.name, ask=ask, offer=offer, position=position)
    raise DecisionError(
        "the tables do not say what was shown to those who looked",
        hint=f"a table that links to '{asks.name}' and '{offers.name}' and has a column like 'position'",
    )


def _bookings(schema: Schema, requests: Table, answers: str) -> BookingsEntry | None:
    for link in schema.links_to(requests.name):
        table = schema.table(link.table)
        if link.table == answers or table.key is None:
            continue
        for other in schema.links_to(table.name):
            if any(word in _words(other.table) for word in _CANCEL):
                return BookingsEntry(
                    table=table.name, request=link.column, cancelled=other.table, cancelled_booking=other.column
                )
        return BookingsEntry(table=table.name, request=link.column)
    return None


def _reviews(schema: Schema, offers: Table) -> ReviewsEntry | None:
    for link in schema.links_to(offers.name):
        rating = _column(schema.table(link.table), _RATING, SType.NUMERICAL)
        if rating is not None:
            return ReviewsEntry(table=link.table, offer=link.column, rating=rating)
    return None


def _closed(schema: Schema, offers: Table) -> ClosedEntry | None:
    for link in schema.links_to(offers.name):
        table = schema.table(link.table)
        days = [c.name for c in table.columns if c.stype is SType.TIMESTAMP and c.name != table.time]
        if len(schema.links_from(table.name)) == 1 and len(days) == 2:
            return ClosedEntry(table=table.name, offer=link.column, begins=days[0], ends=days[1])
    return None


def _places(schema: Schema, asks: Table, offers: Table) -> tuple[PlacesEntry, dict[str, str]] | None:
    for link in schema.links_from(offers.name):
        other = next((k for k in schema.links_from(asks.name) if k.to == link.to), None)
        table = schema.table(link.to)
        x, y = (_column(table, words, SType.NUMERICAL) for words in (_X, _Y))
        if other is not None and x is not None and y is not None:
            return PlacesEntry(table=table.name, x=x, y=y), {asks.name: other.column, offers.name: link.column}
    return None


def _owner(schema: Schema, offers: Table, places: str | None) -> str | None:
    return next((k.column for k in schema.links_from(offers.name) if k.to != places), None)


def _begins(asks: Table) -> str | None:
    days = [c.name for c in asks.columns if c.stype is SType.TIMESTAMP and c.name != asks.time]
    named = [name for word in _BEGINS for name in days if word in _words(name)]
    return next(iter(named or days), None)
