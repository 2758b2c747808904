"""Things of one kind for people with no past in it, from what they do with another kind.

For each attribute of the things of one kind (a category, a creator) and each thing of the other: how much more
often people with that attribute take the thing than people at large. Counted over people who use both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.clock import ALWAYS, DAY
from edgewise.decisions.catalogue.kind import Kind
from edgewise.decisions.taste import Taste
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Scored

__all__ = ["Crossing", "Uses", "fit_crossing"]

#: How many people's worth of the crowd's habit is mixed into each attribute's own (shrinkage).
PRIOR: Final = 8.0
#: Creators with fewer people than this say nothing of their own.
ENOUGH: Final = 5
#: What lifts may be multiplied by, and how many people it takes to say.
_STRENGTHS: Final = (1.0, 1.5, 2.0, 3.0, 4.0)
_ENOUGH_TO_SAY: Final = 50
#: How many people's things are looked at for it, at most, from each half.
_ASKED: Final = 1_000


class Uses(NamedTuple):
    """Who used what, when: row ids of people and of things, microseconds; any order."""

    person: Int64[np.ndarray, " n"]
    item: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """The counts that lead from things of `source` to things of `target`.

    `category[c, b]` and `creator[c, b]` are the log of the lift of thing b among people by whom attribute c of
    the source is used, shrunk to 0 where few people stand behind it. `crowd[b]` is the share of people with both
    kinds who took b; `people` how many they are; `fitted_until` the latest event that was counted (microseconds).
    """

    source: str
    target: str
    category: Float32[np.ndarray, "categories items"]
    creator: Float32[np.ndarray, "creators items"]
    crowd: Float32[np.ndarray, " items"]
    creator_rows: Int64[np.ndarray, " creators"]  # the codes of the creators that have a row
    people: int
    fitted_until: int
    #: What lifts are multiplied by: a taste is spread over many attributes, and their mean says too little.
    strength: float = 1.0

    def across(self, taste: Taste, kind: Kind, at: int, k: int) -> Scored:
        """The best k things of the target for a taste in the source; nothing where the taste says nothing.

        Raises no error for counts that are later than `at`, but gives nothing: they may not be seen yet.
        """
        if len(taste) == 0 or self.people == 0 or self.fitted_until > at:
            return Scored.none(self.target)
        own = (
            taste.creator[self.creator_rows]
            if len(taste.creator)
            else np.zeros(len(self.creator_rows), np.float32)
        )
        lift = np.zeros(len(self.crowd), dtype=np.float32)
        if len(self.category):
            lift += taste.category[: len(self.category)] @ self.category
        if len(self.creator) and own.sum() > 0:
            lift += (own / own.sum()) @ self.creator
        odds = np.log(np.maximum(self.crowd, 1e-6)) + np.float32(self.strength) * lift
        top = np.argsort(-odds, kind="stable")[:k]
        top = top[self.crowd[top] > 0]
        led = self._because(taste, kind, top)
        return Scored(
            self.target, top.astype(np.int64), odds[top].astype(np.float32),
            np.minimum(np.exp(odds[top]), 1.0).astype(np.float32), np.zeros(len(top), dtype=np.int16),
            ("across",), led,
        )  # fmt: skip

    def _because(self, taste: Taste, kind: Kind, top: np.ndarray) -> Int64[np.ndarray, " k"]:
        """For each thing, the latest one of the past whose category speaks most for it; MISSING where none."""
        if len(self.category) == 0 or len(top) == 0:
            return np.full(len(top), MISSING, dtype=np.int64)
        share = taste.category[: len(self.category), None] * self.category[:, top]
        best = share.argmax(axis=0)
        codes = kind.category.codes[taste.items]
        led = np.full(len(top), MISSING, dtype=np.int64)
        for i, code in enumerate(best.tolist()):
            found = np.flatnonzero(codes == code)
            if len(found) and share[code, i] > 0:
                led[i] = taste.items[found[0]]
        return led


def fit_crossing(source: Kind, a: Uses, target: Kind, b: Uses, until: int, half_life: float = 30.0) -> Crossing:
    """Count over people who used both kinds, up to and including `until` (microseconds).

    A person's taste in the source, as of `until`, is spread over its attributes and adds up to 1, so that busy
    people do not count for more; a thing of the target counts once a person.
    """
    a, b = _latest(_known(a, until, len(source))), _latest(_known(b, until, len(target)))
    people = np.intersect1d(a.person, b.person)
    a, b = _among(a, people), _among(b, people)
    weight = _weights(a, len(people), half_life)
    codes = source.creator.codes[a.item].astype(np.int64)
    users = np.bincount(np.unique(a.person * (codes.max(initial=0) + 2) + codes + 1) % (codes.max(initial=0) + 2))
    creators = np.flatnonzero(users[1:] >= ENOUGH)
    place = np.full(len(source.creator.labels) + 1, MISSING, dtype=np.int64)  # the last one is for MISSING
    place[creators] = np.arange(len(creators))
    taken = _matrix(b.person, b.item, np.ones(len(b.item)), (len(people), len(target)))
    category = _shares(a.person, source.category.codes[a.item], weight, (len(people), len(source.category.labels)))
    creator = _shares(a.person, place[codes], weight, (len(people), len(creators)))
    crowd = np.asarray(taken.sum(axis=0)).ravel() / max(len(people), 1)
    strength = _strength((category, creator), taken)
    return Crossing(
        source.name, target.name, _lift(category, taken, crowd), _lift(creator, taken, crowd),
        crowd.astype(np.float32), creators, len(people), until, strength,
    )  # fmt: skip


def _strength(shares: tuple[Any, ...], taken: Any) -> float:
    """The strength under which the lifts of one half of the people say best what the other half took: the mean log
    of the chance of what a person took, among all things.
    """
    if taken.shape[0] < _ENOUGH_TO_SAY:
        return 1.0
    said = np.zeros(len(_STRENGTHS))
    for half in (0, 1):
        rest, mine = np.arange(half, taken.shape[0], 2), np.arange(1 - half, taken.shape[0], 2)[:_ASKED]
        crowd = np.asarray(taken[rest].sum(axis=0)).ravel() / len(rest)
        lift = sum(share[mine] @ _lift(share[rest], taken[rest], crowd) for share in shares)
        theirs = taken[mine].toarray() * (crowd > 0)
        for i, strength in enumerate(_STRENGTHS):
            odds = np.log(np.maximum(crowd, 1e-9)) + strength * lift
            chance = odds - np.log(np.exp(odds).sum(axis=1, keepdims=True))
            said[i] += float(((chance * theirs).sum(axis=1) / np.maximum(theirs.sum(axis=1), 1)).sum())
    return _STRENGTHS[int(said.argmax())]


def _lift(shares: Any, taken: Any, crowd: np.ndarray) -> Float32[np.ndarray, "attributes items"]:
    """log P(item | attribute) / P(item), the former shrunk to the latter by PRIOR people."""
    together, mass = (shares.T @ taken).toarray(), np.asarray(shares.sum(axis=0)).ravel()
    share = (together + PRIOR * crowd) / (mass[:, None] + PRIOR)
    return (np.log(np.maximum(share, 1e-9) / np.maximum(crowd, 1e-9)) * (crowd > 0)).astype(np.float32)


def _shares(person: np.ndarray, codes: np.ndarray, weight: np.ndarray, shape: tuple[int, int]) -> Any:
    """People's shares of each code; codes that are MISSING do not count."""
    known = codes >= 0
    total = np.bincount(person[known], weights=weight[known], minlength=shape[0])
    return _matrix(person[known], codes[known], weight[known] / np.maximum(total, 1e-12)[person[known]], shape)


