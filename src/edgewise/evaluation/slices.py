"""Parts of the seeds, and of the label items, on which a model may do better or worse than on the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int64
from numba import njit

from edgewise.clock import ALWAYS, NEVER, iso
from edgewise.evaluation.ranking import seen_before
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.stypes import SType
from edgewise.tasks.nouns import History, Labels, Ragged, Seeds, TaskSpec

__all__ = ["Slice", "history_depth", "item_events", "item_slices", "seed_slices"]

_DEPTHS: Final = (
    ("none", 0, 0),
    ("1–4", 1, 4),
    ("5–19", 5, 19),
    ("20–99", 20, 99),
    ("100–999", 100, 999),
    ("1,000 or more", 1000, 1 << 62),
)
_MOST_ANCHORS: Final = 12
_MOST_COLUMNS: Final = 4
_MOST_VALUES: Final = 6
_MOST_DISTINCT: Final = 50


@dataclass(frozen=True, slots=True)
class Slice:
    """A mask over seeds (`of` "seeds": length n) or over label items (`of` "items": one entry per label value).

    Slices of one `group` ask one question: "history", "item popularity", a column's name.
    """

    group: str
    name: str
    mask: Bool[np.ndarray, " m"]
    of: Literal["seeds", "items"] = "seeds"


def seed_slices(spec: TaskSpec, labels: Labels, graph: GraphStore | None = None) -> list[Slice]:
    """Slices of the seeds: by visible history (none is a cold entity), by anchor, by the entity's categories."""
    found = _by_depth(spec, labels.seeds, graph)
    anchors = np.unique(labels.seeds.at)
    if 1 < len(anchors) <= _MOST_ANCHORS and anchors[0] > ALWAYS and anchors[-1] < NEVER:
        found += [Slice("anchor", iso(int(a)), labels.seeds.at == a) for a in anchors]
    if graph is not None:
        found += _by_columns(graph, spec, labels.seeds)
    return found


def item_slices(spec: TaskSpec, labels: Labels, catalogue: int) -> list[Slice]:
    """Slices of a ranking's label items: repeat and explore, head and tail, new and known items.

    Head: the most popular items that together carry half of the events visible at the earliest anchor. New: an
    item that nobody had before the seed's anchor. MISSING items are in no vocabulary: they are new, tail, explore.
    """
    history, target = spec.history, labels.target
    if history is None or not isinstance(target, Ragged) or history.value.dtype.kind == "f":
        return []
    repeat = seen_before(labels.seeds, history, target)
    known_item = target.values != MISSING
    safe = np.where(known_item, target.values, 0)
    events = item_events(history, catalogue, int(labels.seeds.at.min()) if len(labels) else NEVER)
    first = _first_seen(history, catalogue)
    anchor = np.repeat(labels.seeds.at, target.lengths)
    known = known_item & (first[safe] <= anchor) if catalogue else known_item
    head = known_item & _head(events)[safe] if catalogue else known_item
    return [
        Slice("repeat or explore", "repeat", repeat, "items"),
        Slice("repeat or explore", "explore", ~repeat, "items"),
        Slice("item popularity", "head", head, "items"),
        Slice("item popularity", "tail", ~head, "items"),
        Slice("item age", "known", known, "items"),
        Slice("item age", "new", ~known, "items"),
    ]


def history_depth(history: History, seeds: Seeds) -> Int64[np.ndarray, " n"]:
    """How many events of its own history each seed has at or before its anchor."""
    return _count_visible(seeds.rows, seeds.at, history.indptr, history.at)


def item_events(history: History, catalogue: int, upto: int) -> Int64[np.ndarray, " catalogue"]:
    """How many events each item has at or before a moment."""
    seen = history.value[(history.at <= upto) & (history.value >= 0)]
    return np.bincount(seen.astype(np.int64), minlength=catalogue)[:catalogue]


def _by_depth(spec: TaskSpec, seeds: Seeds, graph: GraphStore | None) -> list[Slice]:
    if spec.history is not None:
        depth = history_depth(spec.history, seeds)
    elif graph is not None:
        depth = np.zeros(len(seeds), dtype=np.int64)
        for hop in graph.hops(spec.entity):
            if hop.reverse:
                relation = graph.relation(hop)
                depth += _count_visible(seeds.rows, seeds.at, relation.indptr, relation.at)
    else:
        return []
    return [Slice("history", name, (low <= depth) & (depth <= high)) for name, low, high in _DEPTHS]


def _by_columns(graph: GraphStore, spec: TaskSpec, seeds: Seeds) -> list[Slice]:
    """One group for each of the entity's categorical columns with the fewest values."""
    eligible = [
        c
        for c in graph.schema.table(spec.entity).columns
        if c.stype in (SType.CATEGORICAL, SType.BOOLEAN)
        and (spec.entity, c.name) not in spec.hidden
        and (c.distinct is None or 2 <= c.distinct <= _MOST_DISTINCT)
    ]
    eligible.sort(key=lambda c: c.distinct if c.distinct is not None else _MOST_DISTINCT)
    found = []
    for column in eligible[:_MOST_COLUMNS]:
        found += _by_value(f"{spec.entity}.{column.name}", graph.column(spec.entity, column.name), seeds.rows)
    return found


def _by_value(group: str, column: pa.Array, rows: Int64[np.ndarray, " n"]) -> list[Slice]:
    """The most frequent values of a column among some rows, then the rest."""
    values = column.take(pa.array(rows, mask=rows < 0))
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    coded = pc.dictionary_encode(values)
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    names = [str(v) for v in coded.dictionary.to_pylist()]
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    if len(names) < 2:
        return []
    kept = order[:_MOST_VALUES]
    found = [Slice(group, names[c], codes == c) for c in kept]
    if len(order) > len(kept):
        found.append(Slice(group, "(other)", np.isin(codes, order[len(kept) :])))
    if (codes < 0).any():
        found.append(Slice(group, "(no value)", codes < 0))
    return found


def _head(events: Int64[np.ndarray, " catalogue"]) -> Bool[np.ndarray, " catalogue"]:
    order = np.argsort(-events, kind="stable")
    carried = np.cumsum(events[order]) - events[order]
    head = np.zeros(len(events), dtype=bool)
    head[order] = (carried < events.sum() / 2) & (events[order] > 0)
    return head


def _first_seen(history: History, catalogue: int) -> Int64[np.ndarray, " catalogue"]:
    first = np.full(catalogue, NEVER, dtype=np.int64)
    known = (history.value >= 0) & (history.value < catalogue)
    np.minimum.at(first, history.value[known], history.at[known])
    return first


@njit(cache=True)
def _count_visible(rows: np.ndarray, anchors: np.ndarray, indptr: np.ndarray, at: np.ndarray) -> np.ndarray:
    depth = np.zeros(len(rows), dtype=np.int64)
    for i in range(len(rows)):
        if 0 <= rows[i] < len(indptr) - 1:
            own = at[indptr[rows[i]] : indptr[rows[i] + 1]]
            depth[i] = np.searchsorted(own, anchors[i], side="right")
    return depth
