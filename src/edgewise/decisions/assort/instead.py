"""What shoppers buy instead of what: learnt from what the same person took the next time within a category.

A person who bought article a and, on the next occasion in the same category, article b, shows that b does a's job.
Shares of switches are drawn towards what sells in the category and is alike (the same label in the columns that
say so, each as strong as switches keep to it), the more the fewer switches were seen. The share that would be kept
is that of the occasions after which something else was taken; it is an association, not an experiment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int32
from numba import njit
from scipy import sparse

from edgewise.decisions.assort.facts import Facts
from edgewise.decisions.assort.terms import Terms
from edgewise.ids import MISSING

__all__ = ["Instead", "instead_of", "learn_instead", "no_instead"]

#: So many substitutes are kept for an article: the likeliest.
SUBSTITUTES: Final = 16
#: With so many switches seen, an article's own count as much as what its likes suggest.
PRIOR: Final = 10.0
#: Of an occasion, at most so many articles are paired with those of the next.
_PAIRED: Final = 6
#: The most that one column's agreement may speak for a substitute, as a logarithm.
_LIFT: Final = 3.0


@dataclass(frozen=True, slots=True)
class Instead:
    """For each article its likeliest substitutes, best first.

    `to[a, i]` is an article or MISSING, `share[a, i]` the share of those who switch from `a` that take it, if all
    are there; `kept[a]` is the share of its buyers who would buy a substitute, if all are there.
    """

    to: Int32[np.ndarray, "articles substitutes"]
    share: Float64[np.ndarray, "articles substitutes"]
    kept: Float64[np.ndarray, " articles"]


def no_instead(articles: int) -> Instead:
    """Nobody buys anything instead."""
    return Instead(np.full((articles, 1), MISSING, dtype=np.int32), np.zeros((articles, 1)), np.zeros(articles))


def instead_of(facts: Facts, terms: Terms) -> Instead:
    """What is bought instead of what, where the entry wants it and the tables say who bought."""
    entry = terms.entry
    if not entry.substitution or entry.category is None or entry.shopper is None:
        return no_instead(len(facts.articles))
    return learn_instead(facts, entry.category, list(entry.alike))


def learn_instead(facts: Facts, category: str, alike: list[str], prior: float = PRIOR) -> Instead:
    """What is bought instead of what, from all that is visible."""
    sales, groups = facts.sales, facts.articles.labels[category].codes
    articles = len(facts.articles)
    popular = np.bincount(sales.article, sales.amount, articles)
    known = (sales.shopper != MISSING) & (groups[sales.article] != MISSING)
    shopper, article, time = sales.shopper[known], sales.article[known], sales.time[known]
    group = groups[article]
    order = np.lexsort((article, time, group, shopper))
    pairs = _pairs(shopper[order], group[order], time[order], article[order])
    switches = sparse.csr_array((pairs[2], (pairs[0], pairs[1])), shape=(articles, articles))
    switches.sum_duplicates()
    stayed = switches.diagonal()
    switches.setdiag(0.0)
    switches.eliminate_zeros()
    labels = (
        np.stack([facts.articles.labels[c].codes for c in alike]) if alike else np.empty((0, articles), np.int32)
    )
    lifts = np.array([_lift(codes, groups, popular, switches) for codes in labels])
    members = np.flatnonzero((groups != MISSING) & (popular > 0)).astype(np.int32)
    members = members[np.argsort(groups[members], kind="stable")]
    first = np.searchsorted(groups[members], np.arange(groups.max(initial=0) + 2))
    to, share = _substitutes(
        first.astype(np.int64), members, popular, labels, lifts,
        switches.indptr.astype(np.int64), switches.indices.astype(np.int32), switches.data, prior,
    )  # fmt: skip
    left = np.asarray(switches.sum(axis=1)).ravel()
    return Instead(to, share, _kept(left, stayed, groups, prior))


def _kept(
    left: Float64[np.ndarray, " articles"], stayed: Float64[np.ndarray, " articles"],
    groups: Int32[np.ndarray, " articles"], prior: float,
) -> Float64[np.ndarray, " articles"]:  # fmt: skip
    """The share of occasions after which something else was taken, drawn towards its category's and all's."""
    had = groups != MISSING
    size = int(groups.max(initial=0)) + 1
    all_left, all_next = left.sum(), left.sum() + stayed.sum()
    overall = all_left / all_next if all_next > 0 else 0.0
    of = np.where(had, groups, 0)
    group_left = np.bincount(of, left * had, size)
    group_next = np.bincount(of, (left + stayed) * had, size)
    group = (group_left + prior * overall) / (group_next + prior)
    kept = (left + prior * group[of]) / (left + stayed + prior)
    return np.where(had, kept, 0.0)


def _lift(
    codes: Int32[np.ndarray, " articles"], groups: Int32[np.ndarray, " articles"],
    popular: Float64[np.ndarray, " articles"], switches: sparse.csr_array,
) -> float:  # fmt: skip
    """How much more often switches keep the label than chance would within the category, as a logarithm."""
    away = np.repeat(np.arange(len(codes)), np.diff(switches.indptr))
    same = (codes[away] == codes[switches.indices]) & (codes[away] != MISSING)
    seen = float(switches.data[same].sum()) / max(float(switches.data.sum()), 1e-9)
    ok = (groups != MISSING) & (codes != MISSING)
    width = int(codes.max(initial=0)) + 1
    both = groups[ok].astype(np.int64) * width + codes[ok]
    label_of, at = np.unique(both, return_inverse=True)
    label_sold = np.bincount(at, popular[ok], len(label_of)) if len(label_of) else np.zeros(0)
    sold = np.bincount(np.where(groups != MISSING, groups, 0), popular * (groups != MISSING))
    chance = float((label_sold**2 / np.maximum(sold[label_of // width], 1e-9)).sum()) / max(
        float(popular.sum()), 1e-9
    )
    return float(np.clip(np.log(max(seen, 1e-6) / max(chance, 1e-6)), 0.0, _LIFT))


@njit(cache=True)
def _pairs(
    shopper: np.ndarray, group: np.ndarray, time: np.ndarray, article: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Articles of an occasion and of the person's next one in the category; the weights of a step sum to 1."""
    n = len(shopper)
    before, after = np.empty(n * _PAIRED, np.int32), np.empty(n * _PAIRED, np.int32)
    weight = np.empty(n * _PAIRED, np.float64)
    out = 0
    begin, last = 0, 0  # of the occasion at hand, of the one before it
    had = False
    while begin < n:
        end = begin + 1
        while (
            end < n and shopper[end] == shopper[begin] and group[end] == group[begin] and time[end] == time[begin]
        ):
            end += 1
        if had and shopper[last] == shopper[begin] and group[last] == group[begin]:
            old, new = min(begin - last, _PAIRED), min(end - begin, _PAIRED)
            for i in range(old):
                for j in range(new):
                    before[out], after[out] = article[last + i], article[begin + j]
                    weight[out] = 1.0 / (old * new)
                    out += 1
        last, begin, had = begin, end, True
    return before[:out], after[:out], weight[:out]


