"""What is known before a message goes out: the user, the message, the channel, the hour, and what was sent lately.

Everything is counted strictly before the moment of a row; the same code describes the past and what is to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.clock import DAY, HOUR, NEVER
from edgewise.decisions.notify.past import Acts, Past
from edgewise.decisions.notify.timeline import Timeline, fading

__all__ = ["FADES", "Features", "Moments", "local_hour"]

#: How long it takes until half of the tiredness of a message is gone.
FADES: Final = 3.5 * DAY
#: A share counts as if this many more had been seen, distributed as everyone's.
_PRIOR: Final = 5.0
_LONGEST: Final = 400.0


@dataclass(frozen=True, slots=True)
class Moments:
    """Rows to describe: a message to a user on a channel at a moment, in an hour of the user's own day.

    `own` and `other` are the tiredness of this and of the other channels; None where it is what was sent.
    """

    user: Int64[np.ndarray, " n"]
    message: Int64[np.ndarray, " n"]
    channel: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]
    hour: Int64[np.ndarray, " n"]
    own: Float64[np.ndarray, " n"] | None = None
    other: Float64[np.ndarray, " n"] | None = None

    def __len__(self) -> int:
        return len(self.user)

    def of(self, rows: np.ndarray) -> Moments:
        """Some of the rows."""
        own = None if self.own is None else self.own[rows]
        other = None if self.other is None else self.other[rows]
        return Moments(self.user[rows], self.message[rows], self.channel[rows], self.at[rows], self.hour[rows],
                       own, other)  # fmt: skip


def local_hour(past: Past, user: np.ndarray, at: np.ndarray) -> Int64[np.ndarray, " n"]:
    """The hour of each user's own day."""
    ahead = past.users.zones.ahead(past.users.zone[user], at)
    return (at + ahead) // HOUR % 24


