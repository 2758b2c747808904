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
