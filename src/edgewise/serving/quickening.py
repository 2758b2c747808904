"""A service answers before all of its code is compiled: the large kernel is compiled beside it, once."""

from __future__ import annotations

import atexit
import logging
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Final

from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.prediction.online.compiled import is_compiled

__all__ = ["open_quickly"]

_LOG: Final = logging.getLogger("edgewise.serving")


def open_quickly(snapshot: Path) -> OnlineAnswers:
    """Answers from a snapshot, by the code of the batch until the kernel is compiled.

    Raises:
        RunError: no snapshot there, a damaged or half-written one, or one of another version.
    """
    if is_compiled():
        return OnlineAnswers.open(snapshot)
    answers = OnlineAnswers.open(snapshot, compiled=False)
    Thread(target=_quicken, args=(answers, snapshot), name="compiling", daemon=True).start()
    return answers


def _quicken(answers: OnlineAnswers, snapshot: Path) -> None:
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(_command(snapshot), stdin=nothing, stdout=nothing, stderr=subprocess.PIPE)
    atexit.register(process.kill)
    _, said = process.communicate()
    atexit.unregister(process.kill)
    if process.returncode == 0 and is_compiled():
        OnlineAnswers.open(snapshot)  # reads the compiled code here, not while somebody waits for a page
        answers.compiled = True
    else:
        _LOG.warning("a kernel could not be compiled, so answers stay slower: %s", said.decode()[-500:].strip())


def _command(snapshot: Path) -> list[str]:
    return [sys.executable, "-m", "edgewise.prediction.online.compiled", str(snapshot)]
