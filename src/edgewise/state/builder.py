"""The as-of state of seeds: everything that boosted trees and the graph network's dense input know.

    builder = StateBuilder.fit(graph, spec, cut)           # choose columns and categories from what is visible
    table = builder.build(graph, spec, seeds)              # StateTable: float32[n, features], names, groups
    builder.save(folder); StateBuilder.load(folder)

Reads rows at or before each seed's anchor only. Where the graph has long been silent at an anchor (longer than
it ever was up to the cut), nothing has been recorded, rather than nothing happened: such seeds are read as of the
last visible row (`seen` gives the seeds at the moments they are read). For a task that is asked of stale data
(`spec.staleness`), the length of such a silence is a feature; otherwise a model has never met one.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.clock import ALWAYS, NEVER
from edgewise.errors import RunError
from edgewise.graph.store import GraphStore
from edgewise.state.calendar import CALENDAR, calendar
from edgewise.state.columns import EventColumns
from edgewise.state.history import HistoryState
from edgewise.state.own import own_columns, own_names
from edgewise.state.plan import Nested, Plan, RelationPlan, choose
from edgewise.state.plan_json import plan_from_json
from edgewise.state.recent import recent
from edgewise.state.sweep import sweep
from edgewise.state.table import StateTable
from edgewise.tasks.nouns import History, Seeds, TaskSpec

__all__ = ["LIMIT", "StateBuilder"]

#: About how many features a state has at most; `plan.py` says how they are dealt out.
LIMIT: Final = 360
THREADS: Final = 2
#: Of another table's row, these are kept.
NESTED_KINDS: Final = ("count", "decayed count", "since last", "mean of last 5", "last of", "decayed mean")


class StateBuilder:
    """A fixed plan, and the memory-mapped columns that it reads."""

    def __init__(self, plan: Plan, ahead: int, slack: int, history: HistoryState | None) -> None:
        self.plan = plan
        self._ahead = ahead
        self._slack = slack
        self._history = history
        self._columns = EventColumns()

    @classmethod
    def fit(
        cls, graph: GraphStore, spec: TaskSpec, cut: int, *, history: History | None = None, limit: int = LIMIT
    ) -> StateBuilder:
        """Choose what to keep from rows visible at `cut` (microseconds, the latest training anchor).

        `history` takes the place of `spec.history`, for label tables whose own past is the history.
        """
        known = history if history is not None else spec.history
        kept = None if known is None else HistoryState.fit(known, spec, cut)
        plan = choose(graph, spec, cut, limit - (0 if kept is None else len(kept.names())))
        builder = cls(plan, spec.start + spec.horizon // 2, 0, kept)
        times = builder._columns.sorted_times(graph, _clock(graph, spec))
        builder._slack = max(_longest_silence(times, cut), spec.horizon)
        return builder

    def build(
        self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, history: History | None = None
    ) -> StateTable:
        """The state of each seed at its anchor; unknown entities (MISSING rows) get that of one without links."""
        read_at, silence = self._read_at(graph, spec, seeds)
        blocks = [calendar(seeds.at, self._ahead), silence[:, None]]
        names, groups = [*CALENDAR, "silence"], ["calendar"] * (len(CALENDAR) + 1)
        known = history if history is not None else spec.history
        if self._history is not None and known is not None:
            blocks.append(self._history.build(known, seeds.rows, read_at))
            names += self._history.names()
            groups += ["label history"] * len(self._history.names())
        own = own_names(self.plan)
        blocks.append(own_columns(graph, spec.entity, self.plan, seeds.rows, read_at))
        names, groups = names + own, groups + ["own columns"] * len(own)
        for plan in self.plan.relations:
            blocks.append(self._relation(graph, plan, seeds.rows, read_at))
            names += [f"{plan.hop.dst}.{plan.hop.column}: {n}" for n in plan.names(self.plan.grid)]
            groups += [str(plan.hop)] * blocks[-1].shape[1]
        for nested in self.plan.nested:
            block, kept = self._nested(graph, nested, seeds.rows, read_at)
            blocks.append(block)
            names, groups = names + kept, groups + [str(nested.via)] * len(kept)
        return StateTable(np.concatenate(blocks, axis=1).astype(np.float32), tuple(names), tuple(groups))

    def seen(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds) -> Seeds:
        """The seeds at the moments they are read: their anchors, or the last row before a long silence."""
        return Seeds(seeds.table, seeds.rows, self._read_at(graph, spec, seeds)[0])

    def fingerprint(self) -> str:
        """A text that is equal for builders that build the same."""
        return json.dumps(self._content())

    def save(self, folder: FilePath) -> None:
        """Write the plan as `state.json`."""
        (folder / "state.json").write_text(json.dumps(self._content(), indent=1))

    def _content(self) -> dict[str, Any]:
        return {
            "plan": asdict(self.plan),
            "ahead": self._ahead,
            "slack": self._slack,
            "history": None if self._history is None else asdict(self._history),
        }

    @classmethod
    def load(cls, folder: FilePath) -> StateBuilder:
        """Read what `save` wrote.

        Raises:
            RunError: the file is missing or damaged.
        """
        try:
            content = json.loads((folder / "state.json").read_text())
            kept = content["history"]
            history = None if kept is None else HistoryState.from_json(kept)
            plan = plan_from_json(content["plan"])
            return cls(plan, content["ahead"], content["slack"], history)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"cannot read the state's plan in '{folder}': {error}", hint="fit again") from error

    def _read_at(
        self, graph: GraphStore, spec: TaskSpec, seeds: Seeds
    ) -> tuple[Int64[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
        """When each seed is read, and how long the graph had been silent by then (in the grid's unit)."""
        times = self._columns.sorted_times(graph, _clock(graph, spec))
        anchors = seeds.at
        visible = anchors if seeds.known is None else np.minimum(anchors, seeds.known)
        seen = np.searchsorted(times, visible, side="right")
        last = times[np.maximum(seen - 1, 0)] if len(times) else anchors
        gap = np.where((seen > 0) & (anchors < NEVER), anchors - last, 0)
        long = gap > self._slack
        read_at = np.where(long, last, visible)
        silence = np.where(long & (spec.staleness == 0), 0, gap) / self.plan.grid.unit
        return read_at, silence.astype(np.float32)

    def _relation(
        self, graph: GraphStore, plan: RelationPlan, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
    ) -> Float32[np.ndarray, "n features"]:
        """Sweep one relation, entities split over threads; the split changes nothing in the result."""
        relation = graph.relation(plan.hop)
        events = self._columns.events(graph, plan)
        parts = [np.flatnonzero(rows % THREADS == part) for part in range(THREADS)]

        def part(index: np.ndarray) -> np.ndarray:
            return sweep(
                np.asarray(relation.indptr), np.asarray(relation.dst), np.asarray(relation.at),
                rows[index], at[index], events, self.plan.grid, plan.timed,
            )  # fmt: skip

        if len(rows) < 64:
            return part(np.arange(len(rows)))
        out = np.empty((len(rows), len(plan.names(self.plan.grid))), dtype=np.float32)
        with ThreadPoolExecutor(THREADS) as pool:
            for index, block in zip(parts, pool.map(part, parts), strict=True):
                out[index] = block
        return out

    def _nested(
        self, graph: GraphStore, nested: Nested, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]
    ) -> tuple[Float32[np.ndarray, "n features"], list[str]]:
        near = rows if nested.hop is None else recent(graph.relation(nested.hop), rows, at, 1)[0][:, 0]
        far = graph.forward(nested.via.table, nested.via.column)
        there = np.where(near >= 0, far[np.maximum(near, 0)], -1) if len(far) else np.full(len(rows), -1)
        prefix = f"{nested.via.column} -> {nested.via.dst}"
        blocks, names = [np.zeros((len(rows), 0), np.float32)], []
        for plan in nested.relations:
            kinds = plan.names(self.plan.grid)
            kept = [j for j, name in enumerate(kinds) if name.startswith(NESTED_KINDS)]
            blocks.append(self._relation(graph, plan, there, at)[:, kept])
            names += [f"{prefix}: {plan.hop.dst}.{plan.hop.column}: {kinds[j]}" for j in kept]
        return np.concatenate(blocks, axis=1), names


def _clock(graph: GraphStore, spec: TaskSpec) -> str | None:
    """The table whose rows show that the graph is alive: the largest timed one linked to the entity, or itself."""
    near = [h.dst for h in graph.hops(spec.entity)] + [spec.entity]
    timed = [t for t in near if graph.schema.table(t).timed]
    return max(timed, key=graph.rows) if timed else None


def _longest_silence(clock_times: Int64[np.ndarray, " rows"], cut: int) -> int:
    known = clock_times[(clock_times != ALWAYS) & (clock_times <= cut)]
    return int(np.diff(known).max()) if len(known) > 1 else 0
