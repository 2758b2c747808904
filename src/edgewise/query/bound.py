"""A query after binding: every name resolved, every type known. What all of Edgewise reads of a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from edgewise.query.kinds import TaskKind
from edgewise.query.nodes import Func, Span
from edgewise.query.window import Offset, Window
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

__all__ = [
    "Aggregate",
    "Bound",
    "Calculation",
    "Compare",
    "Constant",
    "DerivedEntity",
    "Entity",
    "EntityKey",
    "Family",
    "Field",
    "Junction",
    "Match",
    "Member",
    "Missing",
    "Negation",
    "Query",
    "aggregates",
    "fields",
]


class Family(StrEnum):
    """What can be done with a value: which comparisons and aggregations make sense."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    TIME = "time"
    LIST = "list"
    OTHER = "value of another type"


@dataclass(frozen=True, slots=True)
class Field:
    """A column, reached from a row over zero or more links forward (many to one)."""

    table: str
    column: Column
    hops: tuple[Link, ...]
    family: Family
    link: Link | None
    span: Span


@dataclass(frozen=True, slots=True)
class EntityKey:
    """One of the columns that name the entity itself."""

    index: int
    family: Family
    stype: SType
    span: Span


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the query. Times are int64 microseconds, UTC."""

    value: float | int | str | bool | None
    family: Family
    span: Span


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A number, value or list made of the rows of `table` that belong to the entity and fall in the window.

    `path` leads from a row of `table` to the entity, one link forward at a time. `clock` says which table along
    the path gives a row its time, as a number of hops (0: the aggregated table itself; None: no time, no window).
    """

    func: Func
    table: str
    field: Field | None
    where: Bound | None
    window: Window | None
    path: tuple[Link, ...]
    clock: int | None
    family: Family
    span: Span


@dataclass(frozen=True, slots=True)
class Calculation:
    """`left op right` over numbers; a division by zero is null."""

    op: str
    left: Bound
    right: Bound
    family: Family
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; null where either side is."""

    op: str
    left: Bound
    right: Bound
    span: Span
    family: Family = Family.BOOLEAN


@dataclass(frozen=True, slots=True)
class Missing:
    """`operand IS [NOT] NULL`; never null."""

    operand: Bound
    negated: bool
    span: Span
    family: Family = Family.BOOLEAN


@dataclass(frozen=True, slots=True)
class Member:
    """`operand [NOT] IN (values)`; null where the operand is."""

    operand: Bound
    values: tuple[Constant, ...]
    negated: bool
    span: Span
    family: Family = Family.BOOLEAN


@dataclass(frozen=True, slots=True)
class Match:
    """`operand [NOT] LIKE | STARTS WITH | ENDS WITH | CONTAINS pattern`: case counts; null if the operand is."""

    op: str
    operand: Bound
    pattern: str
    negated: bool
    span: Span
    family: Family = Family.BOOLEAN


@dataclass(frozen=True, slots=True)
class Junction:
    """`left AND right` or `left OR right`, in three-valued logic."""

    op: str
    left: Bound
    right: Bound
    span: Span
    family: Family = Family.BOOLEAN


@dataclass(frozen=True, slots=True)
class Negation:
    """`NOT operand`; null where the operand is."""

    operand: Bound
    span: Span
    family: Family = Family.BOOLEAN


Bound = (
    Aggregate
    | Calculation
    | Compare
    | Constant
    | EntityKey
    | Field
    | Junction
    | Match
    | Member
    | Missing
    | Negation
)


def _children(node: Bound) -> tuple[Bound, ...]:
    if isinstance(node, Calculation | Compare | Junction):
        return (node.left, node.right)
    if isinstance(node, Missing | Member | Match | Negation):
        return (node.operand,)
    return ()


def aggregates(node: Bound | None) -> tuple[Aggregate, ...]:
    """The aggregations of an expression, in the order they are written, without repeats."""
    if node is None:
        return ()
    if isinstance(node, Aggregate):
        return (node,)
    found = [a for child in _children(node) for a in aggregates(child)]
    return tuple(dict.fromkeys(found))


def fields(node: Bound | None) -> tuple[Field, ...]:
    """The columns that an expression reads outside of its aggregations."""
    if node is None:
        return ()
    if isinstance(node, Field):
        return (node,)
    return tuple(dict.fromkeys(f for child in _children(node) for f in fields(child)))


@dataclass(frozen=True, slots=True)
class DerivedEntity:
    """An entity that no table of the schema holds: the distinct values of columns reached from rows of `base`.

    Column `columns[i]` of the entity takes its values from `sources[i]`. Rows with a null among them belong to
    no entity. `table()` is the implied table that a graph needs, `links()` what ties it in, where it has one key.
    """

    name: str
    base: str
    columns: tuple[Column, ...]
    sources: tuple[Field, ...]

    def table(self) -> Table:
        """The implied table: its key is the single column, or absent for a pair."""
        single = len(self.columns) == 1
        implied = ((self.base, self.columns[0].name),) if single else ()
        key = self.columns[0].name if single else None
        reason = f"named as the entity of a query, from {self.base}"
        return Table(self.name, self.columns, 0, key=key, implied_by=implied, key_reason=reason)

    def links(self) -> tuple[Link, ...]:
        """The link from `base` to the implied table; none for a pair, which has no single key."""
        if len(self.columns) != 1:
            return ()
        return (Link(self.base, self.columns[0].name, self.name, reason="named as the entity of a query"),)

    def extend(self, schema: Schema) -> Schema:
        """The schema with this entity's table and link added."""
        tables = {**schema.tables, self.name: self.table()}
        return Schema(tables, (*schema.links, *self.links()), schema.problems)


