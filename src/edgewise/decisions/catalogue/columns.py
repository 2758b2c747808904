"""Columns of an item table and of the tables it links to, read in the rows of the item table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32, Int32, Int64

from edgewise.clock import ALWAYS, NEVER
from edgewise.decisions.project.refs import Ref, resolve
from edgewise.errors import SchemaError
from edgewise.ids import MISSING, Vocabulary
from edgewise.schema.model import Link, Schema

__all__ = ["Codes", "Columns", "Reader", "text_at"]

#: Texts of one column that are kept as Python's own; beyond, they are made anew.
_MOST_TEXTS: Final = 200_000


class Columns(Protocol):
    """Where columns come from: a graph store, or live answers."""

    def column(self, table: str, name: str) -> pa.Array:
        """A column of a table, by row id; keys and foreign keys included."""


@dataclass(frozen=True, slots=True)
class Codes:
    """A column as small integers: row `i` has the label `labels[codes[i]]`, none where the code is MISSING.

    `table` is set where the labels are one column of another table, and the codes that table's row ids.
    """

    codes: Int32[np.ndarray, " rows"]
    labels: pa.Array
    table: str | None = None
    #: Rows by code, and where each code's begin: see `ordered`.
    order: Int32[np.ndarray, " rows"] | None = None
    first: Int64[np.ndarray, " labels_plus_1"] | None = None
    _made: dict[int, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def ordered(self) -> Codes:
        """The same codes, ready to be asked for their rows; the later rows of a table come first."""
        order = np.argsort(self.codes[::-1], kind="stable").astype(np.int32)
        order = (len(self.codes) - 1 - order).astype(np.int32)
        first = np.searchsorted(self.codes[order], np.arange(len(self.labels) + 1))
        return Codes(self.codes, self.labels, self.table, order, first)

    def rows_of(self, code: int) -> Int64[np.ndarray, " n"]:
        """The rows of a code, the latest first."""
        if self.order is None or self.first is None:
            return np.flatnonzero(self.codes == code)[::-1]
        return self.order[self.first[code] : self.first[code + 1]].astype(np.int64)

    def label(self, code: int) -> str:
        """The label of a code, as text; empty for MISSING."""
        return text_at(self.labels, code, self._made)

    @staticmethod
    def none(rows: int) -> Codes:
        """A column that is not there."""
        return Codes(np.full(rows, MISSING, dtype=np.int32), pa.array([], type=pa.string()))


def text_at(values: pa.Array, i: int, made: dict[int, str]) -> str:
    """A text of a column, empty for null and for MISSING; `made` keeps those that were asked for."""
    if i < 0:
        return ""
    text = made.get(i)
    if text is None:
        if len(made) >= _MOST_TEXTS:
            made.clear()
        text = made[int(i)] = str(values[int(i)].as_py() or "")
    return text


class Reader:
    """Reads columns by reference, over links where need be."""

    def __init__(self, schema: Schema, columns: Columns) -> None:
        self.schema = schema
        self._columns = columns
        self._forward: dict[str, Int64[np.ndarray, " rows"]] = {}

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        entry = self.schema.table(table)
        return len(self._columns.column(table, entry.key or entry.columns[0].name))

    def plain(self, table: str, name: str) -> pa.Array:
        """A column as it is, dictionaries decoded."""
        array = self._columns.column(table, name)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array

    def values(self, base: str, text: str) -> pa.Array:
        """The values of a reference, in rows of `base`; null where a link leads nowhere."""
        return self.read(resolve(self.schema, base, text))

    def read(self, ref: Ref) -> pa.Array:
        """The values of a resolved reference."""
        values = self.plain(ref.table, ref.column.name)
        return values if not ref.hops else values.take(pa.array(*_masked(self.follow(ref.hops))))

    def follow(self, hops: tuple[Link, ...]) -> Int64[np.ndarray, " rows"]:
        """The row at the end of a way, for each row at its start; MISSING for none."""
        rows = self.forward(hops[0])
        for hop in hops[1:]:
            further = self.forward(hop)
            rows = np.where(rows == MISSING, MISSING, further[np.maximum(rows, 0)])
        return rows

    def forward(self, link: Link) -> Int64[np.ndarray, " rows"]:
        """The row that each foreign key refers to; MISSING for none."""
        if link.name not in self._forward:
            key = self.schema.table(link.to).key
            if key is None:
                raise SchemaError(f"table '{link.to}' has no key", hint="name its key column in the graph file")
            keys = Vocabulary(self.plain(link.to, key))
            self._forward[link.name] = keys.rows(self.plain(link.table, link.column))
        return self._forward[link.name]

    def codes(self, base: str, text: str | None) -> Codes:
        """A reference as codes: row ids of the linked table where it goes over links, a dictionary otherwise."""
        if text is None:
            return Codes.none(self.rows(base))
        ref = resolve(self.schema, base, text)
        if ref.hops:
            codes = self.follow(ref.hops).astype(np.int32)
            return Codes(codes, as_text(self.plain(ref.table, ref.column.name)), ref.table)
        own = next((k for k in self.schema.links_from(base) if k.column == ref.column.name), None)
        if own is not None:  # a foreign key itself: its rows are the codes, its keys the labels
            labels = as_text(self.plain(own.to, self.schema.table(own.to).key or ""))
            return Codes(self.forward(own).astype(np.int32), labels, own.to)
        found = pc.dictionary_encode(as_text(self.read(ref)))
        codes = pc.fill_null(found.indices, MISSING).to_numpy(zero_copy_only=False)
        return Codes(codes.astype(np.int32), found.dictionary)

    def numbers(self, base: str, text: str | None) -> Float32[np.ndarray, " rows"]:
        """A reference as numbers; NaN for none."""
        if text is None:
            return np.full(self.rows(base), np.nan, dtype=np.float32)
        return pc.cast(self.values(base, text), pa.float32()).to_numpy(zero_copy_only=False)

    def times(self, base: str, text: str | None) -> Int64[np.ndarray, " rows"]:
        """A reference as microseconds; by default the table's time. ALWAYS without one, NEVER where it is null."""
        text = text or self.schema.table(base).time
        if text is None:
            return np.full(self.rows(base), ALWAYS, dtype=np.int64)
        return micros(self.values(base, text))

    def text(self, base: str, columns: list[str]) -> pa.Array:
        """Several columns as one text, nulls left out; null where all are."""
        joined = as_text(self.values(base, columns[0]))
        for column in columns[1:]:
            more = as_text(self.values(base, column))
            both = pc.binary_join_element_wise(joined, more, " · ")  # null where either is
            joined = pc.coalesce(both, joined, more)
        return joined


def micros(values: pa.Array) -> Int64[np.ndarray, " rows"]:
    """Times as microseconds since the epoch, UTC; NEVER where null."""
    stamps = pc.cast(values, pa.timestamp("us"), safe=False) if not pa.types.is_int64(values.type) else values
    return pc.fill_null(pc.cast(stamps, pa.int64()), NEVER).to_numpy(zero_copy_only=False)


def as_text(values: pa.Array) -> pa.Array:
    """Values as text; the first label of a list."""
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        filled = pc.if_else(pc.greater(pc.list_value_length(values), 0), values, None)
        values = pc.list_element(filled, 0) if len(filled) else pa.array([], type=values.type.value_type)
    return pc.cast(values, pa.string())


def _masked(rows: np.ndarray) -> tuple[Any, ...]:
    """Row ids as arguments of `pa.array`: MISSING is null."""
    return rows, pa.int64(), rows == MISSING
