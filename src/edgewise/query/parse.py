"""Text to syntax tree."""

from __future__ import annotations

import functools
import re
from typing import Any, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError
from lark.tree import Meta

from edgewise.errors import QueryError
from edgewise.query.grammar import GRAMMAR
from edgewise.query.nodes import (
    Aggregation,
    And,
    Arithmetic,
    Clause,
    ColumnRef,
    Comparison,
    EntityNode,
    Expr,
    Func,
    InList,
    Literal,
    Negative,
    Not,
    Or,
    PatternMatch,
    QueryNode,
    Span,
    WindowNode,
)
from edgewise.query.syntax_errors import explain, unit_of, unquote, whole_number

__all__ = ["parse", "parse_condition"]


@functools.cache
def _parser(start: str) -> Lark:
    return Lark(
        GRAMMAR, start=start, parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=True
    )


def _accepts(text: str, start: str) -> set[str]:
    """The terminals that can follow a text that is right so far."""
    parser = _parser(start).parse_interactive(text)
    for _ in parser.exhaust_lexer():
        pass
    return set(parser.accepts())  # type: ignore[no-untyped-call]  # lark leaves it without types


def parse(text: str) -> QueryNode:
    """The syntax tree of a predictive query.

    Raises:
        QueryError: the text is no query; it points at the place and says what was expected.
    """
    return cast(QueryNode, _parsed(text, "start"))


def parse_condition(text: str) -> Expr:
    """The syntax tree of a condition alone, as it stands after WHERE.

    Raises:
        QueryError: the text is no condition; it points at the place and says what was expected.
    """
    return cast(Expr, _parsed(text, "expr"))


