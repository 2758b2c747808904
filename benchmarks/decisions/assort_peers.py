"""What an assortment is measured against: best-sellers of the store, of the chain, and of stores like it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from edgewise.clock import DAY
from edgewise.decisions.assort.facts import Facts

__all__ = ["PEERS", "Lists"]

#: Article rows by store, best first.
Lists = np.ndarray
#: Ties, and places beyond a store's own best-sellers, go by the chain's best-sellers of a quarter.
_PADDED = 1e-6


def _sold(facts: Facts, days: float) -> sparse.csr_array:
    late = facts.sales.between(facts.at - int(days * DAY), facts.at)
    shape = (len(facts.stores), len(facts.articles))
    return sparse.csr_array((late.amount, (late.store, late.article)), shape=shape)


def _chain(facts: Facts, days: float) -> np.ndarray:
    sold = np.asarray(_sold(facts, days).sum(axis=0)).ravel()
    return sold / max(sold.sum(), 1e-12)


def _best(score: np.ndarray, size: int) -> np.ndarray:
    best = np.argpartition(-score, size)[:size]
    return best[np.lexsort((best, -score[best]))]


def own(days: float) -> Callable[[Facts, int], Lists]:
    """The store's best-sellers of so many days, then the chain's."""

    def lists(facts: Facts, size: int) -> Lists:
        sold, chain = _sold(facts, days), _chain(facts, 91)
        rows = (sold[[s]].toarray()[0] + _PADDED * chain for s in range(sold.shape[0]))
        return np.stack([_best(row, size) for row in rows])

    return lists


def chain(days: float) -> Callable[[Facts, int], Lists]:
    """The chain's best-sellers of so many days, for every store."""

    def lists(facts: Facts, size: int) -> Lists:
        best = _best(_chain(facts, days) + _PADDED * _chain(facts, 364), size)
        return np.repeat(best[None], len(facts.stores), axis=0)

    return lists


def cluster(count: int, days: float) -> Callable[[Facts, int], Lists]:
    """The best-sellers of the store's cluster: k-means on the stores' mixes of categories, then the chain's."""

    def lists(facts: Facts, size: int) -> Lists:
        sold, all_of = _sold(facts, days), _chain(facts, 91)
        of = clusters(facts, count, days)
        best = []
        for c in range(count):
            together = np.asarray(sold[np.flatnonzero(of == c)].sum(axis=0)).ravel() if (of == c).any() else 0.0
            best.append(_best(together + _PADDED * all_of, size))
        return np.stack([best[c] for c in of])

    return lists


def clusters(facts: Facts, count: int, days: float) -> np.ndarray:
    """The cluster of each store; stores that sold nothing are with the largest."""
    codes = next(iter(facts.articles.labels.values())).codes
    late = facts.sales.between(facts.at - int(days * DAY), facts.at)
    some = codes[late.article] >= 0
    shape = (len(facts.stores), int(codes.max()) + 1)
    mix = sparse.csr_array(
        (late.amount[some], (late.store[some], codes[late.article[some]])), shape=shape
    ).toarray()
    sold = mix.sum(axis=1)
    points = np.sqrt(mix / np.maximum(sold, 1e-9)[:, None])
    centres = points[np.argsort(-sold, kind="stable")[:1]]
    while len(centres) < count:  # the next centre is the point that is farthest from all, among stores that sell
        far = ((points[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1) * np.log1p(sold)
        centres = np.vstack([centres, points[int(np.argmax(far))]])
    for _ in range(30):
        of = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        for c in range(count):
            if (of == c).any():
                centres[c] = np.average(points[of == c], axis=0, weights=np.maximum(sold[of == c], 1e-9))
    return of


#: By family, the variants from which validation chooses.
PEERS: dict[str, dict[str, Callable[[Facts, int], Lists]]] = {
    "own best-sellers": {f"{days} days": own(days) for days in (28, 91, 364)},
    "chain best-sellers": {f"{days} days": chain(days) for days in (28, 91, 364)},
    "cluster best-sellers": {
        f"{count} clusters, {days} days": cluster(count, days) for count in (4, 12) for days in (91, 364)
    },
}
