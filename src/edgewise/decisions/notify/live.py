"""May this be sent now? What was decided, and what came since: sends, consents, and who left.

    yes  if  gain * hour * tired  -  care * hazard * wear * worth  >  multiplier(t) * cost

and consent, quiet hours, caps and spacing allow it. The multiplier is that of the decision; it rises where more
was sent since than was planned up to now, and falls where less was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from edgewise.clock import DAY, HOUR, MINUTE, to_micros
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import FADES
from edgewise.decisions.notify.past import ONLY_CHANNEL
from edgewise.decisions.notify.sequence import LEVEL
from edgewise.errors import DecisionError

__all__ = ["Desk", "Verdict"]

WEEK: Final = 7 * DAY
_DERIVED: Final = ("multiplier", "elsewhere")
_TABLES: Final = ("offers", "sends", "recent", "tiredness")
#: How far the multiplier follows what was sent, and its bounds.
_FOLLOWS, _LEAST, _MOST = 2.0, 0.5, 3.0
#: A send that was asked for and one that arrives as a row within this time are the same.
_SAME: Final = 2 * HOUR


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and the sum behind it; `message` is None where there is nothing to send."""

    send: bool
    reason: str
    channel: str | None = None
    message: Any = None
    gain: float = 0.0
    risk: float = 0.0
    needed: float = 0.0


@dataclass(slots=True)
class _Sent:
    at: int
    channel: str
    asked: bool  # asked for here, its row not yet seen


