"""What rankings read of a graph, as flat arrays: who met what and when, and what kind each side is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int, Int32, Int64

from edgewise.clock import ALWAYS

__all__ = ["Content", "Evidence", "Meetings", "codes_over"]


@dataclass(frozen=True, slots=True)
class Meetings:
    """Events between a left and a right row at a time (microseconds), in any order. Row ids may be MISSING."""

    left: Int[np.ndarray, " events"]
    right: Int[np.ndarray, " events"]
    at: Int64[np.ndarray, " events"]

    def until(self, moment: int) -> Meetings:
        """The events at or before a moment."""
        seen = self.at <= moment
        return self if seen.all() else Meetings(self.left[seen], self.right[seen], self.at[seen])

    def latest(self, most: int) -> Meetings:
        """About the latest `most` events, those of the same moment as the earliest kept one included."""
        if len(self.at) <= most:
            return self
        seen = self.at >= np.partition(self.at, len(self.at) - most)[len(self.at) - most]
        return Meetings(self.left[seen], self.right[seen], self.at[seen])


@dataclass(frozen=True)
class Content:
    """Values of items. Item `i` has `values[indptr[i]:indptr[i + 1]]`, grouped by source; a value belongs to one
    source. `worth` is 1 / sqrt(how many values of that source the item has).

    `listed` is when the item's own row became visible. `said[n]` is (entity, value) at a time, in the order of
    entities and then of time, about values of source `said_of[n]`.
    """

    indptr: Int64[np.ndarray, " items_plus_1"]
    values: Int32[np.ndarray, " entries"]
    worth: Float32[np.ndarray, " entries"]
    source_of: Int32[np.ndarray, " values"]
    names: tuple[str, ...]
    listed: Int64[np.ndarray, " items"]
    said: tuple[Meetings, ...] = ()
    said_of: tuple[int, ...] = ()
    said_names: tuple[str, ...] = ()

    def without(self, entity: int) -> Content:
        """What is left when an entity's sayings are forgotten."""
        said = (one.left != entity for one in self.said)
        kept = (Meetings(m.left[k], m.right[k], m.at[k]) for m, k in zip(self.said, said, strict=True))
        return replace(self, said=tuple(kept))

    @cached_property
    def spoken(self) -> tuple[Int64[np.ndarray, " sayings"], Int64[np.ndarray, " sayings"]]:
        """The values and times of all sayings, one table after the other."""
        nothing = np.zeros(0, dtype=np.int64)
        right, at = [one.right for one in self.said], [one.at for one in self.said]
        return np.concatenate([nothing, *right]).astype(np.int64), np.concatenate([nothing, *at]).astype(np.int64)

    @property
    def item_of(self) -> Int64[np.ndarray, " entries"]:
        """The item of each entry."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A ranking task's world in row ids.

    `history` is (entity, item) in entity order and, within an entity, in time order. `attributes` and
    `cohorts` are codes per item and per entity, MISSING where null. A place is a third table that the same
    facts link to (a store, a site): `visits[name]` is (entity, place), `stocked[name]` (place, item).
    `signals[name]` is (place or row 0, item): rows of other tables that speak of an item (a promotion), for
    the place of that name where `signal_place` gives one. `content` is what items are like.
    """

    entities: int
    items: int
    history: Meetings
    attributes: dict[str, Int64[np.ndarray, " items"]] = field(default_factory=dict)
    cohorts: dict[str, Int64[np.ndarray, " entities"]] = field(default_factory=dict)
    visits: dict[str, Meetings] = field(default_factory=dict)
    stocked: dict[str, Meetings] = field(default_factory=dict)
    signals: Mapping[str, Meetings] = field(default_factory=dict)
    signal_place: dict[str, str] = field(default_factory=dict)
    content: Content | None = None

    @property
    def static(self) -> bool:
        """Whether the history has no times, so that order and recency mean nothing."""
        return bool((self.history.at == ALWAYS).all())


def codes_over(codes: np.ndarray, rows: np.ndarray) -> Int64[np.ndarray, " n"]:
    """The code of each row; MISSING for a MISSING row."""
    if len(codes) == 0:
        return np.full(len(rows), -1, dtype=np.int64)
    return np.where(rows >= 0, codes[np.maximum(rows, 0)], -1).astype(np.int64)
