"""The client is what its generator writes, and speaks with the service."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import edgewise.serving
from edgewise.serving.client_source import client_sources

FOLDER = Path(edgewise.serving.__file__).parent


def test_the_client_is_what_the_generator_writes(client: TestClient) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    for name, written in client_sources(client.get("/openapi.json").json()).items():
        command = [ruff, "format", "--line-length", "115", "--stdin-filename", name, "-"]
        formatted = subprocess.run(command, input=written, capture_output=True, text=True, check=True).stdout
        if os.environ.get("EDGEWISE_UPDATE") == "1":
            (FOLDER / name).write_text(formatted, encoding="utf-8")
        assert (FOLDER / name).read_text(encoding="utf-8") == formatted


def test_the_client_speaks_with_the_service(client_of: Callable[..., TestClient]) -> None:
    from edgewise.serving.client import Client, EventIn, EventsIn, FeedbackIn, ServiceError

    service = client_of()
    with Client("http://127.0.0.1", transport=service._transport) as client:
        event = EventIn(id="a", table="listens", values={"user_id": 3, "track_id": 42})
        assert client.post_events(event).accepted == 1
        again = client.post_events(EventsIn(events=[event]))
        assert (again.accepted, again.duplicates) == (0, 1)
        page = client.home("3")
        assert page.shelves[0].things[0].key == 42
        assert page.degraded is None
        assert client.recommendations("3", k=2).things[0].key == 42
        assert client.similar("4", how="complement", k=3).things
        assert client.session_recommendations(items=["3", "4"]).things
        assert "Track 4" in {thing.title for thing in client.search(q="track 4").things}
        assert client.explain(user="3", item="42").sentence
        assert client.post_feedback("3", FeedbackIn(item=42, word="less")).accepted == 1
        assert client.models().current == "v1"
        assert client.healthz().status == "ok"
        assert "edgewise_requests_total" in client.metrics()
        assert client.home("a/b c").user == "a/b c"
        with pytest.raises(ServiceError) as refused:
            client.recommendations("3", kind="tracs")
        assert refused.value.status == 400
        assert refused.value.hint == "did you mean tracks?"
