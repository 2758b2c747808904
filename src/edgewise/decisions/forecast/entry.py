"""The section `decisions.forecast` of a project file."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CostEntry", "ForecastEntry", "OrderEntry", "PromotionEntry", "StockEntry"]

Share = Annotated[float, Field(gt=0, lt=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromotionEntry(_Entry):
    """What is promoted when: a table with a row for each product (and store) and period."""

    table: str = Field(description="The table of promotions.")
    product: str = Field(description="Its column that names the product.")
    kinds: list[str] = Field(
        default=[], description="Columns that say what kind of promotion it is; none: all are alike."
    )
    known_ahead: int = Field(
        default=0, ge=0, le=26,
        description="How many weeks ahead promotions are planned and known; 0: they count once they began.",
    )  # fmt: skip


class StockEntry(_Entry):
    """What was on hand, so that sales of what had run out are not taken for all the demand there was."""

    table: str = Field(description="The table of stock levels, with a time.")
    store: str = Field(description="Its column that names the store.")
    product: str | None = Field(default=None, description="Its column that names the product.")
    category: str | None = Field(default=None, description="Its column with the category, if it has no product.")
    on_hand: str = Field(description="Its column with what was on hand, in units.")


class CostEntry(_Entry):
    """What a unit of money at retail brings and costs."""

    margin: Share = Field(default=0.3, description="Share of the price that stays when a unit is sold.")
    waste: float = Field(
        default=0.25, gt=0, description="Share of a unit's cost that is lost when it is left over."
    )


class OrderEntry(_Entry):
    """What is ordered, and what that costs."""

    lead_weeks: int = Field(default=1, ge=0, le=7, description="Weeks from an order to its arrival.")
    review_weeks: int = Field(default=1, ge=1, le=8, description="Weeks from one order to the next.")
    costs: CostEntry = Field(default=CostEntry(), description="Margin and waste everywhere.")
    by_department: dict[str, CostEntry] = Field(default={}, description="Other margins and waste, by department.")
    pack: int = Field(
        default=1, ge=1, description="Units come in packs of this many; needs a column of units to matter."
    )
    budget: float | None = Field(
        default=None, gt=0, description="The most that all orders may cost at cost price; by default no limit."
    )


class ForecastEntry(_Entry):
    """What demand is read from, and how far ahead it is forecast."""

    sales: str = Field(description="The table of sales, with a time.")
    store: str = Field(description="Its column that names the store.")
    product: str | None = Field(default=None, description="Its column that names the product.")
    category: str = Field(description="The category: a column of the sales, or `table.column` of the products.")
    department: str | None = Field(
        default=None, description="What categories belong to, written like the category; none: all to one."
    )
    value: str = Field(description="The column of what is forecast, summed: money or units.")
    units: str | None = Field(default=None, description="The column of units, for orders in units.")
    region: str | None = Field(
        default=None, description="`table.column` with a store's region; by default stores that share shoppers."
    )
    shopper: str | None = Field(default=None, description="The column of sales that names who bought.")
    regions: int = Field(default=8, ge=1, le=100, description="How many regions are made where none is named.")
    promotions: PromotionEntry | None = Field(default=None, description="Promotions; none where left out.")
    stock: StockEntry | None = Field(default=None, description="Stock levels; without, sales count as demand.")
    holidays: Literal["us", "christian", "none"] | list[dt.date] = Field(
        default="us", description="Holidays known in advance: those of a calendar, or a list of dates."
    )
    horizon: int = Field(default=8, ge=1, le=26, description="How many weeks ahead.")
    quantiles: list[Share] = Field(
        default=[0.1, 0.25, 0.5, 0.75, 0.9], min_length=1, description="Which quantiles, ascending."
    )
    interval: Share = Field(default=0.8, description="The share of outcomes that `low` to `high` should hold.")
    orders: OrderEntry = Field(default=OrderEntry(), description="What is ordered.")
    random_seed: int = Field(default=0, ge=0, description="What chance is drawn from.")