@njit(cache=True)
def _wanted(inside: np.ndarray, a: int, popular: np.ndarray, labels: np.ndarray, lifts: np.ndarray) -> np.ndarray:
    """How much each article of a category sells, times what its being like `a` says; nothing for `a` itself."""
    weight = np.zeros(len(inside))
    for i in range(len(inside)):
        b = inside[i]
        speaks = 0.0
        for c in range(len(lifts)):
            if labels[c, a] >= 0 and labels[c, a] == labels[c, b]:
                speaks += lifts[c]
        if b != a:
            weight[i] = popular[b] * np.exp(speaks)
    return weight / max(weight.sum(), 1e-300)


@njit(cache=True)
def _substitutes(
    first: np.ndarray, members: np.ndarray, popular: np.ndarray, labels: np.ndarray, lifts: np.ndarray,
    indptr: np.ndarray, indices: np.ndarray, data: np.ndarray, prior: float,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    articles = len(popular)
    to = np.full((articles, SUBSTITUTES), MISSING, np.int32)
    share = np.zeros((articles, SUBSTITUTES))
    seen = np.zeros(articles)
    for g in range(len(first) - 1):
        inside = members[first[g] : first[g + 1]]
        for a in inside:
            seen[indices[indptr[a] : indptr[a + 1]]] = data[indptr[a] : indptr[a + 1]]
            switched = data[indptr[a] : indptr[a + 1]].sum()
            weight = (seen[inside] + prior * _wanted(inside, a, popular, labels, lifts)) / (switched + prior)
            order = np.argsort(-weight, kind="mergesort")[:SUBSTITUTES]
            for i in range(len(order)):
                if weight[order[i]] > 0:
                    to[a, i], share[a, i] = inside[order[i]], weight[order[i]]
            seen[indices[indptr[a] : indptr[a + 1]]] = 0.0
    return to, share
