"""Labels are the same to the last bit in whatever order the rows come and whichever thread reads them first."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import edgewise as ew

ROWS = 300_000  # several of the engine's row groups, so that threads share them


@pytest.fixture(scope="module")
def payments() -> pa.Table:
    rng = np.random.default_rng(0)
    day = np.datetime64("2024-01-01", "us") + rng.integers(0, 100 * 86_400, ROWS) * np.timedelta64(1_000_000, "us")
    return pa.table(
        {
            "payment_id": np.arange(ROWS),
            "customer_id": rng.integers(0, 40, ROWS),
            "paid_at": day,
            "amount": rng.lognormal(0, 3, ROWS),
            "pieces": rng.integers(1, 9, ROWS),
        }
    )


@pytest.mark.parametrize(
    "target", ["SUM(payments.amount", "AVG(payments.amount", "STDDEV(payments.amount", "STDDEV(payments.pieces"]
)
def test_the_order_of_rows_changes_no_bit(payments: pa.Table, target: str) -> None:
    customers = pa.table({"customer_id": np.arange(40)})
    shuffled = payments.take(np.random.default_rng(1).permutation(ROWS))
    found = []
    for rows in (payments, shuffled):
        graph = ew.Graph.build(ew.open({"customers": customers, "payments": rows}))
        labels = graph.task(f"PREDICT {target}, 0, 30, days) FOR EACH customers.customer_id").labels("2024-02-10")
        found.append(labels.sort_by("entity").column("target").to_numpy())
    assert len(found[0]) == 40
    np.testing.assert_array_equal(found[0].view(np.int64), found[1].view(np.int64))
