"""One kind of things: its columns as arrays, by row id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32, Int32, Int64

from edgewise.decisions.catalogue.columns import Codes, Reader, text_at
from edgewise.decisions.project.file import CollectionEntry, ItemEntry

__all__ = ["Kind", "Releases", "collection_kind", "item_kind", "releases_of"]


class Releases(NamedTuple):
    """Row ids by release, the earliest first."""

    rows: Int64[np.ndarray, " rows"]
    at: Int64[np.ndarray, " rows"]


def releases_of(released: Int64[np.ndarray, " rows"]) -> Releases:
    """Rows in the order of their release."""
    order = np.argsort(released, kind="stable")
    return Releases(order, released[order])


@dataclass(frozen=True, slots=True)
class Kind:
    """The things of one table. Every array is by row id.

    `faces` are codes of what people see, title and creator together: two things of one face look like twins and
    are never shown on one page. `attributes` are standardised (mean 0, deviation 1, 0 where missing).
    """

    name: str
    entry: ItemEntry
    titles: pa.Array
    faces: Int32[np.ndarray, " rows"]
    creator: Codes
    category: Codes
    supplier: Codes
    released: Int64[np.ndarray, " rows"]
    duration: Float32[np.ndarray, " rows"]
    attributes: Float32[np.ndarray, "rows attributes"]
    releases: Releases
    picture: pa.Array | None = None
    others: Mapping[str, Codes] = field(default_factory=dict)
    _made: dict[int, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __len__(self) -> int:
        return len(self.titles)

    @property
    def one(self) -> str:
        """The word for one thing."""
        return self.entry.one or self.many.removesuffix("s")

    @property
    def many(self) -> str:
        """The word for several."""
        return self.entry.many or self.name.replace("_", " ")

    def title(self, row: int) -> str:
        """A thing's title; empty for MISSING."""
        return text_at(self.titles, row, self._made)

    def released_between(self, after: int, until: int) -> Int64[np.ndarray, " n"]:
        """The rows released in (after, until], the latest first."""
        first, last = np.searchsorted(self.releases.at, [after, until], side="right")
        return self.releases.rows[first:last][::-1]

    def codes(self, by: str) -> Codes:
        """The codes of `creator`, `category` or `supplier`, or of another column that shelves go by."""
        own = {"creator": self.creator, "category": self.category, "supplier": self.supplier}
        return own[by] if by in own else self.others[by]


def item_kind(reader: Reader, name: str, entry: ItemEntry, others: Iterable[str] = ()) -> Kind:
    """Read the columns of an item table; `others` are further columns that shelves go by."""
    titles = _titled(reader, name, entry)
    creator = reader.codes(name, entry.creator).ordered()
    numbers = [reader.numbers(name, column) for column in entry.attributes]
    released = reader.times(name, entry.released)
    return Kind(
        name=name,
        entry=entry,
        titles=titles,
        faces=_faces(titles, creator.codes),
        creator=creator,
        category=reader.codes(name, entry.category).ordered(),
        supplier=reader.codes(name, entry.supplier).ordered(),
        released=released,
        duration=reader.numbers(name, entry.duration),
        attributes=_standardised(numbers, len(titles)),
        releases=releases_of(released),
        picture=None if entry.picture is None else reader.values(name, entry.picture),
        others={column: reader.codes(name, column).ordered() for column in others},
    )


def collection_kind(reader: Reader, name: str, entry: CollectionEntry) -> Kind:
    """Read the columns of a table of collections."""
    return item_kind(reader, name, ItemEntry(title=entry.title, many=entry.many, released=entry.created))


def _titled(reader: Reader, name: str, entry: ItemEntry) -> pa.Array:
    """What things are called; those without a title by their keys."""
    titles, key = reader.text(name, entry.title), reader.schema.table(name).key
    if key is None or titles.null_count == 0:
        return titles
    one = entry.one or (entry.many or name).removesuffix("s")
    keys = pc.cast(reader.plain(name, key), pa.string())
    return pc.coalesce(titles, pc.binary_join_element_wise(pa.scalar(one), keys, " "))


def _faces(titles: pa.Array, creator: Int32[np.ndarray, " rows"]) -> Int32[np.ndarray, " rows"]:
    encoded = pc.dictionary_encode(titles)
    code = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    both = code * (int(creator.max(initial=-1)) + 2) + creator + 1
    unnamed = code < 0  # without a title nothing looks like anything else
    both[unnamed] = -1 - np.flatnonzero(unnamed)
    return np.unique(both, return_inverse=True)[1].astype(np.int32)


def _standardised(columns: list[np.ndarray], rows: int) -> Float32[np.ndarray, "rows attributes"]:
    table = np.zeros((rows, len(columns)), dtype=np.float32)
    for j, column in enumerate(columns):
        known = np.isfinite(column)
        if known.any():
            deviation = float(column[known].std()) or 1.0
            table[known, j] = (column[known] - column[known].mean()) / deviation
    return table