class Desk:
    """Answers for one decision. Rows that arrive are observed once each, in order.

    Raises:
        DecisionError: the decision was made by another version, or lacks a table.
    """

    def __init__(self, decided: Decided) -> None:
        self.at, self.entry = decided.at, _entry_of(decided)
        self._price = float(decided.settings.get("multiplier") or 0.0)
        self._elsewhere = float(decided.settings.get("elsewhere") or 0.0)
        self._offers = _by_user(decided.tables["offers"])
        sends = decided.tables["sends"]
        self._planned = np.sort(sends["send_at"].cast(pa.int64()).to_numpy())
        first = sends.filter(sends["priority"])
        self._first = {(str(r["user"]), str(r["message"])): str(r["channel"]) for r in first.to_pylist()}
        self._sent: dict[str, list[_Sent]] = {}
        for row in decided.tables["recent"].to_pylist():
            moment = _Sent(to_micros(row["sent_at"]), str(row["channel"]), False)
            self._sent.setdefault(str(row["user"]), []).append(moment)
        self._curves = _curves(decided.tables["tiredness"])
        self._lost: set[tuple[str, str | None]] = set()
        self._count = 0

    @property
    def tables(self) -> frozenset[str]:
        """The tables whose rows change answers."""
        entry = self.entry
        consents = [] if entry.consents is None else [entry.consents.table]
        return frozenset({entry.sends.table, *(u.table for u in entry.unsubscribes), *consents})

    def observe(self, table: str, values: Mapping[str, Any], at: int) -> None:
        """A row that arrived: a send, somebody who left, a consent."""
        entry = self.entry
        if table == entry.sends.table:
            user = str(values.get(entry.sends.user))
            self._note(user, str(values.get(entry.sends.channel or "") or ONLY_CHANNEL), at, False)
        for given in entry.unsubscribes:
            if table == given.table:
                channel = values.get(given.channel) if given.channel else None
                self._lost.add((str(values.get(given.user)), None if channel is None else str(channel)))
        if entry.consents is not None and table == entry.consents.table:
            given_ = entry.consents
            who = str(values.get(given_.user)), str(values.get(given_.channel)) if given_.channel else None
            taken_back = given_.given is not None and not values.get(given_.given)
            (self._lost.add if taken_back else self._lost.discard)(who)

    def forget(self, user: str) -> None:
        """Drop a person: what was on offer, what was sent, and what they said. From now on they are unknown."""
        self._offers.pop(user, None)
        self._sent.pop(user, None)
        self._first = {mine: channel for mine, channel in self._first.items() if mine[0] != user}
        self._lost = {lost for lost in self._lost if lost[0] != user}

    def ask(
        self, user: str, now: int, channel: str | None = None, message: str | None = None, *, take: bool = False
    ) -> Verdict:
        """Whether something may be sent to a user now: the best there is, or that on a channel, or that message.

        `take` says that it will be sent if the answer is yes: it counts from now on.
        """
        verdict = self._verdict(user, now, channel, message)
        if take and verdict.send and verdict.channel is not None:
            self._note(user, verdict.channel, now, True)
        return verdict

    def _verdict(self, user: str, now: int, channel: str | None, message: str | None) -> Verdict:
        mine = self._offers.get(user)
        if mine is None:
            return Verdict(False, "not to be written to: held out, no channel they agreed to, or unknown")
        hour = (now + mine[0]["zone_minutes"] * MINUTE) // HOUR % 24
        if hour not in self.entry.quiet.allowed():
            return Verdict(False, "quiet hours")
        if message is not None and (user, message) in self._first:
            through = self._first[user, message]
            allowed = self._open(user, through) and channel in (None, through)
            return Verdict(allowed, "priority" if allowed else "no consent on its channel", through, message)
        kept_from = self._held_back(user, mine[0]["zone_minutes"], now)
        if kept_from:
            return Verdict(False, kept_from)
        wanted = [
            row
            for row in mine
            if (channel is None or row["channel"] == channel)
            and (message is None or str(row["message"]) == message)
        ]
        open_ = [
            row for row in wanted if self._open(user, row["channel"]) and self._room(user, row["channel"], now)
        ]
        if not open_:
            return Verdict(False, "no consent, or sent enough on the channel" if wanted else "nothing on offer")
        weighed = [self._weighed(user, row, int(hour), now) for row in open_]
        return max(weighed, key=lambda one: one.gain - one.risk - one.needed)

    def _held_back(self, user: str, zone: int, now: int) -> str:
        """What stands against any send at all; nothing where there is room."""
        sent, entry = self._sent.get(user, []), self.entry
        day = (now + zone * MINUTE) // DAY
        if any(now - one.at < entry.spacing_hours * HOUR for one in sent):
            return "too soon after the last one"
        if sum((one.at + zone * MINUTE) // DAY == day for one in sent) >= entry.per_day:
            return "sent enough today"
        if sum(one.at > now - WEEK for one in sent) >= entry.per_week:
            return "sent enough this week"
        return ""

    def _open(self, user: str, channel: str) -> bool:
        return (user, channel) not in self._lost and (user, None) not in self._lost

    def _room(self, user: str, channel: str, now: int) -> bool:
        given = self.entry.channels.get(channel)
        if given is None or given.per_week is None:
            return True
        sent = self._sent.get(user, [])
        return sum(one.channel == channel and one.at > now - WEEK for one in sent) < given.per_week

    def _weighed(self, user: str, row: Mapping[str, Any], hour: int, now: int) -> Verdict:
        effect, hazard = self._curves[row["channel"]]
        level = min(int(self._tired(user, row, now) / LEVEL + 0.5), len(effect) - 1)
        gain = row["gain"] * row["hours"][hour] * effect[level]
        risk = self.entry.care * row["hazard"] * hazard[level] * row["channel_worth"]
        needed = self.multiplier(now) * row["cost"]
        send = gain - risk > needed
        reason = "gains more than it costs" if send else "gains less than it costs"
        return Verdict(send, reason, row["channel"], row["message"], gain, risk, needed)

    def _tired(self, user: str, row: Mapping[str, Any], now: int) -> float:
        """How tired the user is of messages on the row's channel."""
        offers = {one["channel"]: one["tiredness"] for one in self._offers[user]}
        total = 0.0
        for channel, before in offers.items():
            faded = before * 0.5 ** ((now - self.at) / FADES)
            since = [one.at for one in self._sent.get(user, []) if one.channel == channel and one.at > self.at]
            faded += sum(0.5 ** ((now - at) / FADES) for at in since)
            total += faded * (1.0 if channel == row["channel"] else self._elsewhere)
        return total

    def multiplier(self, now: int) -> float:
        """What one unit of cost must bring now."""
        if self._count == 0 or len(self._planned) == 0:
            return self._price
        due = float(np.searchsorted(self._planned, now, side="right"))
        ahead = (self._count - due) / len(self._planned)
        return self._price * float(np.clip(1.0 + _FOLLOWS * ahead, _LEAST, _MOST))

    def _note(self, user: str, channel: str, at: int, asked: bool) -> None:
        """Remember a send; one that was asked for and arrives as a row is one send."""
        sent = self._sent.setdefault(user, [])
        same = next((o for o in sent if o.asked and o.channel == channel and abs(o.at - at) < _SAME), None)
        if same is not None and not asked:
            same.at, same.asked = at, False
            return
        sent.append(_Sent(at, channel, asked))
        self._count += 1


def _entry_of(decided: Decided) -> NotifyEntry:
    """The entry that the decision was made with."""
    given = {k: v for k, v in decided.settings.items() if k not in _DERIVED}
    missing = [name for name in _TABLES if name not in decided.tables]
    try:
        entry = NotifyEntry.model_validate(given)
    except ValidationError as error:
        raise DecisionError("the decision is of another version", hint="decide again: edgewise notify") from error
    if missing:
        raise DecisionError(f"the decision has no table '{missing[0]}'", hint="decide again: edgewise notify")
    return entry


def _by_user(offers: pa.Table) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in offers.set_column(0, "user", pc.cast(offers["user"], pa.string())).to_pylist():
        found.setdefault(row["user"], []).append(row)
    return found


def _curves(tiredness: pa.Table) -> dict[str, tuple[list[float], list[float]]]:
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in tiredness.sort_by([("channel", "ascending"), ("level", "ascending")]).to_pylist():
        effect, hazard = found.setdefault(row["channel"], ([], []))
        effect.append(row["effect"])
        hazard.append(row["hazard"])
    return found
