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
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["COLUMNS", "ExposureLog", "Exposures", "exposure_id"]

#: Answers that become Arrow arrays in one go.
_AT_ONCE: Final = 50
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


class Exposures(NamedTuple):
    """What one answer shows: the columns of `COLUMNS`, those of the answer once, and each shelf with the number of
    its things. The lists have an entry a thing, shelf by shelf. `at` is in microseconds (UTC).
    """

    exposure: str
    at: int
    user: str | None
    surface: str
    model: str
    variant: str
    degraded: str | None
    shelves: list[tuple[str, int]]
    kind: list[str]
    item: list[str]
    score: list[float | None]
    channel: list[str]
    because: list[str | None]
    propensity: list[float]


class ExposureLog:
    """The exposures of one tenant, in a folder of Parquet segments."""

    def __init__(self, folder: Path, *, rows: int = 50_000, seconds: float = 5.0) -> None:
        self.folder = folder
        self._most = rows
        self._seconds = seconds
        self._gathered: list[Exposures] = []
        self._rows = 0
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

    def add(self, shown: Exposures) -> None:
        """Log what one answer shows."""
        with self._lock:
            self._gathered.append(shown)
            self._rows += len(shown.item)
            if self._rows >= self._most:
                self._full.set()

    def flush(self) -> None:
        """Write what is gathered."""
        with self._writing:
            with self._lock:
                gathered, self._gathered, self._rows = self._gathered, [], 0
            # A few answers at a time: whoever answers meanwhile does not wait for the whole.
            tables = [_table(gathered[at : at + _AT_ONCE]) for at in range(0, len(gathered), _AT_ONCE)]
            if any(table.num_rows for table in tables):
                self._write(pa.concat_tables(tables).unify_dictionaries(), f"exposures-{self._number:08d}.parquet")
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


def _table(gathered: list[Exposures]) -> pa.Table:
    """The rows of some answers, a row a thing."""
    lengths = np.array([n for shown in gathered for _, n in shown.shelves], dtype=np.int64)
    shelf = np.repeat(np.arange(len(lengths)), lengths)
    answer = np.repeat(np.arange(len(gathered)), [len(shown.item) for shown in gathered])
    number = np.concatenate([np.zeros(0, np.int64), *(np.arange(1, len(g.shelves) + 1) for g in gathered)])
    first = np.cumsum(lengths) - lengths
    columns: dict[str, pa.Array] = {
        "shelf": _each([name for shown in gathered for name, _ in shown.shelves], _TEXT, shelf),
        "shelf_position": pa.array(number[shelf].astype(np.int16)),
        "position": pa.array((np.arange(len(shelf)) - first[shelf] + 1).astype(np.int16)),
    }
    for name in ("exposure", "at", "user", "surface", "model", "variant", "degraded"):
        columns[name] = _each([getattr(shown, name) for shown in gathered], COLUMNS.field(name).type, answer)
    for name in ("kind", "item", "score", "channel", "because", "propensity"):
        every = [value for shown in gathered for value in getattr(shown, name)]
        columns[name] = pa.array(every, COLUMNS.field(name).type)
    return pa.Table.from_arrays([columns[field.name] for field in COLUMNS], schema=COLUMNS)


def _each(values: list[Any], kind: pa.DataType, at: np.ndarray) -> pa.Array:
    """A value for each row: `at` says which."""
    return pa.array(values, kind).take(pa.array(at))


def exposure_id(clock: Callable[[], float] = time.time) -> str:
    """A name for a list: when it was made, and chance."""
    return f"{int(clock() * 1000):012x}{os.urandom(6).hex()}"
