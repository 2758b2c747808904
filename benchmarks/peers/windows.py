"""What a team builds by hand for numbers and probabilities: a table of windowed aggregates, and LightGBM on it.

    python windows.py JOB OUT windows|raw

`windows`: sums, counts, means, spreads, distinct values and recency of the entity's rows in seven windows, by kind
where the job says so, the entity's own columns and its earlier labels. `raw`: the entity's own columns and its
latest rows as they are. Only what lay at or before an anchor is read for it.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from aggregates import Aggregates
from kit import main, settings, spent, versions

GRID: dict[str, list[Any]] = {
    "num_leaves": [7, 15, 31, 63],
    "learning_rate": [0.02, 0.05, 0.1],
    "min_child_samples": [10, 40, 120],
    "feature_fraction": [0.5, 0.8],
    "objective": ["l1", "l2"],
}
MOST_TREES = 1000
#: The share of the latest labels, in whole anchors, that settings are chosen on.
HELD_OUT = 0.15


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Make the table, tune on the latest anchors, refit on all, answer the seeds."""
    said = json.loads((folder / "job.json").read_text())
    labels, seeds = (pq.read_table(folder / f"{name}.parquet") for name in ("labels", "seeds"))
    began = time.perf_counter()
    maker = Aggregates(folder, said, labels, raw=arguments[0] == "raw")
    table = maker.table(
        pa.concat_tables([labels.select(["entity", "anchor_time"]), seeds], promote_options="default")
    )
    x, y = table[: len(labels)], labels.column("target").cast(pa.float64()).to_numpy()
    ready = time.perf_counter()
    knobs, trees, tried = _tune(said, x, y, labels.column("anchor_time").cast(pa.int64()).to_numpy(), maker)
    tuned = time.perf_counter()
    model = _model(said, knobs, trees).fit(x, y, categorical_feature=maker.categories)
    answers = _answer(said, model, table[len(labels) :])
    done = time.perf_counter()
    pq.write_table(seeds.append_column("prediction", pa.array(answers)), out / "predictions.parquet")
    return {
        "versions": versions("lightgbm", "duckdb", "numpy"), "chosen": {**knobs, "trees": trees}, "tried": tried,
        "seconds": {"features": ready - began, "tune": tuned - ready, "fit": done - tuned},
        "columns": len(maker.names), "features": maker.names, "rows": len(x),
    }  # fmt: skip


def _tune(
    said: dict[str, Any], x: np.ndarray, y: np.ndarray, at: np.ndarray, maker: Aggregates
) -> tuple[dict[str, Any], int, list[dict[str, Any]]]:
    """Settings at random, trees by early stopping, both on the latest anchors."""
    grid = GRID | ({"objective": ["binary"]} if said["kind"] == "binary" else {})
    anchors, counts = np.unique(at, return_counts=True)
    later = np.cumsum(counts[::-1])[::-1] / counts.sum()
    held = at >= anchors[np.flatnonzero(later >= HELD_OUT)[-1]]
    metric = "auc" if said["kind"] == "binary" else "l1"
    began, tried = spent(), []
    for knobs in settings(grid, said):
        model = _model(said, knobs, MOST_TREES).fit(
            x[~held], y[~held], eval_set=[(x[held], y[held])], eval_metric=metric,
            categorical_feature=maker.categories,
            callbacks=[lgb.early_stopping(50, first_metric_only=True, verbose=False)],
        )  # fmt: skip
        score = model.best_score_["valid_0"][metric]
        tried.append({"knobs": knobs, "trees": model.best_iteration_ or MOST_TREES, "score": float(score)})
        print(tried[-1], flush=True)
        if spent() - began > said["tuning_seconds"]:
            break
    best = (max if metric == "auc" else min)(tried, key=lambda t: t["score"])
    return best["knobs"], best["trees"], tried


def _model(said: dict[str, Any], knobs: dict[str, Any], trees: int) -> Any:
    cls = lgb.LGBMClassifier if said["kind"] == "binary" else lgb.LGBMRegressor
    metric = {"metric": "auc" if said["kind"] == "binary" else "l1"}
    return cls(
        n_estimators=trees, random_state=said["random_seed"], verbose=-1, subsample=0.8, subsample_freq=1, **knobs,
        **metric,
    )  # fmt: skip


def _answer(said: dict[str, Any], model: Any, x: np.ndarray) -> np.ndarray:
    return model.predict_proba(x)[:, 1] if said["kind"] == "binary" else model.predict(x)


if __name__ == "__main__":
    main(run)
