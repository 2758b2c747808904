"""What could be sent to whom at a moment: the best messages and hours by user and channel, as the models see
them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64

from edgewise.clock import HOUR, MINUTE
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import FADES, Features, Moments
from edgewise.decisions.notify.fitted import Fitted
from edgewise.decisions.notify.sequence import LEVEL, Offers
from edgewise.decisions.notify.slots import Slots, make_slots
from edgewise.decisions.notify.timeline import Timeline, fading
from edgewise.decisions.notify.worth import Hazard

__all__ = ["Menu", "make_menu"]

_LEVELS: Final = 24
_SAMPLE: Final = 250
_AT_ONCE: Final = 200_000
_Model = Callable[[Float32[np.ndarray, "n features"], Moments], np.ndarray]


@dataclass(frozen=True, slots=True)
class Menu:
    """Offers with what they stand for.

    Attributes:
        users: the users who may be written to at all.
        offers: what could be sent to them.
        message: the k-th best message of each channel; -1 where there is none.
        hours: the factor of each hour of a user's own day beside their best one; 0 where it is not permitted.
        slots: when.
        start: the moment that minutes are counted from.
    """

    users: Int64[np.ndarray, " n"]
    offers: Offers
    message: Int32[np.ndarray, "n channels ranks"]
    hours: Float32[np.ndarray, "n channels 24"]
    slots: Slots
    start: int


def make_menu(
    features: Features, fitted: Fitted, entry: NotifyEntry, users: Int64[np.ndarray, " n"],
    settled: Int32[np.ndarray, " n"] | None = None,
) -> Menu:  # fmt: skip
    """The offers to some users, those of channels without consent left out.

    Args:
        features: what is known.
        fitted: what was learnt.
        entry: what is allowed.
        users: whom to look at.
        settled: minute of a send that each of them gets anyway; -1 for none.
    """
    past = features.past
    hours = [h for h in entry.quiet.allowed() if h in fitted.hours] or entry.quiet.allowed()
    slots = make_slots(past, entry, users, hours)
    ranks = max(1, min(entry.per_week, slots.count))
    pairs = may_reach(features, users)
    at = np.full(len(users), past.at)
    messages = _candidates(features)
    rank = _hour_factors(features, fitted, users, pairs, messages, hours)
    when, minute = slots.best(rank)
    when *= pairs[:, :, None]
    best = rank.argmax(axis=2)
    message, effect, hazard = _best_messages(features, fitted, entry, users, pairs, messages, best, ranks)
    tired, wear, elsewhere = _tiredness(features, fitted, users, pairs, message, best)
    start = -(-past.at // HOUR) * HOUR
    sends, width = past.sends, len(past.channels)
    sent = np.flatnonzero(sends.sent & (sends.channel >= 0))
    own = np.repeat(users * width, width) + np.tile(np.arange(width), len(users))
    worn = fading(
        sends.user[sent] * width + sends.channel[sent], sends.at[sent], own, np.repeat(at, width) + 1, FADES
    )
    caps = [entry.channels[c].per_week if c in entry.channels else None for c in past.channels]
    offers = Offers(
        effect=effect, hazard=hazard, when=when, minute=minute,
        loss=np.zeros((len(users), width), np.float32), tired=tired, wear=wear,
        fatigue=worn.reshape(len(users), width).astype(np.float32), half=FADES / MINUTE, elsewhere=elsewhere,
        past=slots.past, past_by=slots.past_by,
        fixed=np.full(len(users), -1, np.int32) if settled is None else settled,
        caps=np.array([entry.per_week if cap is None else cap for cap in caps], np.int32),
        cap=entry.per_week, spacing=int(entry.spacing_hours * 60),
    )  # fmt: skip
    return Menu(users, offers, message, rank, slots, start)


def may_reach(features: Features, users: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, "n channels"]:
    """Whether each channel may be used: consent given, and not taken back since."""
    past = features.past
    consent, lost = past.users.consent[users], past.lost[users]
    return (consent <= past.at) & ((lost > past.at) | (consent > lost))


def _candidates(features: Features) -> Int64[np.ndarray, " messages"]:
    past = features.past
    messages = past.messages
    return np.flatnonzero((messages.begins <= past.at) & (messages.ends > past.at) & ~messages.priority)


def _moments(features: Features, user: np.ndarray, message: np.ndarray, channel: np.ndarray, hour: np.ndarray,
             own: float = 0.0, other: float = 0.0) -> Moments:  # fmt: skip
    n = len(user)
    at = np.full(n, features.past.at + MINUTE)
    return Moments(user, message, channel, at, hour, np.full(n, own), np.full(n, other))


def _hour_factors(
    features: Features, fitted: Fitted, users: np.ndarray, pairs: np.ndarray, messages: np.ndarray, hours:
    list[int]
) -> Float32[np.ndarray, "n channels 24"]:  # fmt: skip
    """How good each hour is beside the user's best one; 0 for hours that are not permitted."""
    rank = np.zeros((*pairs.shape, 24), np.float32)
    row, channel = np.nonzero(pairs)
    if len(messages) == 0 or len(row) == 0:
        return rank
    for hour in hours:
        if fitted.effect.funnel is None or len(hours) == 24:
            # nothing is known of hours: the day's middle, then what lies next to it
            rank[row, channel, hour] = 1.0 - 0.001 * abs(hour - 12)
            continue
        asked = _moments(features, users[row], np.full(len(row), messages[0]), channel, np.full(len(row), hour))
        rank[row, channel, hour] = _said(fitted.effect.funnel.opened, features, asked)
    best = rank.max(axis=2, keepdims=True)
    return np.where(best > 0, rank / np.where(best > 0, best, 1.0), 0.0).astype(np.float32)


