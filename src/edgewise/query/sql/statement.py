"""The whole label statement: entities at anchors, their aggregations, conditions and target, in one SELECT.

Anchors and window bounds come in as integers computed here (see `slots`), so that the engine
compares integers and knows nothing of calendars.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import expressions as exp

from edgewise.query.bound import Aggregate, Bound, EntityKey, Family, Field, Query, aggregates
from edgewise.query.engine import Engine
from edgewise.query.nodes import Func
from edgewise.query.sql.aggregate import VALUE, Result, events, tie_break
from edgewise.query.sql.entities import entities
from edgewise.query.sql.formula import formula
from edgewise.query.sql.parts import aliased, as_double, both, column, cte, table_named, with_ctes
from edgewise.query.sql.slots import SLOT, Slots
from edgewise.query.sql.views import Rows, Views
from edgewise.schema.model import Schema

__all__ = ["history_statement", "label_statement"]


def label_statement(query: Query, source: Engine, schema: Schema, anchors: Sequence[int]) -> exp.Select:
    """One SELECT with columns e0 (e1 for a pair), slot, target and, with ASSUMING, assumed.

    Targets are null where there is no label; a target that is a list has a row for each value, and one with a
    null for an empty list. Without anchors (static queries only) all entities stand in slot 0.
    """
    return _Statement(query, source, schema, anchors).tree()


def history_statement(query: Query, source: Engine, schema: Schema) -> exp.Select:
    """One SELECT of all rows that the target's first aggregation is made of: e0 (e1), __at, v."""
    node = query.aggregate
    if node is None:
        raise ValueError("the target aggregates nothing")
    views = Views(source, query.schema(schema))
    select = events(views, query.entity, replace(node, func=Func.LIST_DISTINCT) if _ordinal(node) else node)
    return with_ctes(select, views.ctes())


def _ordinal(node: Aggregate) -> bool:
    """Whether the value itself, not its number, is what an event holds."""
    return node.func in (Func.FIRST, Func.LAST, Func.MODE)


class _Statement:
    def __init__(self, query: Query, source: Engine, schema: Schema, anchors: Sequence[int]) -> None:
        self.query = query
        self.slots = Slots(anchors, query.timeframes)
        self.views = Views(source, query.schema(schema))
        self.keys = [f"e{i}" for i in range(len(query.entity.columns))]
        self.nodes = aggregates(query.target)
        rest = [*aggregates(query.where), *aggregates(query.assuming)]
        self.others = tuple(dict.fromkeys(a for a in rest if a not in self.nodes or query.timeframes > 1))

    def tree(self) -> exp.Select:
        own: list[exp.CTE] = []
        born, people = entities(self.views, self.query, timed=bool(self.slots))
        own += people
        names: dict[tuple[Aggregate, bool], str] = {}
        for node, framed in [*((n, True) for n in self.nodes), *((n, False) for n in self.others)]:
            names[node, framed] = f"ew_agg_{len(names) + 1}"
            own += self._aggregation(node, framed, names[node, framed])
        final = self._final(names, born)
        return with_ctes(final, [*self.slots.ctes(), *self.views.ctes(), *own])

    def _aggregation(self, node: Aggregate, framed: bool, name: str) -> list[exp.CTE]:
        source = name.replace("agg", "events")
        joined = None if node.window is None else self.slots.join(node.window, framed)
        select = events(self.views, self.query.entity, node, joined)
        tie = tie_break(self.views, node)
        result = Result(node, self.keys, source, joined, self.views.source.dialect, tie)
        return [cte(source, select), cte(name, result.select())]

    def _final(self, names: dict[tuple[Aggregate, bool], str], born: bool) -> exp.Select:
        rows = Rows(self.views, self.query.entity.table, "r")
        dialect = self.views.source.dialect

        def written(node: Bound, framed: bool) -> exp.Expression:
            return formula(node, self._leaf(rows, names, framed), dialect)

        target = written(self.query.target, True)
        where = None if self.query.where is None else written(self.query.where, False)
        assumed = None if self.query.assuming is None else written(self.query.assuming, False)
        slot = column(SLOT, "a") if self.slots else exp.Literal.number(0)
        select = exp.select(*[column(k, "en") for k in self.keys], aliased(slot, SLOT), aliased(target, "target"))
        if assumed is not None:
            select = select.select(aliased(exp.Coalesce(this=assumed, expressions=[exp.false()]), "assumed"))
        select = self._joins(select.from_(table_named("ew_entities", "en")), names, born)
        if rows.used:
            own = exp.EQ(this=rows.column((), self.views.key_of(rows.table)), expression=column("e0", "en"))
            select = rows.joined(
                select.join(table_named(self.views.keyed(rows.table), "r"), on=own, join_type="left")
            )
        return select if where is None else select.where(where)

    def _joins(self, select: exp.Select, names: dict[tuple[Aggregate, bool], str], born: bool) -> exp.Select:
        if self.slots and born:
            exists = exp.LTE(this=column("born", "en"), expression=column("at", "a"))
            select = select.join(table_named("ew_anchors", "a"), on=exists)
        elif self.slots:
            select = select.join(table_named("ew_anchors", "a"), join_type="cross")
        for (node, _), name in names.items():
            same = [exp.EQ(this=column(k, name), expression=column(k, "en")) for k in self.keys]
            if node.window is not None:
                same.append(exp.EQ(this=column(SLOT, name), expression=column(SLOT, "a")))
            select = select.join(table_named(name), on=both(same), join_type="left")
        return select

    def _leaf(
        self, rows: Rows, names: dict[tuple[Aggregate, bool], str], framed: bool
    ) -> Callable[[Aggregate | EntityKey | Field], exp.Expression]:
        def leaf(node: Aggregate | EntityKey | Field) -> exp.Expression:
            if isinstance(node, EntityKey):
                return column(f"e{node.index}", "en")
            if isinstance(node, Field):
                tree = rows.column(node.hops, node.column.name)
                return as_double(tree) if node is self.query.target and node.family is Family.NUMBER else tree
            name = names.get((node, framed)) or names[node, not framed]
            return _or_nothing(node, column(VALUE, name))

        return leaf


def _or_nothing(node: Aggregate, value: exp.Column) -> exp.Expression:
    """What an aggregation is where the window holds no row."""
    zero = exp.Literal.number(0)
    if node.func is Func.EXISTS:
        return exp.GT(this=exp.Coalesce(this=value, expressions=[zero]), expression=zero.copy())
    if node.func in (Func.COUNT, Func.COUNT_DISTINCT, Func.SUM):
        return exp.Coalesce(this=value, expressions=[as_double(zero)])
    return value
