"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.errors import ArgumentError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_free", "whole_file", "write_parquet", "write_text"]


def check_free(path: Path) -> None:
    """Refuse a place where no Parquet file can be written, before the work that would fill it begins.

    Raises:
        ArgumentError: the name promises another format, or the place cannot be written.
    """
    if path.suffix.lower() not in ("", ".parquet", ".pq"):
        raise ArgumentError(
            f"'{path}': what is written is Parquet, and the name says {path.suffix}",
            hint=f"--out {path.with_suffix('.parquet')}",
        )
    if path.is_dir():
        raise ArgumentError(f"'{path}' is a folder", hint=f"name a file in it: --out {path / 'answer.parquet'}")
    there = next(p for p in (path.parent, *path.parent.parents) if p.exists())
    if not there.is_dir():
        raise ArgumentError(f"'{there}' is a file, so '{path}' cannot be written", hint="choose another place")
    if not os.access(there, os.W_OK):
        raise ArgumentError(f"the folder '{there}' cannot be written", hint="choose another place")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well and vanishes otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table; a file of that name is replaced."""
    import pyarrow.parquet as pq

    with whole_file(path) as temporary:
        pq.write_table(table, temporary)


def write_text(text: str, path: Path) -> None:
    """Write a text; a file of that name is replaced."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
