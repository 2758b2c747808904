"""Whether labels can be learnt from: known by now, not all alike, and not none at all."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.clock import iso
from edgewise.errors import ArgumentError, QueryError
from edgewise.query.bound import Query
from edgewise.query.engine import Engine
from edgewise.query.kinds import TaskKind
from edgewise.query.labels import counts
from edgewise.query.plan import last_complete
from edgewise.schema.model import Schema

__all__ = ["check_complete", "check_labels"]


def check_complete(query: Query, source: Engine, schema: Schema, anchors: Sequence[int]) -> None:
    """See that the window after each anchor (microseconds) is over in the data: what is yet to come is not false.

    Raises:
        ArgumentError: the first window that is not over, and the last anchor whose window is.
        QueryError: no row of the target's table has a time.
    """
    last = last_complete(query, source, schema)
    late = min((anchor for anchor in anchors if last is not None and anchor > last), default=None)
    if last is not None and late is not None:
        raise ArgumentError(
            f"the window after {iso(late)} is not over in the data",
            hint=f"the last anchor time whose window is complete is {iso(last)}",
        )


def check_labels(query: Query, table: pa.Table) -> None:
    """See that a label table, as `labels` made it, holds something to learn.

    Raises:
        QueryError: there are no labels, or they are all alike; it points at the target.
    """
    if len(table) == 0:
        raise _nothing(query, table)
    target = table.column("target")
    if query.kind is TaskKind.BINARY:
        _check_condition(query, target)
    elif pa.types.is_list(target.type):
        _check_lists(query, target)
    elif pc.count_distinct(target).as_py() == 1:
        raise _error(query, f"the target is {target[0].as_py()} for every entity at every anchor", _widen(query))


def _check_condition(query: Query, target: pa.ChunkedArray) -> None:
    true = pc.sum(target).as_py()
    if true == 0:
        raise _error(query, f"the condition never holds: {len(target)} labels, all false", _widen(query))
    if true == len(target):
        hint = "a stricter condition or a shorter window leaves some entities out"
        raise _error(query, f"the condition always holds: {len(target)} labels, all true", hint)


def _check_lists(query: Query, target: pa.ChunkedArray) -> None:
    values = pc.list_flatten(target)
    if query.kind is TaskKind.FORECASTING:
        if pc.count_distinct(values).as_py() == 1:
            raise _error(query, f"the target is {values[0].as_py()} in every timeframe", _widen(query))
    elif len(values) == 0:
        raise _error(query, f"the target never occurs: {len(target)} lists, all empty", _widen(query))


def _nothing(query: Query, table: pa.Table) -> QueryError:
    asked = counts(table).asked
    if asked:
        return _error(query, f"none of the {asked} entities at these anchors has a label", _widen(query))
    why = "exists and passes WHERE" if query.where is not None else "exists"
    return _error(query, f"no entity {why} at these anchors", "take later anchors, or a wider WHERE")


def _widen(query: Query) -> str:
    if query.static:
        return "check the column and the conditions"
    return "a longer window or a wider condition lets more rows count"


def _error(query: Query, message: str, hint: str) -> QueryError:
    span = query.target.span
    return QueryError(message, text=query.text, start=span.start, end=span.end, hint=hint)
