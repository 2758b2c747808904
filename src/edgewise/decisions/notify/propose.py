"""An entry read off a schema: the tables of sends, answers, goals, losses and consents, known by their roles."""

from __future__ import annotations

import re
from typing import Final

from edgewise.decisions.notify.entry import (
    ConsentEntry,
    GoalEntry,
    MessagesEntry,
    NotifyEntry,
    ResponseEntry,
    SendsEntry,
    UnsubscribeEntry,
    UsersEntry,
)
from edgewise.errors import ArgumentError
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.schema.words import PERSON_ROLES
from edgewise.stypes import SType

__all__ = ["propose"]

_SENDS: Final = (
    "send",
    "sent",
    "delivery",
    "deliveries",
    "notification",
    "mailing",
    "message",
    "campaign",
    "email",
)
_WITHHELD: Final = ("withheld", "control", "suppressed", "unsent")
_MESSAGES: Final = ("message", "campaign", "template", "creative", "mailing", "newsletter")
#: Words for responses, the first ones coming first on the way to the goal.
_RESPONSES: Final = (("open", "impression", "view", "read"), ("click", "redemption", "redeem", "response", "tap"))
_GOALS: Final = (
    "purchase",
    "order",
    "transaction",
    "sale",
    "booking",
    "listen",
    "subscription",
    "payment",
    "visit",
)
_LEAVING: Final = ("unsubscribe", "unsubscription", "optout", "mute", "complaint")
_CONSENTS: Final = ("consent", "optin", "permission", "subscription")
_ACTS: Final = ("visit", "view", "search", "session", "listen", "play")
_CHANNEL: Final = ("channel", "medium")
_VALUE: Final = ("amount", "value", "revenue", "price", "total", "sales", "spend")
_CHANCE: Final = ("propensity", "chance", "probability")
_ZONE: Final = ("time_zone", "timezone", "zone", "tz")
_HELD: Final = ("held_out", "holdout", "control")


def propose(schema: Schema) -> NotifyEntry:
    """An entry for the tables of a schema.

    Raises:
        ArgumentError: there is no table of sends, or of a goal; the hint says what such a table has.
    """
    sends, user = _sends(schema)
    people = schema.table(user.to)
    message = _link_to(schema, sends, _MESSAGES)
    withheld = _named_table(schema, _WITHHELD, people.name)
    goal = _goal(schema, people.name, {sends.name, *([withheld.name] if withheld else [])})
    given = _send_entry(schema, sends, user, message)
    controls = _send_entry(schema, withheld, _user(schema, withheld, people.name), message) if withheld else None
    return NotifyEntry(
        users=UsersEntry(
            table=people.name, zone=_column(people, _ZONE), held_out=_column(people, _HELD, SType.BOOLEAN)
        ),
        sends=given,
        withheld=controls,
        goal=goal,
        messages=_messages(schema, message),
        responses=_responses(schema, people.name, sends, message),
        unsubscribes=_unsubscribes(schema, people.name, sends),
        consents=_consents(schema, people.name),
        acts=_acts(schema, people.name, goal.table),
        history="randomised" if given.chance is not None and controls is not None else "association",
    )


def _words(name: str) -> set[str]:
    low = name.casefold()
    words = set(re.findall(r"[a-z]+", low))
    return (
        words
        | {word.removesuffix("s") for word in words}
        | {low.replace("_", ""), low.replace("_", "").rstrip("s")}
    )


def _is(name: str, words: tuple[str, ...]) -> bool:
    return bool(_words(name) & set(words))


def _people_links(schema: Schema, table: Table) -> list[Link]:
    """Links to people: what is named like them, or is what most tables with times refer to."""
    links = schema.links_from(table.name)
    named = [link for link in links if _is(link.to, tuple(PERSON_ROLES)) or _is(link.column, tuple(PERSON_ROLES))]
    return named or list(links)


def _user(schema: Schema, table: Table, people: str) -> Link:
    return next(link for link in schema.links_from(table.name) if link.to == people)


def _sends(schema: Schema) -> tuple[Table, Link]:
    """The table of sends and its link to people: named like it, with a time of its own or of its message."""
    for word in _SENDS:
        for table in schema:
            if not _is(table.name, (word,)) or table.implied_by:
                continue
            message = _link_to(schema, table, _MESSAGES)
            links = [link for link in _people_links(schema, table) if message is None or link.to != message.to]
            timed = table.time is not None or (message is not None and schema.table(message.to).time is not None)
            if links and timed and not _is(table.name, _CONSENTS):
                return table, links[0]
    raise ArgumentError(
        "no table says what was sent",
        hint="a table of sends has a link to people and a time, and is named sends, deliveries or campaigns; "
        "or declare `decisions: notify:` in the project file",
    )


