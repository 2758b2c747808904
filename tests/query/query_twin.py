"""The slow twin of the label SQL: rows as dictionaries, one loop inside another, nothing shared with the compiler.

It reads the syntax tree and finds its own way over the links. Times are pandas timestamps, calendar steps pandas
offsets. None is null; conditions follow three-valued logic with None for unknown.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from typing import Any

import pandas as pd

from edgewise.query.nodes import (
    Aggregation,
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
    QueryNode,
    Unit,
)
from edgewise.query.parse import parse
from edgewise.schema.model import Schema, Table

Row = dict[str, Any]
Database = dict[str, list[Row]]

_STEP = {
    Unit.SECONDS: lambda n: pd.Timedelta(seconds=n),
    Unit.MINUTES: lambda n: pd.Timedelta(minutes=n),
    Unit.HOURS: lambda n: pd.Timedelta(hours=n),
    Unit.DAYS: lambda n: pd.Timedelta(days=n),
    Unit.WEEKS: lambda n: pd.Timedelta(days=7 * n),
    Unit.MONTHS: lambda n: pd.DateOffset(months=n),
    Unit.QUARTERS: lambda n: pd.DateOffset(months=3 * n),
    Unit.YEARS: lambda n: pd.DateOffset(years=n),
}


class Twin:
    """A database and its schema, ready to be asked."""

    def __init__(self, schema: Schema, tables: Database) -> None:
        self.schema = schema
        self.tables = {t.name: self._rows(t, tables) for t in schema}

    def _rows(self, table: Table, tables: Database) -> list[Row]:
        if not table.implied_by:
            return tables[table.name]
        values = {row[c] for t, c in table.implied_by for row in tables[t] if row[c] is not None}
        return [{table.key: value} for value in values]

    def time(self, table: str, row: Row) -> pd.Timestamp | None:
        noun = self.schema.table(table)
        if noun.time is not None:
            return row[noun.time]
        clock = noun.clock
        if clock is None or row[clock.column] is None:
            return None
        index = row[clock.column] - clock.first
        return pd.Timestamp(clock.starts[index], unit="us") if 0 <= index < len(clock.starts) else None

    def ways(self, source: str, target: str) -> list[list[Any]]:
        direct = [[link] for link in self.schema.links_from(source) if link.to == target]
        if direct:
            return direct
        return self._walks(source, target, {source})

    def _walks(self, source: str, target: str, seen: set[str]) -> list[list[Any]]:
        found = []
        for link in self.schema.links_from(source):
            if link.to == target:
                found.append([link])
            elif link.to not in seen:
                found += [[link, *rest] for rest in self._walks(link.to, target, {*seen, link.to})]
        return found

    def follow(self, row: Row, table: str, target: str) -> Row | None:
        """The row of `target` that a row refers to."""
        if table == target:
            return row
        (way,) = self.ways(table, target)
        here: Row | None = row
        for link in way:
            here = self.lookup(link.to, here[link.column]) if here is not None else None
        return here

    def lookup(self, table: str, key: Any) -> Row | None:
        name = self.schema.table(table).key
        return next((r for r in self.tables[table] if key is not None and r[name] == key), None)


class Question:
    """One query over one database."""

    def __init__(self, text: str, schema: Schema, tables: Database) -> None:
        self.node: QueryNode = parse(text)
        self.twin = Twin(schema, tables)
        refs = self.node.entity.columns
        self.pair = len(refs) == 2
        ref = refs[0]
        links = [link for link in schema.links_from(ref.table) if link.column == ref.column]
        self.derived = not self.pair and schema.table(ref.table).key != ref.column and not links
        self.table = (
            links[0].to if links and not self.pair and schema.table(ref.table).key != ref.column else ref.table
        )
        self.base = _first(self.node.target).column.table if self.pair else self.table

    def labels(self, anchors: list[pd.Timestamp]) -> dict[tuple[Any, Any], Any]:
        """(anchor, entity) to target, for those that have one; anchors may be [None] for static queries."""
        found = {}
        clause = self.node.clause
        frames = clause.number if clause is not None and clause.kind == "FORECAST" else 1
        for anchor in anchors:
            for entity in self.entities(anchor):
                if self.node.entity.keys and entity not in [k.value for k in self.node.entity.keys]:
                    continue
                if self.node.where is not None and self.value(self.node.where, entity, anchor) is not True:
                    continue
                values = [self.value(self.node.target, entity, anchor, frame) for frame in range(frames)]
                if all(v is not None for v in values):
                    found[anchor, entity] = values if frames > 1 else values[0]
        return found

    def names(self, row: Row, table: str) -> list[Any]:
        """What the entity columns say in a row of `table`."""
        said = []
        for ref in self.node.entity.columns:
            there = self.twin.follow(row, table, ref.table)
            said.append(None if there is None else there[ref.column])
        return said

    def belongs(self, row: Row, table: str) -> Any:
        """The entity that a row of an aggregated table belongs to; None for none."""
        if self.pair or self.derived:
            said = self.names(row, table)
            if None in said:
                return None
            return tuple(said) if self.pair else said[0]
        (way,) = self.twin.ways(table, self.table)
        here: Row | None = row
        for link in way[:-1]:
            here = self.twin.lookup(link.to, here[link.column]) if here is not None else None
        return None if here is None else here[way[-1].column]

    def entities(self, anchor: pd.Timestamp | None) -> list[Any]:
        born: dict[Any, list[Any]] = {}
        schema = self.twin.schema
        if self.pair or self.derived:
            base = self.base
            for row in self.twin.tables[base]:
                entity = self.belongs(row, base)
                if entity is not None:
                    born.setdefault(entity, []).append(self.twin.time(base, row))
            timed = schema.table(base).timed
        else:
            key = schema.table(self.table).key
            rows = {row[key]: row for row in reversed(self.twin.tables[self.table]) if row[key] is not None}
            if schema.table(self.table).timed:
                born = {k: [self.twin.time(self.table, row)] for k, row in rows.items()}
                timed = True
            else:
                linking = [link for link in schema.links_to(self.table) if schema.table(link.table).timed]
                born = {k: [] for k in rows}
                for link in linking:
                    for row in self.twin.tables[link.table]:
                        if row[link.column] in born:
                            born[row[link.column]].append(self.twin.time(link.table, row))
                timed = bool(linking)
        if anchor is None or not timed:
            return list(born)
        return [e for e, times in born.items() if any(t is not None and t <= anchor for t in times)]

    def value(self, expr: Expr, entity: Any, anchor: Any, frame: int = 0) -> Any:
        def leaf(node: ColumnRef | Aggregation) -> Any:
            if isinstance(node, Aggregation):
                return self.aggregate(node, entity, anchor, frame)
            for i, ref in enumerate(self.node.entity.columns):
                if (ref.table, ref.column) == (node.table, node.column):
                    return entity[i] if self.pair else entity
            own = self.twin.lookup(self.table, entity)
            there = None if own is None else self.twin.follow(own, self.table, node.table)
            return None if there is None else there[node.column]

        return evaluate(expr, leaf)

    def aggregate(self, node: Aggregation, entity: Any, anchor: Any, frame: int) -> Any:
        table = node.column.table
        chosen = []
        for index, row in enumerate(self.twin.tables[table]):
            if self.belongs(row, table) != entity or entity is None:
                continue
            at = self.row_time(row, table)
            if node.window is not None and not _inside(node, at, anchor, frame):
                continue
            if (
                node.where is not None
                and evaluate(node.where, lambda ref, r=row: self.cell(r, table, ref)) is not True
            ):
                continue
            value = 1.0 if node.column.column == "*" else row[node.column.column]
            if value is not None:
                key = self.twin.schema.table(table).key
                chosen.append((at, index if key is None else row[key], value, key is not None))
        return _aggregate(node.func, chosen)

    def row_time(self, row: Row, table: str) -> Any:
        """The row's own time, or that of the first table on its way that has one."""
        here: Row | None = row
        if self.twin.schema.table(table).timed:
            return self.twin.time(table, row)
        for link in () if self.pair else self.twin.ways(table, self.table)[0][:-1]:
            here = self.twin.lookup(link.to, here[link.column]) if here is not None else None
            if self.twin.schema.table(link.to).timed:
                return None if here is None else self.twin.time(link.to, here)
        return None

    def cell(self, row: Row, table: str, ref: ColumnRef) -> Any:
        there = self.twin.follow(row, table, ref.table)
        return None if there is None else there[ref.column]


