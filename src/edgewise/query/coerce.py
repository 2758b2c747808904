"""Values written in a query, read as the type of what they are compared with."""

from __future__ import annotations

import math

from edgewise.clock import to_micros
from edgewise.errors import ArgumentError
from edgewise.query.bound import Bound, Constant, Family
from edgewise.query.names import Names
from edgewise.query.nodes import Literal, Span

__all__ = ["constant", "read_as"]

_KINDS = {
    "number": Family.NUMBER,
    "text": Family.TEXT,
    "boolean": Family.BOOLEAN,
    "time": Family.TIME,
    "null": Family.OTHER,
}


def constant(names: Names, literal: Literal) -> Constant:
    """A literal by its own looks.

    Raises:
        QueryError: a date that is none, or a number beyond what a double holds.
    """
    if literal.kind == "time":
        return _moment(names, str(literal.value), literal.span)
    if literal.kind == "number" and not math.isfinite(float(literal.value or 0)):
        raise names.error("the number is too large", literal.span)
    return Constant(literal.value, _KINDS[literal.kind], literal.span)


def read_as(names: Names, value: Constant, other: Bound, family: Family | None = None) -> Constant:
    """A constant as the family of `other`, beside which it stands.

    Numbers 0 and 1 are booleans beside a boolean and the other way round; text is a date beside a time.

    Raises:
        QueryError: the two have nothing in common.
    """
    family = family or other.family
    found = value.family
    if found is family:
        return value
    if found is Family.TEXT and family is Family.TIME:
        return _moment(names, str(value.value), value.span)
    if found is Family.BOOLEAN and family is Family.NUMBER:
        return Constant(int(bool(value.value)), Family.NUMBER, value.span)
    if found is Family.NUMBER and family is Family.BOOLEAN and value.value in (0, 1):
        return Constant(bool(value.value), Family.BOOLEAN, value.span)
    raise names.error(
        f"{_written(names, other.span)} is a {family.value}, {_written(names, value.span)} is a {found.value}",
        value.span,
        _hint(names, value, family),
    )


def _moment(names: Names, text: str, span: Span) -> Constant:
    try:
        return Constant(to_micros(text), Family.TIME, span)
    except ArgumentError as error:
        raise names.error(error.message, span, error.hint) from None


def _written(names: Names, span: Span) -> str:
    text = " ".join(names.text[span.start : span.end].split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _hint(names: Names, value: Constant, family: Family) -> str | None:
    written = names.text[value.span.start : value.span.end]
    if family is Family.TEXT and value.family in (Family.NUMBER, Family.TIME):
        return f"put it in quotes: '{written}'"
    if family is Family.NUMBER and value.family is Family.TEXT:
        try:
            float(str(value.value))
        except ValueError:
            return None
        return f"without quotes: {value.value}"
    if family is Family.BOOLEAN:
        return "compare it with TRUE or FALSE"
    if family is Family.TIME:
        return "write a date: 2017-12-18"
    return None
