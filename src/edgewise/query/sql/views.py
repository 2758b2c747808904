"""Row views: each table that a query reads, as one CTE with the needed columns in plain types and its time.

In a view times are int64 microseconds, fractional numbers are doubles that are null where they are NaN or
infinite, text is plain text (an enum or UUID is ordered and matched as such), the rest is as the source has it.
Duplicate keys of a table that is looked up by key are settled by taking the row that comes first by time and then
by the columns' values.
"""

from __future__ import annotations

import numpy as np
import sqlglot
from sqlglot import expressions as exp

from edgewise.query.bound import Family
from edgewise.query.engine import Engine
from edgewise.query.names import family_of
from edgewise.query.sql.parts import AT, aliased, as_double, clean, column, cte, integer, table_named, values_cte
from edgewise.schema.model import Clock, Column, Link, Schema, Table

__all__ = ["Rows", "Views"]


class Views:
    """The row views of one statement. Ask for names and columns first; `ctes` then writes what was asked for."""

    def __init__(self, source: Engine, schema: Schema) -> None:
        self.source = source
        self.schema = schema
        self._needed: dict[str, dict[str, None]] = {}
        self._keyed: dict[str, None] = {}

    def rows(self, table: str) -> str:
        """The name of the view of all rows of a table."""
        self._needed.setdefault(table, {})
        return f"ew_rows_{list(self._needed).index(table) + 1}"

    def keyed(self, table: str) -> str:
        """The name of the view with one row for each key of a table."""
        self.need(table, self.key_of(table))
        self._keyed.setdefault(table)
        return self.rows(table).replace("rows", "keyed")

    def key_of(self, table: str) -> str:
        """The key column of a table that links point at."""
        key = self.schema.table(table).key
        if key is None:
            raise ValueError(f"'{table}' has no key")
        return key

    def need(self, table: str, name: str) -> None:
        """Ask for a column of a view."""
        self._needed.setdefault(table, {}).setdefault(name)

    def ctes(self) -> list[exp.CTE]:
        """The views in an order in which each stands before those that read it."""
        self._need_sources_of_implied()
        plain = [t for t in self._needed if not self.schema.table(t).implied_by]
        implied = [t for t in self._needed if self.schema.table(t).implied_by]
        found: list[exp.CTE] = []
        for name in plain:
            found += self._definition(self.schema.table(name))
            found += self._view(self.schema.table(name))
        for name in implied:
            found.append(cte(self.rows(name), self._implied(self.schema.table(name))))
        found += [cte(self.keyed(name), self._one_by_key(self.schema.table(name))) for name in self._keyed]
        return found

    def _need_sources_of_implied(self) -> None:
        for name in list(self._needed):
            for table, source_column in self.schema.table(name).implied_by:
                self.need(table, source_column)

    def _definition(self, table: Table) -> list[exp.CTE]:
        """A table defined by SQL that the source does not know yet."""
        if table.sql is None or table.name in self.source.tables():
            return []
        return [cte(table.name, sqlglot.parse_one(table.sql, read=self.source.dialect))]

    def _view(self, table: Table) -> list[exp.CTE]:
        name, needed = self.rows(table.name), self._needed[table.name]
        select = exp.select(*[aliased(self._plain(table, c), c) for c in needed]).from_(table_named(table.name))
        if table.time is not None:
            return [cte(name, select.select(aliased(self.source.micros(table.name, table.time), AT)))]
        if table.clock is None:
            return [cte(name, select if needed else select.select(aliased(exp.null(), AT)))]
        own = column(table.clock.column, table.name)
        even = _even_clock(table.clock, own)
        if even is not None:
            return [cte(name, select.select(aliased(even, AT)))]
        clock = name.replace("rows", "clock")
        ticks = [(table.clock.first + i, start) for i, start in enumerate(table.clock.starts)]
        joined = select.select(aliased(column("start", clock), AT)).join(
            table_named(clock), on=exp.EQ(this=column("tick", clock), expression=own), join_type="left"
        )
        return [values_cte(clock, ("tick", "start"), ticks), cte(name, joined)]

    def _plain(self, table: Table, name: str) -> exp.Expression:
        own = table.column(name)
        tree = column(name, table.name)
        if family_of(own) is Family.TIME:
            return self.source.micros(table.name, name)
        if family_of(own) is Family.TEXT or self._names_texts(table, own):
            return exp.cast(tree, exp.DataType.Type.TEXT)
        if own.dtype.startswith(("float", "double", "halffloat")):
            return clean(tree)
        return as_double(tree) if own.dtype.startswith("decimal") else tree

    def _names_texts(self, table: Table, own: Column) -> bool:
        """Whether a column of whole numbers refers to keys that are text, and so is compared as text."""
        if not own.dtype.startswith(("int", "uint")):
            return False
        links = [link for link in self.schema.links_from(table.name) if link.column == own.name]
        keys = [self.schema.table(link.to).column(self.key_of(link.to)) for link in links]
        return any(family_of(key) is Family.TEXT for key in keys)

    def _implied(self, table: Table) -> exp.Query:
        """The keys of a table that exists only as values of other tables' columns."""
        key = self.key_of(table.name)
        parts: list[exp.Query] = []
        for name, source_column in table.implied_by:
            own = column(source_column)
            part = exp.select(aliased(own, key)).from_(table_named(self.rows(name)))
            parts.append(part.where(own.copy().is_(exp.null()).not_()).distinct())
        union: exp.Query = parts[0]
        for part in parts[1:]:
            union = exp.union(union, part)
        return union

    def _one_by_key(self, table: Table) -> exp.Select:
        key = self.key_of(table.name)
        rows = table_named(self.rows(table.name))
        if table.implied_by:
            return exp.select(column(key)).from_(rows)
        names = list(self._needed[table.name]) + ([AT] if table.timed else [])
        order = ([AT] if table.timed else []) + [n for n in self._needed[table.name] if n != key]
        ranked = exp.select(*[column(n) for n in names]).from_(rows).where(column(key).is_(exp.null()).not_())
        if not order:
            return ranked.distinct()
        rank = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(key)],
            order=exp.Order(expressions=[exp.Ordered(this=column(n), nulls_first=False) for n in order]),
        )
        inner = ranked.select(aliased(rank, "__rank")).subquery("ranked")
        first = exp.EQ(this=column("__rank"), expression=exp.Literal.number(1))
        return exp.select(*[column(n) for n in names]).from_(inner).where(first)


