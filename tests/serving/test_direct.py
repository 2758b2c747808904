"""Pages and events answered without the framework: the same as its routes answer, whatever is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.serving.access import Access, Scope
from edgewise.serving.direct import Direct

ALWAYS_ANOTHER = ("request", "exposure", "at")
JSON = "application/json"
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70), st.just(2**70), st.floats(), st.text(max_size=5),
    st.sampled_from(["listens", "7", "\ud800", "2025-01-06", "x" * 201]),
)  # fmt: skip
columns = st.sampled_from(["user_id", "track_id", "seconds", "at", "trak"])
values = st.one_of(st.dictionaries(columns, scalars, max_size=3), scalars)
likely = st.fixed_dictionaries(
    {"id": st.text("abc", min_size=1, max_size=2), "table": st.just("listens"),
     "values": st.fixed_dictionaries({"user_id": st.integers(0, 45), "track_id": st.integers(0, 65)})},
    optional={"at": st.sampled_from(["2025-01-05T00:00:00Z", 1_000_000_000_000_000])},
)  # fmt: skip
unlikely = st.dictionaries(st.sampled_from(["id", "table", "values", "at", "more"]), st.one_of(scalars, values))

broken = st.sampled_from(["", "[" * 9999, "{", "3"])


@contextmanager
def by_the_routes() -> Iterator[None]:
    """Everything by the framework's routes."""

    async def passing(self: Direct, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Direct, "__call__", passing)
        yield


def said(client: TestClient, method: str, path: str, **sent: Any) -> tuple[int, Any, str]:
    """An answer without what differs each time."""

    def same(body: Any) -> Any:
        if isinstance(body, dict):
            return {name: same(value) for name, value in body.items() if name not in ALWAYS_ANOTHER}
        return body

    answer = client.request(method, path, **sent)
    return answer.status_code, same(answer.json()), answer.headers["content-type"]


@pytest.fixture
def two(client_of: Callable[..., TestClient]) -> tuple[TestClient, TestClient]:
    """Two services that have heard the same."""
    return client_of("main"), client_of("other")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(likely.map(json.dumps), unlikely.map(json.dumps), broken))
def test_events_are_taken_and_refused_alike(two: tuple[TestClient, TestClient], body: str) -> None:
    one, other = two
    sent = {"content": body.encode("utf-8", "surrogatepass"), "headers": {"content-type": JSON}}
    direct = said(one, "POST", "/v1/events", **sent)
    with by_the_routes():
        assert direct == said(other, "POST", "/v1/events", **sent)
    assert _log(one) == _log(other)


@pytest.mark.parametrize("key", ["7", "a b", "%2F", "a%2Fb", "0" * 201, "%00", "/", "x/home", "ü"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_are_alike(client: TestClient, key: str, method: str) -> None:
    direct = said(client, method, f"/v1/users/{key}/home?more=1")
    with by_the_routes():
        assert direct == said(client, method, f"/v1/users/{key}/home?more=1")


def test_keys_are_asked_for_and_routes_counted(client_of: Callable[..., TestClient], tmp_path: Any) -> None:
    access = Access(tmp_path / "keys.json")
    read = access.add("main", [Scope.READ])
    client = client_of(access=access)
    event = {"id": "e", "table": "listens", "values": {"user_id": 1, "track_id": 2}}
    for header in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Bearer {read}"}):
        for method, path, sent in (("GET", "/v1/users/1/home", {}), ("POST", "/v1/events", {"json": event})):
            direct = said(client, method, path, headers=header, **sent)
            with by_the_routes():
                assert direct == said(client, method, path, headers=header, **sent)
    counts = client.get("/metrics", headers={"Authorization": f"Bearer {read}"}).text
    asked = [line for line in counts.splitlines() if line.startswith("edgewise_requests_total")]
    assert all(line.endswith(" 2.0") for line in asked if "home" in line or "events" in line), asked


def _log(client: TestClient) -> list[Any]:
    (tenant,) = client.service.tenants.values()
    return [(one.position, one.event.id, one.event.values) for one in tenant.log.read()]
