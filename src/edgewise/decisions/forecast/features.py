"""What the trees see at an origin: rows for categories over all stores and for cells, for each week ahead."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.decisions.forecast.calendar import Calendar
from edgewise.decisions.forecast.nouns import Panel
from edgewise.decisions.forecast.promotions import Promotions
from edgewise.decisions.forecast.series import Series, spread
from edgewise.decisions.forecast.smoothing import Smoother
from edgewise.decisions.forecast.young import Young

__all__ = ["FEW", "Kit"]

#: Cells that sold in fewer weeks of a half year have a level and nothing more.
FEW: Final = 3


class Kit:
    """Series of cells and of what they are part of, the calendar, and promotions: features at any origin.

    `demand` are sales with stock-outs filled in, in hundredths.
    """

    def __init__(
        self, panel: Panel, demand: Float64[np.ndarray, "cells weeks"], calendar: Calendar,
        promotions: Promotions | None, horizon: int, region: Int64[np.ndarray, " stores"],
    ) -> None:  # fmt: skip
        self.panel, self.calendar, self.promotions, self.horizon = panel, calendar, promotions, horizon
        self.weeks = panel.weeks
        self.young = Young(panel, demand, region)
        department = panel.department[panel.category]
        pair = panel.store * len(panel.departments) + department
        _, self._pair = np.unique(pair, return_inverse=True)
        self._department = department

        def summed(node: Int64[np.ndarray, " cells"], nodes: int) -> Series:
            values = np.zeros((nodes, demand.shape[1]))
            np.add.at(values, node, demand)
            return Series(values, calendar)

        self.cells = Series(demand, calendar)
        self.categories = summed(panel.category, len(panel.categories))
        self.departments = summed(department, len(panel.departments))
        self.stores = summed(panel.store, len(panel.stores))
        self._pairs = summed(self._pair, int(self._pair.max()) + 1)
        self._whole = summed(np.zeros(len(department), dtype=np.int64), 1)
        self._tide = Smoother(self._whole.values, self._whole.values[0], calendar)

    def tide(self, origin: int, ahead: int) -> Float64[np.ndarray, " ahead"]:
        """What all stores sold in the weeks after an origin, against their level then: to be learnt without."""
        return np.asarray(self._whole.values[0, origin : origin + ahead] / self._whole.scale(origin)[0])

    def tide_ahead(self, origin: int) -> Float64[np.ndarray, " horizon"]:
        """What all stores are expected to sell, against their level: smoothed around the place in the month.

        A year has each week once, so trees that see the calendar learn what single weeks were, not what weeks are.
        """
        return np.asarray(self._tide.at(origin, self.horizon)[0] / self._whole.scale(origin)[0])

    def category_rows(self, origin: int) -> Float32[np.ndarray, "categories horizon features"]:
        """Rows for categories over all stores."""
        own, n = self.categories, len(self.panel.categories)
        above = self.departments.levels(origin)[self.panel.department]
        node = np.column_stack(
            [own.levels(origin), own.recent(origin), np.log(own.scale(origin)), own.festive(origin), above]
        )
        parts = [spread(node, self.horizon), self._ahead(own, origin)]
        parts.append(self._ahead(self.departments, origin)[self.panel.department])
        parts += [self._ahead(self._whole, origin).repeat(n, axis=0), self._known(origin, n)]
        if self.promotions is not None:
            parts.append(self.promotions.features(origin, self.horizon))
        return np.concatenate(parts, axis=2)

    def cell_rows(
        self, origin: int, cells: Int64[np.ndarray, " n"], kept: Float32[np.ndarray, "categories horizon k"]
    ) -> Float32[np.ndarray, "n horizon features"]:
        """Rows for cells. `kept` are the columns that a cell sees of its category's weeks ahead."""
        own, panel = self.cells, self.panel
        category, store = panel.category[cells], panel.store[cells]
        scale, of_category = own.scale(origin), self.categories.scale(origin)
        whole = self._whole.scale(origin)[0]
        expected = self.stores.scale(origin)[store] * of_category[category] / whole
        node = np.column_stack(
            [
                own.levels(origin)[cells], own.recent(origin)[cells], np.log(scale[cells]),
                np.log(scale[cells] / (expected + 1e-9)), self.categories.levels(origin)[category],
                np.log(of_category)[category], self.stores.levels(origin)[store],
                self._pairs.levels(origin)[self._pair[cells]],
                self.departments.levels(origin)[self._department[cells]],
            ]
        )  # fmt: skip
        parts = [spread(node, self.horizon), self._ahead(own, origin)[cells], kept[category]]
        parts += [self._ahead(self.stores, origin)[store], self._known(origin, len(cells))]
        return np.concatenate(parts, axis=2)

    def kept(self, origin: int) -> Float32[np.ndarray, "categories horizon k"]:
        """What cells see of their category's weeks ahead: time of the month, holidays, promotions of any kind."""
        parts = [self._ahead(self.categories, origin), spread(self.categories.festive(origin), self.horizon)]
        if self.promotions is not None:
            every, kinds = self.promotions.features(origin, self.horizon), len(self.promotions.kinds)
            any_kind = [i for i, name in enumerate(self.promotions.kinds) if name.endswith("any")]
            parts.append(every[:, :, [i + kinds * part for part in range(3) for i in any_kind]])
        return np.concatenate(parts, axis=2)

    def active(self, origin: int) -> Int64[np.ndarray, " n"]:
        """Cells that sold in a few weeks of the last half year: trees have nothing to say of others."""
        return np.flatnonzero(self.cells.weeks_sold(origin) >= FEW)

    def _ahead(self, series: Series, origin: int) -> Float32[np.ndarray, "n horizon 2"]:
        """What the same time of the month and of the year was, for each week ahead."""
        both = [series.monthly(origin, self.horizon), series.year_ago(origin, self.horizon)]
        return np.stack(both, axis=2).astype(np.float32)

    def _known(self, origin: int, n: int) -> Float32[np.ndarray, "n horizon 9"]:
        """What the calendar says of each week ahead, and how far ahead it is."""
        weeks = slice(origin, origin + self.horizon)
        ahead = np.arange(1, self.horizon + 1)
        known = np.column_stack([self.calendar.near[weeks], self.calendar.phase[weeks], ahead])
        return np.repeat(known.astype(np.float32)[None], n, axis=0)