def _matrix(row: np.ndarray, column: np.ndarray, value: np.ndarray, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    return csr_array((value, (row, column)), shape=shape)


def _known(uses: Uses, until: int, size: int) -> Uses:
    seen = (uses.at <= until) & (uses.person != MISSING) & (uses.item != MISSING) & (uses.item < size)
    return Uses(uses.person[seen], uses.item[seen], uses.at[seen])


def _latest(uses: Uses) -> Uses:
    """Each thing once a person: the last time."""
    order = np.argsort(-uses.at, kind="stable")
    width = int(uses.item.max(initial=0)) + 1
    first = order[np.unique((uses.person * width + uses.item)[order], return_index=True)[1]]
    return Uses(uses.person[first], uses.item[first], uses.at[first])


def _among(uses: Uses, people: np.ndarray) -> Uses:
    """The uses of some people, named by their places among them."""
    mine = np.isin(uses.person, people)
    return Uses(np.searchsorted(people, uses.person[mine]), uses.item[mine], uses.at[mine])


def _weights(uses: Uses, people: int, half_life: float) -> Float64[np.ndarray, " n"]:
    """What each use counts for taste, as in `taste_of`: half of it a half-life before the person's latest."""
    latest = np.full(people, ALWAYS, dtype=np.int64)
    np.maximum.at(latest, uses.person, uses.at)
    return np.exp2(-(latest[uses.person] - uses.at) / (half_life * DAY))
