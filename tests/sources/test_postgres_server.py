"""A real server: addresses, refusals, snapshots, and the types that only PostgreSQL has."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from sqlglot import exp, parse_one

from edgewise.errors import SourceError
from edgewise.sources.database import open_database
from edgewise.sources.open import open_source

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(postgres: Any) -> str:
    """A database with tables in two schemas."""
    address = str(postgres.database("wide"))
    run(
        address,
        "CREATE SCHEMA other",
        "CREATE TABLE people (id bigint PRIMARY KEY, uid uuid, fee numeric(10, 2), big numeric, mood json,"
        " at timestamp, zoned timestamptz, day date, tags text[], code char(3))",
        "CREATE TABLE visits (person bigint REFERENCES people, at timestamptz)",
        "CREATE TABLE other.things (id int)",
        "CREATE VIEW seen AS SELECT person, max(at) AS last FROM visits GROUP BY person",
        "INSERT INTO people VALUES (1, 'c0ffee00-1234-4abc-8def-0123456789ab', 1.25, 'NaN', '{}', 'infinity',"
        " '2020-01-01 10:00+02', '-infinity', '{a,b}', 'x')",
        "INSERT INTO people VALUES (2, NULL, NULL, 12345678901234567890, NULL, '2020-01-01 10:00:00.000001',"
        " NULL, '2020-01-01', NULL, NULL)",
        "CREATE ROLE reader LOGIN PASSWORD 'p@ss/word'",
        "GRANT SELECT ON visits TO reader",
    )
    return address


def run(address: str, *statements: str) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def complaint(address: str) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(address)
    return str(caught.value)


def test_types_of_its_own(url: str) -> None:
    with open_source(url) as source:
        kinds = {field.name: str(field.type) for field in source.tables()["people"]}
        first, second = source.read(parse_one("SELECT * FROM people ORDER BY id")).to_pylist()
        times = [
            source.read(exp.select(exp.alias_(source.micros("people", c), "at")).from_("people").order_by("id"))
            for c in ("at", "zoned", "day")
        ]
    assert kinds == {
        "id": "int64", "uid": "string", "fee": "double", "big": "double", "mood": "string", "at": "timestamp[us]",
        "zoned": "timestamp[us, tz=UTC]", "day": "date32[day]", "tags": "list<item: string>", "code": "string",
    }  # fmt: skip
    assert first["uid"] == "c0ffee00-1234-4abc-8def-0123456789ab"
    assert second["uid"] is None
    assert first["fee"] == 1.25
    assert math.isnan(first["big"])
    assert first["tags"] == ["a", "b"]
    assert first["at"] is None  # no calendar holds infinity
    assert first["day"] is None
    assert second["day"] == dt.date(2020, 1, 1)
    assert [t.column("at").to_pylist() for t in times] == [
        [None, 1577872800000001],
        [1577865600000000, None],
        [None, 1577836800000000],
    ]


def test_types_of_its_own_are_understood(postgres: Any) -> None:
    address = str(postgres.database("odd"))
    run(
        address,
        "CREATE TYPE shade AS ENUM ('red', 'green')",
        "CREATE TABLE users (user_id uuid, shade shade, note json)",
        "CREATE TABLE orders (user_id uuid, said text, at timestamp)",
        "INSERT INTO users SELECT md5(i::text)::uuid, 'red', '{}' FROM generate_series(1, 20) i",
        "INSERT INTO orders SELECT md5((1 + i % 20)::text)::uuid, md5((1 + i % 20)::text)::uuid,"
        " timestamp '2024-01-01' + i * interval '1 hour' FROM generate_series(1, 90) i",
    )
    overrides = {"tables": {"orders": {"links": {"said": "users"}}}}
    with open_database(address, overrides) as database:
        assert database.schema.table("users").key == "user_id"
        matched = {(link.column, link.to, link.match) for link in database.schema.links}
    assert matched == {("user_id", "users", 1.0), ("said", "users", 1.0)}


def test_declared_keys_links_and_views(url: str) -> None:
    with open_source(url) as source:
        declared = source.declared()
        assert list(source.tables()) == ["people", "seen", "visits"]
    assert declared.keys == {"people": ("id",)}
    assert [(x.table, x.column, x.to, x.to_column) for x in declared.links] == [
        ("visits", "person", "people", "id")
    ]


def test_the_snapshot_stands_still(url: str) -> None:
    count = parse_one("SELECT COUNT(*) AS n FROM visits")
    with open_source(url) as before:
        first = before.fingerprint()
        seen = before.read(count).column("n")[0].as_py()
        run(url, "INSERT INTO visits VALUES (1, now())")
        assert before.read(count).column("n")[0].as_py() == seen
        assert before.fingerprint() == first
        with open_source(url) as after:
            assert after.read(count).column("n")[0].as_py() == seen + 1
            assert after.fingerprint() != first


def test_nothing_is_written(url: str) -> None:
    with open_source(url) as source:
        written = exp.Create(this=exp.to_table("more"), kind="TABLE", expression=parse_one("SELECT 1 AS a"))
        with pytest.raises(SourceError, match="read-only transaction"):
            source.read(written)


def test_a_schema_by_name(url: str) -> None:
    with open_source(f"{url}?schema=other") as source:
        assert list(source.tables()) == ["things"]
        assert source.read(parse_one("SELECT * FROM things")).num_rows == 0
    assert complaint(f"{url}?schema=othr").endswith("has no schema 'othr'\nhint: schemas: other")


def test_only_readable_tables_are_listed(url: str) -> None:
    address = url.replace("owner:open%20sesame", "reader:p%40ss%2Fword")
    with open_source(address) as source:
        assert list(source.tables()) == ["visits"]
        assert "p@ss" not in source.name
        assert "p%40ss" not in source.name


def test_the_password_is_never_shown(url: str) -> None:
    wrong = url.replace("open%20sesame", "guess%40work")
    message = complaint(wrong)
    assert message == (
        f'{wrong.replace(":guess%40work", "")}: password authentication failed for user "owner"\n'
        "hint: check the user and the password in the address, PGPASSWORD or ~/.pgpass"
    )
    with open_source(url) as source:
        assert "sesame" not in source.name
        assert "sesame" not in repr(vars(source))
        with pytest.raises(SourceError) as caught:
            source.read(parse_one("SELECT * FROM nowhere"))
    assert "sesame" not in str(caught.value)


def test_what_cannot_be_reached(url: str, postgres: Any) -> None:
    port = f":{postgres.port}/"
    assert complaint(url.replace("/wide", "/nowide")).endswith(
        'database "nowide" does not exist\nhint: check the database\'s name, the last part of the address'
    )
    assert complaint(url.replace(port, ":1/")).endswith(
        "Connection refused\nhint: is the server running, and are host and port right?"
    )
    assert complaint(url.replace("127.0.0.1", "no-such-host.invalid")).endswith("hint: is the host's name right?")


def test_a_database_without_tables(postgres: Any) -> None:
    address = postgres.database("bare")
    assert complaint(address).endswith("has no tables that this user may read\nhint: load tables into it first")
    run(address, "CREATE SCHEMA stock", "CREATE TABLE stock.t (a int)")
    assert complaint(address).endswith("hint: add ?schema=NAME; schemas: stock")
