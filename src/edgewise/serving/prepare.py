"""Runs made ready to answer, in a process of their own: reading a run loads torch, serving it does not.

`python -m edgewise.serving.prepare SNAPSHOT RUN …` writes the snapshot. A user's mistake is one JSON object on the
standard output, and exit code 2.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import InternalError, RunError, UserError

__all__ = ["main", "prepare"]


def prepare(runs: Sequence[Path], snapshot: Path) -> None:
    """Write the snapshot that serves some runs, one for each kind of things.

    Raises:
        RunError: a run that is damaged, or that proposes nothing.
        InternalError: the process failed in another way.
    """
    command = [sys.executable, "-m", "edgewise.serving.prepare", str(snapshot), *map(str, runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    if done.returncode == 2:
        said = json.loads(done.stdout.splitlines()[-1])
        raise RunError(said["message"], hint=said["hint"])
    raise InternalError(f"the runs could not be made ready: {done.stderr.strip()[-2000:]}")


def main(arguments: Sequence[str]) -> int:
    """Write a snapshot; returns the exit code."""
    from edgewise.prediction.online.answers import OnlineAnswers
    from edgewise.workflow.saved import load_run

    try:
        runs = [load_run(path, device="cpu") for path in arguments[1:]]
        OnlineAnswers.from_run(*runs).save(arguments[0])
    except UserError as error:
        sys.stdout.write(json.dumps({"message": error.message, "hint": error.hint}) + "\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
