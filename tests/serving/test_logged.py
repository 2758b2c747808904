"""Logs read back: rewards from events, estimates for a model, the two sides of an experiment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from serving_shop import schema

from edgewise.errors import ArgumentError
from edgewise.serving.logged import experiment_of, off_policy_of, read_log

PLACES, RESERVE = 4, 3


def simulated(path: Path, users: int, epsilon: float, random_seed: int) -> float:
    """A log of lists of four with the last place explored, and what a model earns that shows 6 there."""
    rng = np.random.default_rng(random_seed)
    reward_of = np.array([0.5, 0.4, 0.3, 0.1, 0.05, 0.1, 0.4])
    explores = rng.random(users) < epsilon
    last = np.where(explores, PLACES + rng.integers(0, RESERVE, users), PLACES - 1)
    item = np.tile(np.arange(PLACES), (users, 1))
    item[:, -1] = last
    propensity = np.ones((users, PLACES))
    propensity[:, -1] = np.where(explores, epsilon / RESERVE, 1 - epsilon)
    columns = {
        "user": np.repeat(np.arange(users), PLACES).astype(str),
        "at": pa.array(np.repeat(np.arange(users), PLACES) * 1_000_000, pa.timestamp("us", tz="UTC")),
        "item": item.ravel().astype(str),
        "position": np.tile(np.arange(1, PLACES + 1), users),
        "propensity": propensity.ravel(),
        "reward": (rng.random((users, PLACES)) < reward_of[item]).astype(float).ravel(),
        "variant": np.repeat(np.where(rng.random(users) < 0.5, "control", "treatment"), PLACES),
    }
    pq.write_table(pa.table(columns), path)
    return float(reward_of[[0, 1, 2, 6]].mean())


def ranked(users: int) -> pa.Table:
    """What the model ranks for everybody: things 0, 1, 2 and 6."""
    return pa.table(
        {
            "entity": np.repeat(np.arange(users), PLACES),
            "anchor_time": pa.array(np.repeat(np.arange(users), PLACES) * 1_000_000, pa.timestamp("us")),
            "rank": np.tile(np.arange(1, PLACES + 1), users),
            "item": np.tile([0, 1, 2, 6], users),
        }
    )


def test_what_a_model_would_have_earned(tmp_path: Path) -> None:
    truth = simulated(tmp_path / "log.parquet", 8_000, 0.3, 1)
    shown = read_log(tmp_path / "log.parquet")
    found = off_policy_of(shown, ranked(8_000))
    assert found.dr is not None
    assert found.ips.low <= truth <= found.ips.high
    assert found.dr.low - 0.005 <= truth <= found.dr.high + 0.005
    assert found.logged.value < truth
    result = experiment_of(shown)
    assert result is not None
    assert not result.decided


def test_a_log_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"cannot be read|there is no log"):
        read_log(tmp_path / "nothing.parquet")
    pq.write_table(pa.table({"item": [1], "position": [1]}), tmp_path / "less.parquet")
    with pytest.raises(ArgumentError, match="no column 'propensity'"):
        read_log(tmp_path / "less.parquet")


def test_events_after_an_exposure_are_its_reward(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    client = client_of()
    shown = client.get("/v1/users/3/recommendations?k=5").json()["things"]
    met = shown[2]["key"]
    event = {"id": "e", "table": "listens", "values": {"user_id": 3, "track_id": met}}
    client.post("/v1/events", json=event)
    client.get("/v1/users/4/recommendations?k=5")
    client.service.tenants["main"].close()
    log = read_log(tmp_path / "main", schema(), "tracks")
    assert len(log) == 10
    rewards = {
        (u, i): r for u, i, r in zip(log.column("user"), log.column("item"), log.column("reward"), strict=True)
    }
    assert rewards[("3", str(met))] == 1
    assert sum(rewards.values()) == 1
