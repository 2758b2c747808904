"""A query's text and a schema to a bound Query."""

from __future__ import annotations

from dataclasses import replace

from edgewise.query.aggregation import Role
from edgewise.query.bound import Bound, Constant, Entity, Field, Query, aggregates, fields
from edgewise.query.coerce import constant, read_as
from edgewise.query.decide import decide
from edgewise.query.entity import bind_entity
from edgewise.query.expressions import Binder
from edgewise.query.names import Names, family_of
from edgewise.query.nodes import EntityNode, QueryNode
from edgewise.query.parse import parse
from edgewise.schema.model import Schema

__all__ = ["bind"]


def bind(text: str, schema: Schema) -> Query:
    """Parse a predictive query and resolve it against a schema.

    Raises:
        QueryError: the text is no query, or does not fit the schema. The error points at the place, says why,
            and proposes.
    """
    node = parse(text)
    names = Names(text, schema)
    entity = bind_entity(names, node.entity, node.target)
    if entity.derived is not None:
        names = Names(text, entity.derived.extend(schema))
    entity = replace(entity, keys=_keys(names, entity, node.entity))
    binder = Binder(names, entity, node.entity.columns)
    target = binder.value(node.target, Role.TARGET)
    decision = decide(names, target, node.clause)
    windowed = any(a.window is not None for a in aggregates(target))
    assuming = _assuming(names, binder, node, windowed)
    where = None if node.where is None else binder.condition(node.where, Role.WHERE)
    if entity.derived is not None:
        binder.warnings.insert(0, _derived_note(entity))
    if not windowed and decision.item_table is None:
        binder.warnings += [_hidden_note(name) for name in dict.fromkeys(a.table for a in aggregates(target))]
    return Query(
        text=text,
        kind=decision.kind,
        entity=entity,
        target=target,
        where=where,
        assuming=assuming,
        k=decision.k,
        timeframes=decision.timeframes,
        item_table=decision.item_table,
        hidden=frozenset() if windowed else _hidden(names, entity, target),
        static=not windowed,
        warnings=tuple(binder.warnings),
    )


def _keys(names: Names, entity: Entity, node: EntityNode) -> tuple[Constant, ...] | None:
    if node.keys is None:
        return None
    if len(entity.columns) > 1:
        first, second = node.columns
        hint = f"WHERE {first.table}.{first.column} = … AND {second.table}.{second.column} = …"
        raise names.error("a list of keys goes with one column, not with a pair", node.span, hint)
    column = names.schema.table(entity.table).column(entity.columns[0])
    beside = Field(entity.table, column, (), family_of(column), None, node.span)
    for literal in node.keys:
        if literal.kind == "null":
            raise names.error("no entity has the key NULL", literal.span)
    return tuple(read_as(names, constant(names, literal), beside) for literal in node.keys)


def _assuming(names: Names, binder: Binder, node: QueryNode, windowed: bool) -> Bound | None:
    if node.assuming is None:
        return None
    bound = binder.condition(node.assuming, Role.ASSUMING)
    if not windowed:
        raise names.error("ASSUMING needs a target with a window", node.assuming.span)
    if not aggregates(bound):
        raise names.error(
            "ASSUMING states what happens in a window after the anchor",
            node.assuming.span,
            "for example ASSUMING COUNT(messages.*, 0, 7, days) > 0; what is known already belongs in WHERE",
        )
    return bound


def _hidden(names: Names, entity: Entity, target: Bound) -> frozenset[tuple[str, str]]:
    """The columns that hold the answer of a query without windows: those it reads, but for links."""
    found = fields(target)
    for column in found:
        if column.hops:
            raise names.error(
                f"'{column.table}.{column.column.name}' is no column of the entity",
                column.span,
                f"predict a column of '{entity.table}', or ask FOR EACH row of '{column.table}'",
            )
    found += tuple(a.field for a in aggregates(target) if a.field is not None and a.field.link is None)
    return frozenset((column.table, column.column.name) for column in found)


def _hidden_note(table: str) -> str:
    return f"without a window the rows of '{table}' are the answer itself: the model does not see whose they are"


def _derived_note(entity: Entity) -> str:
    derived = entity.derived
    if derived is None or len(derived.columns) > 1:
        return (
            f"the entities are the pairs of {' and '.join(entity.columns)} that occur in '{derived.base}'"
            if derived
            else ""
        )
    return f"'{derived.base}.{derived.columns[0].name}' is no primary key: its distinct values are the entities"
