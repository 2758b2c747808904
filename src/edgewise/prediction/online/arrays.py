"""Arrays and columns as files of a snapshot, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from edgewise.graph.layout import load_array, load_column, save_array, save_column

__all__ = ["Folder", "arrays_of"]


class Folder:
    """Arrays and columns of a folder, by name; each file is written once and read memory-mapped."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, value: np.ndarray | pa.Array) -> str:
        """Write an array or a column; the file's name."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, pa.Array):
            save_column(path.with_suffix(".arrow"), value)
            return f"{name}.arrow"
        save_array(path.with_suffix(".npy"), value)
        return f"{name}.npy"

    def array(self, name: str) -> np.ndarray:
        """An array that was put."""
        return load_array(self.root / name)

    def column(self, name: str) -> pa.Array:
        """A column that was put."""
        return load_column(self.root / name)

    def put_all(self, folder: str, values: Mapping[str, np.ndarray | pa.Array]) -> dict[str, str]:
        """Write several; the names of their files."""
        return {name: self.put(f"{folder}/{n:03d}", value) for n, (name, value) in enumerate(values.items())}

    def arrays(self, files: Mapping[str, str]) -> dict[str, np.ndarray]:
        """Arrays by name."""
        return {name: self.array(file) for name, file in files.items()}

    def columns(self, files: Mapping[str, str]) -> dict[str, pa.Array]:
        """Columns by name."""
        return {name: self.column(file) for name, file in files.items()}


def arrays_of(made: Any) -> dict[str, np.ndarray]:
    """The fields of a dataclass of arrays, by name."""
    return {field.name: getattr(made, field.name) for field in fields(made)}
