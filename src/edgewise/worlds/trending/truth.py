"""What was planted in a trending world: every rise and fall, and how many purchases were due with and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

__all__ = ["PlantedTrend", "TrendingTruth"]


@dataclass(frozen=True, slots=True)
class PlantedTrend:
    """A rise (factor above 1) or fall of some products, in all stores and ages or in one.

    `level` is the column that names it, product_id or category; `store` and `age` count from 0, None for all. It
    begins with the day `first` and ends before the day `last`, counted from the start of the world.
    """

    level: str
    value: str
    store: int | None
    age: int | None
    factor: float
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TrendingTruth:
    """The trends, and how many purchases a day were due by product, store, age and day: with them, and without.

    Of what is due with chance alone left out: season, weekday and level are in it, noise and bursts are not.
    """

    planted: tuple[PlantedTrend, ...]
    category: Int64[np.ndarray, " products"]
    categories: tuple[str, ...]
    due: Float32[np.ndarray, "products stores ages"]  # a day, without season, weekday and trends
    season: Float32[np.ndarray, "products days"]  # season and weekday, as factors

    def ratio(
        self, products: np.ndarray, first: int, last: int, store: int | None = None, age: int | None = None
    ) -> float:
        """The factor by which trends changed what products had from day `first` to day `last` (left out)."""
        with_, without = self._sums(products, first, last, store, age)
        return with_ / max(without, 1e-9)

    def _sums(
        self, products: np.ndarray, first: int, last: int, store: int | None, age: int | None
    ) -> tuple[float, float]:
        stores = slice(None) if store is None else slice(store, store + 1)
        ages = slice(None) if age is None else slice(age, age + 1)
        due = self.due[products][:, stores, ages]
        days = np.arange(first, last)
        flat = self.season[products][:, first:last]
        without = float(np.einsum("psa,pd->", due, flat))
        factor = np.ones((*due.shape, len(days)))
        for trend in self.planted:
            mine = np.isin(products, self.products_of(trend))
            on = (days >= trend.first) & (days < trend.last)
            here = factor_where(trend, due.shape[1], due.shape[2], store, age)
            factor *= 1 + (trend.factor - 1) * mine[:, None, None, None] * here[None, :, :, None] * on
        return float(np.einsum("psa,pd,psad->", due, flat, factor)), without

    def products_of(self, trend: PlantedTrend) -> np.ndarray:
        """The products (from 0) that a trend is of."""
        if trend.level == "product_id":
            return np.array([int(trend.value) - 1])
        return np.flatnonzero(self.category == self.categories.index(trend.value))


def factor_where(trend: PlantedTrend, stores: int, ages: int, store: int | None, age: int | None) -> np.ndarray:
    """Ones in the stores and ages that a trend is in, of those that are looked at."""
    at_store = np.arange(stores) if store is None else np.array([store])
    at_age = np.arange(ages) if age is None else np.array([age])
    in_store = np.ones(len(at_store)) if trend.store is None else (at_store == trend.store).astype(float)
    in_age = np.ones(len(at_age)) if trend.age is None else (at_age == trend.age).astype(float)
    return in_store[:, None] * in_age[None, :]
