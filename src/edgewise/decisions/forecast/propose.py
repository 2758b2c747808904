"""An entry read off a schema, so that a forecast needs no settings where the tables speak for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from edgewise.decisions.forecast.entry import ForecastEntry, PromotionEntry, StockEntry
from edgewise.errors import DecisionError
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

__all__ = ["propose"]

_STORE: Final = ("store", "shop", "branch", "outlet", "location", "site", "warehouse", "market")
_PRODUCT: Final = ("product", "item", "article", "sku", "good")
_SHOPPER: Final = ("household", "customer", "user", "shopper", "member", "person", "people", "client")
_VALUE: Final = ("sales_value", "sales", "revenue", "amount", "turnover", "total", "value", "price")
_UNITS: Final = ("quantity", "qty", "units", "count")
_CATEGORY: Final = ("category", "subclass", "class", "family", "group", "genre", "type")
_DEPARTMENT: Final = ("department", "division", "section", "segment", "area")
_REGION: Final = ("region", "cluster", "district", "state", "province", "city", "country")
_PROMOTION: Final = ("promo", "discount", "offer", "deal", "advert", "display", "mailer")
_ON_HAND: Final = ("on_hand", "stock", "inventory", "available")
#: Planned promotions are taken as known this many weeks ahead.
_KNOWN: Final = 8


def propose(schema: Schema) -> ForecastEntry:
    """The sales with a store and a product (or a category), what they sum, and what is known beside them.

    Raises:
        DecisionError: no table tells what was sold when in which store.
    """
    for sales in sorted(schema, key=lambda t: (-t.rows, t.name)):
        entry = _entry(schema, sales)
        if entry is not None:
            return entry
    raise DecisionError(
        "no table says what was sold in which store and when",
        hint="a forecast needs a table with a time, a store, a product or category, and a value: "
        "set sales, store, product, category and value",
    )


def _entry(schema: Schema, sales: Table) -> ForecastEntry | None:
    store = _key_column(schema, sales, _STORE)
    value = _number(sales, _VALUE) or _number(sales, _UNITS)
    if not sales.timed or store is None or value is None:
        return None
    product = _link(schema, sales, _PRODUCT)
    of = schema.table(product.to) if product is not None else sales
    category = _label(of, _CATEGORY) or _label(of, _DEPARTMENT)
    if category is None:
        return None
    department = _label(of, _DEPARTMENT)
    prefix = f"{of.name}." if of is not sales else ""
    region = _region(schema, sales, store)
    shopper = _link(schema, sales, _SHOPPER)
    units = _number(sales, _UNITS)
    return ForecastEntry(
        sales=sales.name,
        store=store,
        product=product.column if product is not None else None,
        category=prefix + category,
        department=prefix + department if department not in (None, category) else None,
        value=value,
        units=units if units != value else None,
        region=region,
        shopper=shopper.column if shopper is not None and region is None else None,
        promotions=_promotions(schema, sales, product),
        stock=_stock(schema, sales, product),
    )


def _named(columns: Iterable[Column], words: Sequence[str]) -> str | None:
    """The first column whose name holds one of the words, words that come first preferred."""
    listed = list(columns)
    for word in words:
        for column in listed:
            if word in column.name.casefold():
                return column.name
    return None


def _number(table: Table, words: Sequence[str]) -> str | None:
    return _named((c for c in table.columns if c.stype is SType.NUMERICAL), words)


def _label(table: Table, words: Sequence[str]) -> str | None:
    return _named((c for c in table.columns if c.stype in (SType.CATEGORICAL, SType.TEXT)), words)


def _link(schema: Schema, table: Table, words: Sequence[str]) -> Link | None:
    for word in words:
        for link in schema.links_from(table.name):
            if word in link.to.casefold() or word in link.column.casefold():
                return link
    return None


def _key_column(schema: Schema, table: Table, words: Sequence[str]) -> str | None:
    """The column that names a store: a link, or else a label."""
    link = _link(schema, table, words)
    return link.column if link is not None else _label(table, words)


def _region(schema: Schema, sales: Table, store: str) -> str | None:
    for link in schema.links_from(sales.name):
        if link.column == store:
            region = _label(schema.table(link.to), _REGION)
            return f"{link.to}.{region}" if region is not None else None
    return None


def _to(schema: Schema, table: Table, product: Link) -> str | None:
    return next((link.column for link in schema.links_from(table.name) if link.to == product.to), None)


def _promotions(schema: Schema, sales: Table, product: Link | None) -> PromotionEntry | None:
    for table in schema:
        told = any(w in table.name.casefold() for w in _PROMOTION)
        column = _to(schema, table, product) if product is not None else None
        if table is sales or not table.timed or not told or column is None:
            continue
        kinds = [c.name for c in table.columns if c.stype is SType.CATEGORICAL]
        return PromotionEntry(table=table.name, product=column, kinds=kinds[:3], known_ahead=_KNOWN)
    return None


def _stock(schema: Schema, sales: Table, product: Link | None) -> StockEntry | None:
    for table in schema:
        store, left = _key_column(schema, table, _STORE), _number(table, _ON_HAND)
        if table is sales or not table.timed or store is None or left is None:
            continue
        column = _to(schema, table, product) if product is not None else None
        category = None if column is not None else _label(table, _CATEGORY)
        if column is not None or category is not None:
            return StockEntry(table=table.name, store=store, product=column, category=category, on_hand=left)
    return None
