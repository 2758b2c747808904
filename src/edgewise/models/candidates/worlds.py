"""The timelines of a graph and a history, made once and shared by all models that read them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import NamedTuple
from weakref import WeakKeyDictionary, ref

import numpy as np

from edgewise.graph.store import GraphStore
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.read import Plan, gather, history_meetings
from edgewise.tasks.nouns import History, Seeds, TaskSpec

__all__ = ["past_of", "world_of"]


class _Kept(NamedTuple):
    """A world and its first anchor."""

    asof: AsOf
    since: int


#: Worlds go when their history goes: with the run, or the question, that holds it.
_WORLDS: WeakKeyDictionary[History, dict[Hashable, _Kept]] = WeakKeyDictionary()


def world_of(graph: GraphStore, spec: TaskSpec, plan: Plan, grid: int, seeds: Seeds, since: int) -> AsOf:
    """The timelines of the task's history for anchors from `since` on.

    In a what-if graph (`graph.origin`) only the seeds' own past is read there; what is popular, met together or
    in stock is that of the graph it was made of, which knows nothing of copies.
    """
    if spec.history is None:
        raise ValueError("a world is made of a history")
    if graph.origin is not None and spec.history.origin is not None:
        crowd = world_of(graph.origin, replace(spec, history=spec.history.origin), plan, grid, seeds, since)
        mine = gather(graph, spec, replace(plan, signals=()), past_of(spec, seeds), since=since)
        told = crowd.evidence
        return AsOf(replace(mine, signals=told.signals, signal_place=told.signal_place), grid, crowd)
    worlds = _WORLDS.setdefault(spec.history, {})
    key = (ref(graph), plan, grid, spec.entity, spec.item)
    kept = worlds.get(key)
    if kept is None or kept.since > since:
        met = history_meetings(spec)
        assert met is not None
        kept = worlds[key] = _Kept(AsOf(gather(graph, spec, plan, met, since=since), grid), since)
    return kept.asof


def past_of(spec: TaskSpec, seeds: Seeds) -> Meetings:
    """The history of the seeds' entities alone."""
    every = history_meetings(spec)
    assert every is not None
    asked = np.zeros(int(max(every.left.max(initial=0), seeds.rows.max(initial=0))) + 1, dtype=bool)
    asked[seeds.rows[seeds.rows >= 0]] = True
    mine = asked[every.left]
    return Meetings(every.left[mine], every.right[mine], every.at[mine])
