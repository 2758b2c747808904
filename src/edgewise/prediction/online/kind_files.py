"""The files of one table and of one ranking in a snapshot, and what the manifest says of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from edgewise.evaluation.stability import Profile
from edgewise.models.candidates.item_graph import ItemGraph
from edgewise.models.ranker_mix import Mix
from edgewise.models.ranking_setup import Setup
from edgewise.prediction.online.arrays import Folder, arrays_of
from edgewise.prediction.online.calibrate import Curve
from edgewise.prediction.online.data import Feeds, KindData, TableData
from edgewise.prediction.online.newcomer_files import read_newcomers, write_newcomers
from edgewise.prediction.online.trees import PackedTrees
from edgewise.prediction.online.world import WorldData
from edgewise.schema.model import Link
from edgewise.state.pair import PairTimeline

__all__ = ["read_kind", "read_table", "write_kind", "write_table"]


def write_table(shelf: Folder, folder: str, table: TableData) -> dict[str, Any]:
    """Write one table."""
    return {
        "keys": shelf.put(f"{folder}/keys", table.keys),
        "columns": shelf.put_all(f"{folder}/columns", table.columns),
        "forward": shelf.put_all(f"{folder}/forward", table.forward),
        "untold": table.untold.tolist(),
    }


def read_table(shelf: Folder, found: dict[str, Any]) -> TableData:
    """Read what `write_table` wrote."""
    return TableData(
        shelf.column(found["keys"]),
        shelf.columns(found["columns"]),
        shelf.arrays(found["forward"]),
        np.array(found["untold"], dtype=np.int64),
    )


def write_kind(shelf: Folder, folder: str, kind: KindData) -> dict[str, Any]:
    """Write one ranking."""
    return {
        "horizon": kind.horizon,
        "setup": kind.setup.to_json(),
        "columns": list(kind.columns),
        "names": list(kind.names),
        "mix": kind.mix.to_json(),
        "facts": kind.facts,
        "trees": shelf.put_all(f"{folder}/trees", arrays_of(kind.trees)),
        "curve": None if kind.curve is None else shelf.put_all(f"{folder}/curve", arrays_of(kind.curve)),
        "profile": None if kind.profile is None else shelf.put_all(f"{folder}/profile", arrays_of(kind.profile)),
        "likeness": _write_graphs(shelf, f"{folder}/like", kind.likeness),
        "feeds": _write_feeds(shelf, folder, kind.feeds),
        "world": _write_world(shelf, folder, kind.world),
    }


def read_kind(shelf: Folder, name: str, found: dict[str, Any]) -> KindData:
    """Read what `write_kind` wrote."""
    return KindData(
        kind=name,
        horizon=int(found["horizon"]),
        setup=Setup.from_json(found["setup"]),
        columns=tuple(found["columns"]),
        names=tuple(found["names"]),
        mix=Mix.from_json(found["mix"]),
        trees=PackedTrees(**shelf.arrays(found["trees"])),
        world=_read_world(shelf, found["world"]),
        feeds=_read_feeds(shelf, found["feeds"]),
        likeness={str(key): graph for key, graph in (_read_graph(shelf, g) for g in found["likeness"])},
        curve=None if found["curve"] is None else Curve(**shelf.arrays(found["curve"])),
        profile=None if found["profile"] is None else Profile(**shelf.arrays(found["profile"])),
        facts=found["facts"],
    )


def _write_graphs(shelf: Folder, folder: str, graphs: Mapping[Any, ItemGraph]) -> list[dict[str, Any]]:
    return [
        {
            "key": list(key) if isinstance(key, tuple) else key,
            **shelf.put_all(f"{folder}/{n:03d}", arrays_of(graph)),
        }
        for n, (key, graph) in enumerate(graphs.items())
    ]


def _read_graph(shelf: Folder, found: dict[str, Any]) -> tuple[Hashable, ItemGraph]:
    key = tuple(found["key"]) if isinstance(found["key"], list) else found["key"]
    return key, ItemGraph(shelf.array(found["items"]), shelf.array(found["weights"]))


def _write_feeds(shelf: Folder, folder: str, feeds: Feeds) -> dict[str, Any]:
    met = None
    if feeds.met is not None:
        met = [feeds.met[0], [asdict(link) for link in feeds.met[1]], feeds.met[2]]
    plain = {"entity", "item", "query", "places", "signals", "attributes", "cohorts"}
    return {name: getattr(feeds, name) for name in plain} | {
        "met": met,
        "values": shelf.put_all(f"{folder}/values", feeds.values),
        "cohort_values": shelf.put_all(f"{folder}/cohort-values", feeds.cohort_values),
    }


def _read_feeds(shelf: Folder, found: dict[str, Any]) -> Feeds:
    met = found["met"]
    return Feeds(
        entity=found["entity"],
        item=found["item"],
        met=None if met is None else (met[0], tuple(Link(**link) for link in met[1]), met[2]),
        query=found["query"],
        places=tuple((*place,) for place in found["places"]),
        signals=tuple((*signal,) for signal in found["signals"]),
        attributes=tuple((*entry,) for entry in found["attributes"]),
        cohorts=tuple((*entry,) for entry in found["cohorts"]),
        values=shelf.columns(found["values"]),
        cohort_values=shelf.columns(found["cohort_values"]),
    )


_HISTORY = ("left", "right", "at", "order")
_CODES = ("attributes", "cohorts")


def _write_world(shelf: Folder, folder: str, world: WorldData) -> dict[str, Any]:
    timelines = [
        {"key": list(key), "files": shelf.put_all(f"{folder}/timelines/{n:03d}", arrays_of(timeline))}
        for n, (key, timeline) in enumerate(world.timelines.items())
    ]
    return {
        "entities": world.entities,
        "items": world.items,
        "signal_place": world.signal_place,
        "history": shelf.put_all(f"{folder}/history", {name: getattr(world, name) for name in _HISTORY}),
        **{name: shelf.put_all(f"{folder}/{name}", getattr(world, name)) for name in _CODES},
        "timelines": timelines,
        "graphs": _write_graphs(shelf, f"{folder}/graphs", world.graphs),
        "newcomers": write_newcomers(shelf, f"{folder}/newcomers", world),
    }


def _read_world(shelf: Folder, found: dict[str, Any]) -> WorldData:
    history = shelf.arrays(found["history"])
    return WorldData(
        entities=int(found["entities"]),
        items=int(found["items"]),
        left=history["left"],
        right=history["right"],
        at=history["at"],
        order=history["order"],
        attributes=shelf.arrays(found["attributes"]),
        cohorts=shelf.arrays(found["cohorts"]),
        timelines={
            tuple(entry["key"]): PairTimeline(**shelf.arrays(entry["files"])) for entry in found["timelines"]
        },
        graphs=dict(_read_graph(shelf, entry) for entry in found["graphs"]),
        signal_place=found["signal_place"],
        **read_newcomers(shelf, found.get("newcomers")),
    )
