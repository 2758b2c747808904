"""Whom to offer now, over HTTP: the list that was decided, less what was taken since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from decided_samples import contended, serving
from fastapi.testclient import TestClient

from edgewise.decisions.decided.folder import write_decided
from edgewise.decisions.decided.nouns import Decided

ENTRY = {
    "asks": {"table": "searches", "asker": "user_id", "begins": "starts"},
    "offers": {"table": "rooms"},
    "requests": {"table": "listens", "ask": "user_id", "offer": "track_id"},
    "shown": {"table": "views", "ask": "search_id", "offer": "track_id", "position": "position"},
    "answers": {"table": "answers", "request": "request_id", "accepted": "accepted"},
}


def decided() -> Decided:
    """Of track 5 there is one. The shop's listens stand for requests."""
    return contended(ENTRY, (5, 6), 0)


def tracks(client: TestClient, user: int) -> list[str]:
    answer = client.get(f"/v1/users/{user}/match")
    assert answer.status_code == 200
    return [one["offer"] for one in answer.json()["offers"]]


def test_the_list_is_the_decided_one_less_what_was_taken_since(client: TestClient, tmp_path: Path) -> None:
    write_decided(decided(), tmp_path / "match")
    service = serving(client, tmp_path)
    assert tracks(service, 1) == ["5", "6"]
    assert tracks(service, 99) == []
    event = {"id": "r1", "table": "listens", "values": {"user_id": 2, "track_id": 5, "seconds": 1.0}}
    assert service.post("/v1/events", json=event).status_code == 200
    assert tracks(service, 1) == ["6"]
    assert tracks(service, 2) == ["5"]
    found = service.get("/v1/users/1/match").json()
    assert found["offers"][0] == {
        "offer": "6", "ask": "1", "position": 1, "booking": 0.2, "newcomer": True, "left": 1,
    }  # fmt: skip


def test_without_a_decision_the_answer_says_how_to_make_one(client: TestClient, tmp_path: Path) -> None:
    missing = serving(client, tmp_path / "none").get("/v1/users/1/match")
    assert missing.status_code == 404
    assert "edgewise match" in missing.json()["error"]["hint"]


def test_a_decision_of_another_version_is_refused(client: TestClient, tmp_path: Path) -> None:
    write_decided(replace(decided(), settings={"asks": 1}), tmp_path / "match")
    refused = serving(client, tmp_path).get("/v1/users/1/match")
    assert refused.status_code == 422 or refused.status_code == 400
    assert "another version" in refused.json()["error"]["message"]
