"""What each store would sell of each article: a first guess, corrected by trees that learnt from earlier periods.

The trees are grown at moments that lie one and two periods back, on what was sold in the period after each
(Poisson, starting from the guess; LightGBM). Some stores enter a second time with their past hidden, so that
stores without one are learnt, too. Everything comes from sales up to the facts' moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from edgewise.clock import DAY
from edgewise.decisions.assort.facts import Facts
from edgewise.decisions.assort.features import Guess, features, guess
from edgewise.decisions.assort.signals import Signals, signals_at
from edgewise.decisions.assort.terms import Terms

__all__ = ["Forecast", "forecast"]

#: So many stores are laid out at once.
_BLOCK: Final = 64
#: From how many candidates of a store rows are learnt, and the share kept of those that were not sold.
_LEARNT, _UNSOLD = 1200, 0.25
#: With fewer pairs that were sold, the guess stays as it is.
_FEWEST: Final = 300
_PERIODS: Final = 2
_HIDDEN: Final = 0.15
#: So many days are seen of stores that are learnt as young ones.
_YOUNG: Final = (3.0, 91.0)
_ROUNDS: Final = 150
#: A row counts by what its store sells to the power of minus this: large stores do not drown small ones.
_EVEN = 0.5
_TREES: Final[dict[str, Any]] = {
    "objective": "poisson", "learning_rate": 0.06, "num_leaves": 31, "min_data_in_leaf": 100, "max_bin": 63,
    "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0, "deterministic": True,
    "force_col_wise": True, "num_threads": 1, "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Forecast:
    """By store, its candidates (article rows) and what it would sell of each in the days ahead.

    `total` is what the store would sell of all articles, candidates or not. `known` stores have sold something.
    """

    candidates: Int32[np.ndarray, "stores candidates"]
    expected: Float64[np.ndarray, "stores candidates"]
    total: Float64[np.ndarray, " stores"]
    known: Bool[np.ndarray, " stores"]


def forecast(facts: Facts, terms: Terms, *, learn: bool = True) -> Forecast:
    """Expected sales of the entry's `days` after the facts' moment. Must-haves are candidates, come what may."""
    entry, stores = terms.entry, len(facts.stores)
    booster = _grown(facts, terms) if learn else None
    signals = _signals(facts, terms)
    total = _total(signals, facts, entry.days)
    never = terms.never[signals.universe]
    candidates, expected = [], []
    for made in _guesses(signals, np.arange(stores), entry.candidates + int(never.sum())):
        count = made.candidates.shape[1]
        for row in range(len(made.stores)):
            column = made.candidates[row]
            share = _shares(booster, signals, made, np.full(count, row), column)
            share = np.where(never[column], -1.0, share)
            best = np.argsort(-share, kind="stable")
            best = best[share[best] >= 0][: entry.candidates]
            articles, share = _with_must(signals.universe[column[best]], share[best], terms.must)
            candidates.append(articles.astype(np.int32))
            expected.append(share * max(float(total[made.stores[row]]), 1e-9))
    least = min(len(c) for c in candidates)
    return Forecast(
        np.stack([c[:least] for c in candidates]), np.stack([e[:least] for e in expected]), total,
        np.bincount(facts.sales.store, minlength=stores) > 0,
    )  # fmt: skip


def _with_must(
    articles: Int64[np.ndarray, " n"], share: Float64[np.ndarray, " n"], must: Int64[np.ndarray, " must"]
) -> tuple[Int64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Must-haves in place of the last candidates, where they are none yet; none of those is expected to sell."""
    missing = must[~np.isin(must, articles)]
    if len(missing) == 0:
        return articles, share
    held = np.isin(articles, must)
    room = max(len(articles) - len(missing), int(held.sum()))
    order = np.argsort(~held, kind="stable")  # must-haves that are candidates are not pushed out
    kept = np.sort(order[:room])
    return np.concatenate([articles[kept], missing]), np.concatenate([share[kept], np.zeros(len(missing))])


def _signals(facts: Facts, terms: Terms) -> Signals:
    entry = terms.entry
    return signals_at(facts, entry.category, list(entry.alike), list(entry.store_alike))


def _total(signals: Signals, facts: Facts, days: int) -> Float64[np.ndarray, " stores"]:
    """What each store sells in `days`, from decayed sums over as long as there are sales."""
    half = 56.0
    span = max((facts.at - int(facts.sales.time[0])) / DAY, 1.0)
    lasting = half / np.log(2.0) * (1.0 - 2.0 ** (-span / half))
    return signals.sold[1] * (days / max(lasting, 1.0))


