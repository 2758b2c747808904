"""A project that only decides, served: its decisions, its tables, its live routes, and what it says of models."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pytest
from decided_samples import assort, contended
from fastapi.testclient import TestClient

from edgewise.clock import MINUTE, to_micros
from edgewise.decisions.decided.folder import write_decided
from edgewise.errors import ArgumentError
from edgewise.query.bind import bind
from edgewise.serving.app import make_app
from edgewise.serving.exploration import Exploration
from edgewise.serving.opening import open_service, origins_of, served
from edgewise.serving.tenant import Settings

DAY = dt.datetime(2025, 3, 1)
ENTRY = {
    "asks": {"table": "searches", "asker": "guest_id", "begins": "starts"},
    "offers": {"table": "rooms"},
    "requests": {"table": "requests", "ask": "search_id", "offer": "room_id"},
    "shown": {"table": "views", "ask": "search_id", "offer": "room_id", "position": "position"},
    "answers": {"table": "answers", "request": "request_id", "accepted": "accepted"},
}


def tables(folder: Path) -> None:
    """Guests who search and ask for rooms, as CSV files."""
    n = 40
    moments = [DAY + dt.timedelta(hours=i) for i in range(n)]
    ids = list(range(1, n + 1))
    made: dict[str, dict[str, Any]] = {
        "guests": {"guest_id": ids, "country": ["de", "fr"] * (n // 2)},
        "rooms": {"room_id": [100 + i for i in ids], "size": [i % 5 for i in ids]},
        "searches": {"search_id": ids, "guest_id": ids, "starts": moments, "searched_at": moments},
        "requests": {
            "request_id": ids, "search_id": ids, "room_id": [100 + i for i in ids], "guest_id": ids,
            "requested_at": moments,
        },
    }  # fmt: skip
    folder.mkdir()
    for name, columns in made.items():
        csv.write_csv(pa.table(columns), folder / f"{name}.csv")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project file beside its tables and two decisions."""
    folder: Path = tmp_path_factory.mktemp("market")
    tables(folder / "tables")
    write_decided(contended(ENTRY, (105, 106), to_micros("2025-03-01")), folder / "decided" / "match")
    write_decided(assort(), folder / "decided" / "assort")
    said = {"name": "market", "source": "tables", "decisions": {"match": ENTRY}}
    (folder / "project.yaml").write_text(json.dumps(said))
    return folder


@contextmanager
def serving(project: Path, state: Path, said: list[str] | None = None) -> Iterator[TestClient]:
    """A client of a demo over the project."""
    what = served([str(project)], state)
    heard = [] if said is None else said
    service = open_service(what, Settings(clock="data"), Exploration(), 1e6, keys=False, say=heard.append)
    app = make_app(service, origins=origins_of(what))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(project, tmp_path_factory.mktemp("state")) as found:
        yield found


def test_decisions_and_tables_are_shown_without_a_model(client: TestClient) -> None:
    assert client.get("/readyz").status_code == client.get("/healthz").status_code == 200
    first = client.get("/", follow_redirects=False)
    assert first.headers["location"] == "/decisions"
    listed = client.get("/decisions").text
    assert 'href="/decisions/match"' in listed
    assert 'href="/decisions/assort"' in listed
    assert client.get("/decisions/assort").status_code == 200
    assert client.get("/decisions/match/tables/lists.csv").text.startswith('"search_id"')
    graph = client.get("/graph")
    assert graph.status_code == 200
    assert "requests" in graph.text
    assert "as of the start of the service" not in listed
    assert "the start of the service" in graph.text
    assert b"edgewise_model{" not in client.get("/metrics").content


@pytest.mark.parametrize("path", ["/preview", "/query", "/models"])
def test_pages_that_need_a_model_say_which_command_makes_one(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 409
    assert f"<h1>{path[1:].capitalize()}</h1>" in answer.text
    assert f'<a href="{path}" aria-current="page">' in answer.text
    assert 'href="/decisions"' in answer.text
    assert "edgewise fit" in answer.text
    assert "content-security-policy" in answer.headers


SWAP = {"run": "v2"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/users/1/home", None),
        ("GET", "/v1/users/1/recommendations", None),
        ("GET", "/v1/users/1/playlists", None),
        ("GET", "/v1/recommendations", None),
        ("GET", "/v1/items/1/similar", None),
        ("GET", "/v1/search?q=a", None),
        ("GET", "/v1/explain?user=1&item=101", None),
        ("POST", "/v1/users/1/feedback", {"item": 101, "word": "less"}),
        ("GET", "/v1/admin/models", None),
        ("POST", "/v1/admin/models/swap", SWAP),
        ("POST", "/v1/admin/models/roll-back", None),
        ("POST", "/v1/admin/experiment", SWAP),
        ("DELETE", "/v1/admin/experiment", None),
    ],
)
def test_routes_that_need_a_model_say_so(client: TestClient, method: str, path: str, body: Any) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert "only decides" in error["message"]
    assert "edgewise fit" in error["hint"]
    assert error["request"] == answer.headers["x-request-id"]


