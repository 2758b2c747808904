"""The answers as tables: what each store carries, what goes out, what is bought instead, how stores fare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int32

from edgewise.decisions.assort.choice import Demand, marginal
from edgewise.decisions.assort.facts import Facts
from edgewise.decisions.assort.plan import Plan
from edgewise.decisions.assort.terms import Terms
from edgewise.ids import MISSING

__all__ = ["StorePlan", "assortment", "left_out", "store_table"]


@dataclass(frozen=True, slots=True)
class StorePlan:
    """One store's plan with what it was made from. `now` says which candidates it carries now."""

    store: int
    candidates: Int32[np.ndarray, " n"]
    demand: Demand
    total: float
    space: float
    now: Bool[np.ndarray, " n"]
    known: bool
    plan: Plan


def assortment(facts: Facts, terms: Terms, plans: Sequence[StorePlan]) -> pa.Table:
    """A row for each article that a store carries, the one that would be missed most first."""
    parts: list[dict[str, np.ndarray]] = []
    for made in plans:
        worth, kept = marginal(made.demand, made.plan.inside), made.demand.kept_without(made.plan.inside)
        inside = np.flatnonzero(made.plan.inside)
        inside = inside[np.lexsort((inside, -made.demand.own[inside], -worth[inside]))]
        parts.append(
            {
                "store": np.full(len(inside), made.store),
                "article": made.candidates[inside],
                "rank": np.arange(1, len(inside) + 1),
                "stays": made.now[inside],
                "expected": made.demand.own[inside],
                "adds": worth[inside],
                "kept": kept[inside],
            }
        )
    rows = _stacked(parts)
    stays, adds, kept = rows["stays"].astype(bool), rows["adds"], rows["kept"]
    must = np.isin(rows["article"], terms.must)
    return pa.table(
        {
            **_named(facts, terms, rows),
            "rank": rows["rank"].astype(np.int32),
            "change": np.where(stays, "stays", "goes in"),
            "expected": rows["expected"],
            "adds": adds,
            "kept_if_missing": kept,
            "why": _why_in(must, rows["expected"], adds, kept, terms.entry.days),
        }
    )


def left_out(facts: Facts, terms: Terms, plans: Sequence[StorePlan]) -> pa.Table:
    """A row for each article that a store carries now and shall no more, and what its buyers take instead."""
    parts: list[dict[str, np.ndarray]] = []
    for made in plans:
        inside, demand = made.plan.inside, made.demand
        worth, kept = marginal(demand, inside), demand.kept_without(inside)
        out = np.flatnonzero(made.now & ~inside)
        out = out[np.lexsort((out, -demand.own[out]))]
        parts.append(
            {
                "store": np.full(len(out), made.store),
                "article": made.candidates[out],
                "expected": demand.own[out],
                "adds": worth[out],
                "kept": kept[out],
                "instead": np.array([_best_of(made, int(a)) for a in out], dtype=np.int64),
            }
        )
    rows = _stacked(parts)
    instead = rows["instead"].astype(np.int64)
    return pa.table(
        {
            **_named(facts, terms, rows),
            "expected": rows["expected"],
            "kept": rows["kept"],
            "instead": facts.articles.keys.keys(instead),
            "would_add": rows["adds"],
            "why": _why_out(terms, rows["article"].astype(np.int64), rows["kept"], instead),
        }
    )


def store_table(facts: Facts, terms: Terms, plans: Sequence[StorePlan]) -> pa.Table:
    """A row for each store: its space, what changes, what share of its demand the plan keeps."""
    total = np.array([max(made.total, 1e-12) for made in plans])
    inside = [made.plan.inside for made in plans]
    direct = np.array([float(made.demand.own[made.plan.inside].sum()) for made in plans])
    return pa.table(
        {
            terms.entry.store: facts.stores.keys.keys(np.array([made.store for made in plans], dtype=np.int64)),
            "known": pa.array([made.known for made in plans]),
            "space": np.array([made.space for made in plans]),
            "carries": np.array([int(i.sum()) for i in inside]),
            "goes_in": np.array([int((i & ~m.now).sum()) for i, m in zip(inside, plans, strict=True)]),
            "goes_out": np.array([int((m.now & ~i).sum()) for i, m in zip(inside, plans, strict=True)]),
            "demand": np.array([made.total for made in plans]),
            "sells": direct / total,
            "keeps": np.array([made.plan.value for made in plans]) / total,
            "at_most": np.array([made.plan.bound for made in plans]) / total,
            "gap": np.array([made.plan.gap for made in plans]),
            "one_more_place": np.array([made.plan.price for made in plans]),
        }
    )


def _stacked(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _named(facts: Facts, terms: Terms, rows: dict[str, np.ndarray]) -> dict[str, pa.Array]:
    """Store, article and category as users write them."""
    article = rows["article"].astype(np.int64)
    named = {
        terms.entry.store: facts.stores.keys.keys(rows["store"].astype(np.int64)),
        terms.entry.article: facts.articles.keys.keys(article),
    }
    if terms.category is None:
        return named
    codes = terms.category.codes[article]
    names = pa.array(terms.category.names, type=pa.string())
    return named | {"category": names.take(pa.array(codes, mask=codes == MISSING))}


def _best_of(made: StorePlan, article: int) -> int:
    """The article carried that most buyers of another would take; MISSING where there is none."""
    links = slice(made.demand.first[article], made.demand.first[article + 1])
    to, share = made.demand.to[links], made.demand.share[links]
    share = np.where(made.plan.inside[to], share, 0.0)
    if share.max(initial=0.0) <= 0:
        return MISSING
    return int(made.candidates[to[int(np.argmax(share))]])


def _why_in(
    must: np.ndarray, expected: np.ndarray, adds: np.ndarray, kept: np.ndarray, days: int
) -> Sequence[str]:
    """A sentence for each article that is carried."""
    return [
        "a must-have"
        if m
        else f"sells {e:.3g} in {days} days; {100 * k:.0f}% of that would stay without it"
        + (
            f"; also serves {a - e * (1 - k):.3g} whose article is missing"
            if a - e * (1 - k) > _TELLING * e
            else ""
        )
        for m, e, a, k in zip(must.tolist(), expected.tolist(), adds.tolist(), kept.tolist(), strict=True)
    ]


#: Substitution into an article is mentioned from this share of its own sales on.
_TELLING = 0.1


def _why_out(terms: Terms, article: np.ndarray, kept: np.ndarray, instead: np.ndarray) -> Sequence[str]:
    return [
        "must not be carried"
        if never
        else (f"{100 * k:.0f}% of its buyers take what is carried" if i != MISSING else "others sell more")
        for never, k, i in zip(terms.never[article].tolist(), kept.tolist(), instead.tolist(), strict=True)
    ]
