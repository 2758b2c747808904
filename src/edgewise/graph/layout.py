"""Files of a graph folder: NumPy arrays and Arrow columns, each memory-mapped when read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

__all__ = ["load_array", "load_column", "save_array", "save_column"]


def save_array(path: Path, array: np.ndarray) -> None:
    """Write one array as `.npy`, sequentially, so that no page of it stays mapped in this process."""
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)


def load_array(path: Path) -> np.ndarray:
    """Open an array written by `save_array`, memory-mapped and read-only."""
    return np.asarray(np.lib.format.open_memmap(path, mode="r"))


def save_column(path: Path, values: pa.Array) -> None:
    """Write one Arrow array as an IPC file of a single batch."""
    batch = pa.record_batch([values], names=["value"])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def load_column(path: Path) -> pa.Array:
    """Open a column written by `save_column`, memory-mapped."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).get_batch(0).column(0)
