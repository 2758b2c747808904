"""The nouns of demand: the panel of past sales, and the levels that its cells sum up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Float64, Int64

from edgewise.clock import DAY

__all__ = ["WEEK", "Level", "Panel", "Products"]

WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Products:
    """What each product sold by week, over all stores, and the category that it belongs to."""

    keys: pa.Array
    category: Int64[np.ndarray, " products"]
    sales: Float32[np.ndarray, "products weeks"]


@dataclass(frozen=True, slots=True)
class Panel:
    """Sales of each cell (a store and a category) by whole week, as far as rows were visible.

    Attributes:
        first: when week 0 begins, microseconds.
        stores: the stores' keys, by id.
        categories, departments: names by id; two departments may have categories of one name.
        store, category: of each cell, ascending by store, then category.
        department: of each category.
        sales: in hundredths of what is summed (cents), never negative.
        units: units sold, by cell, over the last half year; None where no column says so.
        censored: the share of a week that a cell had run out; None where no stock table says so.
        on_hand: units on hand at the latest look, by cell; None without a stock table.
        products: for what promotions weigh.
        visits: who (a column) bought where (a row), 0 or 1, for regions; None without shoppers.
        without_store: how many rows say no store, and are left out.
        unlisted: how many rows name no product that is listed; their category is "(none)".
    """

    first: int
    stores: pa.Array
    categories: list[str]
    departments: list[str]
    store: Int64[np.ndarray, " cells"]
    category: Int64[np.ndarray, " cells"]
    department: Int64[np.ndarray, " categories"]
    sales: Int64[np.ndarray, "cells weeks"]
    units: Float64[np.ndarray, " cells"] | None
    censored: Float64[np.ndarray, "cells weeks"] | None
    on_hand: Float64[np.ndarray, " cells"] | None
    products: Products | None
    visits: Float32[np.ndarray, "stores shoppers"] | None
    without_store: int = 0
    unlisted: int = 0

    @property
    def weeks(self) -> int:
        """How many whole weeks there are."""
        return self.sales.shape[1]

    @property
    def end(self) -> int:
        """When the last whole week ends, microseconds."""
        return self.first + self.weeks * WEEK


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the hierarchy: the node that each cell counts in, and what its nodes are called.

    `store`, `region`, `department`, `category` are ids by node, None where the level sums over them.
    """

    name: str
    node: Int64[np.ndarray, " cells"]
    nodes: int
    store: Int64[np.ndarray, " nodes"] | None = None
    region: Int64[np.ndarray, " nodes"] | None = None
    department: Int64[np.ndarray, " nodes"] | None = None
    category: Int64[np.ndarray, " nodes"] | None = None

    def total(self, cells: np.ndarray) -> np.ndarray:
        """Values of cells (their first axis) summed by node; integers stay exact."""
        out = np.zeros((self.nodes, *cells.shape[1:]), dtype=cells.dtype)
        np.add.at(out, self.node, cells)
        return out
