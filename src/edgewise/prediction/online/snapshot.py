"""Live rankings in a folder: arrays that are memory-mapped, and a manifest that knows every file by its checksum.

snapshot.json        format, schema, tables, rankings, and the size and checksum of every other file
tables/NAME/         keys, columns and links by row
kinds/NAME/          timelines, history, graphs, codes, trees and the curve of probabilities
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from edgewise.errors import RunError
from edgewise.graph.manifest import schema_from_json, schema_to_json
from edgewise.prediction.online.arrays import Folder
from edgewise.prediction.online.data import SnapshotData
from edgewise.prediction.online.kind_files import read_kind, read_table, write_kind, write_table

__all__ = ["FORMAT", "is_snapshot", "load_snapshot", "save_snapshot", "write_into"]

#: Raised whenever a snapshot written before could no longer be read.
FORMAT: Final = 1
MANIFEST: Final = "snapshot.json"


def is_snapshot(path: Path) -> bool:
    """Whether a folder looks like one."""
    return (path / MANIFEST).is_file()


def save_snapshot(data: SnapshotData, path: Path) -> Path:
    """Write a snapshot, which appears whole or not at all; one that is there is replaced.

    Raises:
        RunError: `path` exists and is no snapshot.
    """
    if path.exists() and not is_snapshot(path) and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"'{path}' exists and is not a snapshot: it is left as it is", hint="choose another folder")
    with _beside(path) as folder:
        write_into(data, folder)
    return path


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield temporary
        os.chmod(temporary, 0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
            os.replace(path, old / "snapshot")
            os.replace(temporary, path)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_into(data: SnapshotData, folder: Path) -> None:
    """Write a snapshot into an empty folder, its manifest last."""
    shelf = Folder(folder)
    content: dict[str, Any] = {
        "format": FORMAT,
        "schema": schema_to_json(data.schema),
        "users": data.users,
        "until": data.until,
        "tables": {
            name: write_table(shelf, f"tables/{n:03d}", t) for n, (name, t) in enumerate(data.tables.items())
        },
        "kinds": {name: write_kind(shelf, f"kinds/{n:03d}", k) for n, (name, k) in enumerate(data.kinds.items())},
    }
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    content["files"] = {str(p.relative_to(folder)): [p.stat().st_size, _checksum(p)] for p in files}
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    for path in [*files, manifest]:
        _settle(path)


def load_snapshot(path: Path, *, checked: bool = True) -> SnapshotData:
    """Open a snapshot, memory-mapped, after every file has been compared with its checksum; without `checked`,
    with its size alone, for one that was written a moment ago.

    Raises:
        RunError: no snapshot, a damaged or half-written one, or one that another version wrote.
    """
    content = _manifest(path)
    for name, (size, checksum) in content["files"].items():
        file = path / name
        if not file.is_file():
            raise _damaged(path, f"'{name}' is missing")
        if file.stat().st_size != size:
            raise _damaged(path, f"'{name}' has {file.stat().st_size:,} bytes instead of {size:,}")
        if checked and _checksum(file) != checksum:
            raise _damaged(path, f"'{name}' is not what was written")
    shelf = Folder(path)
    try:
        return SnapshotData(
            schema_from_json(content["schema"]),
            content["users"],
            int(content["until"]),
            {name: read_kind(shelf, name, found) for name, found in content["kinds"].items()},
            {name: read_table(shelf, found) for name, found in content["tables"].items()},
        )
    except (KeyError, TypeError, ValueError, OSError, pa.ArrowInvalid) as error:
        raise _damaged(path, str(error)) from None


def _manifest(path: Path) -> dict[str, Any]:
    if not is_snapshot(path):
        raise RunError(f"there is no snapshot in '{path}'", hint="`edgewise serve RUN` writes one")
    try:
        content = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _damaged(path, f"{MANIFEST} is not JSON") from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise RunError(
            f"the snapshot in '{path}' has format {found!r}; this version of Edgewise reads {FORMAT}",
            hint="write it again from its runs",
        )
    if not isinstance(content.get("files"), dict):
        raise _damaged(path, "it does not say what it holds")
    return content


def _damaged(path: Path, why: str) -> RunError:
    return RunError(f"the snapshot in '{path}' is damaged: {why}", hint="write it again from its runs")


def _checksum(path: Path) -> str:
    """CRC-32: against disks and half-written files, not against people."""
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found = zlib.crc32(chunk, found)
    return f"{found:08x}"


def _settle(path: Path) -> None:
    """Bring a file to the disk, so that a power cut after the renaming cannot empty it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
