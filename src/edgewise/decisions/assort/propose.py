"""An entry read off a schema: which table holds sales, and which columns name store, article and shopper."""

from __future__ import annotations

import re
from typing import Final

from edgewise.decisions.assort.entry import AssortEntry
from edgewise.errors import SchemaError
from edgewise.schema.model import Link, Schema, Table
from edgewise.stypes import SType

__all__ = ["propose"]

_STORE: Final = ("store", "shop", "outlet", "branch", "location", "site", "market", "restaurant", "warehouse")
_ARTICLE: Final = ("product", "article", "item", "sku", "good", "upc", "merchandise", "dish")
_SHOPPER: Final = ("household", "customer", "shopper", "client", "member", "user", "buyer", "person", "card")
_SALES: Final = ("transaction", "sale", "purchase", "order", "receipt", "basket", "line", "ticket", "sold")
_CATEGORY: Final = ("category", "group", "class", "section", "department", "genre", "family", "type")
_SUPPLIER: Final = ("supplier", "manufacturer", "vendor", "producer", "maker", "brand")
#: A category is a column of this many values.
_FEW, _MANY = 3, 2000


def propose(schema: Schema) -> AssortEntry:
    """An entry for `edgewise assort` without settings.

    Raises:
        SchemaError: no table says what was sold where and when.
    """
    found = [roles for table in schema if (roles := _roles(schema, table)) is not None]
    if not found:
        raise SchemaError(
            "no table says which article was sold in which store, and when",
            hint="one is needed with a time and links to a table of stores and one of articles; "
            "name it under decisions: assort: {sales: …, store: …, article: …}",
        )
    best = max(found, key=lambda r: (_said(r.table.name, _SALES), r.shopper is not None, r.table.rows))
    articles, stores = schema.table(best.article.to), schema.table(best.store.to)
    category = _named(articles, _CATEGORY)
    return AssortEntry(
        sales=best.table.name,
        store=best.store.column,
        article=best.article.column,
        shopper=None if best.shopper is None else best.shopper.column,
        category=category,
        supplier=_supplier(schema, articles),
        alike=[name for name in _labels(articles) if name != category],
        store_alike=_labels(stores),
    )


class _Roles:
    def __init__(self, table: Table, store: Link, article: Link, shopper: Link | None) -> None:
        self.table, self.store, self.article, self.shopper = table, store, article, shopper


def _roles(schema: Schema, table: Table) -> _Roles | None:
    """What the links of a table with times stand for; None where it lacks a store or an article."""
    links = schema.links_from(table.name)
    store, article = _link(links, _STORE), _link(links, _ARTICLE)
    if not table.timed or store is None or article is None or store == article:
        return None
    return _Roles(table, store, article, _link(links, _SHOPPER))


def _link(links: tuple[Link, ...], words: tuple[str, ...]) -> Link | None:
    """The first link by the first of the words in its column's name or in that of the table it points at."""
    for word in words:
        for link in links:
            if _said(link.column, (word,)) or _said(link.to, (word,)):
                return link
    return None


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())


def _said(name: str, words: tuple[str, ...]) -> bool:
    return any(said.startswith(word) for said in _words(name) for word in words)


def _labels(table: Table) -> list[str]:
    kinds = (SType.CATEGORICAL, SType.NUMERICAL, SType.BOOLEAN)
    return [c.name for c in table.columns if c.stype in kinds and not c.personal]


def _named(table: Table, words: tuple[str, ...]) -> str | None:
    found = [
        c.name for c in table.columns if c.stype is SType.CATEGORICAL and _FEW <= (c.distinct or _FEW) <= _MANY
    ]
    return next((name for word in words for name in found if _said(name, (word,))), next(iter(found), None))


def _supplier(schema: Schema, articles: Table) -> str | None:
    linked = _link(schema.links_from(articles.name), _SUPPLIER)
    return linked.column if linked is not None else _named_or_none(articles)


def _named_or_none(articles: Table) -> str | None:
    found = [c.name for c in articles.columns if c.stype is SType.CATEGORICAL]
    return next((name for word in _SUPPLIER for name in found if _said(name, (word,))), None)
