"""The randomised history: who might be sent what, where and when, decided by chance alone.

Each user's pace changes every four weeks at random. Within it, a candidate is drawn on a day: a channel among
those that the user agreed to at some time, a message among those that exist, an hour of the user's own day. One in
four candidates is withheld. The messages of service go to everyone with e-mail; nothing about them is left to
chance.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int16, Int32, Int64
from numba import njit

from edgewise.worlds.messaging import luck
from edgewise.worlds.messaging.chances import DAY_SECONDS
from edgewise.worlds.messaging.course import Candidates
from edgewise.worlds.messaging.parts import NEVER, People, Planted

__all__ = ["SEND_SHARE", "History", "draw_history"]

SEND_SHARE: Final = 0.75
_FIRST_HOUR: Final = 7
_HOURS: Final = 15  # 7:00 to 21:59 on the user's own clock
_PACES: Final = (0.10, 0.28, 0.60)  # candidates a day
_SERVICE_HOUR: Final = 10


class History(NamedTuple):
    """The candidates, sorted by user and second, and the chances they were drawn with."""

    candidates: Candidates
    user: Int32[np.ndarray, " candidates"]
    propensity: Float64[np.ndarray, " candidates"]
    choice: Float64[np.ndarray, " candidates"]


@njit(cache=True, error_model="numpy")
def _second(day: int, hour: int, minute: float, zone: int, offset: Int16[np.ndarray, "zones days"]) -> int:
    """The second within a UTC day at which a zone's clock shows that hour and minute."""
    minutes = (hour * 60.0 + minute - offset[zone, day]) % 1440.0
    return min(day * DAY_SECONDS + int(minutes * 60.0), (day + 1) * DAY_SECONDS - 1)


@njit(cache=True, error_model="numpy")
def _draw(
    seed: int,
    days: int,
    people: People,
    offset: Int16[np.ndarray, "zones days"],
    live: Int64[np.ndarray, " days"],
    ordinary: Int64[np.ndarray, " ordinary_messages"],
    service: Int64[np.ndarray, " service_messages"],
    service_day: Int64[np.ndarray, " service_messages"],
    out_user: Int32[np.ndarray, " room"],
    out_message: Int32[np.ndarray, " room"],
    out_channel: Int8[np.ndarray, " room"],
    out_at: Int64[np.ndarray, " room"],
    out_withheld: Bool[np.ndarray, " room"],
    out_choice: Float64[np.ndarray, " room"],
) -> int:
    """Draw all candidates; with no room they are only counted."""
    n = 0
    for who in range(len(people.rate)):
        if people.held_out[who]:
            continue
        agreed = np.flatnonzero(people.consented[who] < NEVER)
        for day in range(days):
            for k in range(len(service)):
                if service_day[k] == day and people.consented[who, 0] < NEVER:
                    if len(out_user):
                        out_user[n], out_message[n], out_channel[n] = who, service[k], 0
                        out_at[n] = _second(day, _SERVICE_HOUR, 0.0, people.zone[who], offset)
                        out_choice[n] = 1.0
                    n += 1
            pace = _PACES[int(luck.uniform(seed, luck.PACE, who, day // 28, 0) * 3)]
            if len(agreed) == 0 or luck.uniform(seed, luck.CANDIDATE, who, day, 0) >= pace:
                continue
            if len(out_user):
                channel = agreed[int(luck.uniform(seed, luck.CHANNEL, who, day, 0) * len(agreed))]
                hour = _FIRST_HOUR + int(luck.uniform(seed, luck.HOUR, who, day, 0) * _HOURS)
                minute = 60.0 * luck.uniform(seed, luck.MINUTE, who, day, 0)
                out_user[n], out_channel[n] = who, channel
                out_message[n] = ordinary[int(luck.uniform(seed, luck.MESSAGE, who, day, 0) * live[day])]
                out_at[n] = _second(day, hour, minute, people.zone[who], offset)
                out_withheld[n] = luck.uniform(seed, luck.WITHHOLD, who, day, 0) >= SEND_SHARE
                out_choice[n] = 1.0 / (len(agreed) * live[day] * _HOURS)
            n += 1
    return n


def draw_history(planted: Planted, days: int) -> History:
    """All candidates of the days from the first on. On channels lost or not yet agreed to they come to nothing."""
    messages = planted.messages
    ordinary, service = np.flatnonzero(messages.topic >= 0), np.flatnonzero(messages.topic < 0)
    live = np.searchsorted(messages.created[ordinary], np.arange(days), side="left")
    service_day = messages.created[service].astype(np.int64)
    fixed = (planted.random_seed, days, planted.people, planted.offset, live, ordinary, service, service_day)
    n = _draw(*fixed, *_columns(0))
    columns = _columns(n)
    _draw(*fixed, *columns)
    user, message, channel, at, withheld, choice = columns
    order = np.lexsort((at, user))
    # ids count candidates in order of time, as a log of them would
    ids = np.empty(n, np.int64)
    ids[np.lexsort((user[order], at[order]))] = np.arange(1, n + 1)
    first = np.searchsorted(user[order], np.arange(len(planted.people.rate) + 1))
    candidates = Candidates(first, message[order], channel[order], at[order], withheld[order], ids)
    certain = np.isin(message[order], service)
    return History(candidates, user[order], np.where(certain, 1.0, SEND_SHARE), choice[order])


def _columns(n: int) -> tuple[np.ndarray, ...]:
    kinds = (np.int32, np.int32, np.int8, np.int64, np.bool_, np.float64)
    return tuple(np.zeros(n, kind) for kind in kinds)
