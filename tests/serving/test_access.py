"""Keys, scopes, tenants: who may do what, and what one tenant sees of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edgewise.errors import ArgumentError
from edgewise.serving.access import Access, Scope, scopes_of
from edgewise.serving.envelope import Refusal

EVENT = {"id": "e1", "table": "listens", "values": {"user_id": 3, "track_id": 42}}


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


def test_keys_are_kept_as_hashes_only(tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    key = access.add("main", [Scope.READ])
    text = (tmp_path / "keys.json").read_text()
    assert key not in text
    assert key.split("_", 2)[2] not in text
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    assert access.caller(key).scopes == {Scope.READ}
    assert Access(tmp_path / "keys.json").caller(key).tenant == "main"


def test_a_key_of_another_process_works_and_a_revoked_one_stops_at_once(tmp_path: Path) -> None:
    serving, elsewhere = Access(tmp_path / "keys.json"), Access(tmp_path / "keys.json")
    key = elsewhere.add("main", [Scope.READ])
    assert serving.caller(key).tenant == "main"
    elsewhere.revoke(key.split("_")[1])
    with pytest.raises(Refusal, match="not valid"):
        serving.caller(key)
    with pytest.raises(ArgumentError, match="there is no key"):
        elsewhere.revoke("nobody")


def test_wrong_keys_of_all_sorts_are_refused_alike(tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    key = access.add("main", [Scope.READ])
    name = key.split("_")[1]
    near = (f"ew_{name}_", f"ew_{name}_wrong", key + "x", key[:-1])
    for wrong in (None, "", "ew", "ew_", *near, "é" * 50, "x" * 10_000, "ew_\x00_\ud800"):
        with pytest.raises(Refusal) as refusal:
            access.caller(wrong)
        assert refusal.value.status == 401


def test_a_damaged_file_of_keys_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"ab": {"tenant": "main"}}')
    with pytest.raises(ArgumentError, match="is damaged"):
        Access(tmp_path / "keys.json")


def test_scopes_by_name() -> None:
    assert scopes_of(["read", "admin"]) == {Scope.READ, Scope.ADMIN}
    with pytest.raises(ArgumentError, match="no scope 'reed'") as error:
        scopes_of(["reed"])
    assert "read" in str(error.value)


def test_each_scope_opens_its_own_doors(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    keys = {scope: access.add("main", [scope]) for scope in Scope}
    client = client_of(access=access)
    doors = {
        Scope.READ: ("GET", "/v1/users/3/home", None),
        Scope.EVENTS: ("POST", "/v1/events", EVENT),
        Scope.ADMIN: ("GET", "/v1/admin/models", None),
    }
    for door, (method, path, body) in doors.items():
        assert client.request(method, path, json=body).status_code == 401
        for scope, key in keys.items():
            answer = client.request(method, path, json=body, headers=bearer(key))
            assert answer.status_code == (200 if scope is door else 403), (door, scope)
    assert client.get("/v1/users/3/home").headers["www-authenticate"] == "Bearer"
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert client.get(path).status_code == 200


def test_tenants_see_nothing_of_each_other(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    ann, bob = (access.add(tenant, list(Scope)) for tenant in ("ann", "bob"))
    client = client_of("ann", "bob", access=access)
    both = client.service.tenants
    assert client.post("/v1/events", json=EVENT, headers=bearer(ann)).json()["accepted"] == 1

    def first(key: str) -> int:
        return client.get("/v1/users/3/home", headers=bearer(key)).json()["shelves"][0]["things"][0]["key"]

    assert first(ann) == 42
    assert first(bob) == 0
    # The same id is another event, the same user another user, the same question another answer.
    assert client.post("/v1/events", json=EVENT, headers=bearer(bob)).json()["accepted"] == 1
    client.delete("/v1/users/3", headers=bearer(bob))
    assert first(ann) == 42
    assert both["ann"].log.position() == 1
    assert list(both["bob"].log.read()) == []
    both["ann"].exposures.flush()
    both["bob"].exposures.flush()
    assert both["ann"].exposures.folder != both["bob"].exposures.folder
    text = client.get("/metrics", headers=bearer(ann)).text
    assert 'tenant="bob"' not in text
    assert 'edgewise_events_total{outcome="accepted",tenant="ann"} 1.0' in text


def test_guessing_keys_is_slowed_down(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    good = access.add("main", [Scope.READ])
    client = client_of(access=access, rate=10.0, burst=20)
    codes = [client.get("/v1/users/1/home", headers=bearer(f"ew_x_{n}")).status_code for n in range(8)]
    assert codes.count(401) <= 5
    assert codes[-1] == 429
    assert client.get("/v1/users/1/home", headers=bearer(good)).status_code == 200


def test_a_key_of_a_tenant_that_is_not_served(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    key = access.add("elsewhere", [Scope.READ])
    assert client_of(access=access).get("/v1/users/1/home", headers=bearer(key)).status_code == 404
