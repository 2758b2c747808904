"""What a fit will do with its data and its time budget, and why: printed, and stored in the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edgewise.models.contract import Model
from edgewise.models.registry import baselines_for, model_for
from edgewise.tasks.nouns import TaskSpec
from edgewise.training.device import device_words

__all__ = ["FitPlan", "plan_fit"]

#: Anchors and seeds that a fit learns from. Rankings need few anchors: each seed brings hundreds of candidates.
RANKING_ANCHORS = 6
ENTITY_ANCHORS = 26
#: Training seeds that a second of budget pays for, and what is never exceeded.
RANKING_SEEDS_A_SECOND = 120
ENTITY_SEEDS_A_SECOND = 1_000
MOST_SEEDS = 400_000
FEWEST_SEEDS = 2_000


@dataclass(frozen=True, slots=True)
class FitPlan:
    """How many anchors and seeds to learn from, which models run, and the reason for each choice."""

    max_anchors: int
    max_seeds: int
    model: type[Model]
    baselines: tuple[type[Model], ...]
    reasons: tuple[str, ...]
    device: str = "cpu"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        names = {"model": self.model.name, "baselines": [b.name for b in self.baselines]}
        return asdict(self) | names


def plan_fit(spec: TaskSpec, seconds: float, device: str = "cpu") -> FitPlan:
    """Plan a fit of a task within a budget (seconds), its networks on a device ("cpu", "cuda").

    Depends on the kind of task, the budget and the device alone.
    """
    ranks_rows = spec.item is not None
    anchors = RANKING_ANCHORS if ranks_rows else ENTITY_ANCHORS
    rate = RANKING_SEEDS_A_SECOND if ranks_rows else ENTITY_SEEDS_A_SECOND
    seeds = int(min(MOST_SEEDS, max(FEWEST_SEEDS, rate * seconds)))
    model, baselines = model_for(spec), tuple(baselines_for(spec))
    reasons = (
        f"a {spec.kind.value} task: {model.name}",
        f"the latest {anchors} training anchors at most: "
        + ("each seed brings hundreds of candidates" if ranks_rows else "older behaviour says less"),
        f"at most {seeds:,} training seeds in a budget of {seconds:,.0f} s",
        f"{len(baselines)} baselines run beside it",
        f"networks compute {device_words(device)}",
    )
    return FitPlan(anchors, seeds, model, baselines, reasons, device)
