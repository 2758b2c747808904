"""A question bound to a graph, ready to be labelled and fitted."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from edgewise.clock import iso, to_micros
from edgewise.evaluation.run import evaluate
from edgewise.models.contract import Budget, Progress, Quiet
from edgewise.prediction.folder import check_free
from edgewise.tasks.nouns import Labels, TaskSpec
from edgewise.training.device import device_named
from edgewise.workflow.budget import parse_budget
from edgewise.workflow.fit import Contest, hold, refit_up_to_present
from edgewise.workflow.interrupt import ending_early
from edgewise.workflow.moments import Moment, moments
from edgewise.workflow.planner import FitPlan, plan_fit
from edgewise.workflow.question import Question, Split
from edgewise.workflow.run import Run

if TYPE_CHECKING:
    from edgewise.evaluation.report import Report
    from edgewise.workflow.graph import Graph

__all__ = ["Task"]


class Task:
    """What is asked of a graph: by a query, or by a label table. Made by `Graph.task`."""

    def __init__(self, graph: Graph, question: Question) -> None:
        self.graph = graph
        self.question = question

    @property
    def spec(self) -> TaskSpec:
        """The task in row ids, without what is fitted on labels."""
        return self.question.spec

    def labels(self, at: Moment | Sequence[Moment]) -> pa.Table:
        """What came true after the given anchors: columns entity, anchor_time, target.

        Raises:
            ArgumentError: a time that is none; an anchor whose window is not over in the data.
        """
        return self.question.labels(moments(at))

    def fit(
        self,
        until: Moment | None = None,
        budget: str | float = "5m",
        *,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
        random_seed: int = 0,
        device: str = "auto",
    ) -> Run:
        """Train the model and its baselines, report on the latest anchor, and refit up to the present.

        Args:
            until: nothing after this time is used; by default all that is known.
            budget: wall time, as "90s", "5m", "1h". Ctrl-C ends it early, with the best model so far.
            out: a folder to write the run into, whole or not at all.
            device: where networks compute: "cpu", "cuda" (a GPU), or "auto", a GPU where there is one.

        Raises:
            ArgumentError: a device that is none, or is not there.
            LabelError: too few labels to train, choose and test.
            RunError: `out` exists and is not to be overwritten.
        """
        if out is not None:
            check_free(Path(out), overwrite)
        device = device_named(device)
        told = progress if progress is not None else Quiet()
        clock = Budget(parse_budget(budget))
        planned = plan_fit(self.spec, clock.seconds, device)
        for reason in planned.reasons:
            told.say(reason)
        split = self.question.split(
            None if until is None else to_micros(until), max_anchors=planned.max_anchors,
            max_seeds=planned.max_seeds, random_seed=random_seed,
        )  # fmt: skip
        told.say(_told(split))
        with ending_early(clock, told):
            contest = hold(
                split, planned.model, list(planned.baselines), budget=clock, progress=told,
                random_seed=random_seed, device=device,
            )  # fmt: skip
            report = _report(self.graph, split, contest, planned, random_seed)
            told.say("refitting up to the present")
            entered = (contest.model, *contest.baselines)
            stale = [e.name for e in entered if not refit_up_to_present(split, e, budget=clock, progress=told)]
        run = Run(
            graph=self.graph,
            question=self.question,
            spec=split.present.spec,
            model=contest.model.model,
            baselines=tuple(e.model for e in contest.baselines),
            report=report,
            facts=_facts(split, contest, planned, random_seed) | {"not refitted": stale},
        )
        if out is not None:
            run.save(out, overwrite=overwrite)
        return run


def _told(split: Split) -> str:
    parts = [("train", split.train), ("validation", split.valid), ("test", split.test)]
    return "labels: " + "; ".join(f"{name} {len(p):,} seeds at {_span(p)}" for name, p in parts)


def _span(labels: Labels) -> str:
    at = np.unique(labels.seeds.at)
    if len(at) == 0:
        return "no anchor"
    return iso(at[0]) if len(at) == 1 else f"{len(at)} anchors from {iso(at[0])} to {iso(at[-1])}"


def _report(graph: Graph, split: Split, contest: Contest, planned: FitPlan, random_seed: int) -> Report:
    costs = contest.costs()
    return evaluate(
        split.testing.spec,
        split.test,
        contest.predictions(),
        model=contest.model.name,
        graph=split.testing.graph,
        facts={e.name: e.model.facts() for e in (contest.model, *contest.baselines)},
        data={"source": graph.db.source.name, "train": _span(split.train), "validation": _span(split.valid)},
        warnings=[*split.notes, *(f"{name} is left out: {why}" for name, why in contest.failed.items())],
        timing={f"{name}: wall": cost["wall_seconds"] for name, cost in costs.items()}
        | {f"{name}: cpu": cost["cpu_seconds"] for name, cost in costs.items()},
        random_seed=random_seed,
    )


def _facts(split: Split, contest: Contest, planned: FitPlan, random_seed: int) -> dict[str, Any]:
    cut = max(int(part.seeds.at.max(initial=0)) for part in (split.train, split.valid, split.test))
    return {
        "plan": planned.to_json(),
        "random_seed": random_seed,
        "cut": iso(cut),
        "costs": contest.costs(),
        "left_out": contest.failed,
        "versions": {"edgewise": version("edgewise"), "python": platform.python_version()},
    }
