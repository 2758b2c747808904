"""Read what was sent, what was withheld, and what each send was answered with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.notify.entry import NotifyEntry, ResponseEntry, SendsEntry, UnsubscribeEntry
from edgewise.decisions.notify.past import ONLY_CHANNEL, Sends
from edgewise.decisions.notify.read import Rows, codes, numbers, read_rows, time_of
from edgewise.decisions.notify.timeline import Timeline
from edgewise.errors import ArgumentError
from edgewise.ids import Vocabulary
from edgewise.sources.database import Database

__all__ = ["RawSends", "raw_sends", "read_sends"]


@dataclass(frozen=True, slots=True)
class RawSends:
    """Sends and withheld messages in order of time; `key` names a send for responses."""

    user: Int64[np.ndarray, " n"]
    message: Int64[np.ndarray, " n"]
    channel: Int64[np.ndarray, " n"]  # a code in `channels`
    channels: list[str]
    at: Int64[np.ndarray, " n"]
    sent: Bool[np.ndarray, " n"]
    chance: Float64[np.ndarray, " n"]
    key: pa.Array | None


def raw_sends(db: Database, entry: NotifyEntry, at: int, users: Vocabulary, messages: Vocabulary) -> RawSends:
    """Sends and withheld messages up to a moment.

    Raises:
        ArgumentError: nothing was sent yet, or nothing has a time.
    """
    parts = [_part(db, entry, entry.sends, at, users, messages, True)]
    if entry.withheld is not None:
        parts.append(_part(db, entry, entry.withheld, at, users, messages, False))
    if len(parts[0][0]["user"]) == 0:
        raise ArgumentError(
            f"nothing was sent yet in '{entry.sends.table}', so there is nothing to learn from",
            hint="decide at a later moment",
        )
    arrays = {k: np.concatenate([part[0][k] for part in parts]) for k in parts[0][0]}
    text = pa.concat_arrays([part[1] for part in parts])
    channel, names = codes(text)
    key = parts[0][2]
    if key is not None and len(parts) > 1:
        key = pa.concat_arrays([key, pa.nulls(len(parts[1][1]), key.type)])
    order = np.lexsort((channel, arrays["message"], ~arrays["sent"], arrays["user"], arrays["at"]))
    good = order[(arrays["user"][order] >= 0) & (channel[order] >= 0) & (arrays["message"][order] >= 0)]
    taken = {k: v[good] for k, v in arrays.items()}
    return RawSends(
        channel=channel[good], channels=names, key=None if key is None else key.take(pa.array(good)), **taken
    )


def _part(
    db: Database, entry: NotifyEntry, given: SendsEntry, at: int, users: Vocabulary, messages: Vocabulary, sent:
    bool ) -> tuple[dict[str, np.ndarray], pa.Array, pa.Array | None]:  # fmt: skip
    table = db.schema.table(given.table)
    time = time_of(table, given.time)
    if time is None and given.time_of is None:
        raise ArgumentError(
            f"the rows of '{given.table}' have no time", hint="name its column, or a table that has it: `time_of`"
        )
    key = given.key or table.key
    roles = {"user": given.user, "message": given.message, "channel": given.channel, "chance": given.chance}
    rows = read_rows(db, given.table, roles | {"key": key}, time, at)
    rows = rows if time is not None else _timed(db, given, rows, at)
    n = len(rows)
    channel = pc.cast(rows["channel"], pa.string()) if "channel" in rows else pa.array([ONLY_CHANNEL] * n)
    chance = numbers(rows["chance"], np.nan) if "chance" in rows else np.full(n, np.nan)
    arrays = {
        "user": users.rows(rows["user"]),
        "message": messages.rows(rows["message"]) if "message" in rows else np.zeros(n, np.int64),
        "at": rows.at,
        "sent": np.full(n, sent),
        "chance": chance,
    }
    return arrays, channel, rows["key"] if "key" in rows and sent else None


def _timed(db: Database, given: SendsEntry, rows: Rows, at: int) -> Rows:
    """Sends whose time is that of the row that they link to: a campaign's start."""
    to = db.schema.table(str(given.time_of))
    link = next((link for link in db.schema.links_from(given.table) if link.to == to.name), None)
    if link is None or to.key is None or to.time is None:
        raise ArgumentError(
            f"'{given.table}' cannot have its time of '{to.name}'", hint="it needs a link to a table with a time"
        )
    whole = read_rows(db, given.table, {**_roles(given), "of": link.column}, None, at)
    times = read_rows(db, to.name, {"key": to.key}, to.time, at)
    found = Vocabulary(times["key"]).rows(whole["of"])
    seen = np.flatnonzero(found >= 0)
    moment = times.at[found[seen]]
    return Rows({k: v.take(pa.array(seen)) for k, v in whole.columns.items()}, moment)


def _roles(given: SendsEntry) -> dict[str, str | None]:
    return {"user": given.user, "message": given.message, "channel": given.channel, "chance": given.chance}


