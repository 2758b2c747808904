"""implicit's matrix factorisations: iALS (Hu, Koren and Volinsky, ICDM 2008) and BPR (Rendle et al., UAI 2009).

python factors.py JOB OUT ials|bpr
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from kit import Events, Job, main, matrix, top_lists, tune, versions, write_lists
from scipy.sparse import csr_matrix

GRIDS: dict[str, dict[str, list[Any]]] = {
    "ials": {"factors": [64, 128], "regularization": [0.01, 0.1, 1.0], "alpha": [1.0, 10.0, 40.0]},
    "bpr": {
        "factors": [64, 128],
        "regularization": [0.001, 0.01],
        "learning_rate": [0.01, 0.05],
        "epochs": [50, 150],
    },
}


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Tune on the held-out slice, fit on all that is known, answer the seeds."""
    job, name = Job.read(folder), arguments[0]
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # implicit asks for it: its own threads do the work

    def fit(events: Events, now: float, knobs: dict[str, Any]) -> Any:
        seen = matrix(events, job.shape)
        model = _model(name, knobs, threads, job.said["random_seed"])
        model.fit(csr_matrix(seen), show_progress=False)
        return lambda users: model.user_factors[users] @ model.item_factors.T

    began = time.perf_counter()
    tuned = tune(job, fit, GRIDS[name])
    ready = time.perf_counter()
    scores = fit(job.events, job.now, tuned.best)
    fitted = time.perf_counter()
    seen = matrix(job.events, job.shape) if job.said["exclude_seen"] else None
    popular = np.argsort(-np.bincount(job.events.item, minlength=job.shape[1]), kind="stable")
    write_lists(
        job, out, top_lists(scores, job.seeds[job.seeds >= 0], job.said["depth"], seen, job.allowed), popular
    )
    seconds = {"tune": ready - began, "fit": fitted - ready, "predict": time.perf_counter() - fitted}
    return {
        "versions": versions("implicit", "numpy"), "chosen": tuned.best, "tried": tuned.tried, "seconds": seconds,
    }  # fmt: skip


def _model(name: str, knobs: dict[str, Any], threads: int, random_seed: int) -> Any:
    if name == "ials":
        return AlternatingLeastSquares(**knobs, iterations=15, num_threads=threads, random_state=random_seed)
    knobs = dict(knobs)
    epochs = knobs.pop("epochs")
    return BayesianPersonalizedRanking(**knobs, iterations=epochs, num_threads=threads, random_state=random_seed)


if __name__ == "__main__":
    main(run)
