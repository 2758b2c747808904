"""Sales by cell and week where rows lack what they should have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

import edgewise
from edgewise.clock import DAY, to_micros
from edgewise.decisions.forecast.nouns import Panel
from edgewise.decisions.forecast.panel import read_panel
from edgewise.decisions.forecast.propose import propose
from edgewise.decisions.forecast.regions import regions_of
from edgewise.errors import DecisionError

START = to_micros("2016-01-04")
WEEKS = 10
AT = START + WEEKS * 7 * DAY
Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def tables(chain_of: Callable[..., Tables]) -> Tables:
    made = chain_of(WEEKS)
    return {name: made[name] for name in ("sales", "products", "stores")}


def panel_of(tables: Tables, at: int = AT) -> Panel:
    with edgewise.open(tables) as opened:
        return read_panel(opened, propose(opened.schema), at)


def test_products_that_no_table_lists_have_a_category_of_their_own(tables: Tables) -> None:
    whole, part = panel_of(tables), panel_of({**tables, "products": tables["products"].slice(3)})
    assert "(none)" in part.categories
    assert (whole.unlisted, part.unlisted > 0) == (0, True)
    assert part.sales.sum() == whole.sales.sum()
    lost = part.category == list(part.categories).index("(none)")
    first = whole.category == list(whole.categories).index("bread")  # products 0 to 2
    assert np.array_equal(part.sales[lost].sum(axis=0), whole.sales[first].sum(axis=0))


def test_sales_without_a_store_are_left_out(tables: Tables) -> None:
    sales = tables["sales"]
    stores = sales["store_id"].to_pylist()
    stores[::10] = [None] * len(stores[::10])
    place = sales.column_names.index("store_id")
    holed = sales.set_column(place, "store_id", pa.array(stores, pa.int64()))
    named = sales.filter(pa.array([s is not None for s in stores]))
    got, wanted = panel_of({**tables, "sales": holed}), panel_of({**tables, "sales": named})
    assert np.array_equal(got.sales, wanted.sales)
    assert got.store.min() == 0
    assert (wanted.without_store, got.without_store > 0) == (0, True)


def test_a_moment_long_after_all_sales_is_refused(tables: Tables) -> None:
    with pytest.raises(DecisionError, match="no sales in the 52 weeks"):
        panel_of(tables, AT + 60 * 7 * DAY)


def test_a_region_comes_from_the_table_of_the_stores(tables: Tables) -> None:
    with edgewise.open(tables) as opened:
        entry = propose(opened.schema)
        panel = read_panel(opened, entry, AT)
        names, of_store = regions_of(opened, entry, panel)
        assert [names[r] for r in of_store] == ["north", "north", "south", "south", "south"]
        with pytest.raises(DecisionError, match="no table of stores") as refused:
            regions_of(opened, entry.model_copy(update={"region": "products.category"}), panel)
        assert "stores.COLUMN" in str(refused.value.hint)
