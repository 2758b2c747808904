"""One fit: the model and its baselines on the same seeds, then a refit up to the present."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from edgewise.errors import EdgewiseError
from edgewise.machine import give_back_memory
from edgewise.models.contract import Budget, Model, Progress
from edgewise.tasks.nouns import Labels, Prediction, TaskSpec
from edgewise.workflow.question import Split

__all__ = ["Contest", "Entrant", "hold", "refit_up_to_present"]

#: What a baseline may take of the budget at most; the model gets the rest.
BASELINES_SHARE = 0.35
#: What is kept back for the refit up to the present.
REFIT_SHARE = 0.25
#: How far over the budget the last refit may end, as a share of it.
OVER = 0.1


@dataclass(frozen=True, slots=True)
class Entrant:
    """One fitted model in a contest, with what it answered on the test seeds and what that cost."""

    model: Model
    prediction: Prediction
    wall_seconds: float
    cpu_seconds: float
    refit_seconds: float

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name


@dataclass(frozen=True, slots=True)
class Contest:
    """The model, its baselines, and the labels that none of them has seen."""

    spec: TaskSpec
    test: Labels
    model: Entrant
    baselines: tuple[Entrant, ...]
    failed: dict[str, str] = field(default_factory=dict)

    def predictions(self) -> dict[str, Prediction]:
        """By name, the model first."""
        return {e.name: e.prediction for e in (self.model, *self.baselines)}

    def costs(self) -> dict[str, dict[str, float]]:
        """Wall and CPU seconds by name."""
        every = (self.model, *self.baselines)
        return {e.name: {"wall_seconds": e.wall_seconds, "cpu_seconds": e.cpu_seconds} for e in every}


def hold(
    split: Split,
    model: type[Model],
    baselines: list[type[Model]],
    *,
    budget: Budget,
    progress: Progress,
    random_seed: int,
    device: str = "cpu",
    without: frozenset[str] = frozenset(),
) -> Contest:
    """Fit the baselines and the model on `train`, choosing on `valid`; refit on both; answer the test seeds.

    Networks compute on `device`. `without` names parts (`models.contract.PARTS`) that our model is to do without,
    to see what they add.

    A baseline that raises an error of its own is left out and named in `failed`; the model's errors are raised.
    """
    entered: list[Entrant] = []
    failed: dict[str, str] = {}
    for number, baseline in enumerate(baselines):
        progress.step(f"baseline: {baseline.name}", number, len(baselines))
        share = budget.share(BASELINES_SHARE / max(1, len(baselines) - number))
        try:
            entered.append(_enter(split, baseline, share, progress, random_seed, device))
        except EdgewiseError as error:
            failed[baseline.name] = str(error)
            progress.say(f"baseline {baseline.name} is left out: {error}")
    progress.say(f"fitting {model.name} on {len(split.train):,} seeds")
    share = budget.share(1 - REFIT_SHARE)
    ours = _enter(split, model, share, progress, random_seed, device, without)
    return Contest(split.testing.spec, split.test, ours, tuple(entered), failed)


def _enter(
    split: Split, cls: type[Model], budget: Budget, progress: Progress, random_seed: int, device: str,
    without: frozenset[str] = frozenset(),
) -> Entrant:  # fmt: skip
    wall, cpu = time.perf_counter(), time.process_time()
    model = cls()
    model.move(device)
    model.without = without
    view, train, valid = split.choosing, split.train, split.valid
    model.fit(view.graph, view.spec, train, valid, budget=budget, progress=progress, random_seed=random_seed)
    view, chosen = split.testing, time.perf_counter()
    model.refit(view.graph, view.spec, split.both, budget=budget, progress=progress)
    refit = time.perf_counter() - chosen
    prediction = model.predict(view.graph, view.spec, split.test.seeds)
    give_back_memory()
    return Entrant(model, prediction, time.perf_counter() - wall, time.process_time() - cpu, refit)


def refit_up_to_present(split: Split, entrant: Entrant, *, budget: Budget, progress: Progress) -> bool:
    """Let a model that will serve learn from the test labels as well; false where the time does not allow it.

    A refit takes about as long as the one before the test did, and is not begun where that would go over the
    budget by more than `OVER`: the model then stays the one that was tested, and only knows what came true since.
    """
    view = split.present
    if budget.left + OVER * budget.seconds < entrant.refit_seconds:
        progress.say(
            f"{entrant.name} stays as it was tested: {max(budget.left, 0):.0f} s of the budget are left"
            + (f", and refitting takes about {entrant.refit_seconds:.0f} s" if budget.left > 0 else "")
        )
        entrant.model.know(view.spec, split.every)
        return False
    entrant.model.refit(view.graph, view.spec, split.every, budget=budget, progress=progress)
    return True
