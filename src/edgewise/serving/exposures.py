"""The exposure log: what was shown to whom, where, why, with which chance, by which model.

Rows are gathered in memory and written as Parquet segments, each beside its place and then renamed. A crash loses
the few seconds that had not been written yet: unlike events, exposures are not acknowledged to anybody.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["COLUMNS", "Exposure", "ExposureLog", "exposure_id"]

_TEXT: Final = pa.dictionary(pa.int32(), pa.string())
#: The columns of a segment. `position` counts from 1 within a shelf, `shelf_position` shelves within a page.
COLUMNS: Final = pa.schema(
    [
        ("exposure", pa.string()), ("at", pa.timestamp("us", tz="UTC")), ("user", pa.string()), ("surface", _TEXT),
        ("shelf", _TEXT), ("shelf_position", pa.int16()), ("kind", _TEXT), ("item", pa.string()),
        ("position", pa.int16()), ("score", pa.float32()), ("channel", _TEXT), ("because", pa.string()),
        ("propensity", pa.float32()), ("model", _TEXT), ("variant", _TEXT), ("degraded", _TEXT),
    ]
)  # fmt: skip


class Exposure(NamedTuple):
    """One thing at one place: the columns of `COLUMNS`, in their order. `at` is in microseconds (UTC)."""

    exposure: str
    at: int
    user: str | None
    surface: str
    shelf: str
    shelf_position: int
    kind: str
    item: str
    position: int
    score: float | None
    channel: str
    because: str | None
    propensity: float
    model: str
    variant: str
    degraded: str | None


class ExposureLog:
    """The exposures of one tenant, in a folder of Parquet segments."""

    def __init__(self, folder: Path, *, rows: int = 50_000, seconds: float = 5.0) -> None:
        self.folder = folder
        self._most = rows
        self._seconds = seconds
        self._rows: list[Exposure] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._full = threading.Event()
        self._closing = False
        folder.mkdir(parents=True, exist_ok=True)
        for torn in folder.glob(".*.parquet"):
            torn.unlink()
        self._number = 1 + max((int(p.stem.split("-")[1]) for p in self.segments()), default=0)
        self._thread = threading.Thread(target=self._run, name=f"exposures {folder.name}", daemon=True)
        self._thread.start()

    def add(self, rows: list[Exposure]) -> None:
        """Log what one answer shows."""
        with self._lock:
            self._rows.extend(rows)
            if len(self._rows) >= self._most:
                self._full.set()

    def flush(self) -> None:
        """Write what is gathered."""
        with self._writing:
            with self._lock:
                rows, self._rows = self._rows, []
            if rows:
                columns = [
                    pa.array(column, field.type)
                    for column, field in zip(zip(*rows, strict=True), COLUMNS, strict=True)
                ]
                self._write(pa.Table.from_arrays(columns, schema=COLUMNS), f"exposures-{self._number:08d}.parquet")
                self._number += 1

    def segments(self) -> list[Path]:
        """The files, oldest first."""
        return sorted(self.folder.glob("exposures-*.parquet"))

    def tables(self) -> Iterator[pa.Table]:
        """What is written, a segment at a time."""
        for path in self.segments():
            yield pq.read_table(path)

    def forget(self, user: str) -> int:
        """Rewrite the segments that name a user without those rows. Returns how many rows went."""
        self.flush()
        gone = 0
        with self._writing:
            for path in self.segments():
                table = pq.read_table(path)
                keep = pc.fill_null(pc.not_equal(table.column("user"), user), True)
                kept = table.filter(keep)
                if kept.num_rows < table.num_rows:
                    gone += table.num_rows - kept.num_rows
                    self._write(kept, path.name)
        return gone

    def close(self) -> None:
        """Write what is gathered and stop."""
        self._closing = True
        self._full.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closing:
            self._full.wait(self._seconds)
            self._full.clear()
            self.flush()

    def _write(self, table: pa.Table, name: str) -> None:
        beside = self.folder / f".{name}"
        pq.write_table(table, beside, compression="zstd")
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, self.folder / name)


def exposure_id(clock: Callable[[], float] = time.time) -> str:
    """A name for a list: when it was made, and chance."""
    return f"{int(clock() * 1000):012x}{os.urandom(6).hex()}"
