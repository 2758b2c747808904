"""Statistics of tables, and answers to inference's questions, as SQL that runs inside the source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import pyarrow as pa
from sqlglot import expressions as exp

from edgewise.clock import to_micros
from edgewise.schema.names import column_name
from edgewise.schema.profile import ColumnProfile, Kind, TableProfile
from edgewise.schema.semantics import looks_numeric
from edgewise.sources.contract import Source

__all__ = ["column", "comparable", "kind_of", "profile_table", "profile_tables", "table"]

#: Values looked at to tell what a column holds.
_SAMPLE: Final = 2_000
#: Below this share of distinct values an approximate count settles that a column is not unique.
_NEARLY_UNIQUE: Final = 0.8
#: Where a distinct count decides (see `schema.implied`), estimates in these ranges are counted exactly.
_COUNT_EXACTLY: Final = ((35, 70), (350, 700))
_FEW_VALUES: Final = 1_000
_LARGEST_DOUBLE: Final = 1.7976931348623157e308


def kind_of(dtype: pa.DataType) -> Kind:
    """How a column of an Arrow type is stored, as far as inference cares."""
    types = pa.types
    if types.is_boolean(dtype):
        return Kind.BOOLEAN
    if types.is_integer(dtype):
        return Kind.INTEGER
    if types.is_floating(dtype) or types.is_decimal(dtype):
        return Kind.FLOAT
    if types.is_string(dtype) or types.is_large_string(dtype):
        return Kind.TEXT
    if types.is_timestamp(dtype) or types.is_date(dtype):
        return Kind.TIME
    if types.is_list(dtype) or types.is_fixed_size_list(dtype) or types.is_large_list(dtype):
        return Kind.LIST
    return Kind.OTHER


def profile_tables(source: Source, names: Iterable[str]) -> dict[str, TableProfile]:
    """Profile some tables of a source.

    Raises:
        SourceError: the engine refused a query.
    """
    schemas = source.tables()
    return {name: profile_table(source, name, schemas[name]) for name in names}


def profile_table(source: Source, name: str, schema: pa.Schema) -> TableProfile:
    """One pass over a table for counts and extremes, a look at its first rows, and exact distinct counts where an
    estimate leaves open whether a column is unique."""
    kinds = [kind_of(field.type) for field in schema]
    wanted = [a for i, field in enumerate(schema) for a in _statistics(source.dialect, i, field.name, kinds[i])]
    row = _first(source.read(exp.select(_as(exp.Count(this=exp.Star()), "n"), *wanted).from_(table(name))))
    sample = source.read(exp.select(*(column(f.name) for f in schema)).from_(table(name)).limit(_SAMPLE))
    columns = []
    for i, field in enumerate(schema):
        stats = {key.partition("_")[2]: value for key, value in row.items() if key.startswith(f"c{i}_")}
        columns.append(_profile(field, kinds[i], row["n"], stats, sample.column(i), source.dialect != "duckdb"))
    return TableProfile(name, row["n"], tuple(_counted(source, name, columns)))


def _statistics(dialect: str, i: int, name: str, kind: Kind) -> Iterator[exp.Expression]:
    own = comparable(column(name), kind, dialect)
    yield _as(exp.Count(this=column(name)), f"c{i}_present")
    if kind not in (Kind.OTHER, Kind.LIST):
        distinct = (
            exp.ApproxDistinct(this=own)
            if dialect == "duckdb"
            else exp.Count(this=exp.Distinct(expressions=[own]))
        )
        yield _as(distinct, f"c{i}_distinct")
    if kind in (Kind.INTEGER, Kind.FLOAT, Kind.TEXT, Kind.TIME):
        yield _as(exp.Min(this=own), f"c{i}_low")
        yield _as(exp.Max(this=own), f"c{i}_high")
    if kind in (Kind.TEXT, Kind.LIST):
        size = exp.Length(this=own) if kind is Kind.TEXT else exp.ArraySize(this=own)
        yield _as(exp.Min(this=size), f"c{i}_shortest")
        yield _as(exp.Max(this=size.copy()), f"c{i}_longest")
    if kind is Kind.FLOAT:
        yield from _odd_numbers(dialect, i, own)


def _odd_numbers(dialect: str, i: int, own: exp.Column) -> Iterator[exp.Expression]:
    """Counts of NaN (SQLite has none) and of infinite numbers."""
    is_nan: exp.Expression = exp.false()
    if dialect != "sqlite":
        is_nan = exp.EQ(this=exp.cast(own, "double"), expression=exp.cast(exp.convert("NaN"), "double"))
        yield _as(_sum_if(is_nan), f"c{i}_nans")
    large = exp.GT(
        this=exp.Abs(this=exp.cast(own, "double")), expression=exp.Literal.number(repr(_LARGEST_DOUBLE))
    )
    yield _as(_sum_if(exp.and_(large, exp.not_(is_nan)) if dialect != "sqlite" else large), f"c{i}_infinities")


def _profile(
    field: pa.Field, kind: Kind, rows: int, stats: dict[str, Any], sample: pa.ChunkedArray, exact: bool
) -> ColumnProfile:
    present = stats["present"]
    lengths = (stats["shortest"], stats["longest"]) if stats.get("longest") is not None else None
    list_like = kind is Kind.LIST
    return ColumnProfile(
        name=field.name, dtype=str(field.type), kind=kind, rows=rows, nulls=rows - present,
        distinct=min(int(stats.get("distinct") or 0), present), exact=exact,
        low=_plain(stats.get("low")), high=_plain(stats.get("high")),
        sample=() if kind is Kind.OTHER else tuple(v for v in sample.to_pylist() if v is not None),
        lengths=lengths, nans=int(stats.get("nans") or 0), infinities=int(stats.get("infinities") or 0),
        item=kind_of(field.type.value_type) if list_like else None,
    )  # fmt: skip


def _counted(source: Source, name: str, columns: list[ColumnProfile]) -> Iterator[ColumnProfile]:
    """The columns, those whose number of distinct values may decide something counted exactly."""
    open_ = [c for c in columns if not c.exact and _decides(c)]
    counts: dict[str, Any] = {}
    if open_:
        own = [comparable(column(c.name), c.kind, source.dialect) for c in open_]
        asked = [_as(exp.Count(this=exp.Distinct(expressions=[c])), f"c{i}") for i, c in enumerate(own)]
        found = _first(source.read(exp.select(*asked).from_(table(name)))).values()
        counts = dict(zip((c.name for c in open_), found, strict=True))
    for profile in columns:
        counted = (
            replace(profile, distinct=counts[profile.name], exact=True) if profile.name in counts else profile
        )
        yield replace(counted, values=_all_values(source, name, counted))


def _all_values(source: Source, name: str, profile: ColumnProfile) -> tuple[Any, ...] | None:
    """All distinct values of a text column whose first rows look like numbers: later rows may not."""
    if profile.kind is not Kind.TEXT or profile.distinct > _FEW_VALUES or not looks_numeric(profile.sample):
        return None
    own = comparable(column(profile.name), profile.kind, source.dialect)
    query = exp.select(own).distinct().from_(table(name)).order_by(own).limit(2 * _FEW_VALUES)
    return tuple(v for v in source.read(query).column(0).to_pylist() if v is not None)


def _decides(profile: ColumnProfile) -> bool:
    if profile.kind not in (Kind.INTEGER, Kind.TEXT):
        return False
    if profile.rows <= 100_000 or profile.distinct >= _NEARLY_UNIQUE * profile.present:
        return True
    near = any(low <= profile.distinct <= high for low, high in _COUNT_EXACTLY)
    return near and bool(column_name(profile.name).strength)


def _plain(value: Any) -> Any:
    """Times as microseconds, everything else as it is."""
    return to_micros(value) if isinstance(value, (dt.date, dt.datetime)) else value


def table(name: str, alias: str | None = None) -> exp.Table:
    """A table by its plain name, quoted."""
    plain = exp.Table(this=exp.to_identifier(name, quoted=True))
    return exp.alias_(plain, alias, table=True) if alias else plain


def column(name: str, of: str | None = None) -> exp.Column:
    """A column by its plain name, quoted."""
    qualifier = exp.to_identifier(of, quoted=True) if of else None
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=qualifier)


def comparable(own: exp.Expression, kind: Kind, dialect: str) -> exp.Expression:
    """A column as a value that can be measured, ordered and matched with columns of other tables.

    What is read as text is text to the engine, too: a UUID, an enum or JSON has no length there, some of them no
    order, and none equals a text. SQLite has no such types.
    """
    return exp.cast(own, exp.DataType.Type.TEXT) if kind is Kind.TEXT and dialect != "sqlite" else own


def _as(expression: exp.Expression, alias: str) -> exp.Expression:
    return exp.alias_(expression, alias, quoted=True)


def _sum_if(condition: exp.Expression) -> exp.Expression:
    return exp.Sum(this=exp.Case().when(condition.copy(), exp.convert(1)).else_(exp.convert(0)))


def _first(result: pa.Table) -> dict[str, Any]:
    return dict(result.slice(0, 1).to_pylist()[0])
