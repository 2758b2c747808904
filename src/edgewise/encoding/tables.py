"""A table as a matrix of numbers and a matrix of codes, by row id.

encoder = TableEncoder.fit(graph, "products", cut, hidden)
encoded = encoder.encode(graph)          # Encoded: dense float32[rows, d], codes int32[rows, c]
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int32, Int64

from edgewise.encoding.columns import ColumnEncoder, fit_column
from edgewise.graph.store import GraphStore
from edgewise.stypes import SType

__all__ = ["Encoded", "TableEncoder"]

#: Statistics are taken from at most this many of the latest visible rows.
SAMPLE_ROWS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table's rows. Column `j` of `codes` has values in 0..sizes[j]-1, 0 for null or unknown."""

    dense: Float32[np.ndarray, "rows width"]
    codes: Int32[np.ndarray, "rows categories"]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.dense)


@dataclass(frozen=True, slots=True)
class TableEncoder:
    """The encoders of a table's readable columns: no key, no link, not the row's own time, nothing hidden."""

    table: str
    columns: dict[str, ColumnEncoder]

    @classmethod
    def fit(
        cls, graph: GraphStore, table: str, cut: int, hidden: Collection[tuple[str, str]] = ()
    ) -> TableEncoder:
        """Fit on the rows visible at `cut` (microseconds)."""
        known = graph.schema.table(table)
        skip = {known.key, known.time, known.clock.column if known.clock else None}
        skip |= {link.column for link in graph.schema.links_from(table)}
        visible = np.flatnonzero(graph.times(table) <= cut)[-SAMPLE_ROWS:]
        fitted = {}
        for column in known.columns:
            if column.name in skip or column.stype is SType.ID or (table, column.name) in hidden:
                continue
            fitted[column.name] = fit_column(graph.column(table, column.name).take(visible), column.stype)
        return cls(table, fitted)

    @property
    def width(self) -> int:
        """How many dense columns there are."""
        return sum(e.width for e in self.columns.values())

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each categorical column has, null and unknown included."""
        return tuple(len(e.values) + 1 for e in self.columns.values() if e.coded)

    def names(self) -> list[str]:
        """The column that each dense column, then each column of codes, comes from."""
        dense = [name for name, e in self.columns.items() for _ in range(e.width)]
        return dense + [name for name, e in self.columns.items() if e.coded]

    def encode(self, graph: GraphStore, only: Int64[np.ndarray, " rows"] | None = None) -> Encoded:
        """All rows of the table, or those at the given positions, in their order."""
        rows = graph.rows(self.table) if only is None else len(only)
        dense = np.empty((rows, self.width), np.float32)
        codes = np.empty((rows, len(self.sizes)), np.int32)
        at, place = 0, 0
        for name, encoder in self.columns.items():
            column = graph.column(self.table, name)
            if only is not None:
                column = column.take(pa.array(only))
            dense[:, at : at + encoder.width] = encoder.dense(column)
            at += encoder.width
            if encoder.coded:
                codes[:, place] = encoder.codes(column)
                place += 1
        return Encoded(dense, codes, self.sizes)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"table": self.table, "columns": {name: e.to_json() for name, e in self.columns.items()}}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> TableEncoder:
        """The inverse of `to_json`."""
        return cls(found["table"], {name: ColumnEncoder.from_json(e) for name, e in found["columns"].items()})
