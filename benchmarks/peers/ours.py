"""Edgewise, as a user runs it: open the tables, build the graph, put the question, fit, predict.

    python ours.py JOB OUT

Only the public API is used, with its one automatic configuration: what is asked comes from the job, how it is
answered from the planner. The graph is built from the job's own tables, in which nothing lies after the cut.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from kit import main, versions


class Aloud:
    """Progress as lines."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)

    def step(self, name: str, done: int, total: int) -> None:
        """Print which step is being done."""


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Fit and predict; the seconds of each phase."""
    os.environ["EDGEWISE_CACHE"] = str(out / "cache")  # the graph is built anew: its cost is part of the figure
    import edgewise as ew

    said = json.loads((folder / "job.json").read_text())
    ask, clock = said["ask"], _Clock()
    graph = ew.Graph.build(ew.open(str(folder / "tables"), overrides=ask["overrides"]))
    if ask["known_at"]:
        graph = graph.known_at(ask["known_at"])
    clock.lap("graph")
    task = graph.task(ask["query"]) if ask["query"] else _own(graph, folder, said)
    fitted = task.fit(until=ask["until"], budget=ask["budget"], progress=Aloud(), random_seed=said["random_seed"])
    clock.lap("fit")
    seeds = pq.read_table(folder / "seeds.parquet")
    ranking = {"k": said["depth"]} if said["kind"] == "ranking" else {}
    answers = fitted.predict(seeds=seeds, **ranking)
    clock.lap("predict")
    if prefix := said["notes"].get("prefix"):  # two catalogues with the same numbers are told apart by a prefix
        named = pc.binary_join_element_wise(prefix, answers.column("item").cast(pa.string()), "")
        answers = answers.set_column(answers.schema.get_field_index("item"), "item", named)
    pq.write_table(answers, out / "predictions.parquet", compression="zstd")
    report = fitted.report().to_json()
    return {
        "versions": versions("edgewise", "torch", "torch-geometric", "lightgbm", "duckdb", "numpy"),
        "budget": ask["budget"],
        "seconds": clock.laps,
        "plan": {k: v for k, v in fitted.facts["plan"].items() if k in ("model", "baselines", "reasons")},
        "report": {key: report[key] for key in ("verdict", "primary", "warnings") if key in report},
    }


def _own(graph: Any, folder: Path, said: dict[str, Any]) -> Any:
    ask = said["ask"]
    labels = pq.read_table(folder / "labels.parquet")
    asked = pq.read_table(folder / "seeds.parquet").select(["entity", "anchor_time"])
    labels = pa.concat_tables([labels, asked], promote_options="permissive")  # no target: to be answered
    ranking = {"item": ask["item"], "k": said["k"]} if ask["item"] else {}
    return graph.task(
        entity=ask["entity"], labels=labels, time="anchor_time", key="entity", kind=ask["kind"], **ranking
    )


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


if __name__ == "__main__":
    main(run)
