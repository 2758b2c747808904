"""What a policy shows, as a table, read and checked."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.errors import ArgumentError
from edgewise.worlds.streaming.liking import kind_of
from edgewise.worlds.streaming.truth import StreamingTruth, rows_of

__all__ = ["SHOWN", "read_shown"]

SHOWN: Final = ("listener_id", "kind", "item", "position")


def read_shown(
    shown: pa.Table, truth: StreamingTruth, at: int
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"], Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    """Rows of listeners, kinds, rows of things, and positions.

    Raises:
        ArgumentError: a column is missing or empty in places, a kind or key is unknown, a thing is not there yet
            at `at`, or a position is below 1.
    """
    for name in SHOWN:
        if name not in shown.column_names:
            raise ArgumentError(f"the shown table has no column '{name}'", hint=f"columns: {', '.join(SHOWN)}")
        if shown.column(name).null_count:
            raise ArgumentError(f"the shown table has rows without {name}", hint="leave those rows out")
    everyone = np.arange(1, len(truth.planted.people.rate) + 1)
    listener = rows_of(everyone, shown.column("listener_id").to_numpy(), "listener")
    position = shown.column("position").to_numpy().astype(np.int64)
    if len(position) and position.min() < 1:
        raise ArgumentError(f"position {position.min()} is not on a page", hint="positions count from 1")
    kind, thing = np.zeros(len(listener), np.int64), np.zeros(len(listener), np.int64)
    item = shown.column("item").to_numpy()
    for name in pc.unique(shown.column("kind")).to_pylist():
        number = kind_of(name)
        rows = np.flatnonzero(pc.equal(shown.column("kind"), name).to_numpy())
        kind[rows], thing[rows] = number, rows_of(truth.keys(name), item[rows], name)
        early = rows[~truth.exists(name, at)[thing[rows]]]
        if len(early):
            raise ArgumentError(f"{name} {item[early[0]]} is not there yet", hint="show what the tables hold")
    return listener, kind, thing, position
