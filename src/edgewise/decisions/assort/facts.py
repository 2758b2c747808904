"""What is known at a moment: who bought what in which store and when, what stores and articles are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int32, Int64
from sqlglot import expressions as exp

from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.seen import read_seen, seen
from edgewise.errors import DecisionError, SchemaError, proposal
from edgewise.ids import MISSING, Vocabulary
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.sources.database import Database
from edgewise.stypes import SType

__all__ = ["Facts", "Labels", "Sales", "Things", "read_facts"]


@dataclass(frozen=True, slots=True)
class Labels:
    """A column as small integers: row `i` has the label `names[codes[i]]`, none where the code is MISSING."""

    codes: Int32[np.ndarray, " rows"]
    names: tuple[str, ...]

    def code(self, name: str) -> int:
        """The code of a label; MISSING where there is none."""
        return self.names.index(name) if name in self.names else MISSING


@dataclass(frozen=True, slots=True)
class Things:
    """The stores, or the articles: their keys, and columns as labels and as numbers."""

    table: str
    keys: Vocabulary
    labels: Mapping[str, Labels]
    numbers: Mapping[str, Float64[np.ndarray, " rows"]]

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, keys: list[int | str], place: str) -> Int64[np.ndarray, " n"]:
        """The rows of keys that a user wrote.

        Raises:
            DecisionError: a key that is not there; `place` says where it was written.
        """
        rows = self.keys.rows(keys) if keys else np.empty(0, dtype=np.int64)
        for key, row in zip(keys, rows, strict=True):
            if row == MISSING:
                known = [str(k) for k in self.keys.keys(np.arange(min(len(self), 5000))).to_pylist()]
                hint = proposal(str(key), known, f"keys of '{self.table}': {', '.join(known[:5])}, …")
                raise DecisionError(f"assort: {place}: '{self.table}' has no '{key}'", hint=hint)
        return rows


@dataclass(frozen=True, slots=True)
class Sales:
    """Rows sold, in time order. `shopper` is MISSING where nobody is named."""

    store: Int32[np.ndarray, " rows"]
    article: Int32[np.ndarray, " rows"]
    shopper: Int32[np.ndarray, " rows"]
    time: Int64[np.ndarray, " rows"]
    amount: Float64[np.ndarray, " rows"]

    def __len__(self) -> int:
        return len(self.time)

    def where(self, keep: Bool[np.ndarray, " rows"]) -> Sales:
        """Some of the rows."""
        return Sales(self.store[keep], self.article[keep], self.shopper[keep], self.time[keep], self.amount[keep])

    def until(self, at: int) -> Sales:
        """The rows up to a moment, the moment included."""
        last = int(np.searchsorted(self.time, at, side="right"))
        return Sales(
            self.store[:last], self.article[:last], self.shopper[:last], self.time[:last], self.amount[:last]
        )

    def between(self, after: int, upto: int) -> Sales:
        """The rows of (after, upto]."""
        return self.where((self.time > after) & (self.time <= upto))


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is visible at `at`.

    `shoppers` counts them; `lost` counts rows sold that name no known store or article.
    """

    at: int
    stores: Things
    articles: Things
    sales: Sales
    shoppers: int
    lost: int

    def as_of(self, at: int) -> Facts:
        """The same facts with sales up to an earlier moment."""
        return replace(self, at=at, sales=self.sales.until(at))


def read_facts(db: Database, entry: AssortEntry, at: int) -> Facts:
    """Read what is visible at a moment.

    Raises:
        SchemaError: a table or a column that is not there, or is no link.
        DecisionError: nothing was sold up to then, or a column holds no numbers.
    """
    schema = db.schema
    sales = schema.table(entry.sales)
    if not sales.timed:
        raise SchemaError(
            f"assort: sales: the table '{sales.name}' has no time", hint="name its time column in a graph file"
        )
    to_store, to_article = (
        _link(schema, sales, entry.store, "store"),
        _link(schema, sales, entry.article, "article"),
    )
    space = [entry.space] if isinstance(entry.space, str) else []
    stores = _things(db, to_store.to, entry.store_alike, space, at)
    named = [c for c in (entry.category, entry.supplier) if c is not None]
    articles = _things(db, to_article.to, [*named, *entry.alike], [entry.size] if entry.size else [], at)
    rows = _rows(db, sales, entry, at)
    store, article = stores.keys.rows(rows[entry.store]), articles.keys.rows(rows[entry.article])
    shopper, shoppers = _shoppers(rows, entry)
    time = rows.column(_AT).to_numpy()
    amount = _amounts(rows, entry)
    known = (store != MISSING) & (article != MISSING) & (time <= at)
    if not (known & (amount > 0)).any():
        raise DecisionError(
            "assort: nothing was sold up to the moment that is asked about", hint="ask for a later one with --at"
        )
    kept = np.flatnonzero(known & (amount > 0))
    # rows of one moment come in any order: sums of floats must not depend on it
    order = kept[np.lexsort((amount[kept], shopper[kept], article[kept], store[kept], time[kept]))]
    found = Sales(
        store[order].astype(np.int32), article[order].astype(np.int32), shopper[order].astype(np.int32),
        time[order], amount[order],
    )  # fmt: skip
    return Facts(at, stores, articles, found, shoppers, int((~known & (time <= at)).sum()))


