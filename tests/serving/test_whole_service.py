"""A run of the planted shop, served for real: prepared, opened, fed, swapped, closed and opened again."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import edgewise as ew
from edgewise.cli.main import run as command
from edgewise.clock import SECOND
from edgewise.decisions.project.read import read_project
from edgewise.errors import ArgumentError, RunError
from edgewise.serving.app import make_app
from edgewise.serving.asking import Home, made
from edgewise.serving.exploration import Exploration
from edgewise.serving.opening import open_service, proposal_of, served
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings

QUERY = "PREDICT LIST_DISTINCT(transactions.product_id, 0, 14, days) RANK TOP 12 FOR EACH customers.customer_id"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run."""
    made: Path = tmp_path_factory.mktemp("runs")
    ew.Graph.build(ew.open("shop")).task(QUERY).fit(budget="15s", out=made / "first")
    return made


def opened(folder: Path, state: Path | None = None, readers: int = 0) -> Service:
    """A demo over the run."""
    what, settings = served([str(folder / "first")], state), Settings(clock="data", deadline=20.0)
    return open_service(what, settings, Exploration(epsilon=0.0), 1e6, keys=False, readers=readers)


def shown(page: dict[str, Any]) -> set[Any]:
    """The keys on a page."""
    return {thing["key"] for shelf in page["shelves"] for thing in shelf["things"]}


@pytest.mark.slow
def test_a_run_is_served(folder: Path) -> None:
    with TestClient(make_app(opened(folder)), "http://localhost") as client:
        page = client.get("/v1/users/1/home").json()
        assert page["known"]
        assert page["degraded"] is None
        assert all(thing["reason"] for shelf in page["shelves"] for thing in shelf["things"])
        keys = [t["key"] for shelf in page["shelves"] for t in shelf["things"]]
        assert len(keys) == len(set(keys))
        wanted = keys[-1]
        bought = {"id": "e1", "table": "transactions", "values": {"customer_id": 1, "product_id": wanted}}
        assert client.post("/v1/events", json=bought).json()["accepted"] == 1
        why = client.get(f"/v1/explain?user=1&item={wanted}").json()
        assert why["because"][0]["thing"]["key"] == wanted
        hidden = keys[0]
        client.post("/v1/users/1/feedback", json={"item": hidden, "word": "hide"})
        assert hidden not in shown(client.get("/v1/users/1/home").json())
        assert client.get("/v1/users/nobody/home").json()["shelves"]
        (folder / "half").mkdir(exist_ok=True)
        (folder / "half" / "run.json").write_text(json.dumps({"format": 1}))
        refused = client.post("/v1/admin/models/swap", json={"run": "half"})
        assert refused.status_code == 400
        assert client.post("/v1/admin/models/swap", json={"run": "../first"}).status_code == 400
        assert client.get("/v1/users/1/home").json()["degraded"] is None
    # from the kept state, and the words from the log
    with TestClient(make_app(opened(folder)), "http://localhost") as client:
        assert hidden not in shown(client.get("/v1/users/1/home").json())
        assert client.post("/v1/events", json=bought).json()["duplicates"] == 1


@pytest.mark.slow
def test_a_reader_gives_the_page_that_the_service_gives(folder: Path, tmp_path: Path) -> None:
    service = opened(folder, tmp_path, readers=1)
    tenant = service.tenants["main"]
    with TestClient(make_app(service), "http://localhost") as client:
        end = time.monotonic() + 120
        while tenant.readers.ready == 0:
            assert time.monotonic() < end
            time.sleep(0.1)
        for user in range(1, 13):
            bought = {"customer_id": user, "product_id": 7 * user % 100}
            event = {"id": f"e{user}", "table": "transactions", "values": bought}
            assert client.post("/v1/events", json=event).json()["accepted"] == 1
            composer = tenant.asks(str(user % 4))
            later = composer.ask.at + 2 * user * SECOND  # what is popular stands for a second in each process
            composer = replace(composer, ask=replace(composer.ask, at=later))
            theirs = asyncio.run(tenant.readers.of(composer).made(Home(), composer, 20.0))
            ours = tenant.engine.submit(lambda c=composer: made(Home().of(c), "home")).result()
            assert theirs == ours


@pytest.mark.slow
def test_the_project_that_a_run_suggests_serves_it(folder: Path, tmp_path: Path) -> None:
    text = proposal_of(served([str(folder / "first")], None)[0])
    project = read_project(_written(tmp_path / "project.yaml", text), ew.open("shop").schema)
    assert (project.items["products"].did, project.items["products"].again) == ("bought", "Buy it again")
    assert project.runs == {"products": str(folder / "first")}
    task = {"kind": "binary", "entity": "customers", "item": None, "description": ""}
    (tmp_path / "churn").mkdir()
    _written(tmp_path / "churn" / "run.json", json.dumps({"format": 1, "task": task, "source": {"name": "shop"}}))
    _written(tmp_path / "churn" / "schema.json", (folder / "first" / "schema.json").read_text())
    with pytest.raises(ArgumentError, match="proposes nothing"):
        proposal_of(served([str(tmp_path / "churn")], None)[0])


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="neither a project nor a run"):
        served([str(tmp_path)], None)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "run.json").write_text("{")
    what = served([f"ann={tmp_path / 'half'}"], tmp_path / "state")
    assert (what[0].tenant, what[0].state) == ("ann", tmp_path / "state" / "ann")
    with pytest.raises(RunError):
        open_service(what, Settings(), Exploration(), 100.0, keys=False)


def test_strangers_need_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["serve", str(tmp_path), "--demo", "--host", "0.0.0.0"]) == 2
    assert "without API keys the service answers this machine alone" in capsys.readouterr().err


def test_keys_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_text(json.dumps({"format": 1}))
    where = [str(tmp_path / "a"), "--json"]
    assert command(["admin", "add-key", *where, "--scope", "read", "--scope", "events"]) == 0
    key = json.loads(capsys.readouterr().out)["key"]
    assert command(["admin", "keys", *where]) == 0
    names = json.loads(capsys.readouterr().out)
    assert names == {key.split("_")[1]: "main: events, read"}
    assert command(["admin", "revoke-key", *where, "--name", key.split("_")[1]]) == 0
    assert json.loads(capsys.readouterr().out) == {}
    assert command(["admin", "add-key", *where, "--scope", "reed"]) == 2
    assert "no scope 'reed'" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert command(["admin", "swap", "x", "--url", "http://127.0.0.1:9", "--json"]) == 2
    assert "no service answers" in json.loads(capsys.readouterr().out)["error"]["message"]
