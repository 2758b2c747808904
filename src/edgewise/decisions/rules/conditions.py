"""Conditions over item columns, evaluated on Arrow arrays: for each item, whether the condition is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool

from edgewise.decisions.catalogue.columns import Reader, as_text, micros
from edgewise.decisions.project.refs import Ref
from edgewise.errors import InternalError
from edgewise.query.bound import (
    Bound,
    Calculation,
    Compare,
    Constant,
    Family,
    Field,
    Junction,
    Match,
    Member,
    Missing,
    Negation,
)
from edgewise.query.condition import bind_condition

__all__ = ["true_where"]

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_CALCULATE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": pc.add,
    "-": pc.subtract,
    "*": pc.multiply,
    "/": pc.divide,
}
_MATCH: Final[dict[str, Callable[[Any, str], Any]]] = {
    "LIKE": pc.match_like,
    "STARTS WITH": pc.starts_with,
    "ENDS WITH": pc.ends_with,
    "CONTAINS": pc.match_substring,
}


def true_where(condition: str, reader: Reader, table: str) -> Bool[np.ndarray, " rows"]:
    """The rows of `table` that meet a condition. Three-valued logic as in a query: null is not true.

    Raises:
        QueryError: the condition does not fit the schema.
    """
    bound = bind_condition(condition, reader.schema, table)
    rows = reader.rows(table)
    found = _value(bound, reader, table)
    if isinstance(found, pa.Scalar):  # a condition that reads no column
        return np.full(rows, bool(found.as_py()))
    return pc.fill_null(found, False).to_numpy(zero_copy_only=False).astype(bool)


def _value(bound: Bound, reader: Reader, table: str) -> Any:
    """An Arrow array by row, or a scalar. Numbers are doubles, times int64 microseconds."""
    match bound:
        case Field():
            return _column(bound, reader, table)
        case Constant():
            return _constant(bound)
        case Compare():
            return _COMPARE[bound.op](_value(bound.left, reader, table), _value(bound.right, reader, table))
        case Calculation():
            return _calculation(bound, reader, table)
        case Match():
            found = _MATCH[bound.op](_value(bound.operand, reader, table), bound.pattern)
            return pc.invert(found) if bound.negated else found
        case _:
            return _logic(bound, reader, table)


def _logic(bound: Bound, reader: Reader, table: str) -> Any:
    match bound:
        case Junction():
            join = pc.and_kleene if bound.op == "AND" else pc.or_kleene
            return join(_value(bound.left, reader, table), _value(bound.right, reader, table))
        case Negation():
            return pc.invert(_value(bound.operand, reader, table))
        case Missing():
            operand = _value(bound.operand, reader, table)
            return pc.is_valid(operand) if bound.negated else pc.is_null(operand)
        case Member():
            return _member(bound, reader, table)
        case _:
            raise InternalError(f"no rule evaluates {type(bound).__name__}")


def _member(bound: Member, reader: Reader, table: str) -> Any:
    operand = _value(bound.operand, reader, table)
    values = pa.array([_constant(v).as_py() for v in bound.values]).cast(operand.type)
    found = pc.is_in(operand, value_set=values)
    known = pc.if_else(pc.is_valid(operand), found, pa.scalar(None, pa.bool_()))
    return pc.invert(known) if bound.negated else known


def _calculation(bound: Calculation, reader: Reader, table: str) -> Any:
    left, right = _value(bound.left, reader, table), _value(bound.right, reader, table)
    if bound.op == "/":
        right = pc.if_else(pc.equal(right, 0.0), pa.scalar(None, pa.float64()), right)
    return _CALCULATE[bound.op](left, right)


def _column(field: Field, reader: Reader, table: str) -> pa.Array:
    values = reader.read(Ref(table, field.hops, field.column))
    match field.family:
        case Family.NUMBER:
            return pc.cast(values, pa.float64(), safe=False)
        case Family.TIME:
            known = pc.is_valid(values)
            return pc.if_else(known, pa.array(micros(values)), pa.scalar(None, pa.int64()))
        case Family.TEXT:
            return as_text(values)
        case _:
            return values


def _constant(constant: Constant) -> pa.Scalar:
    kinds = {Family.NUMBER: pa.float64(), Family.TIME: pa.int64(), Family.TEXT: pa.string()}
    return pa.scalar(constant.value, kinds.get(constant.family))
