"""What events cost: time and peak memory of the graph, a fit and its predictions, as a planted shop grows.

    python -m benchmarks.cost                        0.5, 1, 2, 4 and 8 million purchases; hours of one core
    python -m benchmarks.cost --sizes 0.05 0.1       try it out
    python -m benchmarks.cost --fresh --sizes 0.5    measure again what has been measured

The shop (`edgewise.worlds.planted`, simulated) grows by its customers, 57 purchases each, and keeps its
products and stores. Making it is not counted. Each phase is a process of its own on what the phase before left on
the disk: its seconds are counted from inside, without imports; its peak memory from outside, with all there is.
Compiled loops are compiled before. The budget is the same for all sizes and ample. `slope` is that of log seconds
on log events by least squares: 1 is linear, below 1 is less. What has been measured is kept in the JSON, which is
written after each phase, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from benchmarks.harness.environment import ROOT
from benchmarks.harness.measure import RESULTS
from benchmarks.harness.process import measured

FILE: Final = RESULTS / "cost.json"
HOME: Final = ROOT / ".cache" / "bench" / "cost"
SIZES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
CUSTOMERS: Final = 17_540  # make a million purchases
PRODUCTS: Final = 1_000
STORES: Final = 40
AT: Final = "2023-12-31"
QUERIES: Final = {
    "ranking": "PREDICT LIST_DISTINCT(transactions.product_id, 0, 14, days) RANK TOP 12 "
    "FOR EACH customers.customer_id",
    "churn": "PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH customers.customer_id",
}
PHASES: Final = ("graph", *(f"{what} {name}" for name in QUERIES for what in ("fit", "predict")))


def make(size: float, folder: Path) -> int:
    """Write the shop's tables, if they are not there; the number of purchases."""
    from edgewise.worlds.planted import shop

    if not folder.exists():
        made = folder.with_name("making")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        for name, table in shop(int(size * CUSTOMERS), PRODUCTS, STORES).tables.items():
            pq.write_table(table, made / f"{name}.parquet")
        made.rename(folder)
    return int(pq.read_metadata(folder / "transactions.parquet").num_rows)


def one(phase: str, home: Path, budget: str) -> dict[str, Any]:
    """Do one phase in this process; its seconds, and what it is about."""
    import torch  # noqa: F401  (its import is no part of a fit)

    import edgewise as ew

    what, _, name = phase.partition(" ")
    wall, cpu = time.perf_counter(), time.process_time()
    found: dict[str, Any] = {}
    if what == "graph":
        ew.Graph.build(ew.open(str(home / "tables")))
    elif what == "fit":
        graph = ew.Graph.build(ew.open(str(home / "tables")))
        wall, cpu = time.perf_counter(), time.process_time()
        run = graph.task(QUERIES[name]).fit(budget=budget, out=home / name, overwrite=True)
        found = {"learned from": run.report().data.get("train"), "costs": run.facts["costs"]}
    else:
        run = ew.load(home / name)
        wall, cpu = time.perf_counter(), time.process_time()
        found = {"rows": run.predict(at=AT).num_rows}
    seconds = {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return {name: round(value, 2) for name, value in seconds.items()} | found


def measure(phase: str, home: Path, budget: str) -> dict[str, Any]:
    """One phase in a process of its own.

    Raises:
        RuntimeError: it failed; its log says why.
    """
    said, log = home / "said.json", home / f"{phase}.log"
    command = [sys.executable, "-m", "benchmarks.cost", "--one", phase, str(home), "--budget", budget]
    environment = os.environ | {
        "EDGEWISE_CACHE": str(home / "cache"),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    said.unlink(missing_ok=True)
    cost = measured(command, log, env=environment)
    if cost.code != 0:
        raise RuntimeError(f"{phase} ended with {cost.code}: see {log}")
    return json.loads(said.read_text()) | {"peak_mb": round(cost.peak_mb), "load": round(cost.load[0], 1)}


def slopes(sizes: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The slopes of log seconds and of log peak memory on log events, by phase."""
    found = {}
    for phase in PHASES:
        rows = [(s["events"], s[phase]) for s in sizes.values() if phase in s]
        if len(rows) < 2:
            continue
        events = np.log([n for n, _ in rows])
        found[phase] = {
            name: round(float(np.polyfit(events, np.log([max(cost[name], 1e-2) for _, cost in rows]), 1)[0]), 2)
            for name in ("wall_seconds", "cpu_seconds", "peak_mb")
        }
    return found


def show(sizes: dict[str, dict[str, Any]]) -> str:
    """The table of a page: seconds of CPU and gigabytes at the peak."""
    lines = ["| events | " + " | ".join(PHASES) + " |", "| --- |" + " --- |" * len(PHASES)]
    for size in sizes.values():
        cells = [
            f"{size[p]['cpu_seconds']:,.0f} s, {size[p]['peak_mb'] / 1024:.1f} GB" if p in size else ""
            for p in PHASES
        ]
        lines.append(f"| {size['events']:,} | " + " | ".join(cells) + " |")
    found = slopes(sizes)
    cells = [f"{found[p]['cpu_seconds']:.2f}, {found[p]['peak_mb']:.2f}" if p in found else "" for p in PHASES]
    lines.append("| slope | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=float, default=SIZES, help="millions of purchases")
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES)
    parser.add_argument("--budget", default="2h", help="of each fit; ample, so that the clock cuts none short")
    parser.add_argument("--fresh", action="store_true", help="measure again what has been measured")
    parser.add_argument("--keep", action="store_true", help="keep the files of a size when it is done")
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--one", nargs=2, metavar=("PHASE", "HOME"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        home = Path(asked.one[1])
        (home / "said.json").write_text(json.dumps(one(asked.one[0], home, asked.budget)))
        return
    warm, body = False, json.loads(asked.out.read_text()) if asked.out.exists() else {"sizes": {}}
    for size in sorted(asked.sizes):
        known = body["sizes"].get(f"{size:g}", {})
        missing = [p for p in asked.phases if asked.fresh or p not in known]
        if not missing:
            continue
        warm = warm or _warm()
        home = HOME / f"{size:g}"
        known["events"] = make(size, home / "tables")
        for phase in PHASES if not (home / "cache").exists() else missing:
            if phase != "graph" and phase.split()[1] not in {p.split()[-1] for p in missing}:
                continue
            known[phase] = measure(phase, home, asked.budget)
            print(f"{size:g}M {phase}: {json.dumps(known[phase])}", flush=True)
            every = body["sizes"] | {f"{size:g}": known}
            body["sizes"] = dict(sorted(every.items(), key=lambda entry: float(entry[0])))
            body |= {"world": "shop, simulated", "commit": _commit(), "budget": asked.budget}
            body["slope"] = slopes(body["sizes"])
            asked.out.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        if not asked.keep:
            shutil.rmtree(home)
    print(show(body["sizes"]))


def _warm() -> bool:
    """Compile what is compiled when first used, on a small shop."""
    home = HOME / "warm"
    make(1000 / CUSTOMERS, home / "tables")
    for phase in PHASES:
        measure(phase, home, "60s")
    shutil.rmtree(home)
    return True


if __name__ == "__main__":
    main()
