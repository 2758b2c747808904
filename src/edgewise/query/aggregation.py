"""Binding of aggregations: which rows, over which path, in which window, and of what type."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from edgewise.query.bound import Aggregate, Bound, Entity, Family, Field
from edgewise.query.names import Names, family_of
from edgewise.query.nodes import Aggregation, Func, Span, WindowNode
from edgewise.query.paths import forward_paths
from edgewise.query.window import LONGEST, Offset, Window
from edgewise.schema.model import Column, Link, Table
from edgewise.stypes import SType

__all__ = ["Role", "bind_aggregation"]


class Role(Enum):
    """Where in the query an expression stands, which decides the side of the anchor its windows lie on."""

    TARGET = "the target"
    WHERE = "WHERE"
    ASSUMING = "ASSUMING"


_OF_NUMBERS: Final = (Func.SUM, Func.AVG, Func.MEDIAN, Func.STDDEV)
_OF_ROWS: Final = (Func.COUNT, Func.EXISTS)


def bind_aggregation(
    names: Names,
    entity: Entity,
    node: Aggregation,
    role: Role,
    bind_where: Callable[[str], Bound | None],
    warn: Callable[[str], None],
) -> Aggregate:
    """Resolve one aggregation. `bind_where` binds its inner condition over rows of the given table.

    Raises:
        QueryError: unknown names, a function that does not fit the column, a table with no way to the entity,
            a window on the wrong side of the anchor, or none where one is needed.
    """
    table = names.table(node.column)
    field = _field(names, node, table)
    path = _path(names, entity, node, table)
    clock = _clock(names, table, path)
    window = _window(names, node, role, table, clock)
    if window is None:
        clock = None
    elif clock:
        warn(f"'{table.name}' has no time column: its rows take the time of '{path[clock - 1].to}'")
    where = bind_where(table.name)
    return Aggregate(
        node.func, table.name, field, where, window, path, clock, _family(node.func, field), node.span
    )


def _field(names: Names, node: Aggregation, table: Table) -> Field | None:
    ref = node.column
    if ref.column == "*":
        if node.func in _OF_ROWS:
            return None
        fitting = [
            f"{table.name}.{c.name}" for c in table.columns if _misfit(names, node.func, table, c.name) is None
        ]
        hint = f"columns it can take: {', '.join(fitting[:6])}" if fitting else None
        raise names.error(f"{node.func.value} needs a column; '*' is for COUNT and EXISTS", ref.span, hint)
    column = names.column(ref)
    why = _misfit(names, node.func, table, column.name)
    if why is not None:
        raise names.error(
            f"{node.func.value} cannot take '{table.name}.{column.name}': {why}",
            ref.span,
            _advice(names, node, table),
        )
    return Field(table.name, column, (), family_of(column), names.link_of(ref), ref.span)


def _misfit(names: Names, func: Func, table: Table, name: str) -> str | None:
    """Why a function cannot take a column, or None where it can."""
    column = table.column(name)
    family = family_of(column)
    key = name == table.key or any(link.column == name for link in names.schema.links_from(table.name))
    if func in _OF_ROWS:
        return None
    if family is Family.OTHER:
        return f"it is {column.stype.value}, {column.dtype}"
    if func in _OF_NUMBERS:
        if key or column.stype is SType.ID:
            return "it is an ID, not a quantity"
        return None if family in (Family.NUMBER, Family.BOOLEAN) else f"it is a {family.value}, not a number"
    if func in (Func.MIN, Func.MAX):
        if key or column.stype is SType.ID:
            return "it is an ID, not a quantity"
        return None if family in (Family.NUMBER, Family.TIME) else f"it is a {family.value}, not a number"
    return _unlisted(names, table, column, family) if func is Func.LIST_DISTINCT else None


def _unlisted(names: Names, table: Table, column: Column, family: Family) -> str | None:
    """Why distinct values of a column make no list to predict, or None where they do."""
    if any(link.column == column.name for link in names.schema.links_from(table.name)):
        return None
    if column.name == table.key or column.stype is SType.ID:
        return "it is an ID, but no link to a table"
    if family is Family.TIME or column.stype is SType.NUMERICAL:
        return f"it is a {family.value}, not a link or a category"
    return None


def _advice(names: Names, node: Aggregation, table: Table) -> str | None:
    fitting = [c.name for c in table.columns if _misfit(names, node.func, table, c.name) is None]
    if fitting:
        return f"columns of '{table.name}' that it can take: {', '.join(fitting[:6])}"
    return f"COUNT({table.name}.*, …) counts its rows"


def _family(func: Func, field: Field | None) -> Family:
    if func is Func.EXISTS:
        return Family.BOOLEAN
    if func is Func.LIST_DISTINCT:
        return Family.LIST
    if func in (Func.FIRST, Func.LAST, Func.MODE, Func.MIN, Func.MAX) and field is not None:
        return field.family
    return Family.NUMBER


def _path(names: Names, entity: Entity, node: Aggregation, table: Table) -> tuple[Link, ...]:
    """The links from the aggregated table to the entity; to the base table for a pair."""
    span = Span(node.column.span.start, node.column.span.end)
    derived = entity.derived
    pair = derived is not None and len(derived.columns) > 1
    goal = derived.base if derived is not None and pair else entity.table
    if pair and table.name == goal:
        return ()
    if table.name == goal and not forward_paths(names.schema, goal, goal):
        hint = f"predict one of its columns itself: PREDICT {table.name}.column FOR EACH …"
        raise names.error(
            f"'{goal}' is the entity's own table, and its rows do not link to each other", span, hint
        )
    rule = "the aggregated table has to link to the entity"
    return names.only_path(table.name, goal, span, rule, ends=True, via=entity.via)


def _clock(names: Names, table: Table, path: tuple[Link, ...]) -> int | None:
    """How many links ahead the table stands that gives a row its time; the entity's own time does not."""
    tables = [table.name, *(link.to for link in path[:-1])]
    for hops, name in enumerate(tables):
        if names.schema.table(name).timed:
            return hops
    return None


