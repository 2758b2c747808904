"""Simulated worlds whose truth is known: what a model ought to find in them was planted. Not real data.

`shop` is a chain of stores over a year. Customers come back after gaps of their own, which the season stretches or
shortens; a long gap makes it likelier that a visit was the last one. They buy staples at intervals of their own,
and otherwise follow a taste for categories that depends on age and household. What they spend depends on their
income. Products are launched all through the year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64

from edgewise.clock import DAY, HOUR, MINUTE, NEVER, to_micros

__all__ = ["Shop", "ShopTruth", "shop"]

START: Final = to_micros("2023-01-01")
CATEGORIES: Final = ("bakery", "dairy", "fruit", "meat", "drinks", "household", "garden", "toys")
AGES: Final = ("18-29", "30-44", "45-64", "65+")
HOUSEHOLDS: Final = ("single", "couple", "family")
INCOMES: Final = ("low", "middle", "high")
CITIES: Final = ("Northam", "Eastfield", "Southport", "Westbury")
BRANDS: Final = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir")
_KINDS: Final = ("plain", "fresh", "organic", "fine", "family", "mini", "classic", "light")

_STAPLES: Final = 4
_MEAN_GAP: Final = (18.0, 14.5, 11.0)  # days between visits, by household
_QUANTITY: Final = (0.1, 0.4, 1.0)  # pieces beyond the first, by household
_SPEND: Final = (0.2, 0.5, 0.9)  # how often the dearer of two products is taken, by income
_SEASON: Final = 0.3


@dataclass(frozen=True, slots=True)
class ShopTruth:
    """What was planted, by customer in the order of `customers` (row i has `customer_id` i + 1).

    `taste` sums to 1 over CATEGORIES. `staples` are product ids and `intervals` their days. `left_at` is the time
    of the last visit of those who left within the year, NEVER for the others.
    """

    taste: Float64[np.ndarray, "customers categories"]
    staples: Int64[np.ndarray, "customers 4"]
    intervals: Float64[np.ndarray, "customers 4"]
    mean_gap: Float64[np.ndarray, " customers"]  # days at an average time of the year
    left_at: Int64[np.ndarray, " customers"]  # microseconds since the epoch
    loyalty: Float64[np.ndarray, " customers"]  # below 1 leaves more rarely, above 1 more often
    visit_customer: Int64[np.ndarray, " visits"]
    visit_day: Float64[np.ndarray, " visits"]  # days since START
    visit_gap: Float64[np.ndarray, " visits"]  # the gap before it, in units of the customer's mean gap

    def churn(self, anchor: int, horizon_days: float) -> Float64[np.ndarray, " customers"]:
        """The true probability of no visit in (anchor, anchor + horizon], given all visits up to the anchor.

        By Bayes: either the last visit was the last one, or the gap that runs outlasts the horizon. NaN for
        customers without a visit up to the anchor.
        """
        now = (anchor - START) / DAY
        seen = np.flatnonzero(self.visit_day <= now)
        last = np.full(len(self.mean_gap), -1)
        last[self.visit_customer[seen]] = seen  # visits stand in time order within a customer
        known = last >= 0
        at, gap = self.visit_day[last], self.visit_gap[last]
        leaves = _leave_probability(gap, self.loyalty)
        waited = (_season_time(np.array(now)) - _season_time(at)) / self.mean_gap
        until = (_season_time(np.array(now + horizon_days)) - _season_time(at)) / self.mean_gap
        silent = leaves + (1 - leaves) * _gap_survival(until)
        return np.where(known, silent / (leaves + (1 - leaves) * _gap_survival(waited)), np.nan)


@dataclass(frozen=True, slots=True)
class Shop:
    """The tables, and beside them the truth, which no table holds."""

    tables: dict[str, pa.Table]
    truth: ShopTruth


@dataclass(frozen=True, slots=True)
class _People:
    age: Int64[np.ndarray, " customers"]
    household: Int64[np.ndarray, " customers"]
    income: Int64[np.ndarray, " customers"]
    city: Int64[np.ndarray, " customers"]
    newsletter: Bool[np.ndarray, " customers"]
    joined: Float64[np.ndarray, " customers"]  # days since START, negative for those from before
    taste: Float64[np.ndarray, "customers categories"]


@dataclass(frozen=True, slots=True)
class _Goods:
    """Products, sorted by category; `first` is where each category begins."""

    category: Int64[np.ndarray, " products"]
    first: Int64[np.ndarray, " categories_plus_1"]
    brand: Int64[np.ndarray, " products"]
    kind: Int64[np.ndarray, " products"]
    price: Float64[np.ndarray, " products"]
    launched: Float64[np.ndarray, " products"]  # days since START


def shop(
    customers: int = 300, products: int = 120, stores: int = 6, days: int = 365, random_seed: int = 0
) -> Shop:
    """Simulate a chain of stores; the same arguments give the same tables.

    At the default size there are about 18,000 transaction rows in 5,800 orders.
    """
    rng = np.random.default_rng(random_seed)
    people, goods = _people(rng, customers, days), _goods(rng, products, days)
    mean_gap = np.array(_MEAN_GAP)[people.household] * rng.gamma(8.0, 1 / 8.0, customers)
    loyalty = np.where(people.newsletter, 0.6, 1.4) * np.array((1.4, 1.1, 0.8, 0.7))[people.age]
    who, at, gap, left_at = _visits(rng, people.joined, mean_gap, loyalty, days)
    staples, intervals = _staples(rng, people, goods)
    visit, product = _baskets(rng, people, goods, who, at, staples, intervals)
    truth = ShopTruth(people.taste, staples + 1, intervals, mean_gap, left_at, loyalty, who, at, gap)
    store = _home_store(rng, people.city[who], stores)
    tables = {
        "customers": _customer_table(people),
        "products": _product_table(goods),
        "stores": _store_table(rng, stores),
        **_sales(rng, people, goods, who, at, store, visit, product),
    }
    return Shop(tables, truth)


def _season_time(day: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """Days by the shop's own clock, which runs faster before midsummer and slower in autumn."""
    turn = 365 / (2 * np.pi)
    return day + _SEASON * turn * (1 - np.cos(day / turn))


