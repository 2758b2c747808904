"""What a live ranking is made of, as it was when it was built: arrays, and a few words on how events change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from jaxtyping import Int32, Int64

from edgewise.evaluation.stability import Profile
from edgewise.graph.store import GraphStore
from edgewise.models.candidates.item_graph import ItemGraph
from edgewise.models.ranker_mix import Mix
from edgewise.models.ranking_setup import Setup
from edgewise.prediction.online.calibrate import Curve
from edgewise.prediction.online.trees import PackedTrees
from edgewise.prediction.online.world import WorldData
from edgewise.schema.model import Link, Schema
from edgewise.tasks.nouns import TaskSpec

__all__ = ["Feeds", "FittedRun", "KindData", "SnapshotData", "Steps", "TableData"]

#: Foreign keys to follow from a row, one after the other.
Steps = tuple[Link, ...]


class FittedRun(Protocol):
    """A fitted ranking: what `edgewise.workflow.run.Run` is to this package."""

    spec: TaskSpec
    model: Any
    question: Any
    graph: Any
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Feeds:
    """Which rows of which tables change a ranking's world.

    `met` is the table whose rows are the history, with the steps to the entity and the item's column; `query` the
    predictive query whose condition those rows must meet, where it has one. `places`, `signals`,
    `attributes` and `cohorts` are those of the plan; the last two come with the value of each code.
    """

    entity: str
    item: str
    met: tuple[str, Steps, str] | None
    query: str | None
    places: tuple[tuple[str, str, str, str, str], ...]
    signals: tuple[tuple[str, str, str, str], ...]
    attributes: tuple[tuple[str, str], ...]
    cohorts: tuple[tuple[str, str, str], ...]
    values: dict[str, pa.Array] = field(default_factory=dict)  # of attributes, by column
    cohort_values: dict[str, pa.Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KindData:
    """One ranking over one item table. `profile` is of what trees read of people, and of their scores, at the
    start.
    """

    kind: str
    horizon: int
    setup: Setup
    columns: tuple[int, ...]
    names: tuple[str, ...]  # of all features, to know that they are still those of the fit
    mix: Mix
    trees: PackedTrees
    world: WorldData
    feeds: Feeds
    likeness: dict[str, ItemGraph]
    curve: Curve | None
    profile: Profile | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableData:
    """What is known of a table: keys by row, columns by row, and the rows that links lead to.

    `untold` are rows that exist because others named them; their own columns have not come.
    """

    keys: pa.Array
    columns: dict[str, pa.Array] = field(default_factory=dict)
    forward: dict[str, Int32[np.ndarray, " rows"]] = field(default_factory=dict)
    untold: Int64[np.ndarray, " untold"] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class SnapshotData:
    """All that answers: rankings by kind, the tables they share, and the moment until which rows were read."""

    schema: Schema
    users: str
    until: int
    kinds: dict[str, KindData]
    tables: dict[str, TableData]


def graph_of(run: FittedRun) -> GraphStore:
    """The graph of a run."""
    store: GraphStore = run.graph.store
    return store
