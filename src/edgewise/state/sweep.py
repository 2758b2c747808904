"""The as-of sweep: one pass over each entity's time-sorted links that answers all of its anchors.

Linear in the links that are visible plus, per seed, a binary search for each window. An entity's answers depend on
its own links up to each anchor and on nothing else: not on other seeds of the batch, not on later rows.
`reference.py` is the slow twin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Int16, Int32, Int64

from edgewise.clock import NEVER
from edgewise.state.fixed import fixed
from edgewise.state.grid import Grid
from edgewise.state.kernels import sweep_rows

__all__ = ["Events", "feature_names", "sweep"]

#: Beside windows and half-lives, a numerical column gives last, lowest, highest, mean, and means of the last few.
RECENT: Final = (5, 20)


@dataclass(frozen=True, slots=True)
class Events:
    """What the sweep reads of the rows at the far end of a relation, by row id.

    `slots` are positions in a vector of shares (one per kept category over all categorical columns, MISSING for
    the rest); `linked` are rows of other tables that the events refer to, for distinct counts.
    """

    numbers: Float32[np.ndarray, "rows numbers"]
    slots: Int16[np.ndarray, "rows categories"]
    linked: Int32[np.ndarray, "rows links"]
    shares: int


def feature_names(grid: Grid, timed: bool, numbers: list[str], shares: list[str], linked: list[str]) -> list[str]:
    """The names of the sweep's columns, in its order. A static relation has no windows, decays or gaps.

    `active` counts units of time (days, mostly) with at least one event, so that a basket of forty rows is one
    visit; gaps lie between active units. `overdue` is the time since the last event over the mean gap,
    `regularity` the gaps' standard deviation over their mean.
    """
    windows = [grid.name(w) for w in grid.windows] if timed else []
    decays = [grid.name(h) for h in grid.half_lives] if timed else []
    names = ["count"] + [f"count {w}" for w in windows] + [f"decayed count {h}" for h in decays]
    if timed:
        names += ["since last", "since first", "trend"]
        names += ["active", *(f"active {w}" for w in windows), *(f"decayed active {h}" for h in decays)]
        names += ["mean gap", "last gap", "longest gap", "overdue", "regularity"]
    for column in numbers:
        names += [f"{kind} of {column}" for kind in ("last", "min", "max", "mean")]
        names += [f"mean of last {n} {column}" for n in RECENT]
        names += [f"sum of {column} {w}" for w in windows] + [f"mean of {column} {w}" for w in windows[2::2]]
        names += [f"decayed sum of {column} {h}" for h in decays]
        names += [f"decayed mean of {column} {h}" for h in decays]
    names += [f"share of {s}" for s in shares]
    for link in linked:
        names += [f"distinct {link}"] + [f"distinct {link} {w}" for w in windows[2:5:2]]
    return names


def sweep(
    indptr: Int64[np.ndarray, " src_rows_plus_1"],
    dst: Int32[np.ndarray, " links"],
    at: Int64[np.ndarray, " links"],
    rows: Int64[np.ndarray, " n"],
    anchors: Int64[np.ndarray, " n"],
    events: Events,
    grid: Grid,
    timed: bool,
) -> Float32[np.ndarray, "n features"]:
    """The state of `rows[i]` at `anchors[i]`, columns as `feature_names` says. A MISSING row has no links."""
    windows = np.array(grid.windows if timed else (), dtype=np.int64)
    half_lives = np.array(grid.half_lives if timed else (), dtype=np.float64)
    width = len(
        feature_names(
            grid, timed, [""] * events.numbers.shape[1], [""] * events.shares, [""] * events.linked.shape[1]
        )
    )
    out = np.full((len(rows), width), np.nan, dtype=np.float32)
    order = np.lexsort((anchors, rows))
    share_life = float(grid.half_lives[-1]) if timed else 0.0
    sweep_rows(
        fixed(indptr), fixed(dst), fixed(at), fixed(rows), fixed(np.minimum(anchors, NEVER - 1)), order, windows,
        half_lives, share_life, float(grid.unit), timed, fixed(events.numbers), fixed(events.slots),
        fixed(events.linked), events.shares, out,
    )  # fmt: skip
    return out
