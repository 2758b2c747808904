"""From a graph to the evidence of rankings: which tables say who met what, where, and what kind things are.

What to read is decided once, at the training cut, and kept as a plan; reading it again at a later moment then
gives the same columns whatever has been added since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int32, Int64

from edgewise.clock import DAY, NEVER
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING, distinct
from edgewise.models.candidates.content import ContentPlan, plan_content, read_content
from edgewise.models.candidates.evidence import Evidence, Meetings, codes_over
from edgewise.schema.model import Link
from edgewise.stypes import SType
from edgewise.tasks.nouns import TaskSpec

__all__ = ["Plan", "gather", "history_meetings", "plan_evidence"]

MOST_ATTRIBUTES = 4
MOST_COHORTS = 2
#: A linked table is a place if so many facts meet in each of its rows on average: a store, not a basket.
FACTS_A_PLACE = 100
#: How long before the first anchor signals are read.
SIGNAL_DAYS = 28

_KINDS = (SType.CATEGORICAL, SType.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read. Columns are (table, column); places and signals are links of fact tables."""

    attributes: tuple[tuple[str, str], ...] = ()
    cohorts: tuple[tuple[str, str, str], ...] = ()  # table, column, and its link to the entity ("" for its own)
    places: tuple[
        tuple[str, str, str, str, str], ...
    ] = ()  # fact table, entity link, item link, place link, place
    signals: tuple[tuple[str, str, str, str], ...] = ()  # table, item link, place link, place ("" without)
    content: ContentPlan = field(default_factory=ContentPlan)


def plan_evidence(graph: GraphStore, spec: TaskSpec, cut: int) -> Plan:
    """Choose attributes, cohorts, places and signals by what is visible at `cut`."""
    if spec.item is None:
        raise ValueError("a ranking has an item table")
    facts = _facts(graph, spec.entity, spec.item)
    places = tuple(
        (table, entity, item, link.column, link.to)
        for table, entity, item in facts
        for link in graph.schema.links_from(table)
        if link.column not in (entity, item) and _is_place(graph, spec, table, link, cut)
    )
    return Plan(
        _attributes(graph, spec, cut),
        _cohorts(graph, spec, cut),
        places,
        _signals(graph, spec, places),
        plan_content(graph, spec, cut),
    )


@dataclass(frozen=True, slots=True)
class _Signal:
    """The columns of a signalling table, as they are mapped; `where` is None for what is said of every place."""

    at: Int64[np.ndarray, " rows"]
    what: Int32[np.ndarray, " rows"]
    where: Int32[np.ndarray, " rows"] | None


class _Signals(Mapping[str, Meetings]):
    """What signalling tables say after a moment, read anew whenever it is asked for.

    Such a table may have more rows than all others, and they are sorted into a timeline once: nothing here holds
    them beyond that.
    """

    def __init__(self, tables: Mapping[str, _Signal], after: int) -> None:
        self._tables, self._after = tables, after

    def __getitem__(self, table: str) -> Meetings:
        said = self._tables[table]
        seen = np.flatnonzero((said.at < NEVER) & (said.at > self._after))
        where = np.zeros(len(seen), dtype=np.int32) if said.where is None else said.where[seen]
        return Meetings(where, said.what[seen], said.at[seen])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def gather(graph: GraphStore, spec: TaskSpec, plan: Plan, history: Meetings, *, since: int) -> Evidence:
    """Read the plan's tables, for anchors from `since` on, to the end: timelines are read as of anchors."""
    assert spec.item is not None
    visits: dict[str, Meetings] = {}
    stocked: dict[str, Meetings] = {}
    for table, entity, item, column, place in plan.places:
        where = graph.forward(table, column)
        came = graph.relation(Hop(spec.entity, table, entity, table, reverse=True))
        who = np.repeat(np.arange(len(came.indptr) - 1), np.diff(came.indptr))
        visits[place] = Meetings(who, where[came.dst], came.at)
        stocked[place] = Meetings(where, graph.forward(table, item), graph.times(table))
    signals = {
        table: _Signal(
            graph.times(table), graph.forward(table, item), graph.forward(table, where) if place else None
        )
        for table, item, where, place in plan.signals
    }
    return Evidence(
        graph.rows(spec.entity),
        graph.rows(spec.item),
        history,
        {column: _encode(graph.column(table, column)) for table, column in plan.attributes},
        {column: _cohort(graph, spec.entity, table, column, link) for table, column, link in plan.cohorts},
        visits,
        stocked,
        _Signals(signals, since - SIGNAL_DAYS * DAY),
        {table: place for table, _, _, place in plan.signals},
        read_content(graph, spec, plan.content),
    )


