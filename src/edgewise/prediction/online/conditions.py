"""A query's condition on rows, asked of one row that arrives: SQL's three-valued logic over Python values."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable
from typing import Any

from edgewise.clock import to_micros
from edgewise.errors import ArgumentError
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
    Query,
    fields,
)

__all__ = ["columns_of", "holds"]

Lookup = Callable[[Field], Any]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def columns_of(query: Query) -> tuple[Field, ...]:
    """The columns that the condition on the target's rows reads."""
    return () if query.aggregate is None else fields(query.aggregate.where)


def holds(node: Bound | None, lookup: Lookup) -> bool:
    """Whether a condition is true of a row; unknown is not. `lookup` gives a column's value, None for null."""
    return node is None or _value(node, lookup) is True


def _value(node: Bound, lookup: Lookup) -> Any:
    match node:
        case Field():
            return _plain(lookup(node), node.family)
        case Constant():
            return node.value
        case Compare():
            return _compared(_COMPARE[node.op], _value(node.left, lookup), _value(node.right, lookup))
        case Calculation():
            return _calculated(node.op, _value(node.left, lookup), _value(node.right, lookup))
        case Missing():
            return (_value(node.operand, lookup) is None) != node.negated
        case Negation():
            inner = _value(node.operand, lookup)
            return None if inner is None else not inner
        case Junction():
            return _joined(node.op, _value(node.left, lookup), _value(node.right, lookup))
        case Member() | Match():
            return _picked(node, _value(node.operand, lookup))
        case _:
            raise ArgumentError("a condition that aggregates cannot be asked of one row")


def _plain(value: Any, family: Family) -> Any:
    """A value as constants of its family are written: times as microseconds."""
    if family is Family.TIME and isinstance(value, str | dt.datetime | dt.date):
        return to_micros(value)
    return value


def _compared(op: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    try:
        return op(left, right)
    except TypeError:
        return op(str(left), str(right))


def _calculated(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if op == "/":
        return None if right == 0 else left / right
    return _ARITHMETIC[op](left, right)


def _joined(op: str, left: Any, right: Any) -> bool | None:
    decisive = op.upper() == "OR"
    if left is decisive or right is decisive:
        return decisive
    return None if left is None or right is None else not decisive


def _picked(node: Member | Match, value: Any) -> bool | None:
    if value is None:
        return None
    if isinstance(node, Member):
        return any(_compared(operator.eq, value, c.value) is True for c in node.values) != node.negated
    return _matched(node.op.upper(), str(value), node.pattern) != node.negated


def _matched(op: str, text: str, pattern: str) -> bool:
    if op.startswith("STARTS"):
        return text.startswith(pattern)
    if op.startswith("ENDS"):
        return text.endswith(pattern)
    if op.startswith("CONTAINS"):
        return pattern in text
    like = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(like, text, re.DOTALL) is not None
