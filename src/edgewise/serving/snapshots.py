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

__all__ = ["drop", "restore", "save"]

_LOG: Final = logging.getLogger("edgewise.serving")


def save(folder: Path, live: Live, position: int) -> None:
    """Keep the state of a model, if it can be kept."""
    if not isinstance(live.answers, Snapshots):
        return
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    try:
        live.answers.save_state(beside)
        kept = folder / _name(live, position)
        if kept.exists():
            shutil.rmtree(kept)
        beside.rename(kept)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    for older in _of(folder, live)[:-1]:
        shutil.rmtree(older[1], ignore_errors=True)


def restore(folder: Path, live: Live, newest: int) -> int:
    """Take the state from the newest folder whose position the log has reached. Returns that position, or 0."""
    if not isinstance(live.answers, Snapshots):
        return 0
    for torn in folder.glob(".*"):
        shutil.rmtree(torn, ignore_errors=True)
    for position, kept in reversed(_of(folder, live)):
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


def _name(live: Live, position: int) -> str:
    return f"{live.version}@{position}"


def _of(folder: Path, live: Live) -> list[tuple[int, Path]]:
    """The kept states of a model with their positions, the oldest first."""
    pattern = re.compile(re.escape(live.version) + r"@(\d+)")
    found = ((pattern.fullmatch(p.name), p) for p in folder.glob("*@*"))
    return sorted((int(match[1]), path) for match, path in found if match)
