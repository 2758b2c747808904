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


_TUNED = (
    "up to 12 settings of a stated grid, at random, 10 minutes of its cores at most, on a slice held out before "
    "the cut"
)

_SMALLER = (
    "one setting, smaller than the published one; the number of epochs, on a slice held out before the cut, "
    "40 minutes of its cores at most"
)
_EPOCHS = (
    "a published setting; the number of epochs, on a slice held out before the cut, 40 to 60 minutes of its cores "
    "at most"
)

_FAST = "its FAST plan, one trial of four epochs of 100 steps: the plan as it is does not finish in 25 minutes"


def _own(name: str, title: str) -> System:
    return System(name, title, "simple.py", "simple", (name,), _TUNED)


SYSTEMS: Final[dict[str, System]] = {
    s.name: s
    for s in (
        System(OURS, "Edgewise", "ours.py", None, tuning="none by hand: one automatic configuration"),
        _own("popularity", "popularity"),
        _own("frequency", "personal frequency, decayed"),
        _own("itemknn", "ItemKNN"),
        _own("tifuknn", "TIFU-KNN"),
        _own("ease", "EASE"),
        _own("turbocf", "Turbo-CF"),
        _own("content", "content neighbours"),
        _own("byartist", "popularity by artist"),
        System("ials", "implicit iALS", "factors.py", "implicit", ("ials",), _TUNED),
        System("bpr", "implicit BPR", "factors.py", "implicit", ("bpr",), _TUNED),
        System("windows", "LightGBM, windowed aggregates", "windows.py", "trees", ("windows",), _TUNED),
        System("raw", "LightGBM, raw rows", "windows.py", "trees", ("raw",), _TUNED),
        System("last", "last value", "naive.py", "simple", ("last",)),
        System("seasonal", "seasonal naive, 28 days", "naive.py", "simple", ("seasonal",)),
        System("trailing", "mean of the last four windows", "naive.py", "simple", ("trailing",)),
        System("sasrec", "SASRec, sampled softmax", "sequence.py", "rectools", ("sasrec",), _SMALLER, 28_800),
        System("esasrec", "eSASRec", "sequence.py", "rectools", ("esasrec",), _SMALLER, 28_800),
        System("lightgcn", "LightGCN", "lightgcn.py", "torch", tuning=_EPOCHS, timeout=28_800),
        System("kumo", "kumo-engine", "kumo_engine.py", "kumo", tuning=_FAST),
        System("lambdarank", "LightGBM LambdaRank, pair features", "lambdarank.py", "trees", tuning=_TUNED),
    )
}
