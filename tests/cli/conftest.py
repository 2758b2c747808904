"""Command lines run inside the test process, as users of an 80-column terminal without colour see them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgewise.cli.main import run


@dataclass(frozen=True)
class Outcome:
    """What one command line left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Stdout as the one JSON document that it is."""
        return json.loads(self.out)


@pytest.fixture
def edgewise(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Outcome]:
    """Run `edgewise` with some arguments, in an empty folder."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def small_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small tables: users and products with keys, three months of orders, warehouses linked to nothing."""
    random = np.random.default_rng(5)
    users, products, orders = 40, 12, 900
    start = dt.datetime(2024, 1, 1)
    moments = np.sort(random.integers(0, 90 * 86_400, orders))
    taste = random.integers(1, products + 1, users)
    who = random.integers(1, users + 1, orders)
    own = random.random(orders) < 0.6
    tables = {
        "users": {
            "user_id": np.arange(1, users + 1),
            "name": [f"user {i}" for i in range(users)],
            "city": random.choice(["Kyoto", "Lima", "Turin"], users),
            "joined": [start - dt.timedelta(days=int(d)) for d in random.integers(1, 400, users)],
        },
        "products": {
            "product_id": np.arange(1, products + 1),
            "brand": random.choice(["Alba", "Borea", "Cirro"], products),
            "price": np.round(random.uniform(1, 30, products), 2),
        },
        "orders": {
            "order_id": np.arange(1, orders + 1),
            "user_id": who,
            "product_id": np.where(own, taste[who - 1], random.integers(1, products + 1, orders)),
            "ordered_at": [start + dt.timedelta(seconds=int(s)) for s in moments],
            "amount": np.round(random.gamma(2, 10, orders), 2),
            "note": random.choice(["gift", "express", "leave at the door"], orders),
        },
        "warehouses": {
            "warehouse_id": ["north", "south", "west"],
            "opened": [start - dt.timedelta(days=d) for d in (900, 500, 20)],
        },
    }
    folder = tmp_path_factory.mktemp("small") / "market"
    folder.mkdir()
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Graphs are kept away from the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEWISE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def small_run(small_market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a churn query on the small tables, at the place from which the tests open it: beside `market`."""
    folder = tmp_path_factory.mktemp("fitted")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(small_market.parent)
        query = "PREDICT COUNT(orders.*, 0, 7, days) = 0 FOR EACH users.user_id"
        assert run(["fit", "market", query, "--budget", "5s", "--out", str(folder / "run"), "--quiet"]) == 0
    return folder / "run"
