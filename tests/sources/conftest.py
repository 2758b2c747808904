"""A throw-away PostgreSQL server, and one small database written into every kind of source."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from edgewise.sources.contract import Source
from edgewise.sources.open import open_source

UTC = dt.UTC
MOMENTS = [
    dt.datetime(2020, 1, 1, 10, 0, 0, 123456),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    None,
    dt.datetime(2024, 2, 29, 23, 59, 59),
]
TEXTS = ["2020-01-01T10:00:00.123456+02:00", "2020-01-01 10:00", "2021-02-29", "2024-02-29"]
TABLES: dict[str, pa.Table] = {
    "customers": pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "name": ["Ann", 'O\'Neil "Bob"', None],
            "joined": pa.array([dt.date(2020, 1, 1), dt.date(2019, 12, 31), None]),
            "vip": [True, False, None],
            "score": [0.5, None, -3.25],
        }
    ),
    "orders": pa.table(
        {
            "code": ["007", "008", "009", "010"],
            "customer_id": pa.array([1, 1, None, 3], pa.int64()),
            "at": pa.array(MOMENTS, pa.timestamp("us")),
            "zoned": pa.array(MOMENTS, pa.timestamp("us")).cast(pa.timestamp("us", "UTC")),
            "said": TEXTS,
            "seconds": pa.array([1577872800, -1, None, 1709251199], pa.int64()),
            "millis": pa.array([1577872800123, -1, None, 1709251199000], pa.int64()),
            "micros": pa.array([1577872800123456, -1, None, 1709251199000000], pa.int64()),
            "exact": [1577872800.123456, -0.000001, None, 1709251199.0],
        }
    ),
    'an "odd" table': pa.table({"select": pa.array([1, 2], pa.int64()), 'a "b"; c': ["x", "y"]}),
}


def write_sqlite(path: Path, tables: dict[str, pa.Table]) -> None:
    """The tables with the declared types that people give them; times as ISO text."""
    names = {"int64": "INTEGER", "string": "TEXT", "date32[day]": "DATE", "bool": "BOOLEAN", "double": "REAL"}
    with sqlite3.connect(path) as connection:
        for name, table in tables.items():
            quoted = '"' + name.replace('"', '""') + '"'
            columns = ", ".join(
                '"' + f.name.replace('"', '""') + '" ' + names.get(str(f.type), "TIMESTAMP") for f in table.schema
            )
            connection.execute(f"CREATE TABLE {quoted} ({columns})")
            rows = [[_sqlite_value(v) for v in row.values()] for row in table.to_pylist()]
            marks = ", ".join("?" * table.num_columns)
            connection.executemany(f"INSERT INTO {quoted} VALUES ({marks})", rows)
    connection.close()


def _sqlite_value(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, dt.date) else value


def write_duckdb(path: Path, tables: dict[str, pa.Table]) -> None:
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            quoted = '"' + name.replace('"', '""') + '"'
            connection.register("given", table)
            connection.execute(f"CREATE TABLE {quoted} AS SELECT * FROM given")
            connection.unregister("given")


def write_postgres(url: str, tables: dict[str, pa.Table]) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        for name, table in tables.items():
            cursor.adbc_ingest(name, table, mode="create")
        connection.commit()


@dataclass(frozen=True)
class Server:
    """A running server: addresses of new databases, as the owner who needs no password, or as a user who does."""

    port: int
    socket_folder: Path
    run: Callable[[str], None]

    def database(self, name: str) -> str:
        """Create a database and return its address."""
        self.run(f'CREATE DATABASE "{name}"')
        return f"postgresql://owner:open%20sesame@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server from the system's binaries on a loopback port; it does not run as root, so root hands it over."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    binaries = found[-1].parent if found else None
    if binaries is None and (which := shutil.which("initdb")):
        binaries = Path(which).resolve().parent
    if binaries is None:
        pytest.skip("no PostgreSQL server binaries (initdb, pg_ctl): apt-get install postgresql")
    as_user: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="edgewise-pg-"))
    if os.geteuid() == 0:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("running as root, and there is no user 'postgres' to run the server as")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_user = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "password").write_text("open sesame")
    (folder / "password").chmod(0o644)  # the server's user reads it
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        command = [*as_user, str(binaries / program), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    call(
        "initdb", "-D", str(data), "-U", "owner", "-E", "UTF8", "--no-sync", "--auth-local=trust",
        "--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}",
    )  # fmt: skip
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    call("pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield Server(
            port,
            folder,
            lambda sql: call(
                "psql", "-h", str(folder), "-p", str(port), "-U", "owner", "-d", "postgres", "-c", sql
            ),
        )
    finally:
        call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(postgres: Server) -> str:
    """The address of a database that holds TABLES."""
    url = postgres.database("contract")
    write_postgres(url, TABLES)
    return url


@pytest.fixture(scope="session")
def tables() -> dict[str, pa.Table]:
    """What every kind of source holds."""
    return TABLES


KINDS = ["memory", "parquet", "parts", "csv", "csv.gz", "duckdb", "sqlite"]


@pytest.fixture(params=[*KINDS, pytest.param("postgres", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of source in turn."""
    return str(request.param)


@pytest.fixture
def source(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Source]:
    """TABLES, opened from a source of that kind."""
    if kind == "memory":
        where: object = TABLES
    elif kind == "postgres":
        where = request.getfixturevalue("postgres_url")
    elif kind in ("duckdb", "sqlite"):
        where = tmp_path / "data.bin"
        (write_duckdb if kind == "duckdb" else write_sqlite)(where, TABLES)
    else:
        where = tmp_path
        for name, table in TABLES.items():
            _write_file(tmp_path, kind, name, table)
    with open_source(where) as opened:  # type: ignore[arg-type]  # a path, an address or a mapping
        yield opened


def _write_file(folder: Path, kind: str, name: str, table: pa.Table) -> None:
    if kind == "parquet":
        pa.parquet.write_table(table, folder / f"{name}.parquet")
    elif kind == "parts":
        (folder / name).mkdir()
        pa.parquet.write_table(table.slice(0, 1), folder / name / "part-0.parquet")
        pa.parquet.write_table(table.slice(1), folder / name / "part-1.parquet")
    else:
        with pa.output_stream(folder / f"{name}.{kind}", compression="gzip" if kind == "csv.gz" else None) as sink:
            pa.csv.write_csv(table, sink)
