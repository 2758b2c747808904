"""Items that few have met yet, as of a moment: what speaks for each of them by itself, and where to find them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from edgewise.clock import ALWAYS, DAY
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.evidence import Content, Evidence

__all__ = [
    "HALF_LIFE",
    "Liking",
    "Shelf",
    "ValueState",
    "ages",
    "item_traits",
    "newcomers",
    "shelf_of",
    "value_state",
]

#: Newcomers that are looked at, the likeliest ones.
MOST_NEWCOMERS = 50_000
#: Days after which an event says half as much about taste.
HALF_LIFE = 120.0
#: So many meetings of a value are expected of everybody before one's own say much.
PRIOR = 10.0
#: Days of rows of other tables that speak of an item.
SPOKEN_DAYS = 28


@dataclass(frozen=True, slots=True)
class Liking:
    """How a newcomer is scored: weights by name, learnt on the training labels (see `ranking_newcomers`).

    `taste` weighs what an entity's history says of the item's values, by source, and then what its sayings do
    (follows of artists); `traits` what `item_traits` tells; `age` weighs log(1 + days since the item is listed),
    `met` log(1 + how often it was met). An item counts as new for `lately` microseconds after it is first met.
    `width` are proposed to each entity.
    """

    taste: tuple[float, ...]
    traits: tuple[float, ...]
    age: float = 0.0
    met: float = 0.0
    lately: int = 0
    width: int = 20

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Liking:
        """The inverse of `to_json`."""
        return cls(**{**content, "taste": tuple(content["taste"]), "traits": tuple(content["traits"])})


@dataclass(frozen=True, slots=True)
class ValueState:
    """Everybody's meetings as of a moment: of each item, and of the items that have each value."""

    met: Int64[np.ndarray, " items"]
    expected: Float64[np.ndarray, " values"]  # PRIOR times the value's share of its source
    liked: Float64[np.ndarray, "2 values"]  # the logs of its meetings and of the items that have it


@dataclass(frozen=True, slots=True)
class Shelf:
    """Newcomers as of a moment, ascending, each with its `prior`; newcomers with value `v` are
    `place[ptr[v]:ptr[v + 1]]`, to each of which it is `worth` so much. `expected` is that of `ValueState`."""

    items: Int64[np.ndarray, " newcomers"]
    prior: Float32[np.ndarray, " newcomers"]
    ptr: Int64[np.ndarray, " values_plus_1"]
    place: Int32[np.ndarray, " entries"]
    worth: Float32[np.ndarray, " entries"]
    expected: Float64[np.ndarray, " values"]


def value_state(evidence: Evidence, moment: int, hidden: Bool[np.ndarray, " items"] | None = None) -> ValueState:
    """What had been met by a moment. Items that are `hidden` count as never met."""
    content, history = evidence.content, evidence.history
    assert content is not None
    right = history.right[(history.at <= moment) & (history.right >= 0)]
    met = np.bincount(right, minlength=evidence.items)
    if hidden is not None:
        met = np.where(hidden, 0, met)
    there = content.listed <= moment
    of_entry, values = content.item_of, len(content.source_of)
    count = np.bincount(content.values, weights=met[of_entry], minlength=values) + 1.0
    size = np.bincount(content.values, weights=there[of_entry], minlength=values) + 1.0
    whole = np.bincount(content.source_of, weights=count, minlength=len(content.names))
    return ValueState(met, PRIOR * count / whole[content.source_of], np.log(np.stack([count, size])))


def newcomers(evidence: Evidence, moment: int, lately: int) -> Int64[np.ndarray, " newcomers"]:
    """Items that are listed, and that nobody had met until lately."""
    content, history = evidence.content, evidence.history
    assert content is not None
    before = history.right[(history.at <= moment - lately) & (history.right >= 0)]
    old = np.zeros(evidence.items, dtype=bool)
    old[before] = True
    return np.flatnonzero(~old & (content.listed <= moment))


def item_traits(
    evidence: Evidence, state: ValueState, moment: int, items: Int64[np.ndarray, " n"]
) -> Float32[np.ndarray, "n traits"]:
    """What everybody's history says of items: for each source the means of both rows of `ValueState.liked` over an
    item's values; for each signalling table the log of its rows on the item in the last 28 days."""
    content = evidence.content
    assert content is not None
    sources = len(content.names)
    out = np.zeros((len(items), 2 * sources + len(evidence.signals)), dtype=np.float32)
    entry, owner = entries_of(content, items)
    source = content.source_of[content.values[entry]]
    cell = owner * sources + source
    number = np.maximum(np.bincount(cell, minlength=len(items) * sources), 1)
    for n, logs in enumerate(state.liked):
        mean = np.bincount(cell, weights=logs[content.values[entry]], minlength=len(number)) / number
        out[:, n * sources : (n + 1) * sources] = mean.reshape(len(items), sources)
    for n, spoken in enumerate(evidence.signals.values()):
        told = (spoken.at <= moment) & (spoken.at > moment - SPOKEN_DAYS * DAY) & (spoken.right >= 0)
        out[:, 2 * sources + n] = np.log1p(np.bincount(spoken.right[told], minlength=evidence.items)[items])
    return out


def ages(content: Content, moment: int, items: Int64[np.ndarray, " n"]) -> Float32[np.ndarray, " n"]:
    """The log of 1 and the days since each item is listed; 0 where items were always there."""
    listed = content.listed[items]
    days = np.where(listed == ALWAYS, 0.0, (moment - listed) / DAY)
    return np.log1p(np.maximum(days, 0.0)).astype(np.float32)


def weighted(features: Float32[np.ndarray, "*n f"], weights: tuple[float, ...]) -> Float32[np.ndarray, "*n"]:
    """The weighted sum of each row.

    Not by `@`: for five columns of float32, OpenBLAS's kernel for AVX-512 computes on memory that nobody has set.
    It does not use what it makes of that, but numpy warns of invalid values.
    """
    return np.einsum("...f,f->...", features, np.asarray(weights, dtype=np.float32))


def shelf_of(asof: AsOf, moment: int, liking: Liking) -> Shelf:
    """The newcomers as of a moment; of very many the likeliest ones."""
    evidence = asof.crowd.evidence
    content, state = evidence.content, value_state(evidence, moment)
    assert content is not None
    items = newcomers(evidence, moment, liking.lately)
    prior = weighted(item_traits(evidence, state, moment, items), liking.traits)
    prior += np.float32(liking.age) * ages(content, moment, items)
    prior += np.float32(liking.met) * np.log1p(state.met[items]).astype(np.float32)
    if len(items) > MOST_NEWCOMERS:
        kept = np.sort(np.argsort(-prior, kind="stable")[:MOST_NEWCOMERS])
        items, prior = items[kept], prior[kept]
    entry, owner = entries_of(content, items)
    values = content.values[entry]
    order = np.argsort(values, kind="stable")
    ptr = np.searchsorted(values[order], np.arange(len(content.source_of) + 1)).astype(np.int64)
    return Shelf(
        items, prior.astype(np.float32), ptr, owner[order].astype(np.int32), content.worth[entry][order],
        state.expected,
    )  # fmt: skip


def entries_of(
    content: Content, items: Int64[np.ndarray, " n"]
) -> tuple[Int64[np.ndarray, " entries"], Int64[np.ndarray, " entries"]]:
    """The entries of items in `Content.values`, and which of the items each belongs to."""
    lengths = content.indptr[items + 1] - content.indptr[items]
    owner = np.repeat(np.arange(len(items)), lengths)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return content.indptr[items][owner] + inside, owner
