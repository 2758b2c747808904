"""RecTools' transformers with sampled softmax: SASRec, and SASRec with LiGR layers (eSASRec, RecSys 2025).

    python sequence.py JOB OUT sasrec|esasrec

One setting each, smaller than eSASRec's published one: 64 factors, the latest 20 things of everybody and 128
negatives, so that two cores see scores of epochs within the time below. The number of epochs is chosen on the
held-out slice, and the model is then trained on everything for as many.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kit import Events, Job, main, quality, spent, versions, write_lists
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet
from rectools.models.nn.transformers.ligr import LiGRLayers

SETTING = {
    "n_factors": 64, "n_blocks": 2, "n_heads": 2, "dropout_rate": 0.5, "session_max_len": 20, "lr": 1e-3,
    "batch_size": 128, "loss": "sampled_softmax", "n_negatives": 128,
}  # fmt: skip
STEP = 5  # epochs between two looks at the held-out slice
PATIENCE = 3
TUNING_SECONDS = 2400


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Choose the epochs, train on everything, answer the seeds."""
    job, began = Job.read(folder), time.perf_counter()
    limit = TUNING_SECONDS if job.said["trials"] > 2 else job.said["tuning_seconds"]
    epochs, tried = _epochs(job, arguments[0], limit)
    ready = time.perf_counter()
    dataset = _dataset(job.events)
    model = _model(arguments[0], job.said["random_seed"])
    model.fit_partial(dataset, min_epochs=epochs, max_epochs=epochs)
    fitted = time.perf_counter()
    lists, scores = _lists(model, dataset, job.seeds[job.seeds >= 0], job.said["depth"], job.said["exclude_seen"])
    popular = np.argsort(-np.bincount(job.events.item, minlength=job.shape[1]), kind="stable")
    write_lists(job, out, iter([(lists, scores)]), popular)
    seconds = {"tune": ready - began, "fit": fitted - ready, "predict": time.perf_counter() - fitted}
    return {
        "versions": versions("rectools", "torch", "pytorch-lightning"), "chosen": {**SETTING, "epochs": epochs},
        "tried": tried, "seconds": seconds,
    }  # fmt: skip


def _epochs(job: Job, name: str, limit: float) -> tuple[int, list[dict[str, Any]]]:
    """The number of epochs that is best on the held-out slice."""
    before, _, users, truth = job.held_out()
    dataset, model = _dataset(before), _model(name, job.said["random_seed"])
    tried, epochs = [], 0
    while True:
        model.fit_partial(dataset, min_epochs=STEP, max_epochs=STEP)
        epochs += STEP
        lists, _ = _lists(model, dataset, users, job.said["k"], job.said["exclude_seen"])
        score = quality(job.said["metric"], lists, truth, job.said["k"])
        tried.append({"knobs": {"epochs": epochs}, "score": score})
        print(tried[-1], flush=True)
        best = max(tried, key=lambda t: t["score"])
        stale = (epochs - best["knobs"]["epochs"]) // STEP >= PATIENCE
        if stale or spent() > limit:
            return best["knobs"]["epochs"], tried


def _model(name: str, random_seed: int) -> Any:
    import torch

    torch.manual_seed(random_seed)
    layers = {"transformer_layers_type": LiGRLayers} if name == "esasrec" else {}
    return SASRecModel(**SETTING, **layers, item_net_block_types=(IdEmbeddingsItemNet,))


def _dataset(events: Events) -> Any:
    frame = pd.DataFrame(
        {
            Columns.User: events.user, Columns.Item: events.item, Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(events.day, unit="D"),
        }
    )  # fmt: skip
    return Dataset.construct(frame)


def _lists(
    model: Any, dataset: Any, users: np.ndarray, depth: int, filtered: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Items and scores [users, depth]; -1 and -inf where a user has too short a past for the model."""
    known = users[np.isin(users, dataset.user_id_map.external_ids)]
    found = model.recommend(
        users=known, dataset=dataset, k=depth, filter_viewed=filtered, on_unsupported_targets="ignore"
    )
    order = np.argsort(users, kind="stable")
    row = order[np.searchsorted(users[order], found[Columns.User].to_numpy())]
    items = np.full((len(users), depth), -1, dtype=np.int64)
    scores = np.full((len(users), depth), -np.inf, dtype=np.float32)
    place = found[Columns.Rank].to_numpy() - 1
    items[row, place] = found[Columns.Item].to_numpy()
    scores[row, place] = found[Columns.Score].to_numpy()
    return items, scores


if __name__ == "__main__":
    main(run)
