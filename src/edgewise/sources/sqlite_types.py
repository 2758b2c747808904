"""The type of a SQLite column: what it declares, and what its values are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from sqlglot import expressions as exp

from edgewise.schema.model import Problem
from edgewise.sources.base import column_of, table_of
from edgewise.sources.sqlite_times import is_local_time

__all__ = ["SqliteColumn", "columns_of_table", "measure"]

_CLASSES: Final = ("integer", "real", "text", "blob")


@dataclass(frozen=True, slots=True)
class SqliteColumn:
    """One column: its name, the Arrow type it is read as, and how many values of each storage class it holds.

    `empty` counts empty texts; `declared` is the type's name in the file, in upper case, or nothing.
    """

    name: str
    declared: str
    type: pa.DataType
    counts: Mapping[str, int]
    empty: int

    @property
    def numeric(self) -> bool:
        """Whether the column is read as numbers (where an empty text, as CSV imports leave it, is missing)."""
        return not (
            pa.types.is_string(self.type) or pa.types.is_binary(self.type) or pa.types.is_temporal(self.type)
        )

    @property
    def mixed(self) -> bool:
        """Whether texts and numbers, or bytes and anything else, stand side by side."""
        classes = [name for name in _CLASSES if self.counts[name] - (self.empty if name == "text" else 0) > 0]
        return len(classes) > 1 and set(classes) != {"integer", "real"}

    def reading(self, column: exp.Expression) -> exp.Expression:
        """The expression that yields the column's values in one storage class."""
        if pa.types.is_temporal(self.type):
            return exp.Nullif(this=exp.Anonymous(this="trim", expressions=[column]), expression=exp.convert(""))
        if self.numeric and self.empty:
            column = exp.Nullif(this=column, expression=exp.convert(""))
        if pa.types.is_floating(self.type):
            return exp.cast(column, "double")
        return exp.cast(column, "text") if pa.types.is_string(self.type) and self.mixed else column

    def problem(self, table: str) -> Problem | None:
        """What a person should know about the column's types, if anything."""
        if self.mixed:
            found = ", ".join(f"{self.counts[name]} {name}" for name in _CLASSES if self.counts[name])
            message = f"'{table}.{self.name}' holds values of several types ({found})"
            rare = sum(self.counts.values()) - max(self.counts.values())
            return Problem("mixed types", table, self.name, rare, message, "all are read as text")
        if self.numeric and self.empty:
            message = f"'{table}.{self.name}' holds {self.empty} empty texts among its numbers"
            return Problem("empty text", table, self.name, self.empty, message, "they are read as missing")
        return None


def columns_of_table(connection: Any, table: str) -> tuple[SqliteColumn, ...]:
    """The columns of a table or view, from one scan of it."""
    info = exp.Table(this=exp.Anonymous(this="pragma_table_xinfo", expressions=[exp.convert(table)]))
    query = exp.select("name", "type", "hidden").from_(info)
    with connection.cursor() as cursor:
        cursor.execute(query.sql("sqlite"))
        declared = {name: (kind or "").upper() for name, kind, hidden in cursor.fetchall() if hidden != 1}
    return measure(connection, table_of(table), declared)


def measure(connection: Any, table: exp.Table, declared: Mapping[str, str]) -> tuple[SqliteColumn, ...]:
    """Count the storage classes of each column in one scan, and decide the Arrow types."""
    if not declared:
        return ()
    tests = [test for name, kind in declared.items() for test in _tests(column_of(name), kind)]
    with connection.cursor() as cursor:
        cursor.execute(exp.select(*(_count(test) for test in tests)).from_(table).sql("sqlite"))
        row = list(cursor.fetchone())
    columns = []
    for name, kind in declared.items():
        own = [row.pop(0) for _ in range(len(_tests(column_of(name), kind)))]
        counts = dict(zip(_CLASSES, own, strict=False))
        empty, *special = own[len(_CLASSES) :]
        columns.append(SqliteColumn(name, kind, _type(kind, counts, empty, special), counts, empty))
    return tuple(columns)


def _count(test: exp.Expression) -> exp.Expression:
    """How often a test holds; counting conditions keeps the values themselves out of memory."""
    return exp.Count(this=exp.Case(ifs=[exp.If(this=test, true=exp.convert(1))]))


def _tests(column: exp.Column, declared: str) -> list[exp.Expression]:
    kind = exp.Anonymous(this="typeof", expressions=[column])
    tests: list[exp.Expression] = [exp.EQ(this=kind.copy(), expression=exp.convert(name)) for name in _CLASSES]
    tests.append(exp.EQ(this=column.copy(), expression=exp.convert("")))
    if "BOOL" in declared:
        tests.append(exp.In(this=column.copy(), expressions=[exp.convert(0), exp.convert(1)]))
    elif "DATE" in declared or "TIME" in declared:
        trimmed = exp.Anonymous(this="trim", expressions=[column.copy()])
        length = exp.Anonymous(this="length", expressions=[trimmed.copy()])
        tests.append(is_local_time(trimmed))
        tests.append(exp.EQ(this=length, expression=exp.convert(10)))
    return tests


def _type(declared: str, counts: Mapping[str, int], empty: int, special: list[int]) -> pa.DataType:
    texts = counts["text"] - empty
    numbers = counts["integer"] + counts["real"]
    total = numbers + texts + counts["blob"]
    if total == 0:
        return pa.string() if counts["text"] and not _declared_number(declared) else _declared_type(declared)
    if "BOOL" in declared and special[0] == total:
        return pa.bool_()
    if ("DATE" in declared or "TIME" in declared) and special[0] == texts == total:
        return pa.date32() if special[1] == total else pa.timestamp("us")
    if texts == 0 and counts["blob"] == 0 and (not empty or _declared_number(declared)):
        return pa.float64() if counts["real"] or _is_real(declared) else pa.int64()
    return pa.binary() if counts["blob"] == total + empty else pa.string()


def _is_real(declared: str) -> bool:
    return any(word in declared for word in ("REAL", "FLOA", "DOUB"))


def _declared_number(declared: str) -> bool:
    """SQLite's own affinity rules: whether the declared type is one of numbers."""
    return "INT" in declared or _is_real(declared) or any(w in declared for w in ("NUM", "DEC", "BOOL"))


def _declared_type(declared: str) -> pa.DataType:
    """The type of a column without values."""
    if "BOOL" in declared:
        return pa.bool_()
    if "DATE" in declared or "TIME" in declared:
        return pa.date32() if declared == "DATE" else pa.timestamp("us")
    if _is_real(declared) or "NUM" in declared or "DEC" in declared:
        return pa.float64()
    return pa.int64() if "INT" in declared else pa.binary() if "BLOB" in declared else pa.string()
