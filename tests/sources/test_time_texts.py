"""ISO texts as microseconds: SQL against the plain reading of Python, on made-up moments."""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from edgewise.clock import to_micros
from edgewise.sources.contract import Source, TimeForm
from edgewise.sources.open import open_source
from edgewise.sources.times import epoch_unit, time_form_of

ZONES = ["", "Z", "+00:00", "+05:30", "-08:00", "+0200", "+14:00"]
moments = st.datetimes(min_value=dt.datetime(1000, 1, 3), max_value=dt.datetime(9999, 12, 28))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A moment in one of the forms of ISO 8601 that people write."""
    moment = draw(moments)
    if draw(st.booleans()) and draw(st.booleans()):
        return moment.date().isoformat()
    separator, zone = draw(st.sampled_from("T ")), draw(st.sampled_from(ZONES))
    digits = draw(st.integers(0, 6))
    seconds = bool(digits) or zone == "+0200" or draw(st.booleans())  # `10:00+0200` is read by some engines only
    clock = moment.strftime("%H:%M:%S" if seconds else "%H:%M")
    fraction = "." + f"{moment.microsecond:06d}"[:digits] if digits else ""
    return f"{moment.date().isoformat()}{separator}{clock}{fraction}{zone}"


def plain(text: str) -> int:
    return to_micros(text)


def micros_of(source: Source) -> list[int | None]:
    query = exp.select(exp.alias_(source.micros("t", "c"), "at")).from_("t")
    return list(source.read(query).column("at").to_pylist())


def in_sqlite(values: list[str], folder: str) -> Source:
    path = Path(folder) / "t.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (c TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    connection.close()
    return open_source(path)


@settings(max_examples=12, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=30))
def test_texts_in_duckdb_and_sqlite(values: list[str]) -> None:
    expected = [plain(value) for value in values]
    with open_source({"t": pa.table({"c": values})}) as source:
        assert micros_of(source) == expected
    with tempfile.TemporaryDirectory() as folder, in_sqlite(values, folder) as source:
        assert micros_of(source) == expected


@pytest.mark.postgres
@settings(max_examples=10, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=60))
def test_texts_in_postgres(postgres_url: str, values: list[str]) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS texts")
        cursor.execute("DROP TABLE IF EXISTS texts.t")
        cursor.adbc_ingest("t", pa.table({"c": values}), mode="create", db_schema_name="texts")
        connection.commit()
    with open_source(postgres_url + "?schema=texts") as source:
        assert micros_of(source) == [plain(value) for value in values]


@given(moments.map(to_micros), st.sampled_from([1, 1000, 1_000_000]))
def test_epoch_units_are_told_apart(micros: int, per_unit: int) -> None:
    forms = {1: TimeForm.MICROS, 1000: TimeForm.MILLIS, 1_000_000: TimeForm.SECONDS}
    recent = abs(micros) % (60 * 365 * 86_400_000_000) + 5 * 365 * 86_400_000_000  # 1975 to 2035
    assert epoch_unit(np.array([recent / per_unit, 0.0, np.nan])) is forms[per_unit]


def test_values_are_only_asked_for_where_they_matter() -> None:
    def never() -> pa.Array:
        raise AssertionError("not needed")

    assert time_form_of(pa.date32(), never) is TimeForm.DATE
    assert time_form_of(pa.timestamp("us", "UTC"), never) is TimeForm.ZONED
    assert time_form_of(pa.string(), never) is TimeForm.TEXT
    assert time_form_of(pa.bool_(), never) is TimeForm.NONE
    assert time_form_of(pa.int64(), lambda: pa.array([], pa.int64())) is TimeForm.SECONDS
