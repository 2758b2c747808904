"""The past as a trial: who could have been sent something, who was, with what chance, and what the goal did then.

Where messages were withheld by chance, they are the controls. Where none were, others who were sent nothing at the
same time stand in, and the chance of being sent to is estimated from what was known of both (propensity): what
then goes with the messages need not come from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.notify import uplift
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import Features, Moments, local_hour
from edgewise.decisions.notify.learn import crossed, folds_of
from edgewise.decisions.notify.timeline import Timeline
from edgewise.errors import ArgumentError

__all__ = ["Trial", "make_trial"]

_MOST_ROWS: Final = 300_000
_FEWEST: Final = 200
#: Estimated chances nearer to 0 or 1 than this say nothing of the other side; logged ones are taken as they are.
_OVERLAP: Final = 0.02


@dataclass(frozen=True, slots=True)
class Trial:
    """Rows of a trial.

    Attributes:
        x: features before the moment.
        user, at: whom and when.
        sent: whether the message went out; `chance` with which chance.
        goal: the goal's value in the window after; `goals` how often it was met.
        whole: whether the window is over and the chance leaves both possible.
        responses: when each stage was reached, NEVER where not; `credited` the value that names the send.
        left: when the channel was left because of it, NEVER where not.
        fold: the fold of the user.
        message, channel: what was sent, and on which channel.
    """

    x: Float32[np.ndarray, "n features"]
    user: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]
    sent: Bool[np.ndarray, " n"]
    chance: Float64[np.ndarray, " n"]
    goal: Float64[np.ndarray, " n"]
    goals: Int64[np.ndarray, " n"]
    whole: Bool[np.ndarray, " n"]
    responses: Int64[np.ndarray, "stages n"]
    credited: Float64[np.ndarray, " n"]
    left: Int64[np.ndarray, " n"]
    fold: Int64[np.ndarray, " n"]
    message: Int64[np.ndarray, " n"]
    channel: Int64[np.ndarray, " n"]

    @property
    def rows(self) -> Moments:
        """Whom each row is about, and when; the hour is among the features."""
        return Moments(self.user, self.message, self.channel, self.at, np.zeros_like(self.at))

    def of(self, rows: np.ndarray) -> Trial:
        """Some of the rows."""
        fields = {f: getattr(self, f) for f in Trial.__dataclass_fields__}
        return Trial(**{f: v[:, rows] if f == "responses" else v[rows] for f, v in fields.items()})

    def plain(self) -> uplift.Trial:
        """The trial for the learners of uplift: rows whose window is over."""
        rows = np.flatnonzero(self.whole)
        proxies = (self.responses[:, rows] < NEVER).T.astype(np.float64)
        return uplift.Trial(
            self.x[rows], self.sent[rows].astype(np.float64), self.chance[rows], self.goal[rows], proxies,
            self.user[rows],
        )  # fmt: skip


def make_trial(entry: NotifyEntry, features: Features) -> Trial:
    """The trial that the past makes.

    Raises:
        ArgumentError: too little was sent, or too few were not.
    """
    past, seed = features.past, entry.random_seed
    sends = past.sends
    rows = np.flatnonzero((sends.channel >= 0) & ~past.messages.priority[sends.message])
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))
    columns = [sends.user[rows], sends.message[rows], sends.channel[rows], sends.at[rows]]
    sent, chance = sends.sent[rows], sends.chance[rows]
    responses, credited, left = sends.responses[:, rows], sends.credited[rows], sends.left[rows]
    if sent.all():
        others = _others(features, columns, seed)
        n = len(others[0])
        columns = [np.concatenate([a, b]) for a, b in zip(columns, others, strict=True)]
        sent = np.concatenate([sent, np.zeros(n, bool)])
        chance = np.full(len(sent), np.nan)
        responses = np.concatenate([responses, np.full((len(responses), n), NEVER)], axis=1)
        credited = np.concatenate([credited, np.zeros(n)])
        left = np.concatenate([left, np.full(n, NEVER)])
    user, message, channel, at = columns
    _enough(sent)
    x = features(Moments(user, message, channel, at, local_hour(past, user, at)))
    fold = folds_of(user, seed)
    least = 0.0
    if np.isnan(chance).any():
        least = _OVERLAP
        chance = crossed(x, sent.astype(np.float64), fold, binary=True, random_seed=seed).held(x, fold)
    value, end = past.goals.value, at + entry.goal.days * DAY
    timeline = Timeline(past.goals.user, past.goals.at)
    goals = timeline.between(user, at + 1, end)
    goal = goals.astype(np.float64) if value is None else timeline.sums(value, user, at + 1, end)
    whole = (end <= past.at) & (chance > least) & (chance < 1.0 - least)
    return Trial(x, user, at, sent, chance, goal, goals, whole, responses, credited, left, fold, message, channel)


def _others(features: Features, columns: list[np.ndarray], random_seed: int) -> list[np.ndarray]:
    """For each send somebody who was sent nothing of it: the controls where nothing was withheld."""
    past, (user, message, channel, at) = features.past, columns
    rng = np.random.default_rng(random_seed)
    other = rng.integers(0, len(past.users), len(user))
    joined = past.users.joined[other] <= at
    pair = Timeline(past.sends.user * len(past.messages) + past.sends.message, past.sends.at)
    never = pair.between(other * len(past.messages) + message, at - 28 * DAY, at + DAY) == 0
    kept = joined & never
    return [other[kept], message[kept], channel[kept], at[kept]]


def _enough(sent: Bool[np.ndarray, " n"]) -> None:
    for many, what in ((int(sent.sum()), "messages were sent"), (int((~sent).sum()), "were not, to compare with")):
        if many < _FEWEST:
            raise ArgumentError(
                f"only {many} {what}; {_FEWEST} are needed to learn what messages do",
                hint="decide at a later moment, or send and withhold more messages by chance first",
            )
