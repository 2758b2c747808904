"""The large kernel, compiled in a process of its own: `python -m edgewise.prediction.online.compiled SNAPSHOT`.

Compiled code is kept on the disk, so this happens once for an installation. It takes most of half a minute, in
which a process that has to answer reads a person's candidates with the code of the batch, which gives the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from edgewise.ids import MISSING
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.prediction.online.sheet import sheet

__all__ = ["is_compiled", "main"]


def is_compiled() -> bool:
    """Whether the kernel is on the disk, or need not be looked for there."""
    if sheet.signatures:
        return True
    try:
        return bool(sheet._cache._cache_file._load_index())  # Numba has no public way to ask
    except (AttributeError, OSError):
        return True


def main(arguments: Sequence[str]) -> int:
    """Answer once from a snapshot; returns the exit code."""
    answers = OnlineAnswers.open(arguments[0])
    for kind in answers.kinds:
        answers.for_user(kind, MISSING, answers.latest, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
