"""What holds for every source: the same tables give the same schema, the same rows and the same times."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp, parse_one

from edgewise.errors import SourceError
from edgewise.sources.contract import Source, TimeForm
from edgewise.sources.derived import derive

Tables = dict[str, pa.Table]
ODD = 'an "odd" table'
NAMES = ["customers", "orders", ODD]
MOMENTS = [
    dt.datetime(2020, 1, 1, 10, 0, 0, 123456),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    None,
    dt.datetime(2024, 2, 29, 23, 59, 59),
]


def rows(source: Source, query: exp.Expression) -> list[dict[str, Any]]:
    return source.read(query).to_pylist()


def everything(table: str) -> exp.Select:
    return exp.select("*").from_(exp.to_table(table, quoted=True) if table != ODD else quoted(table))


def quoted(name: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def test_the_tables_are_named_and_typed_alike(source: Source, kind: str, tables: Tables) -> None:
    found = source.tables()
    assert set(found) == set(tables)
    for name, table in tables.items():
        expected = table.schema
        if kind == "sqlite" and name == "orders":  # SQLite has no zoned type: the text stays text
            expected = expected.set(3, pa.field("zoned", pa.string()))
        assert found[name] == expected, name


@pytest.mark.parametrize("name", NAMES)
def test_the_rows_come_back_in_order(source: Source, kind: str, tables: Tables, name: str) -> None:
    got = rows(source, everything(name))
    want = tables[name].to_pylist()
    if kind == "sqlite" and name == "orders":
        for row in want:
            row["zoned"] = row["zoned"].isoformat(sep=" ") if row["zoned"] else None
    assert got == want
    assert source.read(everything(name)).schema == source.tables()[name]


MICROS = [
    None if moment is None else round((moment - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1))
    for moment in MOMENTS
]
MILLIS = [1577872800123000, -1000, None, 1709251199000000]
SECONDS = [1577872800000000, -1000000, None, 1709251199000000]
SAID = [1577865600123456, 1577872800000000, None, 1709164800000000]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("at", MICROS),
        ("zoned", MICROS),
        ("said", SAID),
        ("seconds", SECONDS),
        ("millis", MILLIS),
        ("micros", MICROS),
        ("exact", MICROS),
        ("code", [None] * 4),
    ],
)
def test_times_are_exact_microseconds(source: Source, column: str, expected: list[int | None]) -> None:
    table = exp.alias_(quoted("orders"), "o", table=True)
    got = source.read(exp.select(exp.alias_(source.micros("orders", column, "o"), "at")).from_(table))
    assert got.schema.field("at").type == pa.int64()
    assert got.column("at").to_pylist() == expected


def test_dates_are_midnight(source: Source) -> None:
    got = source.read(exp.select(exp.alias_(source.micros("customers", "joined"), "at")).from_("customers"))
    assert got.column("at").to_pylist() == [1577836800000000, 1577750400000000, None]


def test_how_times_are_read_is_stated(source: Source, kind: str) -> None:
    assert source.time_form("orders", "at") is TimeForm.TIMESTAMP
    assert source.time_form("orders", "zoned") is (TimeForm.TEXT if kind == "sqlite" else TimeForm.ZONED)
    assert source.time_form("orders", "said") is TimeForm.TEXT
    assert source.time_form("orders", "seconds") is TimeForm.SECONDS
    assert source.time_form("orders", "millis") is TimeForm.MILLIS
    assert source.time_form("orders", "micros") is TimeForm.MICROS
    assert source.time_form("customers", "joined") is TimeForm.DATE
    assert source.time_form("customers", "vip") is TimeForm.NONE


def test_a_column_that_is_no_time_has_no_micros(source: Source) -> None:
    got = source.read(exp.select(exp.alias_(source.micros("customers", "vip"), "at")).from_("customers"))
    assert got.column("at").to_pylist() == [None, None, None]


def test_joins_and_sums_run_in_the_source(source: Source) -> None:
    query = parse_one(
        "SELECT c.id AS id, COUNT(o.code) AS n, SUM(o.exact) AS total, MAX(o.at) AS last, c.id > 1 AS late "
        "FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id"
    )
    got = source.read(query)
    assert got.column("n").to_pylist() == [2, 0, 1]
    assert got.column("total").to_pylist() == pytest.approx([1577872800.123455, None, 1709251199.0], abs=1e-6)
    assert got.column("last").to_pylist() == [MOMENTS[0], None, MOMENTS[3]]
    assert got.schema.types == [pa.int64(), pa.int64(), pa.float64(), pa.timestamp("us"), pa.bool_()]


def test_an_empty_result_has_its_schema(source: Source) -> None:
    got = source.read(everything("orders").where("1 = 0"))
    assert got.num_rows == 0
    assert got.schema == source.tables()["orders"]


def test_streams_run_side_by_side_and_can_be_left(source: Source, tables: Tables) -> None:
    first, second = source.stream(everything("orders")), source.stream(everything("customers"))
    assert next(first).num_columns == 9
    assert next(second).num_columns == 5
    first.close()  # type: ignore[attr-defined]  # a generator
    assert sum(batch.num_rows for batch in second) < 3
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda name: source.read(everything(name)).num_rows, NAMES * 4))
    assert counts == [tables[name].num_rows for name in NAMES] * 4


def test_the_fingerprint_stays(source: Source) -> None:
    assert source.fingerprint() == source.fingerprint()


@pytest.mark.parametrize("sql", ["SELECT * FROM nowhere", "SELECT nothing FROM orders"])
def test_a_refusal_is_an_error_in_the_engines_words(source: Source, sql: str) -> None:
    with pytest.raises(SourceError) as caught:
        source.read(parse_one(sql))
    assert "no" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(source.name)


def test_unknown_names_propose_the_nearest(source: Source) -> None:
    with pytest.raises(SourceError, match="has no table 'order'") as caught:
        source.micros("order", "at")
    assert caught.value.hint == "did you mean orders?"
    with pytest.raises(SourceError, match="has no column 'milis'") as caught:
        source.time_form("orders", "milis")
    assert caught.value.hint == "did you mean millis?"


def test_after_closing_nothing_is_read(source: Source) -> None:
    source.tables()
    source.close()
    source.close()
    with pytest.raises(SourceError, match="is closed"):
        source.read(everything("orders"))


def test_derived_tables_are_tables(source: Source) -> None:
    more = derive(source, {"busy": "SELECT customer_id, at FROM orders WHERE customer_id = 1"})
    assert set(more.tables()) == {*NAMES, "busy"}
    assert more.tables()["busy"].types == [pa.int64(), pa.timestamp("us")]
    got = more.read(
        exp.select(exp.alias_(more.micros("busy", "at", "b"), "at")).from_(
            exp.alias_(quoted("busy"), "b", table=True)
        )
    )
    assert got.column("at").to_pylist() == MICROS[:2]
    assert more.fingerprint() != source.fingerprint()