def _first(expr: Any) -> Aggregation:
    if isinstance(expr, Aggregation):
        return expr
    for part in ("left", "operand", "right"):
        if hasattr(expr, part) and (found := _first(getattr(expr, part))):
            return found
    raise ValueError("no aggregation")


def _inside(node: Aggregation, at: Any, anchor: pd.Timestamp, frame: int) -> bool:
    window = node.window
    if at is None or window is None:
        return False
    width = 0 if window.start is None else (window.end - window.start) * frame
    low = None if window.start is None else anchor + _STEP[window.unit](window.start + width)
    high = anchor + _STEP[window.unit](window.end + width)
    return (low is None or at > low) and at <= high


def _aggregate(func: Func, chosen: list[tuple[Any, Any, Any, bool]]) -> Any:
    values = [value for _, _, value, _ in chosen]
    empty = {
        Func.COUNT: 0.0,
        Func.SUM: 0.0,
        Func.COUNT_DISTINCT: 0.0,
        Func.EXISTS: False,
        Func.LIST_DISTINCT: [],
    }
    if not values:
        return empty.get(func)
    if func in (Func.FIRST, Func.LAST):
        return _at_an_end(func, chosen)
    made: dict[Func, Callable[[], Any]] = {
        Func.COUNT: lambda: float(len(values)),
        Func.EXISTS: lambda: True,
        Func.COUNT_DISTINCT: lambda: float(len(set(values))),
        Func.LIST_DISTINCT: lambda: sorted(set(values)),
        Func.SUM: lambda: float(sum(values)),
        Func.AVG: lambda: float(statistics.fmean(values)),
        Func.MIN: lambda: min(values),
        Func.MAX: lambda: max(values),
        Func.MEDIAN: lambda: float(statistics.median(values)),
        Func.STDDEV: lambda: statistics.stdev(map(float, values)) if len(values) > 1 else None,
        Func.MODE: lambda: min(set(values), key=lambda v: (-values.count(v), v)),
    }
    return made[func]()


