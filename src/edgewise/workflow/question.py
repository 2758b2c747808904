"""Where labels come from: a query compiled to SQL, or a table that the user brings. One interface for both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from edgewise.graph.store import GraphStore
from edgewise.tasks.labels import joined
from edgewise.tasks.nouns import Labels, Seeds, TaskSpec

__all__ = ["TIMELESS", "Asked", "Question", "Split", "View"]


#: The anchor of questions to tables without any time.
TIMELESS: Final = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Entities at anchors, with the keys that the answer will carry: n rows."""

    seeds: Seeds
    entity: pa.Array
    at: Int64[np.ndarray, " n"]

    def anchor_time(self) -> pa.Array:
        """The anchors as timestamp[us]; null where nothing has a time, and so no anchor means anything."""
        return pa.array(self.at, mask=self.at == TIMELESS).view(pa.timestamp("us"))


@dataclass(frozen=True, slots=True)
class View:
    """What models may look at: a graph, and the task on it. `spec` carries what was fitted on training labels."""

    graph: GraphStore
    spec: TaskSpec


@dataclass(frozen=True, slots=True)
class Split:
    """Labels to learn from, to choose on and to report on, and what may be looked at for each.

    With time, the anchors keep the parts apart and the three views are one. Without, held-out links are taken
    out of the views: `choosing` lacks those of validation and test, `testing` those of the test.
    `both` are the labels known when testing, `every` those known at present.
    """

    choosing: View
    testing: View
    present: View
    train: Labels
    valid: Labels
    test: Labels
    both: Labels
    every: Labels
    notes: tuple[str, ...] = ()

    @classmethod
    def of_parts(
        cls, view: View, train: Labels, valid: Labels, test: Labels, notes: tuple[str, ...] = ()
    ) -> Split:
        """A split whose parts need no views of their own."""
        both, every = joined(train, valid), joined(train, valid, test)
        return cls(view, view, view, train, valid, test, both, every, notes)


class Question(ABC):
    """What is asked of a graph."""

    @property
    @abstractmethod
    def spec(self) -> TaskSpec:
        """The task without what must be fitted on labels."""

    @abstractmethod
    def split(self, until: int | None, *, max_anchors: int, max_seeds: int, random_seed: int) -> Split:
        """Labels to learn from, to choose on and to report on; nothing after `until` (microseconds) is used.

        At most `max_anchors` training anchors, the latest; at most `max_seeds` training seeds, chosen at random.
        """

    @abstractmethod
    def labels(self, at: Sequence[int]) -> pa.Table:
        """The label table at the given anchors: entity, anchor_time, target."""

    @abstractmethod
    def truth(self, spec: TaskSpec, at: Sequence[int]) -> Labels:
        """The labels at the given anchors in row ids, with the classes of `spec`."""

    @abstractmethod
    def asked(self, at: Sequence[int]) -> Asked:
        """Who is asked about at the given anchors, whether or not a label will ever exist."""

    @abstractmethod
    def row(self, entity: Any) -> int:
        """The row of one entity as users name it: by its key, or by the two columns of a pair.

        Raises:
            ArgumentError: the graph knows no such entity.
        """

    @abstractmethod
    def keys(self, rows: Int64[np.ndarray, " n"]) -> pa.Array:
        """What the entities of some rows are called: by their keys, or by structs of the two columns of a pair."""

    @abstractmethod
    def named(self, seeds: pa.Table) -> tuple[pa.Array, Int64[np.ndarray, " n"]]:
        """The entities that a table of seeds names, as answers carry them, and their rows (MISSING if unknown).

        Raises:
            ArgumentError: the table has no column that names them.
        """

    @abstractmethod
    def with_history(self, spec: TaskSpec) -> TaskSpec:
        """A spec that was kept without its history, with it."""

    @abstractmethod
    def recipe(self) -> dict[str, Any]:
        """What a run folder keeps of the question: plain JSON values."""
