"""Constraints that a database declares win over guesses."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pytest

from edgewise.schema.model import Schema
from edgewise.sources.database import open_database

STATEMENTS = [
    "CREATE TABLE folk (number INTEGER PRIMARY KEY, label TEXT)",
    "CREATE TABLE deeds (what INTEGER, who INTEGER REFERENCES folk(number), day TEXT, line INTEGER, "
    "PRIMARY KEY (what, line))",
    *(f"INSERT INTO folk VALUES ({i}, 'n{i % 3}')" for i in range(12)),
    *(f"INSERT INTO deeds VALUES ({i}, {i % 12}, '2024-01-{1 + i % 28:02}', {i % 5})" for i in range(60)),
]  # fmt: skip


def written(engine: str, folder: Path) -> Path:
    path = folder / "data.db"
    connection = sqlite3.connect(path) if engine == "sqlite" else duckdb.connect(str(path))
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def opened(path: Path, overrides: object = None) -> Schema:
    with open_database(path, overrides) as database:  # type: ignore[arg-type]  # a mapping
        return database.schema


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_declared_keys_and_links_are_taken(engine: str, tmp_path: Path) -> None:
    schema = opened(written(engine, tmp_path))
    assert schema.tables["folk"].key == "number"
    assert schema.tables["folk"].key_reason == "declared as the primary key"
    assert schema.tables["deeds"].key is None
    assert schema.tables["deeds"].key_reason == "declared primary key over several columns: what, line"
    assert [(k.name, k.to, k.match, k.reason) for k in schema.links] == [
        ("deeds.who", "folk", 1.0, "declared as a foreign key")
    ]
    assert schema.tables["deeds"].time == "day"


def test_the_graph_file_wins_over_declarations(tmp_path: Path) -> None:
    schema = opened(
        written("duckdb", tmp_path), {"tables": {"deeds": {"links": {"who": None}}, "folk": {"key": None}}}
    )
    assert not schema.links
    assert schema.tables["folk"].key is None


def test_links_over_several_columns_are_not_followed_and_said(tmp_path: Path) -> None:
    path = tmp_path / "school.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE courses (dept TEXT, num INTEGER, title TEXT, PRIMARY KEY (dept, num))")
        connection.execute("CREATE TABLE marks (dept TEXT, num INTEGER, day DATE, FOREIGN KEY (dept, num) "
                           "REFERENCES courses (dept, num))")  # fmt: skip
        connection.execute("INSERT INTO courses SELECT 'D' || i % 3, i, 'course ' || i FROM range(30) t(i)")
        connection.execute("INSERT INTO marks SELECT dept, num, DATE '2024-01-01' + num FROM courses")
    schema = opened(path)
    assert not schema.links
    told = [problem for problem in schema.problems if problem.kind == "near link"]
    assert [(p.table, p.column) for p in told] == [("marks", "dept")]
    assert "dept, num name its rows together" in told[0].message
    joined = {"sql": "SELECT dept || num AS course, day FROM marks"}
    keyed = {"sql": "SELECT dept || num AS course, title FROM courses", "key": "course"}
    followed = opened(path, {"tables": {"marks": joined, "courses": keyed}})
    assert [(k.name, k.to) for k in followed.links] == [("marks.course", "courses")]
