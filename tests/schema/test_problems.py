"""Problems in the data are counted, placed, and handled by a stated rule."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pyarrow as pa

from edgewise.schema.model import Problem, Schema
from edgewise.sources.database import open_database

START = dt.datetime(2024, 1, 1)


def times(n: int) -> list[Any]:
    return [START + dt.timedelta(hours=9 * i) for i in range(n)]


def schema_of(**tables: dict[str, Any]) -> Schema:
    with open_database({name: pa.table(columns) for name, columns in tables.items()}) as database:
        return database.schema


def problem(schema: Schema, kind: str, place: str) -> Problem:
    found = [p for p in schema.problems if p.kind == kind and place in (f"{p.table}.{p.column}", p.table)]
    assert len(found) == 1, [(p.kind, p.table, p.column) for p in schema.problems]
    assert found[0].rule
    return found[0]


USERS = {"user_id": list(range(40)), "country": ["fr", "de"] * 20}


def test_keys_that_repeat_or_are_missing() -> None:
    users = {"user_id": [1, 2, 2, 3, 3, 3, None, *range(4, 61)], "country": ["fr"] * 64}
    schema = schema_of(users=users)
    assert schema.tables["users"].key == "user_id"
    assert problem(schema, "duplicate keys", "users.user_id").count == 3
    assert "first row" in problem(schema, "duplicate keys", "users.user_id").rule
    assert problem(schema, "null keys", "users.user_id").count == 1


def test_links_that_dangle() -> None:
    schema = schema_of(users=USERS, visits={"user_id": [i % 50 for i in range(100)], "at": times(100)})
    found = problem(schema, "dangling links", "visits.user_id")
    assert found.count == 20
    assert "20.00%" in found.message
    assert schema.links[0].match == 0.8


def test_numbers_that_are_none() -> None:
    values = [math.nan, math.inf, -math.inf, *map(float, range(37))]
    schema = schema_of(users=USERS | {"score": values})
    assert problem(schema, "NaN", "users.score").count == 1
    assert problem(schema, "infinite numbers", "users.score").count == 2


def test_columns_and_tables_without_anything_to_tell() -> None:
    empty = pa.table({"id": pa.array([], pa.int64()), "at": pa.array([], pa.timestamp("us"))})
    nothing = {"always": [7] * 40, "never": pa.array([None] * 40, pa.string())}
    with open_database({"users": pa.table(USERS | nothing), "refunds": empty}) as database:
        schema = database.schema
    assert problem(schema, "constant column", "users.always").count == 40
    assert problem(schema, "all null", "users.never").count == 40
    assert problem(schema, "empty table", "refunds").count == 0
    assert schema.tables["refunds"].key == "id"


def test_times_that_are_odd() -> None:
    moments = [*times(36), dt.datetime(1970, 1, 1), dt.datetime(9999, 1, 1), dt.datetime(2999, 1, 1), None]
    schema = schema_of(visits={"user_id": list(range(40)), "visited_at": moments})
    assert problem(schema, "missing times", "visits.visited_at").count == 1
    assert problem(schema, "future times", "visits.visited_at").count == 2
    assert {p.count for p in schema.problems if p.kind == "implausible times"} == {1, 2}


def test_zones_that_differ_and_texts_that_are_no_times() -> None:
    texts = (
        ["2024-05-01T10:00:00+02:00"] * 20 + ["2024-05-01T10:00:00Z"] * 15 + ["2024-05-01 10:00:00"] * 4 + ["soon"]
    )
    schema = schema_of(visits={"user_id": list(range(40)), "at": texts})
    assert schema.tables["visits"].time == "at"
    zones = problem(schema, "mixed time zones", "visits.at")
    assert "+02:00 (20)" in zones.message
    assert "Z (15)" in zones.message
    assert problem(schema, "unreadable times", "visits.at").count == 1
    odd = schema_of(visits={"user_id": list(range(40)), "day": ["31/12/2023"] * 40})
    assert problem(odd, "unread time format", "visits.day").count == 40


def test_dimensions_that_tell_the_future() -> None:
    buyers = [i % 40 for i in range(100)] + [i % 7 for i in range(60)]
    spent = [round(1.25 * i, 2) for i in range(160)]
    count = [sum(1 for b in buyers if b == u) for u in range(40)]
    total = [sum(s for b, s in zip(buyers, spent, strict=True) if b == u) for u in range(40)]
    users = USERS | {
        "visits": count,
        "worth": total,
        "is_churned": [True, False] * 20,
        "last_seen": times(40),
        "age": list(range(40)),
    }
    schema = schema_of(users=users, orders={"user_id": buyers, "amount": spent, "ordered_at": times(160)})
    assert "count of rows of orders" in problem(schema, "leak", "users.visits").message
    assert "sum of orders.amount" in problem(schema, "leak", "users.worth").message
    assert problem(schema, "possible leak", "users.is_churned")
    assert problem(schema, "possible leak", "users.last_seen")
    assert not [p for p in schema.problems if p.column == "age" and "leak" in p.kind]


def test_links_nearly_made_are_named() -> None:
    orders = {"user_id": [f"u{i % 40}" for i in range(90)], "at": times(90)}
    schema = schema_of(users=USERS, orders=orders)
    assert not schema.links
    assert "holds string and the key user_id holds int64" in problem(schema, "near link", "orders.user_id").message


def test_rows_without_time_beside_rows_that_have_it() -> None:
    logs = {"user_id": [i % 40 for i in range(90)], "item_id": [i % 9 for i in range(90)], "at": times(90)}
    static = {"user_id": [i % 40 for i in range(60)], "item_id": [i % 9 for i in range(60)]}
    weekly = {"item_id": [i % 9 for i in range(60)], "week": [i % 8 for i in range(60)]}
    schema = schema_of(users=USERS, logs=logs, wishes=static, offers=weekly)
    assert problem(schema, "no time", "wishes").count == 60
    assert problem(schema, "unread clock", "offers.week").count == 60


def test_people_are_seen() -> None:
    people = {
        "email": [f"a{i}@b.org" for i in range(40)],
        "first_name": ["Ann"] * 39 + ["Bob"],
        "phone": [f"+3{i}" for i in range(40)],
    }
    schema = schema_of(users=USERS | people)
    for column in people:
        assert problem(schema, "personal data", f"users.{column}").count == 40


def test_columns_that_cannot_be_encoded_are_left_out_and_told() -> None:
    picture = pa.array([b"\x00\x01"] * 40, pa.binary())
    schema = schema_of(users=USERS | {"picture": picture})
    assert "picture" not in schema.tables["users"]
    assert problem(schema, "unsupported type", "users.picture").count == 40
