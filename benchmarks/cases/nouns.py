"""What a case is: what is asked, on what data, how it is split, what decides, and what is to be reached."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["DATA", "Ask", "Case", "Job", "Published", "write"]

ROOT: Final = Path(__file__).parents[2]
#: Where the real data lie that are not part of the product.
DATA: Final = ROOT.parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Published:
    """A figure from a paper or a leaderboard: not measured here, never compared by interval."""

    system: str
    metric: str
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What Edgewise is asked, through its public API: a query, or a label table of the job.

    `overrides` is a graph file as plain values; `until` the time after which nothing is used; `known_at` cuts the
    graph at a moment. Where `query` is None, `entity`, `kind`, `item` describe the labels in the job's folder.
    """

    query: str | None = None
    overrides: dict[str, Any] | None = None
    until: str | None = None
    known_at: str | None = None
    entity: str | None = None
    kind: str | None = None
    item: str | None = None
    budget: str = "5m"


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to run, for all systems alike; written as `job.json` beside its files.

    Files of a job's folder: `tables/*.parquet`, all tables as known at the cut; `seeds.parquet` (entity,
    anchor_time), who is asked about; for rankings `events.parquet` (user, item, at, basket), the history up to the
    cut, and `catalogue.parquet` (item, attributes…); for entity tasks `labels.parquet` (entity, anchor_time,
    target), those known at the cut. Nothing in the folder lies after the cut.

    `depth` is how many items a ranking may list, `k` how many count after seen items are dropped, where
    `exclude_seen`. `split` says how a system may hold out a slice to tune on: "time" (the last horizon),
    "last" (each user's last event), or "random" (a tenth of each user's items).
    """

    case: str
    part: str
    kind: str  # ranking, binary, regression
    metric: str  # the one that decides: tune on it
    ask: Ask
    k: int = 12
    depth: int = 12
    exclude_seen: bool = False
    split: str = "time"
    cut: str | None = None
    horizon_days: float = 0.0
    trials: int = 12  # the tuning budget of every system with knobs
    tuning_seconds: int = 600
    random_seed: int = 0
    facts: list[dict[str, Any]] = field(default_factory=list)  # tables to aggregate in windows, by hand
    notes: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write `job.json`."""
        (folder / "job.json").write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


class Case(ABC):
    """A case of the benchmark: a table row, and how to write its jobs."""

    name: str
    title: str
    data: str
    question: str
    split: str
    k: int = 12
    #: Keys of `edgewise.evaluation.catalogue`; the first one decides.
    metrics: tuple[str, ...]
    target: str
    #: Systems beside ours, in the order of the table.
    peers: tuple[str, ...]
    without_positives: str = "Seeds without a positive have no part in the metrics."
    published: tuple[Published, ...] = ()

    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """Origins, tasks or splits that are run one by one and pooled (or reported apart: see `pooled`)."""

    @abstractmethod
    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """Write a job's folder, and the truth (entity, anchor_time, target, perhaps slice) elsewhere.

        `sample` is the share of the entities that is kept: 1 for figures, less to try things out.
        """

    #: Parts are scored together: as more seeds, or, where they are the same seeds again with other random seeds,
    #: by the mean. Otherwise each part is scored on its own.
    pooled: bool = True
    repeats: bool = False
    #: The part that peers are tuned on; they take its settings to the others. None: tuned on each part.
    tuned_at: str | None = None
    #: Parts that a peer runs, where not all: expensive peers at one origin.
    only: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 (a constant)

    def parts_of(self, system: str) -> tuple[str, ...]:
        """The parts that a system runs."""
        return self.only.get(system, self.parts())


def write(table: pa.Table, path: Path) -> None:
    """Write a Parquet file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")
