"""Sales by store, category and week, from the rows visible at a moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32, Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.nouns import WEEK, Panel, Products
from edgewise.decisions.forecast.reading import labels_of, own_column, ref_of, rows, table_of
from edgewise.decisions.forecast.stock import stocks
from edgewise.errors import DecisionError
from edgewise.graph.columns import numbers
from edgewise.ids import Vocabulary
from edgewise.schema.model import Schema
from edgewise.sources.database import Database

__all__ = ["FEWEST", "read_panel", "week_of"]

#: Weeks without which nothing is forecast.
FEWEST: Final = 8
#: A Monday, 00:00 UTC: where weeks begin when no table counts them otherwise.
_MONDAY: Final = 4 * DAY
#: Without sales for so many weeks, there is no level to go on from.
_SILENT: Final = 52
#: Units and prices are those of the last so many weeks.
_PRICED: Final = 26


def week_of(schema: Schema, entry: ForecastEntry) -> int:
    """A moment at which a week begins: that of the table that counts weeks, or else a Monday."""
    named = [entry.promotions.table] if entry.promotions is not None else []
    for table in [entry.sales, *named]:
        clock = schema.tables[table].clock if table in schema.tables else None
        if clock is not None and (np.diff(clock.starts) == WEEK).all() and len(clock.starts) > 1:
            return int(clock.starts[0])
    return _MONDAY


def read_panel(db: Database, entry: ForecastEntry, at: int) -> Panel:
    """The panel of the whole weeks that had ended at a moment.

    Raises:
        DecisionError: the entry names what is not there, or there are too few weeks.
    """
    found = _read(db, entry, at)
    time = found.column("t").to_numpy()
    value = numbers(found.column("value"))
    named = pc.is_valid(found.column("store")).to_numpy()
    kept = np.isfinite(value) & (time < NEVER) & named
    if not kept.any():
        raise DecisionError(f"'{entry.sales}' has no sales up to then", hint="a later moment, or another table")
    first, weeks = _weeks(time[kept], at, week_of(db.schema, entry))
    week = (time - first) // WEEK
    kept &= (week >= 0) & (week < weeks)
    found, week, value = found.filter(pa.array(kept)), week[kept], value[kept]
    if len(week) == 0 or week.max() < weeks - _SILENT:
        raise DecisionError(
            f"'{entry.sales}' has no sales in the {_SILENT} weeks before the moment", hint="an earlier moment"
        )
    stores = _sorted_unique(found.column("store"))
    store = Vocabulary(stores).rows(found.column("store"))
    names, department, category, products = _products(db, entry, found, at)
    cell, of_row = np.unique(store * len(names[1]) + category, return_inverse=True)
    sales = _summed(of_row, week, value, (len(cell), weeks))
    units = None
    if entry.units is not None:
        late = week >= weeks - _PRICED
        units = np.bincount(of_row[late], np.nan_to_num(numbers(found.column("units")))[late], len(cell))
    by_product = None
    if products is not None:
        sold = np.zeros((len(products[0]), weeks), dtype=np.float32)
        np.add.at(sold, (products[1], week), value.astype(np.float32))
        by_product = Products(products[0], products[2], sold)
    panel = Panel(
        first=first, stores=stores, categories=names[1], departments=names[0],
        store=cell // len(names[1]), category=cell % len(names[1]), department=department,
        sales=np.maximum(np.rint(sales * 100), 0).astype(np.int64), units=units, censored=None, on_hand=None,
        products=by_product, visits=_visits(found, entry, store, len(stores)), without_store=int((~named).sum()),
        unlisted=0 if products is None else _unlisted(products[0], products[1]),
    )  # fmt: skip
    if entry.stock is None:
        return panel
    censored, on_hand = stocks(db, entry.stock, panel, at)
    return replace(panel, censored=censored, on_hand=on_hand)


def _read(db: Database, entry: ForecastEntry, at: int) -> pa.Table:
    """The columns of sales that matter."""
    table = table_of(db.schema, entry.sales, "sales")
    if not table.timed:
        raise DecisionError(f"forecast.sales: '{table.name}' has no time", hint="a table with a row for each sale")
    wanted = {"store": entry.store, "value": entry.value}
    optional = {"product": entry.product, "units": entry.units, "shopper": entry.shopper}
    wanted |= {name: column for name, column in optional.items() if column is not None}
    wanted = {field: own_column(db.schema, table.name, column, field) for field, column in wanted.items()}
    for field in ("category", "department"):
        text = getattr(entry, field)
        of, own = ref_of(db.schema, table.name, text, field) if text is not None else ("", "")
        if of == table.name:
            wanted[field] = own
    found = rows(db, table.name, wanted, at)
    for field in ("value", "units"):
        kind = found.column(field).type if field in wanted else pa.float64()
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise DecisionError(
                f"forecast.{field}: '{table.name}.{wanted[field]}' holds no numbers", hint="a column of numbers"
            )
    return found


def _weeks(time: Int64[np.ndarray, " rows"], at: int, anchor: int) -> tuple[int, int]:
    """When the first whole week begins, and how many whole weeks there are up to a moment."""
    start = int(time.min())
    first = anchor + (start - anchor) // WEEK * WEEK
    if start - first > DAY:
        first += WEEK
    weeks = (at - first) // WEEK
    if weeks < FEWEST:
        raise DecisionError(
            f"there are {max(weeks, 0)} whole weeks of sales up to then; a forecast needs {FEWEST}",
            hint="a later moment, or a longer past",
        )
    return first, int(weeks)


def _sorted_unique(column: pa.ChunkedArray) -> pa.Array:
    values = pc.unique(column.drop_null())
    values = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    return values.take(pc.sort_indices(values))


def _products(
    db: Database, entry: ForecastEntry, found: pa.Table, at: int
) -> tuple[tuple[list[str], list[str]], np.ndarray, np.ndarray, tuple[pa.Array, np.ndarray, np.ndarray] | None]:
    """Names of departments and categories, the department of each category, and the category of each row.

    With a table of products also their keys, the product of each row, and the category of each product.
    """
    texts = {"category": entry.category, "department": entry.department or ""}
    refs = {f: ref_of(db.schema, entry.sales, t, f) for f, t in texts.items() if t}
    if all(table == entry.sales for table, _ in refs.values()):
        names, department, category = _tree(found, entry)
        return names, department, category, None
    table = next(t for t, _ in refs.values() if t != entry.sales)
    key = db.schema.tables[table].key
    if entry.product is None or key is None or any(t != table for t, _ in refs.values()):
        raise DecisionError(
            f"categories in '{table}' need a column of '{entry.sales}' that names its rows",
            hint="set forecast.product",
        )
    listed = rows(db, table, {"product": key, **{f: c for f, (_, c) in refs.items()}}, at)
    if len(listed) == 0:
        raise DecisionError(f"'{table}' has no rows up to then", hint="a later moment, or a category of the sales")
    keys = listed.column("product").combine_chunks()
    used = Vocabulary(keys).rows(found.column("product"))
    if (used < 0).any():  # what is not listed has a place of its own, and no category
        nothing = {name: pa.nulls(1, listed.schema.field(name).type) for name in listed.column_names}
        listed = pa.concat_tables([listed, pa.table(nothing)])
        keys, used = listed.column("product").combine_chunks(), np.where(used < 0, len(keys), used)
    names, department, of_product = _tree(listed, entry)
    return names, department, of_product[used], (keys, used, of_product)


def _unlisted(keys: pa.Array, product: np.ndarray) -> int:
    """How many rows name a product that is not listed: those have the null key behind all others."""
    return int((product == len(keys) - 1).sum()) if len(keys) and not keys[-1].is_valid else 0


def _tree(table: pa.Table, entry: ForecastEntry) -> tuple[tuple[list[str], list[str]], np.ndarray, np.ndarray]:
    """Names of departments and of categories, the department of each category, the category of each row."""
    own = labels_of(table.column("category"))
    above = labels_of(table.column("department")) if entry.department else pa.array(["all"] * len(own))
    departments, categories = _sorted_unique(pa.chunked_array([above])), _sorted_unique(pa.chunked_array([own]))
    pair = Vocabulary(departments).rows(above) * len(categories) + Vocabulary(categories).rows(own)
    pairs, category = np.unique(pair, return_inverse=True)
    names = categories.to_pylist()
    listed = [names[p % len(names)] for p in pairs]
    return (departments.to_pylist(), listed), pairs // len(names), category


def _summed(
    cell: Int64[np.ndarray, " rows"], week: Int64[np.ndarray, " rows"], value: Float64[np.ndarray, " rows"],
    shape: tuple[int, int],
) -> Float64[np.ndarray, "cells weeks"]:  # fmt: skip
    return np.bincount(cell * shape[1] + week, value, shape[0] * shape[1]).reshape(shape)


def _visits(
    found: pa.Table, entry: ForecastEntry, store: Int64[np.ndarray, " rows"], stores: int
) -> Float32[np.ndarray, "stores shoppers"] | None:
    """Who bought where, where no table says in which region a store is."""
    if entry.shopper is None or entry.region is not None:
        return None
    shoppers = pc.unique(found.column("shopper").drop_null())
    who = Vocabulary(shoppers).rows(found.column("shopper"))
    visits = np.zeros((stores, len(shoppers)), dtype=np.float32)
    visits[store[who >= 0], who[who >= 0]] = 1.0
    return visits