def _link(schema: Schema, table: Table, column: str, what: str) -> Link:
    table.column(column)
    links = schema.links_from(table.name)
    for link in links:
        if link.column == column:
            return link
    hint = (
        f"its links: {', '.join(f'{link.column} → {link.to}' for link in links)}" if links else "it has no links"
    )
    raise SchemaError(f"assort: {what}: '{table.name}.{column}' is no link to a table", hint=hint)


def _select(db: Database, table: Table, columns: list[str], at: int) -> pa.Table:
    """Columns of the rows that are visible, and when they came about."""
    found, times = read_seen(db, table, {c: c for c in columns}, at)
    return pa.table({**found, _AT: pa.array(times)})


_AT: Final = " at"


def _rows(db: Database, table: Table, entry: AssortEntry, at: int) -> pa.Table:
    columns = [entry.store, entry.article]
    for column in (entry.shopper, entry.amount):
        if column is not None:
            table.column(column)
            columns.append(column)
    return _select(db, table, columns, at)


def _shoppers(rows: pa.Table, entry: AssortEntry) -> tuple[Int64[np.ndarray, " rows"], int]:
    if entry.shopper is None:
        return np.full(rows.num_rows, MISSING, dtype=np.int64), 0
    column = rows.column(entry.shopper)
    # numbered in the order of their keys, so that it does not matter in which order rows come
    keys = Vocabulary(pc.unique(column).drop_null().sort())
    return keys.rows(column), len(keys)


def _amounts(rows: pa.Table, entry: AssortEntry) -> Float64[np.ndarray, " rows"]:
    if entry.amount is None:
        return np.ones(rows.num_rows)
    return np.maximum(_numbers(rows, entry.sales, entry.amount, 0.0), 0.0)


def _numbers(rows: pa.Table, table: str, column: str, otherwise: float) -> Float64[np.ndarray, " rows"]:
    """A column as numbers; missing and infinite ones are `otherwise`."""
    values = rows.column(column)
    try:
        numbers = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DecisionError(
            f"assort: '{table}.{column}' holds no numbers", hint="name a column of numbers, or leave it out"
        ) from None
    return np.where(np.isfinite(numbers), numbers, otherwise)


def _things(db: Database, name: str, labels: list[str], numbers: list[str], at: int) -> Things:
    """A table of stores or articles as it is at a moment, in the order of its keys."""
    table = db.schema.table(name)
    if table.key is None:
        raise SchemaError(f"assort: the table '{name}' has no key", hint="name it in a graph file")
    for column in (*labels, *numbers):
        table.column(column)
    rows = _implied(db, table, at) if table.implied_by else _select(db, table, [table.key, *labels, *numbers], at)
    rows = rows.filter(pc.is_valid(rows.column(table.key)))
    order = pc.sort_indices(rows, sort_keys=[(table.key, "ascending")])
    rows = rows.take(order).combine_chunks()
    keys = rows.column(table.key).combine_chunks()
    if len(keys) > 1:  # of rows with one key the first counts
        first = np.ones(len(keys), dtype=bool)
        first[1:] = pc.not_equal(keys[1:], keys[:-1]).to_numpy(zero_copy_only=False)
        rows, keys = rows.filter(pa.array(first)), keys.filter(pa.array(first))
    found = {c: _labels(rows.column(c), table.column(c)) for c in dict.fromkeys(labels)}
    return Things(name, Vocabulary(keys), found, {c: _numbers(rows, name, c, np.nan) for c in numbers})


def _implied(db: Database, table: Table, at: int) -> pa.Table:
    """The keys of a table that only others name, as far as they did so up to a moment."""
    assert table.key is not None
    found = []
    for name, column in table.implied_by:
        other = db.schema.table(name)
        query = exp.select(exp.alias_(exp.column(column, table=name, quoted=True), table.key, quoted=True))
        query = query.distinct().from_(exp.table_(name, quoted=True))
        visible = seen(db, other, at)
        query = query if visible is None else query.where(visible)
        found.append(db.source.read(query))
    return pa.concat_tables(found, promote_options="permissive")


def _labels(column: Any, said: Column) -> Labels:
    """A column as labels in the order of their texts; a number of many values as ten classes of equal size."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if said.stype is SType.NUMERICAL and len(pc.unique(values)) > _CLASSES:
        return _classes(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False))
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    texts = pc.cast(values, pa.string())
    names = pc.unique(texts).drop_null().sort()
    codes = pc.fill_null(pc.index_in(texts, value_set=names, skip_nulls=True), MISSING)
    return Labels(codes.to_numpy(zero_copy_only=False).astype(np.int32), tuple(names.to_pylist()))


_CLASSES: Final = 10


def _classes(numbers: Float64[np.ndarray, " rows"]) -> Labels:
    fine = numbers[np.isfinite(numbers)]
    if len(fine) == 0:
        return Labels(np.full(len(numbers), MISSING, dtype=np.int32), ())
    ends = np.unique(np.quantile(fine, np.linspace(0, 1, _CLASSES + 1)[1:-1]))
    codes = np.where(np.isfinite(numbers), np.searchsorted(ends, numbers, side="right"), MISSING)
    names = ["", *(f"from {end:.6g}" for end in ends)]
    names[0] = f"below {ends[0]:.6g}"
    return Labels(codes.astype(np.int32), tuple(names))
