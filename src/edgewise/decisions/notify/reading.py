"""Read what decisions about messages rest on: the tables of an entry, up to a moment."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.clock import ALWAYS, NEVER
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.past import Acts, Messages, Past, Users
from edgewise.decisions.notify.read import codes, numbers, read_rows, time_of
from edgewise.decisions.notify.reading_sends import RawSends, raw_sends, read_sends
from edgewise.decisions.notify.zones import Zones
from edgewise.decisions.seen import few_labels
from edgewise.errors import ArgumentError, proposal
from edgewise.ids import Vocabulary
from edgewise.schema.model import Table
from edgewise.sources.database import Database
from edgewise.stypes import SType

__all__ = ["read_past"]

_MOST_LABELS: Final = 50


def read_past(db: Database, entry: NotifyEntry, at: int) -> Past:
    """Read what was known at a moment.

    Raises:
        SchemaError: a table or column that does not exist.
        ArgumentError: there is nobody, or nothing was ever sent, or a channel that nothing was sent on.
    """
    keys = Vocabulary(_keys(db, db.schema.table(entry.users.table), at))
    if len(keys) == 0:
        raise ArgumentError(f"there are no users in '{entry.users.table}' yet", hint="decide at a later moment")
    messages = _messages(db, entry, at)
    raw = raw_sends(db, entry, at, keys, messages.keys)
    channels = _channels(entry, raw)
    sends, lost, tracked = read_sends(db, entry, at, keys, messages.keys, raw, channels)
    goal = entry.goal
    goals = _acts(db, goal.table, goal.user, goal.time, at, keys, messages, goal.value)
    others = {
        name: _acts(db, name, _user_column(db, name, entry), None, at, keys, messages) for name in entry.acts
    }
    users = _users(db, entry, at, keys, channels)
    return Past(at, channels, users, messages, sends, goals, others, lost, tracked)


def _keys(db: Database, table: Table, at: int) -> pa.Array:
    """The keys of a table, sorted; those of an implied entity are what visible rows name."""
    if table.key is None:
        raise ArgumentError(f"the table '{table.name}' has no key", hint="name a table whose key sends refer to")
    places = table.implied_by or ((table.name, table.key),)
    parts = []
    for name, column in places:
        rows = read_rows(db, name, {"key": column}, db.schema.table(name).time, at)
        parts.append(rows["key"])
    found = pc.unique(pc.drop_null(pa.concat_arrays([pc.cast(part, parts[0].type) for part in parts])))
    return found.take(pc.sort_indices(found))


def _messages(db: Database, entry: NotifyEntry, at: int) -> Messages:
    """Those that exist at the moment; without a table of messages there is one, without a name."""
    if entry.messages is None:
        one = np.array([ALWAYS]), np.array([NEVER])
        nothing = np.zeros((1, 0), np.float32)
        return Messages(Vocabulary(pa.array([""])), *one, np.zeros(1, bool), nothing, [], {})
    given, table = entry.messages, db.schema.table(entry.messages.table)
    if table.key is None:
        raise ArgumentError(f"the table '{table.name}' has no key", hint="name a table whose key sends refer to")
    begins = time_of(table, given.begins)
    roles = {"key": table.key, "ends": given.ends, "priority": given.priority}
    own = [c.name for c in table.columns if c.stype is SType.CATEGORICAL]
    numeric = [
        c.name for c in table.columns if c.stype in (SType.NUMERICAL, SType.BOOLEAN) and c.name != given.priority
    ]
    rows = read_rows(db, table.name, roles | {f"x {n}": n for n in [*own, *numeric]}, begins, at)
    ends = np.full(len(rows), NEVER)
    if given.ends is not None:
        moment = read_rows(db, table.name, {"key": table.key}, given.ends, NEVER - 1)
        found = Vocabulary(moment["key"]).rows(rows["key"])
        ends = np.where(found >= 0, moment.at[np.maximum(found, 0)], NEVER) if len(moment) else ends
    labels = {name: codes(rows[f"x {name}"]) for name in own if few_labels(rows[f"x {name}"], _MOST_LABELS)}
    x = [numbers(rows[f"x {name}"], np.nan) for name in numeric]
    first = numbers(rows["priority"]) > 0 if given.priority else np.zeros(len(rows), bool)
    matrix = np.stack(x, axis=1).astype(np.float32) if x else np.zeros((len(rows), 0), np.float32)
    return Messages(Vocabulary(rows["key"]), rows.at, ends, first, matrix, numeric, labels)


def _channels(entry: NotifyEntry, raw: RawSends) -> list[str]:
    """The channels that may be used: those declared, or those of the past."""
    if not entry.channels:
        return raw.channels
    for name in entry.channels:
        if name not in raw.channels:
            raise ArgumentError(
                f"nothing was ever sent on the channel '{name}'",
                hint=proposal(name, raw.channels, f"channels: {', '.join(raw.channels)}"),
            )
    return list(entry.channels)


def _users(db: Database, entry: NotifyEntry, at: int, keys: Vocabulary, channels: list[str]) -> Users:
    given, table = entry.users, db.schema.table(entry.users.table)
    n = len(keys)
    joined = time_of(table, given.joined)
    skip = {table.key, given.zone, given.held_out, joined}
    numeric = [c.name for c in table.columns if c.stype in (SType.NUMERICAL, SType.BOOLEAN) and c.name not in skip]
    own = [c.name for c in table.columns if c.stype is SType.CATEGORICAL and c.name not in skip]
    consent = _consents(db, entry, at, keys, channels)
    if table.implied_by:
        empty = np.zeros((n, 0), np.float32)
        still = np.full(n, ALWAYS), np.zeros(n, bool), np.zeros(n, np.int64)
        return Users(keys, *still, Zones([None]), empty, [], consent)
    roles = {"key": table.key, "zone": given.zone, "held": given.held_out}
    rows = read_rows(db, table.name, roles | {f"x {c}": c for c in [*numeric, *own]}, joined, at)
    own = [c for c in own if few_labels(rows[f"x {c}"], _MOST_LABELS)]
    row = keys.rows(rows["key"])

    def placed(values: np.ndarray, missing: float) -> np.ndarray:
        found = np.full(n, missing, dtype=values.dtype)
        found[row[row >= 0]] = values[row >= 0]  # a row without a key is nobody's
        return found

    zone, names = codes(rows["zone"]) if given.zone else (np.zeros(len(rows), np.int64), [])
    zone = np.where(zone < 0, len(names), zone)
    held = numbers(rows["held"]) > 0 if given.held_out else np.zeros(len(rows), bool)
    columns = [placed(numbers(rows[f"x {c}"], np.nan), np.nan) for c in numeric]
    columns += [placed(codes(rows[f"x {c}"])[0].astype(np.float64), np.nan) for c in own]
    x = np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((n, 0), np.float32)
    zones = Zones([*names, None])
    return Users(keys, placed(rows.at, NEVER), placed(held, False), placed(zone, len(names)), zones, x,
                 [*numeric, *own], consent, frozenset(own))  # fmt: skip


def _consents(
    db: Database, entry: NotifyEntry, at: int, keys: Vocabulary, channels: list[str]
) -> Int64[np.ndarray, "users channels"]:
    """Since when each user agrees to each channel; the latest row counts."""
    if entry.consents is None:
        return np.full((len(keys), len(channels)), ALWAYS)
    given = entry.consents
    time = time_of(db.schema.table(given.table), given.time)
    rows = read_rows(
        db, given.table, {"user": given.user, "channel": given.channel, "given": given.given}, time, at
    )
    since = np.full((len(keys), len(channels)), NEVER)
    user = keys.rows(rows["user"])
    agreed = numbers(rows["given"], 0.0) > 0 if given.given else np.ones(len(rows), bool)
    moment = np.where(agreed, rows.at, NEVER)
    names = pc.cast(rows["channel"], pa.string()).to_numpy(zero_copy_only=False) if given.channel else None
    for c, name in enumerate(channels):
        mine = user >= 0 if names is None else (user >= 0) & (names == name)
        since[user[mine], c] = moment[mine]  # in order of time: the latest is written last
    return since


def _user_column(db: Database, table: str, entry: NotifyEntry) -> str:
    """The column of a table that names the user."""
    for link in db.schema.links_from(db.schema.table(table).name):
        if link.to == entry.users.table:
            return link.column
    linked = sorted({link.table for link in db.schema.links_to(entry.users.table)})
    raise ArgumentError(
        f"the table '{table}' has no link to '{entry.users.table}'", hint=f"tables that have: {', '.join(linked)}"
    )


def _acts(
    db: Database, table: str, user: str, time: str | None, at: int, keys: Vocabulary, messages: Messages,
    value: str | None = None,
) -> Acts:  # fmt: skip
    """What users did, with the categories that messages have too: a purchase of a product with a topic."""
    known = db.schema.table(table)
    moment = time_of(known, time)
    if moment is None:
        raise ArgumentError(f"the rows of '{table}' have no time", hint="name the column with their time")
    through = [link for link in db.schema.links_from(table) if _shared(db, link.to, messages)]
    roles = {"user": user, "value": value} | {f"to {link.to}": link.column for link in through}
    rows = read_rows(db, table, roles, moment, at)
    person = keys.rows(rows["user"])
    labels: dict[str, np.ndarray] = {}
    for link in through:
        labels |= _labels(db, link.to, rows[f"to {link.to}"], messages, at)
    known_user = person >= 0
    worth = numbers(rows["value"])[known_user] if value is not None else None
    return Acts(person[known_user], rows.at[known_user], {k: v[known_user] for k, v in labels.items()}, worth)


def _shared(db: Database, to: str, messages: Messages) -> list[str]:
    table = db.schema.table(to)
    return [name for name in messages.labels if name in table and table.key is not None and not table.implied_by]


def _labels(db: Database, to: str, keys: pa.Array, messages: Messages, at: int) -> dict[str, np.ndarray]:
    """The codes, in the messages' own labels, of the categories of the things that rows refer to."""
    table = db.schema.table(to)
    shared = _shared(db, to, messages)
    rows = read_rows(db, to, {"key": table.key, **{f"l {n}": n for n in shared}}, table.time, at)
    at_row = Vocabulary(rows["key"]).rows(keys)
    found = {}
    for name in shared:
        text = pc.cast(rows[f"l {name}"], pa.string())
        own = pc.fill_null(pc.index_in(text, value_set=pa.array(messages.labels[name][1], pa.string())), -1)
        own = np.asarray(own).astype(np.int64)
        found[name] = np.where(at_row >= 0, own[np.maximum(at_row, 0)], -1) if len(own) else np.full(len(keys), -1)
    return found
