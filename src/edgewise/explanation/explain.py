"""Explanation by removal: what the model answers of copies of the entity that each lack one thing.

The effect of a thing is measured, not attributed: the model itself answers with and without it, on the same
graph, at the same anchor, in one batch (leave-one-out; Robnik-Sikonja & Kononenko 2008).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.clock import iso
from edgewise.explanation.nouns import Evidence, Explanation
from edgewise.explanation.sentence import Names, sentence_of
from edgewise.explanation.units import Unit, Visible, units_of, visible_lists
from edgewise.graph.copies import Copy, with_copies
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.models.contract import Model
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, History, Prediction, Ranked, Seeds, TaskSpec

__all__ = ["Proposes", "explain"]

#: How deep a ranking is read to find the explained item in each copy's answer.
DEPTH = 200
SHOWN = 12


@runtime_checkable
class Proposes(Protocol):
    """A model that can say which candidate channels proposed an item."""

    def channels_of(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, item: int) -> dict[str, int]:
        """The channels that proposed the item to the (single) seed, and its place in each, from 1."""


def explain(
    model: Model,
    graph: GraphStore,
    spec: TaskSpec,
    row: int,
    at: int,
    *,
    item: int | None = None,
    entity: Any = None,
) -> Explanation:
    """Why the model answers as it does for `row` of `spec.entity` at `at` (microseconds).

    A ranking is explained for `item` (a row of `spec.item`, or an index into `spec.classes`); by default for
    the item that it puts first. `entity` is what the entity is called, by default its key.
    """
    seeds = Seeds(spec.entity, np.array([row], dtype=np.int64), np.array([at], dtype=np.int64))
    if spec.kind.ranks and item is None:
        item = int(model.predict(graph, spec, seeds, k=1).items[0, 0])  # type: ignore[union-attr]  # a Ranked
    of_table = item if spec.item is not None else None
    visible = visible_lists(graph, spec.entity, row, at)
    units = units_of(graph, spec, row, visible, of_table)
    copies = [Copy(), _bare(units, visible), *(unit.copy(visible) for unit in units)]
    twin, rows = with_copies(graph, spec.entity, row, copies)
    told = replace(spec, history=_history(graph, spec, row, copies, visible))
    every = Seeds(spec.entity, rows, np.full(len(rows), at, dtype=np.int64))
    predicted = model.predict(twin, told, every, k=DEPTH)
    answers, ranks = _answers(predicted, spec, item)
    evidence = tuple(
        _evidence(unit, answers[0] - answer, rank, visible)
        for unit, answer, rank in zip(units, answers[2:], ranks[2:], strict=True)
    )
    ordered = tuple(sorted(evidence, key=lambda e: -abs(e.effect)))[:SHOWN]
    proposed = (
        model.channels_of(graph, spec, seeds, item) if isinstance(model, Proposes) and item is not None else {}
    )
    explained = Explanation(
        entity=_key(graph, spec.entity, row) if entity is None else entity,
        anchor_time=iso(at) if at else None,
        item=None if item is None or item == MISSING else _item_key(graph, spec, item),
        answer=float(answers[0]),
        without=float(answers[1]),
        unit=_unit(spec),
        rank=ranks[0],
        evidence=ordered,
        channels=proposed,
        predicted=_class(predicted, spec),
    )
    names = Names(graph.schema.table(spec.entity).key or spec.entity, _item_name(graph, spec), DEPTH)
    return replace(explained, sentence=sentence_of(explained, spec, names, _described(graph, spec, item)))


def _item_name(graph: GraphStore, spec: TaskSpec) -> str:
    return "class" if spec.item is None else graph.schema.table(spec.item).key or spec.item


def _bare(units: list[Unit], visible: dict[Hop, Visible]) -> Copy:
    """The copy that lacks every visible link and every value."""
    links = {}
    for hop, seen in visible.items():
        links[hop] = np.arange(seen.degree) < len(seen.rows)
    return Copy(links=links, columns=frozenset(u.column for u in units if u.column is not None))


def _answers(
    prediction: Prediction, spec: TaskSpec, item: int | None
) -> tuple[Float64[np.ndarray, " copies"], list[int | None]]:
    """One number a copy, and the item's rank in each where the answer is a ranking that holds it."""
    if isinstance(prediction, Ranked):
        return _of_ranking(prediction, item)
    if isinstance(prediction, Estimated):
        value = prediction.value if prediction.value.ndim == 1 else prediction.value.sum(axis=1)
    else:
        value = prediction.probability[:, _column(prediction, spec)]
    return value.astype(np.float64), [None] * len(value)


def _column(prediction: Classified, spec: TaskSpec) -> int:
    """The class that is explained: true, or the one likeliest for the untouched copy."""
    return 1 if spec.kind is TaskKind.BINARY else int(prediction.probability[0].argmax())


def _class(prediction: Prediction, spec: TaskSpec) -> Any:
    if not isinstance(prediction, Classified) or spec.classes is None or spec.kind is TaskKind.BINARY:
        return None
    return spec.classes[_column(prediction, spec)].as_py()


