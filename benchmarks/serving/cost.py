"""What a page and an event cost the service in processor time, with all that HTTP, logs and threads take.

    python benchmarks/serving/cost.py --run RUN [--state FOLDER] [--beside SRC] [--out FILE]

`edgewise serve` is started over the run, without readers, and asked one request after the other. `--state` is a
state folder in which the run was made ready before, so that this need not be done again. With `--beside`, the
package in another folder (`git archive COMMIT src | tar -x -C FOLDER`, SRC is FOLDER/src) serves the same run at
the same time, and both are asked in turn: a machine that does other things does them to both.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from started import Started, started


@dataclass
class Served:
    """One version of the package, serving; `spent` and `took` are by request, milliseconds."""

    name: str
    service: Started
    client: httpx2.Client
    rng: random.Random
    spent: dict[str, list[float]]
    took: dict[str, list[float]]

    def block(self, what: str, count: int, send: Callable[[Served], None]) -> None:
        """So many requests of one kind."""
        before = self.service.cpu()
        for _ in range(count):
            began = time.perf_counter()
            send(self)
            self.took.setdefault(what, []).append((time.perf_counter() - began) * 1e3)
        self.spent.setdefault(what, []).append((self.service.cpu() - before) / count * 1e3)

    def summary(self) -> dict[str, Any]:
        """Processor time of one request, the mean over all blocks and its standard error."""
        return {
            what: {
                "cpu_ms": round(float(np.mean(blocks)), 3),
                "standard_error": round(float(np.std(blocks, ddof=1) / np.sqrt(len(blocks))), 3),
                "wall_p50_ms": round(float(np.median(self.took[what])), 3),
            }
            for what, blocks in self.spent.items()
        }


@contextlib.contextmanager
def served(asked: argparse.Namespace, name: str, source: Path | None, port: int) -> Iterator[Served]:
    """The run, served by this process alone, of the package in `source` where one is given."""
    options = ["--deadline", "10", *(() if source is not None else ("--readers", "0"))]
    with (
        started([asked.run], port, options, made_ready=asked.state, source=source) as service,
        httpx2.Client(base_url=service.url, timeout=30.0) as client,
    ):
        yield Served(name, service, client, random.Random(asked.random_seed), {}, {})


def measure(asked: argparse.Namespace, every: list[Served]) -> dict[str, Any]:
    """Blocks of pages and of events, each version in turn."""

    def page(one: Served) -> None:
        answer = one.client.get(f"/v1/users/{one.rng.randrange(asked.users)}/home")
        assert answer.status_code == 200, answer.text

    def event(one: Served) -> None:
        values = {
            asked.user_column: one.rng.randrange(asked.users), asked.item_column: one.rng.randrange(asked.items)
        }  # fmt: skip
        name = uuid.UUID(int=one.rng.getrandbits(128)).hex
        answer = one.client.post("/v1/events", json={"id": name, "table": asked.event_table, "values": values})
        assert answer.status_code == 200, answer.text

    kinds: list[tuple[str, int, Callable[[Served], None]]] = [
        ("page", asked.pages, page), ("event", asked.events, event)
    ]  # fmt: skip
    for one in every:
        one.service.ready()
        for _ in range(30):
            page(one)
            event(one)
    for _ in range(asked.blocks):
        for what, count, send in kinds:
            for one in every:
                one.block(what, count // asked.blocks, send)
    said = {name: value for name, value in vars(asked).items() if name not in ("run", "state", "beside", "out")}
    return {
        "asked": said,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        **{one.name: one.summary() for one in every},
    }


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, metavar="PROJECT|RUN", help="what to serve")
    parser.add_argument("--state", type=Path, help="a state folder with the run made ready")
    parser.add_argument("--beside", type=Path, metavar="SRC", help="another version of the package")
    parser.add_argument("--port", type=int, default=8147)
    parser.add_argument("--users", type=int, default=100_000, help="keys 0 … N-1 are asked for")
    parser.add_argument("--items", type=int, default=47_000)
    parser.add_argument("--event-table", default="listens")
    parser.add_argument("--user-column", default="listener_id")
    parser.add_argument("--item-column", default="track_id")
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--events", type=int, default=800)
    parser.add_argument("--blocks", type=int, default=20, help="turns that the requests are parted into")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with contextlib.ExitStack() as opened:
        every = [opened.enter_context(served(asked, "now", None, asked.port))]
        if asked.beside is not None:
            every.insert(0, opened.enter_context(served(asked, "before", asked.beside, asked.port + 1)))
        text = json.dumps(measure(asked, every), indent=2)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
