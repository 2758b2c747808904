"""How the service holds under load: open-loop arrivals of pages and events, latency and memory over time.

    python benchmarks/serving/load.py --run RUN [--users N] [--rate 100] [--events 200] [--seconds 600]
    python benchmarks/serving/load.py --url http://127.0.0.1:8000 --event-table listens --user-column user_id …

With --run, `edgewise serve` is started over the run and measured as a process of its own; with --url, a service
that runs already. Arrivals are Poisson and do not wait for answers (open loop), and a latency counts from the
moment at which the request was due, so that a service that falls behind is not flattered. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import uvloop
from started import Started, started

#: Parts of the time that are summed up by themselves.
PARTS = 30


@dataclass
class Seen:
    """What came of the requests of one kind."""

    milliseconds: list[float] = field(default_factory=list)
    due: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    degraded: int = 0

    def note(self, status: str, due: float, degraded: bool = False) -> None:
        """One more, which was due at a moment of `time.perf_counter`."""
        self.milliseconds.append((time.perf_counter() - due) * 1e3)
        self.due.append(due)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.degraded += degraded

    def summary(self, seconds: float) -> dict[str, Any]:
        """Latency quantiles and counts."""
        if not self.milliseconds:
            return {"requests": 0}
        p50, p90, p99, p999 = np.quantile(self.milliseconds, [0.5, 0.9, 0.99, 0.999])
        return {
            "requests": len(self.milliseconds), "per_second": len(self.milliseconds) / seconds,
            "p50_ms": p50, "p90_ms": p90, "p99_ms": p99, "p99.9_ms": p999, "max_ms": max(self.milliseconds),
            "statuses": self.statuses, "degraded": self.degraded, "over_time_ms": self._over_time(),
        }  # fmt: skip

    def _over_time(self) -> list[list[float]]:
        """Seconds since the start, median, p99 and longest of each part of the time."""
        due, took = np.array(self.due) - min(self.due), np.array(self.milliseconds)
        edges = np.linspace(0.0, due.max() + 1e-9, PARTS + 1)
        parts = [(low, took[(due >= low) & (due < high)]) for low, high in pairwise(edges)]
        return [
            [round(float(at), 1), *np.quantile(found, [0.5, 0.99, 1.0]).round(1).tolist()]
            for at, found in parts
            if len(found)
        ]


async def arrivals(
    rate: float, seconds: float, rng: random.Random, send: Callable[[float], Awaitable[None]]
) -> None:
    """Call `send` at the times of a Poisson process, whatever the answers do."""
    running: set[asyncio.Task[None]] = set()
    began = due = time.perf_counter()
    while rate > 0 and (due := due + rng.expovariate(rate)) < began + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.ensure_future(send(due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)


@dataclass
class Load:
    """Both streams of requests, and the memory of the process that answers."""

    asked: argparse.Namespace
    client: aiohttp.ClientSession
    service: Started | None
    pages: Seen = field(default_factory=Seen)
    events: Seen = field(default_factory=Seen)
    memory: list[tuple[float, float]] = field(default_factory=list)

    async def run(self) -> None:
        """Load it."""
        rng = random.Random(self.asked.random_seed)
        watching = asyncio.ensure_future(self.watch())
        await asyncio.gather(
            arrivals(self.asked.rate, self.asked.seconds, random.Random(1), lambda due: self.page(due, rng)),
            arrivals(self.asked.events, self.asked.seconds, random.Random(2), lambda due: self.event(due, rng)),
        )
        watching.cancel()

    async def page(self, due: float, rng: random.Random) -> None:
        """Ask for somebody's page."""
        user = rng.randrange(self.asked.users)
        try:
            async with self.client.get(f"/v1/users/{user}/home") as answer:
                late = b'"degraded":null' not in await answer.read()
            self.pages.note(str(answer.status), due, late)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.pages.note(type(error).__name__, due)

    async def event(self, due: float, rng: random.Random) -> None:
        """Post that somebody met something."""
        asked = self.asked
        values = {asked.user_column: rng.randrange(asked.users), asked.item_column: rng.randrange(asked.items)}
        body = {"id": uuid.UUID(int=rng.getrandbits(128)).hex, "table": asked.event_table, "values": values}
        try:
            async with self.client.post("/v1/events", json=body) as answer:
                await answer.read()
            self.events.note(str(answer.status), due)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.events.note(type(error).__name__, due)

    async def watch(self) -> None:
        """Note the memory of the service every few seconds."""
        began = time.monotonic()
        while self.service is not None:
            self.memory.append((round(time.monotonic() - began, 1), round(self.service.memory(), 1)))
            await asyncio.sleep(max(1.0, self.asked.seconds / PARTS))


async def measure(asked: argparse.Namespace, url: str, service: Started | None) -> dict[str, Any]:
    """Warm up, load, and sum up."""
    headers = {"Authorization": f"Bearer {asked.key}"} if asked.key else {}
    # Not httpx2: at these rates it takes as much of the processor as the service, and two cores are all there is.
    limits, patience = aiohttp.TCPConnector(limit=256), aiohttp.ClientTimeout(total=10.0)
    async with aiohttp.ClientSession(url, headers=headers, connector=limits, timeout=patience) as client:
        for user in range(20):
            async with client.get(f"/v1/users/{user}/home") as answer:
                await answer.read()
        load = Load(asked, client, service)
        used = 0.0 if service is None else service.cpu()
        await load.run()
        used = 0.0 if service is None else service.cpu() - used
    mine = time.process_time()
    memory = [mb for _, mb in load.memory]
    quarter = max(1, len(memory) // 4)
    growth = (
        None if len(memory) < 4 else float(np.mean(memory[-quarter:]) - np.mean(memory[quarter : 2 * quarter]))
    )
    return {
        "asked": {k: v for k, v in vars(asked).items() if k not in ("key", "run", "state", "out")},
        "cores": os.cpu_count(),
        "home": load.pages.summary(asked.seconds), "events": load.events.summary(asked.seconds),
        "cpu_seconds": {"service": None if service is None else round(used, 1), "load_generator": round(mine, 1)},
        "readers": None if service is None else service.readers(),
        "memory_mb": {"over_time": load.memory, "last_quarter_less_second": growth},
    }  # fmt: skip


def main() -> None:
    """Parse, measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="append", metavar="PROJECT|RUN", help="what to serve; may be repeated")
    parser.add_argument("--state", type=Path, help="a state folder with the run made ready")
    parser.add_argument("--readers", type=int, help="as for `edgewise serve`")
    parser.add_argument("--url", help="a service that runs already")
    parser.add_argument("--key", help="its API key")
    parser.add_argument("--port", type=int, default=8137)
    parser.add_argument("--users", type=int, default=100_000, help="keys 0 … N-1 are asked for")
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--event-table", default="listens")
    parser.add_argument("--user-column", default="user_id")
    parser.add_argument("--item-column", default="track_id")
    parser.add_argument("--rate", type=float, default=100.0, help="pages a second")
    parser.add_argument("--events", type=float, default=200.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.run:
        options = () if asked.readers is None else ("--readers", str(asked.readers))
        with started(asked.run, asked.port, options, made_ready=asked.state) as service:
            service.ready(asked.readers or 0)
            found = uvloop.run(measure(asked, service.url, service))
    elif asked.url:
        found = uvloop.run(measure(asked, asked.url, None))
    else:
        parser.error("name a --run to serve, or the --url of a service")
    text = json.dumps(found, indent=2, default=float)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