def _link_to(schema: Schema, table: Table, words: tuple[str, ...]) -> Link | None:
    return next((link for link in schema.links_from(table.name) if _is(link.to, words)), None)


def _linked(schema: Schema, people: str) -> list[Table]:
    """Tables of rows about people, in the schema's order."""
    names = {link.table for link in schema.links_to(people)}
    return [table for table in schema if table.name in names and not table.implied_by]


def _named_table(schema: Schema, words: tuple[str, ...], people: str) -> Table | None:
    return next((table for table in _linked(schema, people) if _is(table.name, words) and table.time), None)


def _column(table: Table, words: tuple[str, ...], stype: SType | None = None) -> str | None:
    """The first column by the first of the words that its name has."""
    for word in words:
        for column in table.columns:
            if (stype is None or column.stype is stype) and (column.name.casefold() == word or _has(column, word)):
                return column.name
    return None


def _has(column: Column, word: str) -> bool:
    return word in _words(column.name)


def _send_entry(schema: Schema, table: Table, user: Link, message: Link | None) -> SendsEntry:
    own = None if message is None else next(
        (link for link in schema.links_from(table.name) if link.to == message.to), None
    )  # fmt: skip
    return SendsEntry(
        table=table.name,
        user=user.column,
        message=None if own is None else own.column,
        channel=_column(table, _CHANNEL, SType.CATEGORICAL),
        time=table.time,
        time_of=None if table.time is not None or own is None else own.to,
        chance=_column(table, _CHANCE, SType.NUMERICAL),
    )


def _messages(schema: Schema, message: Link | None) -> MessagesEntry | None:
    if message is None:
        return None
    table = schema.table(message.to)
    ends = next(
        (c.name for c in table.columns if c.stype is SType.TIMESTAMP and _is(c.name, ("end", "until"))), None
    )
    return MessagesEntry(table=table.name, ends=ends, priority=_column(table, ("priority", "urgent")))


def _goal(schema: Schema, people: str, taken: set[str]) -> GoalEntry:
    for word in _GOALS:
        for table in _linked(schema, people):
            if table.name in taken or table.time is None or not _is(table.name, (word,)):
                continue
            return GoalEntry(
                table=table.name,
                user=_user(schema, table, people).column,
                value=_column(table, _VALUE, SType.NUMERICAL),
                send=_send_column(schema, table),
            )
    raise ArgumentError(
        f"no table says what messages are for: rows with a time about '{people}', such as purchases",
        hint="declare `goal:` under `decisions: notify:` in the project file",
    )


def _send_column(schema: Schema, table: Table) -> str | None:
    link = _link_to(schema, table, ("send", "sent", "delivery", "notification"))
    return None if link is None else link.column


def _responses(schema: Schema, people: str, sends: Table, message: Link | None) -> list[ResponseEntry]:
    found = []
    for words in _RESPONSES:
        for table in _linked(schema, people):
            send = next((link for link in schema.links_from(table.name) if link.to == sends.name), None)
            about = next(
                (link for link in schema.links_from(table.name) if message is not None and link.to == message.to),
                None,
            )
            if table.name == sends.name or not _is(table.name, words) or (send is None and about is None):
                continue
            found.append(
                ResponseEntry(
                    table=table.name,
                    send=None if send is None else send.column,
                    user=None if send is not None else _user(schema, table, people).column,
                    message=None if send is not None or about is None else about.column,
                )
            )
            break
    return found


def _unsubscribes(schema: Schema, people: str, sends: Table) -> list[UnsubscribeEntry]:
    found = []
    for table in _linked(schema, people):
        if _is(table.name, _LEAVING) and table.time is not None:
            send = next((link.column for link in schema.links_from(table.name) if link.to == sends.name), None)
            channel = _column(table, _CHANNEL, SType.CATEGORICAL)
            user = _user(schema, table, people).column
            found.append(UnsubscribeEntry(table=table.name, user=user, channel=channel, send=send))
    return found


def _consents(schema: Schema, people: str) -> ConsentEntry | None:
    for table in _linked(schema, people):
        if _is(table.name, _CONSENTS):
            given = next((c.name for c in table.columns if c.stype is SType.BOOLEAN), None)
            channel = _column(table, _CHANNEL, SType.CATEGORICAL)
            user = _user(schema, table, people).column
            return ConsentEntry(table=table.name, user=user, channel=channel, given=given)
    return None


def _acts(schema: Schema, people: str, goal: str) -> list[str]:
    return [
        table.name
        for table in _linked(schema, people)
        if _is(table.name, _ACTS) and table.time is not None and table.name != goal
    ]
