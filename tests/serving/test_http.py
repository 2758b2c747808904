"""What the service answers over HTTP, and what it says when it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient


def listen(user: int, track: int, name: str) -> dict[str, Any]:
    """An event: somebody heard a track."""
    return {"id": name, "table": "listens", "values": {"user_id": user, "track_id": track, "seconds": 120.5}}


def top(client: TestClient, user: int, k: int = 5) -> list[int]:
    """The keys of what is recommended to a user."""
    return [t["key"] for t in client.get(f"/v1/users/{user}/recommendations?k={k}").json()["things"]]


def test_the_next_answer_has_seen_the_event(client: TestClient) -> None:
    assert top(client, 3)[0] != 42
    posted = client.post("/v1/events", json=listen(3, 42, "e1"))
    assert posted.status_code == 200
    assert posted.json() == {"accepted": 1, "duplicates": 0, "ignored": 0, "position": 1}
    assert top(client, 3)[0] == 42
    home = client.get("/v1/users/3/home").json()
    assert home["shelves"][0]["things"][0]["key"] == 42


def test_the_same_id_is_the_same_event(client: TestClient) -> None:
    first = client.post("/v1/events", json={"events": [listen(1, 5, "a"), listen(1, 6, "b"), listen(1, 5, "a")]})
    assert first.json()["accepted"] == 2
    again = client.post("/v1/events", json=listen(1, 5, "a"))
    assert (again.json()["accepted"], again.json()["duplicates"], again.json()["position"]) == (0, 1, 1)
    tenant = client.service.tenants["main"]
    tenant.engine.submit(lambda: None).result()  # events are taken in when somebody asks
    assert tenant.models.now.current.answers.seen == ["a", "b"]


def test_a_batch_is_taken_whole_or_not_at_all(client: TestClient) -> None:
    wrong = {"id": "z", "table": "listens", "values": {"user_id": 1, "trak_id": 3}}
    refused = client.post("/v1/events", json={"events": [listen(1, 5, "a"), wrong]})
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert error["place"] == "body.events[1].values"
    assert error["hint"] == "did you mean track_id?"
    assert client.service.tenants["main"].log.position() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/7/home",
        "/v1/users/7/recommendations?kind=podcasts&k=4",
        "/v1/users/7/playlists",
        "/v1/recommendations?items=3&items=4",
        "/v1/items/4/similar?how=complement",
        "/v1/search?q=track%207&user=7",
        "/v1/explain?user=7&item=3&kind=tracks",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
    ],
)
def test_every_surface_answers(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-request-id"]


def test_somebody_unknown_gets_what_is_popular(client: TestClient) -> None:
    for n in range(3):
        client.post("/v1/events", json=listen(n, 17, f"e{n}"))
    cold = client.get("/v1/users/nobody/home").json()
    assert not cold["known"]
    assert cold["shelves"][0]["things"][0]["key"] == 17


def test_every_thing_says_where_why_and_with_which_chance(client: TestClient) -> None:
    things = client.get("/v1/users/1/recommendations?k=7").json()["things"]
    assert [t["position"] for t in things] == list(range(1, 8))
    assert all(
        t["channel"] and t["reason"] and 0 < t["propensity"] <= 1 and t["title"].startswith("Track")
        for t in things
    )


def test_keys_of_any_characters_reach_the_user(client: TestClient) -> None:
    for key in ("a%2Fb", "%C3%A9", "..%2F..%2Fetc", "a%20b", "%27%3B--"):
        assert client.get(f"/v1/users/{key}/home").status_code == 200


def sent(values: str, more: str = "") -> bytes:
    """The body of an event with these values, as it goes over the wire."""
    return f'{{"id":"a","table":"listens","values":{{{values}}}{more}}}'.encode()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/v1/nothing", None, 404, "not Found"),
        ("PUT", "/v1/events", None, 405, "method Not Allowed"),
        ("GET", "/v1/users/1/recommendations?k=0", None, 422, "greater than or equal to 1"),
        ("GET", "/v1/users/1/recommendations?k=1000000", None, 422, "less than or equal to 100"),
        ("GET", "/v1/users/1/recommendations?kind=tracs", None, 400, "there is no kind 'tracs'"),
        ("GET", "/v1/users/%00/home", None, 422, "NUL"),
        ("GET", f"/v1/users/{'x' * 300}/home", None, 422, "at most 200"),
        ("GET", "/v1/items/-1/similar", None, 404, "there is no '-1'"),
        ("GET", "/v1/items/4/similar?how=magic", None, 422, "'similar'"),
        ("GET", "/v1/search?q=", None, 422, "at least 1"),
        ("POST", "/v1/events", b"", 422, "required"),
        ("POST", "/v1/events", b"{", 422, "JSON"),
        ("POST", "/v1/events", b"[]", 422, "dictionary"),
        ("POST", "/v1/events", b"null", 422, "dictionary"),
        ("POST", "/v1/events", b'"text"', 422, "dictionary"),
        ("POST", "/v1/events", b'{"events": []}', 422, "at least 1"),
        ("POST", "/v1/events", b"[" * 60_000, 400, "pars"),
        ("POST", "/v1/events", b"\xff\xfe{}", 422, "JSON"),
        ("POST", "/v1/events", b"x" * 200_000, 413, "larger than 100,000"),
        ("POST", "/v1/events", sent('"user_id":NaN'), 422, "nan is no value"),
        ("POST", "/v1/events", sent('"user_id":1e400'), 422, "inf is no value"),
        ("POST", "/v1/events", sent('"user_id":9223372036854775808'), 422, "int64"),
        ("POST", "/v1/events", sent('"user_id":' + "9" * 5000), 400, "pars"),
        ("POST", "/v1/events", sent('"user_id":"1; DROP TABLE events"'), 422, "int64"),
        ("POST", "/v1/events", sent('"user_id":{"a":1}'), 422, "int64"),
        ("POST", "/v1/events", sent('"user_id":[1]'), 422, "int64"),
        ("POST", "/v1/events", sent('"seconds":"long"'), 422, "double"),
        ("POST", "/v1/events", sent(''), 422, "names no row"),
        ("POST", "/v1/events", b'{"id":"a\\u0000","table":"listens","values":{"user_id":1}}', 422, "NUL"),
        ("POST", "/v1/events", b'{"id":"\\ud800","table":"listens","values":{"user_id":1}}', 422, "unicode"),
        ("POST", "/v1/events", b'{"id":"a","table":"users; --","values":{"user_id":1}}', 422, "no table"),
        ("POST", "/v1/events", sent('"user_id":1', ',"at":"tomorrow"'), 422, "not a time"),
        ("POST", "/v1/events", sent('"user_id":1', ',"at":"2999-01-01"'), 422, "future"),
        ("POST", "/v1/events", sent('"user_id":1', ',"at":99999999999999999999'), 422, "future"),
        ("POST", "/v1/events", sent('"user_id":1', ',"at":-1'), 422, "before 1970"),
        ("POST", "/v1/events", sent('"user_id":1', ',"more":1'), 422, "xtra"),
        ("POST", "/v1/admin/models/swap", b'{"run":"broken"}', 400, "damaged"),
        ("POST", "/v1/admin/models/roll-back", b"", 409, "no model to roll back to"),
        ("DELETE", "/v1/admin/experiment", None, 409, "no experiment"),
    ],
)  # fmt: skip
def test_hostile_and_mistaken_requests(
    client: TestClient, method: str, path: str, body: bytes | None, status: int, words: str
) -> None:
    answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"type", "message", "hint", "place", "request"}
    assert words in error["message"]
    assert error["request"] == answer.headers["x-request-id"]
    assert client.service.tenants["main"].log.position() == 0


def test_a_demo_answers_to_no_other_name(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:80", "localhost.evil.example"):
        assert client.get("/v1/users/1/home", headers={"Host": host}).status_code == 421
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000", "[::1]"):
        assert client.get("/v1/users/1/home", headers={"Host": host}).status_code == 200


def test_a_form_of_another_page_is_no_event(client: TestClient) -> None:
    sent = client.post(
        "/v1/events", content=b'{"id":"a","table":"listens","values":{"user_id":1}}',
        headers={"Content-Type": "text/plain"},
    )  # fmt: skip
    assert sent.status_code == 422


def test_too_many_requests_are_told_when_to_come_again(client_of: Callable[..., TestClient]) -> None:
    client = client_of(rate=1.0, burst=3)
    codes = [client.get("/v1/users/1/home").status_code for _ in range(6)]
    assert codes[:3] == [200] * 3
    assert codes[-1] == 429
    assert int(client.get("/v1/users/1/home").headers["retry-after"]) >= 1


def test_a_streamed_body_is_counted_too(client: TestClient) -> None:
    def chunks() -> Any:
        for _ in range(50):
            yield b"x" * 10_000

    assert client.post("/v1/events", content=chunks()).status_code == 413
