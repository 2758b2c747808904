"""The loop learns, stops, keeps the best, and repeats itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from edgewise.training.loop import Settings, batches, optimise, seeded


class Left:
    """A budget that lasts for so many looks."""

    def __init__(self, looks: int = 10**9) -> None:
        self.looks = looks

    @property
    def left(self) -> float:
        self.looks -= 1
        return float(self.looks)


class Silent:
    def step(self, text: str, done: int, total: int) -> None:
        return None


X = torch.linspace(-1, 1, 256)[:, None]
Y = 3 * X[:, 0] - 1
QUICK = Settings(epochs=12, batch=32, learning_rate=0.1, weight_decay=0.0, patience=3)


def fit(settings: Settings = QUICK, budget: Left | None = None, module: nn.Module | None = None, score=None):  # type: ignore[no-untyped-def]  # a helper
    torch.manual_seed(0)
    module = module or nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.01))

    def loss(index: Tensor) -> Tensor:
        return ((module(X[index])[:, 0] - Y[index]) ** 2).mean()

    judge = score or (lambda: float(loss(torch.arange(256))))
    outcome = optimise(
        module,
        loss,
        judge,
        seeds=256,
        settings=settings,
        budget=budget or Left(),
        progress=Silent(),
        random_seed=5,
    )
    return module, outcome


def test_it_learns_and_repeats_itself() -> None:
    first, outcome = fit()
    second, _ = fit()
    assert min(outcome.scores) < 0.05
    assert torch.equal(first[0].weight, second[0].weight)


def test_patience_keeps_the_best_weights() -> None:
    seen: list[float] = []
    module = nn.Linear(1, 1)

    def worse() -> float:
        seen.append(module.weight.item())
        return float(len(seen))

    _, outcome = fit(module=module, score=worse)
    assert outcome.stopped == "patience"
    assert outcome.best == 0
    assert module.weight.item() == seen[0]


def test_the_budget_ends_it() -> None:
    _, outcome = fit(budget=Left(3))
    assert outcome.stopped == "budget"
    assert len(outcome.scores) == 1


def test_an_interrupt_is_not_swallowed() -> None:
    before = torch.get_rng_state()

    def score() -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(score=score)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loss_that_is_not_finite_leaves_the_weights_alone() -> None:
    module = nn.Linear(1, 1)
    before = module.weight.clone()
    optimise(
        module, lambda index: module(X[index]).sum() * float("nan"), None,
        seeds=64, settings=replace(QUICK, epochs=1), budget=Left(), progress=Silent(),
    )  # fmt: skip
    assert torch.equal(module.weight, before)


@pytest.mark.parametrize("seeds", [0, 1, 100])
def test_batches_cover_every_seed_once(seeds: int) -> None:
    settings = Settings(batch=32, per_epoch=1000)
    found = [int(i) for batch in batches(seeds, settings, seeded(1)) for i in batch]
    assert sorted(found) == list(range(seeds))
