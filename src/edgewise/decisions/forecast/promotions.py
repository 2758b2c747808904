"""What is promoted in which week, as shares of what each category sells.

A category's share in a kind of promotion is the sum over its products of (the product's share of the category's
sales as of the origin) x (how widely it is promoted that week). Counts of promoted products stand beside it, for
what is promoted before it ever sold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Float64, Int64

from edgewise.clock import NEVER
from edgewise.decisions.forecast.entry import PromotionEntry
from edgewise.decisions.forecast.nouns import WEEK, Panel, Products
from edgewise.decisions.forecast.reading import grouped, labels_of, own_column, table_of
from edgewise.errors import DecisionError
from edgewise.ids import Vocabulary
from edgewise.sources.database import Database

__all__ = ["Promotions", "read_promotions"]

#: Values that say that there is no promotion of a kind.
_NONE: Final = frozenset({"0", "none", "no", "false", "n", "", "(none)"})
#: So many kinds of each column are told apart, the most frequent ones.
_KINDS: Final = 4
#: A product's sales count half after this many weeks.
_HALF_LIFE: Final = 13.0
_RECENT: Final = 13


@dataclass(frozen=True, slots=True)
class Promotions:
    """Promoted products by week and kind; `weeks` counts those ahead, too.

    `product`, `week`, `width` are lists by kind. `width` is the share of places where it is promoted.
    """

    products: Products
    categories: int
    weeks: int
    kinds: list[str]
    product: list[Int64[np.ndarray, " rows"]]
    week: list[Int64[np.ndarray, " rows"]]
    width: list[Float32[np.ndarray, " rows"]]
    count: Float64[np.ndarray, "kinds categories weeks"]
    _seen: dict[tuple[int, int], Float32[np.ndarray, "categories horizon features"]] = field(default_factory=dict)

    def shares(self, origin: int) -> Float64[np.ndarray, "kinds categories weeks"]:
        """By kind, the share of each category's sales (as of week `origin`) that is promoted in each week."""
        weight = 0.5 ** ((origin - 1 - np.arange(origin)) / _HALF_LIFE)
        base = self.products.sales[:, :origin] @ weight.astype(np.float32)
        whole = np.bincount(self.products.category, base, self.categories) + 1e-9
        out = np.empty((len(self.kinds), self.categories, self.weeks))
        for k in range(len(self.kinds)):
            place = self.products.category[self.product[k]] * self.weeks + self.week[k]
            part = np.bincount(place, base[self.product[k]] * self.width[k], self.categories * self.weeks)
            out[k] = part.reshape(self.categories, self.weeks) / whole[:, None]
        return out

    def features(self, origin: int, horizon: int) -> Float32[np.ndarray, "categories horizon features"]:
        """For each week ahead and kind: the share promoted, its change to the last weeks, and counts likewise."""
        if (origin, horizon) in self._seen:
            return self._seen[origin, horizon]
        shares, low = self.shares(origin), max(0, origin - _RECENT)
        ahead = slice(origin, origin + horizon)
        usual = shares[:, :, low:origin].mean(axis=2, keepdims=True)
        counted = self.count[:, :, ahead] / (self.count[:, :, low:origin].mean(axis=2, keepdims=True) + 0.3)
        parts = np.concatenate([shares[:, :, ahead], shares[:, :, ahead] - usual, counted])
        known = np.arange(origin, origin + horizon) < self.weeks
        out = np.full((parts.shape[1], horizon, len(parts)), np.nan, dtype=np.float32)
        out[:, known] = np.moveaxis(parts, 0, 2)
        self._seen[origin, horizon] = out
        return out


def read_promotions(db: Database, entry: PromotionEntry, panel: Panel, at: int) -> Promotions:
    """Promotions up to a moment, and as many weeks beyond it as the entry says are known.

    Raises:
        DecisionError: the entry names what is not there.
    """
    table = table_of(db.schema, entry.table, "promotions.table")
    if not table.timed or panel.products is None:
        what = f"'{table.name}' has no time" if not table.timed else "sales have no table of products"
        raise DecisionError(f"forecast.promotions: {what}", hint="leave promotions out")
    columns = {"product": own_column(db.schema, entry.table, entry.product, "promotions.product")}
    for i, column in enumerate(entry.kinds):
        columns[f"kind{i}"] = own_column(db.schema, entry.table, column, "promotions.kinds")
    found = grouped(db, entry.table, columns, at + entry.known_ahead * WEEK)
    product = Vocabulary(panel.products.keys).rows(found.column("product"))
    time = found.column("t").to_numpy()
    week = (time - panel.first) // WEEK
    weeks = panel.weeks + entry.known_ahead
    kept = (product >= 0) & (week >= 0) & (week < weeks) & (time < NEVER)
    found, product, week = found.filter(pa.array(kept)), product[kept], week[kept]
    count = found.column("n").to_numpy()
    widest = np.bincount(product * weeks + week, count).max() if len(count) else 1
    width = (count / max(widest, 1)).astype(np.float32)
    chosen = _kinds(found, entry, count)
    rows = [np.flatnonzero(mask) for mask in chosen.values()]
    categories = len(panel.categories)
    of = panel.products.category
    counts = [np.bincount(of[product[r]] * weeks + week[r], width[r], categories * weeks) for r in rows]
    return Promotions(
        products=panel.products, categories=categories, weeks=weeks, kinds=list(chosen),
        product=[product[r] for r in rows], week=[week[r] for r in rows], width=[width[r] for r in rows],
        count=np.stack(counts).reshape(len(rows), categories, weeks),
    )  # fmt: skip


def _kinds(found: pa.Table, entry: PromotionEntry, count: np.ndarray) -> dict[str, np.ndarray]:
    """Which rows are of which kind: the most frequent values of each column, and all others that say something."""
    out: dict[str, np.ndarray] = {}
    for i, column in enumerate(entry.kinds):
        coded = labels_of(found.column(f"kind{i}")).dictionary_encode()
        values, code = coded.dictionary.to_pylist(), coded.indices.to_numpy()
        often = np.bincount(code, count, len(values))
        says = [v for v in sorted(range(len(values)), key=lambda v: (-often[v], values[v]))
                if values[v].strip().casefold() not in _NONE]  # fmt: skip
        out[f"{column}: any"] = np.isin(code, says)
        if len(says) > 1:
            out |= {f"{column}: {values[v]}": code == v for v in says[:_KINDS]}
        if len(says) > _KINDS:
            out[f"{column}: other"] = np.isin(code, says[_KINDS:])
    return out or {"any": np.ones(len(found), dtype=bool)}
