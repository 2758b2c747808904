"""What would the same way of deciding have covered in the weeks before now, which it did not see?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64

from edgewise.clock import DAY
from edgewise.decisions.assort.choice import store_demand
from edgewise.decisions.assort.expect import forecast
from edgewise.decisions.assort.facts import Facts
from edgewise.decisions.assort.instead import instead_of
from edgewise.decisions.assort.plan import quick_plan
from edgewise.decisions.assort.stores import carried_now
from edgewise.decisions.assort.terms import Terms, store_rules

__all__ = ["Backtest", "backtest"]

_RESAMPLES: Final = 1000


@dataclass(frozen=True, slots=True)
class Backtest:
    """By store: what was sold in the weeks held out, how much of it the set covered, how much it was to cover."""

    sold: Float64[np.ndarray, " stores"]
    covered: Float64[np.ndarray, " stores"]
    promised: Float64[np.ndarray, " stores"]

    def share(self) -> float:
        """The covered share of all that was sold."""
        return float(self.covered.sum() / max(self.sold.sum(), 1e-12))

    def ratio(self, level: float, random_seed: int) -> tuple[float, float, float]:
        """Covered share over promised share, with the bounds of an interval from resampling stores."""
        rng = np.random.default_rng(random_seed)
        n = len(self.sold)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES).astype(np.float64)
        drawn = (counts @ self.covered) / np.maximum(counts @ self.promised, 1e-12)
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        return float(self.covered.sum() / max(self.promised.sum(), 1e-12)), float(low), float(high)


def backtest(facts: Facts, terms: Terms, spaces: Float64[np.ndarray, " stores"]) -> Backtest | None:
    """Decide `days` earlier under the same terms, greedily, and see what was sold since; None without a past."""
    entry = terms.entry
    then = facts.as_of(facts.at - entry.days * DAY)
    if len(then.sales) == 0 or then.at - then.sales.time[0] < entry.days * DAY:
        return None
    made, carried, instead = forecast(then, terms), carried_now(then, entry), instead_of(then, terms)
    since = facts.sales.between(then.at, facts.at)
    n = len(facts.stores)
    sold = np.bincount(since.store, since.amount, n)
    covered, promised = np.zeros(n), np.zeros(n)
    began = np.searchsorted(since.store[np.argsort(since.store, kind="stable")], np.arange(n + 1))
    rows = np.argsort(since.store, kind="stable")
    for store in np.flatnonzero(sold > 0):
        candidates = made.candidates[store]
        demand = store_demand(made.expected[store], candidates, instead.to, instead.share, instead.kept)
        now = carried[[store]].toarray()[0][candidates] > 0
        inside = quick_plan(demand, store_rules(terms, candidates, spaces[store], now)[0])
        chosen = np.zeros(len(facts.articles), dtype=bool)
        chosen[candidates[inside]] = True
        mine = rows[began[store] : began[store + 1]]
        covered[store] = since.amount[mine][chosen[since.article[mine]]].sum()
        promised[store] = demand.own[inside].sum() / max(made.total[store], 1e-12) * sold[store]
    return Backtest(sold, covered, promised)
