"""The syntax tree of a predictive query: what was written, and where. Nothing here knows a schema."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Aggregation",
    "And",
    "Arithmetic",
    "Clause",
    "ColumnRef",
    "Comparison",
    "EntityNode",
    "Expr",
    "Func",
    "InList",
    "Literal",
    "Negative",
    "Not",
    "Or",
    "PatternMatch",
    "QueryNode",
    "Span",
    "Unit",
    "WindowNode",
]


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets into the query's text: `text[start:end]`."""

    start: int
    end: int


class Func(StrEnum):
    """The aggregations."""

    SUM = "SUM"
    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"
    COUNT_DISTINCT = "COUNT_DISTINCT"
    LIST_DISTINCT = "LIST_DISTINCT"
    FIRST = "FIRST"
    LAST = "LAST"
    MEDIAN = "MEDIAN"
    MODE = "MODE"
    STDDEV = "STDDEV"
    EXISTS = "EXISTS"


class Unit(StrEnum):
    """What window bounds count in. Months, quarters and years are calendar steps."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    QUARTERS = "quarters"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """`table.column`; the column is `*` for all rows. `column_span` is the part after the dot."""

    table: str
    column: str
    span: Span
    column_span: Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. `kind` is number, text, boolean, time or null; a time's value is its ISO text."""

    value: float | int | str | bool | None
    kind: str
    span: Span


@dataclass(frozen=True, slots=True)
class WindowNode:
    """`start, end, unit`; a start of None is -INF."""

    start: int | None
    end: int
    unit: Unit
    span: Span


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`FUNC(column WHERE where, window)`."""

    func: Func
    column: ColumnRef
    where: Expr | None
    window: WindowNode | None
    span: Span


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left op right` with op one of + - * /."""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Negative:
    """`-operand`."""

    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left op right` with op one of = != < <= > >=. Against NULL, = and != mean IS and IS NOT."""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class InList:
    """`operand [NOT] IN (values)`."""

    operand: Expr
    values: tuple[Literal, ...]
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """`operand [NOT] op pattern` with op one of LIKE, STARTS WITH, ENDS WITH, CONTAINS."""

    op: str
    operand: Expr
    pattern: Literal
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class And:
    """Both hold."""

    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: Expr
    span: Span


Expr = (
    Aggregation | And | Arithmetic | ColumnRef | Comparison | InList | Literal | Negative | Not | Or | PatternMatch
)


@dataclass(frozen=True, slots=True)
class Clause:
    """`RANK TOP k`, `CLASSIFY [TOP k]` or `FORECAST n TIMEFRAMES`; `number` is k or n."""

    kind: str
    number: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class EntityNode:
    """The columns after FOR EACH, and the keys that the query restricts itself to (None: all)."""

    columns: tuple[ColumnRef, ...]
    keys: tuple[Literal, ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class QueryNode:
    """A whole query as written."""

    text: str
    target: Expr
    clause: Clause | None
    entity: EntityNode
    where: Expr | None
    assuming: Expr | None
