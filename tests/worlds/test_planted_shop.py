"""The planted shop: deterministic, sound as a database, and true to what it says was planted."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from edgewise.clock import DAY, NEVER
from edgewise.worlds.planted import CATEGORIES, START, Shop, shop


@pytest.fixture(scope="module")
def world() -> Shop:
    return shop()


@pytest.fixture(scope="module")
def large() -> Shop:
    return shop(customers=4000, products=300, random_seed=5)


def numbers(world: Shop, table: str, column: str) -> np.ndarray:
    values = world.tables[table].column(column)
    return np.asarray(values.cast("int64") if str(values.type).startswith("timestamp") else values)


def test_the_same_seed_gives_the_same_world(world: Shop) -> None:
    again, other = shop(), shop(random_seed=1)
    assert again.tables == world.tables
    assert other.tables["transactions"] != world.tables["transactions"]


def test_sizes(world: Shop) -> None:
    rows = {name: table.num_rows for name, table in world.tables.items()}
    assert rows["customers"] == 300
    assert rows["products"] == 120
    assert rows["stores"] == 6
    assert 12_000 < rows["transactions"] < 24_000
    assert not any(column.null_count for table in world.tables.values() for column in table.columns)


def test_keys_and_links_hold(world: Shop) -> None:
    for table, key in (("customers", "customer_id"), ("products", "product_id"), ("orders", "order_id")):
        keys = numbers(world, table, key)
        assert (keys == np.arange(1, len(keys) + 1)).all()
        assert np.isin(numbers(world, "transactions", key), keys).all()
    order = numbers(world, "transactions", "order_id") - 1
    for mine, theirs in (("customer_id", "customer_id"), ("store_id", "store_id"), ("bought_at", "ordered_at")):
        assert (numbers(world, "transactions", mine) == numbers(world, "orders", theirs)[order]).all()
    assert set(np.unique(order)) == set(range(world.tables["orders"].num_rows))
    assert (np.diff(numbers(world, "orders", "ordered_at")) >= 0).all()


def test_nothing_happens_before_it_can(world: Shop) -> None:
    bought = numbers(world, "transactions", "bought_at")
    joined = numbers(world, "customers", "signed_up_at")[numbers(world, "transactions", "customer_id") - 1]
    launched = numbers(world, "products", "launched_at")[numbers(world, "transactions", "product_id") - 1]
    assert (bought >= joined).all()
    assert (bought >= launched).all()
    assert bought.min() >= START
    assert bought.max() < START + 365 * DAY
    new = launched > START
    assert 0.02 < new.mean() < 0.6


@pytest.mark.parametrize("day", [150, 220, 300])
def test_churn_is_as_likely_as_the_truth_says(large: Shop, day: int) -> None:
    anchor, truth = START + day * DAY, large.truth
    probability = truth.churn(anchor, 14)
    later = (truth.visit_day > day) & (truth.visit_day <= day + 14)
    silent = np.ones(len(probability), bool)
    silent[truth.visit_customer[later]] = False
    known = ~np.isnan(probability)
    probability, silent = probability[known], silent[known]
    for low, high in ((0.0, 0.2), (0.2, 0.4), (0.4, 0.7), (0.7, 1.01)):
        some = (probability >= low) & (probability < high)
        error = np.sqrt(0.25 / some.sum())
        assert abs(silent[some].mean() - probability[some].mean()) < 3.5 * error
    assert silent[probability > 0.8].mean() > 3 * silent[probability < 0.2].mean()


def test_those_who_left_do_not_come_back(large: Shop) -> None:
    truth = large.truth
    last = np.full(len(truth.left_at), -np.inf)
    np.maximum.at(last, truth.visit_customer, truth.visit_day)
    left = truth.left_at < NEVER
    assert 0.1 < left.mean() < 0.7
    assert (np.floor(last[left] * DAY).astype(np.int64) + START == truth.left_at[left]).all()


def test_purchases_follow_taste(large: Shop) -> None:
    category = pc.index_in(
        large.tables["products"].column("category"), value_set=pc.cast(list(CATEGORIES), "string")
    )
    bought = np.asarray(category)[numbers(large, "transactions", "product_id") - 1]
    counts = np.zeros(large.truth.taste.shape)
    np.add.at(counts, (numbers(large, "transactions", "customer_id") - 1, bought), 1)
    busy = counts.sum(axis=1) >= 30
    shares = counts[busy] / counts[busy].sum(axis=1, keepdims=True)
    assert np.corrcoef(shares.ravel(), large.truth.taste[busy].ravel())[0, 1] > 0.75


def test_staples_come_back(large: Shop) -> None:
    customer, product = (numbers(large, "transactions", c) for c in ("customer_id", "product_id"))
    is_staple = (large.truth.staples[customer - 1] == product[:, None]).any(axis=1)
    assert is_staple.mean() > 0.4
    strangers = (large.truth.staples[np.roll(customer, 1000) - 1] == product[:, None]).any(axis=1)
    assert strangers.mean() < 0.15


def test_spending_follows_income_and_household(large: Shop) -> None:
    amount, quantity = (numbers(large, "transactions", c) for c in ("amount", "quantity"))
    customers = large.tables["customers"]
    of_row = numbers(large, "transactions", "customer_id") - 1
    income = np.asarray(customers.column("income").to_pylist())[of_row]
    household = np.asarray(customers.column("household").to_pylist())[of_row]
    price = amount / quantity
    assert price[income == "high"].mean() > 1.05 * price[income == "low"].mean()
    assert quantity[household == "family"].mean() > 1.3 * quantity[household == "single"].mean()


def test_the_season_turns(large: Shop) -> None:
    day = (numbers(large, "orders", "ordered_at") - START) / DAY
    old = numbers(large, "customers", "signed_up_at") < START
    early = old[numbers(large, "orders", "customer_id") - 1] & (day < 40)
    assert early.sum() > 0
    month = np.bincount((day // 30.5).astype(int), minlength=12)
    assert month[3] > 1.15 * month[9]
