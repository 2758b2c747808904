"""Tiny databases and queries for the comparison of the label SQL with its twin, and the schema they share."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from edgewise.clock import DAY, to_micros
from edgewise.schema.model import Clock, Column, Link, Schema, Table
from edgewise.sources.contract import Source
from edgewise.sources.open import open_source
from edgewise.stypes import SType

Row = dict[str, Any]

_TYPES = {
    "int64": pa.int64(),
    "string": pa.string(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp[us]": pa.timestamp("us"),
}
_SQLITE = {"int64": "INTEGER", "string": "TEXT", "double": "REAL", "bool": "BOOLEAN", "timestamp[us]": "TIMESTAMP"}
_ID, _NUM, _CAT, _BOOL, _TIME = SType.ID, SType.NUMERICAL, SType.CATEGORICAL, SType.BOOLEAN, SType.TIMESTAMP

COLUMNS: dict[str, tuple[Column, ...]] = {
    "users": (
        Column("user_id", "int64", _ID),
        Column("age", "int64", _NUM),
        Column("city", "string", _CAT),
        Column("vip", "bool", _BOOL),
        Column("joined", "timestamp[us]", _TIME),
    ),
    "brands": (Column("brand_id", "int64", _ID), Column("country", "string", _CAT)),
    "items": (
        Column("item_id", "string", _ID),
        Column("brand_id", "int64", _ID),
        Column("price", "double", _NUM),
        Column("kind", "string", _CAT),
    ),
    "events": (
        Column("event_id", "int64", _ID),
        Column("user_id", "int64", _ID),
        Column("item_id", "string", _ID),
        Column("store_id", "int64", _ID),
        Column("at", "timestamp[us]", _TIME),
        Column("amount", "double", _NUM),
        Column("count", "int64", _NUM),
        Column("note", "string", _CAT),
        Column("flag", "bool", _BOOL),
    ),
    "lines": (Column("event_id", "int64", _ID), Column("item_id", "string", _ID), Column("size", "int64", _NUM)),
    "visits": (Column("user_id", "int64", _ID), Column("week", "int64", _NUM), Column("page", "string", _CAT)),
    "likes": (Column("user_id", "int64", _ID), Column("item_id", "string", _ID), Column("score", "int64", _NUM)),
}
LINKS = (
    Link("items", "brand_id", "brands"),
    Link("events", "user_id", "users"),
    Link("events", "item_id", "items"),
    Link("events", "store_id", "stores"),
    Link("lines", "event_id", "events"),
    Link("lines", "item_id", "items"),
    Link("visits", "user_id", "users"),
    Link("likes", "user_id", "users"),
    Link("likes", "item_id", "items"),
)
#: Weeks 1 to 8 of 2020, one of them a day longer, so that both ways of reading a clock are tried.
WEEKS = tuple(to_micros("2020-01-06") + 7 * DAY * i for i in range(8))
UNEVEN = (*WEEKS[:4], *(start + DAY for start in WEEKS[4:]))


def schema(users_timed: bool = False, even: bool = True, links: tuple[Link, ...] = LINKS) -> Schema:
    """The schema; users join at a time of their own or exist from their first row on."""
    clock = Clock("week", 1, WEEKS if even else UNEVEN, "events")
    tables = {
        "users": Table("users", COLUMNS["users"], 0, key="user_id", time="joined" if users_timed else None),
        "brands": Table("brands", COLUMNS["brands"], 0, key="brand_id"),
        "items": Table("items", COLUMNS["items"], 0, key="item_id"),
        "stores": Table(
            "stores", (Column("store_id", "int64", _ID),), 0, key="store_id", implied_by=(("events", "store_id"),)
        ),
        "events": Table("events", COLUMNS["events"], 0, key="event_id", time="at"),
        "lines": Table("lines", COLUMNS["lines"], 0),
        "visits": Table("visits", COLUMNS["visits"], 0, clock=clock),
        "likes": Table("likes", COLUMNS["likes"], 0),
    }
    return Schema(tables, links)


# Times on and just off the bounds of windows: month ends, a leap day, midnights and the microsecond after.
_DAYS = [
    "2020-01-01",
    "2020-01-15",
    "2020-01-31",
    "2020-02-01",
    "2020-02-14",
    "2020-02-28",
    "2020-02-29",
    "2020-03-01",
]
_MOMENTS = [dt.datetime.fromisoformat(d) for d in _DAYS]
_MOMENTS += [m + dt.timedelta(microseconds=1) for m in _MOMENTS[2:4]] + [
    m + dt.timedelta(hours=6) for m in _MOMENTS[:3]
]
ANCHORS = [pd.Timestamp(d) for d in ("2020-01-15", "2020-01-31", "2020-02-14")]
_WORDS = ["ab", "AB", "a%b", "a_b", "a*b", "b", "", "it's", "äb", "Zo[o]"]


def databases() -> st.SearchStrategy[dict[str, list[Row]]]:
    """Tiny databases, dense enough that most windows hold rows, with nulls, dangling links, ties, empty tables."""
    return st.integers(0, 10**6).map(lambda number: _database(random.Random(number)))


def _database(draw: random.Random) -> dict[str, list[Row]]:
    def maybe(values: Sequence[Any]) -> Any:
        return None if draw.random() < 0.12 else draw.choice(values)

    def many(most: int) -> range:
        return range(0 if draw.random() < 0.04 else draw.randint(most // 2, most))

    truths, numbers, items = [True, False], [1, 2, 3, 4], ["x", "y", "z"]
    quarters = [n / 4 for n in range(-8, 9)]
    stamps = [pd.Timestamp(m) for m in _MOMENTS]
    words = draw.sample(_WORDS, 4)
    return {
        "users": [
            {
                "user_id": i + 1, "age": maybe(numbers), "city": maybe(words), "vip": maybe(truths),
                "joined": maybe(stamps),
            }
            for i in many(4)
        ],
        "brands": [{"brand_id": i + 1, "country": maybe(words)} for i in many(4)],
        "items": [
            {"item_id": items[i], "brand_id": maybe(numbers), "price": maybe(quarters), "kind": maybe(words)}
            for i in many(3)
        ],
        "events": [
            {
                "event_id": i + 1, "user_id": maybe(numbers), "item_id": maybe(items),
                "store_id": maybe([1, 2, 3]),
                "at": maybe(stamps), "amount": maybe(quarters), "count": maybe([-2, -1, 0, 1, 2, 3]),
                "note": maybe(words), "flag": maybe(truths),
            }
            for i in many(40)
        ],
        "lines": [
            {"event_id": maybe(range(1, 44)), "item_id": maybe(items), "size": maybe(numbers)} for _ in many(12)
        ],
        "visits": [
            {"user_id": maybe(numbers), "week": maybe(range(0, 10)), "page": maybe(words)} for _ in many(12)
        ],
        "likes": [
            {"user_id": maybe(numbers), "item_id": maybe(items), "score": maybe(numbers)} for _ in many(10)
        ],
    }  # fmt: skip


def in_duckdb(tables: dict[str, list[Row]]) -> Source:
    """The database in the embedded engine."""
    return open_source({name: _arrow(name, rows) for name, rows in tables.items()})


def in_sqlite(tables: dict[str, list[Row]], path: Path) -> Source:
    """The database as a SQLite file."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for name, rows in tables.items():
            columns = ", ".join(f'"{c.name}" {_SQLITE[c.dtype]}' for c in COLUMNS[name])
            connection.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ", ".join("?" for _ in COLUMNS[name])
            values = [[_sqlite_value(row[c.name]) for c in COLUMNS[name]] for row in rows]
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)
    connection.close()
    return open_source(path)


def in_postgres(tables: dict[str, list[Row]], url: str) -> Source:
    """The database in PostgreSQL, in place of what was there."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        for name, rows in tables.items():
            cursor.adbc_ingest(name, _arrow(name, rows), mode="replace")
        connection.commit()
    return open_source(url)


def _sqlite_value(value: Any) -> Any:
    return value.isoformat(sep=" ") if isinstance(value, pd.Timestamp) else value


def _arrow(name: str, rows: list[Row]) -> pa.Table:
    def plain(value: Any) -> Any:
        return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value

    return pa.table({c.name: pa.array([plain(r[c.name]) for r in rows], _TYPES[c.dtype]) for c in COLUMNS[name]})
