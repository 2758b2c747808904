"""A small chain of stores: three departments' categories, promotions that double sales, a stock table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY, to_micros

START = to_micros("2016-01-04")
CATEGORIES = ("bread", "cake", "milk", "cheese", "soap", "paper")
DEPARTMENTS = ("bakery", "bakery", "dairy", "dairy", "home", "home")


def chain(weeks: int, random_seed: int = 0) -> dict[str, pa.Table]:
    """Sales of 5 stores and 18 products in 6 categories; every fifth week products 0 to 2 are promoted."""
    draw = np.random.default_rng(random_seed)
    store, product, day = np.meshgrid(np.arange(5), np.arange(18), np.arange(weeks * 7), indexing="ij")
    lift = np.where((product < 3) & (day // 7 % 5 == 4), 3.0, 1.0)
    rate = 0.25 * (1 + store) ** 0.5 * (1 + product % 3) * lift
    units = draw.poisson(rate)
    sold = units > 0
    at = START + day[sold] * DAY + draw.integers(0, DAY, int(sold.sum()))
    n = int(sold.sum())
    sales = pa.table(
        {
            "store_id": store[sold] + 1, "product_id": product[sold] + 100, "customer_id": draw.integers(0, 60, n),
            "sold_at": pa.array(at, pa.timestamp("us")), "quantity": units[sold],
            "sales_value": np.round(units[sold] * (1.5 + product[sold] % 4), 2),
        }
    ).sort_by("sold_at")  # fmt: skip
    group = np.arange(18) // 3
    products = pa.table(
        {
            "product_id": np.arange(18) + 100, "department": [DEPARTMENTS[g] for g in group],
            "category": [CATEGORIES[g] for g in group],
        }
    )  # fmt: skip
    stores = pa.table({"store_id": np.arange(1, 6), "region": ["north", "north", "south", "south", "south"]})
    promoted = [(p + 100, START + w * 7 * DAY) for w in range(weeks + 8) if w % 5 == 4 for p in range(3)]
    promotions = pa.table(
        {
            "product_id": [p for p, _ in promoted], "kind": ["front page", "inside"] * (len(promoted) // 2)
            + ["inside"] * (len(promoted) % 2),
            "begins_at": pa.array([t for _, t in promoted], pa.timestamp("us")),
        }
    )  # fmt: skip
    return {"sales": sales, "products": products, "stores": stores, "promotions": promotions}


@pytest.fixture(scope="session")
def chain_of() -> Callable[..., dict[str, pa.Table]]:
    """The tables of a small chain, for so many weeks."""
    return chain
