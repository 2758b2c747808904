"""A channel over what items are like: it proposes those that few have met yet, which no other channel can reach.

An item's score is what speaks for it by itself, and for each of its values how much more of the value the entity
has met than everybody does: `sum_v w_v · log(1 + n(u, v) / (m · p(v)))`, as a smoothed log-odds of naive Bayes.
Common values, which everybody meets, say little by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np
from jaxtyping import Float32, Int64

from edgewise.clock import ALWAYS, DAY
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel, Proposed
from edgewise.models.candidates.evidence import Content
from edgewise.models.candidates.shelf import HALF_LIFE, Liking, Shelf, shelf_of

__all__ = ["Newcomers", "Tastes", "pair_tastes", "tastes_of"]

#: The latest events of an entity that tell its taste.
MOST_EVENTS = 1000


@dataclass(frozen=True)
class Newcomers(Channel):
    """Items that nobody had met until lately, by what they are like."""

    liking: Liking
    width: int = 20
    grid: int = 1  # moments are rounded down to it, so that many anchors read a few shelves
    name: str = "new, of a kind"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By the entity's taste for the values of each newcomer."""
        items = np.full((len(rows), self.width), MISSING, dtype=np.int64)
        scores = np.zeros((len(rows), self.width), dtype=np.float32)
        stamp = at // self.grid * self.grid
        for moment in np.unique(stamp):
            shelf = self.shelf(asof, int(moment))
            if shelf is None or len(shelf.items) == 0:
                continue
            here, width = np.flatnonzero(stamp == moment), min(self.width, len(shelf.items))
            tastes = tastes_of(asof, rows[here])
            found, worth = _proposed(tastes, shelf, self.liking, at[here], width)
            items[here, :width], scores[here, :width] = found, worth
        return Proposed(items, scores)

    def shelf(self, asof: AsOf, moment: int) -> Shelf | None:
        """The newcomers of a world as of a moment."""
        stamp = moment // self.grid * self.grid
        return asof.shelf(self.liking, stamp, lambda m: shelf_of(asof, m, self.liking))


class Tastes(NamedTuple):
    """What tells the taste of n entities: their history through `Content`, and sayings, as arrays for numba.

    Entity `i` stands at `e = place[i]`, or has no history where it is MISSING: its events are
    `right[starts[e]:starts[e + 1]]`. What it said in table `t` is `said[said_from[t, i]:said_to[t, i]]`.
    """

    place: np.ndarray
    starts: np.ndarray
    right: np.ndarray
    at: np.ndarray
    indptr: np.ndarray
    values: np.ndarray
    source_of: np.ndarray
    said_from: np.ndarray
    said_to: np.ndarray
    said: np.ndarray
    said_at: np.ndarray


def tastes_of(asof: AsOf, rows: Int64[np.ndarray, " n"]) -> Tastes:
    """The arrays for entity rows of a world; MISSING is someone unknown."""
    content, past = asof.evidence.content, asof.past(rows)
    assert content is not None
    place = np.where(past.place < len(past.starts) - 1, past.place, MISSING)
    since = np.zeros((len(content.said), len(rows)), dtype=np.int64)
    until, before = np.zeros_like(since), 0
    for table, one in enumerate(content.said):
        since[table] = before + np.searchsorted(one.left, past.known)
        until[table] = before + np.searchsorted(one.left, past.known, side="right")
        before += len(one.left)
    return Tastes(
        place, past.starts, np.asarray(past.right, dtype=np.int64), np.asarray(past.at, dtype=np.int64),
        np.asarray(content.indptr), np.asarray(content.values), np.asarray(content.source_of), since, until,
        *content.spoken,
    )  # fmt: skip


def _proposed(
    tastes: Tastes, shelf: Shelf, liking: Liking, at: np.ndarray, width: int
) -> tuple[Int64[np.ndarray, "n width"], Float32[np.ndarray, "n width"]]:
    found = np.empty((len(at), width), dtype=np.int64)
    scores = np.empty((len(at), width), dtype=np.float32)
    _propose(
        tastes, shelf.items, shelf.prior, shelf.ptr, shelf.place, shelf.worth, shelf.expected,
        np.asarray(liking.taste, dtype=np.float64), np.asarray(at, np.int64), found, scores,
    )  # fmt: skip
    return found, scores


def pair_tastes(
    tastes: Tastes, content: Content, expected: np.ndarray, at: np.ndarray,
    items: Int64[np.ndarray, "n candidates"], hidden: np.ndarray,
) -> Float32[np.ndarray, "n candidates groups"]:  # fmt: skip
    """What each entity's history says of each item's values, by source, and then what its sayings do.

    Events with `hidden` items (bool[items]) are looked away from.
    """
    groups = len(content.names) + len(content.said)
    out = np.zeros((*items.shape, groups), dtype=np.float32)
    _pairs(
        tastes, content.worth, expected, np.asarray(at, np.int64), np.asarray(items, np.int64), hidden,
        len(content.names), np.asarray(content.said_of, np.int64), out,
    )  # fmt: skip
    return out


