"""Lists for strangers to a kind of thing, from what they did with other things: games from films, say.

Whoever met both says which things lead to which items. A stranger has no history with the items, so that how well
this does can be told on people who have one, by looking away from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int64

from edgewise.clock import ALWAYS
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Proposed
from edgewise.models.candidates.cross_graph import cross_graph
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.item_graph import ItemGraph, spread
from edgewise.models.contract import Budget
from edgewise.models.ranking_lists import mean_average_precision
from edgewise.models.ranking_setup import Setup
from edgewise.models.ranking_spare import spare_items
from edgewise.models.ranking_walks import BETTER, climb
from edgewise.tasks.nouns import Ragged, Ranked, TaskSpec

__all__ = ["Elsewhere", "MetElsewhere", "choose_elsewhere", "facts_elsewhere"]

#: People with labels that the settings are chosen on, at most.
MOST_SEEDS: Final = 2_000
#: Events of each side that a graph is made of, the latest.
MOST_EVENTS: Final = 1_000_000
#: A kind of thing needs so many that somebody met, to tell people apart.
FEWEST_THINGS: Final = 20
#: What is tried, in this order; each entry changes one thing.
OPTIONS: Final[tuple[dict[str, float], ...]] = (
    {"alpha": 0.25}, {"alpha": 0.5}, {"leave": 0.3}, {"leave": 0.7}, {"enter": 0.3}, {"enter": 0.1},
    {"enter": 0.7}, {"near": 0.3}, {"near": 1.0},
)  # fmt: skip


class MetElsewhere:
    """Who met which other thing and when, by entity and time; of a graph, read when it is first asked for.

    `facts` are (table, its link to the entity, its link to the other thing). What things lead to is told by the
    graph that a what-if graph was made of.
    """

    def __init__(
        self, graph: GraphStore, spec: TaskSpec, facts: tuple[tuple[str, str, str], ...], static: bool
    ) -> None:
        self._graph, self._entity, self._facts, self._static = graph, spec.entity, facts, static

    @cached_property
    def mine(self) -> Meetings:
        """Of all entities of the graph."""
        return self._read(self._graph)

    @cached_property
    def crowd(self) -> Meetings:
        """Of those that graphs are made of."""
        origin = self._graph.origin
        return self.mine if origin is None else self._read(origin)

    @cached_property
    def starts(self) -> Int64[np.ndarray, " entities_plus_1"]:
        """Where each entity's meetings begin."""
        return np.searchsorted(self.mine.left, np.arange(self._graph.rows(self._entity) + 1)).astype(np.int64)

    @cached_property
    def things(self) -> int:
        """How many things there are, of all kinds."""
        graph = self._graph.origin or self._graph
        return sum(graph.rows(_table_of(graph, table, thing)) for table, _, thing in self._facts)

    def by(self, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Which entities had met anything by their anchors."""
        first = self.starts[rows]
        there = first < self.starts[rows + 1]
        there[there] = self.mine.at[first[there]] <= at[there]
        return there

    def _read(self, graph: GraphStore) -> Meetings:
        parts: list[Meetings] = []
        things = 0
        for table, entity, thing in self._facts:
            what = graph.forward(table, thing)
            at = np.full(len(what), ALWAYS, dtype=np.int64) if self._static else graph.times(table)
            parts.append(Meetings(graph.forward(table, entity), np.where(what >= 0, what + things, MISSING), at))
            things += graph.rows(_table_of(graph, table, thing))
        left, right, moment = (
            np.concatenate([getattr(p, name) for p in parts]) for name in ("left", "right", "at")
        )
        known = np.flatnonzero((left >= 0) & (right >= 0))
        order = known[np.lexsort((moment[known], left[known]))]
        return Meetings(left[order].astype(np.int64), right[order].astype(np.int64), moment[order])


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Which facts are read (see `MetElsewhere`), and how things lead to items (see `cross_graph`)."""

    facts: tuple[tuple[str, str, str], ...]
    alpha: float = 0.0
    leave: float = 0.5
    enter: float = 0.5
    near: float = 0.0
    neighbours: int = 200
    recent: int = 200
    cap: int = 400

    def propose(
        self, met: MetElsewhere, asof: AsOf, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], width: int
    ) -> Proposed:
        """The best items for entities as of their anchors; MISSING where they met nothing elsewhere either."""
        told, history = asof.crowd.evidence, asof.crowd.history

        def build(moment: int) -> ItemGraph:
            both = [side.until(moment).latest(MOST_EVENTS) for side in (met.crowd, history)]
            return cross_graph(
                both[0], both[1], told.entities, met.things, told.items, neighbours=self.neighbours, cap=self.cap,
                alpha=self.alpha, leave=self.leave, enter=self.enter, near=self.near,
            )  # fmt: skip

        items = np.full((len(rows), width), MISSING, dtype=np.int64)
        scores = np.zeros((len(rows), width), dtype=np.float32)
        stamp = at // asof.grid * asof.grid
        for moment in np.unique(stamp):
            here = np.flatnonzero(stamp == moment)
            cross = asof.item_graph(("elsewhere", self), int(moment), build)
            items[here], scores[here] = spread(
                cross, met.mine, rows[here], at[here], met.starts,
                width=width, recent=self.recent, fade=1.0, known=True, targets=told.items,
            )  # fmt: skip
        return Proposed(items, scores)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Elsewhere:
        """The inverse of `to_json`."""
        return cls(**{**content, "facts": tuple(tuple(fact) for fact in content["facts"])})


