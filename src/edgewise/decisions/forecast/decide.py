"""Forecast demand from what is visible at a moment, and say what to order."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.forecast.calendar import Calendar
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.features import Kit
from edgewise.decisions.forecast.levels import levels_of
from edgewise.decisions.forecast.nouns import Panel
from edgewise.decisions.forecast.orders import check_orders, ordered
from edgewise.decisions.forecast.outlook import look_ahead
from edgewise.decisions.forecast.panel import read_panel
from edgewise.decisions.forecast.past import past_table
from edgewise.decisions.forecast.promotions import read_promotions
from edgewise.decisions.forecast.regions import regions_of
from edgewise.decisions.forecast.stock import uncensored
from edgewise.decisions.forecast.tables import accuracy_table, expected, forecast_table, notes, region_table
from edgewise.decisions.forecast.young import with_room
from edgewise.sources.database import Database

__all__ = ["decide"]


def decide(db: Database, entry: ForecastEntry, at: int) -> Decided:
    """Forecast the weeks after a moment. Rows after it are not seen, but promotions that the entry calls known.

    Raises:
        DecisionError: the entry names what is not there, or there are too few weeks.
    """
    panel = with_room(read_panel(db, entry, at))
    check_orders(panel, entry)
    names, region = regions_of(db, entry, panel)
    levels = levels_of(panel, region)
    promotions = None if entry.promotions is None else read_promotions(db, entry.promotions, panel, at)
    calendar = Calendar(panel.first, panel.weeks + entry.horizon, entry.holidays)
    kit = Kit(panel, demand_of(panel), calendar, promotions, entry.horizon, region)
    outlook = look_ahead(kit, levels, entry)
    orders = ordered(panel, levels, names, outlook, entry)
    tables = {
        "forecast": forecast_table(panel, levels, names, outlook, entry),
        "orders": orders.orders,
        "production": orders.production,
        "past": past_table(panel, levels, names),
        "accuracy": accuracy_table(outlook, levels),
        "regions": region_table(panel, names, region),
    }
    return Decided(
        decision="forecast", source=db.name, at=at, settings=entry.model_dump(mode="json"), tables=tables,
        expects=(*expected(outlook, levels, entry), *orders.expects), gave_up=orders.gave_up,
        notes=(*notes(panel, entry, outlook, at), *orders.notes),
    )  # fmt: skip


def demand_of(panel: Panel) -> Float64[np.ndarray, "cells weeks"]:
    """Sales as demand, in hundredths: what stock cut off is filled in."""
    sales = panel.sales.astype(np.float64)
    return sales if panel.censored is None else uncensored(sales, panel.censored)
