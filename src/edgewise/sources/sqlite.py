"""SQLite files. Any value may stand in any column, so a column's type is what it declares and what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_sqlite
import adbc_driver_sqlite.dbapi
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import expressions as exp

from edgewise.errors import SourceError
from edgewise.schema.model import Problem
from edgewise.schema.profile import Declared, DeclaredLink
from edgewise.sources.arrow import plain_batches
from edgewise.sources.base import BATCH_ROWS, MicrosRules, SqlSource, column_of, first_line, table_of
from edgewise.sources.inline import inline
from edgewise.sources.sqlite_results import Result, direct_result, spooled_result
from edgewise.sources.sqlite_times import SQLITE_MICROS
from edgewise.sources.sqlite_types import SqliteColumn, columns_of_table

__all__ = ["SqliteSource", "open_sqlite"]

_BATCH_OPTION: Final = adbc_driver_sqlite.StatementOptions.BATCH_ROWS.value
_INTERNAL: Final = "sqlite_"


class SqliteSource(SqlSource):
    """A SQLite file, read-only. Each stream has a connection of its own, so streams may run side by side."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path
        self._columns: dict[str, tuple[SqliteColumn, ...]] = {}
        self._readings: dict[str, exp.Query] = {}
        self._closed = False

    @property
    def micros_rules(self) -> MicrosRules:
        """SQLite's ways to microseconds."""
        return SQLITE_MICROS

    def stream(self, query: exp.Expression) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield Arrow batches.

        A SELECT of plain columns of one table streams as it is. The types of any other result are only known
        from its values, so it is spooled to a temporary table on disk first. A table of which `problems` tells
        is read as it says, in conditions too.

        Raises:
            SourceError: the engine refused; the message holds its own words.
        """
        self.tables()
        with self._connect() as connection:
            try:
                filtered = query.args.get("where") is not None and bool(self._readings)
                result = None if filtered else direct_result(query, self._columns)
                if result is None:
                    result = spooled_result(inline(query, self._readings), self._columns, connection)
                yield from plain_batches(_typed(connection, result), result.schema)
            except SourceError as error:
                raise SourceError(f"{self.name}: {error.message}", hint=error.hint) from None
            except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
                raise self._refused(error) from error

    def fingerprint(self) -> str:
        """Changes with the size and time of the file or of its write-ahead log."""
        digest = hashlib.sha256()
        for path in (self._path, self._path.with_name(self._path.name + "-wal")):
            if path.exists():
                stat = path.stat()
                digest.update(f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    def problems(self) -> tuple[Problem, ...]:
        """The columns whose values are of more than one type, and how they are read."""
        self.tables()
        found = (column.problem(table) for table, columns in self._columns.items() for column in columns)
        return tuple(problem for problem in found if problem is not None)

    def declared(self) -> Declared:
        """Primary and foreign keys, as the file declares them."""
        keys: dict[str, tuple[str, ...]] = {}
        links = []
        for table in self.tables():
            columns = [
                (r["pk"], r["name"]) for r in self._pragma("pragma_table_info", table, "pk", "name") if r["pk"]
            ]
            if columns:
                keys[table] = tuple(name for _, name in sorted(columns))
        for table in self.tables():
            rows = self._pragma("pragma_foreign_key_list", table, "id", "table", "from", "to")
            for row in rows:
                alone = sum(other["id"] == row["id"] for other in rows) == 1
                target = row["to"] or (keys.get(row["table"], ("",))[0])
                if alone and row["table"] in self.tables() and target:
                    links.append(DeclaredLink(table, row["from"], row["table"], target))
        return Declared(keys=keys, links=tuple(links))

    def close(self) -> None:
        """Refuse further streams. Closing twice is fine."""
        self._closed = True

    def _list_schemas(self) -> dict[str, pa.Schema]:
        query = exp.select("name").from_("sqlite_master").where("type IN ('table', 'view')").order_by("name")
        with self._connect() as connection, connection.cursor() as cursor:
            try:
                cursor.execute(query.sql(self.dialect))
                names = [row[0] for row in cursor.fetchall() if not row[0].startswith(_INTERNAL)]
                self._columns = {name: columns_of_table(connection, name) for name in names}
            except (adbc_driver_manager.Error, OSError) as error:
                raise self._refused(error) from error
        self._readings = {
            name.casefold(): _as_read(name, columns)
            for name, columns in self._columns.items()
            if any(column.problem(name) for column in columns)
        }
        return {
            name: pa.schema([(c.name, c.type) for c in columns])
            for name, columns in self._columns.items()
            if columns
        }

    def _pragma(self, pragma: str, table: str, *columns: str) -> list[dict[str, Any]]:
        call = exp.Table(this=exp.Anonymous(this=pragma, expressions=[exp.convert(table)]))
        query = exp.select(*(column_of(column) for column in columns)).from_(call)
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(query.sql(self.dialect))
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def _connect(self) -> Any:
        if self._closed:
            raise SourceError(f"{self.name} is closed", hint="open it again")
        try:
            uri = f"file:{quote(str(self._path.absolute()))}?mode=ro"
            return adbc_driver_sqlite.dbapi.connect(uri)
        except (adbc_driver_manager.Error, OSError) as error:
            raise self._refused(error) from error

    def _refused(self, error: BaseException) -> SourceError:
        words = first_line(error)
        if "malformed" in words or "not a database" in words:
            return SourceError(
                f"{self.name} is damaged: {words}",
                hint="restore the file, or recover it with: sqlite3 FILE .recover",
            )
        return SourceError(f"{self.name}: {words}")


def open_sqlite(path: Path) -> SqliteSource:
    """Open a SQLite file.

    Raises:
        SourceError: the file is damaged or has no tables.
    """
    source = SqliteSource(path)
    if not source.tables():
        raise SourceError(f"{path} is a SQLite database without tables", hint="load tables into it first")
    return source


def _as_read(table: str, columns: tuple[SqliteColumn, ...]) -> exp.Query:
    readings = [exp.alias_(column.reading(column_of(column.name)), column.name, quoted=True) for column in columns]
    return exp.select(*readings).from_(table_of(table))


def _typed(connection: Any, result: Result) -> Iterator[pa.RecordBatch]:
    """The result's batches in its types. Its first row only shows the driver the types, and is left out."""
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{_BATCH_OPTION: str(BATCH_ROWS)})
        cursor.execute(result.query.sql("sqlite"))
        first = True
        for batch in cursor.fetch_record_batch():
            rows = batch.slice(1) if first else batch
            first = False
            columns = [_value(c, f) for c, f in zip(rows.columns, result.schema, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=result.schema)


def _value(column: pa.Array, field: pa.Field) -> pa.Array:
    if pa.types.is_date(field.type):
        return pc.cast(pc.cast(column, pa.timestamp("us")), field.type)
    if pa.types.is_string(field.type):
        try:
            column.validate(full=True)  # SQLite stores any bytes as text
        except pa.ArrowInvalid:
            raise SourceError(
                f"column '{field.name}' holds text that is not UTF-8", hint="convert it in the database"
            ) from None
    return pc.cast(column, field.type)
