"""Tables in DuckDB: Parquet and CSV files, a DuckDB database, or Arrow tables in memory.

All of them are views in one in-memory database, so that every table has a plain name and nothing is copied.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from sqlglot import expressions as exp

from edgewise.errors import SourceError
from edgewise.schema.model import Problem
from edgewise.schema.profile import Declared, DeclaredLink
from edgewise.sources.arrow import plain_batches
from edgewise.sources.base import BATCH_ROWS, MicrosRules, SqlSource, first_line, table_of
from edgewise.sources.contract import TimeForm

__all__ = ["DuckSource", "create_view", "open_database", "open_parquet", "open_tables", "stamp_of_files"]

_ATTACHED: Final = "attached"


def _int64(value: exp.Expression) -> exp.Expression:
    """The value as BIGINT, NULL where it does not fit or is no finite number."""
    return exp.TryCast(this=value, to=exp.DataType.build("bigint"), safe=True)


def _epoch(value: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="epoch_us", expressions=[value])


def _text(column: exp.Expression) -> exp.Expression:
    moment = exp.TryCast(this=exp.Trim(this=column), to=exp.DataType.build("timestamptz"), safe=True)
    return _epoch(moment)


def _scaled(factor: float, column: exp.Expression) -> exp.Expression:
    """An epoch number times a factor. Doubles hold microseconds of any year up to 2255 exactly."""
    number = exp.TryCast(this=column, to=exp.DataType.build("double"), safe=True)
    return _int64(exp.Round(this=exp.Mul(this=number, expression=exp.convert(factor))))


def _thousandth(column: exp.Expression) -> exp.Expression:
    whole = exp.TryCast(this=column, to=exp.DataType.build("hugeint", dialect="duckdb"), safe=True)
    return _int64(exp.IntDiv(this=whole, expression=exp.convert(1000)))


_MICROS: Final[MicrosRules] = {
    TimeForm.DATE: _epoch,
    TimeForm.TIMESTAMP: _epoch,
    TimeForm.ZONED: _epoch,
    TimeForm.TEXT: _text,
    TimeForm.SECONDS: partial(_scaled, 1_000_000),
    TimeForm.MILLIS: partial(_scaled, 1000),
    TimeForm.MICROS: _int64,
    TimeForm.NANOS: _thousandth,
}


class DuckSource(SqlSource):
    """Views of an in-memory DuckDB. `stamp` gives the fingerprint; `names` are the views, in order.

    `tables` are Arrow tables to be registered beside the views: registration belongs to a cursor, so each
    stream's cursor registers them anew, without a copy.
    """

    dialect = "duckdb"

    def __init__(
        self,
        name: str,
        connection: duckdb.DuckDBPyConnection,
        names: Sequence[str],
        stamp: Callable[[], str],
        tables: Mapping[str, pa.Table] | None = None,
        declared: Declared | None = None,
    ) -> None:
        super().__init__(name)
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._names = tuple(names)
        self._stamp = stamp
        self._tables = dict(tables or {})
        self._declared = declared or Declared()

    @property
    def micros_rules(self) -> MicrosRules:
        """DuckDB's ways to microseconds."""
        return _MICROS

    def stream(self, query: exp.Expression) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield Arrow batches as the engine makes them.

        Raises:
            SourceError: the engine refused; the message holds its own words.
        """
        cursor = self._cursor()
        try:
            # A relation's reader pulls rows on demand; a result of `execute` would hold all of them.
            relation = cursor.sql(query.sql(self.dialect))
            if relation is None:
                raise SourceError(f"{self.name}: the SQL is no SELECT", hint="write one SELECT statement")
            reader = relation.to_arrow_reader(BATCH_ROWS)
            yield from plain_batches(iter(reader), reader.schema)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise SourceError(f"{self.name}: {first_line(error)}", hint=_damage(error)) from error
        finally:
            cursor.close()

    def fingerprint(self) -> str:
        """Changes with the sizes and times of the files, or the contents of tables in memory."""
        return self._stamp()

    def problems(self) -> tuple[Problem, ...]:
        """None: files and databases read here have one type a column."""
        return ()

    def declared(self) -> Declared:
        """The keys and links of a database file; files and tables in memory declare none."""
        return self._declared

    def close(self) -> None:
        """Give the connection back. Closing twice is fine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _list_schemas(self) -> dict[str, pa.Schema]:
        schemas = {}
        for name in self._names:
            batch = next(self.stream(exp.select("*").from_(table_of(name)).limit(0)))
            schemas[name] = batch.schema
        return schemas

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise SourceError(f"{self.name} is closed", hint="open it again")
        cursor = self._connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        for name, table in self._tables.items():
            cursor.register(name, table)
        return cursor


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory database that reads times as UTC, asks no network, and spills beside other temporary files."""
    spill = Path(tempfile.gettempdir()) / f"edgewise-{os.getpid()}"
    options: dict[str, Any] = {"autoinstall_known_extensions": False, "temp_directory": str(spill)}
    connection = duckdb.connect(config=options)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def create_view(connection: duckdb.DuckDBPyConnection, name: str, query: exp.Expression) -> None:
    """Define a view of that name."""
    connection.execute(exp.Create(this=table_of(name), kind="VIEW", expression=query).sql("duckdb"))


def open_parquet(name: str, files: Mapping[str, Sequence[Path]]) -> DuckSource:
    """Parquet files as tables: one or more files a table.

    Raises:
        SourceError: a file is damaged; the message names it.
    """
    connection = connect()
    for table, paths in files.items():
        view_parquet(connection, table, paths)
    every = [path for paths in files.values() for path in paths]
    return DuckSource(name, connection, list(files), lambda: stamp_of_files(every))


def view_parquet(connection: duckdb.DuckDBPyConnection, table: str, paths: Sequence[Path]) -> None:
    """Define a view over the Parquet files of one table; columns are matched by name across files.

    Raises:
        SourceError: a file is damaged; the message names it.
    """
    listed = exp.Array(expressions=[exp.convert(str(path)) for path in paths])
    by_name = exp.EQ(this=exp.column("union_by_name"), expression=exp.true())
    query = exp.select("*").from_(exp.Table(this=exp.ReadParquet(expressions=[listed, by_name])))
    try:
        create_view(connection, table, query)
    except duckdb.Error as error:
        raise SourceError(
            f"table '{table}' cannot be read as Parquet: {first_line(error)}",
            hint="write the file again, or take it out of the folder",
        ) from error


def open_database(path: Path) -> DuckSource:
    """A DuckDB database file, read-only. Tables outside the main schema are named `schema.table` on a clash.

    Raises:
        SourceError: the file is damaged, locked by another process, or has no tables.
    """
    connection = connect()
    attach = exp.Attach(
        this=exp.alias_(exp.convert(str(path)), _ATTACHED),
        expressions=[exp.AttachOption(this=exp.var("READ_ONLY"))],
    )
    try:
        connection.execute(attach.sql("duckdb"))
    except duckdb.Error as error:
        locked = "close the program that writes to it" if "set lock on file" in str(error) else None
        raise SourceError(
            f"{path} cannot be opened as a DuckDB database: {first_line(error)}",
            hint=locked
            or _damage(error)
            or "open it with the version of DuckDB that wrote it, and export it anew",
        ) from error
    names: dict[tuple[str, str], str] = {}
    for schema, table in _tables_of_attached(connection):
        name = table if table not in names.values() else f"{schema}.{table}"
        create_view(
            connection, name, exp.select("*").from_(exp.table_(table, db=schema, catalog=_ATTACHED, quoted=True))
        )
        names[schema, table] = name
    if not names:
        raise SourceError(f"{path} is a DuckDB database without tables", hint="load tables into it first")
    declared = _constraints(connection, names)
    return DuckSource(
        str(path), connection, list(names.values()), lambda: stamp_of_files([path]), declared=declared
    )


def _damage(error: BaseException) -> str | None:
    """What to do about a file that is cut short or overwritten; None for other troubles."""
    words = str(error)
    damaged = "Corrupt" in words or "Could not read enough bytes" in words or "checksum" in words
    return "the file is damaged: restore it from a copy, or write it again" if damaged else None


def _tables_of_attached(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and name of each table and view, those of the main schema first."""
    rows = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $db AND NOT internal UNION ALL "
        "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $db AND NOT internal",
        {"db": _ATTACHED},
    ).fetchall()
    return sorted(rows, key=lambda row: (row[0] != "main", row))