def test_every_route_is_either_answered_or_says_so(client: TestClient) -> None:
    """None fails; a route that is new is looked at here too."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            filled = re.sub(r"\{\w+\}", "1", path)
            assert client.request(method.upper(), filled).status_code < 500, (method, path)


def test_the_command_that_it_names_holds_for_these_tables(client: TestClient) -> None:
    hint = client.get("/v1/users/1/home").json()["error"]["hint"]
    words = shlex.split(hint.removeprefix("fit one: "))
    assert words[:2] == ["edgewise", "fit"]
    assert Path(words[2]).name == "tables"
    service = client.app.state.service  # type: ignore[attr-defined]  # Starlette's own
    found = bind(words[3], service.tenants["main"].intake.schema)
    assert (found.entity_table, found.item_table) == ("guests", "rooms")


def offered(client: TestClient, guest: int) -> list[str]:
    return [one["offer"] for one in client.get(f"/v1/users/{guest}/match").json()["offers"]]


def test_live_decisions_hear_events_and_forget_people(project: Path, tmp_path: Path) -> None:
    taken = {"id": "r1", "table": "requests"} | {
        "values": {"request_id": 900, "search_id": 2, "room_id": 105, "guest_id": 2}
    }
    with serving(project, tmp_path) as client:
        began = client.app.state.service.tenants["main"].now()  # type: ignore[attr-defined]  # Starlette's own
        assert 0 <= began - to_micros("2025-03-02T15:00:00") < MINUTE
        assert offered(client, 1) == ["105", "106"]
        assert client.post("/v1/events", json=taken).json()["accepted"] == 1
        assert offered(client, 1) == ["106"]
        wrong = client.post("/v1/events", json={"id": "x", "table": "request", "values": {}}).json()
        assert "requests" in wrong["error"]["hint"]
        assert "edgewise notify" in client.get("/v1/users/1/notify").json()["error"]["hint"]
    with serving(project, tmp_path) as client:
        assert client.app.state.service.tenants["main"].now() >= began  # type: ignore[attr-defined]  # as above
        assert offered(client, 1) == ["106"]
        assert client.post("/v1/events", json=taken).json()["duplicates"] == 1
        assert offered(client, 2) == ["105"]
        assert client.request("DELETE", "/v1/users/2").json()["events"] == 1
        assert offered(client, 2) == []
        assert offered(client, 1) == ["105", "106"]  # what they had asked for is free again
        assert client.post("/v1/events", json=taken | {"id": "r2"}).json()["ignored"] == 1
    with serving(project, tmp_path) as client:
        assert offered(client, 1) == ["105", "106"]
        assert offered(client, 2) == []  # their list is still in the folder of the decision


def test_where_the_tables_are_gone_decisions_are_still_shown(project: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    said = {"name": "m", "source": "gone", "decisions": {"folder": str(project / "decided")}}
    (moved / "project.yaml").write_text(json.dumps(said))
    told: list[str] = []
    with serving(moved, tmp_path / "state", told) as client:
        assert any("cannot be opened" in one for one in told)
        assert client.get("/decisions/match").status_code == 200
        assert offered(client, 1) == ["105", "106"]
        graph = client.get("/graph")
        assert graph.status_code == 409
        assert "could not be opened" in graph.text
        event = client.post("/v1/events", json={"id": "x", "table": "requests", "values": {}})
        assert event.status_code == 409
        assert "could not be opened" in event.json()["error"]["message"]
        nobody = client.request("DELETE", "/v1/users/2")
        assert nobody.status_code == 409
        assert "which table" in nobody.json()["error"]["message"]


def test_a_project_that_serves_needs_its_runs(tmp_path: Path) -> None:
    said = {
        "name": "m", "source": "shop", "people": {"table": "customers"}, "items": {"products": {"title": "name"}}
    }  # fmt: skip
    (tmp_path / "project.yaml").write_text(json.dumps(said))
    with pytest.raises(ArgumentError, match="names no runs") as refused:
        served([str(tmp_path)], None)
    assert "leaves out people and items" in str(refused.value.hint)
