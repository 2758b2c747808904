"""Counts of events as SQL that runs where the tables are: nothing but counts comes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import expressions as exp

from edgewise.clock import DAY
from edgewise.decisions.trends.entry import WatchedEntry
from edgewise.decisions.trends.families import WEEK, Family
from edgewise.decisions.trends.ways import way
from edgewise.query.sql.parts import AT, aliased, both, column, integer, table_named, with_ctes
from edgewise.query.sql.views import Rows, Views
from edgewise.schema.model import Link
from edgewise.sources.database import Database

__all__ = ["Events", "family_of_counts", "text_of"]

_AGO: Final = "ago"
_MANY: Final = "many"


@dataclass(frozen=True, slots=True)
class Events:
    """One table of events up to the moment `at`, of which `weeks` weeks back are read."""

    db: Database
    name: str
    entry: WatchedEntry
    at: int
    weeks: int

    def days(self, *refs: str, least: int = 1) -> pa.Table:
        """How many people a day, for each combination of values: columns k0, k1, …, ago (days), many.

        A person counts once a day; without a column of people, rows count. Day 0 ends at `at`. Values are text;
        combinations with a missing value, or with fewer than `least` in all, are left out.
        """
        tree = self._select()
        keys = [tree.value(ref, f"k{i}") for i, ref in enumerate(refs)]
        inner = exp.select(*keys, aliased(tree.ago(), _AGO), aliased(tree.person(), "who"))
        names = [column(f"k{i}") for i in range(len(refs))]
        counted = exp.select(*names, column(_AGO), aliased(self._many(), _MANY))
        counted = counted.from_(tree.of(inner).subquery("e")).group_by(*names, column(_AGO))
        if not refs:
            return self._read(tree, counted)
        total = exp.Window(this=exp.Sum(this=column(_MANY)), partition_by=[n.copy() for n in names])
        summed = exp.select(*names, column(_AGO), column(_MANY), aliased(total, "total"))
        outer = exp.select(*names, column(_AGO), column(_MANY)).from_(
            summed.from_(counted.subquery("c")).subquery("d")
        )
        enough = exp.GTE(this=column("total"), expression=integer(least))
        return self._read(tree, outer.where(both([*(_present(n) for n in names), enough])))

    def labels(self, base: str, refs: Sequence[str]) -> pa.Table:
        """For each value of `base`, how it is grouped: columns k0 and, for each ref, k1, …; distinct rows."""
        tree = self._select()
        keys = [tree.value(ref, f"k{i}") for i, ref in enumerate((base, *refs))]
        return self._read(tree, tree.of(exp.select(*keys)).distinct())

    def weekly(self, refs: Sequence[str], only: Sequence[str]) -> pa.Table:
        """How many a week, for each combination of values: columns k0, k1, …, ago (weeks), many.

        `only` are the values of the first ref that are wanted. A person counts once a day.
        """
        tree = self._select()
        keys = [tree.value(ref, f"k{i}") for i, ref in enumerate(refs)]
        names = [column(f"k{i}") for i in range(len(refs))]
        wanted = exp.In(this=tree.plain(refs[0]), expressions=[exp.Literal.string(v) for v in only])
        inner = tree.of(exp.select(*keys, aliased(tree.ago(), _AGO), aliased(tree.person(), "who"))).where(wanted)
        counted = exp.select(*names, column(_AGO), aliased(self._many(), _MANY))
        counted = counted.from_(inner.subquery("e")).group_by(*names, column(_AGO))
        week = exp.IntDiv(this=column(_AGO), expression=integer(WEEK))
        summed = aliased(exp.Sum(this=column(_MANY)), _MANY)
        outer = exp.select(*names, aliased(week, "week"), summed).from_(counted.subquery("c"))
        return self._read(tree, outer.group_by(*names, week.copy()))

    def named(self, link: Link, title: str, keys: Sequence[str]) -> dict[str, str]:
        """The title of each key of the table that a link refers to, as text; rows not visible yet have none."""
        views = Views(self.db.source, self.db.schema)
        rows = Rows(views, link.to, "r")
        key = exp.cast(rows.column((), views.key_of(link.to)), exp.DataType.Type.TEXT)
        said = exp.cast(rows.column((), title), exp.DataType.Type.TEXT)
        wanted: list[exp.Expression] = [exp.In(this=key, expressions=[exp.Literal.string(k) for k in keys])]
        if self.db.schema.table(link.to).timed:
            wanted.append(exp.LTE(this=rows.column((), AT), expression=integer(self.at)))
        select = exp.select(aliased(key.copy(), "k"), aliased(said, "t")).distinct()
        select = select.from_(table_named(views.rows(link.to), "r")).where(both(wanted))
        found = self.db.source.read(with_ctes(select, views.ctes()))
        pairs = zip(found.column("k").to_pylist(), found.column("t").to_pylist(), strict=True)
        return {k: t for k, t in sorted(pairs, key=lambda pair: str(pair), reverse=True) if t}

    def rows(self, ref: str, value: str, cell: tuple[str, str] | None, columns: Sequence[str], days: int,
             most: int) -> pa.Table:  # fmt: skip
        """The last rows of a value within `days`, latest first, ties by the columns' values."""
        tree = self._select()
        shown = [aliased(tree.rows.column((), name), name) for name in columns]
        wanted = [exp.EQ(this=tree.plain(ref), expression=exp.Literal.string(value))] if ref else []
        if cell is not None:
            wanted.append(exp.EQ(this=tree.plain(cell[0]), expression=exp.Literal.string(cell[1])))
        wanted.append(exp.GT(this=tree.at, expression=integer(self.at - days * DAY)))
        select = tree.of(exp.select(aliased(tree.at, AT), *shown)).where(both(wanted))
        order = [exp.Ordered(this=column(AT), desc=True, nulls_first=False)]
        order += [exp.Ordered(this=column(name), nulls_first=False) for name in columns]
        outer = exp.select(exp.Star()).from_(select.subquery("s")).order_by(*order).limit(most)
        return self._read(tree, outer)

    def _select(self) -> _Tree:
        views = Views(self.db.source, self.db.schema)
        return _Tree(self, views, Rows(views, self.name, "r"))

    def _many(self) -> exp.Expression:
        if self.entry.people is None:
            return exp.Count(this=exp.Star())
        return exp.Count(this=exp.Distinct(expressions=[column("who")]))

    def _read(self, tree: _Tree, select: exp.Select) -> pa.Table:
        return self.db.source.read(with_ctes(select, tree.views.ctes()))


