"""Degraded answers, models that come and go, restarts, users who are deleted, what is logged of what was shown."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import ArgumentError
from edgewise.serving.exploration import Exploration
from edgewise.serving.exposures import COLUMNS, ExposureLog, Exposures
from edgewise.serving.models import CONTROL, TREATMENT, side


def heard(client: TestClient, user: int, track: int, name: str) -> None:
    """Post that somebody heard a track."""
    event = {"id": name, "table": "listens", "values": {"user_id": user, "track_id": track}}
    assert client.post("/v1/events", json=event).status_code == 200


def answers_of(client: TestClient) -> Any:
    """What answers inside the service."""
    return client.service.tenants["main"].models.now.current.answers


def test_each_rung_of_the_ladder_says_so(client: TestClient) -> None:
    path = "/v1/users/3/recommendations?k=4"
    assert client.get(path).json()["degraded"] is None
    broken = answers_of(client).broken
    broken.add("for_user")
    assert client.get(path).json()["degraded"] == {"rung": "segment", "reason": "error"}
    broken.add("segment")
    assert client.get(path).json()["degraded"] == {"rung": "popular", "reason": "error"}
    broken.add("popular")
    cached = client.get(path).json()
    assert cached["degraded"] == {"rung": "cached", "reason": "error"}
    assert len(cached["things"]) == 4
    never_asked = client.get("/v1/users/9/home").json()
    assert never_asked["degraded"] == {"rung": "popular", "reason": "error"}  # made before all broke
    assert never_asked["user"] == "9"
    text = client.get("/metrics").text
    assert 'edgewise_degraded_total{reason="error",rung="segment",tenant="main"} 1.0' in text


def test_a_late_answer_is_replaced_in_time(client_of: Callable[..., TestClient]) -> None:
    client = client_of(deadline=0.1)
    first = client.get("/v1/users/3/home").json()
    release = threading.Event()
    client.service.tenants["main"].engine.submit(lambda: release.wait(10))
    began = time.monotonic()
    late = client.get("/v1/users/3/home").json()
    other = client.get("/v1/users/5/home").json()
    took = time.monotonic() - began
    release.set()
    assert late["degraded"] == {"rung": "cached", "reason": "deadline"}
    assert late["shelves"] == first["shelves"]
    assert other["degraded"] == {"rung": "popular", "reason": "deadline"}
    assert took < 5
    assert client.get("/v1/users/3/home").json()["degraded"] is None


def test_a_search_that_fails_is_told_and_not_replaced(client: TestClient) -> None:
    tenant = client.service.tenants["main"]
    tenant.models.now.current.desk.search = None
    answer = client.get("/v1/search?q=track")
    assert answer.status_code in (500, 503)
    assert "error" in answer.json()


def test_a_swap_and_a_roll_back_lose_no_event(client: TestClient) -> None:
    heard(client, 3, 41, "a")
    assert client.get("/v1/admin/models").json()["before"] is None
    swapped = client.post("/v1/admin/models/swap", json={"run": "v2"}).json()
    assert (swapped["current"], swapped["before"]) == ("v2", "v1")
    page = client.get("/v1/users/3/recommendations?k=1").json()
    assert (page["model"], page["things"][0]["key"]) == ("v2", 41)
    for n in range(2):
        heard(client, 3, 42, f"b{n}")
    assert client.get("/v1/users/3/recommendations?k=1").json()["things"][0]["key"] == 42
    back = client.post("/v1/admin/models/roll-back").json()
    assert (back["current"], back["before"]) == ("v1", "v2")
    page = client.get("/v1/users/3/recommendations?k=1").json()
    assert (page["model"], page["things"][0]["key"]) == ("v1", 42)
    assert answers_of(client).seen == ["a", "b0", "b1"]


def test_a_damaged_run_is_refused_and_the_old_one_stays(client: TestClient) -> None:
    refused = client.post("/v1/admin/models/swap", json={"run": "broken-run"})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "the run 'broken-run' is damaged"
    assert client.get("/v1/admin/models").json()["current"] == "v1"
    assert client.get("/v1/users/3/home").json()["model"] == "v1"


def test_events_during_a_swap_reach_both_models(client: TestClient) -> None:
    stop, sent = threading.Event(), []

    def post() -> None:
        while not stop.is_set():
            heard(client, len(sent) % 40, 7, f"n{len(sent)}")
            sent.append(f"n{len(sent)}")

    thread = threading.Thread(target=post)
    thread.start()
    for n in range(3):
        assert client.post("/v1/admin/models/swap", json={"run": f"w{n}"}).status_code == 200
        time.sleep(0.05)
    stop.set()
    thread.join()
    now = client.service.tenants["main"].models.now
    client.service.tenants["main"].engine.submit(lambda: None).result()
    assert now.current.answers.seen == sent
    assert now.before is not None
    assert now.before.answers.seen == sent


def test_an_experiment_is_sticky_and_shared_as_asked(client: TestClient) -> None:
    started = client.post("/v1/admin/experiment", json={"run": "v2", "share": 0.3}).json()
    assert (started["challenger"], started["share"]) == ("v2", 0.3)
    pages = [client.get(f"/v1/users/{user}/recommendations?k=1").json() for user in range(40)]
    assert {(p["model"], p["variant"]) for p in pages} == {("v1", CONTROL), ("v2", TREATMENT)}
    again = [client.get(f"/v1/users/{user}/recommendations?k=1").json()["variant"] for user in range(40)]
    assert again == [p["variant"] for p in pages]
    assert client.delete("/v1/admin/experiment").json()["challenger"] is None
    assert client.get("/v1/users/1/home").json()["variant"] == CONTROL


def test_sides_are_shared_out_evenly_and_independently() -> None:
    users = [f"user-{n}" for n in range(20_000)]
    first = np.array([side("one", u, 0.3) == TREATMENT for u in users])
    second = np.array([side("two", u, 0.3) == TREATMENT for u in users])
    assert abs(first.mean() - 0.3) < 0.015
    assert abs((first & second).mean() - 0.09) < 0.01


def test_a_restart_serves_what_was_known(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    client = client_of()
    for n in range(30):
        heard(client, n % 5, 50 + n % 3, f"e{n}")
    before = client.get("/v1/users/3/recommendations?k=5").json()["things"]
    client.service.tenants["main"].close()
    again = client_of()
    assert again.get("/v1/users/3/recommendations?k=5").json()["things"] == before
    heard(again, 3, 50, "e0")  # known from before
    assert again.service.tenants["main"].log.position() == 30


def test_time_goes_on_over_restarts_without_events(client_of: Callable[..., TestClient]) -> None:
    client = client_of()
    heard(client, 3, 50, "late")
    latest = client.service.tenants["main"]._latest
    for _ in range(3):
        client.service.tenants["main"].close()
        client = client_of()
        assert client.service.tenants["main"]._latest >= latest
        assert client.service.tenants["main"].now() >= latest


def test_a_deleted_user_is_gone_everywhere(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    client = client_of()
    for n in range(3):
        heard(client, 3, 42, f"e{n}")
    heard(client, 4, 9, "other")
    for path in ("home", "recommendations", "playlists"):
        client.get(f"/v1/users/3/{path}")
        client.get(f"/v1/users/4/{path}")
    tenant = client.service.tenants["main"]
    gone = client.delete("/v1/users/3").json()
    assert gone["events"] == 3
    assert gone["cached"] == 3
    assert gone["exposures"] > 0
    assert [one.event.id for one in tenant.log.read()] == ["other"]
    rows = pa.concat_tables(tenant.exposures.tables())
    assert set(rows.column("user").to_pylist()) == {"4"}
    page = client.get("/v1/users/3/recommendations?k=1").json()
    assert not page["known"]
    assert page["things"][0]["key"] != 42
    ignored = client.post(
        "/v1/events", json={"id": "z", "table": "listens", "values": {"user_id": 3, "track_id": 1}}
    )
    assert ignored.json()["ignored"] == 1
    tenant.close()
    assert not client_of().get("/v1/users/3/home").json()["known"]


def test_feedback_is_logged_like_an_event(client: TestClient) -> None:
    said = {"item": 5, "kind": "tracks", "word": "hide", "id": "f1"}
    assert client.post("/v1/users/3/feedback", json=said).json()["accepted"] == 1
    assert client.post("/v1/users/3/feedback", json=said).json()["duplicates"] == 1
    assert client.post("/v1/users/3/feedback", json={**said, "item": 999}).status_code == 404
    assert client.post("/v1/users/3/feedback", json={**said, "word": "adore"}).status_code == 422


def test_what_was_shown_is_logged_with_its_chance(client: TestClient) -> None:
    page = client.get("/v1/users/3/home").json()
    log = client.service.tenants["main"].exposures
    log.flush()
    rows = pa.concat_tables(log.tables()).to_pylist()
    assert len(rows) == sum(len(shelf["things"]) for shelf in page["shelves"])
    first = rows[0]
    assert (first["exposure"], first["user"], first["position"]) == (page["exposure"], "3", 1)
    assert (first["model"], first["variant"], first["propensity"]) == ("v1", CONTROL, 1.0)
    assert first["item"] == str(page["shelves"][0]["things"][0]["key"])


def exposure(user: str, item: int) -> Exposures:
    """A row of the exposure log."""
    return Exposures(
        "x", 1, user, "home", "m", CONTROL, None, [("s", 1)], ["tracks"], [str(item)], [0.5], ["c"], [None], [1.0]
    )


def test_segments_appear_whole_and_torn_ones_are_removed(tmp_path: Path) -> None:
    log = ExposureLog(tmp_path, rows=10, seconds=60)
    for n in range(25):
        log.add(exposure(str(n % 3), n))
    log.close()
    (tmp_path / ".exposures-00000009.parquet").write_bytes(b"torn")
    again = ExposureLog(tmp_path)
    assert not list(tmp_path.glob(".*.parquet"))
    assert sum(table.num_rows for table in again.tables()) == 25
    assert pq.read_schema(again.segments()[0]).names == COLUMNS.names
    assert again.forget("1") == 8
    again.add(exposure("1", 99))
    again.close()
    users = pa.concat_tables(again.tables()).column("user").to_pylist()
    assert users.count("1") == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), st.integers(1, 12), st.sampled_from([0.0, 0.05, 0.3, 0.5]))
def test_a_list_shows_each_thing_once(ranked: int, shown: int, epsilon: float) -> None:
    found = Exploration(epsilon=epsilon, reserve=6).show(ranked, shown, f"{ranked}-{shown}")
    assert len(found.order) == min(ranked, shown)
    assert len(set(found.order.tolist())) == len(found.order)
    assert ((found.order >= 0) & (found.order < max(ranked, 1))).all()
    assert ((found.propensity > 0) & (found.propensity <= 1)).all()


def test_chances_are_those_with_which_things_are_shown() -> None:
    exploration, lists = Exploration(epsilon=0.4, head=2, reserve=3, random_seed=5), 30_000
    counts = np.zeros((6, 9))
    said = np.zeros((6, 9))
    for n in range(lists):
        found = exploration.show(9, 6, f"list {n}")
        counts[np.arange(6), found.order] += 1
        said[np.arange(6), found.order] = found.propensity
    assert np.abs(counts / lists - said).max() < 0.01
    assert said[:2].sum() == 2
    assert said.sum() == pytest.approx(6, abs=1e-5)  # the chances of a place sum to one
    again = exploration.show(9, 6, "list 3")
    assert (again.order == exploration.show(9, 6, "list 3").order).all()
    with pytest.raises(ArgumentError, match="no small share"):
        Exploration(epsilon=0.9)


def test_serving_loads_no_torch() -> None:
    script = (
        "import sys, json, edgewise.serving.opening, edgewise.serving.app, edgewise.serving.server\n"
        "heavy = ('torch', 'torch_geometric', 'pandas', 'lightgbm')\n"
        "json.dump([m for m in heavy if m in sys.modules], sys.stdout)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