@nb.njit(cache=True)
def _worth(moment: int, at: int) -> float:
    return 1.0 if at == ALWAYS else 2.0 ** (-(moment - at) / (HALF_LIFE * DAY))


@nb.njit(cache=True)
def _met_values(
    t: Tastes, q: int, moment: int, hidden: np.ndarray, weight: np.ndarray, touched: np.ndarray
) -> int:
    """Add the decayed meetings of each value; how many values were touched."""
    row, n, seen = t.place[q], 0, 0
    if row < 0:
        return 0
    e = t.starts[row + 1]
    while e > t.starts[row] and seen < MOST_EVENTS:
        e -= 1
        item = t.right[e]
        unknown = item < 0 or item >= len(t.indptr) - 1
        if t.at[e] > moment or unknown or (len(hidden) and hidden[item]):
            continue
        seen += 1
        worth = _worth(moment, t.at[e])
        for p in range(t.indptr[item], t.indptr[item + 1]):
            value = t.values[p]
            if weight[value] == 0.0:
                touched[n] = value
                n += 1
            weight[value] += worth
    return n


@nb.njit(cache=True)
def _said_values(t: Tastes, table: int, q: int, moment: int, weight: np.ndarray, touched: np.ndarray) -> int:
    """Count how often an entity said something of each value; it does not wear off."""
    n = 0
    for e in range(t.said_from[table, q], t.said_to[table, q]):
        if t.said_at[e] > moment:
            continue
        value = t.said[e]
        if weight[value] == 0.0:
            touched[n] = value
            n += 1
        weight[value] += 1.0
    return n


@nb.njit(cache=True)
def _spread(
    weight: np.ndarray, touched: np.ndarray, expected: np.ndarray, by: np.ndarray, source_of: np.ndarray,
    group: int, ptr: np.ndarray, place: np.ndarray, worth: np.ndarray, score: np.ndarray,
) -> None:  # fmt: skip
    """Add to each newcomer what its values gain; the weights are cleared. `group` is below 0 for the history."""
    for value in touched:
        gain = np.log1p(weight[value] / expected[value]) * by[source_of[value] if group < 0 else group]
        weight[value] = 0.0
        if gain != 0.0:
            for p in range(ptr[value], ptr[value + 1]):
                score[place[p]] += gain * worth[p]


@nb.njit(cache=True)
def _propose(
    t: Tastes, items: np.ndarray, prior: np.ndarray, ptr: np.ndarray, place: np.ndarray, worth: np.ndarray,
    expected: np.ndarray, by: np.ndarray, at: np.ndarray, found: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    width, tables = found.shape[1], t.said_from.shape[0]
    weight, touched = np.zeros(len(expected)), np.empty(len(expected), dtype=np.int64)
    nothing = np.zeros(0, dtype=np.bool_)
    score = np.empty(len(items), dtype=np.float32)
    for q in range(len(at)):
        score[:] = prior
        n = _met_values(t, q, at[q], nothing, weight, touched)
        _spread(weight, touched[:n], expected, by, t.source_of, -1, ptr, place, worth, score)
        for table in range(tables):
            n = _said_values(t, table, q, at[q], weight, touched)
            group = len(by) - tables + table
            _spread(weight, touched[:n], expected, by, t.source_of, group, ptr, place, worth, score)
        least = np.partition(score, len(score) - width)[len(score) - width]
        best = np.flatnonzero(score >= least)
        order = np.argsort(-score[best], kind="mergesort")[:width]
        found[q], scores[q] = items[best[order]], score[best[order]]


@nb.njit(cache=True)
def _pairs(
    t: Tastes, entry_worth: np.ndarray, expected: np.ndarray, at: np.ndarray, items: np.ndarray,
    hidden: np.ndarray, sources: int, said_of: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    weight, touched = np.zeros(len(expected)), np.empty(len(expected), dtype=np.int64)
    for q in range(len(at)):
        for group in range(1 + len(said_of)):
            if group == 0:
                n = _met_values(t, q, at[q], hidden, weight, touched)
            else:
                n = _said_values(t, group - 1, q, at[q], weight, touched)
            for c in range(items.shape[1]):
                for p in range(t.indptr[items[q, c]], t.indptr[items[q, c] + 1]):
                    value = t.values[p]
                    if weight[value] > 0.0:
                        column = t.source_of[value] if group == 0 else sources + group - 1
                        out[q, c, column] += np.log1p(weight[value] / expected[value]) * entry_worth[p]
            weight[touched[:n]] = 0.0