def _window(names: Names, node: Aggregation, role: Role, table: Table, clock: int | None) -> Window | None:
    if node.window is None:
        if clock is None:
            return None
        example = "-30, 0, days" if role is Role.WHERE else "0, 7, days"
        raise names.error(
            f"the rows of '{table.name}' have times, so {node.func.value} over them needs a window",
            node.span,
            f"add a window: {node.func.value}({node.column.table}.{node.column.column}, {example})",
        )
    if clock is None:
        raise names.error(
            f"'{table.name}' has no time column, so its rows fall in no window",
            node.window.span,
            "leave the window out, or name its time column in the graph file",
        )
    return _checked(names, node.window, role)


def _checked(names: Names, node: WindowNode, role: Role) -> Window:
    if role is Role.WHERE:
        _check_past(names, node)
    else:
        _check_future(names, node, role)
    end = Offset(node.end, node.unit)
    start = None if node.start is None else Offset(node.start, node.unit)
    if max(abs(end.micros), 0 if start is None else abs(start.micros)) > LONGEST:
        raise names.error("the window reaches farther than a thousand years", node.span)
    return Window(start, end)


def _check_past(names: Names, node: WindowNode) -> None:
    if node.end > 0:
        raise names.error(
            "a window in WHERE has to lie in the past, at or before the anchor",
            node.span,
            f"end it at 0: {-node.end}, 0, {node.unit.value}; what happens later belongs in ASSUMING",
        )
    if node.start is not None and node.start >= node.end:
        raise names.error(
            "the window is empty: its start is not before its end", node.span, "for example -30, 0, days"
        )


def _check_future(names: Names, node: WindowNode, role: Role) -> None:
    where = "; a condition on the past belongs in WHERE" if role is Role.TARGET else ""
    if node.start is None or node.start < 0:
        raise names.error(
            f"a window in {role.value} has to lie in the future, after the anchor",
            node.span,
            f"start it at 0 or later: 0, {max(node.end, 7)}, {node.unit.value}{where}",
        )
    if node.start >= node.end:
        raise names.error(
            "the window is empty: its start is not before its end", node.span, "for example 0, 7, days"
        )
