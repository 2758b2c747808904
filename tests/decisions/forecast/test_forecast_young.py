"""New stores and new categories are forecast from what their neighbours sell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import edgewise
from edgewise.clock import DAY, to_micros
from edgewise.decisions.forecast.decide import decide
from edgewise.decisions.forecast.panel import read_panel
from edgewise.decisions.forecast.propose import propose
from edgewise.decisions.forecast.young import with_room

START = to_micros("2016-01-04")
AT = START + 30 * 7 * DAY
Tables = dict[str, pa.Table]


def opened_late(tables: Tables, column: str, key: int, week: int) -> Tables:
    """Tables in which a store (or product) sells nothing before a week."""
    sales = tables["sales"]
    early = pc.less(sales["sold_at"].cast(pa.int64()), START + week * 7 * DAY)
    return {**tables, "sales": sales.filter(pc.invert(pc.and_(early, pc.equal(sales[column], key))))}


def test_a_store_of_three_weeks_is_forecast_like_the_store_it_is(chain_of: Callable[..., Tables]) -> None:
    tables = chain_of(30)
    with edgewise.open(opened_late(tables, "store_id", 5, 27)) as db, edgewise.open(tables) as full:
        entry = propose(db.schema)
        new, known = (decide(d, entry, AT).tables["forecast"] for d in (db, full))

    def total(forecast: pa.Table) -> float:
        own = forecast.filter(pc.and_(pc.equal(forecast["level"], "store"), pc.equal(forecast["store"], 5)))
        return float(pc.sum(own["forecast"]).as_py())

    assert 0.7 < total(new) / total(known) < 1.4


def test_what_a_new_store_has_not_sold_yet_has_a_forecast(chain_of: Callable[..., Tables]) -> None:
    tables = opened_late(chain_of(30), "store_id", 5, 27)
    sales = tables["sales"]
    soap = pc.and_(pc.equal(sales["store_id"], 5), pc.is_in(sales["product_id"], pa.array([112, 113, 114])))
    with edgewise.open({**tables, "sales": sales.filter(pc.invert(soap))}) as db:
        forecast = decide(db, propose(db.schema), AT).tables["forecast"]
    own = forecast.filter(
        pc.and_(
            pc.and_(pc.equal(forecast["level"], "store × category"), pc.equal(forecast["store"], 5)),
            pc.equal(forecast["category"], "soap"),
        )
    )
    assert float(pc.sum(own["forecast"]).as_py()) > 0


def test_room_adds_cells_and_moves_no_sale(chain_of: Callable[..., Tables]) -> None:
    tables = opened_late(chain_of(30), "store_id", 5, 27)
    with edgewise.open(tables) as db:
        entry = propose(db.schema)
        panel = read_panel(db, entry, AT)
    sales = panel.sales * (panel.category != 2)[:, None]
    few = panel.store == 4
    gone = few & (panel.category == 2)
    kept = ~gone
    cut = type(panel)(
        **{
            **{name: getattr(panel, name) for name in panel.__slots__},
            "store": panel.store[kept], "category": panel.category[kept], "sales": sales[kept],
            "units": None, "censored": None, "on_hand": None,
        }
    )  # fmt: skip
    wide = with_room(cut)
    assert wide.sales.sum() == cut.sales.sum()
    assert (np.diff(wide.store * len(wide.categories) + wide.category) > 0).all()
