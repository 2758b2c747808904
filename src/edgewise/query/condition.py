"""A condition on the rows of one table, without a query around it: rules on items are written so."""

from __future__ import annotations

from edgewise.query.bound import Bound, Entity
from edgewise.query.expressions import Binder
from edgewise.query.names import Names
from edgewise.query.nodes import Span
from edgewise.query.parse import parse_condition
from edgewise.schema.model import Schema

__all__ = ["bind_condition"]


def bind_condition(text: str, schema: Schema, table: str) -> Bound:
    """A condition as it stands after WHERE, about one row of `table` and the rows that it links to.

    Raises:
        QueryError: the text is no condition, or does not fit the schema; the error points at the place.
    """
    node = parse_condition(text)
    entity = Entity(table, (), Span(0, len(text)))
    return Binder(Names(text, schema), entity, ()).row_condition(node, table)
