"""What only the planter knows: what a message to anyone would bring, and what the best sends are.

The truth stands beside the tables and is never in them. Its questions are asked in the tables' own keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int64
from numba import njit

from edgewise.clock import DAY, SECOND, to_micros
from edgewise.worlds.messaging.chances import respond
from edgewise.worlds.messaging.oracle import HORIZON_WEEKS, plan_best
from edgewise.worlds.messaging.parts import START, Messages, People, Planted, Products, State
from edgewise.worlds.messaging.sending import codes_of, rows_of
from edgewise.worlds.messaging.words import CHANNELS

__all__ = ["Chances", "MessagingTruth"]


@dataclass(frozen=True, slots=True)
class Chances:
    """What messages would bring, pair by pair.

    Attributes:
        opened: the probability that it is opened.
        clicked: the probability that it is opened and clicked.
        bought: the probability that it is opened, clicked and bought from.
        kept: the share of such purchases that the user would not have made anyway within 14 days.
        uplift: the expected amount gained, net of what would have been bought anyway.
        hazard: the probability that the user leaves the channel.
    """

    opened: Float64[np.ndarray, " n"]
    clicked: Float64[np.ndarray, " n"]
    bought: Float64[np.ndarray, " n"]
    kept: Float64[np.ndarray, " n"]
    uplift: Float64[np.ndarray, " n"]
    hazard: Float64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True)
class MessagingTruth:
    """The planted truth of a messaging world, given what happened up to `now`.

    Unknown keys are a mistake, not a silent zero.
    """

    planted: Planted
    state: State
    now: int

    def chances(
        self,
        users: Sequence[int],
        messages: Sequence[int],
        channels: Sequence[str],
        at: str | int | Sequence[int],
    ) -> Chances:
        """What each message to each user on each channel would bring at `at`: one moment, or one for each.

        Fatigue is that of everything sent up to now, faded until `at`. Consent is not asked after.

        Raises:
            ArgumentError: there is no such user, message or channel.
        """
        planted, n = self.planted, len(users)
        who = rows_of(np.asarray(users), len(planted.people.rate), "user")
        which = rows_of(np.asarray(messages), len(planted.messages.topic), "message")
        where = codes_of(pa.array(channels, pa.string()))
        moments = np.full(n, to_micros(at)) if isinstance(at, str | int) else np.asarray(at, np.int64)
        out = np.zeros((6, n))
        seconds = (moments - START) // SECOND
        _chances(who, which, where, seconds, *_arrays(planted), self.state, out)
        return Chances(*out)

    def base(self, users: Sequence[int], days: int = 7) -> Float64[np.ndarray, " users"]:
        """The expected number of purchases that each user makes by themselves within whole weeks."""
        who = rows_of(np.asarray(users), len(self.planted.people.rate), "user")
        return self.planted.people.rate[who] * days

    def best(self, budget: int, days: int = 7, weeks: float = HORIZON_WEEKS) -> pa.Table:
        """The oracle's sends for the days after `now`: user_id, message_id, channel, send_at.

        There are at most `budget`. `weeks` is for how long a channel that is kept is of use (see `oracle`).
        """
        first_day = (self.now - START) // DAY
        user, message, channel, at = plan_best(self.planted, self.state, int(first_day), days, budget, weeks).T
        return pa.table(
            {
                "user_id": user + 1,
                "message_id": message + 1,
                "channel": pa.array(CHANNELS).take(pa.array(channel)),
                "send_at": pa.array(START + at * SECOND).cast(pa.timestamp("us")),
            }
        )


def _arrays(planted: Planted) -> tuple[People, Products, Messages, np.ndarray]:
    return planted.people, planted.products, planted.messages, planted.offset


@njit(cache=True, error_model="numpy")
def _chances(
    who: Int64[np.ndarray, " n"],
    message: Int64[np.ndarray, " n"],
    channel: Int64[np.ndarray, " n"],
    at: Int64[np.ndarray, " n"],
    people: People,
    products: Products,
    messages: Messages,
    offset: np.ndarray,
    state: State,
    out: Float64[np.ndarray, "6 n"],
) -> None:
    for row in range(len(who)):
        one = respond(who[row], message[row], channel[row], at[row], people, products, messages, offset, state)
        clicked = one.opened * one.clicked
        out[0, row], out[1, row], out[2, row] = one.opened, clicked, clicked * one.bought
        out[3, row], out[4, row], out[5, row] = one.kept, one.net, one.hazard
