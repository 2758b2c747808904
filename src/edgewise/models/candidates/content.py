"""What items are like: the values of their columns, links and linked tables, one sparse row an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int64

from edgewise.graph.columns import texts
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING, distinct
from edgewise.models.candidates.evidence import Content, Meetings, codes_over
from edgewise.stypes import SType
from edgewise.tasks.nouns import TaskSpec

__all__ = ["ContentPlan", "Source", "plan_content", "read_content"]

MOST_SOURCES = 10
MOST_SAYINGS = 3
#: Values of one kind are read if so large a share of the items has one that another item has too.
SHARED = 0.05

_KINDS = (SType.CATEGORICAL, SType.BOOLEAN)
_Pairs = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of value: a column of `table`, reached from the item by a link of its own or of that table.

    `kind` is "column" (the item's own), "link" (the row that a foreign key of the item names), "beyond" (a column
    of the row that the foreign key `via` names), "list" (a column or link of a table whose rows name the item by
    `via`), or "words" (those of a text column of the item).
    """

    kind: str
    table: str
    column: str
    via: str = ""

    @property
    def name(self) -> str:
        """The kind of value in words: "brand", "words of title"."""
        if self.kind == "words":
            return f"words of {self.column}"
        return self.column if self.kind in ("column", "link") else f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class ContentPlan:
    """What to read. A saying is a timed table with links to the entity and to the rows that a source's values
    are, such as follows of artists: (table, entity link, link to the value, position of the source)."""

    sources: tuple[Source, ...] = ()
    sayings: tuple[tuple[str, str, str, int], ...] = ()

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ContentPlan:
        """The inverse of `dataclasses.asdict`."""
        sources = tuple(Source(**source) for source in content.get("sources", ()))
        return cls(sources, tuple((t, a, b, int(n)) for t, a, b, n in content.get("sayings", ())))


def plan_content(graph: GraphStore, spec: TaskSpec, cut: int) -> ContentPlan:
    """The sources whose values items share, by what is visible at `cut`."""
    item = str(spec.item)
    visible = graph.times(item) <= cut
    found = [s for s in _possible(graph, spec) if _shared(_read(graph, item, s), visible)][:MOST_SOURCES]
    sayings = []
    for place, source in enumerate(found):
        to = next((e.to for e in graph.schema.links_from(item) if e.column == source.column), "")
        if source.kind == "link" and to != spec.entity:
            sayings += [(*saying, place) for saying in _sayings(graph, spec, to)]
    return ContentPlan(tuple(found), tuple(sayings[:MOST_SAYINGS]))


def read_content(graph: GraphStore, spec: TaskSpec, plan: ContentPlan) -> Content | None:
    """Read the plan's sources; None where there are none."""
    if not plan.sources:
        return None
    item, first = str(spec.item), 0
    rows, values, worth, source_of, offsets = [], [], [], [], []
    for place, source in enumerate(plan.sources):
        who, code = _read(graph, item, source)
        size = int(code.max(initial=-1)) + 1
        lengths = np.bincount(who, minlength=graph.rows(item))
        rows.append(who)
        values.append(code + first)
        worth.append(lengths[who] ** -0.5)
        source_of.append(np.full(size, place, dtype=np.int32))
        offsets.append(first)
        first += size
    who = np.concatenate(rows)
    order = np.argsort(who, kind="stable")
    indptr = np.searchsorted(who[order], np.arange(graph.rows(item) + 1)).astype(np.int64)
    said = [_said(graph, spec, saying, offsets[saying[3]], len(source_of[saying[3]])) for saying in plan.sayings]
    return Content(
        indptr,
        np.concatenate(values)[order].astype(np.int32),
        np.concatenate(worth)[order].astype(np.float32),
        np.concatenate(source_of),
        tuple(source.name for source in plan.sources),
        np.asarray(graph.times(item)),
        tuple(said),
        tuple(saying[3] for saying in plan.sayings),
        tuple(saying[0] for saying in plan.sayings),
    )


def _possible(graph: GraphStore, spec: TaskSpec) -> list[Source]:
    """Sources in the order in which they are preferred."""
    item = str(spec.item)
    links = {e.column: e.to for e in graph.schema.links_from(item)}
    own, beyond, words = [], [], []
    for column in graph.schema.table(item).columns:
        if (item, column.name) in spec.hidden:
            continue
        if column.name in links:
            own.append(Source("link", item, column.name))
            to = links[column.name]
            beyond += [
                Source("beyond", to, c.name, column.name)
                for c in graph.schema.table(to).columns
                if c.stype in _KINDS and (to, c.name) not in spec.hidden
            ]
        elif column.stype in (*_KINDS, SType.MULTICATEGORICAL):
            own.append(Source("column", item, column.name))
        elif column.stype is SType.TEXT:
            words.append(Source("words", item, column.name))
    return [*own, *_lists(graph, spec), *beyond, *words]