@dataclass(frozen=True, slots=True)
class Entity:
    """Whom a query asks about. `keys` restricts it to the given keys; `derived` is set where no table holds it.

    `via` is the link that names it, where it is named by one: of several ways to the entity, the one that it ends.
    """

    table: str
    columns: tuple[str, ...]
    span: Span
    keys: tuple[Constant, ...] | None = None
    derived: DerivedEntity | None = None
    via: Link | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A predictive query, bound to a schema.

    `k` is the length of a ranking or of CLASSIFY TOP k. `item_table` is the table whose keys the target lists.
    `timeframes` is above 1 for forecasts alone. `hidden` are the (table, column) pairs that no model may read,
    because they hold the answer. `static` queries have no anchors. `path` leads from the target table to the
    entity, as (link, "forward") pairs.
    """

    text: str
    kind: TaskKind
    entity: Entity
    target: Bound
    where: Bound | None = None
    assuming: Bound | None = None
    k: int | None = None
    timeframes: int = 1
    item_table: str | None = None
    hidden: frozenset[tuple[str, str]] = field(default=frozenset())
    static: bool = False
    warnings: tuple[str, ...] = ()

    def schema(self, schema: Schema) -> Schema:
        """The schema with the entity's table in it, where the query derives one."""
        return schema if self.entity.derived is None else self.entity.derived.extend(schema)

    @property
    def entity_table(self) -> str:
        """The table of the entity; the name of the derived table where the schema has none."""
        return self.entity.table

    @property
    def entity_columns(self) -> tuple[str, ...]:
        """The columns that name an entity: its key, or a pair."""
        return self.entity.columns

    @property
    def aggregate(self) -> Aggregate | None:
        """The first aggregation of the target; None for a column of the entity."""
        found = aggregates(self.target)
        return found[0] if found else None

    @property
    def target_table(self) -> str:
        """The table that the target reads."""
        return self.aggregate.table if self.aggregate else self.entity.table

    def answering(self, schema: Schema) -> tuple[Link, ...]:
        """The links to rows that hold the answer whenever it is asked, because the target has no window.

        No model may follow them. A ranking has none: it learns from some of its links, the others are held out.
        `schema` has the entity's table in it.
        """
        if not self.static or self.item_table is not None:
            return ()
        found: list[Link] = []
        for node in aggregates(self.target):
            found += node.path[:1] or schema.links_from(node.table)  # no path: the base of a pair
        return tuple(dict.fromkeys(found))

    @property
    def path(self) -> tuple[tuple[Link, str], ...]:
        """The links from the target table to the entity table."""
        return tuple((link, "forward") for link in self.aggregate.path) if self.aggregate else ()

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows of the target, as written."""
        found = (a.window for a in aggregates(self.target))
        return tuple(dict.fromkeys(w for w in found if w is not None))

    @property
    def start(self) -> Offset | None:
        """The earliest start of the target's windows; None for a static query."""
        return min((w.start for w in self.windows if w.start), key=lambda o: o.micros, default=None)

    @property
    def end(self) -> Offset | None:
        """The latest end of the target's windows, timeframes included: the horizon. None for a static query."""
        last = [w.frame(self.timeframes - 1).end for w in self.windows]
        return max(last, key=lambda o: o.micros, default=None)