def _parsed(text: str, start: str) -> Any:
    try:
        return _Builder(text).transform(_parser(start).parse(text))
    except (UnexpectedCharacters, UnexpectedEOF, UnexpectedToken) as error:
        raise explain(text, error, lambda at: _accepts(text[:at], start)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise


def _span(meta: Meta) -> Span:
    return Span(meta.start_pos, meta.end_pos)


def _token_span(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


@v_args(meta=True)
class _Builder(Transformer[Any, Any]):
    """lark's tree to our nodes, bottom up. `children` holds tokens and nodes in the order of the grammar."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def start(self, meta: Meta, children: list[Any]) -> QueryNode:
        target, clause = children[1], children[2]
        entity = next(c for c in children if isinstance(c, EntityNode))
        tails: dict[str, Expr] = {}
        for kind, keyword, condition in (c for c in children if isinstance(c, tuple)):
            if kind in tails:
                span = _token_span(keyword)
                raise QueryError(
                    f"{kind} occurs twice",
                    text=self.text,
                    start=span.start,
                    end=span.end,
                    hint="join them with AND",
                )
            tails[kind] = condition
        return QueryNode(self.text, target, clause, entity, tails.get("WHERE"), tails.get("ASSUMING"))

    def where(self, meta: Meta, children: list[Any]) -> tuple[str, Token, Expr]:
        return "WHERE", children[0], children[1]

    def assuming(self, meta: Meta, children: list[Any]) -> tuple[str, Token, Expr]:
        return "ASSUMING", children[0], children[1]

    def rank(self, meta: Meta, children: list[Any]) -> Clause:
        return self._clause("RANK", meta, children[2])

    def classify(self, meta: Meta, children: list[Any]) -> Clause:
        return self._clause("CLASSIFY", meta, children[2])

    def top(self, meta: Meta, children: list[Any]) -> Clause:
        return self._clause("TOP", meta, children[1])

    def forecast(self, meta: Meta, children: list[Any]) -> Clause:
        return self._clause("FORECAST", meta, children[1])

    def _clause(self, kind: str, meta: Meta, number: Token | None) -> Clause:
        count = None if number is None else whole_number(self.text, number, at_least=1)
        return Clause(kind, count, _span(meta))

    def entity(self, meta: Meta, children: list[Any]) -> EntityNode:
        columns = tuple(c for c in children if isinstance(c, ColumnRef))
        keys = children[-1]
        return EntityNode(columns, keys, Span(columns[0].span.start, columns[-1].span.end))

    def one_key(self, meta: Meta, children: list[Any]) -> tuple[Literal, ...]:
        operator = children[0]
        if operator not in ("=", "=="):
            span = _token_span(operator)
            raise QueryError(
                f"entities are given with = or IN, not {operator}",
                text=self.text,
                start=span.start,
                end=span.end,
                hint="FOR EACH table.key WHERE … takes any condition",
            )
        return (children[1],)

    def key_list(self, meta: Meta, children: list[Any]) -> tuple[Literal, ...]:
        return cast("tuple[Literal, ...]", children[1])

    def either(self, meta: Meta, children: list[Any]) -> Or:
        return Or(children[0], children[2], _span(meta))

    def both(self, meta: Meta, children: list[Any]) -> And:
        return And(children[0], children[2], _span(meta))

    def negation(self, meta: Meta, children: list[Any]) -> Not:
        return Not(children[1], _span(meta))

    def compare(self, meta: Meta, children: list[Any]) -> Comparison:
        op = {"==": "=", "<>": "!="}.get(str(children[1]), str(children[1]))
        return Comparison(op, children[0], children[2], _span(meta))

    def is_value(self, meta: Meta, children: list[Any]) -> Comparison:
        return Comparison("=" if children[2] is None else "!=", children[0], children[3], _span(meta))

    def in_list(self, meta: Meta, children: list[Any]) -> InList:
        return InList(children[0], children[3], children[1] is not None, _span(meta))

    def in_list_is(self, meta: Meta, children: list[Any]) -> InList:
        return InList(children[0], children[4], children[2] is not None, _span(meta))

    def match(self, meta: Meta, children: list[Any]) -> PatternMatch:
        op = re.sub(r"\s+", " ", str(children[2])).upper()
        return PatternMatch(op, children[0], children[3], children[1] is not None, _span(meta))

    def arithmetic(self, meta: Meta, children: list[Any]) -> Arithmetic:
        return Arithmetic(str(children[1]), children[0], children[2], _span(meta))

    def negative(self, meta: Meta, children: list[Any]) -> Expr:
        operand = children[1]
        if isinstance(operand, Literal) and operand.kind == "number":
            return Literal(-cast(float, operand.value), "number", _span(meta))
        return Negative(operand, _span(meta))

    def positive(self, meta: Meta, children: list[Any]) -> Expr:
        return cast(Expr, children[1])

    def group(self, meta: Meta, children: list[Any]) -> Expr:
        return cast(Expr, children[1])

    def aggregation(self, meta: Meta, children: list[Any]) -> Aggregation:
        func, _, column, _, where, window, _ = children
        return Aggregation(Func(str(func).upper()), column, where, window, _span(meta))

    def argument(self, meta: Meta, children: list[Any]) -> ColumnRef:
        return cast(ColumnRef, children[0])

    def star(self, meta: Meta, children: list[Any]) -> ColumnRef:
        names = [c for c in children if isinstance(c, tuple)]
        return ColumnRef(".".join(n for n, _ in names), "*", _span(meta), _token_span(children[-1]))

    def column(self, meta: Meta, children: list[Any]) -> ColumnRef:
        names = [c for c in children if isinstance(c, tuple)]
        *table, (column, column_span) = names
        return ColumnRef(".".join(n for n, _ in table), column, _span(meta), column_span)

    def name(self, meta: Meta, children: list[Any]) -> tuple[str, Span]:
        token = children[0]
        text = str(token)
        if token.type == "BACKQUOTED":
            text = text[1:-1]
        elif token.type == "DOUBLE_QUOTED":
            text = text[1:-1].replace('""', '"')
        return text, _token_span(token)

    def window(self, meta: Meta, children: list[Any]) -> WindowNode:
        (start, start_span), (end, end_span), unit = children[1], children[3], children[5]
        if end is None:
            raise QueryError(
                "a window cannot end at -INF",
                text=self.text,
                start=end_span.start,
                end=end_span.end,
                hint="only the start may be -INF: COUNT(t.*, -INF, 0, days)",
            )
        last = end_span if unit is None else _token_span(unit)
        return WindowNode(start, end, unit_of(self.text, unit), Span(start_span.start, last.end))

    def bound(self, meta: Meta, children: list[Any]) -> tuple[int, Span]:
        sign, number = children
        count = whole_number(self.text, number)
        return (count if sign is None else -count), _span(meta)

    def plus_bound(self, meta: Meta, children: list[Any]) -> tuple[int, Span]:
        return whole_number(self.text, children[1]), _span(meta)

    def no_bound(self, meta: Meta, children: list[Any]) -> tuple[None, Span]:
        return None, _span(meta)

    def values(self, meta: Meta, children: list[Any]) -> tuple[Literal, ...]:
        return tuple(c for c in children if isinstance(c, Literal))

    def literal(self, meta: Meta, children: list[Any]) -> Literal:
        return cast(Literal, children[0])

    def minus_number(self, meta: Meta, children: list[Any]) -> Literal:
        return Literal(-_number(children[1]), "number", _span(meta))

    def number(self, meta: Meta, children: list[Any]) -> Literal:
        return Literal(_number(children[0]), "number", _span(meta))

    def string(self, meta: Meta, children: list[Any]) -> Literal:
        return Literal(unquote(str(children[0])), "text", _span(meta))

    def boolean(self, meta: Meta, children: list[Any]) -> Literal:
        return Literal(str(children[0]).upper() == "TRUE", "boolean", _span(meta))

    def time(self, meta: Meta, children: list[Any]) -> Literal:
        token = children[0]
        text = re.sub(r"^\w+\s*'|'$", "", str(token)) if token.type == "TYPED_TIME" else str(token)
        return Literal(text, "time", _span(meta))

    def null(self, meta: Meta, children: list[Any]) -> Literal:
        return Literal(None, "null", _span(meta))


def _number(token: Token) -> int | float:
    return int(token) if token.isdigit() else float(token)
