"""How far off forecasts of each node usually are: the unit that its intervals are measured in.

A store that sells the same every week and one that sells by chance may have the same forecast, but not the same
interval. Smoothing forecasts every node at every past origin, which costs next to nothing; how far it was off is
the node's own, drawn towards what nodes show of which as much is expected. Quantiles are then read off errors in
these units (split conformal prediction with normalised scores; Papadopoulos, Gammerman & Vovk, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64

from edgewise.decisions.forecast.calendar import Calendar
from edgewise.decisions.forecast.smoothing import FIRST, Smoother

__all__ = ["Usual", "usual_errors"]

#: A node's own errors count as much as what its forecast says after so many of them in weeks with sales.
_ENOUGH: Final = 32.0
#: Variance grows with what is expected to this power: between that of single sales and that of shares.
_POWER: Final = 1.5
#: So many latest origins are looked at.
_ORIGINS: Final = 52
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Usual:
    """How far off forecasts of a level's nodes are.

    `own` is the mean squared error of each node, `seen` how many errors it counts as, `law` the squared error over
    the forecast to the power of 1.5, of all nodes together.
    """

    own: Float64[np.ndarray, " nodes"]
    seen: Float64[np.ndarray, " nodes"]
    law: float

    def at(self, forecast: Float64[np.ndarray, "nodes ahead"]) -> Float64[np.ndarray, "nodes ahead"]:
        """The usual error of each forecast, in its unit; 0 where nothing is expected.

        Variances are drawn together in proportion, so that a few restless nodes do not widen all others.
        """
        like = np.log(np.maximum(self.law, _TINY)) + _POWER * np.log(np.maximum(forecast, _TINY))
        own = np.log(np.maximum(self.own, _TINY))[:, None]
        trust = (self.seen / (self.seen + _ENOUGH))[:, None]
        return np.asarray(np.where(forecast > 0, np.exp((trust * own + (1 - trust) * like) / 2), 0.0))


def usual_errors(demand: Float64[np.ndarray, "nodes weeks"], calendar: Calendar, horizon: int) -> Usual:
    """What smoothing says of a level's nodes at each past origin, against what came.

    Errors count in as far as a node sells: hundreds of weeks without a sale say little of those with one.
    """
    weeks = demand.shape[1]
    first = max(min(FIRST, weeks - 1), weeks - _ORIGINS)
    smoother = Smoother(demand, demand.sum(axis=0), calendar)
    squares, like, count = np.zeros(len(demand)), 0.0, 0
    for origin in range(first, weeks):
        came = demand[:, origin : origin + horizon]
        made = smoother.at(origin, horizon)[:, : came.shape[1]]
        squares += ((made - came) ** 2).sum(axis=1)
        like += float((made**_POWER).sum())
        count += came.shape[1]
    sells = (demand[:, first:] > 0).mean(axis=1)
    return Usual(squares / count, count * sells, float(squares.sum()) / max(like, _TINY))
