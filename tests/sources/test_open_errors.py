"""Where there is nothing to read, the message says what is there and what would work."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest

from edgewise.errors import SourceError
from edgewise.sources.open import open_source


def complaint(where: object) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(where)  # type: ignore[arg-type]  # wrong on purpose
    return str(caught.value)


def fill(folder: Path) -> None:
    """Things that are no source, beside some that are."""
    (folder / "sales").mkdir()
    (folder / "sales" / "notes.txt").write_text("hello")
    (folder / "sales" / "deep").mkdir()
    (folder / "empty").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "t.parquet").write_bytes(b"PAR1 no parquet")
    (folder / "hollow").mkdir()
    (folder / "hollow" / "t.parquet").write_bytes(b"")
    (folder / "twice").mkdir()
    (folder / "twice" / "t.csv").write_text("a\n1\n")
    pa.parquet.write_table(pa.table({"a": [1]}), folder / "twice" / "T.parquet")
    (folder / "mixed" / "t").mkdir(parents=True)
    (folder / "mixed" / "t" / "a.csv").write_text("a\n1\n")
    pa.parquet.write_table(pa.table({"a": [1]}), folder / "mixed" / "t" / "b.parquet")
    (folder / "nested" / "db").mkdir(parents=True)
    pa.parquet.write_table(pa.table({"a": [1], "b": [2]}), folder / "nested" / "db" / "one.parquet")
    pa.parquet.write_table(pa.table({"c": [1], "d": [2]}), folder / "nested" / "db" / "two.parquet")
    (folder / "text.db").write_text("this is no database at all")
    (folder / "nothing.db").write_bytes(b"")
    sqlite3.connect(folder / "bare.sqlite").executescript("PRAGMA user_version = 1").connection.close()
    duckdb.connect(str(folder / "bare.duckdb")).close()


CASES = [
    ("{0}/sale", "there is nothing at '{0}/sale'\nhint: did you mean {0}/sales?"),
    ("{0}/x/y", "there is nothing at '{0}/x/y': no folder {0}/x"),
    ("completejourny", "there is nothing at 'completejourny'\nhint: did you mean completejourney?"),
    (
        "{0}/empty",
        "the folder {0}/empty is empty\nhint: a folder of Parquet or CSV files is expected, one for each table",
    ),
    (
        "{0}/sales",
        "the folder {0}/sales holds no Parquet or CSV file, only deep/, notes.txt\n"
        "hint: a folder of Parquet or CSV files is expected, one for each table",
    ),
    (
        "{0}/hollow",
        "{0}/hollow/t.parquet is an empty file\nhint: write it again, or take it out of the folder",
    ),
    (
        "{0}/twice",
        "{0}/twice: two files give the table 't': T.parquet and t.csv\nhint: rename or remove one of them",
    ),
    (
        "{0}/mixed",
        "{0}/mixed/t mixes Parquet and CSV files\nhint: part files of one table need one format; move the others",
    ),
    (
        "{0}/nested",
        "{0}/nested/db holds files that are no parts of one table: one.parquet and two.parquet differ in their "
        "columns\nhint: if each file is a table, open {0}/nested/db",
    ),
    (
        "{0}/text.db",
        "{0}/text.db is neither a DuckDB nor a SQLite database\n"
        "hint: for Parquet or CSV files give their folder: {0}",
    ),
    (
        "{0}/nothing.db",
        "{0}/nothing.db is an empty file\nhint: a DuckDB or SQLite database, or a folder, is expected",
    ),
    ("{0}/bare.sqlite", "{0}/bare.sqlite is a SQLite database without tables\nhint: load tables into it first"),
    ("{0}/bare.duckdb", "{0}/bare.duckdb is a DuckDB database without tables\nhint: load tables into it first"),
    (
        "mysql://me@host/db",
        "there is no source for 'mysql://' addresses\nhint: write postgresql://user@host/database",
    ),
    (
        "postgresql://me:pass@word@host/db",
        "the postgresql:// address is malformed\nhint: write it as "
        "postgresql://user:password@host:port/database?schema=NAME, with special characters of the password "
        "percent-encoded (@ is %40)",
    ),
]


@pytest.mark.parametrize(("where", "message"), CASES)
def test_messages(tmp_path: Path, where: str, message: str) -> None:
    fill(tmp_path)
    assert complaint(where.format(tmp_path)) == message.format(tmp_path)


def test_a_world_is_proposed_where_nothing_is_near() -> None:
    worlds = "completejourney, lodging, messaging, shop, streaming, trending"
    assert complaint("zzz") == f"there is nothing at 'zzz'\nhint: built-in worlds: {worlds}"


def test_damaged_files_are_named(tmp_path: Path) -> None:
    fill(tmp_path)
    assert f"{tmp_path}/broken/t.parquet" in complaint(tmp_path / "broken")
    with sqlite3.connect(tmp_path / "cut.sqlite") as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 1000)
    connection.close()
    whole = (tmp_path / "cut.sqlite").read_bytes()
    (tmp_path / "cut.sqlite").write_bytes(whole[:9000])
    assert f"{tmp_path}/cut.sqlite is damaged" in complaint(tmp_path / "cut.sqlite")
    with duckdb.connect(str(tmp_path / "cut.duckdb")) as other:
        other.execute("CREATE TABLE t AS SELECT range AS a FROM range(100000)")
    (tmp_path / "cut.duckdb").write_bytes((tmp_path / "cut.duckdb").read_bytes()[:5000])
    message = complaint(tmp_path / "cut.duckdb")
    assert f"{tmp_path}/cut.duckdb cannot be opened as a DuckDB database" in message
    assert message.endswith("hint: the file is damaged: restore it from a copy, or write it again")


def test_a_world_before_a_folder_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "shop" / "things.parquet")
    with open_source("shop") as world:
        assert world.name == "shop"
        assert "things" not in world.tables()
    for where in ("./shop", "shop/", Path("shop")):
        with open_source(where) as folder:
            assert list(folder.tables()) == ["things"]
            assert folder.name == str(tmp_path / "shop")


def test_a_database_that_another_process_writes_to(tmp_path: Path) -> None:
    path = tmp_path / "busy.duckdb"
    code = (
        "import duckdb, sys\n"
        f"held = duckdb.connect({str(path)!r})\n"
        "held.execute('CREATE TABLE t (a INTEGER)').fetchall()\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        message = complaint(path)
        other.communicate("")
    assert message.startswith(f"{path} cannot be opened as a DuckDB database: ")
    assert message.endswith("hint: close the program that writes to it")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "the mapping of tables is empty\nhint: pass {name: table, …}"),
        (
            {"t": [1, 2]},
            "table 't' is a list, which is no table\nhint: pass a pandas, polars or pyarrow table",
        ),
    ],
)
def test_mappings(tables: dict[str, object], message: str) -> None:
    assert complaint(tables) == message


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    assert complaint("postgresql://me:secret@host/db") == (
        "postgresql://me@host/db: the PostgreSQL driver is not installed\nhint: pip install 'edgewise[postgres]'"
    )
