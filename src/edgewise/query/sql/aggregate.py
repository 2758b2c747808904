"""One aggregation as two CTEs: its events (rows that count, with their entity), and its value per entity and slot.

A slot is one anchor, or one timeframe of one anchor. Nulls are left out of every aggregation but COUNT and
EXISTS over `*`. Ties are settled alike everywhere: FIRST and LAST order rows by time, then by the table's key,
then by value; MODE takes the smallest of the most frequent values; MEDIAN of an even count is the mean of the
middle two; STDDEV is that of a sample, so one value alone has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import expressions as exp

from edgewise.query.bound import Aggregate, Entity, EntityKey, Family, Field
from edgewise.query.names import family_of
from edgewise.query.nodes import Func
from edgewise.query.sql.formula import formula, ordered
from edgewise.query.sql.parts import AT, aliased, as_double, both, column, table_named
from edgewise.query.sql.slots import SLOT, WindowJoin
from edgewise.query.sql.views import Rows, Views
from edgewise.schema.model import Column

__all__ = ["VALUE", "Result", "events", "tie_break"]

VALUE: Final = "v"
_NUMERIC: Final = (Func.SUM, Func.AVG, Func.MEDIAN, Func.STDDEV, Func.MIN, Func.MAX)


def events(views: Views, entity: Entity, node: Aggregate, windows: WindowJoin | None = None) -> exp.Select:
    """The rows that count: entity keys e0 (and e1), time, value, tie-break; those that `windows` can hold."""
    rows = Rows(views, node.table, "r")
    dialect = views.source.dialect
    keys = _entity_keys(rows, entity, node)
    chosen = [aliased(key, f"e{i}") for i, key in enumerate(keys)]
    present = list(keys)
    if node.clock is not None:
        at = rows.column(node.path[: node.clock], AT)
        chosen.append(aliased(at, AT))
        present.append(at)
    if node.field is not None:
        value = _value(node, rows.column((), node.field.column.name))
        chosen.append(aliased(value, VALUE))
        present.append(value)
    tie = tie_break(views, node)
    if tie is not None:
        chosen.append(aliased(rows.column((), tie.name), "tie"))
    conditions = [tree.copy().is_(exp.null()).not_() for tree in present]
    if windows is not None and node.clock is not None:
        conditions.append(windows.within(rows.column(node.path[: node.clock], AT)))
    if node.where is not None:
        conditions.append(formula(node.where, _row_leaf(rows), dialect))
    select = rows.joined(exp.select(*chosen).from_(table_named(views.rows(node.table), "r")))
    return select.where(both(conditions))


def tie_break(views: Views, node: Aggregate) -> Column | None:
    """The column that orders rows of the same time: the table's key, where FIRST or LAST asks for an order."""
    table = views.schema.table(node.table)
    if node.func not in (Func.FIRST, Func.LAST) or table.key is None:
        return None
    return table.column(table.key)


def _row_leaf(rows: Rows) -> Callable[[Aggregate | EntityKey | Field], exp.Expression]:
    def leaf(node: Aggregate | EntityKey | Field) -> exp.Expression:
        if not isinstance(node, Field):
            raise TypeError("a row has columns only")
        return rows.column(node.hops, node.column.name)

    return leaf


def _entity_keys(rows: Rows, entity: Entity, node: Aggregate) -> list[exp.Column]:
    derived = entity.derived
    if derived is not None and len(derived.columns) > 1:
        return [rows.column((*node.path, *s.hops), s.column.name) for s in derived.sources]
    return [rows.column(node.path[:-1], node.path[-1].column)]


def _value(node: Aggregate, tree: exp.Expression) -> exp.Expression:
    field = node.field
    if field is None or node.func not in _NUMERIC or field.family is Family.TIME:
        return tree
    if field.family is Family.BOOLEAN:
        one, zero = exp.Literal.number("1.0"), exp.Literal.number("0.0")
        return as_double(exp.Case().when(tree, one).when(exp.Not(this=tree.copy()), zero))
    return as_double(tree)


