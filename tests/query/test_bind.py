"""What queries mean: kinds of task, paths, entities, hidden columns."""

from __future__ import annotations

import pytest
from query_worlds import schema

from edgewise.query.bind import bind
from edgewise.query.kinds import TaskKind
from edgewise.query.nodes import Unit
from edgewise.query.window import Offset

ME = "FOR EACH users.user_id"
WEEK = "0, 7, days"
K = TaskKind


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (f"COUNT(events.*, {WEEK}) > 0", K.BINARY),
        (f"EXISTS(events.*, {WEEK})", K.BINARY),
        (f"LAST(events.flag, {WEEK})", K.BINARY),
        (f"LIST_DISTINCT(events.note, {WEEK}) CONTAINS 'a'", K.BINARY),
        (f"LAST(events.note, {WEEK}) IN ('a', 'b')", K.BINARY),
        *((f"{f}(events.amount, {WEEK})", K.REGRESSION) for f in ("SUM", "AVG", "MIN", "MAX", "MEDIAN", "STDDEV")),
        *((f"{f}(events.amount, {WEEK})", K.REGRESSION) for f in ("FIRST", "LAST", "COUNT", "COUNT_DISTINCT")),
        (f"SUM(events.amount, {WEEK}) / COUNT(events.*, {WEEK})", K.REGRESSION),
        *((f"{f}(events.note, {WEEK})", K.MULTICLASS) for f in ("FIRST", "LAST", "MODE")),
        (f"LAST(events.store_id, {WEEK})", K.MULTICLASS),
        (f"LIST_DISTINCT(events.item_id, {WEEK}) RANK TOP 9", K.RANKING),
        (f"LAST(events.item_id, {WEEK}) RANK TOP 9", K.RANKING),
        (f"LIST_DISTINCT(events.note, {WEEK}) CLASSIFY", K.MULTILABEL),
        (f"LIST_DISTINCT(events.store_id, {WEEK}) CLASSIFY TOP 9", K.MULTILABEL),
        (f"LIST_DISTINCT(events.note, {WEEK}) RANK TOP 9", K.MULTILABEL_RANKING),
        (f"COUNT(events.*, {WEEK}) FORECAST 4 TIMEFRAMES", K.FORECASTING),
        ("users.age", K.REGRESSION),
        ("users.city", K.MULTICLASS),
        ("users.vip", K.BINARY),
        ("users.age > 3", K.BINARY),
        ("LIST_DISTINCT(likes.item_id) RANK TOP 9", K.STATIC_RANKING),
    ],
)
def test_kinds(target: str, kind: TaskKind) -> None:
    query = bind(f"PREDICT {target} {ME}", schema())
    assert query.kind is kind
    assert query.static == ("events" not in target)
    if "TOP 9" in target:
        assert query.k == 9


def test_items() -> None:
    query = bind(f"PREDICT LIST_DISTINCT(events.item_id, {WEEK}) RANK TOP 9 {ME}", schema())
    assert query.item_table == "items"
    implied = bind(f"PREDICT LIST_DISTINCT(events.store_id, {WEEK}) RANK TOP 9 {ME}", schema())
    assert implied.item_table == "stores"
    assert bind(f"PREDICT LIST_DISTINCT(events.note, {WEEK}) CLASSIFY {ME}", schema()).item_table is None


def test_windows_and_paths() -> None:
    query = bind("PREDICT COUNT(events.*, 1, 3, months) FORECAST 4 TIMEFRAMES FOR EACH brands.brand_id", schema())
    assert query.start == Offset(1, Unit.MONTHS)
    assert query.end == Offset(9, Unit.MONTHS)
    assert query.timeframes == 4
    assert [(link.name, way) for link, way in query.path] == [
        ("events.item_id", "forward"),
        ("items.brand_id", "forward"),
    ]
    assert query.target_table == "events"


def test_imputation_hides_its_column() -> None:
    query = bind(f"PREDICT users.age + 1 {ME}", schema())
    assert query.hidden == {("users", "age")}
    assert query.static
    assert query.end is None
    total = bind(f"PREDICT SUM(likes.score) {ME}", schema())
    assert total.hidden == {("likes", "score")}
    assert bind(f"PREDICT LIST_DISTINCT(likes.item_id) RANK TOP 3 {ME}", schema()).hidden == frozenset()
    temporal = bind(f"PREDICT COUNT(events.*, {WEEK}) > 0 AND users.age > 3 {ME}", schema())
    assert temporal.hidden == frozenset()


def test_a_link_column_stands_for_its_table() -> None:
    query = bind(f"PREDICT COUNT(events.*, {WEEK}) FOR EACH events.store_id", schema())
    assert query.entity_table == "stores"
    assert query.entity.derived is None


def test_a_column_that_is_no_key_derives_an_entity() -> None:
    query = bind(f"PREDICT COUNT(events.*, {WEEK}) FOR EACH items.kind", schema())
    derived = query.entity.derived
    assert derived is not None
    assert (query.entity_table, query.entity_columns, derived.base) == ("items_kind", ("kind",), "items")
    table = derived.table()
    assert (table.key, table.implied_by) == ("kind", (("items", "kind"),))
    extended = derived.extend(schema())
    assert extended.table("items_kind").key == "kind"
    assert [link.name for link in extended.links_to("items_kind")] == ["items.kind"]
    assert query.warnings


def test_a_pair_takes_its_values_from_one_table() -> None:
    query = bind(f"PREDICT COUNT(events.*, {WEEK}) FOR EACH events.store_id, items.kind", schema())
    derived = query.entity.derived
    assert derived is not None
    assert (derived.base, query.entity_columns) == ("events", ("store_id", "kind"))
    assert [len(source.hops) for source in derived.sources] == [0, 1]


def test_borrowed_times_are_said() -> None:
    query = bind(f"PREDICT SUM(lines.size, {WEEK}) {ME}", schema())
    assert query.warnings == ("'lines' has no time column: its rows take the time of 'events'",)
