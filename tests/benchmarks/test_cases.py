"""The cases: their truth is what the product's own labels are, and no job holds a row from after its cut."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from benchmarks.cases.households import ENTITY_CASES
from benchmarks.cases.next_purchase import NextPurchase
from benchmarks.cases.nouns import DATA, Case
from benchmarks.cases.table import CASES
from benchmarks.peers.systems import OURS, SYSTEMS

import edgewise as ew

CUT = "2017-11-05"


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_every_case_names_systems_that_exist(case: Case) -> None:
    assert set(case.peers) <= set(SYSTEMS) - {OURS}
    assert set(case.only) <= set(case.peers)
    assert all(set(parts) <= set(case.parts()) for parts in case.only.values())


@pytest.mark.slow
@pytest.mark.parametrize("case", [NextPurchase(), *ENTITY_CASES], ids=lambda c: c.name)
def test_the_truth_is_what_the_query_asks(case: Case, tmp_path: Path) -> None:
    case.prepare(CUT, tmp_path, tmp_path / "truth.parquet", 0.02)
    said = json.loads((tmp_path / "job.json").read_text())
    con = duckdb.connect()
    latest = f"SELECT max(transaction_timestamp) FROM '{tmp_path}/tables/transactions.parquet'"
    assert con.execute(latest).fetchall()[0][0] <= con.execute(f"SELECT TIMESTAMP '{CUT}'").fetchall()[0][0]
    task = ew.Graph.build(ew.open("completejourney", {"exclude": ["promotions"]})).task(said["ask"]["query"])
    own = task.labels(CUT)
    con.register("own", own)
    other = "list_sort(own.target) IS DISTINCT FROM t.target" if said["kind"] == "ranking" else (
        "abs(own.target::DOUBLE - t.target::DOUBLE) > 1e-6"
    )  # fmt: skip
    joined = f"'{tmp_path}/truth.parquet' t LEFT JOIN own ON own.entity = t.entity"
    where = "true" if said["ask"]["query"].endswith("store_id") else f"own.entity IS NULL OR {other}"
    if "store_id" not in said["ask"]["query"]:  # a sample of households changes what stores sell
        assert con.execute(f"SELECT count(*) FROM {joined} WHERE {where}").fetchall() == [(0,)]
    assert con.execute(f"SELECT count(*) FROM '{tmp_path}/truth.parquet'").fetchall()[0][0] > 10


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason=f"the benchmark data are not in {DATA}")
@pytest.mark.parametrize("name", ["check-ins", "next-item", "next-basket", "ratings", "playlists", "cross-domain"])
def test_no_pair_of_the_truth_is_in_a_history_that_excludes_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    case.prepare(case.parts()[-1], tmp_path, tmp_path / "truth.parquet", 0.05)
    said = json.loads((tmp_path / "job.json").read_text())
    both = duckdb.connect().execute(
        f"SELECT count(*) FROM (SELECT entity, unnest(target) AS item FROM '{tmp_path}/truth.parquet') t "
        f"JOIN '{tmp_path}/events.parquet' e ON e.user = t.entity AND e.item = t.item"
    ).fetchall()[0][0]  # fmt: skip
    assert both == 0 or not said["exclude_seen"]
