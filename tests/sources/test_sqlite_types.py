"""SQLite keeps any value in any column: what a column is read as, and what is said about it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp, parse_one

from edgewise.errors import SourceError
from edgewise.sources.contract import Source, TimeForm
from edgewise.sources.open import open_source


def opened(path: Path, declared: str, values: list[Any]) -> Source:
    with sqlite3.connect(path / "t.db") as connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, c {declared})")
        connection.executemany("INSERT INTO t (c) VALUES (?)", [(value,) for value in values])
    connection.close()
    return open_source(path / "t.db")


HALF = dt.datetime(2020, 1, 1, 10, 0, 0, 500_000)
FAR = 5000  # beyond the driver's own look at the first rows


@pytest.mark.parametrize(
    ("declared", "values", "kind", "last"),
    [
        ("INTEGER", [None] * FAR + [7], pa.int64(), 7),
        ("TEXT", [None] * FAR + ["x"], pa.string(), "x"),
        ("NUMERIC", [1] * FAR + [2.5], pa.float64(), 2.5),
        ("REAL", [1] * FAR + [2], pa.float64(), 2.0),
        ("", [1] * FAR + ["x"], pa.string(), "x"),
        ("", ["x"] * FAR + [1], pa.string(), "1"),
        ("INTEGER", [1] * FAR + [""], pa.int64(), None),
        ("TEXT", ["x"] * FAR + [""], pa.string(), ""),
        ("BLOB", [b"x"] * 2, pa.binary(), b"x"),
        ("BOOLEAN", [0, 1], pa.bool_(), True),
        ("BOOLEAN", [0, 2], pa.int64(), 2),
        ("DATE", ["2020-01-01", "2020-02-29"], pa.date32(), dt.date(2020, 2, 29)),
        ("DATE", ["2020-01-01", "2021-02-29"], pa.string(), "2021-02-29"),
        ("DATETIME", [None, "2020-01-01T10:00:00.5"], pa.timestamp("us"), HALF),
        ("TIMESTAMP", ["2020-01-01 10:00", "2020-01-01 10:00:00Z"], pa.string(), "2020-01-01 10:00:00Z"),
        ("DATETIME", [1577836800, 1577836801], pa.int64(), 1577836801),
        ("TEXT", [None, None], pa.string(), None),
        ("TIMESTAMP", [None], pa.timestamp("us"), None),
        ("VARCHAR(10)", ["007", "1"], pa.string(), "1"),
    ],
)  # fmt: skip
def test_the_type_is_what_is_declared_and_what_is_there(
    tmp_path: Path, declared: str, values: list[Any], kind: pa.DataType, last: object
) -> None:
    with opened(tmp_path, declared, values) as source:
        assert source.tables()["t"].field("c").type == kind
        direct = source.read(parse_one("SELECT c FROM t", dialect="sqlite"))
        assert direct.schema.field("c").type == kind
        assert direct.column("c")[-1].as_py() == last
        spooled = source.read(
            parse_one("SELECT * FROM (SELECT id, c FROM t UNION SELECT id, c FROM t) ORDER BY id")
        )
        assert spooled.schema.field("c").type == kind
        assert spooled.column("c").to_pylist() == direct.column("c").to_pylist()


def test_mixed_columns_are_stated(tmp_path: Path) -> None:
    with opened(tmp_path, "", [1, 2, "x", 2.5]) as source:
        (problem,) = source.problems()
    assert problem.message == "'t.c' holds values of several types (2 integer, 1 real, 1 text)"
    assert problem.rule == "all are read as text"


def test_empty_texts_among_numbers_are_stated(tmp_path: Path) -> None:
    with opened(tmp_path, "INTEGER", [1, "", ""]) as source:
        (problem,) = source.problems()
    assert (problem.kind, problem.count, problem.rule) == ("empty text", 2, "they are read as missing")


def test_what_is_stated_holds_inside_the_engine_too(tmp_path: Path) -> None:
    with opened(tmp_path, "INTEGER", [1, "", 5, ""]) as source:
        query = "SELECT COUNT(c) AS n, MAX(c) AS top, SUM(c IS NULL) AS gone FROM t AS a WHERE a.id > 0"
        assert source.read(parse_one(query)).to_pylist() == [{"n": 2, "top": 5, "gone": 2}]
        assert source.read(parse_one("SELECT id, c FROM t WHERE c IS NULL")).column("id").to_pylist() == [2, 4]


def test_julian_days_are_times(tmp_path: Path) -> None:
    with opened(tmp_path, "REAL", [2458849.5, 2458849.75, 2440587.5]) as source:
        assert source.time_form("t", "c") is TimeForm.JULIAN
        got = source.read(exp.select(exp.alias_(source.micros("t", "c"), "at")).from_("t"))
    assert got.column("at").to_pylist() == [1577836800000000, 1577858400000000, 0]


def test_what_is_no_time_is_null(tmp_path: Path) -> None:
    texts = [
        "2021-02-29",
        "10:00",
        "now",
        "2020-13-01",
        "2020-01-01 25:00",
        "2020-01-01 10:00:005",
        "",
        "x",
        b"y",
        5,
    ]
    with opened(tmp_path, "", texts) as source:
        got = source.read(exp.select(exp.alias_(source.micros("t", "c"), "at")).from_("t"))
    assert got.column("at").to_pylist() == [None] * len(texts)


def test_text_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    with opened(tmp_path, "TEXT", ["good"]) as source:
        with sqlite3.connect(tmp_path / "t.db") as connection:
            connection.execute("INSERT INTO t (c) VALUES (CAST(x'ff61' AS TEXT))")
        connection.close()
        with pytest.raises(SourceError) as caught:
            source.read(parse_one("SELECT c FROM t"))
    assert str(caught.value) == (
        f"{tmp_path}/t.db: column 'c' holds text that is not UTF-8\nhint: convert it in the database"
    )


def test_declared_keys_and_links(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.executescript(
            "CREATE TABLE a (k TEXT PRIMARY KEY); CREATE TABLE b (x TEXT REFERENCES a, y INT REFERENCES c(z));"
            "CREATE TABLE d (m INT, n INT, PRIMARY KEY (n, m))"
        )
    connection.close()
    with open_source(tmp_path / "t.db") as source:
        declared = source.declared()
    assert declared.keys == {"a": ("k",), "d": ("n", "m")}
    assert [(link.table, link.column, link.to, link.to_column) for link in declared.links] == [
        ("b", "x", "a", "k")
    ]


def test_the_file_is_never_written_to(tmp_path: Path) -> None:
    with opened(tmp_path, "INTEGER", [1, 2]) as source:
        before = (tmp_path / "t.db").read_bytes()
        source.read(parse_one("SELECT SUM(c) AS s FROM t GROUP BY id"))
        assert (tmp_path / "t.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["t.db"]


def test_the_fingerprint_follows_the_file(tmp_path: Path) -> None:
    with opened(tmp_path, "INTEGER", [1, 2]) as source:
        before = source.fingerprint()
        with sqlite3.connect(tmp_path / "t.db") as connection:
            connection.execute("INSERT INTO t (c) VALUES (3)")
        connection.close()
        assert source.fingerprint() != before
