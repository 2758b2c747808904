"""CSV files as views: types from all values, not a sample; nothing is repaired in silence.

Rules, stated: an empty field, `NULL`, `null` and `\\N` are missing; a column with digits after leading zeros or
a plus sign, or with whole numbers beyond 64 bits, stays text, because it names things; a line with too many or
too few fields is an error.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
from sqlglot import expressions as exp

from edgewise.errors import SourceError
from edgewise.sources.base import column_of, first_line

__all__ = ["NULL_TEXTS", "view_of_csv"]

#: Field texts that mean a missing value.
NULL_TEXTS: Final = ("", "NULL", "null", "\\N")

_DELIMITERS: Final = (",", ";", "\t", "|")
#: Types that one column may have in different files, from narrow to wide.
_FAMILIES: Final = (("BIGINT", "DOUBLE"), ("BOOLEAN",), ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"))
_PADDED: Final = r"^\s*(0[0-9]+|\+[0-9]+)\s*$"
_TOO_WIDE: Final = ("HUGEINT", "UHUGEINT", "UBIGINT")
_LINE: Final = re.compile(r"Line: (\d+)")
_FOUND: Final = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


class _Dialect(NamedTuple):
    """How one file is written. `types` go with `columns`; the formats are None where ISO."""

    delimiter: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    date_format: str | None
    timestamp_format: str | None


def view_of_csv(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> exp.Select:
    """A SELECT over the CSV files of one table, with names and types fixed.

    Raises:
        SourceError: no header, a bad line (with its number), files of one table that differ in columns.
    """
    dialects = [_sniff(connection, path) for path in paths]
    first = dialects[0]
    for path, other in zip(paths, dialects, strict=True):
        if other.columns != first.columns:
            raise SourceError(
                f"{path} has the columns {', '.join(other.columns)}, but {paths[0].name} beside it has "
                f"{', '.join(first.columns)}",
                hint="files of one table need the same header",
            )
    text = first._replace(types=("VARCHAR",) * len(first.columns))
    names = _names_kept_as_text(connection, paths, text)
    types = tuple(
        "VARCHAR" if column in names else _settle(connection, paths, text, column, {d.types[i] for d in dialects})
        for i, column in enumerate(first.columns)
    )
    return _select(paths, first._replace(types=types))


def _sniff(connection: duckdb.DuckDBPyConnection, path: Path) -> _Dialect:
    header = _header(path)
    delimiter = max(_DELIMITERS, key=header.count)
    columns = next(csv.reader([header], delimiter=delimiter))
    _check_header(path, columns)
    options = [
        exp.EQ(this=exp.column(name), expression=value)
        for name, value in (
            ("sample_size", exp.convert(-1)),
            ("delim", exp.convert(delimiter)),
            ("quote", exp.convert('"')),
            ("escape", exp.convert('"')),
            ("header", exp.true()),
            ("nullstr", exp.convert(list(NULL_TEXTS))),
        )
    ]
    sniff = exp.Anonymous(this="sniff_csv", expressions=[exp.convert(str(path)), *options])
    query = exp.select("Columns", "DateFormat", "TimestampFormat").from_(exp.Table(this=sniff))
    try:
        row = next(iter(connection.execute(query.sql("duckdb")).fetchall()), None)
    except duckdb.Error as error:
        raise _bad_line(connection, path, delimiter, columns, error) from error
    if row is None or not _is_header(columns, [c["name"] for c in row[0]]):
        raise _bad_line(connection, path, delimiter, columns, None)
    types = tuple(column["type"] for column in row[0])
    return _Dialect(delimiter, tuple(columns), types, row[1], row[2])


def _is_header(columns: Sequence[str], sniffed: Sequence[str]) -> bool:
    """Whether the sniffer took the first line for the header; to it a column called `null` has no name."""
    pairs = zip(columns, sniffed, strict=False)
    return len(columns) == len(sniffed) and all(c == s or c in NULL_TEXTS for c, s in pairs)


def _header(path: Path) -> str:
    """The first line of the file, decompressed, without a byte order mark."""
    opener: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            line = file.readline().rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise SourceError(f"{path} cannot be read: {first_line(error)}", hint="save it as UTF-8 text") from error
    if not line.strip():
        raise SourceError(f"{path} has no header line", hint="the first line names the columns")
    return str(line)


def _check_header(path: Path, columns: list[str]) -> None:
    folded = [column.strip().casefold() for column in columns]
    if "" in folded:
        raise SourceError(f"{path}: column {folded.index('') + 1} of the header has no name", hint="name it")
    twice = sorted({column for column in folded if folded.count(column) > 1})
    if twice:
        raise SourceError(f"{path}: the header names '{twice[0]}' more than once", hint="rename one of them")


def _select(paths: Sequence[Path], dialect: _Dialect) -> exp.Select:
    """`SELECT * FROM read_csv(…)` with nothing left to guess."""
    types = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=exp.convert(kind))
            for name, kind in zip(dialect.columns, dialect.types, strict=True)
        ]
    )
    options: dict[str, exp.Expression] = {
        "auto_detect": exp.false(),
        "header": exp.true(),
        "delim": exp.convert(dialect.delimiter),
        "quote": exp.convert('"'),
        "escape": exp.convert('"'),
        "nullstr": exp.convert(list(NULL_TEXTS)),
        "columns": types,
    }
    if dialect.date_format:
        options["dateformat"] = exp.convert(dialect.date_format)
    if dialect.timestamp_format:
        options["timestampformat"] = exp.convert(dialect.timestamp_format)
    arguments = [exp.EQ(this=exp.column(name), expression=value) for name, value in options.items()]
    read = exp.ReadCSV(this=exp.convert([str(path) for path in paths]), expressions=arguments)
    return exp.select("*").from_(exp.Table(this=read))


def _names_kept_as_text(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], text: _Dialect
) -> frozenset[str]:
    """Columns in which some value has a leading zero or plus sign, which a number would lose."""
    tests = [
        exp.func("bool_or", exp.RegexpLike(this=column_of(c), expression=exp.convert(_PADDED)))
        for c in text.columns
    ]
    row = _one_row(connection, paths, _select(paths, text).select(*tests, append=False))
    return frozenset(column for column, hit in zip(text.columns, row, strict=True) if hit)


def _settle(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], text: _Dialect, column: str, found: set[str]
) -> str:
    """One type for a column whose files were sniffed as `found`: the widest that reads every value, or text."""
    if len(found) == 1:
        kind = next(iter(found))
        return "VARCHAR" if kind in _TOO_WIDE else kind
    widest = [[kind for kind in family if kind in found][-1] for family in _FAMILIES if found & {*family}]
    casts = [exp.TryCast(this=column_of(column), to=_type(kind), safe=True) for kind in widest]
    counts = [exp.func("count", value) for value in (column_of(column), *casts)]
    total, *readable = _one_row(connection, paths, _select(paths, text).select(*counts, append=False))
    return next((kind for kind, n in zip(widest, readable, strict=True) if n == total), "VARCHAR")


def _type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect="duckdb")


def _one_row(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], query: exp.Expression
) -> tuple[Any, ...]:
    try:
        rows = connection.execute(query.sql("duckdb")).fetchall()
    except duckdb.Error as error:
        raise _in_words(paths[0].parent if len(paths) > 1 else paths[0], error) from error
    return tuple(rows[0])


def _bad_line(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    delimiter: str,
    columns: list[str],
    error: duckdb.Error | None,
) -> SourceError:
    """Read the file plainly to learn which line the sniffer could not accept, or started after."""
    plain = _Dialect(delimiter, tuple(columns), ("VARCHAR",) * len(columns), None, None)
    try:
        count = exp.func("count", exp.Star())
        connection.execute(_select([path], plain).select(count, append=False).sql("duckdb")).fetchall()
    except duckdb.Error as found:
        return _in_words(path, found)
    if error is not None:
        return _in_words(path, error)
    return SourceError(f"{path}: the first line is no header of the lines below", hint="name all columns there")


def _in_words(place: Path, error: duckdb.Error) -> SourceError:
    line, counts = _LINE.search(str(error)), _FOUND.search(str(error))
    if line is None:
        return SourceError(f"{place} cannot be read as CSV: {first_line(error)}", hint="save it as UTF-8 CSV")
    cause = f"has {counts[2]} fields where the header has {counts[1]}" if counts else _cause(str(error))
    return SourceError(
        f"{place}, line {line[1]}: the line {cause}", hint="mend that line, or quote its text fields"
    )


def _cause(message: str) -> str:
    return "has an opening quote that is never closed" if "quote" in message.lower() else "is not readable as CSV"
