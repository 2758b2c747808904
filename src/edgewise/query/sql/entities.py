"""Which entities there are, and since when."""

from __future__ import annotations

from sqlglot import expressions as exp

from edgewise.query.bound import DerivedEntity, Query
from edgewise.query.sql.formula import literal
from edgewise.query.sql.parts import AT, aliased, both, column, cte, table_named
from edgewise.query.sql.views import Rows, Views

__all__ = ["entities"]


def entities(views: Views, query: Query, timed: bool) -> tuple[bool, list[exp.CTE]]:
    """The CTE `ew_entities` with e0 (e1 for a pair) and, where existence depends on time, `born`.

    An entity exists from its own time on, where its table has one; otherwise from the first time of a row that
    links to it; always, where no table that links to it has times. Says whether `born` is there; `timed` false
    asks for all entities whenever they exist.
    """
    entity = query.entity
    if entity.derived is not None and len(entity.derived.columns) > 1:
        born = timed and views.schema.table(entity.derived.base).timed
        return born, [cte("ew_entities", _pairs(views, entity.derived, born))]
    table = views.schema.table(entity.table)
    keyed, key = views.keyed(table.name), entity.columns[0]
    select = exp.select(aliased(column(key, "k"), "e0")).from_(table_named(keyed, "k"))
    if entity.keys is not None:
        select = select.where(exp.In(this=column(key, "k"), expressions=[literal(v) for v in entity.keys]))
    if not timed:
        return False, [cte("ew_entities", select)]
    if table.timed:
        return True, [cte("ew_entities", select.select(aliased(column(AT, "k"), "born")))]
    births = _births(views, table.name)
    if births is None:
        return False, [cte("ew_entities", select)]
    same = exp.EQ(this=column("e0", "b"), expression=column(key, "k"))
    select = select.select(column("born", "b")).join(table_named("ew_births", "b"), on=same)
    return True, [cte("ew_births", births), cte("ew_entities", select)]


def _births(views: Views, table: str) -> exp.Select | None:
    """The first time of a row that links to each key of a table; None where no such row has a time."""
    parts: list[exp.Query] = []
    for link in views.schema.links_to(table):
        if views.schema.table(link.table).timed:
            views.need(link.table, link.column)
            own = column(link.column)
            first = aliased(exp.Min(this=column(AT)), "born")
            part = exp.select(aliased(own, "e0"), first).from_(table_named(views.rows(link.table)))
            there = [own.copy().is_(exp.null()).not_(), column(AT).is_(exp.null()).not_()]
            parts.append(part.where(both(there)).group_by(own.copy()))
    if not parts:
        return None
    every: exp.Query = parts[0]
    for part in parts[1:]:
        every = exp.union(every, part, distinct=False)
    first = aliased(exp.Min(this=column("born")), "born")
    return exp.select(column("e0"), first).from_(every.subquery("firsts")).group_by(column("e0"))


def _pairs(views: Views, derived: DerivedEntity, born: bool) -> exp.Select:
    rows = Rows(views, derived.base, "r")
    keys = [rows.column(source.hops, source.column.name) for source in derived.sources]
    chosen: list[exp.Expression] = [aliased(key, f"e{i}") for i, key in enumerate(keys)]
    present = [key.copy().is_(exp.null()).not_() for key in keys]
    if born:
        at = rows.column((), AT)
        chosen.append(aliased(exp.Min(this=at), "born"))
        present.append(at.copy().is_(exp.null()).not_())
    select = rows.joined(exp.select(*chosen).from_(table_named(views.rows(derived.base), "r")))
    return select.where(both(present)).group_by(*[key.copy() for key in keys])
