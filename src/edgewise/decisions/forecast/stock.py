"""What had run out: the share of each week that a cell's products were missing, and what sales stand for then."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from edgewise.clock import NEVER
from edgewise.decisions.forecast.entry import StockEntry
from edgewise.decisions.forecast.nouns import WEEK, Panel
from edgewise.decisions.forecast.reading import labels_of, own_column, rows, table_of
from edgewise.errors import DecisionError
from edgewise.graph.columns import numbers
from edgewise.ids import Vocabulary
from edgewise.sources.database import Database

__all__ = ["stocks", "uncensored"]

#: Weeks that were out of stock for more than this share say only that demand was at least what was sold.
MOST: Final = 0.5
#: How much the latest week counts in the level that such weeks are filled with.
_ALPHA: Final = 0.2


def uncensored(
    sales: Float64[np.ndarray, "cells weeks"], censored: Float64[np.ndarray, "cells weeks"]
) -> Float64[np.ndarray, "cells weeks"]:
    """Demand behind sales that stock cut off: a stock-out is not a zero.

    A week out of stock for a share s of at most a half had sales / (1 - s). For more than that, demand is the
    level of the weeks before it (smoothed, such weeks left out), and never less than what was sold.
    """
    out = np.array(sales, dtype=np.float64)
    seen = censored <= MOST
    level = _first_level(sales, censored, seen)
    for t in range(sales.shape[1]):
        open_week = sales[:, t] / (1.0 - np.where(seen[:, t], censored[:, t], 0.0))
        out[:, t] = np.where(seen[:, t], open_week, np.maximum(sales[:, t], level))
        level = np.where(seen[:, t], level + _ALPHA * (open_week - level), level)
    return out


def _first_level(sales: np.ndarray, censored: np.ndarray, seen: np.ndarray) -> Float64[np.ndarray, " cells"]:
    """Where smoothing begins: the mean of the first four weeks that tell."""
    early = seen & (np.cumsum(seen, axis=1) <= 4)
    value = np.where(early, sales / (1.0 - np.where(seen, censored, 0.0)), 0.0)
    return np.asarray(value.sum(axis=1) / np.maximum(early.sum(axis=1), 1))


def stocks(
    db: Database, entry: StockEntry, panel: Panel, at: int
) -> tuple[Float64[np.ndarray, "cells weeks"], Float64[np.ndarray, " cells"]]:
    """The share of each week that cells had run out, and what they had on hand at the latest look.

    A look counts until the end of its week; of a cell's looks in a week, the share that found nothing left.
    """
    table = table_of(db.schema, entry.table, "stock.table")
    if not table.timed:
        raise DecisionError(f"forecast.stock: '{table.name}' has no time", hint="a table of stock levels by time")
    what = "product" if entry.product is not None else "category"
    named = entry.product if entry.product is not None else entry.category
    if named is None:
        raise DecisionError("forecast.stock names neither product nor category", hint="set one of the two")
    columns = {"store": entry.store, what: named, "on_hand": entry.on_hand}
    own = {
        field: own_column(db.schema, entry.table, column, f"stock.{field}") for field, column in columns.items()
    }
    found = rows(db, entry.table, own, at)
    cell, item = _cells(panel, found, what)
    time, left = found.column("t").to_numpy(), numbers(found.column("on_hand"))
    ok = (cell >= 0) & np.isfinite(left) & (time < NEVER)
    cell, item, time, left = cell[ok], item[ok], time[ok], left[ok]
    week = (time - panel.first) // WEEK
    inside = (week >= 0) & (week < panel.weeks)
    flat, size = (cell * panel.weeks + week)[inside], panel.sales.size
    looks, gone = np.bincount(flat, minlength=size), np.bincount(flat, (left <= 0)[inside], size)
    share = np.divide(gone, looks, out=np.zeros(size), where=looks > 0)
    order = np.lexsort((np.arange(len(time)), time, item, cell))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (np.diff(cell[order]) != 0) | (np.diff(item[order]) != 0)
    chosen = order[last]
    on_hand = np.bincount(cell[chosen], np.maximum(left[chosen], 0.0), len(panel.store))
    return share.reshape(panel.sales.shape), on_hand


def _cells(panel: Panel, found: pa.Table, what: str) -> tuple[np.ndarray, np.ndarray]:
    """The cell and the product (or category) of each row of a stock table; -1 where the panel has it not."""
    column = found.column
    store = Vocabulary(panel.stores).rows(column("store"))
    if what == "product":
        if panel.products is None:
            raise DecisionError("forecast.stock.product needs sales by product", hint="set forecast.product")
        item = Vocabulary(panel.products.keys).rows(column("product"))
        category = np.where(item >= 0, panel.products.category[item], -1)
    else:
        names = {name: i for i, name in enumerate(panel.categories)}
        item = category = np.array([names.get(v, -1) for v in labels_of(column("category")).to_pylist()])
    own = panel.store * len(panel.categories) + panel.category
    wanted = store * len(panel.categories) + category
    place = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
    there = (store >= 0) & (category >= 0) & (own[place] == wanted)
    return np.where(there, place, -1), item
