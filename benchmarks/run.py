"""Ours and its peers on the same seeds, in one go.

    python -m benchmarks.run --case next-purchase --peers frequency itemknn
    python -m benchmarks.run --case next-purchase --parts 2017-12-17 --sample 0.05      try it out
    python -m benchmarks.run --case next-purchase --peers none --parts 2017-12-17 --budget 90s
    python -m benchmarks.run --docs                                                     render docs/benchmarks.md

What has run is kept in .cache/bench and not run again (--fresh runs it again), so an interrupted case goes on
where it stopped. A case's JSON in benchmarks/results is written after each part.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from benchmarks.cases.table import CASES
from benchmarks.harness.measure import Bench
from benchmarks.harness.render import PAGE, render
from benchmarks.peers.systems import OURS


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="*", choices=sorted(CASES), default=[])
    parser.add_argument("--peers", nargs="*", default=["all"], help="names; 'all' (default), 'none', 'only NAME…'")
    parser.add_argument("--parts", nargs="*", help="origins or tasks; all of them if left out")
    parser.add_argument("--sample", type=float, default=1.0, help="share of the entities, to try things out")
    parser.add_argument("--budget", help="of ours, instead of the case's own; results lie beside the cache")
    parser.add_argument("--fresh", action="store_true", help="prepare and run again what has run")
    parser.add_argument("--score", action="store_true", help="run nothing, score what has run")
    parser.add_argument("--docs", action="store_true", help="render docs/benchmarks.md")
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    for name in asked.case:
        bench = Bench(CASES[name], asked.sample, asked.budget)
        parts = asked.parts or bench.case.parts()
        if asked.prepare:
            bench.prepare(parts[0])
            return
        systems = _systems(asked.peers, bench.case.peers)
        if unknown := set(parts) - set(bench.case.parts()):
            parser.error(f"{name} has no part {', '.join(sorted(unknown))}: {', '.join(bench.case.parts())}")
        found: dict[str, Any] = {}
        for part in parts if not asked.score else ():
            if asked.fresh:
                bench.job(part, fresh=True)
            bench.run(systems, [part], fresh=asked.fresh)
            found = bench.score()
        print(json.dumps((found or bench.score())["groups"], indent=1))
    if asked.docs:
        PAGE.write_text(render(), encoding="utf-8")
    if not asked.case and not asked.docs:
        parser.print_help(sys.stderr)


def _systems(asked: list[str], peers: tuple[str, ...]) -> list[str]:
    """Ours first, unless only some are asked for."""
    if asked[:1] == ["only"]:
        return asked[1:]
    if asked == ["none"]:
        return [OURS]
    return [OURS, *(peers if asked == ["all"] else asked)]


if __name__ == "__main__":
    main()
