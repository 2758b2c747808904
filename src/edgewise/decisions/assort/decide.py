"""Decide which articles each store carries, from what is visible at a moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from edgewise.decisions.assort.backtest import backtest
from edgewise.decisions.assort.choice import store_demand
from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.assort.expect import Forecast, forecast
from edgewise.decisions.assort.facts import Facts, read_facts
from edgewise.decisions.assort.instead import Instead, instead_of
from edgewise.decisions.assort.plan import best_plan
from edgewise.decisions.assort.stores import carried_now, spaces_of
from edgewise.decisions.assort.tables import StorePlan, assortment, left_out, store_table
from edgewise.decisions.assort.terms import Terms, chain_terms, store_rules
from edgewise.decisions.decided.nouns import Decided, Expected, GaveUp
from edgewise.machine import usable_cores
from edgewise.sources.database import Database

__all__ = ["decide", "store_plans"]

_THREADS: Final = 4
#: A store gets this long even when the time for all is up: the relaxed program takes less.
_LEAST_SECONDS: Final = 10.0
_LEVEL: Final = 0.9
SOLD: Final = "demand for what is carried"
KEPT: Final = "demand kept, counting what is bought instead"


def decide(db: Database, entry: AssortEntry, at: int) -> Decided:
    """For each store the articles to carry from `at` on, for `entry.days` days.

    Raises:
        UserError: tables, columns or keys that are not there; terms that conflict (`Infeasible`).
    """
    facts = read_facts(db, entry, at)
    terms = chain_terms(entry, facts)
    instead = instead_of(facts, terms)
    plans = store_plans(facts, terms, instead, forecast(facts, terms), costs=True)
    expected = _expects(facts, terms, plans)
    return Decided(
        decision="assort",
        source=db.name,
        at=at,
        settings=entry.model_dump(mode="json"),
        tables={
            "assortment": assortment(facts, terms, plans),
            "left_out": left_out(facts, terms, plans),
            "stores": store_table(facts, terms, plans),
        },
        expects=expected,
        gave_up=_gave_up(plans, entry),
        notes=_notes(facts, plans, entry, measured=expected[0].low is not None),
    )


def store_plans(
    facts: Facts, terms: Terms, instead: Instead, made: Forecast, *, costs: bool = False
) -> list[StorePlan]:
    """A plan for each store that is asked for, proven to the entry's gap where time allows.

    Raises:
        Infeasible: the terms of a store conflict; it names them.
    """
    entry = terms.entry
    stores = facts.stores.rows(list(entry.stores), "stores") if entry.stores else np.arange(len(facts.stores))
    carried = carried_now(facts, entry)
    spaces = spaces_of(facts, entry)
    deadline = time.monotonic() + entry.seconds

    def one(store: int) -> StorePlan:
        candidates = made.candidates[store]
        demand = store_demand(made.expected[store], candidates, instead.to, instead.share, instead.kept)
        now = carried[[store]].toarray()[0][candidates] > 0
        rules, ifs = store_rules(terms, candidates, spaces[store], now)
        key = str(facts.stores.keys.keys(np.array([store]))[0].as_py())
        left = max(deadline - time.monotonic(), _LEAST_SECONDS)
        plan = best_plan(demand, rules, ifs, store=key, gap=entry.gap, seconds=left, costs=costs)
        return StorePlan(
            store, candidates, demand, float(made.total[store]), spaces[store], now, bool(made.known[store]), plan
        )

    with ThreadPoolExecutor(min(usable_cores(), _THREADS)) as pool:
        return list(pool.map(one, [int(s) for s in stores]))


def _expects(facts: Facts, terms: Terms, plans: list[StorePlan]) -> tuple[Expected, ...]:
    """The share of demand that is covered: corrected by what the same would have covered in the weeks before."""
    total = max(sum(made.total for made in plans), 1e-12)
    sells = sum(float(made.demand.own[made.plan.inside].sum()) for made in plans) / total
    keeps = sum(made.plan.value for made in plans) / total
    measured = backtest(facts, terms, spaces_of(facts, terms.entry))
    kept = Expected(KEPT, keeps, "share", "model")
    if measured is None or measured.promised.sum() <= 0:
        return (Expected(SOLD, sells, "share", "model"), kept)
    ratio, low, high = measured.ratio(_LEVEL, terms.entry.random_seed)
    direct = Expected(SOLD, sells * ratio, "share", "held out", sells * low, sells * high, _LEVEL)
    return (direct, kept)


def _gave_up(plans: list[StorePlan], entry: AssortEntry) -> tuple[GaveUp, ...]:
    names = sorted({name for made in plans for name in made.plan.costs})
    unit = f"{entry.amount or 'purchases'} in {entry.days} days"
    return tuple(
        GaveUp(
            name,
            float(sum(made.plan.costs.get(name, 0.0) for made in plans)),
            unit,
            sum(name in made.plan.costs for made in plans),
        )
        for name in names
    )


def _notes(facts: Facts, plans: list[StorePlan], entry: AssortEntry, measured: bool) -> tuple[str, ...]:
    worst = max(made.plan.gap for made in plans)
    slow = sum(made.plan.gap > entry.gap for made in plans)
    notes = [
        f"Every store's set is proven to keep at least {100 / (1 + worst):.2f}% of what the best set would keep, "
        "as demand and substitution are modelled."
        if not slow
        else f"For {slow} of {len(plans)} stores the gap of {entry.gap:.1%} was not proven in time."
    ]
    if not measured:
        notes.append(f"'{SOLD}' has no interval: there is no earlier period to measure it on.")
    notes.append(
        f"'{KEPT}' has no interval: it rests on what is bought instead, which no weeks held out can show."
    )
    notes.append("Demand is learnt from sales: what a store never carried may sell there and was never seen to.")
    if entry.substitution and entry.shopper is not None and entry.category is not None:
        notes.append("What is bought instead is read off what the same people took next: association only.")
    new = sum(not made.known for made in plans)
    if new:
        notes.append(f"{new} stores have sold nothing yet: theirs follow from stores like them and the chain.")
    if facts.lost:
        notes.append(f"{facts.lost} sold rows name no known store or article and do not count.")
    return tuple(notes)
