"""Run folders: written beside their place and renamed, so that a half-written run is never seen."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgewise.errors import RunError

__all__ = ["FORMAT", "check_free", "new_folder", "read_manifest", "whole_folder", "write_json"]

#: Raised whenever a run written before could no longer be read.
FORMAT = 1
MANIFEST = "run.json"


@contextmanager
def new_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends well, and vanishes when it doesn't.

    Raises:
        RunError: `path` exists and is not a run, or is one and `overwrite` is false.
    """
    check_free(path, overwrite)
    with whole_folder(path) as temporary:
        yield temporary


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place, with all that was there, when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield temporary
        os.chmod(temporary, 0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
            os.replace(path, old / "before")
            os.replace(temporary, path)
            shutil.rmtree(old)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_free(path: Path, overwrite: bool) -> None:
    """Refuse a place that no run can be written to, before the work that would fill it begins.

    Raises:
        RunError: `path` exists and is not a run, or is one and `overwrite` is false.
    """
    if not path.exists():
        return
    if path.is_dir() and not any(path.iterdir()):
        return
    if not (path / MANIFEST).is_file():
        raise RunError(
            f"'{path}' exists and is not a run: it is left as it is", hint="choose another folder for the run"
        )
    if not overwrite:
        raise RunError(
            f"there is a run in '{path}' already", hint="choose another folder, or overwrite it (--overwrite)"
        )


def write_json(path: Path, content: Any) -> None:
    """Write JSON that people can read."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises:
        RunError: there is no such folder, it is not a run, it is damaged, or another version wrote it.
    """
    if not path.is_dir():
        raise RunError(f"there is no run in '{path}'", hint=_runs_near(path))
    manifest = path / MANIFEST
    if not manifest.is_file():
        raise RunError(f"'{path}' is a folder but not a run: it has no {MANIFEST}", hint=_runs_near(path))
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError):
        raise RunError(f"the run in '{path}' is damaged: {MANIFEST} is not JSON", hint="fit it again") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise RunError(
            f"the run in '{path}' has format {found!r}; this version of Edgewise reads {FORMAT}",
            hint="fit it again with this version",
        )
    return content


def _runs_near(path: Path) -> str:
    """A hint that lists the runs beside a path that is none."""
    parent = path if path.is_dir() else path.parent
    found = sorted(p.parent.name for p in parent.glob(f"*/{MANIFEST}")) if parent.is_dir() else []
    if found:
        return f"runs in '{parent}': {', '.join(found[:8])}"
    return "`edgewise fit SOURCE QUERY --out RUN` writes one"
