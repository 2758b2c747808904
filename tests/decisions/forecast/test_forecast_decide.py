"""A forecast end to end: nothing from the future, sums that agree, quantiles in order, the same twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import edgewise
from edgewise.clock import DAY, to_micros
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.forecast.decide import decide
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.propose import propose
from edgewise.errors import DecisionError
from edgewise.sources.database import Database

START = to_micros("2016-01-04")
WEEKS = 30
AT = START + WEEKS * 7 * DAY
Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def tables(chain_of: Callable[..., Tables]) -> Tables:
    """34 weeks, four more than are looked at."""
    return chain_of(WEEKS + 4)


@pytest.fixture(scope="module")
def database(tables: Tables) -> Iterator[Database]:
    with edgewise.open(tables) as opened:
        yield opened


@pytest.fixture(scope="module")
def entry(database: Database) -> ForecastEntry:
    return propose(database.schema)


@pytest.fixture(scope="module")
def decided(database: Database, entry: ForecastEntry) -> Decided:
    return decide(database, entry, AT)


def redecided(tables: Tables, entry: ForecastEntry, at: int = AT, **settings: Any) -> Decided:
    with edgewise.open(tables) as opened:
        return decide(opened, entry.model_copy(update=settings), at)


def late_changed(tables: Tables, name: str, time: str, after: int, column: str) -> Tables:
    """Tables in which what is later than a moment is in another order and of another value."""
    table = tables[name]
    late = pc.greater(table[time].cast(pa.int64()), after)
    rest, changed = table.filter(pc.invert(late)), table.filter(late)
    shuffled = changed.take(pa.array(np.random.default_rng(1).permutation(len(changed))))
    value = pa.array(shuffled[column].to_pylist()[::-1], changed[column].type)
    moved = changed.set_column(changed.column_names.index(column), column, value)
    return {**tables, name: pa.concat_tables([rest, moved])}


def test_an_entry_is_read_off_the_schema(entry: ForecastEntry) -> None:
    assert (entry.sales, entry.store, entry.product) == ("sales", "store_id", "product_id")
    assert (entry.category, entry.department) == ("products.category", "products.department")
    assert (entry.value, entry.units, entry.region) == ("sales_value", "quantity", "stores.region")
    assert entry.promotions is not None
    assert entry.promotions.table == "promotions"


def test_what_comes_later_changes_nothing(tables: Tables, entry: ForecastEntry, decided: Decided) -> None:
    changed = late_changed(tables, "sales", "sold_at", AT, "sales_value")
    again = redecided(changed, entry)
    assert all(again.tables[name].equals(table) for name, table in decided.tables.items())
    assert again.expects == decided.expects


def test_promotions_ahead_are_seen_only_when_they_are_said_to_be_known(
    tables: Tables, entry: ForecastEntry
) -> None:
    assert entry.promotions is not None
    none = {**tables, "promotions": tables["promotions"].filter(
        pc.less_equal(tables["promotions"]["begins_at"].cast(pa.int64()), AT))}  # fmt: skip
    unknown = entry.promotions.model_copy(update={"known_ahead": 0})
    with_later, without = (redecided(t, entry, promotions=unknown) for t in (tables, none))
    assert with_later.tables["forecast"].equals(without.tables["forecast"])
    known = redecided(none, entry)
    assert not known.tables["forecast"].equals(redecided(tables, entry).tables["forecast"])


def test_sums_agree_to_the_cent(decided: Decided) -> None:
    forecast = decided.tables["forecast"]
    by_week: dict[str, dict[int, Decimal]] = {}
    for row in forecast.select(["level", "horizon", "forecast"]).to_pylist():
        week = by_week.setdefault(row["level"], {})
        week[row["horizon"]] = week.get(row["horizon"], Decimal(0)) + row["forecast"]
    assert len(by_week) == 9
    assert all(week == by_week["total"] for week in by_week.values())


def test_each_department_of_a_region_is_the_sum_of_its_cells(decided: Decided) -> None:
    forecast = decided.tables["forecast"]
    by = ["region", "department", "week"]
    cells = forecast.filter(pc.equal(forecast["level"], "store × category"))
    summed = cells.group_by(by).aggregate([("forecast", "sum")]).sort_by([(c, "ascending") for c in by])
    level = forecast.filter(pc.equal(forecast["level"], "region × department")).sort_by(
        [(c, "ascending") for c in by]
    )
    assert summed["forecast_sum"].to_pylist() == level["forecast"].to_pylist()


def test_quantiles_ascend_and_hold_the_interval(decided: Decided) -> None:
    forecast = decided.tables["forecast"]
    bands = np.stack([forecast[c].to_numpy() for c in ("q10", "q25", "q50", "q75", "q90")], axis=1)
    assert (np.diff(bands, axis=1) >= 0).all()
    assert (forecast["low"].to_numpy() <= forecast["high"].to_numpy()).all()
    assert (bands >= 0).all()


def test_the_same_twice(tables: Tables, entry: ForecastEntry, decided: Decided) -> None:
    again = redecided(tables, entry)
    assert all(again.tables[name].equals(table) for name, table in decided.tables.items())


def test_promoted_weeks_are_forecast_higher(decided: Decided) -> None:
    forecast = decided.tables["forecast"]
    bread = forecast.filter(
        pc.and_(pc.equal(forecast["level"], "category"), pc.equal(forecast["category"], "bread"))
    ).sort_by("horizon")
    ahead = np.array([float(v) for v in bread["forecast"].to_pylist()])
    promoted = np.array([(WEEKS + h) % 5 == 4 for h in range(8)])
    assert ahead[promoted].mean() > 1.2 * ahead[~promoted].mean()


def test_what_is_expected_has_bounds_or_says_on_what_it_rests(decided: Decided) -> None:
    assert decided.expects
    demand = decided.expects[0]
    assert demand.low is not None
    assert demand.low <= demand.value <= (demand.high or 0)


def test_what_orders_cost_is_no_estimate(decided: Decided) -> None:
    (cost,) = [e for e in decided.expects if e.name == "cost of the orders"]
    assert (cost.low, cost.high) == (None, None)
    assert any(cost.name in note for note in decided.notes)


def test_products_written_as_text_and_as_numbers_are_the_same(
    tables: Tables, entry: ForecastEntry, decided: Decided
) -> None:
    assert entry.promotions is not None
    text = pa.array([str(p) for p in tables["promotions"]["product_id"].to_pylist()])
    odd = tables["promotions"].set_column(0, "product_id", text)
    more = odd.slice(0, 1).set_column(0, "product_id", pa.array(["gift"]))
    again = redecided({**tables, "promotions": pa.concat_tables([odd, more])}, entry)
    assert again.tables["forecast"].equals(decided.tables["forecast"])


def test_orders_have_a_budget_that_says_what_it_takes(
    tables: Tables, entry: ForecastEntry, decided: Decided
) -> None:
    free = pc.sum(decided.tables["orders"]["cost"]).as_py()
    held = redecided(tables, entry, orders=entry.orders.model_copy(update={"budget": free / 2}))
    assert pc.sum(held.tables["orders"]["cost"]).as_py() <= free / 2 + 1.0
    (lost,) = held.gave_up
    assert lost.value > 0
    assert lost.binding > 0
    assert "would bring" in " ".join(held.notes)


def test_a_budget_that_is_no_limit_takes_nothing(tables: Tables, entry: ForecastEntry) -> None:
    held = redecided(tables, entry, orders=entry.orders.model_copy(update={"budget": 1e9}))
    assert [g.value for g in held.gave_up] == [0.0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sales": "sails"}, "sails"),
        ({"store": "shop"}, "shop"),
        ({"category": "products.kind"}, "kind"),
        ({"value": "products.category"}, "no column of 'sales'"),
        ({"horizon": 1}, "set horizon to 2"),
    ],
)
def test_what_is_not_there_is_named(
    database: Database, entry: ForecastEntry, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(DecisionError, match=words):
        decide(database, entry.model_copy(update=settings), AT)


def test_too_few_weeks_are_said_to_be_too_few(database: Database, entry: ForecastEntry) -> None:
    with pytest.raises(DecisionError, match="a forecast needs 8"):
        decide(database, entry, START + 5 * 7 * DAY)


def test_a_dozen_weeks_are_smoothed(database: Database, entry: ForecastEntry) -> None:
    short = decide(database, entry, START + 12 * 7 * DAY)
    assert short.tables["forecast"].num_rows > 0
    assert any("too few weeks" in note for note in short.notes)


def test_a_schema_without_stores_is_refused(chain_of: Callable[..., Tables]) -> None:
    with (
        edgewise.open({"products": chain_of(10)["products"]}) as opened,
        pytest.raises(DecisionError, match="no table"),
    ):
        propose(opened.schema)
