"""Bound expressions to SQL expressions, with the same meaning in every dialect.

Conditions follow SQL's three-valued logic. Text is compared by code point (in PostgreSQL by the C collation) and
case counts everywhere; in a LIKE pattern % is any text and _ any one character, and nothing escapes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import expressions as exp

from edgewise.query.bound import (
    Aggregate,
    Bound,
    Calculation,
    Compare,
    Constant,
    EntityKey,
    Family,
    Field,
    Junction,
    Match,
    Member,
    Missing,
    Negation,
)
from edgewise.query.sql.parts import as_double, integer

__all__ = ["Leaf", "formula", "literal", "ordered"]

_Condition = Compare | Junction | Match | Member | Missing | Negation
Leaf = Callable[["Aggregate | EntityKey | Field"], exp.Expression]

_COMPARE: Final[dict[str, type[exp.Binary]]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_ARITHMETIC: Final[dict[str, type[exp.Binary]]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}


def formula(node: Bound, leaf: Leaf, dialect: str) -> exp.Expression:
    """An expression tree; `leaf` says where columns and aggregations are found."""

    def go(inner: Bound) -> exp.Expression:
        return formula(inner, leaf, dialect)

    match node:
        case Aggregate() | EntityKey() | Field():
            return leaf(node)
        case Constant():
            return literal(node)
        case Calculation():
            return _calculation(node, go)
        case _:
            return _condition(node, go, dialect)


def _condition(node: _Condition, go: Callable[[Bound], exp.Expression], dialect: str) -> exp.Expression:
    match node:
        case Compare():
            return _compare(node, go, dialect)
        case Missing():
            null = exp.Paren(this=go(node.operand)).is_(exp.null())
            return exp.Paren(this=null.not_() if node.negated else null)
        case Member():
            found = exp.In(this=exp.Paren(this=go(node.operand)), expressions=[literal(v) for v in node.values])
            return exp.Paren(this=found.not_() if node.negated else found)
        case Match():
            return _match(node, go(node.operand), dialect)
        case Junction():
            kind = exp.And if node.op == "AND" else exp.Or
            return exp.Paren(this=kind(this=go(node.left), expression=go(node.right)))
        case Negation():
            return exp.Paren(this=exp.Not(this=exp.Paren(this=go(node.operand))))


def literal(value: Constant) -> exp.Expression:
    """A written value. Whole numbers stay whole, so that they meet integer keys; times are microseconds."""
    raw = value.value
    if raw is None:
        return exp.null()
    if isinstance(raw, bool):
        return exp.true() if raw else exp.false()
    if isinstance(raw, str):
        return exp.Literal.string(raw)
    if isinstance(raw, int) and abs(raw) < 2**63:
        return integer(raw)
    number = exp.Literal.number(repr(abs(float(raw))))
    return as_double(exp.Neg(this=number) if raw < 0 else number)


def ordered(tree: exp.Expression, family: Family, dialect: str) -> exp.Expression:
    """A value in the order that all dialects share."""
    if dialect == "postgres" and family is Family.TEXT:
        return exp.Collate(this=tree, expression=exp.to_identifier("C", quoted=True))
    return tree


def _calculation(node: Calculation, go: Callable[[Bound], exp.Expression]) -> exp.Expression:
    left, right = as_double(go(node.left)), as_double(go(node.right))
    if node.op == "/":
        zero = exp.Nullif(this=right, expression=exp.Literal.number(0))
        return exp.Paren(this=exp.Div(this=left, expression=zero))
    return exp.Paren(this=_ARITHMETIC[node.op](this=left, expression=right))


def _compare(node: Compare, go: Callable[[Bound], exp.Expression], dialect: str) -> exp.Expression:
    sides = [exp.Paren(this=go(side)) for side in (node.left, node.right)]
    if node.op not in ("=", "!="):
        sides = [ordered(side, node.left.family, dialect) for side in sides]
    return exp.Paren(this=_COMPARE[node.op](this=sides[0], expression=sides[1]))


def _match(node: Match, operand: exp.Expression, dialect: str) -> exp.Expression:
    if node.op == "LIKE":
        found = _like(operand, node.pattern, dialect)
    elif node.op == "CONTAINS":
        position = exp.StrPosition(this=operand, substr=exp.Literal.string(node.pattern))
        found = exp.GT(this=position, expression=exp.Literal.number(0))
    else:
        found = _at_an_end(operand, node.pattern, node.op == "STARTS WITH")
    return exp.Paren(this=exp.Not(this=exp.Paren(this=found)) if node.negated else found)


def _like(operand: exp.Expression, pattern: str, dialect: str) -> exp.Expression:
    """LIKE with case; SQLite's own ignores it, so there it is a GLOB."""
    if dialect == "sqlite":
        wild = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
        globbed = "".join(wild.get(c, c) for c in pattern)
        return exp.Glob(this=operand, expression=exp.Literal.string(globbed))
    like = exp.Like(this=operand, expression=exp.Literal.string(pattern))
    if dialect == "postgres":
        return exp.Escape(this=like, expression=exp.Literal.string(""))
    return like


def _at_an_end(operand: exp.Expression, text: str, start: bool) -> exp.Expression:
    """Whether a text begins or ends with another, without patterns."""
    size = exp.Literal.number(len(text))
    length = exp.Length(this=operand.copy())
    fits = exp.GTE(this=length, expression=size.copy())
    first: exp.Expression = exp.Literal.number(1)
    if not start:
        first = exp.Add(this=exp.Sub(this=length.copy(), expression=size.copy()), expression=first)
    part = exp.Substring(this=operand.copy(), start=first, length=size)
    return exp.And(this=fits, expression=exp.EQ(this=part, expression=exp.Literal.string(text)))
