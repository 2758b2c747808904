"""Where graphs are kept between runs, named by the hash of what they were built from.

The cache is `$EDGEWISE_CACHE`, else `$XDG_CACHE_HOME/edgewise`, else `~/.cache/edgewise`; graphs lie in its
folder `graphs`. Any of them, or the whole folder, may be deleted at any time: it is built again when needed.
When more than `KEPT` graphs lie there, the ones used longest ago are deleted.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from edgewise.errors import RunError
from edgewise.graph.manifest import Manifest

__all__ = ["KEPT", "cache_folder", "cached_path", "clear_cache"]

#: How many graphs the cache keeps.
KEPT: Final = 8


def cache_folder() -> Path:
    """The folder of cached graphs (it may not exist yet)."""
    if own := os.environ.get("EDGEWISE_CACHE"):
        return Path(own).expanduser() / "graphs"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "edgewise" / "graphs"


def cached_path(fingerprint: str, path: Path | None = None) -> tuple[Path, bool]:
    """The folder for a graph of this fingerprint, and whether it already holds it, undamaged.

    Raises:
        RunError: `path` is a file, or a folder with something else than a graph in it.
    """
    root = path if path is not None else cache_folder() / fingerprint
    reusable = _holds(root, fingerprint)
    if path is not None:
        if not reusable:
            _check_free(path)
    elif reusable:
        os.utime(root)
    else:
        _evict(root.parent, keep=KEPT - 1)
    return root, reusable


def clear_cache() -> int:
    """Delete all cached graphs; returns how many there were."""
    return _evict(cache_folder(), keep=0)


def _holds(root: Path, fingerprint: str) -> bool:
    try:
        return Manifest.read(root).fingerprint == fingerprint
    except RunError:
        return False


def _check_free(path: Path) -> None:
    if not path.exists() or (path / "manifest.json").is_file():
        return
    if path.is_dir() and not any(path.iterdir()):
        return
    raise RunError(f"'{path}' exists and is no graph", hint="name a new folder for the graph")


def _evict(folder: Path, keep: int) -> int:
    if not folder.is_dir():
        return 0
    graphs = sorted(
        (p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")),
        key=lambda p: p.stat().st_mtime,
        reverse=True,
    )
    for graph in graphs[keep:]:
        shutil.rmtree(graph, ignore_errors=True)
    return len(graphs[keep:])
