"""Edgewise's sampler against the native sampler of kumo-relational-engine, on the same graph, seeds and fanouts.

    python benchmarks/sampler/run.py [--repeats 15] [--graph FOLDER] [--out benchmarks/results/sampler.json]

The Complete Journey without its promotions; the seeds are all households at one anchor, in batches of 512; one
thread each. The two take turns within a repetition, so that whatever else runs on the machine meets both; the
ratio is taken per repetition. What is timed is the thread's processor time: a second of it is a second of one
core. Each turn is two passes over all seeds, of which the second is timed, so that
compilation and the other's use of the caches stay out. Both walk every link in both directions,
also back to the row they came from, so that they return the same links. The peer also merges rows that a seed
reaches twice; Edgewise returns trees. Edgewise also returns each row's time; the peer does not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.clock import SECOND, to_micros
from edgewise.graph.store import GraphStore
from edgewise.sampling.sampler import sample
from edgewise.sources.database import open_database
from edgewise.tasks.nouns import Seeds

HERE = Path(__file__).parent
PEER = HERE.parent / ".venvs" / "peer-sampler"
FANOUTS = ([12, 12], [32, 16], [64, 32], [205, 12])
ANCHOR = "2017-10-01"
BATCH = 512


def journey() -> GraphStore:
    """The Complete Journey without promotions, from the graph cache where it is there already."""
    return GraphStore.build(open_database("completejourney", {"exclude": ["promotions"]}))


def households(graph: GraphStore) -> Seeds:
    """All households at the anchor."""
    rows = np.arange(graph.rows("households"))
    return Seeds("households", rows, np.full(len(rows), to_micros(ANCHOR)))


def export(graph: GraphStore, seeds: Seeds, path: Path) -> None:
    """The graph in the peer's own layout: lists of neighbours per row, int64, times in seconds."""
    arrays: dict[str, Any] = {}
    names = []
    for table in graph.schema.tables:
        for hop in graph.hops(table):
            relation = graph.relation(hop)
            name = "__".join((hop.dst, ("" if hop.reverse else "rev_") + hop.column, hop.src))
            names.append(name)
            arrays[f"indptr/{name}"] = relation.indptr
            arrays[f"dst/{name}"] = relation.dst.astype(np.int64)
        if graph.schema.table(table).timed:
            arrays[f"seconds/{table}"] = graph.times(table) // SECOND
    np.savez(
        path,
        edge_types=names,
        tables=list(graph.schema.tables),
        seed_table=seeds.table,
        seed_rows=seeds.rows,
        seed_seconds=seeds.at // SECOND,
        **arrays,
    )


class Peer:
    """The peer's process."""

    def __init__(self, graph: Path) -> None:
        python = PEER / "bin" / "python"
        if not python.exists():
            venv.create(PEER, with_pip=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements.txt")]
            subprocess.run(pip, check=True)
        command = [str(python), str(HERE / "peer.py"), str(graph)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def run(self, fanouts: list[int]) -> dict[str, float]:
        """Sample all seeds once."""
        assert self._process.stdin is not None
        print(json.dumps({"fanouts": fanouts, "batch": BATCH}), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the peer's process ended")
        return json.loads(line)


def ours(graph: GraphStore, seeds: Seeds, fanouts: list[int], recent: bool) -> dict[str, float]:
    """Sample all seeds once with Edgewise."""
    batches = [seeds.take(np.arange(b, min(b + BATCH, len(seeds)))) for b in range(0, len(seeds), BATCH)]
    for _ in range(2):  # the first pass brings the caches back
        began = time.thread_time()
        links = sum(sample(graph, batch, fanouts, recent=recent, back=True, threads=1).links for batch in batches)
        seconds = time.thread_time() - began
    return {"seconds": seconds, "links": links}


def summary(values: list[float]) -> dict[str, float]:
    """Median, and the interval that holds the middle 80 % of the repetitions."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return {"median": round(float(middle), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def compare(graph: GraphStore, seeds: Seeds, peer: Peer, fanouts: list[int], repeats: int) -> dict[str, Any]:
    """One case: both in turn, `repeats` times."""
    runs: dict[str, list[dict[str, float]]] = {"recent": [], "uniform": [], "peer": []}
    for repeat in range(repeats + 1):
        once = {
            "recent": ours(graph, seeds, fanouts, recent=True),
            "peer": peer.run(fanouts),
            "uniform": ours(graph, seeds, fanouts, recent=False),
        }
        for name, run in once.items() if repeat else ():
            runs[name].append(run)
    speed = {name: [run["links"] / run["seconds"] / 1e6 for run in of] for name, of in runs.items()}
    return {
        "fanouts": fanouts,
        "links": {name: of[0]["links"] for name, of in runs.items()},
        "million_links_per_second": {name: summary(of) for name, of in speed.items()},
        "thousand_seeds_per_second": {
            name: summary([len(seeds) / run["seconds"] / 1e3 for run in of]) for name, of in runs.items()
        },
        "ratio_recent": summary([a / b for a, b in zip(speed["recent"], speed["peer"], strict=True)]),
        "ratio_uniform": summary([a / b for a, b in zip(speed["uniform"], speed["peer"], strict=True)]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--graph", type=Path, help="a graph folder that is built already")
    parser.add_argument("--out", type=Path, default=HERE.parent / "results" / "sampler.json")
    options = parser.parse_args()
    graph = GraphStore.open(options.graph) if options.graph else journey()
    seeds = households(graph)
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "graph.npz"
        export(graph, seeds, exported)
        peer = Peer(exported)
        cases = []
        for fanouts in FANOUTS:
            case = compare(graph, seeds, peer, fanouts, options.repeats)
            cases.append(case)
            speed = case["million_links_per_second"]
            line = [f"{name} {of['median']:.2f}" for name, of in speed.items()]
            ratio = case["ratio_recent"]
            line.append(f"ratio {ratio['median']:.1f} [{ratio['low']:.1f}, {ratio['high']:.1f}]")
            print(fanouts, "million links/s:", *line, file=sys.stderr)
        peer.close()
    body = {
        "benchmark": "sampler",
        "peer": (HERE / "requirements.txt").read_text().splitlines()[-1],
        "graph": "completejourney without promotions",
        "seeds": len(seeds),
        "anchor": ANCHOR,
        "batch": BATCH,
        "threads": 1,
        "repeats": options.repeats,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 1),  # what else ran on the machine
        "cases": cases,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(body, indent=1) + "\n")


if __name__ == "__main__":
    main()
