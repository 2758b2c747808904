"""Ready-made collections matched to a taste by what is in them: one made a minute ago like any other."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool
from numba import njit

from edgewise.clock import NEVER
from edgewise.decisions.asked import Asked, worths
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Scored

__all__ = ["matched"]

#: What the things themselves, their creators and their categories count.
_THINGS: Final = 1.0
_CREATORS: Final = 0.6
_CATEGORIES: Final = 0.4
#: Collections with fewer things than this say little of themselves, and are damped.
_ENOUGH: Final = 5.0
#: What the best collection is worth beside the best thing: nothing is known of its own use.
_LIST: Final = 0.7


def matched(asked: Asked, name: str, k: int) -> Scored:
    """The k collections of a table that are most to a person's taste; `because` is a thing of the past in each.

    A collection's score is the mean over its things of what they are to the person: their place in the person's
    own list, how often their creator and their category is in the past.
    """
    collections, postings = asked.catalogue.collections[name], asked.surfaces.postings[name]
    kind = asked.catalogue.kinds[collections.kind]
    liked, taste = asked.for_user(kind.name), asked.taste(kind.name)
    if postings.lists == 0:
        return Scored.none(name)
    worth = worths(liked)
    score = _THINGS * postings.score("items", liked.items, worth / max(float(worth.max(initial=0)), 1e-9))
    for way, shares, weight in (
        ("creators", taste.creator, _CREATORS),
        ("categories", taste.category, _CATEGORIES),
    ):
        codes = np.flatnonzero(shares)
        if len(codes):
            score += weight * postings.score(way, codes, shares[codes] / shares.max())
    lengths = collections.items.lengths()
    score *= lengths / (lengths + _ENOUGH)
    score[~_open(asked, name)] = 0.0
    top = np.argsort(-score, kind="stable")[:k]
    top = top[score[top] > 0]
    best = float(worth.max(initial=0.05))
    value = _LIST * best * score[top] / max(float(score.max()), 1e-9)
    past = asked.past(kind.name).items
    place = _latest_in(collections.items.indptr, collections.items.rows, top, asked.met(kind.name))
    led = np.where(place > 0, past[np.maximum(place, 1) - 1], MISSING) if len(past) else np.full(len(top), MISSING)
    return Scored(
        name, top.astype(np.int64), score[top].astype(np.float32), value.astype(np.float32),
        np.zeros(len(top), dtype=np.int16), ("content",), led,
    )  # fmt: skip


def _open(asked: Asked, name: str) -> Bool[np.ndarray, " collections"]:
    """Which collections have begun, have not ended, and are for this person."""
    collections, kind = asked.catalogue.collections[name], asked.catalogue.kinds[name]
    begun = (kind.released <= asked.at) | (kind.released == NEVER)
    found = begun & (collections.ends >= asked.at)
    if collections.people is not None:
        mine = np.zeros(len(found), dtype=bool)
        if 0 <= asked.person.row < len(collections.people):
            mine[collections.people.of(asked.person.row)] = True
        found &= mine
    return found


@njit(cache=True)
def _latest_in(indptr: np.ndarray, rows: np.ndarray, lists: np.ndarray, met: np.ndarray) -> np.ndarray:
    """For each list, the place in the past (from 1) of the thing in it that was met last; 0 for none."""
    found = np.zeros(len(lists), np.int64)
    for i in range(len(lists)):
        for j in range(indptr[lists[i]], indptr[lists[i] + 1]):
            place = met[rows[j]] if rows[j] < len(met) else 0
            if place > 0 and (found[i] == 0 or place < found[i]):
                found[i] = place
    return found
