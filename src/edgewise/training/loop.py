"""The one optimisation loop.

    outcome = optimise(module, loss, score, seeds=n, settings=Settings(), budget=budget, progress=progress)

`loss(index)` gives the mean loss of the training seeds at positions `index` (int64[batch]); `score()` judges the
module on validation, lower is better. On return the module holds the weights of its best epoch, also when the
budget ran out (or was ended). The same data and `random_seed` give the same weights, unless the clock cuts the run
short.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Int64
from torch import Tensor, nn

__all__ = [
    "Outcome",
    "Settings",
    "TimeLeft",
    "Watcher",
    "batches",
    "one_thread",
    "optimise",
    "seeded",
]


class TimeLeft(Protocol):
    """A budget: how many seconds are left."""

    @property
    def left(self) -> float:
        """Seconds left; negative when over."""


class Watcher(Protocol):
    """Who is told how far the loop is."""

    def step(self, text: str, done: int, total: int) -> None:
        """How far the present stage is."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to optimise. One set serves every task."""

    epochs: int = 8  # at most
    batch: int = 512  # seeds a step
    learning_rate: float = 3e-3  # at its peak
    weight_decay: float = 1e-2  # decoupled (AdamW)
    warmup: float = 0.1  # share of all steps in which the learning rate rises
    patience: int = 2  # epochs without a better validation score before stopping
    clip: float = 1.0  # largest norm of a step's gradient
    per_epoch: int = 20_000  # seeds drawn each epoch at most


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `scores[e]` is validation after epoch `e`; `best` is the epoch whose weights were kept."""

    best: int
    scores: tuple[float, ...]
    stopped: str  # why: "finished", "patience", "budget"


def seeded(random_seed: int) -> torch.Generator:
    """A generator of its own, so that no other code's draws change ours."""
    return torch.Generator().manual_seed(random_seed)


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: small batches gain nothing from more, and a busy machine makes them wait for it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def batches(seeds: int, settings: Settings, generator: torch.Generator) -> Iterator[Int64[Tensor, " batch"]]:
    """Positions of one epoch in random order, at most `settings.per_epoch` of them."""
    order = torch.randperm(seeds, generator=generator)[: settings.per_epoch]
    for first in range(0, len(order), settings.batch):
        yield order[first : first + settings.batch]


def optimise(
    module: nn.Module,
    loss: Callable[[Int64[Tensor, " batch"]], Tensor],
    score: Callable[[], float] | None,
    *,
    seeds: int,
    settings: Settings,
    budget: TimeLeft,
    progress: Watcher,
    random_seed: int = 0,
    title: str = "training",
) -> Outcome:
    """Minimise `loss` over `seeds` training seeds; keep the weights with the lowest `score`, else the last."""
    generator = seeded(random_seed)
    per_epoch = math.ceil(min(seeds, settings.per_epoch) / settings.batch)
    optimiser = torch.optim.AdamW(
        _groups(module, settings.weight_decay), lr=settings.learning_rate, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _cosine(settings, settings.epochs * per_epoch))
    scores: list[float] = []
    best_epoch, best_score, best_weights = 0, math.inf, _copy(module)
    stopped = "finished"
    # dropout draws from torch's global generator: ours is put in its place, and taken away again below
    outer = torch.get_rng_state()
    torch.manual_seed(random_seed)
    try:
        for epoch in range(settings.epochs):
            module.train()
            if not _epoch(
                module, loss, batches(seeds, settings, generator), optimiser, schedule, settings, budget
            ):
                stopped = "budget"
            module.eval()
            with torch.no_grad():
                scores.append(-float(epoch) if score is None else score())
            progress.step(title, epoch + 1, settings.epochs)
            if scores[-1] < best_score or epoch == 0:
                best_epoch, best_score, best_weights = epoch, scores[-1], _copy(module)
            elif epoch - best_epoch >= settings.patience:
                stopped = "patience"
            if stopped != "finished":
                break
    finally:
        torch.set_rng_state(outer)
    module.load_state_dict(best_weights)
    module.eval()
    return Outcome(best_epoch, tuple(scores), stopped)


def _epoch(
    module: nn.Module,
    loss: Callable[[Int64[Tensor, " batch"]], Tensor],
    steps: Iterator[Int64[Tensor, " batch"]],
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    settings: Settings,
    budget: TimeLeft,
) -> bool:
    """One pass; false when the budget ran out on the way. A batch whose loss is not finite is skipped."""
    for index in steps:
        if budget.left <= 0:
            return False
        optimiser.zero_grad(set_to_none=True)
        value = loss(index)
        if bool(torch.isfinite(value)):
            torch.autograd.backward(value)
            nn.utils.clip_grad_norm_(module.parameters(), settings.clip)
            optimiser.step()
            schedule.step()
    return True


def _groups(module: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Matrices decay; biases, scales and norms do not."""
    matrices = [p for p in module.parameters() if p.requires_grad and p.ndim > 1]
    vectors = [p for p in module.parameters() if p.requires_grad and p.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _cosine(settings: Settings, total: int) -> Callable[[int], float]:
    """A linear rise over the first steps, then half a cosine down to a twentieth."""
    rise = max(1, int(total * settings.warmup))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        done = min(1.0, (step - rise) / max(1, total - rise))
        return 0.05 + 0.95 * 0.5 * (1.0 + math.cos(math.pi * done))

    return factor


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
