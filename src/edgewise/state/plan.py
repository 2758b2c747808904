"""Which state is kept: relations, columns and categories, chosen from the schema and the visible rows by one rule.

The rule: every relation that points at the entity gives counts, decays and gaps. Then columns are dealt out in
turns, one from each relation (largest first), until `limit` features are reached: a relation's numerical and
boolean columns in schema order, then those of the tables that its rows refer to; categories likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow.compute as pc

from edgewise.clock import ALWAYS, NEVER
from edgewise.graph.columns import texts
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.schema.model import Column
from edgewise.state.grid import Grid, grid_for
from edgewise.state.sweep import feature_names
from edgewise.stypes import SType
from edgewise.tasks.nouns import TaskSpec

__all__ = ["Category", "Nested", "Path", "Plan", "RelationPlan", "choose"]

NUMBERS: Final = (SType.NUMERICAL, SType.BOOLEAN)
CATEGORIES: Final = (SType.CATEGORICAL, SType.BOOLEAN)
VALUES_PER_COLUMN: Final = 10
COLUMNS_PER_RELATION: Final = 10
#: A categorical column with more values than this has no shares worth keeping.
MANY_VALUES: Final = 60
#: Rows looked at to count the values of a categorical column: the latest visible ones.
SAMPLE_ROWS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Path:
    """A column of the relation's far rows, or, over their foreign key `via`, of the rows that these refer to."""

    via: str | None
    table: str
    column: str

    def __str__(self) -> str:
        return self.column if self.via is None else f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Category:
    """A categorical column and the values that are kept, most frequent first."""

    path: Path
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelationPlan:
    """What is kept of one relation. `linked` are foreign keys of its far rows whose distinct rows are counted."""

    hop: Hop
    timed: bool
    numbers: tuple[Path, ...] = ()
    categories: tuple[Category, ...] = ()
    linked: tuple[str, ...] = ()

    def names(self, grid: Grid) -> list[str]:
        """The names of this relation's features, without the relation."""
        shares = [f"{c.path}={v}" for c in self.categories for v in c.values]
        return feature_names(grid, self.timed, [str(p) for p in self.numbers], shares, list(self.linked))


