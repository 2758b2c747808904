"""The weeks behind a forecast, for those who look at both: one row a node, its sales as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY
from edgewise.decisions.forecast.nouns import WEEK, Level, Panel

__all__ = ["past_table"]

#: So many weeks are kept: a forecast is looked at beside half a year.
WEEKS: Final = 26


def past_table(panel: Panel, levels: Sequence[Level], regions: Sequence[str]) -> pa.Table:
    """A row for each node that sold in the last 26 weeks; `sold` has a figure a week from `first_week` on."""
    weeks = min(WEEKS, panel.weeks)
    first = (panel.end - weeks * WEEK) // DAY
    names = {"region": pa.array(regions, pa.string()), "department": pa.array(panel.departments, pa.string())}
    names |= {"store": panel.stores, "category": pa.array(panel.categories, pa.string())}
    return pa.concat_tables(
        [_level(level, panel.sales[:, panel.weeks - weeks :], names, first) for level in levels]
    )


def _level(level: Level, sales: np.ndarray, names: dict[str, pa.Array], first: int) -> pa.Table:
    total = level.total(sales)
    kept = np.flatnonzero((total > 0).any(axis=1))
    ids = {
        "store": level.store,
        "region": level.region,
        "department": level.department,
        "category": level.category,
    }
    return pa.table({
        "level": pa.array([level.name] * len(kept), pa.string()),
        **{
            name: pa.nulls(len(kept), names[name].type) if of is None else names[name].take(pa.array(of[kept]))
            for name, of in ids.items()
        },
        "first_week": pa.array(np.full(len(kept), first, dtype=np.int32)).cast(pa.date32()),
        "sold": pa.array(list(total[kept] / 100.0), pa.list_(pa.float64())),
    })  # fmt: skip
