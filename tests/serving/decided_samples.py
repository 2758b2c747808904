"""Small decisions of every kind, and a service that shows them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from edgewise.clock import to_micros
from edgewise.decisions.decided.folder import write_decided
from edgewise.decisions.decided.nouns import Decided, Expected, GaveUp

#: A name that a page must show and never run.
HOSTILE = "</table><script>document.title='run'</script>\"'&"


def plain(decision: str = "other", name: str = "first") -> Decided:
    """A decision with one table and nothing of its own kind."""
    return Decided(
        decision=decision,
        source=f"a folder {HOSTILE}",
        at=to_micros("2017-11-06"),
        settings={"name": HOSTILE},
        tables={name: pa.table({"who": ["ann", HOSTILE, None], "n": [1, 2, 3], "x": [0.5, None, 1e9]})},
        expects=(
            Expected("gain", 1234.5, "dollars", "held out", 1000.0, 1500.0),
            Expected(HOSTILE, 0.25, "share", "association"),
        ),
        gave_up=(GaveUp("space", 100.0, "dollars", 3), GaveUp(HOSTILE, 50.0, "dollars", 1)),
        notes=(f"a note {HOSTILE}", "another"),
    )


def write_all(folder: Path, *made: Decided) -> Path:
    """Some decisions in a folder, each under its kind."""
    for decided in made:
        write_decided(decided, folder / decided.decision)
    return folder
