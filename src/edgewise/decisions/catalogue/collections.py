"""Ready-made collections and the things in them, with the way back: in which collections a thing is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.catalogue.columns import Reader
from edgewise.decisions.project.file import CollectionEntry
from edgewise.ids import MISSING

__all__ = ["Collections", "Members", "collections_of", "members_of"]


@dataclass(frozen=True, slots=True)
class Members:
    """Lists of row ids: list `i` is `rows[indptr[i]:indptr[i + 1]]`."""

    indptr: Int64[np.ndarray, " lists_plus_1"]
    rows: Int64[np.ndarray, " members"]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def of(self, i: int) -> Int64[np.ndarray, " n"]:
        """One list."""
        return self.rows[self.indptr[i] : self.indptr[i + 1]]

    def lengths(self) -> Int64[np.ndarray, " lists"]:
        """How long each is."""
        return np.diff(self.indptr)


@dataclass(frozen=True, slots=True)
class Collections:
    """The collections of one table: `items` lists the things in each, without repeats, in their order."""

    name: str
    kind: str  # the table of the things
    items: Members
    ends: Int64[np.ndarray, " collections"]  # microseconds; NEVER for no end
    people: Members | None = None  # for each person, the collections that are theirs; None where all are for all


def collections_of(reader: Reader, name: str, entry: CollectionEntry, people: str) -> Collections:
    """Read which things are in which collection, from the table that links them."""
    links = {link.to: link for link in reader.schema.links_from(entry.links)}
    owner, item = reader.forward(links[name]), reader.forward(links[entry.items])
    lists = reader.rows(name)
    ends = np.full(lists, NEVER) if entry.ends is None else _end_of_day(reader.times(name, entry.ends))
    theirs = None
    if entry.people is not None:
        ties = {link.to: link for link in reader.schema.links_from(entry.people)}
        theirs = members_of(reader.forward(ties[people]), reader.forward(ties[name]), reader.rows(people))
    return Collections(name, entry.items, members_of(owner, item, lists), ends, theirs)


def _end_of_day(at: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """Ends that are dates include their day."""
    return np.where((at != NEVER) & (at % DAY == 0), at + DAY - 1, at)


def members_of(owner: Int64[np.ndarray, " n"], item: Int64[np.ndarray, " n"], lists: int) -> Members:
    """Lists out of pairs, in the pairs' order, each thing once; pairs with a MISSING side are left out."""
    known = (owner != MISSING) & (item != MISSING)
    owner, item = owner[known], item[known]
    width = int(item.max(initial=0)) + 1
    _, first = np.unique(owner * width + item, return_index=True)
    first.sort()
    owner, item = owner[first], item[first]
    order = np.argsort(owner, kind="stable")
    return Members(_indptr(np.bincount(owner, minlength=lists)), item[order])


def _indptr(lengths: np.ndarray) -> Int64[np.ndarray, " n"]:
    indptr = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=indptr[1:])
    return indptr