@dataclass(frozen=True, slots=True)
class Result:
    """How an aggregation is computed from its events, which stand in the CTE `source`.

    `windows` joins events to slots (None: no windows, no slots); `tie` is what `tie_break` says.
    """

    node: Aggregate
    keys: Sequence[str]
    source: str
    windows: WindowJoin | None
    dialect: str
    tie: Column | None

    def select(self) -> exp.Query:
        """The value per entity and slot, as column `v`; LIST_DISTINCT has a row for each value."""
        joined = exp.select(*self._groups()).from_(table_named(self.source, "ev"))
        if self.windows is not None:
            joined = joined.join(table_named(self.windows.table, "w"), on=self.windows.on)
        if self.node.func is Func.LIST_DISTINCT:
            return joined.select(column(VALUE, "ev")).distinct()
        simple = _simple(self.node, self.dialect)
        if simple is not None:
            return joined.select(aliased(simple, VALUE)).group_by(*self._groups())
        match self.node.func:
            case Func.MEDIAN:
                return self._median(joined)
            case Func.STDDEV:
                return self._deviation(joined)
            case Func.MODE:
                return self._mode(joined)
            case _:
                return self._first_or_last(joined)

    def _groups(self) -> list[exp.Column]:
        groups = [column(key, "ev") for key in self.keys]
        return groups if self.windows is None else [*groups, column(SLOT, "w")]

    def _by(self) -> list[exp.Column]:
        return [column(group.name) for group in self._groups()]

    def _ordered(self, tree: exp.Expression, family: Family, descending: bool = False) -> exp.Ordered:
        return exp.Ordered(this=ordered(tree, family, self.dialect), desc=descending, nulls_first=False)

    def _median(self, joined: exp.Select) -> exp.Select:
        value = column(VALUE, "ev")
        inner = joined.select(
            aliased(value, VALUE),
            aliased(_rank(self._groups(), [self._ordered(value.copy(), Family.NUMBER)]), "rank"),
            aliased(exp.Window(this=exp.Count(this=exp.Star()), partition_by=self._groups()), "many"),
        )
        twice = exp.Mul(this=column("rank"), expression=exp.Literal.number(2))
        above = exp.Add(this=column("many"), expression=exp.Literal.number(2))
        middle = exp.Between(this=twice, low=column("many"), high=above)
        mean = aliased(exp.Avg(this=column(VALUE)), VALUE)
        outer = exp.select(*self._by(), mean).from_(inner.subquery("ranked"))
        return outer.where(middle).group_by(*self._by())

    def _deviation(self, joined: exp.Select) -> exp.Select:
        """STDDEV in two passes for an engine without one."""
        value = column(VALUE, "ev")
        mean = exp.Window(this=exp.Avg(this=value.copy()), partition_by=self._groups())
        inner = joined.select(aliased(value, VALUE), aliased(mean, "mean")).subquery("centred")
        away = exp.Paren(this=exp.Sub(this=column(VALUE), expression=column("mean")))
        total = exp.Sum(this=exp.Mul(this=away, expression=away.copy()))
        one = exp.Literal.number(1)
        fewer = exp.Paren(this=exp.Sub(this=exp.Count(this=exp.Star()), expression=one))
        root = exp.Sqrt(this=exp.Div(this=total, expression=fewer))
        outer = exp.select(*self._by(), aliased(root, VALUE)).from_(inner).group_by(*self._by())
        return outer.having(exp.GT(this=exp.Count(this=exp.Star()), expression=one.copy()))

    def _mode(self, joined: exp.Select) -> exp.Select:
        value = column(VALUE, "ev")
        many = aliased(exp.Count(this=exp.Star()), "many")
        counted = joined.select(value, many).group_by(*self._groups(), value.copy()).subquery("counted")
        order = [
            self._ordered(column("many"), Family.NUMBER, descending=True),
            self._ordered(column(VALUE), self.node.family),
        ]
        return self._top(exp.select(*self._by(), column(VALUE)).from_(counted), self._by(), order)

    def _first_or_last(self, joined: exp.Select) -> exp.Select:
        last = self.node.func is Func.LAST
        order = [self._ordered(column(AT, "ev"), Family.TIME, last)] if self.node.clock is not None else []
        if self.tie is not None:
            order.append(self._ordered(column("tie", "ev"), family_of(self.tie), last))
        order.append(self._ordered(column(VALUE, "ev"), self.node.family, last))
        return self._top(joined.select(column(VALUE, "ev")), self._groups(), order)

    def _top(self, select: exp.Select, groups: list[exp.Column], order: list[exp.Ordered]) -> exp.Select:
        """The first row of each group in the given order."""
        inner = select.select(aliased(_rank(groups, order), "rank")).subquery("ranked")
        first = exp.EQ(this=column("rank"), expression=exp.Literal.number(1))
        return exp.select(*self._by(), column(VALUE)).from_(inner).where(first)


def _rank(groups: list[exp.Column], order: list[exp.Ordered]) -> exp.Window:
    """ROW_NUMBER within each entity and slot."""
    by = [group.copy() for group in groups]
    return exp.Window(this=exp.RowNumber(), partition_by=by, order=exp.Order(expressions=order))


def _simple(node: Aggregate, dialect: str) -> exp.Expression | None:
    """Functions that every engine has."""
    value = column(VALUE, "ev")
    match node.func:
        case Func.COUNT | Func.EXISTS:
            return as_double(exp.Count(this=exp.Star()))
        case Func.COUNT_DISTINCT:
            return as_double(exp.Count(this=exp.Distinct(expressions=[value])))
        case Func.SUM:
            return exp.Sum(this=_in_order(node, value, dialect))
        case Func.AVG:
            return exp.Avg(this=_in_order(node, value, dialect))
        case Func.MIN:
            return exp.Min(this=value)
        case Func.MAX:
            return exp.Max(this=value)
        case Func.STDDEV if dialect != "sqlite":
            return exp.StddevSamp(this=_in_order(node, value, dialect))
        case _:
            return None


def _in_order(node: Aggregate, value: exp.Expression, dialect: str) -> exp.Expression:
    """Fractions are added in the order of their size: else the last digit depends on which thread was first.

    SQLite has one thread, and before version 3.44 no order within an aggregation.
    """
    whole = node.func is not Func.STDDEV and node.field is not None and _is_whole(node.field)
    if whole or dialect == "sqlite":
        return value
    return exp.Order(this=value, expressions=[exp.Ordered(this=value.copy(), nulls_first=False)])


def _is_whole(field: Field) -> bool:
    return field.family is Family.BOOLEAN or field.column.dtype.lstrip("u").startswith("int")
