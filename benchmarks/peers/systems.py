"""The systems that are measured: ours, and its peers, each a script that reads a job's folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["OURS", "SYSTEMS", "System"]

OURS: Final = "edgewise"


@dataclass(frozen=True, slots=True)
class System:
    """A script of this folder, run as `python SCRIPT JOB OUT ARGUMENTS`, in the environment of its requirements.

    It writes `predictions.parquet` and `facts.json` (versions, what was tried and chosen, seconds of its phases)
    into OUT. `timeout` is in seconds.
    """

    name: str
    title: str
    script: str
    requirements: str | None  # None: the environment that runs the benchmark
    arguments: tuple[str, ...] = ()
    tuning: str = "none: it has no knobs"
    timeout: int = 3600


_GRID = "up to {} settings of a stated grid, chosen at random, on the held-out slice of the job"


def _own(name: str, title: str) -> System:
    return System(name, title, "simple.py", "simple", (name,), _GRID.format(12))


SYSTEMS: Final[dict[str, System]] = {
    s.name: s
    for s in (
        System(OURS, "Edgewise", "ours.py", None, tuning="none by hand: one automatic configuration"),
        _own("popularity", "popularity"),
        _own("frequency", "personal frequency, decayed"),
        _own("itemknn", "ItemKNN"),
    )
}