def facts_elsewhere(graph: GraphStore, spec: TaskSpec, cut: int) -> tuple[tuple[str, str, str], ...]:
    """Tables that link the entity to things of another kind, visible at `cut`, with the two foreign keys."""
    found = []
    for link in graph.schema.links_to(spec.entity):
        others = graph.schema.links_from(link.table)
        if any(other.to == spec.item for other in others):
            continue
        seen = graph.times(link.table) <= cut
        for other in others:
            hidden = {(link.table, link.column), (link.table, other.column)} & set(spec.hidden)
            if other.to == spec.entity or hidden:
                continue
            met = graph.forward(link.table, other.column)[seen]
            if len(np.unique(met[met >= 0])) >= FEWEST_THINGS:
                found.append((link.table, link.column, other.column))
    return tuple(found)


def choose_elsewhere(
    graph: GraphStore, spec: TaskSpec, asof: AsOf, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"],
    target: Ragged, *, setup: Setup, cut: int, budget: Budget,
) -> tuple[Elsewhere | None, dict[str, float]]:  # fmt: skip
    """How to serve strangers from elsewhere, if that ranks better than what is popular, and what was tried.

    People with labels stand for strangers: their own history with the items is not looked at.
    """
    facts, some = facts_elsewhere(graph, spec, cut), np.flatnonzero(target.lengths > 0)
    met = MetElsewhere(graph, spec, facts, setup.static)
    if facts:
        some = some[met.by(rows[some], at[some])]
    if not facts or len(some) == 0:
        return None, {}
    if len(some) > MOST_SEEDS:
        some = np.sort(np.random.default_rng(0).choice(some, MOST_SEEDS, replace=False))
    rows, at, wanted, k = rows[some], at[some], target.take(some), spec.k
    tried: dict[str, float] = {}

    def worth(name: str, items: np.ndarray) -> float:
        found = Ranked(items, np.zeros(items.shape, dtype=np.float32))
        tried[name] = mean_average_precision(found, wanted, k)
        return tried[name]

    # Of strangers nothing is known, so that nothing that they met is left out.
    popular = worth("popular", spare_items(replace(setup, again=True), asof, rows, at, k)[:, :k])

    def of(one: Elsewhere) -> float:
        return worth(_named(one), one.propose(met, asof, rows, at, k).items)

    best, value = climb(Elsewhere(facts), OPTIONS, of, budget)
    return (best if value > popular * BETTER else None), tried


def _named(one: Elsewhere) -> str:
    return f"alpha {one.alpha:g}, from degree^-{one.leave:g} to degree^-{one.enter:g}, near {one.near:g}"


def _table_of(graph: GraphStore, table: str, column: str) -> str:
    return next(link.to for link in graph.schema.links_from(table) if link.column == column)
