"""What is asked, of whom, when, and what came true: the nouns between queries, models and metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Float64, Int64

from edgewise.ids import MISSING
from edgewise.query.kinds import TaskKind

__all__ = [
    "Classified",
    "Estimated",
    "History",
    "Labels",
    "Prediction",
    "Ragged",
    "Ranked",
    "Seeds",
    "TaskSpec",
]


@dataclass(frozen=True, slots=True)
class Seeds:
    """Entities at anchor times: row `rows[i]` of `table`, asked about at `at[i]`.

    Where `known` is given, only rows up to `known[i]`, which may be before the anchor, are looked at.
    """

    table: str
    rows: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]  # microseconds since the epoch, UTC
    known: Int64[np.ndarray, " n"] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: np.ndarray) -> Seeds:
        """The seeds at the given positions (or where a mask is true)."""
        known = None if self.known is None else self.known[index]
        return Seeds(self.table, self.rows[index], self.at[index], known)


@dataclass(frozen=True, slots=True)
class Ragged:
    """A list of integers per seed: list `i` is `values[indptr[i]:indptr[i + 1]]`."""

    indptr: Int64[np.ndarray, " n_plus_1"]
    values: Int64[np.ndarray, " total"]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> Int64[np.ndarray, " n"]:
        """The length of each list."""
        return np.diff(self.indptr)

    def __getitem__(self, i: int) -> Int64[np.ndarray, " length"]:
        return self.values[self.indptr[i] : self.indptr[i + 1]]

    def take(self, index: np.ndarray) -> Ragged:
        """The lists at the given positions (or where a mask is true)."""
        at = np.flatnonzero(index) if index.dtype == bool else np.asarray(index)
        lengths = self.lengths[at]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        inside = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths)
        return Ragged(indptr, self.values[np.repeat(self.indptr[at], lengths) + inside])


@dataclass(frozen=True, slots=True)
class Labels:
    """What came true after each seed's anchor.

    `target` by kind of task: regression float64[n]; binary float64[n] of 0 and 1; multiclass int64[n], an index
    into `TaskSpec.classes`; forecasting float64[n, timeframes]; ranking and multilabel a Ragged of row ids of
    `TaskSpec.item` or of indices into `TaskSpec.classes`, without repeats. A class or item that is not in the
    vocabulary is MISSING in it: it counts in every metric as something that could not be found.
    """

    seeds: Seeds
    target: np.ndarray | Ragged
    weight: Float64[np.ndarray, " n"] | None = None

    def __len__(self) -> int:
        return len(self.seeds)

    def take(self, index: np.ndarray) -> Labels:
        """The labels at the given positions (or where a mask is true)."""
        target = self.target.take(index) if isinstance(self.target, Ragged) else self.target[index]
        return Labels(self.seeds.take(index), target, None if self.weight is None else self.weight[index])


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class History:
    """The rows that the target aggregates, per entity in time order: what the answer was made of so far.

    For entity row `i`: `at[indptr[i]:indptr[i+1]]` ascending, with `value` beside it. `value` is float64 for
    numbers (1.0 where rows are only counted) and int64 for links and categories (row ids of `TaskSpec.item` or
    indices into `TaskSpec.classes`, MISSING for unknown). It holds all of time: read only `at <= anchor`.
    `origin` is the history without copies of an entity, where this one is a what-if.
    """

    indptr: Int64[np.ndarray, " entities_plus_1"]
    at: Int64[np.ndarray, " events"]
    value: np.ndarray
    origin: History | None = None


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task in row ids. Everything a model may know about the question.

    `item` is the table that a ranking chooses from; `classes` the values that a category can take.
    `horizon` is the length of the window in microseconds (0 for a static task); `start` its beginning after the
    anchor. `staleness` is how long before the latest anchors asked about the data ends, in microseconds: 0 where
    rows reach every anchor. `hidden` are (table, column) pairs that no model may read. `history` is absent for
    label tables that users bring and for static tasks without events.
    """

    kind: TaskKind
    entity: str
    horizon: int
    start: int = 0
    item: str | None = None
    classes: pa.Array | None = None
    k: int = 12
    timeframes: int = 1
    history: History | None = None
    hidden: frozenset[tuple[str, str]] = field(default=frozenset())
    description: str = ""
    staleness: int = 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """For each seed the best items (or classes), best first; MISSING with score -inf where there are fewer."""

    items: Int64[np.ndarray, "n k"]
    scores: Float32[np.ndarray, "n k"]

    def __post_init__(self) -> None:
        if self.items.shape != self.scores.shape:
            raise ValueError(f"items {self.items.shape} and scores {self.scores.shape} differ in shape")

    @property
    def lengths(self) -> Int64[np.ndarray, " n"]:
        """How many items each seed got."""
        return (self.items != MISSING).sum(axis=1)


@dataclass(frozen=True, slots=True)
class Estimated:
    """A number for each seed (and timeframe), with quantiles where the model gives them.

    `value` is float64[n] or, for forecasting, float64[n, timeframes]; `quantiles[level]` has the same shape.
    """

    value: np.ndarray
    quantiles: dict[float, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Classified:
    """Probabilities for each seed: float64[n, 2] for binary (column 1 is true), float64[n, classes] otherwise.

    Rows sum to one, except for multilabel, where each column is a probability of its own.
    """

    probability: Float64[np.ndarray, "n classes"]


Prediction = Ranked | Estimated | Classified