def _said(model: _Model, features: Features, asked: Moments) -> np.ndarray:
    """What a model says of many moments, read a part at a time."""
    parts = [asked.of(np.arange(i, min(i + _AT_ONCE, len(asked)))) for i in range(0, len(asked), _AT_ONCE)]
    found = [model(features(part), part) for part in parts]
    return np.concatenate(found) if found else np.zeros(0)


def _alone(hazard: Hazard) -> _Model:
    """A model that needs to know no more than the features."""
    return lambda x, _: hazard(x)


def _best_messages(
    features: Features, fitted: Fitted, entry: NotifyEntry, users: np.ndarray, pairs: np.ndarray,
    messages: np.ndarray, best: np.ndarray, ranks: int,
) -> tuple[Int32[np.ndarray, "n c r"], Float32[np.ndarray, "n c r"], Float32[np.ndarray, "n c r"]]:  # fmt: skip
    """The messages of most effect by user and channel, none that was sent lately; their effects and hazards."""
    shape = (*pairs.shape, ranks)
    message, effect = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    hazard = np.zeros(shape, np.float32)
    row, channel = np.nonzero(pairs)
    if len(messages) == 0 or len(row) == 0:
        return message, effect, hazard
    fresh = _fresh(features, entry, users, messages)
    chunk = max(1, _AT_ONCE // len(messages))
    for first in range(0, len(row), chunk):
        r, c = row[first : first + chunk], channel[first : first + chunk]
        value = _values(features, fitted, users[r], c, messages, best[r, c], fresh[r])
        top = np.argsort(-value, axis=1, kind="stable")[:, :ranks]
        taken = np.take_along_axis(value, top, axis=1)
        good = np.isfinite(taken) & (taken > 0)
        width = top.shape[1]
        message[r, c, :width] = np.where(good, messages[top], -1)
        effect[r, c, :width] = np.where(good, taken, 0.0)
    asked = np.nonzero(message >= 0)
    if fitted.hazard is not None and len(asked[0]):
        rows = _moments(features, users[asked[0]], message[asked], asked[1], best[asked[0], asked[1]])
        hazard[asked] = _said(_alone(fitted.hazard), features, rows)
    return message, effect, hazard


def _values(
    features: Features, fitted: Fitted, user: np.ndarray, channel: np.ndarray, messages: np.ndarray, hour:
    np.ndarray, fresh: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """The effect of each message on each pair of user and channel; minus infinity where it may not be sent
    again."""
    pair, which = np.nonzero(fresh)
    found = np.full(fresh.shape, -np.inf)
    if len(pair):
        asked = _moments(features, user[pair], messages[which], channel[pair], hour[pair])
        found[pair, which] = fitted.effect(features(asked), asked)
    return found


def _fresh(
    features: Features, entry: NotifyEntry, users: np.ndarray, messages: np.ndarray
) -> Bool[np.ndarray, "n messages"]:
    """Whether a message was not sent to the user within the days in which it is not to be repeated."""
    past, width = features.past, len(features.past.messages)
    sends = past.sends
    sent = np.flatnonzero(sends.sent)
    timeline = Timeline(sends.user[sent] * width + sends.message[sent], sends.at[sent])
    pair = (users[:, None] * width + messages[None, :]).ravel()
    end = np.full(len(pair), past.at + MINUTE)
    count = timeline.between(pair, end - entry.repeat_days * 24 * HOUR, end)
    return (count == 0).reshape(len(users), len(messages)) if entry.repeat_days else np.ones(
        (len(users), len(messages)), bool
    )  # fmt: skip


def _tiredness(
    features: Features, fitted: Fitted, users: np.ndarray, pairs: np.ndarray, message: np.ndarray, best: np.ndarray
) -> tuple[Float32[np.ndarray, "channels levels"], Float32[np.ndarray, "channels levels"], float]:
    """How effect and hazard change with tiredness, on average, and how much other channels count for it."""
    width = pairs.shape[1]
    tired, wear = np.ones((width, _LEVELS), np.float32), np.ones((width, _LEVELS), np.float32)
    counted = []
    for c in range(width):
        rows = np.flatnonzero(message[:, c, 0] >= 0)
        rows = rows[:: max(1, len(rows) // _SAMPLE)]
        if len(rows) == 0:
            continue
        who, what, hour = users[rows], message[rows, c, 0].astype(np.int64), best[rows, c]
        asked = [
            _moments(features, who, what, np.full(len(rows), c), hour, own, other)
            for own, other in [*((i * LEVEL, 0.0) for i in range(_LEVELS)), (0.0, 2.0)]
        ]
        x = features(asked[0])
        effects, hazards = [], []
        for moments in asked:
            for column, values in zip(features.tiredness, (moments.own, moments.other), strict=True):
                x[:, column] = values
            effects.append(float(np.maximum(fitted.effect(x, moments), 0.0).mean()))
            hazards.append(float(fitted.hazard(x).mean()) if fitted.hazard is not None else 0.0)
        tired[c] = (
            np.minimum.accumulate(np.array(effects[:-1]) / max(effects[0], 1e-12)) if effects[0] > 0 else 1.0
        )
        wear[c] = np.maximum.accumulate(np.array(hazards[:-1]) / max(hazards[0], 1e-12)) if hazards[0] > 0 else 1.0
        own_two = effects[0] - effects[int(2 / LEVEL)]
        if own_two > 0:
            counted.append(np.clip((effects[0] - effects[-1]) / own_two, 0.0, 1.0))
    return tired, wear, float(np.mean(counted)) if counted else 0.5
