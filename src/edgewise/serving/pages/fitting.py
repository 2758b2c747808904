"""A fit in a process of its own: `python -m edgewise.serving.pages.fitting RUN QUERY OUT BUDGET`.

The tables and the schema are those of RUN, so that what is fitted here fits what is served. What it is doing goes
to the standard error, a line at a time; a user's mistake ends it with exit code 2.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edgewise.errors import UserError
from edgewise.serving.run_folder import database_of

__all__ = ["main"]

_PAUSE: Final = 2.0


class _Lines:
    """Says what a fit is doing, with the seconds since it began."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()

    def say(self, text: str) -> None:
        self._last = time.monotonic()
        sys.stderr.write(f"[{self._last - self._began:6.1f} s] {text}\n")
        sys.stderr.flush()

    def step(self, text: str, done: int, total: int) -> None:
        if time.monotonic() - self._last >= _PAUSE:
            self.say(f"{text}: {done} of {total}")


def main(arguments: Sequence[str]) -> int:
    """Fit and write the run; returns the exit code."""
    from edgewise.workflow.graph import Graph

    run, query, out, budget = arguments
    lines = _Lines()
    try:
        lines.say("opening the tables")
        graph = Graph.build(database_of(Path(run)), progress=lines)
        graph.task(query).fit(None, budget, out=out, progress=lines)
        lines.say("the run is written")
    except UserError as error:
        lines.say(error.render())
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