def _even_clock(clock: Clock, own: exp.Expression) -> exp.Expression | None:
    """The start of a period by arithmetic, where all periods have one length; null outside of the clock."""
    steps = np.diff(np.array(clock.starts, dtype=np.int64))
    if len(clock.starts) > 1 and len(set(steps.tolist())) > 1:
        return None
    step = int(steps[0]) if len(steps) else 0
    last = clock.first + len(clock.starts) - 1
    since = exp.Paren(this=exp.Sub(this=own, expression=integer(clock.first)))
    since_long = exp.cast(since, exp.DataType.Type.BIGINT)
    start = exp.Add(this=integer(clock.starts[0]), expression=exp.Mul(this=since_long, expression=integer(step)))
    inside = exp.Between(this=own.copy(), low=integer(clock.first), high=integer(last))
    return exp.Case().when(inside, start)


class Rows:
    """A SELECT over one view that follows links forward by left joins, each path once."""

    def __init__(self, views: Views, table: str, alias: str) -> None:
        self.views = views
        self.table = table
        self.alias = alias
        self.used = False
        self._tables: dict[tuple[Link, ...], tuple[str, str]] = {(): (alias, table)}

    def column(self, hops: tuple[Link, ...], name: str) -> exp.Column:
        """A column of the table at the end of `hops`."""
        self.used = True
        alias, table = self._reach(hops)
        if name != AT:
            self.views.need(table, name)
        return column(name, alias)

    def _reach(self, hops: tuple[Link, ...]) -> tuple[str, str]:
        if hops not in self._tables:
            self._reach(hops[:-1])
            self.column(hops[:-1], hops[-1].column)
            self.views.keyed(hops[-1].to)
            self._tables[hops] = (f"{self.alias}{len(self._tables)}", hops[-1].to)
        return self._tables[hops]

    def joined(self, select: exp.Select) -> exp.Select:
        """The select with the joins that the asked columns need."""
        for hops, (alias, table) in self._tables.items():
            if hops:
                own = column(self.views.key_of(table), alias)
                other = column(hops[-1].column, self._tables[hops[:-1]][0])
                target = table_named(self.views.keyed(table), alias)
                select = select.join(target, on=exp.EQ(this=own, expression=other), join_type="left")
        return select
