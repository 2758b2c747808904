"""The hand-made feature table reads nothing from after an anchor, and counts what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from aggregates import Aggregates

DAY = np.timedelta64(1, "D")
START = np.datetime64("2020-01-01", "us")
SAID: dict[str, Any] = {
    "notes": {"lag_days": 7},
    "facts": [
        {"name": "sales", "sql": "SELECT who AS entity, moment, paid, kind FROM sales", "sums": ["paid"],
         "distinct": ["kind"]},
        {"name": "kinds", "sql": "SELECT who AS entity, moment, paid, kind FROM sales", "sums": ["paid"],
         "by": "kind", "most": 2},
        {"name": "own", "sql": "SELECT who AS entity, town FROM people"},
    ],
}  # fmt: skip


def tables(folder: Path, after: float) -> tuple[pa.Table, pa.Table]:
    """Sales whose amounts after day 30 are multiplied by `after`; labels at three anchors; rows asked about."""
    rng = np.random.default_rng(0)
    n, day = 400, rng.integers(0, 60, 400)
    paid = rng.random(n) * np.where(day > 30, after, 1.0)
    sales = {"who": rng.integers(0, 6, n), "moment": START + day * DAY, "paid": paid,
             "kind": [f"k{i}" for i in rng.integers(0, 3, n)]}  # fmt: skip
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(sales), folder / "tables" / "sales.parquet")
    people = pa.table({"who": np.arange(6), "town": [f"t{i % 2}" for i in range(6)]})
    pq.write_table(people, folder / "tables" / "people.parquet")
    entity, at = np.tile(np.arange(6), 3), np.repeat(START + np.array([9, 16, 23]) * DAY, 6)
    labels = pa.table({"entity": entity, "anchor_time": at, "target": rng.random(18)})
    return labels, pa.table({"entity": np.arange(6), "anchor_time": np.repeat(START + 30 * DAY, 6)})


def test_nothing_after_the_anchor_is_read(tmp_path: Path) -> None:
    made = []
    for after in (1.0, 100.0):
        labels, asked = tables(tmp_path, after)
        made.append(Aggregates(tmp_path, SAID, labels, raw=False).table(asked))
    np.testing.assert_array_equal(made[0], made[1])


def test_windows_hold_what_they_say(tmp_path: Path) -> None:
    labels, asked = tables(tmp_path, 1.0)
    maker = Aggregates(tmp_path, SAID, labels, raw=False)
    found = maker.table(asked)
    sales = pq.read_table(tmp_path / "tables" / "sales.parquet").to_pandas()
    anchor = START + 30 * DAY
    for who in range(6):
        own = sales[(sales.who == who) & (sales.moment <= anchor) & (sales.moment > anchor - 14 * DAY)]
        assert found[who, maker.names.index("paid_sum14")] == np.float32(own.paid.sum()) or len(own) == 0
        assert found[who, maker.names.index("sales_rows14")] == len(own)
    earlier = labels["target"].to_numpy()[12:]
    np.testing.assert_allclose(found[:, maker.names.index("earlier1")], earlier, rtol=1e-6)
    assert maker.names.index("town") in maker.categories


def test_raw_rows_are_the_latest_ones(tmp_path: Path) -> None:
    labels, asked = tables(tmp_path, 1.0)
    maker = Aggregates(tmp_path, SAID, labels, raw=True)
    found = maker.table(asked)
    assert len(maker.names) < 10
    assert found.shape == (6, len(maker.names))
