"""Which shelves, in which order, with which things: greedy choice over all candidates of a page.

Shelf by shelf, each shelf left is filled with what is still free, and the one worth most is taken. Its worth is
the position-discounted value of its things, where further things of a creator on the page count less: a monotone
submodular function, for which the greedy choice is within 1 - 1/e of the best (Nemhauser, Wolsey, Fisher 1978).
Inside a shelf, things are chosen by maximal marginal relevance (Carbonell, Goldstein 1998) and by how near they
bring the page to the person's own mix (Steck: Calibrated recommendations, RecSys 2018, the greedy step of eq. 6).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numba import njit

from edgewise.decisions.draws import mix, uniform
from edgewise.state.inner import inner
from edgewise.state.order import order_of

__all__ = ["Candidates", "Filled", "Settings", "fill"]

#: How much two things are alike that share a creator, or a category.
SAME_CREATOR: Final = 1.0
SAME_CATEGORY: Final = 0.35
#: What the next thing counts beside the one before, along a shelf.
ALONG: Final = 0.94
#: What the next shelf counts beside the one before, down the page.
DOWN: Final = 0.88
#: What a further shelf of one entry, or of one kind of things, counts beside the one before.
AGAIN_ENTRY: Final = 0.6
AGAIN_KIND: Final = 0.85
#: How much a creator's n-th thing on the page counts: 1 / (1 + FAMILIAR * n).
FAMILIAR: Final = 0.25
#: The share of the target in the smoothed mix of the page (Steck's alpha).
SMOOTH: Final = 0.01
_PINNED: Final = 1000.0


class Candidates(NamedTuple):
    """Candidates of s shelves, flat: those of shelf i are `indptr[i]:indptr[i + 1]`, best first.

    Codes are of the whole page: different kinds of things have different ones. `target[i]` is the share that the
    candidate's category has in the person's mix. Row q of `quota` holds each candidate's code under quota q,
    negative where it does not count.
    """

    indptr: Int64[np.ndarray, " s_plus_1"]
    face: Int64[np.ndarray, " n"]
    value: Float32[np.ndarray, " n"]
    creator: Int64[np.ndarray, " n"]
    category: Int64[np.ndarray, " n"]
    target: Float32[np.ndarray, " n"]
    pinned: Bool[np.ndarray, " n"]
    quota: Int64[np.ndarray, "quotas n"]
    most: Int64[np.ndarray, " quotas"]
    over_page: Bool[np.ndarray, " quotas"]
    weight: Float32[np.ndarray, " s"]
    entry: Int64[np.ndarray, " s"]
    kind: Int64[np.ndarray, " s"]
    place: Int64[np.ndarray, " s"]  # a fixed place from 1, 0 for none
    calibrated: Bool[np.ndarray, " s"]
    entry_most: Int64[np.ndarray, " entries"]
    sizes: Int64[np.ndarray, " 4"]  # how many faces, creators, categories, quota codes there are


class Settings(NamedTuple):
    """How pages are made; see `HomeEntry`. `chance` is what draws are mixed from."""

    shelves: int
    things: int
    least: int
    diversity: float
    calibration: float
    explore: float
    chance: int


class Filled(NamedTuple):
    """The shelves of a page in their order, the candidates on each (-1 fills up), and their propensities."""

    shelves: Int64[np.ndarray, " p"]
    picks: Int64[np.ndarray, "p things"]
    propensity: Float64[np.ndarray, "p things"]
    value: float


def fill(candidates: Candidates, settings: Settings) -> Filled:
    """The page that these candidates make."""
    plain = settings._replace(chance=0)  # 64 bits do not fit into the integers of a compiled tuple
    shelves, picks, propensity, value = _page(candidates, plain, np.uint64(settings.chance))
    return Filled(shelves, picks, propensity, value)


@njit(cache=True, nogil=True)
def _page(c, s, chance):  # type: ignore[no-untyped-def]  # compiled from the tuples' own types
    counts = (
        np.zeros(c.sizes[0], np.bool_),  # the faces on the page
        np.zeros(c.sizes[1], np.int32),  # things by creator, by category, by quota code
        np.zeros(c.sizes[2], np.int32),
        np.zeros(c.sizes[3], np.int32),
        np.zeros(c.kind.max() + 1, np.int32),  # things with a category, by kind
    )
    kinds, entries = np.zeros(c.kind.max() + 1, np.int32), np.zeros(len(c.entry_most), np.int32)
    done, bound = np.zeros(len(c.weight), np.bool_), np.full(len(c.weight), 1e9)
    likeness, pick = np.zeros((c.indptr[1:] - c.indptr[:-1]).max(), np.float32), np.full(s.things, -1, np.int64)
    order, picks = np.full(s.shelves, -1, np.int64), np.full((s.shelves, s.things), -1, np.int64)
    propensity, total, step = np.ones((s.shelves, s.things)), 0.0, np.int64(0)
    while step < s.shelves:
        must = _unserved(c, kinds, done) >= s.shelves - step
        best = _next(c, s, step, must, done, kinds, entries, counts, likeness, pick, bound)
        if best < 0 and must and _release(c, kinds, done):
            continue
        if best < 0:
            break
        n, worth = _shelf(c, s, best, counts, likeness, pick)
        _explore(c, s, best, counts, pick[:n], propensity[step], mix(chance, step))
        order[step], done[best] = best, True
        picks[step, :n] = pick[:n]
        entries[c.entry[best]] += 1
        kinds[c.kind[best]] += 1
        total += worth * DOWN**step
        step += 1
    return order[:step], picks[:step], propensity[:step], total


@inner
def _next(c, s, step, must, done, kinds, entries, counts, likeness, pick, bound):  # type: ignore[no-untyped-def]  # see _page
    """The shelf that comes next, -1 where none has enough things. `must`: only kinds without a shelf may come.

    `bound` holds what each shelf was worth when it was last filled: it is worth no more now, so shelves are filled
    in that order until the best is found (Minoux's lazy greedy, 1978).
    """
    best, most = -1, -1.0
    factor = np.zeros(len(done))
    for i in range(len(done)):
        shut = entries[c.entry[i]] >= c.entry_most[c.entry[i]] or c.place[i] > step + 1
        if not (done[i] or shut or (must and kinds[c.kind[i]] > 0 and c.place[i] == 0)):
            factor[i] = c.weight[i] * AGAIN_ENTRY ** entries[c.entry[i]] * AGAIN_KIND ** kinds[c.kind[i]]
            factor[i] *= _PINNED / c.place[i] if c.place[i] > 0 else 1.0
    for i in order_of(-(bound * factor)):
        if factor[i] <= 0.0 or bound[i] * factor[i] <= most:
            continue
        n, worth = _shelf(c, s, i, counts, likeness, pick)
        for j in pick[:n]:
            _count(c, j, np.int64(-1), counts, c.kind[i])
        bound[i] = worth
        if n < s.least:
            done[i] = True  # what is free only becomes less
        elif worth * factor[i] > most:
            best, most = i, worth * factor[i]
    return best


@inner
def _unserved(c, kinds, done):  # type: ignore[no-untyped-def]  # see _page
    """How many kinds of things have candidates and no shelf yet."""
    waiting = np.zeros(len(kinds), np.bool_)
    for i in range(len(c.weight)):
        if not done[i] and kinds[c.kind[i]] == 0:
            waiting[c.kind[i]] = True
    return waiting.sum()


@inner
def _release(c, kinds, done):  # type: ignore[no-untyped-def]  # see _page
    """Give up on kinds of things whose shelves cannot be filled; whether any was given up."""
    gave_up = False
    for i in range(len(c.weight)):
        if not done[i] and kinds[c.kind[i]] == 0:
            done[i], gave_up = True, True
    return gave_up


@inner
def _open(c, i, faces, quotas):  # type: ignore[no-untyped-def]  # see _page
    """Whether a candidate is not on the page yet, and no quota is full."""
    if faces[c.face[i]]:
        return False
    full = False
    for q in range(len(c.most)):
        full |= c.quota[q, i] >= 0 and quotas[c.quota[q, i]] >= c.most[q]
    return not full


@inner
def _count(c, i, by, counts, kind):  # type: ignore[no-untyped-def]  # see _page
    """Put a candidate on the page (by = 1) or take it off (-1)."""
    faces, creators, categories, quotas, totals = counts
    faces[c.face[i]] = by > 0
    if c.creator[i] >= 0:
        creators[c.creator[i]] += by
    if c.category[i] >= 0:
        categories[c.category[i]] += by
        totals[kind] += by
    for q in range(len(c.most)):
        if c.quota[q, i] >= 0:
            quotas[c.quota[q, i]] += by


@inner
def _under(target, count, total):  # type: ignore[no-untyped-def]  # see _page
    """By how much one more thing of a category lowers KL(person's mix ‖ page's mix), times the page's length."""
    before = (1 - SMOOTH) * count / (total + 1) + SMOOTH * target
    after = (1 - SMOOTH) * (count + 1) / (total + 1) + SMOOTH * target
    return min((total + 1) * target * np.log(after / before), 3.0) / 3.0


@inner
def _choose(c, s, shelf, counts, likeness, top):  # type: ignore[no-untyped-def]  # see _page
    """The candidate that the next place of a shelf goes to, -1 where none is open."""
    faces, _, categories, quotas, totals = counts
    low, total = c.indptr[shelf], totals[c.kind[shelf]]
    calibration = s.calibration if c.calibrated[shelf] else 0.0
    best, most = -1, -1.0
    for i in range(low, c.indptr[shelf + 1]):
        if not _open(c, i, faces, quotas):
            continue
        gain = (1.0 - calibration) * c.value[i] / top * (1.0 - s.diversity * likeness[i - low])
        if calibration > 0 and c.category[i] >= 0 and c.target[i] > 0:
            gain += calibration * _under(c.target[i], categories[c.category[i]], total)
        if c.pinned[i]:
            gain += _PINNED
        if gain > most:
            best, most = i, gain
    return best


@inner
def _shelf(c, s, shelf, counts, likeness, pick):  # type: ignore[no-untyped-def]  # see _page
    """Fill a shelf into `pick` and put it on the page; how many things it has, and what they are worth."""
    low, high = c.indptr[shelf], c.indptr[shelf + 1]
    top, worth, n = np.float32(1e-9), 0.0, 0
    for i in range(low, high):
        likeness[i - low] = 0.0
        top = max(top, c.value[i])
    _own_quotas(c, low, high, counts[3])
    while n < s.things:
        i = _choose(c, s, shelf, counts, likeness, top)
        if i < 0:
            break
        met = counts[1][c.creator[i]] if c.creator[i] >= 0 else 0
        worth += ALONG**n * c.value[i] / (1.0 + FAMILIAR * met)
        _count(c, i, np.int64(1), counts, c.kind[shelf])
        pick[n] = i
        n += 1
        for j in range(low, high):
            if c.creator[j] >= 0 and c.creator[j] == c.creator[i]:
                likeness[j - low] = max(likeness[j - low], SAME_CREATOR)
            elif c.category[j] >= 0 and c.category[j] == c.category[i]:
                likeness[j - low] = max(likeness[j - low], SAME_CATEGORY)
    return n, worth


@inner
def _own_quotas(c, low, high, quotas):  # type: ignore[no-untyped-def]  # see _page
    """Quotas that hold for each shelf alone begin anew."""
    for q in range(len(c.most)):
        if not c.over_page[q]:
            for i in range(low, high):
                if c.quota[q, i] >= 0:
                    quotas[c.quota[q, i]] = 0


@inner
def _explore(c, s, shelf, counts, pick, propensity, chance):  # type: ignore[no-untyped-def]  # see _page
    """Give each place, with the probability `explore`, to a candidate drawn among those that are left."""
    for n in range(len(pick)):
        if s.explore <= 0 or c.pinned[pick[n]]:
            continue
        _count(c, pick[n], np.int64(-1), counts, c.kind[shelf])
        left = 0
        for i in range(c.indptr[shelf], c.indptr[shelf + 1]):
            left += i != pick[n] and _open(c, i, counts[0], counts[3])
        if left > 0:
            propensity[n] = 1.0 - s.explore
        if left > 0 and uniform(mix(chance, 2 * n)) < s.explore:
            wanted = int(uniform(mix(chance, 2 * n + 1)) * left)
            for i in range(c.indptr[shelf], c.indptr[shelf + 1]):
                if i != pick[n] and _open(c, i, counts[0], counts[3]):
                    if wanted == 0:
                        pick[n], propensity[n] = i, s.explore / left
                        break
                    wanted -= 1
        _count(c, pick[n], np.int64(1), counts, c.kind[shelf])