def _constraints(connection: duckdb.DuckDBPyConnection, names: Mapping[tuple[str, str], str]) -> Declared:
    """The primary and foreign keys of the attached database, in the names its tables have here."""
    rows = connection.execute(
        "SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table, "
        "referenced_column_names FROM duckdb_constraints() WHERE database_name = $db",
        {"db": _ATTACHED},
    ).fetchall()
    keys, links = {}, []
    for schema, table, kind, columns, to, to_columns in rows:
        here, there = names[schema, table], names.get((schema, to))
        if kind == "PRIMARY KEY":
            keys[here] = tuple(columns)
        elif kind == "FOREIGN KEY" and there is not None and len(columns) == 1:
            links.append(DeclaredLink(here, columns[0], there, to_columns[0]))
    return Declared(keys=keys, links=tuple(links))


def open_tables(name: str, tables: Mapping[str, Any]) -> DuckSource:
    """Tables in memory: anything with `__arrow_c_stream__` (pandas, polars and pyarrow tables).

    Raises:
        SourceError: a value that is no table, or no table at all.
    """
    arrow = {table: _as_arrow(table, value) for table, value in tables.items()}
    if not arrow:
        raise SourceError("the mapping of tables is empty", hint="pass {name: table, …}")
    connection = connect()
    return DuckSource(name, connection, list(arrow), partial(_stamp_of_tables, connection, arrow), arrow)


def _as_arrow(name: str, value: Any) -> pa.Table:
    if isinstance(value, pa.Table):
        return value
    if not hasattr(value, "__arrow_c_stream__"):
        raise SourceError(
            f"table '{name}' is a {type(value).__name__}, which is no table",
            hint="pass a pandas, polars or pyarrow table",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a frame's library may warn about its own export
        return pa.table(value)


def _stamp_of_tables(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> str:
    digest = hashlib.sha256()
    cursor = connection.cursor()
    for name, table in tables.items():
        cursor.register("t", table)
        rows = cursor.execute("SELECT count(*), bit_xor(hash(t)) FROM t").fetchall()
        digest.update(repr((name, str(table.schema), rows)).encode())
    cursor.close()
    return digest.hexdigest()[:16]


def stamp_of_files(paths: Sequence[Path]) -> str:
    """A digest of names, sizes and modification times."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        stat = path.stat()
        digest.update(f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
