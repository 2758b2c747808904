"""What people bought when an article was gone: articles that stop selling in the whole chain tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.clock import DAY, to_micros
from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.assort.facts import Facts
from edgewise.decisions.assort.instead import learn_instead

__all__ = ["measure_instead"]

#: An article is gone that sold at least so often in the quarter before the origin and never after it.
OFTEN, QUARTER = 20, 91
ORIGINS = ("2017-07-03", "2017-09-04", "2017-10-02")
AT = (1, 5, 16)


def gone_at(facts: Facts, origin: int) -> np.ndarray:
    """The articles that are gone after an origin."""
    count = len(facts.articles)
    before = facts.sales.between(origin - QUARTER * DAY, origin)
    after = facts.sales.between(origin, origin + 10 * QUARTER * DAY)
    sold = np.bincount(before.article, minlength=count)
    return np.flatnonzero((sold >= OFTEN) & (np.bincount(after.article, minlength=count) == 0))


def next_bought(facts: Facts, origin: int, gone: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Rows of (gone, bought): buyers of a gone article, and the first thing of its category they bought after."""
    before = facts.sales.between(origin - QUARTER * DAY, origin)
    after = facts.sales.between(origin, origin + QUARTER * DAY)
    first: dict[tuple[int, int], int] = {}
    for shopper, article in zip(after.shopper.tolist(), after.article.tolist(), strict=True):
        first.setdefault((shopper, int(codes[article])), article)
    bought = np.isin(before.article, gone) & (before.shopper >= 0)
    pairs = set(zip(before.shopper[bought].tolist(), before.article[bought].tolist(), strict=True))
    found = [(a, first[s, int(codes[a])]) for s, a in sorted(pairs) if (s, int(codes[a])) in first]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def measure_instead(facts: Facts, entry: AssortEntry) -> dict[str, Any]:
    """How often what was bought next is among our substitutes, and among the category's best-sellers."""
    assert entry.category is not None
    codes = facts.articles.labels[entry.category].codes
    hits = {"ours": np.zeros(len(AT)), "best-sellers of the category": np.zeros(len(AT))}
    cases, articles = 0, 0
    for origin in map(to_micros, ORIGINS):
        then = facts.as_of(origin)
        gone = gone_at(facts, origin)
        pairs = next_bought(facts, origin, gone, codes)
        instead = learn_instead(then, entry.category, list(entry.alike))
        late = then.sales.between(origin - QUARTER * DAY, origin)
        popular = np.bincount(late.article, minlength=len(facts.articles)).astype(float)
        popular[gone] = 0.0
        # what is gone is no substitute either, for both
        for a, bought in pairs.tolist():
            members = np.flatnonzero(codes == codes[a])
            best = members[np.argsort(-popular[members], kind="stable")[: AT[-1]]]
            ours = [b for b in instead.to[a].tolist() if b >= 0 and b not in gone]
            for i, k in enumerate(AT):
                hits["ours"][i] += bought in ours[:k]
                hits["best-sellers of the category"][i] += bought in best[:k]
        cases, articles = cases + len(pairs), articles + len(gone)
    return {
        "articles gone": articles, "buyers who bought in the category again": cases,
        "share of them found among the first": list(AT),
    } | {name: [round(float(x) / max(cases, 1), 4) for x in found] for name, found in hits.items()}  # fmt: skip
