"""Label tables: their columns, order and counters; histories; ASSUMING; tables defined by SQL; nothing leaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from query_worlds import COLUMNS, in_duckdb, schema

from edgewise.clock import to_micros
from edgewise.errors import ArgumentError
from edgewise.query.bind import bind
from edgewise.query.labels import asked, counts, history, label_sql, labels
from edgewise.schema.model import Link, Schema, Table
from edgewise.sources.contract import Source
from edgewise.sources.derived import derive

ME = "FOR EACH users.user_id"
DAYS = [to_micros("2020-01-10"), to_micros("2020-01-20")]


def event(number: int, user: int | None, day: str | None, amount: float | None, **more: Any) -> dict[str, Any]:
    row = {c.name: None for c in COLUMNS["events"]}
    at = None if day is None else pd.Timestamp(day)
    return row | {"event_id": number, "user_id": user, "at": at, "amount": amount} | more


EVENTS = [
    event(1, 1, "2020-01-01", 1.0, note="a", item_id="x"),
    event(2, 1, "2020-01-10", 2.0, note="b", item_id="x"),
    event(3, 1, "2020-01-12", 4.0, note="b", item_id="y", store_id=1),
    event(4, 2, "2020-01-05", 8.0, note="c", item_id="z"),
    event(5, 2, "2020-01-17 00:00:00.000000", None, note=None, item_id="y"),
    event(6, 1, None, 16.0, note="d"),
    event(7, 3, "2020-01-25", 32.0, note="d", item_id="x"),
    event(8, None, "2020-01-12", 64.0),
    event(9, 1, "2020-01-17", float("nan"), note="e", item_id="x"),
]
TABLES: dict[str, list[dict[str, Any]]] = {
    "users": [{"user_id": i, "age": i, "city": None, "vip": None, "joined": None} for i in (1, 2, 3)],
    "brands": [],
    "items": [{"item_id": i, "brand_id": None, "price": 1.0, "kind": k} for i, k in (("x", "A"), ("y", "B"))],
    "events": EVENTS,
    "lines": [],
    "visits": [{"user_id": 1, "week": 3, "page": "p"}, {"user_id": 1, "week": 99, "page": "q"}],
    "likes": [{"user_id": 1, "item_id": "x", "score": 1}],
}


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    """The tables above in the embedded engine."""
    with in_duckdb(TABLES) as opened:
        yield opened


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_columns_order_and_counters(source: Source) -> None:
    query = bind(f"PREDICT SUM(events.amount, 0, 7, days) {ME}", schema())
    table = labels(query, source, schema(), reversed(DAYS))
    assert table.schema.names == ["entity", "anchor_time", "target"]
    assert table.schema.types == [pa.int64(), pa.timestamp("us"), pa.float64()]
    first, second = dt.datetime(2020, 1, 10), dt.datetime(2020, 1, 20)
    # The row at the anchor is before the window, the row at its end inside; NaN counts as null.
    assert rows(table) == [(1, first, 4.0), (2, first, 0.0), (1, second, 0.0), (2, second, 0.0)]
    facts = counts(table)
    assert (facts.asked, facts.labelled, facts.without_label, facts.null_times) == (4, 4, 0, 1)


def test_entities_without_a_label_are_left_out_and_counted(source: Source) -> None:
    query = bind(f"PREDICT AVG(events.amount, 0, 7, days) {ME}", schema())
    table = labels(query, source, schema(), DAYS)
    assert rows(table) == [(1, dt.datetime(2020, 1, 10), 4.0)]
    assert counts(table).without_label == 3
    assert len(asked(query, source, schema(), DAYS)) == 4


def test_lists_are_sorted_and_may_be_empty(source: Source) -> None:
    query = bind(f"PREDICT LIST_DISTINCT(events.item_id, 0, 7, days) RANK TOP 2 {ME}", schema())
    table = labels(query, source, schema(), DAYS)
    assert table.schema.field("target").type == pa.list_(pa.string())
    assert [row[2] for row in rows(table)] == [["x", "y"], ["y"], [], []]


def test_the_next_item_as_a_ranking(source: Source) -> None:
    query = bind(f"PREDICT FIRST(events.item_id, 0, 7, days) RANK TOP 2 {ME}", schema())
    assert [row[2] for row in rows(labels(query, source, schema(), DAYS))] == [["y"], ["y"]]


def test_forecasts_are_lists_of_numbers(source: Source) -> None:
    query = bind("PREDICT COUNT(events.*, 0, 5, days) FORECAST 3 TIMEFRAMES FOR EACH users.user_id", schema())
    table = labels(query, source, schema(), DAYS[:1])
    assert table.schema.field("target").type == pa.list_(pa.float64())
    assert [row[2] for row in rows(table)] == [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]


def test_static_labels_have_no_anchor(source: Source) -> None:
    query = bind(f"PREDICT users.age {ME} WHERE users.age != 2", schema())
    assert rows(labels(query, source, schema(), [])) == [(1, None, 1.0), (3, None, 3.0)]
    known = labels(query, source, schema(), DAYS[:1])
    assert rows(known) == [(1, dt.datetime(2020, 1, 10), 1.0)], "user 3 is first seen later"


def test_pairs_are_structs(source: Source) -> None:
    query = bind("PREDICT SUM(events.amount, 0, 7, days) FOR EACH events.user_id, items.kind", schema())
    table = labels(query, source, schema(), DAYS[:1])
    assert rows(table) == [({"user_id": 1, "kind": "A"}, dt.datetime(2020, 1, 10), 0.0)]
    later = labels(query, source, schema(), [to_micros("2020-01-12")])
    assert [row[0] for row in rows(later)] == [{"user_id": 1, "kind": "A"}, {"user_id": 1, "kind": "B"}]


def test_assuming_says_whether_it_held(source: Source) -> None:
    text = f"PREDICT COUNT(events.*, 0, 7, days) > 0 {ME} ASSUMING COUNT(visits.*, 0, 14, days) > 0"
    table = labels(bind(text, schema()), source, schema(), DAYS)
    assert table.schema.names[-1] == "assumed"
    assert table.column("assumed").to_pylist() == [True, False, False, False]


def test_keys_restrict(source: Source) -> None:
    query = bind("PREDICT COUNT(events.*, 0, 7, days) FOR users.user_id IN (2, 77)", schema())
    assert [row[0] for row in rows(labels(query, source, schema(), DAYS))] == [2, 2]


def test_history_holds_the_rows_behind_the_target(source: Source) -> None:
    query = bind(f"PREDICT COUNT(events.* WHERE items.kind = 'A', 0, 14, days) = 0 {ME}", schema())
    table = history(query, source, schema())
    assert table.schema.names == ["entity", "at", "value"]
    at = [to_micros(d) for d in ("2020-01-01", "2020-01-10", "2020-01-17", "2020-01-25")]
    assert rows(table) == [(1, at[0], 1.0), (1, at[1], 1.0), (1, at[2], 1.0), (3, at[3], 1.0)]
    items = history(bind(f"PREDICT LIST_DISTINCT(likes.item_id) RANK TOP 3 {ME}", schema()), source, schema())
    assert rows(items) == [(1, None, "x")]


def test_windows_need_anchors(source: Source) -> None:
    with pytest.raises(ArgumentError, match="needs anchor times"):
        labels(bind(f"PREDICT COUNT(events.*, 0, 7, days) {ME}", schema()), source, schema(), [])


def test_tables_defined_by_sql(source: Source) -> None:
    text = "SELECT user_id, at, amount FROM events WHERE amount > 2"
    columns = tuple(c for c in COLUMNS["events"] if c.name in ("user_id", "at", "amount"))
    big = Table("big", columns, 0, time="at", sql=text)
    links = (Link("big", "user_id", "users"),)
    nouns = Schema({"users": schema().table("users"), "big": big}, links)
    query = bind(f"PREDICT COUNT(big.*, 0, 7, days) {ME}", nouns)
    with derive(source, {"big": text}) as derived:
        assert [row[2] for row in rows(labels(query, derived, nouns, DAYS[:1]))] == [0.0]
    still = Schema({"users": nouns.table("users"), "big": Table("big", columns[:1], 0, sql=text)}, links)
    static = bind(f"PREDICT COUNT(big.*) {ME}", still)
    assert '"big" AS (' in label_sql(static, source, still, [])


@pytest.mark.parametrize(
    "text",
    [
        f"PREDICT COUNT(events.*, 0, 7, days) {ME} WHERE COUNT(events.*, -30, 0, days) > 1",
        f"PREDICT LAST(events.note, 0, 7, days) {ME}",
        f"PREDICT SUM(events.amount, 0, 7) / COUNT(events.*, 0, 7) {ME} WHERE SUM(events.amount, -INF, 0) > 0",
    ],
)
def test_rows_after_the_window_change_nothing(text: str) -> None:
    nouns, end = schema(), pd.Timestamp("2020-01-17")
    query = bind(text, nouns)
    changed = [
        row | {"amount": -1.0, "note": "zz", "user_id": 2} if row["at"] is not None and row["at"] > end else row
        for row in EVENTS
    ]
    with in_duckdb(TABLES) as one, in_duckdb(TABLES | {"events": changed}) as other:
        assert labels(query, one, nouns, DAYS[:1]) == labels(query, other, nouns, DAYS[:1])


def test_who_is_asked_does_not_depend_on_what_comes_after_the_anchor() -> None:
    nouns, anchor = schema(), pd.Timestamp("2020-01-10")
    query = bind(f"PREDICT COUNT(events.*, 0, 7, days) {ME} WHERE COUNT(events.*, -30, 0, days) > 1", nouns)
    past = [row for row in EVENTS if row["at"] is not None and row["at"] <= anchor]
    with in_duckdb(TABLES) as one, in_duckdb(TABLES | {"events": past}) as other:
        assert asked(query, one, nouns, DAYS[:1]) == asked(query, other, nouns, DAYS[:1])


def test_a_link_named_after_for_each_says_which_of_several_ways() -> None:
    """Two columns of the rows name users: the one that the query names is the one that counts."""
    linked, text = schema(), "PREDICT SUM(events.amount, 0, 7, days)"
    two = Schema(linked.tables, (*linked.links, Link("events", "count", "users")), linked.problems)
    with in_duckdb(TABLES) as source:
        found = labels(bind(f"{text} FOR EACH events.user_id", two), source, two, DAYS)
        plain = labels(bind(f"{text} {ME}", linked), source, linked, DAYS)
    assert found.select(["entity", "target"]).equals(plain.select(["entity", "target"]))