def _gap_survival(x: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """P(gap > x mean gaps) of a gamma distribution of shape 2 and mean 1."""
    x = np.maximum(x, 0.0)
    return np.exp(-2 * x) * (1 + 2 * x)


def _leave_probability(
    gap: Float64[np.ndarray, " n"], loyalty: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """The chance that a visit is the last one, which grows with the gap before it (in mean gaps)."""
    return np.clip(0.012 * loyalty * (0.3 + gap**2), 0.0, 0.6)


def _people(rng: np.random.Generator, n: int, days: int) -> _People:
    age, household = rng.integers(len(AGES), size=n), rng.choice(len(HOUSEHOLDS), size=n, p=(0.4, 0.3, 0.3))
    by_age = rng.normal(0, 1.0, (len(AGES), len(CATEGORIES)))
    by_household = rng.normal(0, 1.0, (len(HOUSEHOLDS), len(CATEGORIES)))
    liking = np.exp(by_age[age] + by_household[household] + rng.normal(0, 0.5, (n, len(CATEGORIES))))
    old = rng.random(n) < 0.6
    joined = np.where(old, -rng.uniform(1, 365, n), rng.uniform(0, 0.75 * days, n))
    return _People(
        age=age,
        household=household,
        income=rng.choice(len(INCOMES), size=n, p=(0.3, 0.5, 0.2)),
        city=rng.integers(len(CITIES), size=n),
        newsletter=rng.random(n) < 0.5,
        joined=np.floor(joined),
        taste=liking / liking.sum(axis=1, keepdims=True),
    )


def _goods(rng: np.random.Generator, n: int, days: int) -> _Goods:
    category = np.sort(np.arange(n) % len(CATEGORIES))
    first = np.searchsorted(category, np.arange(len(CATEGORIES) + 1))
    base = np.array((2.5, 2.0, 3.0, 7.0, 4.0, 5.0, 9.0, 12.0))[category]
    is_new = rng.random(n) < 0.35
    is_new[first[:-1][first[:-1] < n]] = False  # each category has something from the first day
    return _Goods(
        category=category,
        first=first,
        brand=rng.integers(len(BRANDS), size=n),
        kind=rng.integers(len(_KINDS), size=n),
        price=np.round(base * rng.lognormal(0, 0.4, n), 2),
        launched=np.where(is_new, np.floor(rng.uniform(1, 0.9 * days, n)), -rng.integers(30, 900, n)),
    )


def _visits(
    rng: np.random.Generator,
    joined: Float64[np.ndarray, " customers"],
    mean_gap: Float64[np.ndarray, " customers"],
    loyalty: Float64[np.ndarray, " customers"],
    days: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Customer, day and preceding gap of each visit, by customer and time; and when each customer left."""
    begin = _season_time(np.maximum(joined + 0.25, 0.0))  # joined at six in the morning
    span = np.maximum(_season_time(np.array(float(days))) - begin, 0.0) / mean_gap
    count = np.ceil(span + 6 * np.sqrt(span) + 8).astype(np.int64)
    who = np.repeat(np.arange(len(joined)), count)
    first = np.cumsum(count) - count
    gap = rng.gamma(2.0, 0.5, len(who))
    total = np.cumsum(gap)
    waited = total - np.repeat(total[first] - gap[first], count)
    clock = begin[who] + waited * mean_gap[who]
    grid = np.linspace(0, days, 20 * days + 1)
    at = np.interp(clock, _season_time(grid), grid, right=np.inf)
    leaves = rng.random(len(who)) < _leave_probability(gap, loyalty[who])
    before: np.ndarray = np.cumsum(leaves) - leaves
    gone = before - np.repeat(before[first], count) > 0
    kept = (at < days) & ~gone
    left_at = np.full(len(joined), NEVER, dtype=np.int64)
    last = kept & leaves
    left_at[who[last]] = START + np.floor(at[last] * DAY).astype(np.int64)
    return who[kept], at[kept], gap[kept], left_at


def _staples(rng: np.random.Generator, people: _People, goods: _Goods) -> tuple[np.ndarray, np.ndarray]:
    """Each customer's staples (rows of products that are there from the first day) and their intervals in days."""
    n = len(people.age)
    category = _draw(np.repeat(people.taste, _STAPLES, axis=0), rng.random(n * _STAPLES))
    old = np.flatnonzero(goods.launched < 0)
    first = np.searchsorted(goods.category[old], np.arange(len(CATEGORIES) + 1))
    width = (first[1:] - first[:-1])[category]
    position = first[:-1][category] + np.floor(rng.random(len(category)) * width).astype(np.int64)
    staples = old[np.minimum(position, len(old) - 1)].reshape(n, _STAPLES)
    return staples, rng.choice((7.0, 14.0, 21.0, 28.0), size=(n, _STAPLES))


def _draw(weights: Float64[np.ndarray, "n classes"], u: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """For each row, a class with probability proportional to its weight."""
    upto = np.cumsum(weights, axis=1)
    return (upto < (u * upto[:, -1])[:, None]).sum(axis=1)


def _baskets(
    rng: np.random.Generator,
    people: _People,
    goods: _Goods,
    who: Int64[np.ndarray, " visits"],
    at: Float64[np.ndarray, " visits"],
    staples: Int64[np.ndarray, "customers 4"],
    intervals: Float64[np.ndarray, "customers 4"],
) -> tuple[Int64[np.ndarray, " rows"], Int64[np.ndarray, " rows"]]:
    """The visit and the product (row) of each line: staples that are due, and finds by taste."""
    previous = np.where(np.concatenate(([True], who[1:] != who[:-1])), -1e9, np.roll(at, 1))
    phase = rng.random(staples.shape) * intervals
    turn = np.floor((at[:, None] + phase[who]) / intervals[who])
    due = turn > np.floor((previous[:, None] + phase[who]) / intervals[who])
    visit, which = np.nonzero(due)
    found = np.repeat(np.arange(len(who)), rng.poisson(0.5, len(who)) + (~due.any(axis=1)))
    product = np.concatenate([staples[who[visit], which], _finds(rng, people, goods, who[found], at[found])])
    visit = np.concatenate([visit, found])
    order = np.argsort(visit, kind="stable")
    return visit[order], product[order]


def _finds(
    rng: np.random.Generator,
    people: _People,
    goods: _Goods,
    who: Int64[np.ndarray, " rows"],
    at: Float64[np.ndarray, " rows"],
) -> Int64[np.ndarray, " rows"]:
    """A product by taste, the season of its category, popularity, and the customer's purse."""
    peak = np.arange(len(CATEGORIES)) * 365 / len(CATEGORIES)
    season = np.exp(0.5 * np.cos((at[:, None] - peak) * 2 * np.pi / 365))
    category = _draw(people.taste[who] * season, rng.random(len(who)))
    one, other = (_available(goods, category, at, rng.random((2, len(who)))) for _ in range(2))
    dearer = goods.price[one] >= goods.price[other]
    wants_dearer = rng.random(len(who)) < np.array(_SPEND)[people.income[who]]
    return np.where(dearer == wants_dearer, one, other)


def _available(
    goods: _Goods, category: Int64[np.ndarray, " n"], at: Float64[np.ndarray, " n"], u: Float64[np.ndarray, "2 n"]
) -> Int64[np.ndarray, " n"]:
    """A product of the category, early ones more popular; one not launched yet gives way to the first."""
    begin, width = goods.first[:-1][category], np.diff(goods.first)[category]
    popular = begin + np.floor(width * u[0] ** 2).astype(np.int64)
    return np.where(goods.launched[popular] <= np.floor(at), popular, begin)


def _home_store(
    rng: np.random.Generator, city: Int64[np.ndarray, " visits"], stores: int
) -> Int64[np.ndarray, " visits"]:
    """The store of each visit: mostly the one of the customer's own city."""
    away = rng.random(len(city)) < 0.15
    return np.where(away, rng.integers(stores, size=len(city)), city % stores)


def _times(day: Float64[np.ndarray, " n"], offset: np.ndarray | int = 0) -> pa.Array:
    """Whole days since START, and an offset in microseconds, as timestamps."""
    micros = START + np.floor(day).astype(np.int64) * DAY + offset
    return pa.array(micros).cast(pa.timestamp("us"))


def _named(names: tuple[str, ...], codes: Int64[np.ndarray, " n"]) -> pa.Array:
    return pa.array(names).take(pa.array(codes))


def _customer_table(people: _People) -> pa.Table:
    return pa.table(
        {
            "customer_id": np.arange(1, len(people.age) + 1),
            "signed_up_at": _times(people.joined, 6 * HOUR),
            "age": _named(AGES, people.age),
            "household": _named(HOUSEHOLDS, people.household),
            "income": _named(INCOMES, people.income),
            "city": _named(CITIES, people.city),
            "newsletter": people.newsletter,
        }
    )


def _product_table(goods: _Goods) -> pa.Table:
    category, brand = _named(CATEGORIES, goods.category), _named(BRANDS, goods.brand)
    return pa.table(
        {
            "product_id": np.arange(1, len(goods.price) + 1),
            "title": pc.binary_join_element_wise(brand, _named(_KINDS, goods.kind), category, " "),
            "category": category,
            "brand": brand,
            "price": goods.price,
            "launched_at": _times(goods.launched),
        }
    )


def _store_table(rng: np.random.Generator, stores: int) -> pa.Table:
    return pa.table(
        {
            "store_id": np.arange(1, stores + 1),
            "city": _named(CITIES, np.arange(stores) % len(CITIES)),
            "square_meters": rng.integers(4, 30, stores) * 100,
        }
    )


def _sales(
    rng: np.random.Generator,
    people: _People,
    goods: _Goods,
    who: Int64[np.ndarray, " visits"],
    at: Float64[np.ndarray, " visits"],
    store: Int64[np.ndarray, " visits"],
    visit: Int64[np.ndarray, " rows"],
    product: Int64[np.ndarray, " rows"],
) -> dict[str, pa.Table]:
    """The orders, numbered in time order, and their lines."""
    moment = START + np.floor(at * DAY / MINUTE).astype(np.int64) * MINUTE
    order = np.argsort(moment, kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(1, len(order) + 1)
    line = np.argsort(number[visit], kind="stable")
    visit, product = visit[line], product[line]
    quantity = 1 + rng.poisson(np.array(_QUANTITY)[people.household[who[visit]]])
    orders = {
        "order_id": number[order],
        "customer_id": who[order] + 1,
        "store_id": store[order] + 1,
        "ordered_at": pa.array(moment[order]).cast(pa.timestamp("us")),
    }
    transactions = {
        "order_id": number[visit],
        "customer_id": who[visit] + 1,
        "product_id": product + 1,
        "store_id": store[visit] + 1,
        "quantity": quantity,
        "amount": np.round(quantity * goods.price[product], 2),
        "bought_at": pa.array(moment[visit]).cast(pa.timestamp("us")),
    }
    return {"orders": pa.table(orders), "transactions": pa.table(transactions)}
