"""What a team builds by hand for a ranking: candidates, pair features by SQL, LightGBM's LambdaRank over them.

    python lambdarank.py JOB OUT

Candidates are a user's own items, the popular ones and the neighbours of the own ones. Training anchors step back
from the cut by the horizon; the latest validates. Only what lay at or before an anchor is read for its features.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from kit import Job, main, quality, settings, spent, versions, write_lists
from pairs import Pairs

ANCHORS = 8
GRID: dict[str, list[Any]] = {
    "num_leaves": [15, 31, 63],
    "learning_rate": [0.03, 0.06, 0.1],
    "min_child_samples": [20, 100],
    "feature_fraction": [0.7, 1.0],
}
MOST_TREES = 600


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Make the tables, tune on the latest anchor, refit on all of them, answer the seeds."""
    job = Job.read(folder)
    began = time.perf_counter()
    pairs = Pairs(job)
    step = job.said["horizon_days"]
    anchors = [job.now - step * n for n in range(ANCHORS, 0, -1)]
    parts = [pairs.table(at, labelled=True) for at in anchors if at > job.events.day.min()]
    ready = time.perf_counter()
    knobs, trees, tried = _tune(job, parts)
    tuned = time.perf_counter()
    x, y, group = _stack(parts)
    model = _ranker(knobs, trees, job).fit(x, y, group=group)
    fitted = time.perf_counter()
    known = np.unique(job.seeds[job.seeds >= 0])
    asked = pairs.table(job.now, labelled=False, users=known)
    lists, scores = _lists(asked, model.predict(asked.x), known, job.said["depth"])
    place = np.searchsorted(known, job.seeds[job.seeds >= 0])
    write_lists(job, out, iter([(lists[place], scores[place])]), pairs.popular(job.now))
    seconds = {
        "features": ready - began, "tune": tuned - ready, "fit": fitted - tuned,
        "predict": time.perf_counter() - fitted,
    }  # fmt: skip
    return {
        "versions": versions("lightgbm", "duckdb", "numpy"), "chosen": {**knobs, "trees": trees}, "tried": tried,
        "seconds": seconds, "features": pairs.names, "rows": sum(len(p.y) for p in parts),
    }  # fmt: skip


def _tune(job: Job, parts: list[Any]) -> tuple[dict[str, Any], int, list[dict[str, Any]]]:
    """Settings at random; trees by early stopping on the latest anchor; the best by the job's metric there."""
    x, y, group = _stack(parts[:-1]) if len(parts) > 1 else _stack(parts)
    held = parts[-1]
    began, tried = spent(), []
    stop = lgb.early_stopping(40, verbose=False)
    for knobs in settings(GRID, job.said):
        model = _ranker(knobs, MOST_TREES, job).fit(
            x, y, group=group, eval_set=[(held.x, held.y)], eval_group=[held.sizes], eval_at=[job.said["k"]],
            callbacks=[stop],
        )  # fmt: skip
        users = np.array(sorted(held.wanted))
        lists, _ = _lists(held, model.predict(held.x), users, job.said["k"])
        score = quality(job.said["metric"], lists, [held.wanted[u] for u in users], job.said["k"])
        tried.append({"knobs": knobs, "trees": model.best_iteration_ or MOST_TREES, "score": score})
        print(tried[-1], flush=True)
        if spent() - began > job.said["tuning_seconds"]:
            break
    best = max(tried, key=lambda t: t["score"])
    return best["knobs"], best["trees"], tried


def _ranker(knobs: dict[str, Any], trees: int, job: Job) -> lgb.LGBMRanker:
    return lgb.LGBMRanker(
        objective="lambdarank", n_estimators=trees, random_state=job.said["random_seed"], verbose=-1,
        lambdarank_truncation_level=max(20, job.said["k"] + 8), subsample=0.8, subsample_freq=1, **knobs,
    )  # fmt: skip


def _stack(parts: list[Any]) -> tuple[np.ndarray, np.ndarray, Any]:
    x = np.concatenate([p.x for p in parts])
    return x, np.concatenate([p.y for p in parts]), np.concatenate([p.sizes for p in parts])


def _lists(part: Any, score: np.ndarray, users: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """The best candidates of each of these users: items [users, depth] and scores, -1 and -inf beyond the last."""
    order = np.lexsort((-score, part.user))
    user, item, value = part.user[order], part.item[order], score[order]
    row = np.searchsorted(users, user)
    wanted = (row < len(users)) & (users[np.minimum(row, len(users) - 1)] == user)
    start = np.searchsorted(user, users)
    place = np.arange(len(user)) - start[np.minimum(row, len(users) - 1)]
    keep = wanted & (place < depth)
    items = np.full((len(users), depth), -1, dtype=np.int64)
    scores = np.full((len(users), depth), -np.inf, dtype=np.float32)
    items[row[keep], place[keep]] = item[keep]
    scores[row[keep], place[keep]] = value[keep]
    return items, scores


if __name__ == "__main__":
    main(run)
