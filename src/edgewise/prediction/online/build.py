"""A fitted run turned into what serves it: its world as it was at a moment, its trees, and what events feed it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from edgewise.clock import latest_past
from edgewise.errors import ArgumentError
from edgewise.evaluation.stability import Profile, profile_of
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.evidence import Evidence
from edgewise.models.candidates.item_graph import ItemGraph
from edgewise.models.candidates.neighbours import Next, Together
from edgewise.models.candidates.newcomers import Newcomers
from edgewise.models.candidates.shelf import Shelf
from edgewise.models.candidates.siblings import Siblings
from edgewise.models.ranker_mix import Mix, mixed
from edgewise.models.ranking_tables import channels_for, make_table
from edgewise.prediction.online.conditions import columns_of
from edgewise.prediction.online.data import Feeds, FittedRun, KindData, SnapshotData, Steps, TableData, graph_of
from edgewise.prediction.online.drift import columns_read, people_about
from edgewise.prediction.online.likeness import likeness_graphs
from edgewise.prediction.online.past_anchor import curve_of
from edgewise.prediction.online.trees import PackedTrees
from edgewise.prediction.online.world import WorldData
from edgewise.query.bound import Query
from edgewise.state.pair import PairTimeline, Timeline
from edgewise.tasks.nouns import Seeds

if TYPE_CHECKING:
    from edgewise.models.ranker_parts import RankerParts

__all__ = ["build"]


def build(runs: Sequence[FittedRun], until: int | None = None) -> SnapshotData:
    """What answers, from one run for each kind of things; rows after `until` (microseconds) are not read.

    Raises:
        ArgumentError: no run, one that ranks no item table, two for one table, or for different people.
    """
    kinds: dict[str, KindData] = {}
    tables: dict[str, TableData] = {}
    moment = until if until is not None else max((_latest(graph_of(run)) for run in runs), default=0)
    for run in runs:
        _check(run, kinds, runs[0])
        data = _kind(run, moment)
        kinds[data.kind] = data
        _tables(graph_of(run), data.feeds, tables, _condition(run))
    if not kinds:
        raise ArgumentError("there is nothing to answer from", hint="name at least one run")
    return SnapshotData(graph_of(runs[0]).schema, runs[0].spec.entity, moment, kinds, tables)


def _check(run: FittedRun, kinds: dict[str, KindData], first: FittedRun) -> None:
    spec = run.spec
    if spec.item is None or not hasattr(run.model, "parts"):
        raise ArgumentError(
            f"a run that answers '{spec.kind.value}' with '{run.model.name}' proposes no things live",
            hint="serve runs of PREDICT LIST_DISTINCT(…) RANK TOP k",
        )
    if spec.item in kinds:
        raise ArgumentError(f"two runs rank '{spec.item}'", hint="serve one of them")
    if spec.entity != first.spec.entity:
        raise ArgumentError(
            f"one run answers for '{first.spec.entity}', another for '{spec.entity}'",
            hint="serve runs for the same people together",
        )


def _latest(graph: GraphStore) -> int:
    """The time of the latest row of any table with a time column; 0 where there is none."""
    found = [latest_past(graph.times(table.name)) for table in graph.schema if table.time is not None]
    return max(0, latest_past(np.array(found, dtype=np.int64)))


def _kind(run: FittedRun, moment: int) -> KindData:
    spec, graph, parts = run.spec, graph_of(run), run.model.parts()
    assert spec.item is not None
    at = 0 if parts.setup.static else moment
    seeds = Seeds(spec.entity, np.full(1, MISSING, dtype=np.int64), np.full(1, at, dtype=np.int64))
    whole = parts.setup.world(graph, spec, seeds, parts.links, whole=True)
    world = _Heard(_seen(whole.evidence, at), parts.setup.grid)
    channels = channels_for(parts.setup, world)
    trees = PackedTrees.parse(parts.trees.model_to_string(), parts.rounds)
    mix = _without_network(parts.mix)
    curve, probabilities = curve_of(world, parts.setup, channels, spec, trees, parts.columns, mix, at)
    names = make_table(parts.setup, world, channels, seeds.rows, seeds.at).names
    feeds = _feeds(run, parts)
    within = [c.column for c in channels if isinstance(c, Siblings)]
    return KindData(
        kind=spec.item,
        horizon=spec.horizon,
        setup=parts.setup,
        columns=parts.columns,
        names=tuple(names),
        mix=mix,
        trees=trees,
        world=_world(world, graph, spec.item, within, _shelf(world, channels, at)),
        feeds=feeds,
        likeness=likeness_graphs(world, [c for c in channels if isinstance(c, Next | Together)], at),
        curve=curve,
        profile=_profile(world, parts, channels, trees, mix, at),
        facts=_facts(run, parts, moment) | {"probabilities": probabilities},
    )


def _profile(
    world: AsOf, parts: RankerParts, channels: list[Channel], trees: PackedTrees, mix: Mix, at: int
) -> Profile | None:
    """How what trees read of people is spread at the start; None where nobody has done anything."""
    rows = people_about(world, at, parts.setup.static)
    table = make_table(parts.setup, world, channels, rows, np.full(len(rows), at, dtype=np.int64))
    if len(table.pool.items) == 0:
        return None
    columns = np.asarray(parts.columns, dtype=np.int64)
    scored = trees.predict(table.features[:, columns])
    scores = mixed(mix, table, scored, np.zeros(len(scored), dtype=np.float32))
    return profile_of(columns_read(table, columns, scores))


def _facts(run: FittedRun, parts: RankerParts, moment: int) -> dict[str, Any]:
    facts = {"entity": run.spec.entity, "question": run.spec.description, "until": moment}
    mix = _without_network(parts.mix)
    named = {"scorers": "trees", "fusion": "reciprocal-rank fusion", "column": mix.column}
    facts["scorer"] = named.get(mix.kind, " + ".join(f"{weight:g} {name}" for name, weight in mix.blend))
    if parts.mix.asks_network:
        facts["left out"] = "the network, which has a say in the fitted mixture"
    return facts


def _without_network(mix: Mix) -> Mix:
    """The mixture without its network; trees alone where nothing else is left."""
    if not mix.asks_network:
        return mix
    rest = tuple((name, weight) for name, weight in mix.blend if name != "network")
    return replace(mix, blend=rest) if rest else replace(mix, kind="scorers", network=0.0, blend=())


class _Heard(AsOf):
    """A world that remembers which item-item graphs its channels asked for."""

    def __init__(self, evidence: Evidence, grid: int) -> None:
        super().__init__(evidence, grid)
        self.heard: dict[Hashable, ItemGraph] = {}

    def item_graph(self, key: Hashable, moment: int, build: Callable[[int], ItemGraph]) -> ItemGraph:
        self.heard[key] = super().item_graph(key, moment, build)
        return self.heard[key]


def _seen(evidence: Evidence, moment: int) -> Evidence:
    """The evidence of what had happened by a moment."""
    return replace(
        evidence,
        history=evidence.history.until(moment),
        visits={name: met.until(moment) for name, met in evidence.visits.items()},
        stocked={name: met.until(moment) for name, met in evidence.stocked.items()},
        signals={name: met.until(moment) for name, met in evidence.signals.items()},
    )


def _shelf(world: _Heard, channels: list[Channel], at: int) -> Shelf | None:
    """The items that few have met so far."""
    return next((c.shelf(world, at) for c in channels if isinstance(c, Newcomers)), None)


def _world(world: _Heard, graph: GraphStore, item: str, within: list[str], shelf: Shelf | None) -> WorldData:
    told = world.evidence
    timelines: dict[tuple[str, ...], Timeline] = {
        ("own",): world.own,
        ("entity",): world.entity,
        ("item",): world.item,
        ("repeats",): world.repeats,
        **{("attribute", name): world.attribute(name) for name in told.attributes},
        **{("within", name): world.within(name) for name in within},
        **{("cohort", name): world.cohort(name) for name in told.cohorts},
        **{("visits", name): world.visits(name) for name in told.visits},
        **{("stocked", name): world.stocked(name) for name in told.stocked},
        **{("signal", name): world.signal(name) for name in told.signals},
    }
    met = told.history
    return WorldData(
        entities=told.entities,
        items=told.items,
        left=met.left.astype(np.int32),
        right=met.right.astype(np.int32),
        at=np.ascontiguousarray(met.at),
        order=_order(graph.vocabulary(item).keys(np.arange(graph.rows(item)))),
        attributes=told.attributes,
        cohorts=told.cohorts,
        timelines={key: t for key, t in timelines.items() if isinstance(t, PairTimeline)},
        graphs=world.heard,
        signal_place=told.signal_place,
        content=told.content if shelf is not None else None,
        shelf=shelf,
    )


#: How far apart the places of neighbouring text keys lie, so that later ones find room between them.
GAP = 1 << 20


def _order(keys: pa.Array) -> np.ndarray:
    """The place of each item in the order of keys; whole numbers stand for themselves."""
    if pa.types.is_integer(keys.type):
        return pc.fill_null(keys.cast(pa.int64(), safe=False), -1).to_numpy(zero_copy_only=False)
    place = np.empty(len(keys), dtype=np.int64)
    place[pc.array_sort_indices(keys).to_numpy()] = np.arange(1, len(keys) + 1) * GAP
    return place


def _condition(run: FittedRun) -> Query | None:
    query = getattr(run.question, "query", None)
    return query if isinstance(query, Query) else None


def _feeds(run: FittedRun, parts: RankerParts) -> Feeds:
    spec, graph, plan = run.spec, graph_of(run), parts.setup.plan
    assert spec.item is not None
    query = _condition(run)
    met: tuple[str, Steps, str] | None = None
    node = None if query is None else query.aggregate
    if node is not None and node.field is not None and (spec.history is not None or parts.setup.static):
        met = (node.table, node.path, node.field.column.name)
    return Feeds(
        entity=spec.entity,
        item=spec.item,
        met=met,
        query=None if query is None or node is None or node.where is None else query.text,
        places=tuple({place[4]: place for place in plan.places}.values()),
        signals=tuple({signal[0]: signal for signal in plan.signals}.values()),
        attributes=plan.attributes,
        cohorts=plan.cohorts,
        values={column: _values(graph, table, column) for table, column in plan.attributes},
        cohort_values={column: _values(graph, table, column) for table, column, _ in plan.cohorts},
    )


def _values(graph: GraphStore, table: str, column: str) -> pa.Array:
    """The value of each code that `read.gather` gives a column."""
    array = graph.column(table, column)
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    return array.dictionary


def _tables(graph: GraphStore, feeds: Feeds, tables: dict[str, TableData], query: Query | None) -> None:
    """Keys, columns and links of the tables that events of these feeds name."""
    steps = [*(feeds.met[1] if feeds.met else ())]
    columns = [] if query is None else columns_of(query)
    for field in columns:
        steps += field.hops
    named = {feeds.entity, feeds.item, *(place[4] for place in feeds.places), *(s.to for s in steps)}
    for name in named:
        tables.setdefault(name, TableData(graph.vocabulary(name).keys(np.arange(graph.rows(name)))))
    for link in steps:
        if link.table in named:
            tables[link.table].forward[link.column] = graph.forward(link.table, link.column)
    for field in columns:
        if field.hops:
            tables[field.table].columns[field.column.name] = graph.column(field.table, field.column.name)
    for column in graph.schema.table(feeds.item).columns:
        tables[feeds.item].columns[column.name] = graph.column(feeds.item, column.name)