def history_meetings(spec: TaskSpec) -> Meetings | None:
    """The task's own history as events; None where it has none."""
    if spec.history is None:
        return None
    lengths = np.diff(spec.history.indptr)
    rows = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    return Meetings(rows, spec.history.value.astype(np.int64), spec.history.at)


def _facts(graph: GraphStore, entity: str, item: str) -> list[tuple[str, str, str]]:
    """Tables that link to both sides, with the two foreign keys."""
    return [
        (a.table, a.column, b.column)
        for a in graph.schema.links_to(entity)
        for b in graph.schema.links_from(a.table)
        if b.to == item and b.column != a.column
    ]


def _is_place(graph: GraphStore, spec: TaskSpec, table: str, link: Link, cut: int) -> bool:
    if (table, link.column) in spec.hidden or link.to in (spec.entity, spec.item):
        return False
    where = graph.forward(table, link.column)[graph.times(table) <= cut]
    met = distinct(where[where >= 0])
    return 1 < len(met) <= len(where) / FACTS_A_PLACE


def _attributes(graph: GraphStore, spec: TaskSpec, cut: int) -> tuple[tuple[str, str], ...]:
    """The item's categories whose number is nearest to the square root of the items: neither two nor thousands."""
    item = str(spec.item)
    visible = graph.times(item) <= cut
    best = np.sqrt(max(visible.sum(), 1))
    found = []
    for column in graph.schema.table(item).columns:
        if (item, column.name) in spec.hidden or not _categorical(graph, item, column.name, column.stype):
            continue
        values = len(np.unique(_encode(graph.column(item, column.name))[visible]))
        if 2 < values <= max(visible.sum() / 2, 3):
            found.append((abs(np.log(values / best)), column.name))
    return tuple((item, name) for _, name in sorted(found)[:MOST_ATTRIBUTES])


def _cohorts(graph: GraphStore, spec: TaskSpec, cut: int) -> tuple[tuple[str, str, str], ...]:
    """Categories of the entity, in its own table or in a static one with at most one row for each entity."""
    sources = [(spec.entity, "")]
    for link in graph.schema.links_to(spec.entity):
        alone = not graph.schema.table(link.table).timed and graph.rows(link.table) <= graph.rows(spec.entity)
        if alone and link.table != spec.item:
            sources.append((link.table, link.column))
    found = []
    for table, link_column in sources:
        for column in graph.schema.table(table).columns:
            taken = (table, column.name) in spec.hidden or column.name == link_column
            if taken or not _categorical(graph, table, column.name, column.stype):
                continue
            codes = _encode(graph.column(table, column.name))[graph.times(table) <= cut]
            values, share = len(np.unique(codes[codes >= 0])), float((codes >= 0).mean()) if len(codes) else 0.0
            if 2 <= values <= 60 and share > 0.3:
                found.append((-min(values, 12) * share, table, column.name, link_column))
    return tuple((table, name, link) for _, table, name, link in sorted(found)[:MOST_COHORTS])


def _signals(
    graph: GraphStore, spec: TaskSpec, places: tuple[tuple[str, str, str, str, str], ...]
) -> tuple[tuple[str, str, str, str], ...]:
    """Timed tables that link to the item but not to the entity; with a place where they link to one."""
    known = {place[4] for place in places}
    found = []
    for link in graph.schema.links_to(str(spec.item)):
        others = graph.schema.links_from(link.table)
        timed = graph.schema.table(link.table).timed
        if not timed or any(o.to == spec.entity for o in others) or (link.table, link.column) in spec.hidden:
            continue
        where = [(o.column, o.to) for o in others if o.to in known]
        found.append((link.table, link.column, *(where[0] if where else ("", ""))))
    return tuple(found)


def _categorical(graph: GraphStore, table: str, column: str, stype: SType) -> bool:
    """Whether a column holds categories: by its type, or as a link that is not the table's key."""
    entry = graph.schema.table(table)
    if column in (entry.key, entry.time):
        return False
    return stype in _KINDS or any(link.column == column for link in graph.schema.links_from(table))


def _encode(column: pa.Array) -> Int64[np.ndarray, " rows"]:
    """Categories as dense codes in the order of their first row; MISSING for null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    return pc.fill_null(array.indices.cast(pa.int64()), MISSING).to_numpy(zero_copy_only=False)


def _cohort(graph: GraphStore, entity: str, table: str, column: str, link: str) -> Int64[np.ndarray, " entities"]:
    """A category for each entity, from its own table or from its first row in another."""
    codes = _encode(graph.column(table, column))
    if not link:
        return codes
    relation = graph.relation(Hop(entity, table, link, table, reverse=True))
    first = np.full(graph.rows(entity), MISSING, dtype=np.int64)
    some = np.flatnonzero(np.diff(relation.indptr))
    first[some] = relation.dst[relation.indptr[some]]
    return codes_over(codes, first)
