"""Entity tasks: our model beside its baselines, on The Complete Journey and on rel-f1.

    python benchmarks/entity.py churn stores --out entity.json
    python benchmarks/entity.py churn --origins 8 --budget 45s
    python benchmarks/entity.py driver-position driver-dnf driver-top3 --data ../shared/data

The Complete Journey's tasks are queries; the report is that of `task.fit`. rel-f1's label tables are RelBench's,
and its database is cut at 2010-01-01: no model sees a later row (the frozen regime). Prints JSON: test metrics of
every model, and seconds of wall and CPU time by model.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

import edgewise as ew
from edgewise.clock import iso
from edgewise.models.contract import Quiet

QUERIES = {
    "churn": "PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH households.household_id "
    "WHERE COUNT(transactions.*, -56, 0, days) > 0",
    "stores": "PREDICT SUM(transactions.sales_value, 0, 7, days) FOR EACH stores.store_id",
}
LABELS = {
    "driver-position": ("position", "regression"),
    "driver-dnf": ("did_not_finish", "binary"),
    "driver-top3": ("qualifying", "binary"),
}
FROZEN = "2010-01-01"


class Aloud(Quiet):
    """Progress on standard error."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(f"  {text}", file=sys.stderr, flush=True)


def frozen(data: Path, folder: Path) -> Path:
    """rel-f1 without the rows from 2010 on."""
    connection = duckdb.connect()
    for file in sorted((data / "rel-f1" / "db").glob("*.parquet")):
        table = connection.read_parquet(str(file))
        kept = table.filter(f"date < TIMESTAMP '{FROZEN}'") if "date" in table.columns else table
        kept.write_parquet(str(folder / file.name))
    return folder


def labels_of(data: Path, name: str) -> pa.Table:
    """RelBench's three label tables as one, with a column for the split."""
    connection = duckdb.connect()
    parts = " UNION ALL ".join(
        f"SELECT *, '{split}' AS split FROM '{data}/rel-f1/tasks/{name}.{split}.parquet'"
        for split in ("train", "val", "test")
    )
    return connection.execute(parts).to_arrow_table()


def question(name: str, data: Path, folder: Path) -> Any:
    """The task of a case."""
    if name in QUERIES:
        return ew.Graph.build(ew.open("completejourney")).task(QUERIES[name])
    graph = ew.Graph.build(ew.open(str(frozen(data, folder))))
    target, kind = LABELS[name]
    return graph.task(
        entity="drivers", labels=labels_of(data, name), time="date", target=target, key="driverId", kind=kind,
        split="split",
    )  # fmt: skip


def measure(name: str, data: Path, until: str | None, budget: str) -> dict[str, Any]:
    """Fit one case and keep the figures of its report."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        task = question(name, data, Path(folder))
        ready = time.perf_counter()
        run = task.fit(until=until, budget=budget, progress=Aloud())
        report = run.report().to_json()
    return {
        "case": name, "until": until, "verdict": report["verdict"], "primary": report["primary"],
        "comparisons": report["comparisons"], "timing": report["timing"], "facts": report["facts"],
        "ready_seconds": round(ready - began, 1), "fit_seconds": round(time.perf_counter() - ready, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }  # fmt: skip


def origins(name: str, data: Path, count: int, budget: str) -> dict[str, Any]:
    """A query at the `count` anchors before its test anchor, each a fit of its own: the means by model."""
    question = ew.Graph.build(ew.open("completejourney")).task(QUERIES[name]).question
    split = question.split(None, max_anchors=2, max_seeds=2_000, random_seed=0)
    test, step = int(split.test.seeds.at.max()), question.spec.start + question.spec.horizon
    scores: dict[str, list[float]] = {}
    for back in range(count):  # with nothing after the test anchor known, the anchor before it is the last
        found = measure(name, data, iso(test - back * step), budget)
        for row in found["comparisons"][0]["rows"]:
            scores.setdefault(row["model"], []).append(row["score"]["value"])
        print(
            name, iso(test - (back + 1) * step), {m: round(v[-1], 4) for m, v in scores.items()}, file=sys.stderr
        )
    means = {model: sum(values) / len(values) for model, values in scores.items()}
    return {"case": name, "metric": found["primary"], "means": means, "scores": scores}


def main() -> None:
    """Measure the cases named and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", choices=[*QUERIES, *LABELS])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--until", default=None)
    parser.add_argument("--budget", default="5m")
    parser.add_argument("--origins", type=int, default=0, help="queries: fit at so many anchors before the test")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    if asked.origins:
        found = [origins(case, asked.data, asked.origins, asked.budget) for case in asked.cases]
    else:
        found = [measure(case, asked.data, asked.until, asked.budget) for case in asked.cases]
    text = json.dumps(found, indent=1)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
