"""May it be sent now, over HTTP: the decision, and what arrived since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from decided_samples import serving
from fastapi.testclient import TestClient

from edgewise.decisions.decided.folder import write_decided
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.serving.pages.decided import held

ENTRY = {
    "users": {"table": "users"},
    "sends": {"table": "listens", "user": "user_id"},
    "goal": {"table": "purchases", "user": "user_id"},
    "quiet": {"start": 0, "end": 0},
}


def decided() -> Decided:
    """User 1 is worth a message, user 2 is not. The shop's listens stand for sends."""
    moments = pa.array([0, 0]).cast(pa.timestamp("us"))
    hours = pa.FixedSizeListArray.from_arrays(pa.array([1.0] * 48, pa.float32()), 24)
    both = {"user": ["1", "2"], "channel": ["message", "message"]}
    offers = {
        **both, "rank": [1, 1], "message": [7, 7], "gain": [1.0, 0.1], "hazard": [0.01, 0.01],
        "channel_worth": [5.0, 5.0], "tiredness": [0.0, 0.0], "cost": [1.0, 1.0], "zone_minutes": [0, 60],
        "hours": hours,
    }  # fmt: skip
    level = {"channel": ["message"] * 2, "level": [0.0, 0.25], "effect": [1.0, 0.9], "hazard": [1.0, 1.1]}
    tables = {
        "sends": pa.table({"user": [1, 1], "send_at": moments, "message": [7, 7], "channel": both["channel"],
                           "priority": [False, False]}),
        "offers": pa.table(offers),
        "tiredness": pa.table(level),
        "recent": pa.table({"user": [2], "channel": ["message"], "sent_at":
        pa.array([0]).cast(pa.timestamp("us"))}),
    }  # fmt: skip
    settings = NotifyEntry.model_validate(ENTRY).model_dump(mode="json") | {"multiplier": 0.2, "elsewhere": 0.4}
    return Decided("notify", "shop", 0, settings, tables, ())


def test_what_gains_more_than_it_costs_is_sent_once(client: TestClient, tmp_path: Path) -> None:
    write_decided(decided(), tmp_path / "notify")
    service = serving(client, tmp_path)
    found = service.get("/v1/users/1/notify").json()
    assert found["send"]
    assert (found["channel"], found["message"]) == ("message", "7")
    assert found["gain"] - found["risk"] > found["needed"] > 0
    assert not service.get("/v1/users/2/notify").json()["send"]
    assert "unknown" in service.get("/v1/users/99/notify").json()["reason"]
    assert service.get("/v1/users/1/notify?channel=sms").json()["reason"] == "nothing on offer"
    assert service.post("/v1/users/1/notify").json()["send"]
    assert service.post("/v1/users/1/notify").json()["reason"] == "too soon after the last one"


def test_a_send_is_remembered_whatever_else_is_read_and_another_decision_begins_anew(
    client: TestClient, tmp_path: Path
) -> None:
    place = write_decided(decided(), tmp_path / "notify")
    service = serving(client, tmp_path)
    assert service.post("/v1/users/1/notify").json()["send"]
    held._whole.cache_clear()  # as where the pages of many other decisions were looked at
    assert service.get("/v1/users/1/notify").json()["reason"] == "too soon after the last one"
    write_decided(replace(decided(), settings=dict(decided().settings) | {"multiplier": 0.3}), place)
    assert service.get("/v1/users/1/notify").json()["send"]


def test_a_send_that_arrives_as_an_event_counts(client: TestClient, tmp_path: Path) -> None:
    write_decided(decided(), tmp_path / "notify")
    service = serving(client, tmp_path)
    event = {"id": "n1", "table": "listens", "values": {"user_id": 1, "track_id": 5, "seconds": 1.0}}
    assert service.post("/v1/events", json=event).status_code == 200
    assert service.get("/v1/users/1/notify").json()["reason"] == "too soon after the last one"


def test_who_is_deleted_is_unknown_to_this_decision_and_to_the_next(client: TestClient, tmp_path: Path) -> None:
    place = write_decided(decided(), tmp_path / "notify")
    service = serving(client, tmp_path)
    assert service.get("/v1/users/1/notify").json()["send"]
    assert service.delete("/v1/users/1").status_code == 200
    assert "unknown" in service.get("/v1/users/1/notify").json()["reason"]
    write_decided(replace(decided(), settings=dict(decided().settings) | {"multiplier": 0.3}), place)
    assert "unknown" in service.post("/v1/users/1/notify").json()["reason"]
    assert "gains" in service.get("/v1/users/2/notify").json()["reason"]


def test_without_a_decision_or_with_another_versions_it_is_said(client: TestClient, tmp_path: Path) -> None:
    missing = serving(client, tmp_path / "none").get("/v1/users/1/notify")
    assert missing.status_code == 404
    assert "edgewise notify" in missing.json()["error"]["hint"]
    write_decided(replace(decided(), settings={"users": 1}), tmp_path / "notify")
    refused = serving(client, tmp_path).get("/v1/users/1/notify")
    assert refused.status_code in (400, 422)
    assert "another version" in refused.json()["error"]["message"]
