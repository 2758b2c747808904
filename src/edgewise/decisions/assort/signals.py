"""What speaks at a moment for a store's selling an article: its sales, its shoppers, stores like it, the chain.

All are decayed sums over what was sold up to the moment: a sale counts half after a half-life. `Signals.block`
lays them out for some stores by all articles of the universe, those that the chain sells at all lately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from scipy import sparse

from edgewise.clock import DAY
from edgewise.decisions.assort.facts import Facts, Labels
from edgewise.ids import MISSING

__all__ = ["Block", "Signals", "signals_at"]

#: Half-lives in days: what is new, what is lasting.
FAST, MIDDLE, SLOW = 14.0, 56.0, 182.0
SHOPPERS: Final = 91.0
#: So many articles are looked at, those that the chain sold most of lately, and so many of each store.
UNIVERSE, OWN = 16_000, 300
#: A store's mix of labels counts as much as the chain's when it has sold so many.
_MIX: Final = 20.0
#: A store's mix tells which stores are like it when it has sold so many.
_LIKE: Final = 50.0
#: What a neighbour says counts half when it has sold so many.
_HEARD: Final = 20.0


@dataclass(frozen=True, slots=True)
class Block:
    """Signals of some stores by the articles of the universe; shares of a store's sales unless said otherwise."""

    fast: Float32[np.ndarray, "stores universe"]  # decayed sums of own sales
    middle: Float32[np.ndarray, "stores universe"]
    slow: Float32[np.ndarray, "stores universe"]
    ever: Float32[np.ndarray, "stores universe"]  # sum of all own sales
    quiet: Float32[np.ndarray, "stores universe"]  # days since the last own sale, 999 without one
    shoppers: Float32[np.ndarray, "stores universe"]  # what its shoppers buy anywhere, by their visits here
    group: Float32[np.ndarray, "stores universe"]  # its mix of categories, the chain's mix within them
    fine: Float32[np.ndarray, "stores universe"]  # the same by the label that tells articles apart best
    near: Float32[np.ndarray, "stores universe"]  # what stores like it sell


