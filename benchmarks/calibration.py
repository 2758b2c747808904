"""Whether probabilities mean what they say, and intervals hold what they promise.

    python -m benchmarks.calibration                    churn as it ran (make bench CASE=churn), and planted shops
    python -m benchmarks.calibration journey            The Complete Journey alone: no fit
    python -m benchmarks.calibration churn store sales --customers 1000 --budget 30s

`error` is the calibration error over 15 bins of equal mass, beside what labels drawn from the probabilities
themselves would show at that sample size: the mean, and the range of 95% of 1,000 draws. Churn of The Complete
Journey is pooled over the origins that have run. On a planted shop (simulated), one fit up to 2023-10-01 answers
at the anchors after it, the first of which is what a fit is made for: churn (binary), the store that is visited
most (multiclass: every class against the rest, pooled, and the class held likeliest), and the week's sales of
every store, whose quantiles are to cover their share.
Writes benchmarks/results/calibration.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.cases.households import ENTITY_CASES
from benchmarks.harness.measure import RESULTS, Bench
from benchmarks.peers.systems import OURS

import edgewise
from edgewise.clock import DAY, iso, to_micros
from edgewise.evaluation.reliability import calibration_error, perfect_calibration_error
from edgewise.tasks.nouns import Classified, Estimated
from edgewise.worlds.planted import shop

FILE: Final = RESULTS / "calibration.json"
DRAWS: Final = 1_000
UNTIL: Final = "2023-10-01"
QUESTIONS: Final = {
    "churn": ("PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH customers.customer_id", 14, 6),
    "store": ("PREDICT MODE(transactions.store_id, 0, 28, days) FOR EACH customers.customer_id", 28, 3),
    "sales": ("PREDICT SUM(transactions.amount, 0, 7, days) FOR EACH stores.store_id", 7, 12),
}


def judged(positive: np.ndarray, probability: np.ndarray) -> dict[str, Any]:
    """The calibration error, and what perfect calibration would show."""
    chance = perfect_calibration_error(probability, draws=DRAWS)
    low, high = np.quantile(chance, [0.025, 0.975])
    perfect = {"mean": chance.mean(), "low": low, "high": high}
    return {
        "seeds": len(probability),
        "error": round(float(calibration_error(positive, probability).value()), 5),
        "perfect calibration": {name: round(float(value), 5) for name, value in perfect.items()},
        "observed": round(float(positive.mean()), 5),
        "predicted": round(float(probability.mean()), 5),
    }


def journey() -> dict[str, Any]:
    """Churn of The Complete Journey by the fits of the benchmark, pooled over the origins that have run."""
    bench = Bench(next(case for case in ENTITY_CASES if case.name == "churn"))
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for origin in bench.case.parts():
        file = bench.home / "runs" / origin / OURS / "predictions.parquet"
        if file.exists():
            joined = pq.read_table(bench.truth(origin)).join(pq.read_table(file), "entity", join_type="inner")
            positive = joined.column("target").cast(pa.float64()).to_numpy()
            found[origin] = positive, joined.column("probability").cast(pa.float64()).to_numpy()
    if not found:
        return {"origins": {}, "note": "no origin has run: make bench CASE=churn PEERS=none"}
    parts = [np.concatenate(part) for part in zip(*found.values(), strict=True)]
    return {"pooled": judged(*parts), "origins": {origin: judged(*pair) for origin, pair in found.items()}}


def planted(name: str, customers: int, budget: str, random_seed: int) -> dict[str, Any]:
    """One question to a planted shop, answered at the anchors after the fit."""
    query, days, anchors = QUESTIONS[name]
    tables = dict(shop(customers, 200, 40 if name == "sales" else 6, random_seed=random_seed).tables)
    run = edgewise.Graph.build(edgewise.open(tables)).task(query).fit(UNTIL, budget, random_seed=random_seed)
    labels = run.question.truth(run.spec, [to_micros(UNTIL) + n * days * DAY for n in range(anchors)])
    answer = run.model.predict(run.graph.store, run.spec, labels.seeds)
    facts = run.model.facts()
    told = {key: facts[key] for key in ("calibration", "graph network's share") if key in facts}
    about = {"query": query, "customers": customers, "budget": budget, "anchors": anchors, **told}
    if isinstance(answer, Estimated):
        return about | _coverage(answer, np.asarray(labels.target, dtype=np.float64))
    assert isinstance(answer, Classified)
    target, probability = np.asarray(labels.target).astype(np.int64), answer.probability
    if name == "churn":
        return about | _by_anchor(target.astype(np.float64), probability[:, -1], labels.seeds.at)
    known = target >= 0
    target, probability, at = target[known], probability[known], labels.seeds.at[known]
    every = (target[:, None] == np.arange(probability.shape[1])).astype(np.float64)
    likeliest = (probability.argmax(axis=1) == target).astype(np.float64)
    return about | {
        "each class": judged(every.ravel(), probability.ravel()),
        "likeliest class": _by_anchor(likeliest, probability.max(axis=1), at),
    }


def _by_anchor(positive: np.ndarray, probability: np.ndarray, at: np.ndarray) -> dict[str, Any]:
    """All seeds, and those of each anchor."""
    parts = {iso(a): judged(positive[at == a], probability[at == a]) for a in np.unique(at)}
    return judged(positive, probability) | {"by anchor": parts}


def _coverage(answer: Estimated, target: np.ndarray) -> dict[str, Any]:
    """The share of targets at or below each quantile, and inside the widest pair."""
    below = {f"{q:g}": round(float((target <= v).mean()), 4) for q, v in answer.quantiles.items()}
    low, high = min(answer.quantiles), max(answer.quantiles)
    inside = (target >= answer.quantiles[low]) & (target <= answer.quantiles[high])
    return {
        "seeds": len(target),
        "at or below": below,
        "interval": round(high - low, 4),
        "covered": round(float(inside.mean()), 4),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "which", nargs="*", metavar="WHICH", help=f"journey, {', '.join(QUESTIONS)}; all if left out"
    )
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--budget", default="3m", help="of each fit on a planted shop")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FILE)
    asked = parser.parse_args()
    body = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    for name in asked.which or ("journey", *QUESTIONS):
        if name != "journey" and name not in QUESTIONS:
            parser.error(f"there is no '{name}': journey, {', '.join(QUESTIONS)}")
        key = "The Complete Journey, churn" if name == "journey" else f"shop, simulated: {name}"
        body[key] = (
            journey() if name == "journey" else planted(name, asked.customers, asked.budget, asked.random_seed)
        )
        print(f"{key}: {json.dumps(body[key], indent=1)}", flush=True)
        asked.out.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