def _at_an_end(func: Func, chosen: list[tuple[Any, Any, Any, bool]]) -> Any:
    """The first or last value: by time, then by key where the table has one, then by value."""
    keyed = [(at, key if has_key else value, value) for at, key, value, has_key in chosen]
    keyed = [(pd.Timestamp(0) if at is None else at, key, value) for at, key, value in keyed]
    return (min if func is Func.FIRST else max)(keyed)[2]


def evaluate(expr: Expr, leaf: Any) -> Any:
    """An expression in three-valued logic."""
    match expr:
        case ColumnRef() | Aggregation():
            return leaf(expr)
        case Literal():
            return pd.Timestamp(expr.value) if expr.kind == "time" else expr.value
        case Negative():
            value = evaluate(expr.operand, leaf)
            return None if value is None else -value
        case Arithmetic():
            return _arithmetic(expr.op, evaluate(expr.left, leaf), evaluate(expr.right, leaf))
        case Comparison():
            return _compare(expr, leaf)
        case InList():
            value = evaluate(expr.operand, leaf)
            if value is None:
                return None
            return (value in [v.value for v in expr.values]) != expr.negated
        case PatternMatch():
            return _matches(expr, evaluate(expr.operand, leaf))
        case _:
            return _logic(expr, leaf)


def _logic(expr: Any, leaf: Any) -> Any:
    if isinstance(expr, Not):
        value = evaluate(expr.operand, leaf)
        return None if value is None else not value
    sides = [evaluate(side, leaf) for side in (expr.left, expr.right)]
    settles = isinstance(expr, Or)
    return settles if settles in sides else None if None in sides else not settles


def _arithmetic(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None or (op == "/" and right == 0):
        return None
    left, right = float(left), float(right)
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / (right or 1.0)}[op]


def _compare(expr: Comparison, leaf: Any) -> Any:
    left, right = evaluate(expr.left, leaf), evaluate(expr.right, leaf)
    for side, value in ((expr.left, right), (expr.right, left)):
        if isinstance(side, Literal) and side.kind == "null":
            return (value is None) == (expr.op == "=")
    if left is None or right is None:
        return None
    if isinstance(left, pd.Timestamp) or isinstance(right, pd.Timestamp):
        left, right = pd.Timestamp(left), pd.Timestamp(right)
    if expr.op in ("=", "!="):
        return (left == right) == (expr.op == "=")
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[expr.op]


def _matches(expr: PatternMatch, value: Any) -> Any:
    if value is None:
        return None
    pattern = expr.pattern.value
    if isinstance(value, list):
        found = pattern in value
    elif expr.op == "LIKE":
        regex = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in str(pattern))
        found = re.fullmatch(regex, value, re.DOTALL) is not None
    elif expr.op == "CONTAINS":
        found = str(pattern) in value
    else:
        found = value.startswith(str(pattern)) if expr.op == "STARTS WITH" else value.endswith(str(pattern))
    return found != expr.negated
