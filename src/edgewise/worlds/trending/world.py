"""A trending world: purchases of a chain with weekdays, seasons, noise and bursts, and trends planted in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY, SECOND, to_micros
from edgewise.worlds.trending.options import TrendingOptions
from edgewise.worlds.trending.truth import PlantedTrend, TrendingTruth, factor_where

__all__ = ["AGES", "START", "Trending", "trending"]

START: Final = to_micros("2022-01-03")  # a Monday
AGES: Final = ("18-29", "30-44", "45-64", "65+")
_WEEKDAYS: Final = np.array([0.85, 0.85, 0.9, 0.95, 1.15, 1.4, 0.9])
_KINDS: Final = ("plain", "fresh", "organic", "fine", "family", "mini", "classic", "light", "dark", "sweet")
_GOODS: Final = (
    "bread", "milk", "cheese", "apples", "soup", "rice", "tea", "coffee", "soap", "candles",
    "pasta", "beans", "juice", "yogurt", "nuts", "crackers", "honey", "flour", "fish", "salad",
)  # fmt: skip
_FIRST: Final = 14  # trends begin after so many weeks
_SHORT: Final = 6  # every other trend is over after so many weeks


@dataclass(frozen=True, slots=True)
class Trending:
    """The tables, and beside them the truth, which no table holds. `now` is the end of the history."""

    options: TrendingOptions
    tables: dict[str, pa.Table]
    now: int
    truth: TrendingTruth = field(repr=False)


def trending(options: TrendingOptions | None = None) -> Trending:
    """Simulate a chain with planted trends; the same options give the same tables."""
    options = options or TrendingOptions()
    rng = [np.random.default_rng([options.random_seed, part]) for part in range(4)]
    truth = _plant(rng[0], options)
    product, store, age, day = _purchases(rng[1], options, truth)
    people = _people(rng[2], options)
    who = _buyers(rng[2], people, age)
    rows = _bursts(rng[3], options, np.stack([product, store, who, day]))
    return Trending(options, _tables(rng[3], options, truth, people, rows), START + options.weeks * 7 * DAY, truth)


def _plant(rng: np.random.Generator, options: TrendingOptions) -> TrendingTruth:
    products, days = options.products, options.weeks * 7
    groups = max(products // 10, 2)
    category = np.sort(rng.integers(0, groups, products))
    category[:groups] = np.arange(groups)
    category.sort()
    size = rng.lognormal(0.0, 1.0, products)
    stores = rng.lognormal(0.0, 0.5, (products, options.stores))
    ages = rng.dirichlet(np.full(len(AGES), 8.0), groups)[category]
    due = size[:, None, None] * (stores / stores.sum(axis=1, keepdims=True))[:, :, None] * ages[:, None, :]
    due *= options.events / 7 / due.sum()
    phase = rng.uniform(0, 2 * np.pi, groups)[category]
    swing = options.season * rng.uniform(0.3, 1.0, groups)[category]
    when = 2 * np.pi * np.arange(days) / 365.25
    season = 1 + swing[:, None] * np.sin(when[None, :] + phase[:, None])
    season *= np.tile(_WEEKDAYS / _WEEKDAYS.mean(), options.weeks)[None, :]
    names = tuple(_category_name(i) for i in range(groups))
    found = TrendingTruth((), category, names, due.astype(np.float32), season.astype(np.float32))
    return TrendingTruth(
        tuple(_draw(rng, options, found)), category, names, due.astype(np.float32), season.astype(np.float32)
    )


def _category_name(i: int) -> str:
    return _GOODS[i % len(_GOODS)] + (f" {i // len(_GOODS) + 1}" if i >= len(_GOODS) else "")


def _draw(rng: np.random.Generator, options: TrendingOptions, truth: TrendingTruth) -> list[PlantedTrend]:
    """Trends of single products, of categories, and of categories in one store or age; no two of one category."""
    order = rng.permutation(len(truth.categories))[: options.trends]
    planted = []
    for i, group in enumerate(order):
        kind = i % 4
        mine = np.flatnonzero(truth.category == group)
        weight = truth.due[mine].sum(axis=(1, 2))
        busy = mine[np.argsort(-weight)[: max(len(mine) // 2, 1)]]
        after = min(_FIRST, options.weeks - 4)
        first = int(rng.integers(after * 7, (options.weeks - 3) * 7))
        last = first + 7 * (_SHORT if i % 2 else options.weeks)
        planted.append(PlantedTrend(
            level="product_id" if kind == 0 else "category",
            value=str(int(rng.choice(busy)) + 1) if kind == 0 else truth.categories[group],
            store=int(rng.integers(options.stores)) if kind == 2 else None,
            age=int(rng.integers(len(AGES))) if kind == 3 else None,
            factor=options.size if rng.random() < 0.6 else 1 / options.size,
            first=first,
            last=min(last, options.weeks * 7),
        ))  # fmt: skip
    return planted


def _purchases(
    rng: np.random.Generator, options: TrendingOptions, truth: TrendingTruth
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Product, store, age and day of each purchase: Poisson around what is due, times noise from week to week."""
    products, stores, ages = truth.due.shape
    groups = len(truth.categories)
    spread = rng.uniform(0.0, 0.2, products)
    parts: list[np.ndarray] = []
    for week in range(options.weeks):
        noise = rng.normal(0.0, spread) + rng.normal(0.0, 0.05, groups)[truth.category]
        for day in range(7 * week, 7 * week + 7):
            due = truth.due * (truth.season[:, day] * np.exp(noise))[:, None, None]
            peak = rng.random(products) < options.bursts
            due = due * np.where(peak, rng.uniform(4.0, 8.0, products), 1.0)[:, None, None]
            for trend in truth.planted:
                if trend.first <= day < trend.last:
                    where = factor_where(trend, stores, ages, None, None)
                    due[truth.products_of(trend)] *= 1 + (trend.factor - 1) * where
            many = rng.poisson(due)
            p, s, a = np.nonzero(many)
            times = many[p, s, a]
            parts.append(np.repeat(np.stack([p, s, a, np.full(len(p), day)]), times, axis=1))
    whole = np.concatenate(parts, axis=1)
    return whole[0], whole[1], whole[2], whole[3]


