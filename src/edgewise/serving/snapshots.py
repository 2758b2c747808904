"""The state of a model kept in a folder, with the position of the last event that it has seen.

A folder appears whole or not at all, under the name of the model and the position; older ones go. Only what came
after the position is replayed at the next start.
"""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from edgewise.errors import UserError
from edgewise.serving.live import Live, Snapshots

__all__ = ["drop", "publish", "restore", "save", "tidy", "written"]

_LOG: Final = logging.getLogger("edgewise.serving")


def save(folder: Path, live: Live, position: int) -> None:
    """Keep the state of a model, if it can be kept."""
    beside = written(folder, live)
    if beside is not None:
        publish(folder, live.version, beside, position)


def written(folder: Path, live: Live) -> Path | None:
    """The state of a model, in a folder that is not kept yet; None where it cannot be kept."""
    if not isinstance(live.answers, Snapshots):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    try:
        live.answers.save_state(beside)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return beside


def publish(folder: Path, version: str, beside: Path, position: int) -> Path:
    """Keep what was written, in place of what was kept of the model before. Returns where it is."""
    kept = folder / f"{version}@{position}"
    try:
        if kept.exists():
            shutil.rmtree(kept)
        beside.rename(kept)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    for older in _of(folder, version)[:-1]:
        shutil.rmtree(older[1], ignore_errors=True)
    return kept


def tidy(folder: Path) -> None:
    """Remove what a service that was killed had begun to write. For one that starts: later, others may write."""
    for torn in folder.glob(".*"):
        shutil.rmtree(torn, ignore_errors=True)


def restore(folder: Path, live: Live, newest: int) -> int:
    """Take the state from the newest folder whose position the log has reached. Returns that position, or 0."""
    if not isinstance(live.answers, Snapshots):
        return 0
    for position, kept in reversed(_of(folder, live.version)):
        if position > newest:
            continue
        try:
            live.answers.load_state(kept)
            return position
        except (UserError, OSError) as error:
            _LOG.warning("the state in %s is left aside: %s", kept, error)
    return 0


def drop(folder: Path) -> None:
    """Remove every kept state: none may remember a user who was deleted."""
    shutil.rmtree(folder, ignore_errors=True)


def _of(folder: Path, version: str) -> list[tuple[int, Path]]:
    """The kept states of a model with their positions, the oldest first."""
    pattern = re.compile(re.escape(version) + r"@(\d+)")
    found = ((pattern.fullmatch(p.name), p) for p in folder.glob("*@*"))
    return sorted((int(match[1]), path) for match, path in found if match)
