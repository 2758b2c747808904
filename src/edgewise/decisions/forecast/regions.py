"""Regions of stores: those a table names, or else stores that share shoppers, who live near both."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.forecast.nouns import Panel
from edgewise.decisions.forecast.reading import labels_of, ref_of, rows
from edgewise.errors import DecisionError
from edgewise.ids import Vocabulary
from edgewise.sources.database import Database

__all__ = ["regions_of", "shared"]

_ROUNDS: Final = 25


def regions_of(db: Database, entry: ForecastEntry, panel: Panel) -> tuple[list[str], Int64[np.ndarray, " stores"]]:
    """The regions' names and the region of each store.

    Raises:
        DecisionError: the column named is not one of the stores' table.
    """
    if entry.region is not None:
        table, column = ref_of(db.schema, entry.sales, entry.region, "region")
        key = db.schema.tables[table].key
        links = db.schema.links_from(entry.sales)
        stores = [link.to for link in links if link.column == entry.store]
        if key is None or table not in stores:
            where = f"{stores[0]}.COLUMN" if stores else "nothing: no table of stores is linked to"
            raise DecisionError(f"forecast.region: '{table}' is no table of stores", hint=f"write {where}")
        listed = rows(db, table, {"store": key, "region": column}, panel.end)
        place = Vocabulary(listed.column("store")).rows(panel.stores)
        texts = [*labels_of(listed.column("region")).to_pylist(), "(none)"]
        of_store = [texts[p] for p in place]
        names = sorted(set(of_store))
        return names, np.array([names.index(name) for name in of_store], dtype=np.int64)
    size = np.bincount(panel.store, panel.sales.sum(axis=1), len(panel.stores))
    if panel.visits is None:
        return ["all"], np.zeros(len(panel.stores), dtype=np.int64)
    group = shared(panel.visits, size, entry.regions)
    largest = [int(np.argmax(np.where(group == g, size, -1.0))) for g in range(int(group.max()) + 1)]
    keys = panel.stores.to_pylist()
    return [f"around {keys[s]}" for s in largest], group


def shared(
    visits: Float32[np.ndarray, "stores shoppers"], size: Float64[np.ndarray, " stores"], most: int
) -> Int64[np.ndarray, " stores"]:
    """Stores grouped by the shoppers that they share: spherical k-means on who visits them.

    It begins with the largest store, then each time the one that is large and shares least with those before it.
    Nothing is drawn by chance.
    """
    length = np.sqrt((visits**2).sum(axis=1, keepdims=True))
    unit = visits / np.maximum(length, 1e-9)
    chosen = [int(np.argmax(size))]
    near = unit @ unit[chosen[0]]
    while len(chosen) < min(most, len(size)):
        worth = np.where(near < 1 - 1e-6, np.sqrt(size) * (1.0 - near), -1.0)
        if worth.max() <= 0:
            break
        chosen.append(int(np.argmax(worth)))
        near = np.maximum(near, unit @ unit[chosen[-1]])
    centre = unit[chosen]
    group = np.argmax(unit @ centre.T, axis=1)
    for _ in range(_ROUNDS):
        one = np.eye(len(centre), dtype=np.float32)[group] * np.sqrt(size)[:, None].astype(np.float32)
        centre = one.T @ unit
        centre /= np.maximum(np.sqrt((centre**2).sum(axis=1, keepdims=True)), 1e-9)
        moved = np.argmax(unit @ centre.T, axis=1)
        if (moved == group).all():
            break
        group = moved
    _, dense = np.unique(group, return_inverse=True)
    return dense.astype(np.int64)
