"""The same data and random seed give the same run, and rows after `until` change nothing in it: bit for bit.

Budgets are ample: one that ends a fit early lets the clock decide.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import edgewise as ew
from edgewise.clock import to_micros
from edgewise.worlds.planted import shop

pytestmark = pytest.mark.slow

UNTIL = "2023-10-01"
QUERIES = {
    "ranking": "PREDICT LIST_DISTINCT(transactions.product_id, 0, 14, days) RANK TOP 5 "
    "FOR EACH customers.customer_id",
    "binary": "PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH customers.customer_id",
    "regression": "PREDICT SUM(transactions.amount, 0, 14, days) FOR EACH stores.store_id",
}


def fit(
    tables: dict[str, pa.Table], name: str, folder: Path
) -> tuple[pa.Table, dict[str, bytes], dict[str, object]]:
    """Answers, the model's files, and the plan."""
    run = (
        ew.Graph.build(ew.open(tables), path=folder / "graph")
        .task(QUERIES[name])
        .fit(UNTIL, "30m", out=folder / "run")
    )
    files = {path.name: path.read_bytes() for path in (folder / "run" / "model").iterdir()}
    return run.predict(at=UNTIL), files, run.facts["plan"]


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return dict(shop().tables)


@pytest.fixture(scope="module")
def first(tables: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple]:
    return {name: fit(tables, name, tmp_path_factory.mktemp(name)) for name in QUERIES}


@pytest.mark.parametrize("name", QUERIES)
def test_the_same_data_and_seed_give_the_same_run(first, tables, tmp_path, name) -> None:  # type: ignore[no-untyped-def]  # fixtures
    again = fit(tables, name, tmp_path)
    assert again[0].equals(first[name][0])
    assert again[1:] == first[name][1:]


@pytest.mark.parametrize("how", ["permuted", "deleted"])
@pytest.mark.parametrize("name", QUERIES)
def test_rows_after_the_cut_change_nothing(first, tables, tmp_path, name, how) -> None:  # type: ignore[no-untyped-def]  # fixtures
    later = {table: changed(rows, how) for table, rows in tables.items()}
    assert fit(later, name, tmp_path)[0].equals(first[name][0])


def changed(rows: pa.Table, how: str) -> pa.Table:
    """Later rows deleted but for the last, or every column but the first and the time dealt out anew among them.

    A row at the very end is left, for the last anchor is the one whose window ends with the data or at `until`.
    """
    clock = next(
        (n for n, t in zip(rows.column_names, rows.schema.types, strict=True) if pa.types.is_temporal(t)), None
    )
    if clock is None:
        return rows
    at = rows.column(clock).cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    late = np.flatnonzero(at > to_micros(UNTIL))
    if how == "deleted":
        return rows.filter(pa.array((at <= to_micros(UNTIL)) | (at == at.max())))
    order = np.arange(len(rows))
    order[late] = np.random.default_rng(3).permutation(late)
    moved = rows.take(pa.array(order))
    for name in (clock, rows.column_names[0]):
        moved = moved.set_column(rows.column_names.index(name), name, rows.column(name))
    return moved
