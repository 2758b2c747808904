"""What the parts of a model add: the same fit with one part left out, on five cases, paired over entities.

    python -m benchmarks.ablation                           all cases; what has been fitted is not fitted again
    python -m benchmarks.ablation churn ratings --budget 40s
    python -m benchmarks.ablation --fresh churn

Each fit learns, chooses and is judged before the weeks and years that the benchmark tests on: next purchase in the
week of 2017-10-22, churn at 2017-08-27, spend in the four weeks from 2017-09-10, driver-dnf frozen at 2005 and
judged on 2005 to 2009, ratings in the four weeks before 1998-03-07. Writes benchmarks/results/ablation.json after
each fit.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from benchmarks.cases.households import ENTITY_CASES
from benchmarks.cases.next_purchase import NextPurchase
from benchmarks.cases.nouns import DATA
from benchmarks.harness.measure import RESULTS

import edgewise
from edgewise.clock import to_micros
from edgewise.evaluation.bootstrap import Bootstrap, interval
from edgewise.evaluation.catalogue import CATALOGUE
from edgewise.evaluation.context import context_of
from edgewise.evaluation.measures import measure
from edgewise.evaluation.statistics import Statistic
from edgewise.models.contract import PARTS, Budget, Quiet
from edgewise.workflow.budget import parse_budget
from edgewise.workflow.fit import hold
from edgewise.workflow.planner import plan_fit
from edgewise.workflow.task import Task

FILE: Final = RESULTS / "ablation.json"
FROZEN: Final = "2005-01-01"
WHOLE: Final = "all parts"


@dataclass(frozen=True)
class Case:
    """A task before the benchmark's test, the metric that tells, and the parts that its model has."""

    task: Callable[[], Task]
    metric: str
    until: str | None
    parts: tuple[str, ...]


def _journey(query: str) -> Task:
    return edgewise.Graph.build(edgewise.open("completejourney")).task(query)


def _ratings() -> Task:
    tables = {name: str(DATA / "ml-100k" / f"{name}.parquet") for name in ("ratings", "users", "items")}
    read = {name: duckdb.sql(f"SELECT * FROM '{file}'").to_arrow_table() for name, file in tables.items()}
    query = "PREDICT LIST_DISTINCT(ratings.item_id, 0, 28, days) RANK TOP 10 FOR EACH users.user_id"
    return edgewise.Graph.build(edgewise.open(read)).task(query)


def _driver_dnf() -> Task:
    """Labels before the freeze to learn from, those of the five years after it to be judged on."""
    home = DATA / "rel-f1"
    every = " UNION ALL ".join(
        f"SELECT * FROM '{home}/tasks/driver-dnf.{part}.parquet'" for part in ("train", "val")
    )
    labels: pa.Table = duckdb.sql(
        f"SELECT driverId AS entity, date AS anchor_time, did_not_finish AS target, CASE "
        f"WHEN date >= TIMESTAMP '{FROZEN}' THEN 'test' WHEN date >= TIMESTAMP '{FROZEN}' - INTERVAL 2 YEAR "
        f"THEN 'valid' ELSE 'train' END AS split FROM ({every}) "
        f"WHERE date + INTERVAL 30 DAY < TIMESTAMP '{FROZEN}' OR date >= TIMESTAMP '{FROZEN}' "
        "ORDER BY anchor_time, entity"
    ).to_arrow_table()
    graph = edgewise.Graph.build(edgewise.open(str(home / "db"))).known_at(FROZEN)
    return graph.task(entity="drivers", labels=labels, key="entity", kind="binary", split="split")


ENTITY_PARTS: Final = tuple(part for part in PARTS if part not in ("pair state", "newcomers"))
CASES: Final = {
    "next-purchase": Case(lambda: _journey(NextPurchase.question), "map", "2017-10-29", PARTS),
    "churn": Case(lambda: _journey(ENTITY_CASES[0].question), "auroc", "2017-09-10", ENTITY_PARTS),
    "spend": Case(lambda: _journey(ENTITY_CASES[1].question), "mae", "2017-10-08", ENTITY_PARTS),
    "driver-dnf": Case(_driver_dnf, "auroc", None, ENTITY_PARTS),
    "ratings": Case(_ratings, "ndcg", "1998-03-07", PARTS),
}


def fitted(
    case: Case, without: str, budget: float, random_seed: int
) -> tuple[Statistic, np.ndarray, dict[str, Any]]:
    """The metric's statistic over the test seeds, whom these are about, and what the fit cost."""
    task = case.task()
    plan = plan_fit(task.spec, budget)
    until = None if case.until is None else to_micros(case.until)
    split = task.question.split(
        until, max_anchors=plan.max_anchors, max_seeds=plan.max_seeds, random_seed=random_seed
    )
    left_out = frozenset() if without == WHOLE else frozenset({without})
    contest = hold(
        split, plan.model, [], budget=Budget(budget), progress=Quiet(), random_seed=random_seed, without=left_out
    )
    spec, test = split.testing.spec, split.test
    found = measure(spec, test, contest.model.prediction, context_of(spec, test, split.testing.graph, None))
    cost = {
        "cpu_seconds": round(contest.model.cpu_seconds, 1),
        "wall_seconds": round(contest.model.wall_seconds, 1),
    }
    return found[case.metric], test.seeds.rows, cost


def measured(
    name: str, budget: float, random_seed: int, write: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Fit a case whole and without each part; after each, write what is known by then."""
    case = CASES[name]
    statistics: dict[str, Statistic] = {}
    found: dict[str, Any] = {"metric": case.metric, "until": case.until or FROZEN, "fits": {}}
    for without in (WHOLE, *case.parts):
        began = time.perf_counter()
        statistic, entities, cost = fitted(case, without, budget, random_seed)
        statistics[without] = statistic
        drawn = Bootstrap.over(entities).draws([statistics[WHOLE], statistic])
        values = [s.value() for s in (statistics[WHOLE], statistic)]
        sign = CATALOGUE[case.metric].better or 1
        adds = interval(sign * (values[0] - values[1]), sign * (drawn[0] - drawn[1]))
        found["entities"], found["seeds"] = len(np.unique(entities)), len(entities)
        score = interval(values[1], drawn[1], recentre=CATALOGUE[case.metric].recentre)
        found["fits"][without] = {"score": _plain(score), "the part adds": _plain(adds), **cost}
        print(
            f"{name:>14} {without:>16} {values[1]:.4f} {_plain(adds)} {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        write(found)
    return found


def _plain(found: Any) -> dict[str, float]:
    return {key: round(float(getattr(found, key)), 5) for key in ("value", "low", "high")}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--budget", default="3m", help="of each fit; ample ones are not cut by the clock")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="fit again what has been fitted")
    parser.add_argument("--out", type=Path, default=FILE)
    asked = parser.parse_args()
    for name in asked.cases or CASES:
        if name not in CASES:
            parser.error(f"there is no case {name}: {', '.join(CASES)}")
        known = json.loads(asked.out.read_text()) if asked.out.exists() else {}
        if not asked.fresh and set(known.get(name, {}).get("fits", {})) >= {WHOLE, *CASES[name].parts}:
            continue

        def write(found: dict[str, Any], name: str = name, known: dict[str, Any] = known) -> None:
            body = known | {name: {"budget": asked.budget, **found}}
            asked.out.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")

        measured(name, parse_budget(asked.budget), asked.random_seed, write)


if __name__ == "__main__":
    main()