class Features:
    """Describes rows by columns `names`; `tiredness` are the numbers of the columns with the tiredness, `people`
    of those that depend on the user alone, `coded` of labels, `answers` of what the user answered before."""

    def __init__(self, past: Past) -> None:
        self.past = past
        sends, width = past.sends, len(past.channels)
        rows = np.flatnonzero(sends.sent & (sends.channel >= 0))
        self._sent = (sends.user[rows], sends.channel[rows], sends.at[rows])
        self._sends = Timeline(sends.user[rows], sends.at[rows])
        self._by_channel = Timeline(sends.user[rows] * width + sends.channel[rows], sends.at[rows])
        self._same = Timeline(sends.user[rows] * len(past.messages) + sends.message[rows], sends.at[rows])
        self._answers = [_Answers(past, stage) for stage in range(len(sends.responses))]
        self._goals = Timeline(past.goals.user, past.goals.at)
        self._acts = {name: Timeline(acts.user, acts.at) for name, acts in past.acts.items()}
        every = [past.goals, *past.acts.values()]
        self._hours = _Hours(past, every)
        self._likings = [_Liking(past, name, every) for name in past.messages.labels]
        self.names = self._named()
        self.tiredness = (self.names.index("tired of the channel"), self.names.index("tired of others"))
        self.people = [i for i, name in enumerate(self.names) if name.startswith("user ")]
        labels = {f"user {name}" for name in past.users.coded} | {
            f"category {name}" for name in past.messages.labels
        }
        self.coded = [i for i, name in enumerate(self.names) if name in labels or name == "hour"]
        told = tuple(f"answers {name}" for name in past.messages.labels)
        self.answers = [i for i, name in enumerate(self.names) if name in told or name.startswith("rate ")]

    def __call__(self, rows: Moments) -> Float32[np.ndarray, "n features"]:
        """The features of each row."""
        columns = [*self._person(rows), *self._message(rows), *self._moment(rows)]
        return np.stack(columns, axis=1).astype(np.float32)

    def _person(self, rows: Moments) -> list[np.ndarray]:
        users, user, at = self.past.users, rows.user, rows.at
        found = [users.x[user, i] for i in range(users.x.shape[1])]
        found.append(np.clip((at - users.joined[user]) / DAY, -1, _LONGEST))
        value = self.past.goals.value
        for days in (28, 91, 364):
            found.append(self._goals.between(user, at - days * DAY, at))
        if value is not None:
            total, count = self._goals.sums(value, user, None, at), self._goals.before(user, at)
            found.append((total + 2 * value.mean()) / (count + 2) if len(value) else total)
        found.append(_ago(self._goals, self.past.goals.at, user, at))
        for name, timeline in self._acts.items():
            found += [timeline.between(user, at - days * DAY, at) for days in (28, 91)]
            found.append(_ago(timeline, self.past.acts[name].at, user, at))
        found.append(self._sends.between(user, at - 28 * DAY, at))
        return found

    def _message(self, rows: Moments) -> list[np.ndarray]:
        messages, user, at = self.past.messages, rows.user, rows.at
        pair = user * len(self.past.channels) + rows.channel
        found = [(rows.channel == c).astype(np.float64) for c in range(len(self.past.channels))]
        found += [messages.x[rows.message, i] for i in range(messages.x.shape[1])]
        found.append(np.clip((at - messages.begins[rows.message]) / DAY, -1, _LONGEST))
        found.append(self._same.between(user * len(messages) + rows.message, at - 28 * DAY, at))
        before, here = self._sends.before(user, at), self._by_channel.before(pair, at)
        found.append(np.log1p(here))
        for answers in self._answers:
            found += [answers.rate(user, at, before), answers.rate_on(pair, rows.channel, at, here)]
        for liking in self._likings:
            found += liking(user, rows.message, at)
        return found

    def _moment(self, rows: Moments) -> list[np.ndarray]:
        own, other = rows.own, rows.other
        if own is None or other is None:
            width = len(self.past.channels)
            user, channel, at = self._sent
            own = fading(user * width + channel, at, rows.user * width + rows.channel, rows.at, FADES)
            other = fading(user, at, rows.user, rows.at, FADES) - own
        return [
            rows.hour.astype(np.float64),
            self._hours(rows.user, rows.hour, rows.at),
            own,
            np.maximum(other, 0.0),
        ]

    def _named(self) -> list[str]:
        past = self.past
        names = [f"user {n}" for n in past.users.names]
        names += ["user since", "user goals 28", "user goals 91", "user goals 364"]
        names += (["user value"] if past.goals.value is not None else []) + ["user last goal"]
        for name in self._acts:
            names += [f"user {name} 28", f"user {name} 91", f"user last {name}"]
        names.append("user sends 28")
        names += [f"channel {c}" for c in past.channels] + [f"message {n}" for n in past.messages.names]
        names += ["message age", "message seen", "sends on channel"]
        for stage in range(len(self._answers)):
            names += [f"rate {stage}", f"rate {stage} on channel"]
        for liking in self._likings:
            names += liking.names
        return [*names, "hour", "hour liked", "tired of the channel", "tired of others"]


def _ago(timeline: Timeline, times: np.ndarray, user: np.ndarray, at: np.ndarray) -> Float64[np.ndarray, " n"]:
    """Days since the last event; the longest where there was none."""
    last = timeline.last(user, at)
    if len(times) == 0:
        return np.full(len(user), _LONGEST)
    return np.where(last >= 0, np.minimum((at - times[np.maximum(last, 0)]) / DAY, _LONGEST), _LONGEST)


class _Answers:
    """The share of sends that a user answered, drawn to everyone's."""

    def __init__(self, past: Past, stage: int) -> None:
        sends, width = past.sends, len(past.channels)
        rows = np.flatnonzero((sends.responses[stage] < NEVER) & (sends.channel >= 0))
        user, channel, at = sends.user[rows], sends.channel[rows], sends.responses[stage][rows]
        self._all, self._on = Timeline(user, at), Timeline(user * width + channel, at)
        sent = np.bincount(sends.channel[sends.sent & (sends.channel >= 0)], minlength=width)
        self._usual = (np.bincount(channel, minlength=width) + 1) / (sent + 2)
        self._mean = (len(rows) + 1) / (sent.sum() + 2)

    def rate(self, user: np.ndarray, at: np.ndarray, sent: np.ndarray) -> Float64[np.ndarray, " n"]:
        """Over all channels."""
        return (self._all.before(user, at) + _PRIOR * self._mean) / (sent + _PRIOR)

    def rate_on(
        self, pair: np.ndarray, channel: np.ndarray, at: np.ndarray, sent: np.ndarray
    ) -> Float64[np.ndarray, " n"]:
        """On one channel."""
        return (self._on.before(pair, at) + _PRIOR * self._usual[channel]) / (sent + _PRIOR)


