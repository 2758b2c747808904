"""What the language takes: every way of writing that users know from elsewhere."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import QueryError
from edgewise.query.nodes import (
    Aggregation,
    Arithmetic,
    Comparison,
    Func,
    InList,
    Literal,
    Or,
    PatternMatch,
    Unit,
)
from edgewise.query.parse import parse

ME = "FOR EACH u.id"


@pytest.mark.parametrize(
    "target",
    [
        "COUNT(t.*, 0, 7, days)",
        "count(t.*,0,7,DAYS)",
        "COUNT(t.*, 0, 7)",
        "COUNT(t.*, +0, +7, day)",
        "COUNT(t.* WHERE t.x == 1, 0, 7)",
        "COUNT(t.* WHERE t.x <> 1, 0, 7)",
        "COUNT(t.* WHERE t.x IS 1 OR t.x IS NOT 2 OR t.x IS IN (1, 2), 0, 7)",
        "COUNT(t.* WHERE t.x = NULL, 0, 7)",
        "COUNT(t.* WHERE t.x = 'it''s' OR t.x = 'it\\'s' OR t.x = \"it's\", 0, 7)",
        "COUNT(t.* WHERE t.x = -5.5e3, 0, 7)",
        "COUNT(t.* WHERE t.d > 2020-01-01 10:00:00 AND t.d < DATE '2021-01-01', 0, 7)",
        "COUNT(t.* WHERE t.x NOT CONTAINS 'a', 0, 7)",
        "5 < COUNT(t.x, 0, 7)",
        "(COUNT(t.x, 0, 7) > 1)",
        "NOT COUNT(t.x, 0, 7) > 1",
        "COUNT(`my table`.`a b`, 0, 7)",
        'COUNT("my table"."a ""b""", 0, 7)',
        "COUNT(public.t.x, 0, 7)",
        "SUM(t.count, 0, 7) + MAX(top.days, 0, 7)",
        "LIST_DISTINCT(t.item) RANK TOP 5",
        "LIST_DISTINCT(t.item, 0, 7) CLASSIFY TOP 5",
        "COUNT(t.*, 0, 7) FORECAST 1 TIMEFRAME",
    ],
)
def test_ways_of_writing(target: str) -> None:
    parse(f"PREDICT {target} {ME}")


@pytest.mark.parametrize("unit", list(Unit))
def test_units_are_singular_or_plural(unit: Unit) -> None:
    for word in (unit.value, unit.value[:-1], unit.value.upper()):
        target = parse(f"PREDICT COUNT(t.*, 0, 7, {word}) {ME}").target
        assert isinstance(target, Aggregation)
        assert target.window is not None
        assert target.window.unit is unit


def test_entities_may_be_given_by_key() -> None:
    for written in ("FOR u.id = 5", "FOR EACH u.id = 5", "FOR u.id IN (5)", "FOR EACH u.id IN (5)"):
        keys = parse(f"PREDICT COUNT(t.*, 0, 7) {written};").entity.keys
        assert keys is not None
        assert [k.value for k in keys] == [5]


def test_precedence() -> None:
    target = parse(f"PREDICT SUM(t.x, 0, 7) + 2 * 3 - -1 > 4 {ME}").target
    assert isinstance(target, Comparison)
    assert isinstance(target.left, Arithmetic)
    assert target.left.op == "-"
    assert isinstance(target.left.left, Arithmetic)
    assert isinstance(target.left.left.right, Arithmetic)
    node = parse(f"PREDICT COUNT(t.*, 0, 7) {ME} WHERE u.a = 1 OR u.b = 2 AND NOT u.c = 3")
    assert isinstance(node.where, Or)


def test_spans_point_into_the_text() -> None:
    text = f"PREDICT  COUNT(t.* WHERE t.x LIKE 'a%', 0, 7) {ME}"
    target = parse(text).target
    assert isinstance(target, Aggregation)
    assert target.func is Func.COUNT
    assert text[target.span.start : target.span.end] == "COUNT(t.* WHERE t.x LIKE 'a%', 0, 7)"
    assert isinstance(target.where, PatternMatch)
    assert text[target.where.span.start : target.where.span.end] == "t.x LIKE 'a%'"
    assert text[target.where.pattern.span.start : target.where.pattern.span.end] == "'a%'"


def test_literals() -> None:
    node = parse(f"PREDICT u.a IN (1, -2.5, 'x', TRUE, NULL, 2020-02-03) {ME}").target
    assert isinstance(node, InList)
    assert [(v.value, v.kind) for v in node.values] == [
        (1, "number"),
        (-2.5, "number"),
        ("x", "text"),
        (True, "boolean"),
        (None, "null"),
        ("2020-02-03", "time"),
    ]


def test_where_and_assuming_come_in_either_order() -> None:
    one = parse(f"PREDICT COUNT(t.*, 0, 7) {ME} WHERE u.a = 1 ASSUMING COUNT(n.*, 0, 7) > 0")
    other = parse(f"PREDICT COUNT(t.*, 0, 7) {ME} ASSUMING COUNT(n.*, 0, 7) > 0 WHERE u.a = 1")
    assert isinstance(one.where, Comparison)
    assert isinstance(other.where, Comparison)
    assert isinstance(one.where.right, Literal)
    assert one.assuming is not None
    assert other.assuming is not None


_PIECES = [
    "PREDICT",
    "COUNT(",
    "t.x",
    "t.*",
    ",",
    "0",
    "7",
    "days",
    ")",
    "FOR",
    "EACH",
    "WHERE",
    "'a'",
    "=",
    "NOT",
    "IN",
]
_PIECES += [
    "(",
    "-",
    "RANK",
    "TOP",
    "-INF",
    "AND",
    "'",
    "`",
    "LIKE",
    "é",
    "1.5",
    "2020-01-01",
    "*",
    "IS NULL",
    "\n",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    with contextlib.suppress(QueryError):
        parse(text)