@dataclass(frozen=True, slots=True)
class _Tree:
    """One SELECT in the making."""

    events: Events
    views: Views
    rows: Rows

    @property
    def at(self) -> exp.Expression:
        return self.rows.column((), AT)

    def plain(self, ref: str) -> exp.Expression:
        """A referenced value as text; null where the row that holds it is not visible yet."""
        schema = self.events.db.schema
        hops, found = way(schema, self.events.name, self.events.entry, ref)
        value: exp.Expression = exp.cast(self.rows.column(hops, found.name), exp.DataType.Type.TEXT)
        if self.events.entry.text == ref:
            value = exp.Lower(this=exp.Trim(this=value))
        for i in range(1, len(hops) + 1):
            if schema.table(hops[i - 1].to).timed:
                seen = exp.LTE(this=self.rows.column(hops[:i], AT), expression=integer(self.events.at))
                value = exp.Case().when(seen, value)
        return value

    def ago(self) -> exp.Expression:
        """How many whole days before the moment a row is."""
        since = exp.Paren(this=exp.Sub(this=integer(self.events.at), expression=self.at))
        return exp.IntDiv(this=since, expression=integer(DAY))

    def value(self, ref: str, name: str) -> exp.Alias:
        return aliased(self.plain(ref), name)

    def person(self) -> exp.Expression:
        people = self.events.entry.people
        return exp.convert(1) if people is None else self.rows.column((), people)

    def of(self, select: exp.Select) -> exp.Select:
        """The select from the visible rows of the history that is read."""
        whole = self.rows.joined(select.from_(table_named(self.views.rows(self.events.name), "r")))
        begin = self.events.at - self.events.weeks * WEEK * DAY
        return whole.where(both([
            exp.LTE(this=self.at, expression=integer(self.events.at)),
            exp.GT(this=self.at, expression=integer(begin)),
        ]))  # fmt: skip


def _present(tree: exp.Expression) -> exp.Expression:
    return tree.copy().is_(exp.null()).not_()


def text_of(array: pa.ChunkedArray | pa.Array) -> list[str]:
    """Values as text, missing ones as empty text."""
    return ["" if v is None else str(v) for v in pc.cast(array, pa.string()).to_pylist()]


def family_of_counts(
    counts: pa.Table, events: str, level: str, cell: str | None, days: int, *, alone: bool = False
) -> Family:
    """Counts a day as a family: one series for each combination of values, in the order of their texts.

    `days` is how many days there are, the oldest first; days further back are left out.
    """
    names = [n for n in counts.column_names if n.startswith("k")]
    ago = counts.column(_AGO).to_numpy().astype(np.int64)
    many = counts.column(_MANY).to_numpy().astype(np.int64)
    keys = [pc.dictionary_encode(counts.column(n).combine_chunks()) for n in names]
    code = np.zeros(len(ago), dtype=np.int64)
    for key in keys:
        code = code * max(len(key.dictionary), 1) + key.indices.to_numpy()
    found, row = np.unique(code, return_inverse=True)
    texts = [[""] * len(found), [""] * len(found)]
    left = found.copy()
    for i in reversed(range(len(keys))):
        size = max(len(keys[i].dictionary), 1)
        words = keys[i].dictionary.to_pylist()
        texts[i] = [words[c] for c in left % size]
        left //= size
    grid = np.zeros((max(len(found), 0 if names else 1), days), dtype=np.int64)
    inside = ago < days
    np.add.at(grid, (row[inside], days - 1 - ago[inside]), many[inside])
    order = sorted(range(len(found)), key=lambda i: (texts[0][i], texts[1][i]))
    return Family(
        events,
        level,
        cell,
        tuple(texts[0][i] for i in order),
        tuple(texts[1][i] for i in order),
        grid[order],
        alone,
    )
