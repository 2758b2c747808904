"""LightGCN (He et al., SIGIR 2020): embeddings smoothed over the bipartite graph, BPR loss.

    python lightgcn.py JOB OUT

Three layers of 64 numbers, as published. Batches are large, because each propagates over the whole graph; how many
epochs is chosen on a held-out slice within the time below; the model is then trained on everything for as many.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from kit import Events, Job, main, matrix, quality, spent, top_lists, versions, write_lists

LAYERS, WIDTH = 3, 64
BATCH = 65_536
RATE, PENALTY = 0.01, 1e-4
STEP, PATIENCE = 10, 4  # epochs between two looks at the held-out slice; looks without gain
TUNING_SECONDS = 2400


class LightGCN(torch.nn.Module):
    """The mean over layers of A^l E, with A = D^-1/2 [0 R; R' 0] D^-1/2 (equations 7 and 8)."""

    def __init__(self, seen: sp.csr_matrix) -> None:
        super().__init__()
        users, items = seen.shape
        self.users = users
        both = sp.bmat([[None, seen], [seen.T, None]]).tocsr()
        scale = sp.diags(1.0 / np.sqrt(np.maximum(np.asarray(both.sum(axis=1)).ravel(), 1.0)))
        graph = (scale @ both @ scale).tocsr().astype(np.float32)
        self.graph = torch.sparse_csr_tensor(
            torch.from_numpy(graph.indptr.astype(np.int64)), torch.from_numpy(graph.indices.astype(np.int64)),
            torch.from_numpy(graph.data), graph.shape,
        )  # fmt: skip
        self.embedding = torch.nn.Parameter(torch.empty(users + items, WIDTH))
        torch.nn.init.normal_(self.embedding, std=0.1)

    def forward(self) -> torch.Tensor:
        """[users + items, WIDTH]."""
        layer, total = self.embedding, self.embedding
        for _ in range(LAYERS):
            layer = _Propagate.apply(layer, self.graph)
            total = total + layer
        return total / (LAYERS + 1)


class _Propagate(torch.autograd.Function):
    """A x; A is symmetric, so its gradient is A g."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, graph: torch.Tensor) -> torch.Tensor:
        ctx.graph = graph
        return graph @ x

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return ctx.graph @ gradient, None


class Trainer:
    """A model with its optimiser, trained an epoch at a time."""

    def __init__(self, job: Job, events: Events) -> None:
        torch.manual_seed(job.said["random_seed"])
        seen = matrix(events, job.shape)
        seen.data = np.ones_like(seen.data)
        self.pairs = seen.tocoo()
        self.model = LightGCN(seen)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=RATE)

    def epochs(self, count: int) -> None:
        """BPR over all links, each with one item drawn from all (equation 15)."""
        user, item = (torch.from_numpy(a.astype(np.int64)) for a in (self.pairs.row, self.pairs.col))
        for _ in range(count):
            for batch in torch.randperm(len(user)).split(BATCH):
                u, i = user[batch], self.model.users + item[batch]
                j = self.model.users + torch.randint(self.pairs.shape[1], (len(batch),))
                out = self.model()
                gap = (out[u] * (out[i] - out[j])).sum(1)
                start = self.model.embedding
                size = (start[u].square().sum() + start[i].square().sum() + start[j].square().sum()) / len(batch)
                loss = torch.nn.functional.softplus(-gap).mean() + PENALTY * size / 2
                self.optimiser.zero_grad()
                loss.backward()
                self.optimiser.step()

    def scores(self) -> Any:
        """A function from users to dense scores."""
        with torch.no_grad():
            out = self.model().numpy()
        return lambda users: out[users] @ out[self.model.users :].T


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Choose the epochs, train on everything, answer the seeds."""
    job, began = Job.read(folder), time.perf_counter()
    before, _, users, truth = job.held_out()
    limit = TUNING_SECONDS if job.said["trials"] > 2 else job.said["tuning_seconds"]
    trainer, tried, epochs = Trainer(job, before), [], 0
    seen = matrix(before, job.shape)
    while True:
        trainer.epochs(STEP)
        epochs += STEP
        lists = np.concatenate([i for i, _ in top_lists(trainer.scores(), users, job.said["k"], seen)])
        tried.append(
            {"knobs": {"epochs": epochs}, "score": quality(job.said["metric"], lists, truth, job.said["k"])}
        )
        print(tried[-1], flush=True)
        best = max(tried, key=lambda t: t["score"])["knobs"]["epochs"]
        if (epochs - best) // STEP >= PATIENCE or spent() > limit:
            break
    ready = time.perf_counter()
    trainer = Trainer(job, job.events)
    trainer.epochs(best)
    fitted = time.perf_counter()
    seen = matrix(job.events, job.shape) if job.said["exclude_seen"] else None
    popular = np.argsort(-np.bincount(job.events.item, minlength=job.shape[1]), kind="stable")
    known = job.seeds[job.seeds >= 0]
    write_lists(job, out, top_lists(trainer.scores(), known, job.said["depth"], seen, job.allowed), popular)
    seconds = {"tune": ready - began, "fit": fitted - ready, "predict": time.perf_counter() - fitted}
    return {"versions": versions("torch"), "chosen": {"epochs": best}, "tried": tried, "seconds": seconds}


if __name__ == "__main__":
    main(run)
