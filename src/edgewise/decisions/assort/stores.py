"""How much space each store has, and what it carries now."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy import sparse

from edgewise.clock import DAY
from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.assort.facts import Facts
from edgewise.errors import DecisionError

__all__ = ["carried_now", "spaces_of"]


def carried_now(facts: Facts, entry: AssortEntry) -> sparse.csr_array:
    """Stores by articles: how many rows were sold in the last `current_days`."""
    late = facts.sales.between(facts.at - entry.current_days * DAY, facts.at)
    shape = (len(facts.stores), len(facts.articles))
    return sparse.csr_array((np.ones(len(late)), (late.store, late.article)), shape=shape)


def spaces_of(facts: Facts, entry: AssortEntry) -> Float64[np.ndarray, " stores"]:
    """The space of each store: one number for all, a column of theirs, or as many articles as each sold lately.

    Raises:
        DecisionError: the column holds no positive number for a store.
    """
    stores = len(facts.stores)
    if isinstance(entry.space, int):
        return np.full(stores, float(entry.space))
    if isinstance(entry.space, str):
        said = facts.stores.numbers[entry.space]
        wrong = np.flatnonzero(~(np.isfinite(said) & (said > 0)))
        if len(wrong):
            key = facts.stores.keys.keys(wrong[:1])[0].as_py()
            raise DecisionError(
                f"assort: space: '{facts.stores.table}.{entry.space}' holds no space for store {key}"
                + (f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""),
                hint="name the stores to decide for, or fill the column",
            )
        return said
    late = facts.sales.between(facts.at - entry.days * DAY, facts.at)
    pairs = np.unique(late.store.astype(np.int64) * len(facts.articles) + late.article)
    sold = np.bincount(pairs // max(len(facts.articles), 1), minlength=stores)
    most = max(entry.candidates // 2, 1)
    return np.clip(sold, min(entry.least_space, most), most).astype(np.float64)
