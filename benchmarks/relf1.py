"""rel-f1 through the public API: RelBench's three tasks about drivers, on the splits that it defines.

    python benchmarks/relf1.py driver-position driver-dnf driver-top3 --data ../shared/data

Its label tables are concatenated with a column for the split. The graph is the one known at 2010-01-01, before the
first test anchor: no model sees a later row, at whatever anchor it answers (the frozen regime of the benchmark).
Prints JSON, one entry a task: test metrics of every model, verdict, seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import edgewise as ew
from edgewise.models.contract import Quiet

#: The target column and the kind of each task.
TASKS = {
    "driver-position": ("position", "regression"),
    "driver-dnf": ("did_not_finish", "binary"),
    "driver-top3": ("qualifying", "binary"),
}
FROZEN = "2010-01-01"


class Aloud(Quiet):
    """Progress on standard error."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(f"  {text}", file=sys.stderr, flush=True)


def labels(folder: Path, name: str) -> pa.Table:
    """The three label tables as one; `split` says where a row comes from."""
    parts = []
    for split in ("train", "val", "test"):
        table = pq.read_table(folder / f"{name}.{split}.parquet")
        parts.append(table.append_column("split", pa.array([split] * len(table))))
    return pa.concat_tables(parts)


def measure(graph: Any, folder: Path, name: str, budget: str) -> dict[str, Any]:
    """Fit one task; the figures of its report."""
    target, kind = TASKS[name]
    began = time.perf_counter()
    task = graph.task(
        entity="drivers", labels=labels(folder, name), time="date", target=target, key="driverId", kind=kind,
        split="split",
    )  # fmt: skip
    report = task.fit(budget=budget, progress=Aloud()).report().to_json()
    kept = {key: report[key] for key in ("verdict", "primary", "models", "timing", "facts") if key in report}
    return {"task": name, "seconds": round(time.perf_counter() - began, 1), **kept}


def main() -> None:
    """Measure the tasks named and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--budget", default="60s")
    asked = parser.parse_args()
    graph = ew.Graph.build(ew.open(str(asked.data / "rel-f1" / "db"))).known_at(FROZEN)
    found = [measure(graph, asked.data / "rel-f1" / "tasks", name, asked.budget) for name in asked.tasks]
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
