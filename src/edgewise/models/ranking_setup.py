"""What every ranking model decides first: what to read, whether things repeat, and which links it may see."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from edgewise.clock import ALWAYS
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.content import ContentPlan
from edgewise.models.candidates.evidence import Evidence, Meetings
from edgewise.models.candidates.read import Plan, gather, history_meetings, plan_evidence
from edgewise.models.candidates.shelf import Liking
from edgewise.models.candidates.worlds import past_of, world_of
from edgewise.models.ranking_walks import Walks
from edgewise.query.kinds import TaskKind
from edgewise.state.pair import PairReading
from edgewise.tasks.nouns import Labels, Ragged, Seeds, TaskSpec

__all__ = ["Setup", "links_of", "moments_of", "ranking_target", "repeat_share", "was_met"]

#: Below this share of repeated items among the labels, items met before are not proposed again.
REPEAT_SHARE = 0.01
#: With more distinct anchors than this, item-item graphs are shared between neighbouring anchors.
MOST_MOMENTS = 16
#: In a world of repeats with so many events, item-item graphs say little beside one's own habits and cost much:
#: one serves four horizons.
MANY_EVENTS = 300_000


@dataclass(frozen=True, slots=True)
class Setup:
    """Fitted at the training cut. `again`: whether an entity meets the same item again. `grid`: see `AsOf`.

    Tables are made for `block` microseconds of anchors at a time. `walks` are chosen later, on validation; so is
    `liking`, learnt from the training labels: how items that few have met are told apart.
    `without` are parts of `models.contract.PARTS` that are left out.
    """

    plan: Plan
    static: bool
    again: bool
    grid: int = 1
    block: int = 1
    walks: Walks | None = None
    liking: Liking | None = None
    without: tuple[str, ...] = ()

    @classmethod
    def fit(cls, graph: GraphStore, spec: TaskSpec, train: Labels, without: frozenset[str] = frozenset()) -> Setup:
        """Decide on the training labels and on what is visible at the last training anchor."""
        static = spec.kind == TaskKind.STATIC_RANKING
        cut = ALWAYS if static else int(train.seeds.at.max(initial=ALWAYS))
        plan = plan_evidence(graph, spec, cut)
        again = not static and repeat_share(spec, train) >= REPEAT_SHARE
        moments = np.unique(train.seeds.at)
        block = 1 if len(moments) <= MOST_MOMENTS else max(1, int(moments[-1] - moments[0]) // MOST_MOMENTS)
        grid = block
        if again and spec.history is not None and len(spec.history.at) > MANY_EVENTS:
            grid = max(grid, 4 * spec.horizon)
        return cls(plan, static, again, grid, block, without=tuple(sorted(without)))

    def world(
        self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, links: Meetings | None = None, whole: bool = False
    ) -> AsOf:
        """The timelines for these seeds. `links` are the links a static model, or one without history, knows.

        A model that only counts the history reads it alone, unless `whole`. A history's timelines are made once
        for a graph, and read by every model, in training and after: they show nothing later than an anchor.
        """
        since = int(moments_of(self, seeds).min(initial=0))
        if self.static or spec.history is None:
            nothing = np.zeros(0, dtype=np.int64)
            met = links if links is not None else Meetings(nothing, nothing, nothing)
            plan = self.plan if whole else Plan(cohorts=self.plan.cohorts)
            if graph.origin is None or spec.history is None:
                return AsOf(gather(graph, spec, plan, met, since=since), self.grid)
            crowd = AsOf(gather(graph.origin, spec, plan, met, since=since), self.grid)
            return AsOf(gather(graph, spec, plan, past_of(spec, seeds), since=since), self.grid, crowd)
        asof = world_of(graph, spec, self.plan, self.grid, seeds, since)
        return asof if whole else asof.narrowed()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Setup:
        """The inverse of `to_json`."""
        told = {name: entries for name, entries in content["plan"].items() if name != "content"}
        plan = {name: tuple(tuple(entry) for entry in entries) for name, entries in told.items()}
        return cls(
            Plan(**plan, content=ContentPlan.from_json(content["plan"].get("content", {}))),
            bool(content["static"]),
            bool(content["again"]),
            int(content["grid"]),
            int(content["block"]),
            None if content.get("walks") is None else Walks.from_json(content["walks"]),
            None if content.get("liking") is None else Liking.from_json(content["liking"]),
            tuple(content.get("without", ())),
        )


def moments_of(setup: Setup, seeds: Seeds) -> Int64[np.ndarray, " n"]:
    """The anchors; in a static task, where time means nothing, all the same."""
    return np.zeros_like(seeds.at) if setup.static else seeds.at


def ranking_target(labels: Labels) -> Ragged:
    """The lists of a ranking's labels."""
    if not isinstance(labels.target, Ragged):
        raise ValueError("labels of a ranking hold lists of items")
    return labels.target


def links_of(spec: TaskSpec, labels: Labels) -> Meetings:
    """Labels as links: in a static task they always were, otherwise they are known when their window has ended."""
    target = ranking_target(labels)
    rows = np.repeat(labels.seeds.rows, target.lengths)
    if spec.kind == TaskKind.STATIC_RANKING:
        at = np.full(len(rows), ALWAYS, dtype=np.int64)
    else:
        at = np.repeat(labels.seeds.at, target.lengths) + spec.start + spec.horizon
    known = (rows >= 0) & (target.values != MISSING)
    order = np.lexsort((at[known], rows[known]))
    return Meetings(rows[known][order], target.values[known][order], at[known][order])


def repeat_share(spec: TaskSpec, labels: Labels) -> float:
    """The share of label items that the entity had met before its anchor."""
    history = history_meetings(spec)
    if history is None:
        return 0.0
    target = ranking_target(labels)
    asof = AsOf(Evidence(int(history.left.max(initial=-1)) + 1, 0, history))
    rows, at = np.repeat(labels.seeds.rows, target.lengths), np.repeat(labels.seeds.at, target.lengths)
    return float(was_met(asof, rows, target.values, at).mean()) if len(rows) else 0.0


def was_met(asof: AsOf, rows: np.ndarray, items: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Whether each entity had met each item by its anchor: bool[n]."""
    return asof.own.read(rows, items, at, PairReading(rhythm=False))[:, 0] > 0
