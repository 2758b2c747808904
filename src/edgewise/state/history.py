"""What the target's own past says: lagged labels, decays, shares of classes, and the rank among all entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numba import njit

from edgewise.clock import NEVER
from edgewise.ids import MISSING
from edgewise.state.decay import faded
from edgewise.state.fixed import fixed
from edgewise.state.grid import Grid, grid_for
from edgewise.state.lags import LAGS, lagged
from edgewise.state.plan_json import grid_from_json
from edgewise.state.sweep import Events, feature_names, sweep
from edgewise.tasks.nouns import History, TaskSpec

__all__ = ["HistoryState"]

CLASSES: Final = 16
#: With more entities than this, no seed is ranked among all of them.
RANKED_ENTITIES: Final = 20_000


@dataclass(frozen=True, slots=True)
class HistoryState:
    """What is kept of the history, fixed at the training cut.

    `classes` are the most frequent codes of a category or link; empty for numbers. `counted` says that each event
    weighs one. `begin` is the time of the first event: lags that reach before it are unknown rather than zero.
    """

    grid: Grid
    step: int
    begin: int
    counted: bool
    classes: tuple[int, ...]
    coded: bool
    ranked: bool

    @classmethod
    def fit(cls, history: History, spec: TaskSpec, cut: int) -> HistoryState:
        """Look at the events visible at `cut`."""
        seen = history.at <= cut
        at, value = history.at[seen], history.value[seen]
        begin = int(at.min()) if len(at) else 0
        coded = value.dtype.kind == "i"
        kept: tuple[int, ...] = ()
        if coded and len(value):
            codes, counts = np.unique(value[value != MISSING], return_counts=True)
            kept = tuple(int(c) for c in codes[np.lexsort((codes, -counts))][:CLASSES])
        counted = not coded and bool((value == 1.0).all())
        ranked = len(history.indptr) - 1 <= RANKED_ENTITIES and spec.horizon > 0
        grid = grid_for(max(cut - begin, 0), spec.horizon)
        return cls(grid, spec.horizon, begin, counted, kept, coded, ranked)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> HistoryState:
        """The inverse of `dataclasses.asdict`."""
        grid = grid_from_json(found["grid"])
        return cls(**{**found, "grid": grid, "classes": tuple(found["classes"])})

    def names(self) -> list[str]:
        """The names of the features, in the order of `build`."""
        names: list[str] = []
        if self.step > 0:
            names += [f"lag {j} {kind}" for kind in self._lag_kinds() for j in range(1, LAGS + 1)]
            for kind in self._lag_kinds():
                names += [
                    f"{what} {kind}" for what in ("mean of 4 lags", "mean of 8 lags", "highest", "lowest", "trend")
                ]
            names += ["lags with events"]
            names += ["all entities, lag 1", "all entities, lag 1 to 2", "all entities, lag 1 to 8"]
        if self.ranked:
            names += ["rank among entities"]
        if not self.counted:
            names += feature_names(self.grid, True, *self._swept())
        return [f"history: {name}" for name in names]

    def build(
        self, history: History, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
    ) -> Float32[np.ndarray, "n features"]:
        """The features of each row at each anchor, from events at or before it."""
        rows = np.where(rows < len(history.indptr) - 1, rows, MISSING)
        blocks = [np.zeros((len(rows), 0), np.float32)]
        if self.step > 0:
            blocks += [*self._lags(history, rows, at), self._market(history, at)]
        if self.ranked:
            blocks.append(self._rank(history, rows, at)[:, None])
        if not self.counted:
            blocks.append(self._sweep(history, rows, at))
        return np.concatenate(blocks, axis=1).astype(np.float32)

    def _lag_kinds(self) -> tuple[str, ...]:
        if self.coded:
            return ("count", "distinct")
        return ("sum",) if self.counted else ("sum", "mean")

    def _swept(self) -> tuple[list[str], list[str], list[str]]:
        numbers = [] if self.coded else ["value"]
        return numbers, [f"class {c}" for c in self.classes], ["values"] if self.coded else []

    def _lags(
        self, history: History, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
    ) -> list[Float64[np.ndarray, "n columns"]]:
        windows = lagged(history, rows, at, self.step)
        reaches = at[:, None] - np.arange(1, LAGS + 1)[None, :] * self.step
        known = reaches >= self.begin - self.step
        found = {k: np.where(known, v, np.nan) for k, v in windows.named().items()}
        summary = []
        for kind in self._lag_kinds():
            x = found[kind]
            summary += [_mean(x[:, :4]), _mean(x), _extreme(x, np.fmax), _extreme(x, np.fmin)]
            summary += [_mean(x[:, :2]) - _mean(x[:, 2:6])]
        summary += [_mean(found["exists"])]
        return [*(found[kind] for kind in self._lag_kinds()), np.stack(summary, axis=1)]

    def _market(self, history: History, at: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 3"]:
        """How busy all entities together were lately: events of the last window, and ratios to those before."""
        moments, position = np.unique(at, return_inverse=True)
        everything = np.sort(history.at)
        back = np.arange(0, LAGS + 1)[None, :] * self.step
        edges = np.searchsorted(everything, moments[:, None] - back, side="right")
        counts = -np.diff(edges, axis=1).astype(np.float64)
        ratio = (counts[:, 0] + 1) / (counts[:, 1] + 1), (counts[:, 0] + 1) / (counts.mean(axis=1) + 1)
        return np.stack([np.log1p(counts[:, 0]), *ratio], axis=1)[position]

    def _rank(
        self, history: History, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " n"]:
        """The share of all entities whose decayed sum at the anchor is below the seed's (ties count half)."""
        value = np.ones(len(history.at)) if self.coded else np.nan_to_num(np.asarray(history.value, np.float64))
        moments, position = np.unique(np.minimum(at, NEVER - 1), return_inverse=True)
        out = np.full(len(rows), np.nan)
        half_life = float(self.grid.half_lives[len(self.grid.half_lives) // 2])
        for first in range(0, len(moments), 64):
            level = _levels(
                *map(fixed, (history.indptr, history.at, value, moments[first : first + 64])), half_life
            )
            ordered = np.sort(level, axis=1)
            for i in range(len(level)):
                mine = np.flatnonzero((position == first + i) & (rows >= 0))
                x = level[i, rows[mine]]
                both = np.searchsorted(ordered[i], x, "left") + np.searchsorted(ordered[i], x, "right")
                out[mine] = both / 2 / max(level.shape[1], 1)
        return out

    def _sweep(
        self, history: History, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
    ) -> Float32[np.ndarray, "n columns"]:
        count = len(history.at)
        blank = np.empty((count, 0))
        slots = np.full((count, 1), MISSING, np.int16)
        for slot, code in enumerate(self.classes):
            slots[history.value == code, 0] = slot
        events = Events(
            numbers=(blank if self.coded else history.value[:, None]).astype(np.float32),
            slots=slots if self.coded else blank.astype(np.int16),
            linked=(history.value[:, None] if self.coded else blank).astype(np.int32),
            shares=len(self.classes),
        )
        dst = np.arange(count, dtype=np.int32)
        return sweep(history.indptr, dst, history.at, rows, at, events, self.grid, True)


def _mean(values: Float64[np.ndarray, "n lags"]) -> Float64[np.ndarray, " n"]:
    """The mean of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.divide(
        np.where(known, values, 0).sum(axis=1), count, out=np.full(len(values), np.nan), where=count > 0
    )


def _extreme(values: Float64[np.ndarray, "n lags"], which: np.ufunc) -> Float64[np.ndarray, " n"]:
    return np.asarray(which.reduce(values, axis=1))


@njit(cache=True, nogil=True)
def _levels(
    indptr: np.ndarray, at: np.ndarray, value: np.ndarray, anchors: np.ndarray, half_life: float
) -> np.ndarray:
    """The decayed sum of each entity at each anchor (ascending): float64[anchors, entities]."""
    entities = len(indptr) - 1
    out = np.zeros((len(anchors), entities))
    for e in range(entities):
        state, since, i = 0.0, np.int64(0), indptr[e]
        for a in range(len(anchors)):
            while i < indptr[e + 1] and at[i] <= anchors[a]:
                state = faded(state, at[i] - since, half_life) + value[i]
                since = at[i]
                i += 1
            out[a, e] = faded(state, anchors[a] - since, half_life) if state != 0.0 else 0.0
    return out
