"""The label SQL of each dialect, as golden files."""

from __future__ import annotations

import pyarrow as pa
import pytest
from query_golden import check_golden
from query_worlds import schema
from sqlglot import expressions as exp

from edgewise.clock import to_micros
from edgewise.query.bind import bind
from edgewise.query.labels import label_sql

ME = "FOR EACH users.user_id"
QUERIES = {
    "count": f"PREDICT COUNT(events.*, 0, 7, days) {ME}",
    "churn": f"PREDICT COUNT(events.*, 0, 14, days) = 0 {ME} WHERE COUNT(events.*, -56, 0, days) > 0",
    "ranking": f"PREDICT LIST_DISTINCT(events.item_id, 0, 1, months) RANK TOP 12 {ME}",
    "hops": "PREDICT SUM(events.amount WHERE items.kind = 'ab', 0, 7) FOR EACH brands.brand_id",
    "forecast": "PREDICT SUM(events.amount, 0, 1, months) FORECAST 2 TIMEFRAMES FOR EACH stores.store_id",
    "last": f"PREDICT LAST(events.note, 0, 7, days) {ME}",
    "mode": f"PREDICT MODE(events.note, 0, 7, days) {ME}",
    "median": f"PREDICT MEDIAN(events.amount, 0, 7, days) {ME}",
    "deviation": f"PREDICT STDDEV(events.amount, 0, 7, days) {ME}",
    "patterns": (
        f"PREDICT EXISTS(events.* WHERE events.note LIKE 'a%' OR events.note NOT CONTAINS 'it''s' "
        f"AND events.note STARTS WITH 'b' OR NOT events.note ENDS WITH 'c', 0, 7, days) {ME}"
    ),
    "ratio": f"PREDICT SUM(events.amount, 0, 7) / COUNT(events.*, 0, 7) {ME}",
    "clock": f"PREDICT COUNT(visits.*, 0, 14, days) {ME}",
    "borrowed_time": f"PREDICT SUM(lines.size, 0, 14, days) {ME}",
    "pair": "PREDICT SUM(events.amount, 0, 7) FOR EACH events.store_id, items.kind",
    "derived": "PREDICT SUM(events.amount, 0, 7) FOR EACH items.kind",
    "imputation": f"PREDICT users.age {ME} WHERE users.city IS NOT NULL",
    "static_ranking": f"PREDICT LIST_DISTINCT(likes.item_id) RANK TOP 5 {ME}",
    "assuming": f"PREDICT COUNT(events.*, 0, 7) > 0 {ME} ASSUMING EXISTS(visits.*, 0, 7)",
}


class Stub:
    """A source without tables, whose times read MICROS(column)."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect

    def tables(self) -> dict[str, pa.Schema]:
        return {}

    def micros(self, table: str, column: str) -> exp.Expression:
        return exp.Anonymous(this="MICROS", expressions=[exp.column(column, table=table, quoted=True)])

    def read(self, query: exp.Expression) -> pa.Table:
        raise AssertionError("nothing is run")


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres"])
@pytest.mark.parametrize("name", QUERIES)
def test_label_sql(name: str, dialect: str) -> None:
    query = bind(QUERIES[name], schema(even=False))
    anchors = [] if query.static else [to_micros("2020-01-31"), to_micros("2020-02-14")]
    made = label_sql(query, Stub(dialect), schema(even=False), anchors)
    check_golden(f"sql/{name}.{dialect}.sql", made + "\n")