@dataclass(frozen=True, slots=True)
class _Mix:
    """Stores by labels: what share of sales each label has, and each article's share within its label."""

    share: Float32[np.ndarray, "stores labels"]
    within: Float32[np.ndarray, " universe"]
    label: Int32[np.ndarray, " universe"]

    def of(self, stores: np.ndarray) -> Float32[np.ndarray, "stores universe"]:
        return np.where(self.label >= 0, self.share[stores][:, self.label] * self.within, 0.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Signals:
    """Everything that speaks at the moment `at`. Vectors by article are those of `universe`."""

    at: int
    universe: Int64[np.ndarray, " universe"]
    own: tuple[sparse.csr_array, ...]  # FAST, MIDDLE, SLOW, ever
    latest: sparse.csr_array  # day of the last own sale, counted from the first sale, from 1
    today: float
    visits: sparse.csr_array  # stores by shoppers: the share of a shopper's sales that is here
    bought: sparse.csr_array  # shoppers by articles
    reached: Float64[np.ndarray, " stores"]  # what its shoppers buy anywhere, all articles
    mixes: tuple[_Mix, _Mix]
    like: Float32[np.ndarray, "stores stores"]  # rows sum to 1, or 0 where no store is like it
    shares: sparse.csr_array
    chain: Float64[np.ndarray, "3 universe"]  # share of the chain's sales: FAST, MIDDLE, SLOW
    age: Float64[np.ndarray, " universe"]  # days since the chain's first sale
    silent: Float64[np.ndarray, " universe"]  # days since the chain's last sale
    spread: Float64[np.ndarray, " universe"]  # stores that sold it lately, as a share
    sold: Float64[np.ndarray, "3 stores"]  # decayed sums of all sales: FAST, MIDDLE, SLOW

    def block(self, stores: Int64[np.ndarray, " stores"]) -> Block:
        """The signals of some stores."""
        fast, middle, slow, ever = (own[stores].toarray().astype(np.float32) for own in self.own)
        last = self.latest[stores].toarray().astype(np.float32)
        reach = np.maximum(self.reached[stores], 1e-9)[:, None]
        return Block(
            fast, middle, slow, ever,
            np.where(last > 0, self.today + 1.0 - last, 999.0).astype(np.float32),
            ((self.visits[stores] @ self.bought).toarray() / reach).astype(np.float32),
            self.mixes[0].of(stores), self.mixes[1].of(stores),
            np.asarray(self.like[stores] @ self.shares, dtype=np.float32),
        )  # fmt: skip


def signals_at(facts: Facts, category: str | None, alike: list[str], store_alike: list[str]) -> Signals:
    """All signals at the facts' moment."""
    sales, at = facts.sales, facts.at
    stores, articles = len(facts.stores), len(facts.articles)
    days = (at - sales.time) / DAY
    weights = [sales.amount * np.exp2(-days / half) for half in (FAST, MIDDLE, SLOW)]
    universe = _universe(_matrix(weights[1] + weights[2], (sales.store, sales.article), (stores, articles)))
    column = np.full(articles, MISSING, dtype=np.int64)
    column[universe] = np.arange(len(universe))
    known = column[sales.article] != MISSING
    where = (sales.store[known], column[sales.article[known]])
    shape = (stores, len(universe))
    own = tuple(_matrix(w[known], where, shape) for w in (*weights, sales.amount))
    sold = np.stack([np.bincount(sales.store, w, stores) for w in weights])
    chain = np.stack([np.bincount(sales.article, w, articles)[universe] / max(w.sum(), 1e-12) for w in weights])
    visits, bought, reached = _shoppers(facts, column, days, len(universe))
    labels = [facts.articles.labels[c] for c in dict.fromkeys([*([category] if category else []), *alike])]
    finest = max(labels, key=lambda found: len(found.names)) if labels else None
    first = labels[0] if category else finest
    mixes = tuple(_mix(facts, found, weights[2], universe, chain) for found in (first, finest))
    shares = own[2].multiply(1.0 / np.maximum(sold[2], 1e-9)[:, None]).tocsr()
    today = float(days.max(initial=0.0))
    age, silent = np.zeros(articles), np.full(articles, 999.0)
    np.maximum.at(age, sales.article, days)
    np.minimum.at(silent, sales.article, days)
    return Signals(
        at, universe, own, _latest(where, today - days[known] + 1.0, shape), today, visits, bought, reached,
        (mixes[0], mixes[1]), _like(facts, mixes[1], visits, sold[2], store_alike), shares, chain,
        age[universe], silent[universe],
        np.asarray((own[1] > 0.25).sum(axis=0)).ravel() / max(int((sold[1] > 50).sum()), 1), sold,
    )  # fmt: skip


def _universe(weight: sparse.csr_array) -> Int64[np.ndarray, " universe"]:
    """What the chain sold most of, and what each store did, which may be a format of its own."""
    weight.sum_duplicates()
    chain = np.asarray(weight.sum(axis=0)).ravel()
    best = np.argsort(-chain, kind="stable")[:UNIVERSE]
    taken = np.zeros(len(chain), dtype=bool)
    taken[best[chain[best] > 0]] = True
    for store in range(weight.shape[0]):
        mine = slice(weight.indptr[store], weight.indptr[store + 1])
        taken[weight.indices[mine][np.argsort(-weight.data[mine], kind="stable")[:OWN]]] = True
    return np.flatnonzero(taken)


def _matrix(weight: np.ndarray, where: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((weight, where), shape=shape)


def _latest(where: tuple[np.ndarray, np.ndarray], day: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """The greatest day of each pair; sales come in time order, so that the last one of a pair counts."""
    pair = where[0].astype(np.int64) * shape[1] + where[1]
    back, at = np.unique(pair[::-1], return_index=True)
    return _matrix(day[::-1][at], (back // shape[1], back % shape[1]), shape)


def _shoppers(
    facts: Facts, column: np.ndarray, days: np.ndarray, universe: int
) -> tuple[sparse.csr_array, sparse.csr_array, np.ndarray]:
    sales = facts.sales
    named = sales.shopper != MISSING
    weight = (sales.amount * np.exp2(-days / SHOPPERS))[named]
    store, shopper, article = sales.store[named], sales.shopper[named], column[sales.article[named]]
    count = max(facts.shoppers, 1)
    here = _matrix(weight, (store, shopper), (len(facts.stores), count))
    all_of = np.bincount(shopper, weight, count)
    visits = here.multiply(1.0 / np.maximum(all_of, 1e-9)[None, :]).tocsr()
    inside = article != MISSING
    bought = _matrix(weight[inside], (shopper[inside], article[inside]), (count, universe))
    return visits, bought, np.asarray(visits @ all_of)


def _mix(facts: Facts, labels: Labels | None, weight: np.ndarray, universe: np.ndarray, chain: np.ndarray) -> _Mix:
    """Stores' shares of each label, drawn towards the chain's; without labels all articles have one."""
    sales, stores = facts.sales, len(facts.stores)
    codes = np.zeros(len(facts.articles), dtype=np.int32) if labels is None else labels.codes
    count = 1 if labels is None else max(len(labels.names), 1)
    has = codes[sales.article] != MISSING
    sold = _matrix(weight[has], (sales.store[has], codes[sales.article[has]]), (stores, count)).toarray()
    of_chain = sold.sum(axis=0) / max(sold.sum(), 1e-9)
    share = (sold + _MIX * of_chain) / (sold.sum(axis=1, keepdims=True) + _MIX)
    label = codes[universe]
    ok = label != MISSING
    total = np.bincount(label[ok], chain[1][ok], count)
    within = np.where(ok, chain[1] / np.maximum(total[np.maximum(label, 0)], 1e-12), 0.0)
    return _Mix(share.astype(np.float32), within.astype(np.float32), label.astype(np.int32))


def _like(
    facts: Facts, mix: _Mix, visits: sparse.csr_array, sold: np.ndarray, columns: list[str]
) -> Float32[np.ndarray, "stores stores"]:
    """How much each store counts for each other: what it sells and how fast, who comes, its columns."""
    chain = (mix.share * sold[:, None]).sum(axis=0) / max(float(sold.sum()), 1e-9)
    shrunk = (mix.share * (sold[:, None] + _MIX) + (_LIKE - _MIX) * chain) / (sold[:, None] + _LIKE)
    apart = np.sqrt(np.maximum(shrunk, 0.0)) - np.sqrt(chain)
    apart[sold <= 0] = 0.0
    like = np.maximum(_cosine(apart), 0.0) ** 3 + _cosine(visits.toarray())
    pace = _pace(facts)
    like += np.nan_to_num(np.exp(-0.5 * (pace[:, None] - pace[None, :]) ** 2))
    for name in columns:
        codes = facts.stores.labels[name].codes
        like += (codes[:, None] == codes[None, :]) & (codes != MISSING)[:, None]
    np.fill_diagonal(like, 0.0)
    like = like * (sold / (sold + _HEARD))[None, :]
    return (like / np.maximum(like.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _pace(facts: Facts) -> Float64[np.ndarray, " stores"]:
    """How much each store sells a day since its first sale, as a logarithm; NaN for one that sold nothing."""
    sales, stores = facts.sales, len(facts.stores)
    first = np.full(stores, facts.at)
    np.minimum.at(first, sales.store, sales.time)
    sold = np.bincount(sales.store, sales.amount, stores)
    days = np.maximum((facts.at - first) / DAY, 7.0)
    return np.where(sold > 0, np.log(np.maximum(sold, 1e-9) / days), np.nan)


def _cosine(rows: np.ndarray) -> np.ndarray:
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit @ unit.T