def _people(rng: np.random.Generator, options: TrendingOptions) -> np.ndarray:
    """The age group of each person."""
    age = rng.integers(0, len(AGES), options.shoppers)
    age[: len(AGES)] = np.arange(len(AGES))
    return age


def _buyers(rng: np.random.Generator, people: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Who buys, among those of the age: some buy far more than others."""
    eager = rng.gamma(1.5, 1.0, len(people))
    who = np.zeros(len(age), dtype=np.int64)
    for group in range(len(AGES)):
        mine = np.flatnonzero(people == group)
        rows = np.flatnonzero(age == group)
        who[rows] = rng.choice(mine, len(rows), p=eager[mine] / eager[mine].sum())
    return who


def _bursts(rng: np.random.Generator, options: TrendingOptions, rows: np.ndarray) -> np.ndarray:
    """The same purchases, and after some of them more of the same by the same person, within a week."""
    begun = rows[:, rng.random(rows.shape[1]) < options.bursts]
    more = np.repeat(begun, rng.poisson(8.0, begun.shape[1]), axis=1)
    more[3] += rng.integers(0, 7, more.shape[1])
    both = np.concatenate([rows, more[:, more[3] < options.weeks * 7]], axis=1)
    return both[:, np.argsort(both[3], kind="stable")]


def _tables(
    rng: np.random.Generator, options: TrendingOptions, truth: TrendingTruth, people: np.ndarray, rows: np.ndarray
) -> dict[str, pa.Table]:
    product, store, who, day = rows
    second = rng.integers(8 * 3600, 21 * 3600, len(day))
    order = np.lexsort((second, day))
    at = START + day * DAY + second * SECOND
    products, number = options.products, np.arange(options.products)
    names = [
        f"{_KINDS[i % len(_KINDS)]} {truth.categories[c]}" for i, c in zip(number, truth.category, strict=True)
    ]
    ids = np.arange(1, options.shoppers + 1)
    tables = {
        "shoppers": {
            "shopper_id": ids,
            "age": np.array(AGES)[people],
            "since": np.array(["2019", "2020", "2021"])[ids % 3],
        },
        "stores": {
            "store_id": np.arange(1, options.stores + 1),
            "region": np.array(["north", "south"])[np.arange(options.stores) % 2],
        },
        "products": {
            "product_id": np.arange(1, products + 1),
            "title": names,
            "category": [truth.categories[c] for c in truth.category],
            "department": np.array(["fresh", "pantry", "home"])[truth.category % 3],
        },
        "purchases": {
            "shopper_id": who[order] + 1,
            "product_id": product[order] + 1,
            "store_id": store[order] + 1,
            "bought_at": pa.array(at[order]).cast(pa.timestamp("us")),
        },
    }
    return {
        name: pa.table(columns).replace_schema_metadata({"simulated": "true"}) for name, columns in tables.items()
    }