@dataclass(frozen=True, slots=True)
class Nested:
    """State of another table's row: the one that the entity, or its latest row over `hop`, refers to by `via`."""

    hop: Hop | None
    via: Hop
    relations: tuple[RelationPlan, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a state is built from, fixed at the training cut."""

    grid: Grid
    relations: tuple[RelationPlan, ...]
    nested: tuple[Nested, ...]
    own_numbers: tuple[Path, ...]
    own_moments: tuple[Path, ...]
    own_categories: tuple[Category, ...]


def choose(graph: GraphStore, spec: TaskSpec, cut: int, limit: int) -> Plan:
    """The plan for the entity of `spec`, from rows visible at `cut`, for about `limit` features."""
    reverse = sorted((h for h in graph.hops(spec.entity) if h.reverse), key=lambda h: -len(graph.relation(h).dst))
    grid = grid_for(_span(graph, [h.dst for h in reverse] or [spec.entity], cut), spec.horizon)
    bare = [RelationPlan(h, graph.schema.table(h.dst).timed, linked=_linked(graph, spec, h)) for h in reverse]
    nested = tuple(_nested(graph, spec, [p for p in bare if p.timed]))
    used = sum(len(p.names(grid)) for p in bare) + 12 * sum(len(n.relations) for n in nested)
    relations = _deal(graph, spec, cut, grid, bare, limit - used)
    numbers, times, categories = _own(graph, spec, cut)
    return Plan(grid, tuple(relations), nested, numbers, times, categories)


def _span(graph: GraphStore, tables: list[str], cut: int) -> int:
    """The time between the first visible row and the cut, in microseconds; 0 where nothing has a time."""
    first = cut
    for table in tables:
        times = graph.times(table)
        known = times[(times != ALWAYS) & (times <= cut)]
        if len(known):
            first = min(first, int(known.min()))
    return cut - first if cut not in (ALWAYS, NEVER) else 0


def _linked(graph: GraphStore, spec: TaskSpec, hop: Hop) -> tuple[str, ...]:
    others = [link.column for link in graph.schema.links_from(hop.dst) if link.column != hop.column]
    return tuple(c for c in others if (hop.dst, c) not in spec.hidden)[:3]


def _deal(
    graph: GraphStore, spec: TaskSpec, cut: int, grid: Grid, bare: list[RelationPlan], left: int
) -> list[RelationPlan]:
    """Deal columns out in turns until `left` features are used up."""
    hands = [_offers(graph, spec, cut, plan) for plan in bare]
    plans, open_hands = list(bare), set(range(len(bare)))
    while open_hands and left > 0:
        for i in sorted(open_hands):
            offer = next(hands[i], None)
            if offer is None:
                open_hands.discard(i)
                continue
            before = len(plans[i].names(grid))
            taken = _with(plans[i], offer)
            cost = len(taken.names(grid)) - before
            if cost <= left:
                plans[i], left = taken, left - cost
            else:
                open_hands.discard(i)
    return plans


def _with(plan: RelationPlan, offer: Path | Category) -> RelationPlan:
    numbers, categories = plan.numbers, plan.categories
    if isinstance(offer, Path):
        numbers = (*numbers, offer)
    else:
        categories = (*categories, offer)
    return RelationPlan(plan.hop, plan.timed, numbers, categories, plan.linked)


def _offers(graph: GraphStore, spec: TaskSpec, cut: int, plan: RelationPlan) -> Iterator[Path | Category]:
    """Columns of one relation in the order they are dealt: numbers and categories alternate."""
    paths = _paths(graph, spec, plan.hop)
    stype = {p: graph.schema.table(p.table).column(p.column).stype for p in paths}
    numbers = [p for p in paths if stype[p] in NUMBERS][:COLUMNS_PER_RELATION]
    categories = [p for p in paths if stype[p] in CATEGORIES and p not in numbers][:COLUMNS_PER_RELATION]
    for i in range(max(len(numbers), len(categories))):
        yield from numbers[i : i + 1]
        for path in categories[i : i + 1]:
            kept = _values(graph, path, cut)
            if kept:
                yield Category(path, kept)


def _paths(graph: GraphStore, spec: TaskSpec, hop: Hop) -> list[Path]:
    """The far table's own readable columns, then those of the tables it refers to (not the entity itself)."""
    paths = [Path(None, hop.dst, c.name) for c in _readable(graph, spec, hop.dst)]
    for link in graph.schema.links_from(hop.dst):
        if link.to != spec.entity and (hop.dst, link.column) not in spec.hidden:
            paths += [Path(link.column, link.to, c.name) for c in _readable(graph, spec, link.to)]
    return paths


def _readable(graph: GraphStore, spec: TaskSpec, table: str) -> list[Column]:
    """Columns that are neither keys, links, the table's own time nor hidden."""
    known = graph.schema.table(table)
    skip = {known.key, known.time, known.clock.column if known.clock else None}
    skip |= {link.column for link in graph.schema.links_from(table)}
    return [c for c in known.columns if c.name not in skip and (table, c.name) not in spec.hidden]


def _values(graph: GraphStore, path: Path, cut: int) -> tuple[str, ...]:
    """The most frequent visible values of a column; none where it has one value or very many."""
    visible = np.flatnonzero(graph.times(path.table) <= cut)[-SAMPLE_ROWS:]
    column = texts(graph.column(path.table, path.column).take(visible))
    counted = sorted(
        ((v["values"], v["counts"]) for v in pc.value_counts(column.drop_null()).to_pylist()),
        key=lambda pair: (-pair[1], pair[0]),
    )
    if not 2 <= len(counted) <= MANY_VALUES:
        return ()
    return tuple(value for value, _ in counted[:VALUES_PER_COLUMN])


def _nested(graph: GraphStore, spec: TaskSpec, timed: list[RelationPlan]) -> Iterator[Nested]:
    """Each other table once: what the entity refers to itself, then what its latest rows refer to."""
    seen = {spec.entity}
    ways: list[tuple[Hop | None, str]] = [(None, spec.entity), *((p.hop, p.hop.dst) for p in timed)]
    for hop, table in ways:
        for via in graph.hops(table):
            if via.reverse or via.dst in seen or (via.table, via.column) in spec.hidden:
                continue
            seen.add(via.dst)
            relations = [
                RelationPlan(h, True, _few_numbers(graph, spec, h))
                for h in graph.hops(via.dst)
                if h.reverse and graph.schema.table(h.dst).timed
            ]
            if relations:
                relations.sort(key=lambda plan: -len(graph.relation(plan.hop).dst))
                yield Nested(hop, via, tuple(relations[:3]))


def _few_numbers(graph: GraphStore, spec: TaskSpec, hop: Hop) -> tuple[Path, ...]:
    paths = [Path(None, hop.dst, c.name) for c in _readable(graph, spec, hop.dst) if c.stype == SType.NUMERICAL]
    return tuple(paths[:3])


def _own(
    graph: GraphStore, spec: TaskSpec, cut: int
) -> tuple[tuple[Path, ...], tuple[Path, ...], tuple[Category, ...]]:
    """The entity's own columns and those of the rows that it refers to."""
    paths = [Path(None, spec.entity, c.name) for c in _readable(graph, spec, spec.entity)]
    for link in graph.schema.links_from(spec.entity):
        if (spec.entity, link.column) not in spec.hidden:
            paths += [Path(link.column, link.to, c.name) for c in _readable(graph, spec, link.to)]
    stype = {p: graph.schema.table(p.table).column(p.column).stype for p in paths}
    numbers = tuple(p for p in paths if stype[p] in NUMBERS)[:40]
    times = [p for p in paths if stype[p] == SType.TIMESTAMP][:10]
    if (own_time := graph.schema.table(spec.entity).time) is not None:
        times.insert(0, Path(None, spec.entity, own_time))
    kept = [Category(p, _values(graph, p, cut)) for p in paths if stype[p] == SType.CATEGORICAL]
    return numbers, tuple(times), tuple(c for c in kept if c.values)[:20]
