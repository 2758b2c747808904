"""Binding of expressions: columns and aggregations at the leaves, types checked on the way up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgewise.errors import InternalError
from edgewise.query.aggregation import Role, bind_aggregation
from edgewise.query.bound import (
    Aggregate,
    Bound,
    Calculation,
    Compare,
    Constant,
    Entity,
    EntityKey,
    Family,
    Junction,
    Match,
    Member,
    Missing,
    Negation,
)
from edgewise.query.coerce import constant, read_as
from edgewise.query.names import Names, family_of
from edgewise.query.nodes import (
    Aggregation,
    And,
    Arithmetic,
    ColumnRef,
    Comparison,
    Expr,
    Func,
    InList,
    Literal,
    Negative,
    Not,
    Or,
    PatternMatch,
    Span,
)

__all__ = ["Binder"]

_Leaf = Callable[["ColumnRef | Aggregation"], Bound]


class Binder:
    """Binds the expressions of one query. `warnings` collects what a user should know."""

    def __init__(self, names: Names, entity: Entity, written: tuple[ColumnRef, ...]) -> None:
        self._names = names
        self._entity = entity
        self._written = {(ref.table, ref.column): i for i, ref in enumerate(written)}
        self.warnings: list[str] = []

    def value(self, expr: Expr, role: Role) -> Bound:
        """An expression about an entity at an anchor."""
        return self._bind(expr, lambda leaf: self._entity_leaf(leaf, role))

    def condition(self, expr: Expr, role: Role) -> Bound:
        """An expression about an entity at an anchor that is true or false."""
        return self._truth(self.value(expr, role))

    def row_condition(self, expr: Expr, table: str) -> Bound:
        """A condition about one row of a table: its own columns and those of tables it links to."""
        return self._truth(self._bind(expr, lambda leaf: self._row_leaf(leaf, table)))

    def _row_leaf(self, leaf: ColumnRef | Aggregation, table: str) -> Bound:
        if isinstance(leaf, Aggregation):
            raise self._names.error(
                "an aggregation has no place inside another one",
                leaf.span,
                "a condition inside an aggregation looks at one row at a time",
            )
        return self._names.field(leaf, table, "a condition inside an aggregation")

    def _entity_leaf(self, leaf: ColumnRef | Aggregation, role: Role) -> Bound:
        if isinstance(leaf, ColumnRef):
            return self._entity_column(leaf)
        inner = leaf.where
        return bind_aggregation(
            self._names,
            self._entity,
            leaf,
            role,
            lambda table: None if inner is None else self.row_condition(inner, table),
            self._warn,
        )

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def _entity_column(self, ref: ColumnRef) -> Bound:
        derived = self._entity.derived
        index = self._written.get((ref.table, ref.column))
        if index is None and ref.table == self._entity.table and ref.column in self._entity.columns:
            index = self._entity.columns.index(ref.column)
        if index is not None:
            column = derived.columns[index] if derived else self._names.column(ref)
            return EntityKey(index, family_of(column), column.stype, ref.span)
        if derived is not None:
            self._names.column(ref)
            written = ", ".join(f"{t}.{c}" for t, c in self._written)
            raise self._names.error(
                f"'{ref.table}.{ref.column}' differs between the rows of one entity",
                ref.span,
                f"columns of the entity: {written}; aggregate over the others",
            )
        return self._names.field(ref, self._entity.table, "outside of aggregations a query")

    def _bind(self, expr: Expr, leaf: _Leaf) -> Bound:
        match expr:
            case Aggregation() | ColumnRef():
                return leaf(expr)
            case Literal():
                return constant(self._names, expr)
            case Arithmetic():
                return self._calculation(expr, leaf)
            case Negative():
                zero = Constant(0, Family.NUMBER, expr.span)
                operand = self._number(self._bind(expr.operand, leaf))
                return Calculation("-", zero, operand, Family.NUMBER, expr.span)
            case Comparison():
                return self._compare(expr, leaf)
            case InList():
                return self._member(expr, leaf)
            case PatternMatch():
                return self._match(expr, leaf)
            case _:
                return self._logic(expr, leaf)

    def _logic(self, expr: Expr, leaf: _Leaf) -> Bound:
        if isinstance(expr, Not):
            return Negation(self._truth(self._bind(expr.operand, leaf)), expr.span)
        if isinstance(expr, And | Or):
            left, right = (self._truth(self._bind(side, leaf)) for side in (expr.left, expr.right))
            return Junction("AND" if isinstance(expr, And) else "OR", left, right, expr.span)
        raise InternalError(f"no rule binds {type(expr).__name__}")

    def _truth(self, bound: Bound) -> Bound:
        if bound.family is Family.BOOLEAN:
            return bound
        text = self._written_text(bound.span)
        raise self._names.error(
            f"{text} is a {bound.family.value}, not a condition",
            bound.span,
            f"compare it: {text} > 0" if bound.family is Family.NUMBER else f"compare it: {text} = …",
        )

    def _number(self, bound: Bound) -> Bound:
        if bound.family is Family.NUMBER:
            return bound
        text = self._written_text(bound.span)
        raise self._names.error(f"{text} is a {bound.family.value}; arithmetic takes numbers", bound.span)

    def _calculation(self, expr: Arithmetic, leaf: _Leaf) -> Bound:
        left, right = (self._number(self._bind(side, leaf)) for side in (expr.left, expr.right))
        return Calculation(expr.op, left, right, Family.NUMBER, expr.span)

    def _compare(self, expr: Comparison, leaf: _Leaf) -> Bound:
        left, right = self._bind(expr.left, leaf), self._bind(expr.right, leaf)
        for side, other in ((left, right), (right, left)):
            if isinstance(side, Constant) and side.value is None:
                return self._missing(expr, other)
        if isinstance(right, Constant):
            right = read_as(self._names, right, left)
        elif isinstance(left, Constant):
            left = read_as(self._names, left, right)
        self._check_comparable(expr, left, right)
        return Compare(expr.op, left, right, expr.span)

    def _missing(self, expr: Comparison, operand: Bound) -> Bound:
        if expr.op not in ("=", "!="):
            raise self._names.error(f"nothing is {expr.op} NULL", expr.span, "say IS NULL or IS NOT NULL")
        if operand.family is Family.LIST:
            raise self._names.error("a list is never NULL", expr.span, "an empty one is found with COUNT(…) = 0")
        return Missing(operand, expr.op == "!=", expr.span)

    def _check_comparable(self, expr: Comparison, left: Bound, right: Bound) -> None:
        if left.family is Family.LIST or right.family is Family.LIST:
            raise self._names.error(
                "a list is not compared with one value",
                expr.span,
                "ask LIST_DISTINCT(…) CONTAINS value, or use COUNT",
            )
        if left.family is not right.family:
            texts = [self._written_text(side.span) for side in (left, right)]
            raise self._names.error(
                f"{texts[0]} is a {left.family.value}, {texts[1]} is a {right.family.value}", expr.span
            )
        if left.family is Family.OTHER:
            raise self._names.error(f"{self._written_text(left.span)} cannot be compared", expr.span)
        if left.family is Family.BOOLEAN and expr.op not in ("=", "!="):
            raise self._names.error(f"TRUE and FALSE are not ordered by {expr.op}", expr.span, "use = or !=")

    def _member(self, expr: InList, leaf: _Leaf) -> Bound:
        operand = self._bind(expr.operand, leaf)
        if operand.family in (Family.LIST, Family.OTHER):
            hint = "ask LIST_DISTINCT(…) CONTAINS value" if operand.family is Family.LIST else None
            raise self._names.error(
                f"{self._written_text(operand.span)} is a list, not one value", operand.span, hint
            )
        values = []
        for literal in expr.values:
            if literal.kind == "null":
                raise self._names.error("NULL is in no list", literal.span, "add OR … IS NULL")
            values.append(read_as(self._names, constant(self._names, literal), operand))
        return Member(operand, tuple(values), expr.negated, expr.span)

    def _match(self, expr: PatternMatch, leaf: _Leaf) -> Bound:
        operand = self._bind(expr.operand, leaf)
        if isinstance(operand, Aggregate) and operand.func is Func.LIST_DISTINCT and expr.op == "CONTAINS":
            return self._contains(operand, expr)
        if operand.family is not Family.TEXT:
            text = self._written_text(operand.span)
            raise self._names.error(f"{expr.op} needs text; {text} is a {operand.family.value}", operand.span)
        if expr.pattern.kind != "text":
            raise self._names.error(f"{expr.op} needs a text in quotes", expr.pattern.span)
        return Match(expr.op, operand, str(expr.pattern.value), expr.negated, expr.span)

    def _contains(self, listed: Aggregate, expr: PatternMatch) -> Bound:
        """`LIST_DISTINCT(c) CONTAINS v` as `EXISTS(… WHERE c = v)`, which says the same."""
        field = listed.field
        if field is None:
            raise InternalError("a list without a column")
        value = read_as(self._names, constant(self._names, expr.pattern), field)
        same: Bound = Compare("=", field, value, expr.span)
        where = same if listed.where is None else Junction("AND", listed.where, same, expr.span)
        exists = replace(listed, func=Func.EXISTS, field=None, where=where, family=Family.BOOLEAN)
        return Negation(exists, expr.span) if expr.negated else exists

    def _written_text(self, span: Span) -> str:
        text = " ".join(self._names.text[span.start : span.end].split())
        return text if len(text) <= 60 else f"{text[:57]}..."
