"""The whole way in one script: tables, their graph, a question, a model, answers, and why. Under a minute.

`shop` is a simulated chain of stores; put a folder, a database file or a URL in its place.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import edgewise as ew
from edgewise.workflow.check import check_query

QUERY = """
PREDICT COUNT(transactions.*, 0, 14, days) = 0
FOR EACH customers.customer_id
WHERE COUNT(transactions.*, -56, 0, days) > 0
"""


def main() -> None:
    """Print what each step gives."""
    # What is in the tables: every key, link, time and type is inferred, with a reason.
    db = ew.open("shop")
    for table in db.schema:
        print(f"{table.name}: {table.rows:,} rows; key {table.key}; time {table.time}: {table.time_reason}")
    for link in db.schema.links:
        print(f"{link.name} → {link.to}: {link.reason}")

    # What the question means here, before anything is fitted: who will not come back within two weeks?
    checked = check_query(db, QUERY)
    print(f"\n{checked.kind} for each of {checked.entity}; test at {checked.test}: {checked.statistics['test']}")

    # The graph, and what came true after some moments in the past.
    task = ew.Graph.build(db).task(QUERY)
    print(task.labels(at=["2023-10-01", "2023-11-01"]).slice(0, 3).to_pylist())

    # A model beside its baselines, on a moment that neither has seen; then the model as it serves.
    with tempfile.TemporaryDirectory() as folder:
        run = task.fit(budget="20s", out=Path(folder) / "churn")
        print(f"\n{run.report().verdict.sentence}")

        # Answers at the end of the year, from the run as it lies in its folder.
        run = ew.load(Path(folder) / "churn")
        answers = run.predict(at="2023-12-31")
        likeliest = answers.sort_by([("probability", "descending")]).slice(0, 5)
        print("\nLikeliest to stay away:")
        for row in likeliest.to_pylist():
            print(f"  customer {row['entity']}: {row['probability']:.0%}")

        # Why the first of them.
        print(run.explain(entity=likeliest.column("entity")[0].as_py(), at="2023-12-31").sentence)


if __name__ == "__main__":
    main()