def _lists(graph: GraphStore, spec: TaskSpec) -> list[Source]:
    """Columns of tables without times whose rows name an item, unless they are of an entity or of a moment."""
    found = []
    for link in graph.schema.links_to(str(spec.item)):
        table = graph.schema.table(link.table)
        others = [e for e in graph.schema.links_from(link.table) if e.column != link.column]
        tied = table.timed or any(graph.schema.table(e.to).timed or e.to == spec.entity for e in others)
        if tied or link.table in (spec.entity, spec.item):
            continue
        named = {e.column for e in others}
        found += [
            Source("list", link.table, c.name, link.column)
            for c in table.columns
            if (c.name in named or c.stype in _KINDS)
            and c.name not in (link.column, table.key)
            and (link.table, c.name) not in spec.hidden
        ]
    return found


def _sayings(graph: GraphStore, spec: TaskSpec, to: str) -> list[tuple[str, str, str]]:
    """Timed tables that link an entity with rows of `to` and with no item: follows, subscriptions."""
    return [
        (a.table, a.column, b.column)
        for a in graph.schema.links_to(spec.entity)
        for b in graph.schema.links_from(a.table)
        if b.to == to
        and graph.schema.table(a.table).timed
        and all(e.to != spec.item for e in graph.schema.links_from(a.table))
        and (a.table, b.column) not in spec.hidden
    ]


def _said(
    graph: GraphStore, spec: TaskSpec, saying: tuple[str, str, str, int], offset: int, size: int
) -> Meetings:
    table, entity, column, _ = saying
    came = graph.relation(Hop(spec.entity, table, entity, table, reverse=True))
    who = np.repeat(np.arange(len(came.indptr) - 1), np.diff(came.indptr))
    what = graph.forward(table, column)[came.dst].astype(np.int64)
    known = (what >= 0) & (what < size)
    return Meetings(who[known], what[known] + offset, came.at[known])


def _shared(pairs: _Pairs, visible: Bool[np.ndarray, " items"]) -> bool:
    """Whether enough visible items share a value, and not all of them the same."""
    rows, code = pairs
    code = code[visible[rows]]
    counts = np.bincount(code) if len(code) else np.zeros(1, dtype=np.int64)
    return (counts > 0).sum() > 1 and counts[counts > 1].sum() >= SHARED * max(int(visible.sum()), 1)


def _read(graph: GraphStore, item: str, source: Source) -> _Pairs:
    """(item, code) of each value that is not null."""
    if source.kind == "link":
        return _known(np.asarray(graph.forward(item, source.column), dtype=np.int64))
    column = graph.column(source.table, source.column)
    if source.kind == "words":
        return _words(column)
    if source.kind == "column" and not pa.types.is_list(column.type):
        return _known(_encoded(column))
    if source.kind == "column":
        return _several(column)
    if source.kind == "beyond":
        return _known(codes_over(_encoded(column), np.asarray(graph.forward(item, source.via))))
    linked = any(e.column == source.column for e in graph.schema.links_from(source.table))
    code = np.asarray(graph.forward(source.table, source.column)) if linked else _encoded(column)
    who = np.asarray(graph.forward(source.table, source.via))
    return _once(who, code)


def _known(code: Int64[np.ndarray, " items"]) -> _Pairs:
    rows = np.flatnonzero(code >= 0)
    return rows, code[rows]


def _words(column: pa.Array) -> _Pairs:
    """Words in lower case; those of a single character say nothing."""
    plain = texts(column)
    plain = plain.dictionary_decode() if pa.types.is_dictionary(plain.type) else plain
    split = pc.split_pattern_regex(pc.utf8_lower(plain), r"[^\p{L}\p{N}]+")
    return _several(split, least=2)


def _several(column: pa.Array, least: int = 0) -> _Pairs:
    """The distinct entries of lists."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    entries = pc.list_flatten(column)
    code = _encoded(entries)
    if least and pa.types.is_string(entries.type):
        short = pc.less(pc.utf8_length(entries), least).fill_null(True).to_numpy(zero_copy_only=False)
        code = np.where(short, MISSING, code)
    return _once(rows, code)


def _once(rows: Int64[np.ndarray, " n"], code: Int64[np.ndarray, " n"]) -> _Pairs:
    """Each pair once, by row and then by code; those with nothing on a side are left out."""
    known = (rows >= 0) & (code >= 0)
    width = int(code.max(initial=0)) + 1
    pairs = distinct(rows[known].astype(np.int64) * width + code[known])
    return pairs // width, pairs % width


def _encoded(column: pa.Array) -> Int64[np.ndarray, " rows"]:
    """Values as dense codes in the order of their first row; MISSING for null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    return pc.fill_null(array.indices.cast(pa.int64()), MISSING).to_numpy(zero_copy_only=False)
