"""Tables that a user defines by SQL."""

from __future__ import annotations

import pyarrow as pa
import pytest
from sqlglot import parse_one

from edgewise.errors import SchemaError
from edgewise.sources.contract import Source
from edgewise.sources.derived import derive, with_tables
from edgewise.sources.open import open_source


@pytest.fixture
def shop() -> Source:
    return open_source({"sales": pa.table({"id": [1, 2, 3], "price": [5, 6, 7]}), "Odd": pa.table({"id": [1, 2]})})


def test_a_definition_is_inlined_wherever_its_name_stands() -> None:
    tree = parse_one("SELECT a.x FROM big AS a JOIN big ON a.x = big.x WHERE a.x IN (SELECT x FROM big)")
    got = with_tables(tree, {"big": "SELECT x FROM t WHERE x > 5"}, "duckdb").sql("duckdb")
    inner = "(SELECT x FROM t WHERE x > 5)"
    assert got == (
        f'SELECT a.x FROM {inner} AS "a" JOIN {inner} AS "big" ON a.x = big.x '
        f'WHERE a.x IN (SELECT x FROM {inner} AS "big")'
    )
    assert "5" not in tree.sql()


def test_definitions_may_use_each_other(shop: Source) -> None:
    more = derive(shop, {"top": "SELECT id FROM dear", "dear": "SELECT * FROM sales WHERE price > 5"})
    assert more.read(parse_one("SELECT * FROM top ORDER BY id")).column("id").to_pylist() == [2, 3]
    assert more.tables()["top"].names == ["id"]


def test_a_definition_may_replace_a_table(shop: Source) -> None:
    more = derive(shop, {"sales": "SELECT id, price * 2 AS price FROM sales"})
    assert more.read(parse_one("SELECT * FROM sales")).column("price").to_pylist() == [10, 12, 14]


def test_a_name_of_the_query_itself_hides_a_definition(shop: Source) -> None:
    more = derive(shop, {"top": "SELECT 1 AS id"})
    got = more.read(parse_one("WITH top AS (SELECT 9 AS id) SELECT * FROM top"))
    assert got.column("id").to_pylist() == [9]


def test_names_ignore_case_as_sql_does(shop: Source) -> None:
    more = derive(shop, {"Dear": "SELECT id FROM SALES WHERE price > 5"})
    assert more.read(parse_one("SELECT COUNT(*) AS n FROM dear")).column("n").to_pylist() == [2]


def test_unions_and_with_clauses_are_selects(shop: Source) -> None:
    more = derive(shop, {"u": "WITH w AS (SELECT id FROM sales) SELECT id FROM w UNION ALL SELECT id FROM odd"})
    assert more.read(parse_one("SELECT COUNT(*) AS n FROM u")).column("n").to_pylist() == [5]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM", "the sql of table 'd' does not parse at line 1, column 13 near 'FROM'"),
        ("SELEC 1", "the sql of table 'd' does not parse at line 1, column 7 near '1'"),
        ("SELECT 1; SELECT 2", "the sql of table 'd' is 2 statements"),
        ("", "the sql of table 'd' is 0 statements"),
        ("DROP TABLE sales", "the sql of table 'd' is a DROP statement"),
        ("INSERT INTO sales VALUES (1, 2)", "the sql of table 'd' is a INSERT statement"),
        ("SELECT * INTO x FROM sales", "the sql of table 'd' holds a INTO"),
    ],
)
def test_what_is_no_select_is_refused(shop: Source, sql: str, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        derive(shop, {"d": sql})
    assert caught.value.message == message
    assert caught.value.hint == "write one SELECT statement in the SQL of duckdb"


def test_a_circle_is_refused(shop: Source) -> None:
    with pytest.raises(SchemaError, match="refers to itself: a -> b -> a"):
        derive(shop, {"a": "SELECT * FROM b", "b": "SELECT * FROM a"})


def test_an_engine_that_refuses_is_quoted(shop: Source) -> None:
    with pytest.raises(SchemaError, match=r"the sql of table 'd' fails: .*nowhere") as caught:
        derive(shop, {"d": "SELECT * FROM nowhere"}).tables()
    assert "\n" not in caught.value.message


def test_no_definition_changes_nothing(shop: Source) -> None:
    assert derive(shop, {}) is shop
