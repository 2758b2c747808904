"""The next week's products of every household of The Complete Journey: our ranker beside its baselines.

    python benchmarks/ranking.py --until 2017-12-10 2017-12-17 --out ranking.json

For each origin, training stops there: validation is the week before it, and the origin's own week is tested once,
after a refit on training and validation. All households with a purchase in the week count; MAP divides by
min(12, what was bought). Prints JSON: MAP@12 and Recall@12 on validation and test, seconds, peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

import edgewise as ew
from edgewise.clock import DAY, to_micros
from edgewise.evaluation.ranking import average_precision, find_hits, recall
from edgewise.models.contract import Budget, Model, Quiet
from edgewise.models.registry import baselines_for, model_for
from edgewise.tasks.nouns import Labels, Ragged, Ranked, TaskSpec

QUERY = "PREDICT LIST_DISTINCT(transactions.product_id, 0, 7, days) RANK TOP 12 FOR EACH households.household_id"


class Aloud(Quiet):
    """Progress on standard error."""

    def say(self, text: str) -> None:
        """Print a line."""
        import sys

        print(f"  {text}", file=sys.stderr, flush=True)


def figures(found: Ranked, labels: Labels, k: int) -> dict[str, float]:
    """MAP@k and Recall@k over all seeds with a label."""
    assert isinstance(labels.target, Ragged)
    some = labels.target.lengths > 0
    hits = find_hits(Ranked(found.items[some], found.scores[some]), labels.target.take(some), k)
    return {"MAP@12": float(np.nanmean(average_precision(hits))), "Recall@12": float(np.nanmean(recall(hits)))}


def measure(
    model: Model, graph: Any, spec: TaskSpec, train: Labels, valid: Labels, test: Labels, seconds: float
) -> dict[str, Any]:
    """Fit, answer validation, refit, answer the test."""
    began = time.perf_counter()
    model.fit(graph, spec, train, valid, budget=Budget(seconds), progress=Aloud())
    fitted = time.perf_counter() - began
    on_valid = figures(model.predict(graph, spec, valid.seeds), valid, spec.k)
    again = time.perf_counter()
    model.refit(graph, spec, _together(train, valid), budget=Budget(seconds), progress=Aloud())
    refitted = time.perf_counter() - again
    ask = time.perf_counter()
    found = model.predict(graph, spec, test.seeds)
    asked = time.perf_counter() - ask
    return {
        "valid": on_valid, "test": figures(found, test, spec.k), "fit_seconds": round(fitted, 1),
        "refit_seconds": round(refitted, 1), "predict_seconds": round(asked, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2), "facts": model.facts(),
    }  # fmt: skip


def _together(train: Labels, valid: Labels) -> Labels:
    from edgewise.workflow.question import together

    return together([train, valid])


def main() -> None:
    """Run the origins and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--until", nargs="+", default=["2017-12-10", "2017-12-17"], help="test anchors")
    parser.add_argument("--models", nargs="*", default=[], help="names; all of them if left out")
    parser.add_argument("--anchors", type=int, default=8, help="weekly training anchors before validation")
    parser.add_argument("--budget", type=float, default=100.0, help="seconds a model may take")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    task = ew.Graph.build(ew.open("completejourney")).task(QUERY)
    results: dict[str, Any] = {"query": QUERY, "origins": {}}
    for until in arguments.until:
        test_at = to_micros(until)
        anchors = [test_at - 7 * DAY * n for n in range(arguments.anchors + 1, -1, -1)]
        truth = task.question.truth(task.spec, anchors)
        part = [truth.take(truth.seeds.at == a) for a in anchors]
        train = truth.take(truth.seeds.at < anchors[-2])
        chosen: list[type[Model]] = [*baselines_for(task.spec), model_for(task.spec)]
        found = {}
        for cls in chosen:
            if arguments.models and cls.name not in arguments.models:
                continue
            found[cls.name] = measure(
                cls(), task.graph.store, task.spec, train, part[-2], part[-1], arguments.budget
            )
            brief = {k: v for k, v in found[cls.name].items() if k != "facts"}
            Aloud().say(f"{until} {cls.name}: {json.dumps(brief)}")
        results["origins"][until] = found
    text = json.dumps(results, indent=1)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