def _guesses(signals: Signals, stores: Int64[np.ndarray, " stores"], candidates: int) -> Iterator[Guess]:
    for first in range(0, len(stores), _BLOCK):
        yield guess(signals, stores[first : first + _BLOCK], candidates)


def _shares(
    booster: Any, signals: Signals, made: Guess, row: Int64[np.ndarray, " n"], column: Int64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    share = made.share[row, column].astype(np.float64)
    if booster is None:
        return share
    found = booster.predict(features(signals, made, row, column), raw_score=True)
    return share * np.exp(np.asarray(found))


def _grown(facts: Facts, terms: Terms) -> Any:
    """Trees from the periods before; None where there is too little to learn from."""
    import lightgbm as lgb  # slow to load, and not needed to say what is wrong with an entry

    rng = np.random.default_rng(terms.entry.random_seed)
    parts = [part for back in range(1, _PERIODS + 1) for part in _period(facts, terms, back, rng)]
    if sum(int((y > 0).sum()) for _, y, _, _ in parts) < _FEWEST:
        return None
    x, y, weight, start = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    rows = lgb.Dataset(x, y, weight=weight, init_score=start, params={"max_bin": 63, "verbose": -1})
    return lgb.train({**_TREES, "seed": terms.entry.random_seed}, rows, _ROUNDS)


_Rows = tuple[Float32[np.ndarray, "n features"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], np.ndarray]


def _period(facts: Facts, terms: Terms, back: int, rng: np.random.Generator) -> Iterator[_Rows]:
    """Rows of the period that began `back` periods ago: features, sold, weight, logarithm of the guess."""
    length = terms.entry.days * DAY
    then = facts.as_of(facts.at - back * length)
    if len(then.sales) == 0 or then.at - int(then.sales.time[0]) < length:
        return
    after = facts.sales.between(then.at, then.at + length)
    sold = np.bincount(after.store, after.amount, len(facts.stores))
    yield from _rows(then, terms, after, sold, np.flatnonzero(sold > 0), rng)
    hidden = rng.random(len(facts.stores)) < _HIDDEN
    chosen = np.flatnonzero(hidden & (sold > 0))
    if back == 1 and len(chosen) and not hidden[then.sales.store].all():
        without = replace(then, sales=then.sales.where(~hidden[then.sales.store]))
        yield from _rows(without, terms, after, sold, chosen, rng)
    if back == 1:
        yield from _young(then, terms, after, sold, rng)


def _young(then: Facts, terms: Terms, after: Any, sold: np.ndarray, rng: np.random.Generator) -> Iterator[_Rows]:
    """Rows of some stores of which only the last days are seen: what is learnt doubts a short past."""
    young = rng.random(len(then.stores)) < _HIDDEN
    few, many = np.log(_YOUNG)
    days = np.where(young, np.exp(rng.uniform(float(few), float(many), len(then.stores))), np.inf)
    seen = (then.at - then.sales.time) / DAY < days[then.sales.store]
    chosen = np.flatnonzero(young & (sold > 0))
    if len(chosen) and seen.any():
        yield from _rows(replace(then, sales=then.sales.where(seen)), terms, after, sold, chosen, rng)


def _rows(
    then: Facts, terms: Terms, after: Any, sold: np.ndarray, stores: np.ndarray, rng: np.random.Generator
) -> Iterator[_Rows]:
    signals = _signals(then, terms)
    column = np.full(len(then.articles), -1)
    column[signals.universe] = np.arange(len(signals.universe))
    inside = column[after.article] >= 0
    pair = after.store[inside].astype(np.int64) * len(signals.universe) + column[after.article[inside]]
    pairs, at = np.unique(pair, return_inverse=True)
    amount = np.bincount(at, after.amount[inside], len(pairs))
    for made in _guesses(signals, stores, min(_LEARNT, terms.entry.candidates)):
        row = np.repeat(np.arange(len(made.stores)), made.candidates.shape[1])
        columns = made.candidates.ravel()
        wanted = made.stores[row] * len(signals.universe) + columns
        found = np.minimum(np.searchsorted(pairs, wanted), max(len(pairs) - 1, 0))
        y = np.where(pairs[found] == wanted, amount[found], 0.0) if len(pairs) else np.zeros(len(wanted))
        keep = (y > 0) | (rng.random(len(y)) < _UNSOLD)
        weight = np.where(y > 0, 1.0, 1.0 / _UNSOLD) / (1.0 + sold[made.stores[row]]) ** _EVEN
        start = np.log(np.maximum(made.share[row, columns] * sold[made.stores[row]], 1e-12))
        yield features(signals, made, row[keep], columns[keep]), y[keep], weight[keep], start[keep]
