"""What a page and an event cost the service in processor time, with all that HTTP, logs and threads take.

    python benchmarks/serving/cost.py --run RUN [--state FOLDER] [--beside SRC] [--out FILE]

`edgewise serve` is started over the run and asked one request after the other; what its process used is read
from /proc. `--state` is a state folder in which the run was made ready before, so that this need not be done
again. With `--beside`, the package in another folder (`git archive COMMIT src | tar -x -C FOLDER`, SRC is
FOLDER/src) serves the same run at the same time, and both are asked in turn: a machine that does other things
does them to both.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Served:
    """One version of the package, serving; `spent` and `took` are by request, milliseconds."""

    name: str
    process: subprocess.Popen[bytes]
    client: httpx2.Client
    rng: random.Random
    spent: dict[str, list[float]]
    took: dict[str, list[float]]

    def cpu(self) -> float:
        """Seconds of processor time that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def ready(self) -> None:
        """Wait until it answers."""
        for _ in range(2_400):
            with contextlib.suppress(httpx2.HTTPError):
                if self.client.get("/readyz").status_code == 200:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.5)
        raise SystemExit("the service has ended, or does not begin")

    def block(self, what: str, count: int, send: Callable[[Served], None]) -> None:
        """So many requests of one kind."""
        before = self.cpu()
        for _ in range(count):
            began = time.perf_counter()
            send(self)
            self.took.setdefault(what, []).append((time.perf_counter() - began) * 1e3)
        self.spent.setdefault(what, []).append((self.cpu() - before) / count * 1e3)

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
    """`edgewise serve` over the run, of the package in `source` where one is given; killed at the end."""
    with tempfile.TemporaryDirectory() as state:
        if asked.state is not None:
            (Path(state) / "main").mkdir()
            (Path(state) / "main" / "models").symlink_to(asked.state.resolve() / "main" / "models")
        command = [sys.executable, "-m", "edgewise", "serve", asked.run, "--demo", "--clock", "data", "--port",
                   str(port), "--state", state, "--rate", "100000", "--deadline", "10"]  # fmt: skip
        environment = dict(os.environ) if source is None else {**os.environ, "PYTHONPATH": str(source.resolve())}
        process = subprocess.Popen(command, stdout=sys.stderr, env=environment)
        client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0)
        try:
            yield Served(name, process, client, random.Random(asked.random_seed), {}, {})
        finally:
            client.close()
            process.kill()  # what it would keep for the next start is of no use
            process.wait()


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
        one.ready()
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
