"""What a policy wants sent, as a table, read and checked."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int32, Int64

from edgewise.clock import DAY, SECOND, iso
from edgewise.errors import ArgumentError
from edgewise.worlds.messaging.course import Candidates
from edgewise.worlds.messaging.parts import START, Planted
from edgewise.worlds.messaging.words import CHANNELS

__all__ = ["COLUMNS", "Wanted", "codes_of", "read_sends", "rows_of"]

#: The columns of a table of sends; `propensity` and `choice_propensity` may stand beside them.
COLUMNS: Final = ("user_id", "message_id", "channel", "send_at")

Wanted = tuple[
    Int32[np.ndarray, " n"],
    Candidates,
    tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]],
    Int64[np.ndarray, " n"],
]


def read_sends(sends: pa.Table, planted: Planted, now: int, days: int, next_id: int) -> Wanted:
    """Users, candidates in the order of the world's loops, their propensities, and each one's row in `sends`.

    Raises:
        ArgumentError: a column is missing or empty in places, a user, message or channel is unknown, a message is
            not there yet, or a moment lies outside [now, now + days).
    """
    for name in COLUMNS:
        if name not in sends.column_names:
            raise ArgumentError(f"the sends have no column '{name}'", hint=f"columns: {', '.join(COLUMNS)}")
        if sends.column(name).null_count:
            raise ArgumentError(f"the sends have rows without {name}", hint="leave those rows out")
    user = rows_of(sends.column("user_id").to_numpy(), len(planted.people.rate), "user")
    message = rows_of(sends.column("message_id").to_numpy(), len(planted.messages.topic), "message")
    channel = codes_of(sends.column("channel"))
    moment = sends.column("send_at").cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    outside = (moment < now) | (moment >= now + days * DAY)
    if outside.any():
        raise ArgumentError(
            f"a send at {iso(int(moment[outside][0]))} is not within the step",
            hint=f"from {iso(now)} to before {iso(now + days * DAY)}",
        )
    early = planted.messages.created[message] * DAY + START > now
    if early.any():
        raise ArgumentError(f"message {message[early][0] + 1} is not there yet", hint="send what the tables hold")
    at = (moment - START) // SECOND
    order = np.lexsort((channel, message, at, user))
    ids = np.empty(len(order), np.int64)
    ids[np.lexsort((user[order], at[order]))] = np.arange(next_id, next_id + len(order))
    first = np.searchsorted(user[order], np.arange(len(planted.people.rate) + 1))
    candidates = Candidates(
        first,
        message[order].astype(np.int32),
        channel[order].astype(np.int8),
        at[order],
        np.zeros(len(order), bool),
        ids,
    )
    chances = (_chance(sends, "propensity", order), _chance(sends, "choice_propensity", order))
    return user[order].astype(np.int32), candidates, chances, order


def _chance(sends: pa.Table, name: str, order: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """The propensities that a policy tells, or 1 where it left nothing to chance."""
    if name not in sends.column_names:
        return np.ones(len(order))
    return sends.column(name).cast(pa.float64()).to_numpy()[order]


def rows_of(keys: np.ndarray, n: int, kind: str) -> Int64[np.ndarray, " n"]:
    """Row numbers of keys, which count from 1.

    Raises:
        ArgumentError: a key is not known.
    """
    rows = np.asarray(keys, np.int64) - 1
    unknown = (rows < 0) | (rows >= n)
    if unknown.any():
        raise ArgumentError(f"there is no {kind} {rows[unknown][0] + 1}", hint=f"keys are from 1 to {n}")
    return rows


def codes_of(channels: pa.ChunkedArray | pa.Array) -> Int64[np.ndarray, " n"]:
    """The number of each channel's name.

    Raises:
        ArgumentError: a name is none of them.
    """
    codes = pc.index_in(channels.cast(pa.string()), value_set=pa.array(CHANNELS))
    if codes.null_count:
        unknown = channels.filter(pc.is_null(codes))[0].as_py()
        raise ArgumentError(f"'{unknown}' is no channel", hint=f"channels: {', '.join(CHANNELS)}")
    return codes.to_numpy().astype(np.int64) if isinstance(codes, pa.ChunkedArray) else np.asarray(codes, np.int64)