class _Hours:
    """How much of what a user does falls into an hour of their own day, beside everyone's share; in logarithms."""

    def __init__(self, past: Past, every: list[Acts]) -> None:
        user = np.concatenate([acts.user for acts in every])
        at = np.concatenate([acts.at for acts in every])
        hour = local_hour(past, user, at)
        self._all, self._of = Timeline(user, at), Timeline(user * 24 + hour, at)
        count = np.bincount(hour, minlength=24) + 1.0
        near = sum(w * np.roll(count, k) for k, w in _NEAR)
        self._usual = near / count.sum()

    def __call__(self, user: np.ndarray, hour: np.ndarray, at: np.ndarray) -> Float64[np.ndarray, " n"]:
        total = self._all.before(user, at)
        near = sum(w * self._of.before(user * 24 + (hour + k) % 24, at) for k, w in _NEAR)
        usual = self._usual[hour]
        return np.log((near + _PRIOR * usual) / (total + _PRIOR) / usual)


#: Hours beside an hour tell of it too.
_NEAR: Final = ((-2, 0.4), (-1, 0.8), (0, 1.0), (1, 0.8), (2, 0.4))


class _Liking:
    """How much a user likes a message's category: its share of what they did, and of what they answered."""

    def __init__(self, past: Past, name: str, every: list[Acts]) -> None:
        self._code, labels = past.messages.labels[name]
        self._width = len(labels)
        told = [acts for acts in every if name in acts.labels]
        self.names = [f"category {name}", f"likes {name}"] if told else [f"category {name}"]
        self._acts = self._counted(
            [acts.user for acts in told], [acts.labels[name] for acts in told], [acts.at for acts in told]
        )
        sends, stages = past.sends, past.sends.responses
        self._answered = None
        if len(stages):
            self.names.append(f"answers {name}")
            rows = np.flatnonzero(stages[-1] < NEVER)
            of_message = self._code[sends.message]
            self._answered = self._counted([sends.user[rows]], [of_message[rows]], [stages[-1][rows]])
            rows = np.flatnonzero(sends.sent)
            self._sent = self._counted([sends.user[rows]], [of_message[rows]], [sends.at[rows]])

    def _counted(
        self, user: list[np.ndarray], code: list[np.ndarray], at: list[np.ndarray]
    ) -> tuple[Timeline, Timeline, Float64[np.ndarray, " labels"]] | None:
        if not user:
            return None
        u, c, t = np.concatenate(user), np.concatenate(code), np.concatenate(at)
        known = c >= 0
        u, c, t = u[known], c[known], t[known]
        share = np.bincount(c, minlength=self._width) + 1.0
        return Timeline(u, t), Timeline(u * self._width + c, t), share / share.sum()

    def __call__(self, user: np.ndarray, message: np.ndarray, at: np.ndarray) -> list[np.ndarray]:
        code = self._code[message]
        known = np.maximum(code, 0)
        found = [code.astype(np.float64)]
        if self._acts is not None:
            total, own, usual = self._acts
            share = (own.before(user * self._width + known, at) + _PRIOR * usual[known]) / (
                total.before(user, at) + _PRIOR
            )
            found.append(np.where(code >= 0, np.log(share / usual[known]), 0.0))
        if self._answered is not None and self._sent is not None:
            sent = self._sent[1].before(user * self._width + known, at)
            whole = self._answered[0].before(user, at) + 1.0
            expected = whole * (sent + 1.0) / (self._sent[0].before(user, at) + self._width)
            answered = self._answered[1].before(user * self._width + known, at)
            found.append(np.log((answered + _PRIOR * 0.2) / (expected + _PRIOR * 0.2)))
        return found
