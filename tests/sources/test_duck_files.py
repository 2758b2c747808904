"""DuckDB databases, Parquet folders and frames in memory: what is particular to them."""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from sqlglot import exp, parse_one

from edgewise.sources.open import open_source

BILLIONS = "SELECT a.i, b.i AS j FROM t AS a, t AS b, t AS c"


def test_streams_are_lazy(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"i": range(5000)}), tmp_path / "t.parquet")
    with open_source(tmp_path) as source:
        started = time.perf_counter()
        stream = source.stream(parse_one(BILLIONS))
        rows = [next(stream).num_rows for _ in range(5)]
        stream.close()  # type: ignore[attr-defined]  # a generator
        seconds = time.perf_counter() - started
    assert min(rows) > 0
    assert max(rows) <= 131_072
    assert seconds < 20  # all of it would be 125 billion rows


def test_a_database_with_views_schemas_and_constraints(tmp_path: Path) -> None:
    path = tmp_path / "shop.bin"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, mood ENUM('ok', 'bad'), fee DECIMAL(10, 2))"
        )
        connection.execute('CREATE TABLE visits (person INTEGER REFERENCES people (id), "at" TIMESTAMP_NS)')
        connection.execute('CREATE VIEW seen AS SELECT person, max("at") AS last FROM visits GROUP BY person')
        connection.execute(
            "CREATE SCHEMA old; CREATE TABLE old.visits (a HUGEINT); CREATE TABLE old.rest (b TIME)"
        )
        connection.execute("INSERT INTO people VALUES (1, 'bad', 1.25)")
        connection.execute("INSERT INTO visits VALUES (1, '2020-01-01 10:00:00.123456789')")
    with open_source(path) as source:
        assert set(source.tables()) == {"people", "visits", "seen", "old.visits", "rest"}
        assert source.read(parse_one("SELECT * FROM people")).to_pylist() == [
            {"id": 1, "mood": "bad", "fee": 1.25}
        ]
        (row,) = source.read(parse_one("SELECT * FROM seen")).to_pylist()
        assert row == {"person": 1, "last": dt.datetime(2020, 1, 1, 10, 0, 0, 123456)}
        assert source.read(parse_one('SELECT * FROM "old.visits"', dialect="duckdb")).schema.types == [
            pa.float64()
        ]
        declared = source.declared()
    assert declared.keys == {"people": ("id",)}
    assert [(x.table, x.column, x.to, x.to_column) for x in declared.links] == [
        ("visits", "person", "people", "id")
    ]


def test_infinite_times_are_missing(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "t.db")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'infinity'::TIMESTAMP AS a, '-infinity'::DATE AS b, 1 AS c")
    with open_source(tmp_path / "t.db") as source:
        assert source.read(parse_one("SELECT * FROM t")).to_pylist() == [{"a": None, "b": None, "c": 1}]
        for column in "ab":
            query = parse_one("SELECT 1").select(source.micros("t", column), append=False).from_("t")
            assert source.read(query).column(0).to_pylist() == [None]


def test_frames_of_any_make() -> None:
    moment = dt.datetime(2020, 1, 1, 10)
    frames = {
        "pandas": pd.DataFrame({"id": [1, 2], "name": ["a", None], "at": [moment, moment]}),
        "polars": pl.DataFrame({"id": [1, 2], "name": ["a", None], "at": [moment, moment]}),
        "arrow": pa.table(
            {"id": [1, 2], "name": pa.array(["a", None]).dictionary_encode(), "at": [moment, moment]}
        ),
    }
    with open_source(frames) as source:
        assert list(source.tables()) == ["pandas", "polars", "arrow"]
        for name, schema in source.tables().items():
            assert schema.types == [pa.int64(), pa.string(), pa.timestamp("us")], name
            rows = source.read(parse_one(f"SELECT * FROM {name}")).to_pylist()
            assert rows == [{"id": 1, "name": "a", "at": moment}, {"id": 2, "name": None, "at": moment}]


def test_the_fingerprint_of_frames_is_their_content() -> None:
    first, same = ({"t": pa.table({"a": [1, 2]})} for _ in range(2))
    other = {"t": pa.table({"a": [1, 3]})}
    stamps = [open_source(tables).fingerprint() for tables in (first, same, other)]
    assert stamps[0] == stamps[1] != stamps[2]


def test_the_fingerprint_of_a_folder_follows_its_files(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    with open_source(tmp_path) as source:
        before = source.fingerprint()
        os.utime(tmp_path / "t.parquet", ns=(1, 1))
        assert source.fingerprint() != before
        touched = source.fingerprint()
        (tmp_path / "u.csv").write_text("a\n1\n")
        assert source.fingerprint() != touched


def test_names_come_from_file_stems_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    for name in ("b.2020.parquet", "A Table.parquet", ".hidden.parquet", "_SUCCESS", "notes.txt"):
        pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / name)
    (tmp_path / "c.tsv").write_text("x\ty\n1\t2\n")
    with open_source(tmp_path) as source:
        assert list(source.tables()) == ["A Table", "b.2020", "c"]
        assert source.read(parse_one('SELECT a FROM "b.2020"', dialect="duckdb")).num_rows == 1


def test_part_files_may_gain_columns(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    pa.parquet.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "t" / "1.parquet")
    pa.parquet.write_table(pa.table({"b": [3], "a": [4], "c": ["x"]}), tmp_path / "t" / "2.parquet")
    with open_source(tmp_path) as source:
        rows = source.read(parse_one("SELECT * FROM t")).to_pylist()
    assert rows == [{"a": 1, "b": 2, "c": None}, {"a": 4, "b": 3, "c": "x"}]


@pytest.mark.parametrize("value", ["'; DROP TABLE t; --", 'a"b', "ünï", "a\\b"])
def test_values_are_quoted(value: str) -> None:
    with open_source({"t": pa.table({"a": [value, "other"]})}) as source:
        query = parse_one("SELECT a FROM t")
        query = query.where(exp.EQ(this=exp.column("a"), expression=exp.convert(value)))
        assert source.read(query).column("a").to_pylist() == [value]