def _of_ranking(ranked: Ranked, item: int | None) -> tuple[Float64[np.ndarray, " copies"], list[int | None]]:
    """The item's score and rank in each copy.

    Where the untouched copy's list is longer than what is read, scores stop at the lowest read: what is below is
    no longer ranked with care, and its numbers mean nothing.
    """
    here = ranked.items == item
    whole = (ranked.items[0] != MISSING).sum() < DEPTH
    listed = ranked.scores[ranked.items != MISSING] if whole else ranked.scores[0]
    floor = float(listed.min()) if len(listed) else 0.0
    place = here.argmax(axis=1)
    found = np.where(here.any(axis=1), ranked.scores[np.arange(len(here)), place], floor)
    ranks = [int(p) + 1 if some else None for p, some in zip(place, here.any(axis=1), strict=True)]
    return np.maximum(found, floor).astype(np.float64), ranks


def _history(
    graph: GraphStore, spec: TaskSpec, row: int, copies: list[Copy], visible: dict[Hop, Visible]
) -> History | None:
    """The target's history with a list for each copy, without the events whose rows it lacks."""
    history = spec.history
    if history is None:
        return None
    first, last = history.indptr[row], history.indptr[row + 1]
    own = np.arange(first, last)
    kept = [own[~_removed(graph, spec, copy, visible, history.at[own], history.value[own])] for copy in copies]
    ends = history.indptr[-1] + np.cumsum([len(k) for k in kept])
    chosen = np.concatenate(kept)
    return History(
        np.concatenate([history.indptr, ends]).astype(np.int64),
        np.concatenate([history.at, history.at[chosen]]),
        np.concatenate([history.value, history.value[chosen]]),
        origin=history,
    )


def _removed(
    graph: GraphStore,
    spec: TaskSpec,
    copy: Copy,
    visible: dict[Hop, Visible],
    at: Int64[np.ndarray, " events"],
    value: np.ndarray,
) -> np.ndarray:
    """Which events of the entity's history go with the links that the copy lacks.

    An event goes when a removed row has its time (and item), and no row that is kept has them.
    """
    gone = np.zeros(len(at), dtype=bool)
    for hop, mask in copy.links.items():
        seen = visible[hop]
        inside = mask[: len(seen.rows)]
        item = _items(graph, spec, seen)
        if item is None and spec.item is not None:
            continue  # rows that name no item are not what the history is made of
        if item is None:
            gone |= np.isin(at, seen.at[inside]) & ~np.isin(at, seen.at[~inside])
            continue
        lost, left = inside & (item != MISSING), ~inside & (item != MISSING)
        events = _pairs(at, value)
        gone |= np.isin(events, _pairs(seen.at[lost], item[lost])) & ~np.isin(
            events, _pairs(seen.at[left], item[left])
        )
    return gone


def _items(graph: GraphStore, spec: TaskSpec, seen: Visible) -> Int64[np.ndarray, " visible"] | None:
    """The item that each visible row refers to, where the task ranks a table's rows and the rows refer to it."""
    for link in graph.schema.links_from(seen.hop.dst):
        if link.to == spec.item and link.column != seen.hop.column:
            return graph.forward(link.table, link.column)[seen.rows].astype(np.int64)
    return None


def _pairs(at: np.ndarray, item: np.ndarray) -> np.ndarray:
    """(time, item) as one comparable value each."""
    pairs = np.empty(len(at), dtype=[("at", np.int64), ("item", np.int64)])
    pairs["at"], pairs["item"] = at, item
    return pairs


def _evidence(unit: Unit, effect: float, rank: int | None, visible: dict[Hop, Visible]) -> Evidence:
    if unit.hop is None or unit.mask is None:
        return Evidence(unit.kind, unit.path, unit.group, 1, float(effect), words=unit.words, rank=rank)
    at = visible[unit.hop].at[unit.mask]
    timed = at[(at > np.iinfo(np.int64).min) & (at < np.iinfo(np.int64).max)]
    last = int(timed.max()) if len(timed) else None
    return Evidence(unit.kind, unit.path, unit.group, int(unit.mask.sum()), float(effect), last, unit.words, rank)


def _unit(spec: TaskSpec) -> str:
    if spec.kind.ranks:
        return "score"
    if spec.kind in (TaskKind.REGRESSION, TaskKind.FORECASTING):
        return "prediction"
    return "probability"


def _key(graph: GraphStore, table: str, row: int) -> Any:
    return graph.vocabulary(table).keys(np.array([row]))[0].as_py()


def _item_key(graph: GraphStore, spec: TaskSpec, item: int) -> Any:
    if spec.item is not None:
        return _key(graph, spec.item, item)
    return spec.classes[item].as_py() if spec.classes is not None else item


def _described(graph: GraphStore, spec: TaskSpec, item: int | None) -> str:
    """The item's first texts and categories, for people who don't know its key."""
    if item is None or item == MISSING or spec.item is None:
        return ""
    columns = [c.name for c in graph.schema.table(spec.item).columns if c.stype.value in ("text", "categorical")]
    values = [graph.column(spec.item, name)[item].as_py() for name in columns]
    return ", ".join(str(v) for v in values if isinstance(v, str))[:80]
