"""How long The Complete Journey takes from Parquet to a ready graph, how much memory, and what an append costs.

    python benchmarks/graph/build.py [--repeats 3] [--out benchmarks/results/graph.json]

All tables, the 20.9 million promotions included. Each build runs in a process of its own, so that its peak
resident memory is its own; compiled kernels come from numba's cache, as they do after the first use. Inferring
the schema is timed apart. Appends are timed on the last build: one row, a day's and a month's worth of purchases.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY
from edgewise.graph.append import append
from edgewise.graph.statistics import statistics
from edgewise.graph.store import GraphStore
from edgewise.sources.database import open_database

HERE = Path(__file__).parent


def build(folder: Path) -> dict[str, Any]:
    """Infer, then build; seconds of wall and processor time, and the peak of this process's memory."""
    began = time.perf_counter()
    db = open_database("completejourney")
    inferred = time.perf_counter()
    cpu = time.process_time()
    graph = GraphStore.build(db, folder)
    done = time.perf_counter()
    found = statistics(graph)
    return {
        "infer_seconds": round(inferred - began, 2),
        "build_seconds": round(done - inferred, 2),
        "build_cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_rss_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "rows": found.rows,
        "links": found.total_links,
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    }


def in_own_process(folder: Path) -> dict[str, Any]:
    """`build` in a fresh process."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--build", str(folder)],
        stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def purchases(graph: GraphStore, rows: np.ndarray, later: int) -> pa.Table:
    """Some purchases once more, `later` microseconds after they happened."""
    table = graph.schema.table("transactions")
    columns = {c.name: graph.column("transactions", c.name).take(pa.array(rows)) for c in table.columns}
    moved = columns[table.time].cast(pa.int64()).to_numpy() + later
    return pa.table({**columns, table.time: pa.array(moved).cast(pa.timestamp("us"))})


def appends(folder: Path) -> list[dict[str, Any]]:
    """Seconds for appends of several sizes; a warm-up first, for compilation."""
    graph = GraphStore.open(folder)
    times = graph.times("transactions")
    cases = []
    for name, days in (("warm-up", 1), ("one row", 0), ("one day", 1), ("30 days", 30)):
        first = int(np.searchsorted(times, times[-1] - days * DAY)) if days else len(times) - 1
        new = purchases(graph, np.arange(first, len(times)), later=30 * DAY)
        began = time.perf_counter()
        more = append(graph, {"transactions": new}, folder.with_name("appended"))
        seconds = time.perf_counter() - began
        assert more.rows("transactions") == len(times) + len(new)
        if name != "warm-up":
            cases.append({"rows": len(new), "what": name, "seconds": round(seconds, 3)})
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE.parent / "results" / "graph.json")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        print(json.dumps(build(options.build)))
        return
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(options.repeats):
            runs.append(in_own_process(Path(folder) / f"graph{repeat}"))
            print(runs[-1], file=sys.stderr)
        body = {
            "benchmark": "graph",
            "source": "completejourney",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "load_average": round(os.getloadavg()[0], 1),  # what else ran on the machine
            "builds": runs,
            "median_build_seconds": float(np.median([run["build_seconds"] for run in runs])),
            "peak_rss_gb": max(run["peak_rss_gb"] for run in runs),
            "appends": appends(Path(folder) / f"graph{options.repeats - 1}"),
        }
    print(body["appends"], file=sys.stderr)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(body, indent=1) + "\n")


if __name__ == "__main__":
    main()