def read_sends(
    db: Database, entry: NotifyEntry, at: int, users: Vocabulary, messages: Vocabulary, raw: RawSends,
    channels: list[str],
) -> tuple[Sends, Int64[np.ndarray, "users channels"], bool]:  # fmt: skip
    """Sends with their answers, when each channel was lost, and whether goals name sends."""
    place = np.array([channels.index(c) if c in channels else -1 for c in raw.channels], dtype=np.int64)
    finder = _Finder(users, messages, raw)
    responses = [_responded(db, given, at, finder) for given in entry.responses]
    credited = np.zeros(len(raw.at))
    if entry.goal.send is not None:
        goal = entry.goal
        time = time_of(db.schema.table(goal.table), goal.time)
        rows = read_rows(db, goal.table, {"send": goal.send, "value": goal.value}, time, at)
        row = finder.named(rows["send"])
        value = numbers(rows["value"]) if goal.value else np.ones(len(rows))
        np.add.at(credited, row[row >= 0], value[row >= 0])
    left = np.full(len(raw.at), NEVER)
    lost = np.full((len(users), len(channels)), NEVER)
    for given in entry.unsubscribes:
        _lose(db, given, at, finder, channels, left, lost)
    stages = np.stack(responses) if responses else np.zeros((0, len(raw.at)), np.int64)
    sends = Sends(raw.user, raw.message, place[raw.channel], raw.at, raw.sent, raw.chance, stages, credited, left)
    return sends, lost, entry.goal.send is not None


class _Finder:
    """Finds the send that a row is about."""

    def __init__(self, users: Vocabulary, messages: Vocabulary, raw: RawSends) -> None:
        self.users, self.messages, self.raw = users, messages, raw
        self._keys = None if raw.key is None else Vocabulary(raw.key)
        self._sent = np.flatnonzero(raw.sent)

    def named(self, keys: pa.Array) -> Int64[np.ndarray, " n"]:
        """The send that a key names; -1 for none.

        Raises:
            ArgumentError: sends have no keys.
        """
        if self._keys is None:
            raise ArgumentError("sends have no key that responses could name", hint="name its column: sends.key")
        return self._keys.rows(keys)

    def last(
        self, user: np.ndarray, at: np.ndarray, *, message: np.ndarray | None = None, channel: np.ndarray | None
        = None
    ) -> Int64[np.ndarray, " n"]:  # fmt: skip
        """The last send to the user at or before a moment, of a message or on a channel where given; -1 for
        none."""
        raw, sent, width = self.raw, self._sent, 1
        own, wanted = raw.user[sent], user
        if message is not None:
            width = len(self.messages)
            own, wanted = own * width + raw.message[sent], np.where(message >= 0, wanted * width + message, -1)
        elif channel is not None:
            width = len(raw.channels)
            own, wanted = own * width + raw.channel[sent], np.where(channel >= 0, wanted * width + channel, -1)
        found = Timeline(own, raw.at[sent]).last(np.maximum(wanted, 0), at, same=True)
        known = (user >= 0) & (wanted >= 0) & (found >= 0)
        return np.where(known, sent[np.maximum(found, 0)] if len(sent) else -1, -1)


def _responded(db: Database, given: ResponseEntry, at: int, finder: _Finder) -> Int64[np.ndarray, " n"]:
    """When each send was answered; NEVER where it was not."""
    time = time_of(db.schema.table(given.table), given.time)
    rows = read_rows(db, given.table, {"send": given.send, "user": given.user, "message": given.message}, time, at)
    if given.send is not None:
        row = finder.named(rows["send"])
    elif given.user is not None:
        message = finder.messages.rows(rows["message"]) if given.message is not None else None
        row = finder.last(finder.users.rows(rows["user"]), rows.at, message=message)
    else:
        raise ArgumentError(f"'{given.table}' names neither a send nor a user", hint="say which column does")
    found = np.full(len(finder.raw.at), NEVER)
    np.minimum.at(found, row[row >= 0], rows.at[row >= 0])
    return found


def _lose(
    db: Database, given: UnsubscribeEntry, at: int, finder: _Finder, channels: list[str], left: np.ndarray,
    lost: np.ndarray,
) -> None:  # fmt: skip
    """Write down when users left channels, and at which send."""
    time = time_of(db.schema.table(given.table), given.time)
    rows = read_rows(db, given.table, {"user": given.user, "channel": given.channel, "send": given.send}, time, at)
    user = finder.users.rows(rows["user"])
    names = channels if given.channel is None else pc.cast(rows["channel"], pa.string()).to_pylist()
    for c, name in enumerate(channels):
        mine = user >= 0 if given.channel is None else (user >= 0) & np.array([n == name for n in names], bool)
        np.minimum.at(lost[:, c], user[mine], rows.at[mine])
    if given.send is not None:
        row = finder.named(rows["send"])
    else:
        known = finder.raw.channels
        code = None if given.channel is None else np.array([known.index(n) if n in known else -1 for n in names])
        row = finder.last(user, rows.at, channel=code)
        late = rows.at - finder.raw.at[np.maximum(row, 0)] > given.days * DAY
        row = np.where(late, -1, row)
    np.minimum.at(left, row[row >= 0], rows.at[row >= 0])
