"""The graph as memory-mapped arrays: the contract that everything above the graph reads.

This is the interface the builder fills; see `build.py`, `append.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from edgewise.graph.relation import Hop, Relation
from edgewise.ids import Vocabulary
from edgewise.schema.model import Schema

__all__ = ["GraphStore"]


class GraphStore:
    """Rows, times, columns and links of a database, by row id.

    Row ids of a table follow time at build (rows without time last; static tables in the source's order);
    appended rows take the next ids. Only a relation's lists are guaranteed to be in time order.
    """

    schema: Schema
    path: Path

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        raise NotImplementedError

    def times(self, table: str) -> Int64[np.ndarray, "rows"]:
        """Each row's time in microseconds; ALWAYS in a static table, NEVER where the time is missing."""
        raise NotImplementedError

    def vocabulary(self, table: str) -> Vocabulary:
        """Keys to row ids of a table with a key.

        Raises:
            SchemaError: the table has no key.
        """
        raise NotImplementedError

    def column(self, table: str, column: str) -> pa.Array:
        """A column's values in row order (strings dictionary-encoded), memory-mapped."""
        raise NotImplementedError

    def hops(self, table: str) -> tuple[Hop, ...]:
        """The hops that leave a table, in schema order: forward links first, then reverse ones."""
        raise NotImplementedError

    def relation(self, hop: Hop) -> Relation:
        """The links of one hop."""
        raise NotImplementedError
