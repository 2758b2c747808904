"""Which event log keeps up: SQLite in WAL mode with full sync, or a plain appended file with checksums and fsync.

    python benchmarks/serving/log.py [--seconds N] [--folder DIR]

For each batch size, both commit batches of events to the disk as fast as they can. One JSON object is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgewise.prediction.nouns import Event
from edgewise.serving.event_log import EventLog

BATCHES = (1, 4, 20, 200)


def event(n: int) -> Event:
    """An event of usual size."""
    return Event(f"event-{n}", "listens", {"user_id": n % 100_000, "track_id": n % 50_000, "seconds": 201.5}, n)


def measured(commit: Callable[[list[Event]], None], batch: int, seconds: float) -> dict[str, float]:
    """Commit for a while; how long commits take, and how many events a second that makes."""
    took: list[float] = []
    n = 0
    while sum(took) < seconds:
        events = [event(n + i) for i in range(batch)]
        n += batch
        began = time.perf_counter()
        commit(events)
        took.append(time.perf_counter() - began)
    p50, p99 = np.quantile(np.array(took) * 1e3, [0.5, 0.99])
    return {"events_per_second": n / sum(took), "p50_ms": float(p50), "p99_ms": float(p99)}


def sqlite(folder: Path, batch: int, seconds: float) -> dict[str, float]:
    """The event log of the service."""
    log = EventLog(folder / f"{batch}.sqlite")
    found = measured(lambda events: log.append([(e, str(e.values["user_id"])) for e in events]).result() and None,
                     batch, seconds)  # fmt: skip
    log.close()
    return found


def appended(folder: Path, batch: int, seconds: float) -> dict[str, float]:
    """Length, checksum, body; then fsync. No index: ids are not unique, users cannot be deleted."""
    with (folder / f"{batch}.log").open("ab", buffering=0) as file:

        def commit(events: list[Event]) -> None:
            bodies = [json.dumps([e.id, e.table, e.at, dict(e.values)]).encode() for e in events]
            file.write(b"".join(struct.pack("<II", len(b), zlib.crc32(b)) + b for b in bodies))
            os.fsync(file.fileno())

        return measured(commit, batch, seconds)


def main() -> None:
    """Measure both and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each log and batch size")
    parser.add_argument(
        "--folder", type=Path, default=None, help="on the disk to measure; by default a temporary one"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        found = {
            f"batch {batch}": {
                "sqlite": sqlite(Path(name), batch, asked.seconds),
                "appended file": appended(Path(name), batch, asked.seconds),
            }
            for batch in BATCHES
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
