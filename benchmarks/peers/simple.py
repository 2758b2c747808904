"""Peers that are a page of numpy each: popularity, personal frequency, item neighbours and their kin.

python simple.py JOB OUT NAME
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from kit import Events, Job, main, matrix, top_lists, tune, versions, write_lists
from rules import RULES


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Tune on the held-out slice, fit on all that is known, answer the seeds."""
    job = Job.read(folder)
    rule = RULES[arguments[0]](job)
    began = time.perf_counter()
    tuned = tune(job, rule.fit, rule.grid)
    ready = time.perf_counter()
    scores = rule.fit(job.events, job.now, tuned.best)
    fitted = time.perf_counter()
    seen = matrix(job.events, job.shape) if job.said["exclude_seen"] else None
    known = job.seeds[job.seeds >= 0]
    write_lists(
        job, out, top_lists(scores, known, job.said["depth"], seen, job.allowed), _popular(job.events, job.shape)
    )
    return {
        "versions": versions("numpy", "scipy"),
        "chosen": tuned.best,
        "tried": tuned.tried,
        "seconds": {
            "tune": ready - began, "fit": fitted - ready, "predict": time.perf_counter() - fitted,
        },
    }  # fmt: skip


def _popular(events: Events, shape: tuple[int, int]) -> np.ndarray:
    """What those get of whom nothing is known: the most frequent items."""
    return np.argsort(-np.bincount(events.item, minlength=shape[1]), kind="stable")


if __name__ == "__main__":
    main(run)
