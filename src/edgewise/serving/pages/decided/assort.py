"""Assortments: all stores beside one another, and one store's articles with what comes in, what goes, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.decided.nouns import Look, View, chosen, column, of, rows, table

__all__ = ["view"]

_STORES: Final = 15
_CATEGORIES: Final = 12
_ARTICLES: Final = 60
_COMES: Final = "goes in"


def view(decided: Decided, look: Look) -> View:
    """All stores, those with most demand first, and the one that is asked for."""
    stores = _table(decided, "stores", "store", "carries", "goes_in", "goes_out", "demand", "sells", "keeps")
    stores = stores.sort_by([("demand", "descending"), ("store", "ascending")])
    names = [str(name) for name in stores["store"].to_pylist()]
    store = chosen(look, "store", names)
    carried = of(_table(decided, "assortment", "store", "article", "change", "expected", "why"), store=store)
    out = of(_table(decided, "left_out", "store", "article", "expected", "why"), store=store)
    comes = carried.filter(pc.equal(carried["change"], _COMES))
    stays = carried.filter(pc.not_equal(carried["change"], _COMES))
    charts: list[Chart] = [_kept(stores.slice(0, _STORES)), _changes(stores.slice(0, _STORES))]
    if "category" in carried.column_names:
        charts.append(_categories(store, comes, stays, out))
    values = {
        "stores": rows(stores), "names": names, "store": store, "at": rows(of(stores, store=store), 1),
        "lists": [
            ("comes in", _rows(comes), comes.num_rows), ("goes", _rows(out), out.num_rows),
            ("stays", _rows(stays), stays.num_rows),
        ],
    }  # fmt: skip
    return View(charts, values)


def _table(decided: Decided, name: str, *columns: str) -> pa.Table:
    """A table whose stores and articles, named there as where sales are recorded, are `store` and `article`."""
    names = {str(decided.settings.get(role, role)): role for role in ("store", "article")}
    given = {role: name for name, role in names.items()}
    found = table(decided, name, *(given.get(column, column) for column in columns))
    return found.rename_columns([names.get(column, column) for column in found.column_names])


def _rows(found: pa.Table) -> list[dict[str, Any]]:
    """Articles, those that sell most first, without the columns that say which list it is."""
    kept = [name for name in found.column_names if name not in ("store", "change", "rank")]
    return rows(found.select(kept).sort_by([("expected", "descending")]), _ARTICLES)


def _kept(stores: pa.Table) -> BarChart:
    words = (
        "Share of a store's demand that what it carries sells, and with what is bought instead of what is missing."
    )
    return BarChart(
        "kept", "Demand that is kept, by store", words, _names(stores),
        [
            Bars("sold as wanted", stores["sells"].to_pylist()),
            Bars("with what is bought instead", stores["keeps"].to_pylist()),
        ],
        "share", along="store",
    )  # fmt: skip


def _changes(stores: pa.Table) -> BarChart:
    return BarChart(
        "changes", "What changes, by store", "How many articles come in and how many go.", _names(stores),
        [Bars("come in", stores["goes_in"].to_pylist()), Bars("go", stores["goes_out"].to_pylist())],
        "articles", along="store",
    )  # fmt: skip


def _categories(store: str, comes: pa.Table, stays: pa.Table, out: pa.Table) -> BarChart:
    """Counts by category, those with most articles first."""
    counted = [_counts(found) for found in (stays, comes, out)]
    every: dict[str, int] = {}
    for one in counted:
        for name, count in one.items():
            every[name] = every.get(name, 0) + count
    names = sorted(every, key=lambda name: (-every[name], name))[:_CATEGORIES]
    return BarChart(
        "categories", f"Store {store} by category", f"The {len(names)} categories with most articles.", names,
        [
            Bars(words, [float(one.get(name, 0)) for name in names])
            for words, one in zip(("stay", "come in", "go"), counted, strict=True)
        ],
        "articles", along="category",
    )  # fmt: skip


def _counts(found: pa.Table) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in column(found, "category"):
        words = "none" if name is None else str(name)
        counts[words] = counts.get(words, 0) + 1
    return counts


def _names(stores: pa.Table) -> Sequence[str]:
    return [f"Store {name}" for name in stores["store"].to_pylist()]
