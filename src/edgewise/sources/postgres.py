"""PostgreSQL: read-only, and every stream reads the same moment of the database, whatever is written meanwhile."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import pyarrow as pa
from sqlglot import expressions as exp

from edgewise.errors import SourceError, nearest
from edgewise.schema.model import Problem
from edgewise.schema.profile import Declared, DeclaredLink
from edgewise.sources.arrow import plain_batches
from edgewise.sources.base import MicrosRules, SqlSource, table_of
from edgewise.sources.postgres_address import Address, parse_address
from edgewise.sources.postgres_times import POSTGRES_MICROS

__all__ = ["PostgresSource", "open_postgres"]

_TABLES: Final = """
SELECT DISTINCT ON (c.relname) c.relname, c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND has_table_privilege(c.oid, 'SELECT')
ORDER BY c.relname, array_position(current_schemas(false), n.nspname)
"""
_CONSTRAINTS: Final = """
SELECT c.contype::text, t.relname, f.relname,
  (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k(num, n)
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
  (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k(num, n)
     JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_class f ON f.oid = c.confrelid
WHERE c.contype IN ('p', 'f') AND c.conparentid = 0 AND n.nspname = ANY (current_schemas(false))
ORDER BY t.relname, c.conname
"""
_SCHEMAS: Final = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"


class PostgresSource(SqlSource):
    """A PostgreSQL database as it was when it was opened.

    One connection holds the snapshot until `close`; streams that run side by side have a connection each, in a
    read-only transaction on that snapshot.
    """

    dialect = "postgres"

    def __init__(self, address: Address, driver: Any) -> None:
        super().__init__(address.name)
        self._address = address
        self._driver = driver
        self._holder: Any = None
        self._snapshot: str | None = None
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._closed = False
        self._kinds: dict[str, str] = {}

    @property
    def micros_rules(self) -> MicrosRules:
        """PostgreSQL's ways to microseconds."""
        return POSTGRES_MICROS

    def stream(self, query: exp.Expression) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield Arrow batches as the server sends them.

        Raises:
            SourceError: the server refused or went away; the message holds its own words.
        """
        with self._cursor() as cursor:
            cursor.execute(query.sql(self.dialect))
            reader = cursor.fetch_record_batch()
            yield from plain_batches(iter(reader), reader.schema)

    def fingerprint(self) -> str:
        """Changes with the number of rows of a table and the last transaction that wrote to it."""
        digest = hashlib.sha256()
        names = list(self.tables())
        with self._cursor() as cursor:
            for name in names:
                numbers: list[exp.Expression] = [exp.Count(this=exp.Star())]
                if self._kinds[name] in ("r", "p", "m"):
                    written = exp.cast(exp.cast(exp.column("xmin"), "text"), "bigint")
                    numbers.append(exp.Max(this=written))
                cursor.execute(exp.select(*numbers).from_(table_of(name)).sql(self.dialect))
                digest.update(repr((name, cursor.fetchone())).encode())
        return digest.hexdigest()[:16]

    def problems(self) -> tuple[Problem, ...]:
        """None: each column has one type."""
        return ()

    def declared(self) -> Declared:
        """Primary and foreign keys, as the database declares them."""
        with self._cursor() as cursor:
            cursor.execute(_CONSTRAINTS)
            rows = cursor.fetchall()
        known = self.tables()
        keys = {table: tuple(columns) for kind, table, _, columns, _ in rows if kind == "p" and table in known}
        links = tuple(
            DeclaredLink(table, columns[0], to, to_columns[0])
            for kind, table, to, columns, to_columns in rows
            if kind == "f" and len(columns) == 1 and table in known and to in known
        )
        return Declared(keys=keys, links=links)

    def close(self) -> None:
        """Let the snapshot go. Closing twice is fine."""
        self._closed = True
        kept = [self._holder, *self._idle] if self._holder is not None else []
        self._holder, self._idle = None, []
        for connection in kept:
            connection.close()

    def _list_schemas(self) -> dict[str, pa.Schema]:
        schemas = {}
        with self._cursor() as cursor:
            cursor.execute(_TABLES)
            self._kinds = dict(cursor.fetchall())
            for name in self._kinds:
                cursor.execute(exp.select("*").from_(table_of(name)).limit(0).sql(self.dialect))
                reader = cursor.fetch_record_batch()
                schemas[name] = reader.schema
                reader.close()
        return schemas

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor in a read-only transaction on the snapshot; the server's refusals become `SourceError`.

        A connection whose work ended well is kept for the next; any other is closed.
        """
        if self._closed:
            raise SourceError(f"{self.name} is closed", hint="open it again")
        connection = None
        try:
            with self._lock:
                if self._holder is None:
                    self._holder = self._hold()
                connection = self._idle.pop() if self._idle else None
            connection = connection or self._connect()
            with closing(connection.cursor()) as cursor:
                yield cursor
            if not self._closed:
                self._idle.append(connection)
                connection = None
        except (self._driver.Error, pa.ArrowException, OSError) as error:
            raise self._refused(error) from None
        finally:
            if connection is not None:
                connection.close()

    def _hold(self) -> Any:
        """A connection that keeps the snapshot which all streams read."""
        holder = self._connect()
        with closing(holder.cursor()) as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            self._snapshot = cursor.fetchone()[0]
        return holder

    def _connect(self) -> Any:
        connection = self._driver.connect(self._address.libpq)
        with closing(connection.cursor()) as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if self._snapshot is not None:
                cursor.execute(f"SET TRANSACTION SNAPSHOT {exp.convert(self._snapshot).sql(self.dialect)}")
            cursor.execute("SET TIME ZONE 'UTC'")
            if self._address.schema is not None:
                path = exp.to_identifier(self._address.schema, quoted=True).sql(self.dialect)
                call = exp.func("set_config", exp.convert("search_path"), exp.convert(path), exp.false())
                cursor.execute(exp.select(call).sql(self.dialect))
                cursor.fetchall()
        return connection

    def check(self) -> None:
        """Reach the server and find tables.

        Raises:
            SourceError: the server cannot be reached or refuses; the schema does not exist; it has no tables.
        """
        with self._cursor() as cursor:
            cursor.execute(_SCHEMAS)
            schemas = sorted(row[0] for row in cursor.fetchall())
        wanted = self._address.schema
        if wanted is not None and wanted not in schemas:
            near = nearest(wanted, schemas) or schemas
            raise SourceError(f"{self.name} has no schema '{wanted}'", hint=f"schemas: {', '.join(near)}")
        if not self.tables():
            others = [schema for schema in schemas if schema != (wanted or "public")]
            hint = f"add ?schema=NAME; schemas: {', '.join(others)}" if others else "load tables into it first"
            raise SourceError(f"{self.name} has no tables that this user may read", hint=hint)

    def _refused(self, error: BaseException) -> SourceError:
        words = self._address.redact(_words(error))
        return SourceError(f"{self.name}: {words}", hint=_hint(words))


def open_postgres(url: str) -> PostgresSource:
    """Open a PostgreSQL database at `postgresql://user:password@host:port/database?schema=NAME`.

    The password may also come from `PGPASSWORD` or `~/.pgpass`; it appears in no name and no message.

    Raises:
        SourceError: the driver is not installed, the server cannot be reached or refuses, or there are no tables.
    """
    address = parse_address(url)
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError:
        raise SourceError(
            f"{address.name}: the PostgreSQL driver is not installed", hint="pip install 'edgewise[postgres]'"
        ) from None
    source = PostgresSource(address, dbapi)
    try:
        source.check()
    except SourceError:
        source.close()
        raise
    return source


def _words(error: BaseException) -> str:
    """The server's own words, without the driver's."""
    text = str(error)
    for mark in ("ERROR:", "FATAL:", "failed: ", "Failed to connect: "):
        if mark in text:
            text = text.split(mark, 1)[1]
            break
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


_HINTS: Final = (
    ("password", "check the user and the password in the address, PGPASSWORD or ~/.pgpass"),
    ("Connection refused", "is the server running, and are host and port right?"),
    ("translate host name", "is the host's name right?"),
    ("timeout", "is the host reachable from here?"),
    ("No such file", "is the server running?"),
    ("role", "check the user in the address"),
    ("database", "check the database's name, the last part of the address"),
)


def _hint(words: str) -> str | None:
    return next((hint for mark, hint in _HINTS if mark in words), None)
