"""One link in one direction, as time-sorted CSR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64

__all__ = ["Hop", "Relation"]


class Hop(NamedTuple):
    """A link walked in one direction: from `src` to `dst` over the foreign key `table.column`.

    `reverse` false walks from the referring row to the row it refers to (at most one);
    `reverse` true walks from a row to all the rows that refer to it.
    """

    src: str
    table: str
    column: str
    dst: str
    reverse: bool

    def __str__(self) -> str:
        arrow = f"<-{self.table}.{self.column}-" if self.reverse else f"-{self.column}->"
        return f"{self.src} {arrow} {self.dst}"


@dataclass(frozen=True, slots=True)
class Relation:
    """For each row of `hop.src`, the rows of `hop.dst` in time order.

    Rows with equal times stand in the order of their row ids. `at` is the time from which the neighbour is
    visible (the neighbour row's own time; ALWAYS in a static table, NEVER where a timed row has none).
    """

    hop: Hop
    indptr: Int64[np.ndarray, " src_rows_plus_1"]
    dst: Int32[np.ndarray, " links"]  # row id in hop.dst
    at: Int64[np.ndarray, " links"]  # microseconds since the epoch, UTC; ascending within a source row
