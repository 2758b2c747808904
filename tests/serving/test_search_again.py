"""What somebody searched for before the service was started again still leads their page after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from project_shop import project_live
from serving_shop import TRACKS

from edgewise.serving.app import make_app
from edgewise.serving.limits import RateLimit
from edgewise.serving.live import Live
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings, Tenant

BLUE = [f"Blue Track {i}" for i in range(0, TRACKS, 6)]


@contextmanager
def serving(folder: Path, kept: bool) -> Iterator[TestClient]:
    """The project of the shop, served from what is in the folder."""

    def load(name: str) -> Live:
        return project_live(kept=kept)

    tenant = Tenant("main", folder, load("v1"), load, Settings(clock="data", deadline=20.0))
    service = Service({"main": tenant}, None, RateLimit(1e6, 1e6))
    with TestClient(make_app(service), "http://localhost", raise_server_exceptions=False) as client:
        yield client


def leads(client: TestClient, user: int = 3) -> tuple[str, list[Any]]:
    """The title of the first shelf of a user's page, and what its first ten things are called."""
    page = client.get(f"/v1/users/{user}/home").json()
    assert page["degraded"] is None
    return page["shelves"][0]["title"], [thing["title"] for thing in page["shelves"][0]["things"]][:10]


def search(client: TestClient, name: str, words: str, user: int = 3) -> None:
    event = {"id": name, "table": "searches", "values": {"user_id": user, "words": words}}
    assert client.post("/v1/events", json=event).json()["accepted"] == 1


@pytest.mark.parametrize("kept", [True, False], ids=["the state was kept", "the log alone"])
def test_words_searched_before_a_restart_lead_the_page_after_it(tmp_path: Path, kept: bool) -> None:
    with serving(tmp_path, kept) as client:
        plain = leads(client)
        assert "searched" not in plain[0]
        search(client, "s1", "red")
        search(client, "s2", "blue")
        assert leads(client) == ("Because you searched for “blue”", BLUE)
    for again in range(2):
        with serving(tmp_path, kept) as client:
            assert ((tmp_path / "states").is_dir() and any((tmp_path / "states").iterdir())) == kept
            assert leads(client) == ("Because you searched for “blue”", BLUE), again
            assert leads(client, user=4) == plain
    with serving(tmp_path, kept) as client:
        search(client, "s3", "red")
        assert leads(client)[0] == "Because you searched for “red”"
        assert client.request("DELETE", "/v1/users/3").json()["events"] == 3
        assert "searched" not in leads(client)[0]
    with serving(tmp_path, kept) as client:
        assert "searched" not in leads(client)[0]
