"""What the two losses of a ranker's trees, and their sums, are worth on weeks of The Complete Journey.

    python -m benchmarks.ranking_trees 2017-09-24 2017-10-08 --out benchmarks/results/ranking_trees.json

For each week trees are grown on the latest training anchors whose windows had ended by then, as the ranker grows
them, and every number of trees and every sum that it chooses from is judged on the week: MAP@12 of all households.
The weeks lie before those of the benchmarks, so that what is chosen here has seen none of theirs.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
from benchmarks.cases.next_purchase import NextPurchase

import edgewise
from edgewise.clock import DAY, to_micros
from edgewise.models.contract import Budget, Quiet
from edgewise.models.ranker import ANCHORS, NEGATIVES
from edgewise.models.ranker_trees import choose_trees, useful_columns
from edgewise.models.ranking_data import TableCache
from edgewise.models.ranking_setup import Setup, ranking_target
from edgewise.models.ranking_tables import channels_for
from edgewise.workflow.task import Task


def tried(task: Task, week: str, anchors: int, random_seed: int) -> dict[str, float]:
    """MAP@k of all that is tried, on the week that begins at a day."""
    end = to_micros(week)
    spec, graph = task.spec, task.graph.store
    train = task.question.truth(spec, [end - 7 * DAY * back for back in range(anchors, 0, -1)])
    valid = task.question.truth(spec, [end])
    setup, cache = Setup.fit(graph, spec, train), TableCache()
    asof = setup.world(graph, spec, train.seeds, whole=True)
    channels = channels_for(setup, asof)
    table = cache.tables(setup, asof, channels, train, NEGATIVES, random_seed)
    valid = cache.in_order(setup, valid)
    judged = cache.tables(setup, asof, channels, valid, 1.0, random_seed)
    _, _, found = choose_trees(
        table, judged, ranking_target(valid), spec.k, useful_columns(table), random_seed,
        both=True, budget=Budget(math.inf), progress=Quiet(),
    )  # fmt: skip
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weeks", nargs="+", help="the days on which the weeks begin")
    parser.add_argument("--anchors", type=int, default=ANCHORS)
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    task = edgewise.Graph.build(edgewise.open("completejourney")).task(NextPurchase.question)
    weeks = {week: tried(task, week, asked.anchors, asked.random_seed) for week in asked.weeks}
    mean = {
        name: round(float(np.mean([one[name] for one in weeks.values()])), 4) for name in weeks[asked.weeks[0]]
    }
    text = json.dumps({"anchors": asked.anchors, "metric": "MAP@12", "weeks": weeks, "mean": mean}, indent=1)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
