"""Whom a query asks about: a table's rows by key, the distinct values of a column, or a pair of linked keys."""

from __future__ import annotations

from edgewise.query.bound import DerivedEntity, Entity, Family, Field
from edgewise.query.names import Names, family_of
from edgewise.query.nodes import (
    Aggregation,
    And,
    Arithmetic,
    ColumnRef,
    Comparison,
    EntityNode,
    Expr,
    InList,
    Negative,
    Not,
    Or,
    PatternMatch,
    Span,
)
from edgewise.query.paths import forward_paths
from edgewise.schema.model import Column
from edgewise.stypes import SType

__all__ = ["bind_entity", "first_aggregation"]


def bind_entity(names: Names, node: EntityNode, target: Expr) -> Entity:
    """Resolve the columns after FOR EACH. A link column stands for the table it refers to.

    Raises:
        QueryError: a column that is unknown or cannot name entities, or a pair that nothing ties together.
    """
    if len(node.columns) > 2:
        span = Span(node.columns[2].span.start, node.columns[-1].span.end)
        raise names.error("an entity is one column or a pair", span, "name two columns at most")
    for ref in node.columns:
        _check_names_entities(names, ref)
    if len(node.columns) == 2:
        return _pair(names, node, target)
    ref = node.columns[0]
    table, column = names.table(ref), names.column(ref)
    link = names.link_of(ref)
    if column.name != table.key and link is not None:
        key = names.schema.table(link.to).key or column.name
        return Entity(link.to, (key,), node.span, via=link)
    if column.name == table.key:
        return Entity(table.name, (column.name,), node.span)
    source = Field(table.name, column, (), family_of(column), None, ref.span)
    derived = DerivedEntity(
        _free_name(names, f"{table.name}_{column.name}"), table.name, (_as_key(column, column.name),), (source,)
    )
    return Entity(derived.name, (column.name,), node.span, derived=derived)


def _pair(names: Names, node: EntityNode, target: Expr) -> Entity:
    base = _base(names, node, target)
    sources = tuple(names.field(ref, base, "a pair of entities") for ref in node.columns)
    plain = [s.column.name for s in sources]
    labels = plain if plain[0] != plain[1] else [f"{s.table}_{s.column.name}" for s in sources]
    if labels[0] == labels[1]:
        raise names.error(
            "a pair names two different columns", node.span, f"FOR EACH {node.columns[0].table}.column"
        )
    columns = tuple(_as_key(s.column, label) for s, label in zip(sources, labels, strict=True))
    name = _free_name(names, f"{labels[0]}_and_{labels[1]}")
    return Entity(name, tuple(labels), node.span, derived=DerivedEntity(name, base, columns, sources))


def _base(names: Names, node: EntityNode, target: Expr) -> str:
    """The table whose rows hold both keys: the target's where it does, else one that the pair names, else any."""
    wanted = [ref.table for ref in node.columns]

    def holds(table: str) -> bool:
        return all(table == w or len(forward_paths(names.schema, table, w)) == 1 for w in wanted)

    first = first_aggregation(target)
    if first is not None and first.column.table in names.schema.tables and holds(first.column.table):
        return first.column.table
    named = [t for t in dict.fromkeys(wanted) if holds(t)]
    found = named or [t.name for t in names.schema if holds(t.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise names.error(
            f"{' and '.join(found)} all link '{wanted[0]}' and '{wanted[1]}'",
            node.span,
            f"name a column of the one that you mean: FOR EACH {found[0]}.column, …",
        )
    raise names.error(
        f"no table links '{wanted[0]}' and '{wanted[1]}', so nothing pairs them",
        node.span,
        "a pair is two columns of one table, or of tables that one table links to",
    )


def _check_names_entities(names: Names, ref: ColumnRef) -> None:
    if ref.column == "*":
        raise names.error("entities are named by a column, not by '*'", ref.column_span, _key_hint(names, ref))
    column = names.column(ref)
    if column.name == names.table(ref).key or names.link_of(ref) is not None:
        return
    family = family_of(column)
    if family in (Family.TIME, Family.OTHER) or column.dtype.startswith(
        ("float", "double", "halffloat", "decimal")
    ):
        kind = f"{column.stype.value}, {column.dtype}"
        raise names.error(
            f"'{ref.table}.{ref.column}' ({kind}) names no entities", ref.span, _key_hint(names, ref)
        )


def _key_hint(names: Names, ref: ColumnRef) -> str | None:
    table = names.table(ref)
    if table.key is not None:
        return f"FOR EACH {table.name}.{table.key}"
    links = [f"{link.table}.{link.column}" for link in names.schema.links_from(table.name)]
    return f"'{table.name}' has no key; its links: {', '.join(links)}" if links else None


def _as_key(column: Column, name: str) -> Column:
    return Column(name, column.dtype, SType.ID, reason="names the entities of a query")


def _free_name(names: Names, wanted: str) -> str:
    while wanted in names.schema.tables:
        wanted += "_"
    return wanted


def first_aggregation(expr: Expr) -> Aggregation | None:
    """The first aggregation of an expression as written."""
    if isinstance(expr, Aggregation):
        return expr
    if isinstance(expr, Arithmetic | Comparison | And | Or):
        return first_aggregation(expr.left) or first_aggregation(expr.right)
    if isinstance(expr, Negative | Not | InList | PatternMatch):
        return first_aggregation(expr.operand)
    return None
